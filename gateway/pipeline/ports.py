"""What the gateway needs from the outside, as Protocols. The adapters implement them.

Who calls whom
- The service asks a ``Source`` for a ``Link`` (one MQTT connection) and hands it a ``Receiver``
  and the connection's own ``AckWindow``.
- The link calls ``Receiver.receive`` for each message, in order of arrival, and stops reading its
  socket while ``window.full``.
- The engine hands records to the ``Sink`` with the ticket of their message. The sink reports them
  back in batches; the engine settles the tickets and gives those that may be acknowledged to the
  link, which then reads on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.model import Message, Record, SchemaVersion, Violation
from gateway.pipeline.acks import AckWindow, Ticket

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic filter to subscribe."""

    filter: str
    """As it goes to the broker, with ``$share/GROUP/`` in front where shared."""
    qos: int


class Receiver(Protocol):
    """Takes what a link delivers. Never blocks, never raises for bad data."""

    def receive(self, window: AckWindow, message: Message) -> None:
        """Takes one message: opens its ticket in ``window`` and sends its record or dead letter."""

    def refuse(self, window: AckWindow, message: Message, violation: Violation) -> None:
        """Takes a packet that cannot be read as a message (``malformed-packet``); goes out as a dead letter."""

    def repeated(self, window: AckWindow) -> None:
        """Hears that a message came once more on the same connection; the link has dropped the repetition."""


class Watch(Protocol):
    """Looks out for the message that kills the process, after it has ended without a word."""

    @property
    def over(self) -> bool:
        """Whether no further message needs to be watched."""

    def process(self, message: Message, work: Callable[[], T]) -> T | None:
        """What ``work`` returns; None for a message that has killed the process before, and would again."""


class Link(Protocol):
    """One live MQTT connection."""

    session_present: bool
    """Whether the broker still had our session (CONNACK)."""
    session_expiry_s: int | None
    """What the broker granted, None where the protocol does not say (3.1.1)."""

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> list[int]:
        """The broker's reason code for each: 0 to 2 is the granted QoS, 128 and above a refusal.

        Existing subscriptions do not get retained messages again where the protocol can say so.
        Raises LinkError if the connection ends first.
        """

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Gives up filters that no contract declares any more. Raises LinkError."""

    def acknowledge(self, tickets: Sequence[Ticket]) -> None:
        """Sends PUBACK (QoS 1) or PUBREC (QoS 2) for each, in this order, then reads on if there is room.

        Tickets of QoS 0 only free their place. Does nothing once the connection has ended.
        """

    def stop_reading(self) -> None:
        """Reads no further message, for shutdown; acknowledgements still go out."""

    async def wait_closed(self) -> LinkClosed:
        """Returns when the connection has ended, for whatever reason.

        Raises only for a fault of our own, such as an exception inside the receiver, so that the process ends.
        """

    async def disconnect(self) -> None:
        """DISCONNECT with reason 0 and the session kept, after everything written has left; then closed."""

    def abort(self) -> None:
        """Cuts the connection without DISCONNECT: the broker redelivers what was not acknowledged."""


@dataclass(frozen=True, slots=True)
class LinkClosed:
    """Why a connection ended."""

    reason: str
    """For logs and status, for example ``broker closed the connection`` or ``no PINGRESP for 60 s``."""
    taken_over: bool = False
    """The broker said that another client uses our client ID (DISCONNECT 0x8E)."""
    explained: bool = False
    """The broker gave another reason code, or broke the protocol: nobody needs to guess why the connection ended."""


class Source(Protocol):
    """Makes MQTT connections, each for one generation of messages."""

    async def connect(self, receiver: Receiver, window: AckWindow) -> Link:
        """Connects with our persistent session; messages may arrive before this returns.

        Raises LinkError when the broker cannot be reached, refuses us, or its certificate is not trusted; its cause is
        a TimeoutError where the attempt was given up without an answer.
        """


@dataclass(frozen=True, slots=True)
class SinkFailure:
    """A delivery that failed, or whose outcome is unknown: its message must come again from the broker."""

    reason: str
    """Short and stable, for metrics and readiness: ``topic_missing``, ``not_authorized``, ``fatal``, ..."""
    detail: str
    """For a person: the topic, what Kafka said, what to do."""
    topic: str | None = None
    fatal: bool = False
    """The producer cannot be used any more."""


class Sink(Protocol):
    """Writes records to Kafka, in order per key."""

    def send(self, record: Record, ticket: Ticket) -> None:
        """Hands over one record. The ticket is reported once, when Kafka has confirmed or refused it.

        Raises RecordTooLarge before anything is sent; everything else is reported later.
        """


class DeliveryReports(Protocol):
    """Takes what the sink learned from Kafka, on the event loop's thread, in batches."""

    def delivered(self, tickets: Sequence[Ticket]) -> None:
        """Kafka has confirmed one record of each of these tickets."""

    def failed(self, failure: SinkFailure) -> None:
        """A delivery failed. Nothing is acknowledged for it; the connection must be replayed."""


class Registry(Protocol):
    """Reads schemas, cached; references come resolved."""

    async def latest(self, subject: str) -> SchemaVersion:
        """The subject's latest version. Raises SubjectNotFound or RegistryUnavailable."""

    async def version(self, subject: str, version: int) -> SchemaVersion:
        """One version of a subject. Raises SubjectNotFound or RegistryUnavailable."""

    async def holds(self, version: SchemaVersion) -> bool:
        """Whether the schema ID still means this schema, deleted softly or not; False once it was denied twice.

        Raises RegistryUnavailable; SchemaDoubted where it is denied for the first time.
        """

    def keep(self, used: Iterable[tuple[str, int | None]]) -> None:
        """Forgets all but these: subjects with a version, or None for the latest; and what they refer to."""


class Clock(Protocol):
    """Time, so that tests can set it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps, for every timer and age."""
