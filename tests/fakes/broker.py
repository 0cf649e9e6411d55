"""An MQTT broker for one client: sessions, subscriptions, unacknowledged messages; as ``Source`` and ``Link``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import LinkError
from gateway.model import Message
from gateway.pipeline.acks import AckWindow, Ticket
from gateway.pipeline.ports import LinkClosed, Receiver, Subscription


@dataclass
class FakeBroker:
    """Keeps one session. What it holds unacknowledged it sends again on the next connection, in order."""

    session: dict[str, int] | None = None
    """Filters that it holds for us with their QoS; None: it has no session of ours."""
    refusal: str = ""
    """Why it cannot be reached; empty if it can."""
    codes: dict[str, int] = field(default_factory=dict)
    """Reason codes for filters that are not granted as asked."""
    silent: bool = False
    """It takes CONNECT and answers nothing."""
    session_expiry_s: int | None = None
    links: list[FakeLink] = field(default_factory=list)
    attempts: list[float] = field(default_factory=list)
    """When it was asked for a connection, by the loop's clock."""
    queue: list[bytes] = field(default_factory=list)
    """Payloads that it holds for us and that were not acknowledged, in order."""
    on_connect: Callable[[FakeLink], None] = lambda _: None
    """Called after CONNACK, before ``connect`` returns."""
    reachable: asyncio.Event | None = None
    """Connecting waits for it while set."""
    answers: asyncio.Event | None = None
    """SUBACK and UNSUBACK wait for it while set; what was asked is done at once."""
    keeps_subscriptions: bool = False
    """UNSUBSCRIBE is refused."""

    async def connect(self, receiver: Receiver, window: AckWindow) -> FakeLink:
        """Obeys ``Source.connect``."""
        self.attempts.append(asyncio.get_running_loop().time())
        if self.reachable is not None:
            await self.reachable.wait()
        if self.silent:
            raise LinkError("no answer in time") from TimeoutError()
        if self.refusal:
            raise LinkError(self.refusal)
        link = FakeLink(self, receiver, window, self.session is not None)
        self.session = self.session or {}
        self.links.append(link)
        for payload in self.queue:
            link.deliver(payload)
        self.on_connect(link)
        return link

    @property
    def link(self) -> FakeLink:
        """The last connection."""
        return self.links[-1]

    def publish(self, *payloads: bytes) -> None:
        """Queues messages at QoS 1, and delivers them over the connection that is up."""
        for payload in payloads:
            self.queue.append(payload)
            if self.links and self.link.up:
                self.link.deliver(payload)

    def forget(self) -> None:
        """Loses the session and what it held."""
        self.session = None
        self.queue.clear()


class FakeLink:
    """Obeys ``Link``."""

    def __init__(self, broker: FakeBroker, receiver: Receiver, window: AckWindow, session_present: bool) -> None:
        self.session_present = session_present
        self.session_expiry_s = broker.session_expiry_s
        self.heard: list[str] = []
        """What the broker got over this connection, in order."""
        self.window = window
        self._broker = broker
        self._receiver = receiver
        self._reading = True
        self._packets = 0
        self._closed: asyncio.Future[LinkClosed] = asyncio.get_running_loop().create_future()

    @property
    def up(self) -> bool:
        """Whether the connection lives."""
        return not self._closed.done()

    def deliver(self, payload: bytes, qos: int = 1, topic: str = "a/p7") -> None:
        """The broker sends a message."""
        if self.up and self._reading:
            self._packets += 1
            packet_id = self._packets if qos else 0
            self._receiver.receive(self.window, Message(topic, payload, qos, packet_id, False, False, 5))

    def end(
        self, reason: str = "the broker closed the connection", *, taken_over: bool = False, explained: bool = False
    ) -> None:
        """The connection ends from the broker's side, or breaks."""
        if self.up:
            self._closed.set_result(LinkClosed(reason, taken_over=taken_over, explained=explained))

    def fault(self, exc: Exception) -> None:
        """Our own code fails below the connection."""
        self._closed.set_exception(exc)

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> list[int]:
        """Obeys ``Link.subscribe``."""
        self.heard += [f"SUBSCRIBE {each.filter} {each.qos}" for each in subscriptions]
        codes = [self._broker.codes.get(each.filter, each.qos) for each in subscriptions]
        assert self._broker.session is not None
        granted = zip(subscriptions, codes, strict=True)
        self._broker.session.update({each.filter: code for each, code in granted if code < 0x80})
        await self._answered()
        return codes

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Obeys ``Link.unsubscribe``."""
        self.heard += [f"UNSUBSCRIBE {name}" for name in filters]
        assert self._broker.session is not None
        if not self._broker.keeps_subscriptions:
            for name in filters:
                self._broker.session.pop(name, None)
        await self._answered()
        if self._broker.keeps_subscriptions:
            raise LinkError("the broker does not give up the subscription: not authorized")

    async def _answered(self) -> None:
        """Waits for the broker's answer. Raises LinkError if the connection ends first."""
        if self.up and self._broker.answers is not None:
            answered = asyncio.ensure_future(self._broker.answers.wait())
            waited: set[asyncio.Future[Any]] = {answered, self._closed}
            try:
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            finally:
                answered.cancel()
        if not self.up:
            raise LinkError(self._closed.result().reason)

    def acknowledge(self, tickets: Sequence[Ticket]) -> None:
        """Obeys ``Link.acknowledge``."""
        if not self.up:
            return
        for ticket in tickets:
            if ticket.qos:
                self.heard.append(f"PUBACK {ticket.packet_id}")
                self._broker.queue.pop(0)

    def stop_reading(self) -> None:
        """Obeys ``Link.stop_reading``."""
        self._reading = False

    async def wait_closed(self) -> LinkClosed:
        """Obeys ``Link.wait_closed``."""
        return await asyncio.shield(self._closed)

    async def disconnect(self) -> None:
        """Obeys ``Link.disconnect``."""
        if self.up:
            self.heard.append("DISCONNECT")
            self.end("disconnected by the gateway")

    def abort(self) -> None:
        """Obeys ``Link.abort``."""
        self.end("cut by the gateway")
