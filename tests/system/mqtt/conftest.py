"""Connections of both MQTT versions to the test's broker, cut when the test ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Literal, cast

import pytest

from gateway.config.settings import Limits, Mqtt
from gateway.mqtt.source import make_source
from gateway.pipeline.acks import AckWindow
from gateway.pipeline.ports import Link
from tests.parts.receiver import Received

Version = Literal["5", "3.1.1"]
Connect = Callable[..., Coroutine[Any, Any, tuple[Received, Link]]]


@pytest.fixture(params=["5", "3.1.1"])
def version(request: pytest.FixtureRequest) -> Version:
    """Both versions, one after the other."""
    return cast(Version, request.param)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """A function of URL, version and other settings: what a live link delivers, and the link."""
    links: list[Link] = []

    async def connect(
        url: str, version: Version, *, payload_bytes: int = 1_000_000, window: AckWindow | None = None, **settings: Any
    ) -> tuple[Received, Link]:
        received = Received()
        source = make_source(Mqtt(url=url, version=version, **settings), Limits(payload_bytes=payload_bytes))
        if window is None:  # an empty one is false
            window = AckWindow(1000, 16 << 20)
        link = await source.connect(received, window)
        received.link = link
        links.append(link)
        return received, link

    yield connect
    for link in links:
        link.abort()
    await asyncio.gather(*[link.wait_closed() for link in links], return_exceptions=True)
