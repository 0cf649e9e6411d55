"""What is known of the Kafka topics that the gateway writes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

import structlog

from gateway.errors import SinkError
from gateway.kafka.topics import KafkaTopic

_CONFIGURED = (
    "max_message_bytes",
    "timestamp_type",
    "timestamp_before_max_ms",
    "timestamp_after_max_ms",
    "min_insync_replicas",
    "cleanup_policy",
)
"""Of a ``KafkaTopic``: what holds until somebody changes it, unlike leaders and replicas."""

_log = structlog.get_logger(__name__)


class Inspector(Protocol):
    """``kafka.topics.TopicInspector``, or a fake."""

    async def inspect(self, names: Iterable[str]) -> dict[str, KafkaTopic]:
        """Each topic as Kafka describes it now. Raises SinkError if Kafka does not answer."""


class Topics:
    """The last description of each topic, and of its configuration what was told last; asks anew on demand."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self._known: dict[str, KafkaTopic] = {}
        self.error = ""
        """Why the last inspection failed; empty if it did not."""

    async def inspect(self, names: Iterable[str]) -> bool:
        """Whether Kafka described the topics; their state is kept either way."""
        try:
            found = await self._inspector.inspect(names)
        except SinkError as exc:
            if not self.error:
                _log.warning("kafka_topics_unknown", reason=str(exc))
            self.error = str(exc)
            return False
        self.error = ""
        self._known |= {name: self._remembering(topic) for name, topic in found.items()}
        return True

    def _remembering(self, topic: KafkaTopic) -> KafkaTopic:
        """The topic with what it was configured to, where Kafka does not say it now; a deleted one begins anew."""
        before = self._known.get(topic.name)
        if before is None or topic.exists is False:
            return topic
        unsaid = [name for name in _CONFIGURED if getattr(topic, name) is None]
        return replace(topic, **{name: getattr(before, name) for name in unsaid})

    def missing(self, name: str) -> bool:
        """Whether Kafka said that there is no such topic; False where it did not say."""
        topic = self._known.get(name)
        return topic is not None and topic.exists is False

    def obstacle(self, name: str) -> str:
        """Why the topic cannot be written now, for a person; empty if nothing speaks against it."""
        topic = self._known.get(name)
        return "" if topic is None else topic.obstacle

    def sizes(self) -> dict[str, int]:
        """Largest record batch of each topic in bytes, where it is known."""
        return {
            name: topic.max_message_bytes for name, topic in self._known.items() if topic.max_message_bytes is not None
        }

    def timestamp_limits_ms(self, name: str) -> tuple[int | None, int | None]:
        """How far ahead of and behind the broker's clock a record's timestamp may be, None where unknown."""
        topic = self._known.get(name)
        if topic is None or topic.timestamp_type == "LogAppendTime":
            return None, None
        return topic.timestamp_after_max_ms, topic.timestamp_before_max_ms
