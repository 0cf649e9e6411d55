"""Answers that librdkafka's own thread brings, awaited on the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def answer_of(question: Future[T]) -> T:
    """What Kafka answers; raises KafkaException for what it refuses.

    Whoever asks may be cancelled: librdkafka's thread then finds the future as it left it, and an error that
    comes after that is nobody's.
    """
    answering = asyncio.wrap_future(question)
    answering.add_done_callback(_seen)
    return await asyncio.shield(answering)


def _seen(answer: asyncio.Future[T]) -> None:
    """Asyncio tells of an error that nobody has looked at as if it were a fault of ours."""
    if not answer.cancelled():
        answer.exception()
