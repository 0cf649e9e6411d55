"""The MQTT connection over the years: connect when Kafka can take what comes, subscribe, serve, come back.

Rules
- Connect only when every contract is compiled or inactive and the Kafka topics are there: a persistent
  session delivers at once.
- A failed delivery cuts the connection. The broker still has every message that was not acknowledged, and
  sends them again, in order, on the next one.
- Never UNSUBSCRIBE at shutdown, nor for an inactive contract: the session must go on collecting. Only
  filters that no contract declares any more are given up.
- The back-off starts over only after a connection lived for ``STABLE_S``. ``CONTESTED`` shorter ones in
  a row mean that somebody else uses our client ID: then we wait ``CONTESTED_BACKOFF_S``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum

import structlog

from gateway.config.contract import Contract
from gateway.config.settings import Settings
from gateway.config.subscriptions import subscriptions
from gateway.errors import LinkError, SessionTakenOver
from gateway.notation.topics import covers
from gateway.pipeline.engine import Engine
from gateway.pipeline.overview import MqttState, Reason
from gateway.pipeline.ports import Clock, Link, LinkClosed, SinkFailure, Source, Subscription
from gateway.service.holds import Holds
from gateway.service.memory import HeldFilters, bare_filter
from gateway.service.schemas import Schemas

FIRST_BACKOFF_S = 0.25
MOST_BACKOFF_S = 5.0
"""Every fault that passes must be over for us within 10 s (docs/guarantees.md)."""
STABLE_S = 60.0
CONTESTED = 3
CONTESTED_BACKOFF_S = 60.0
REFUSED = 0x80
"""SUBACK reason codes from here on refuse the subscription."""

_log = structlog.get_logger(__name__)


class Phase(Enum):
    """What the connection is doing."""

    STARTING = "starting"
    HOLDING = "waiting until Kafka can take messages"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting before the next attempt"
    STOPPED = "stopped"


class Connection:
    """One MQTT connection at a time, and what is between them."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        engine: Engine,
        schemas: Schemas,
        holds: Holds,
        held: HeldFilters,
        clock: Clock,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._source = source
        self._engine = engine
        self._schemas = schemas
        self._holds = holds
        self._held = held
        self._clock = clock
        self._jitter = jitter
        self._link: Link | None = None
        self._phase = Phase.STARTING
        self._detail = ""
        self._since = clock.monotonic()
        self._connections = 0
        self._failures = 0
        self._sessions_lost = 0
        self._short_lives = 0
        self._backoff_s = FIRST_BACKOFF_S
        self._refused: dict[str, Reason] = {}
        """Filters that the broker did not grant as asked."""
        self._granted: set[str] = set()
        """Filters that the live connection has as asked."""
        self._is_subscribed = False
        """Whether the broker has answered for the live connection's filters."""
        self._resubscribe = asyncio.Event()
        self._stopping = False
        engine.on_failure = self._fail

    async def run(self) -> None:
        """Keeps a connection up until it is cancelled or drained. Raises SessionTakenOver where the broker says so."""
        while not self._stopping:
            self._enter(Phase.HOLDING)
            await self._holds.cleared()
            self._enter(Phase.CONNECTING, self._detail)
            try:
                link = await self._connect()
            except LinkError as exc:
                self._engine.close()
                self._note_failure("mqtt_connect_failed", str(exc))
                await self._back_off()
                continue
            if self._holds.failure is not None:
                # Messages come before ``connect`` returns; one of them has failed while nobody knew the link.
                link.abort()
            await self._serve(link)

    async def _connect(self) -> Link:
        window = self._engine.open()
        link = await self._source.connect(self._engine, window)
        self._link = link
        self._engine.connect(link.acknowledge)
        self._connections += 1
        self._detail = ""
        self._enter(Phase.CONNECTED)
        self._note_session(link)
        return link

    def _note_session(self, link: Link) -> None:
        """Tells a resumed session from a new one, and a new one from a lost one."""
        expected = bool(self._held.filters)
        _log.info("mqtt_connected", url=self._settings.mqtt.url, session_present=link.session_present)
        if expected and not link.session_present:
            self._sessions_lost += 1
            _log.critical(
                "session_lost",
                detail="the broker had forgotten our session: messages that it held for us are gone; "
                "check its persistence, its limits and session_expiry_s",
            )
        if not link.session_present:
            self._held.replace({})
        wanted_s = self._settings.mqtt.session_expiry_s
        if link.session_expiry_s is not None and link.session_expiry_s < wanted_s:
            _log.warning("session_expiry_shortened", granted_s=link.session_expiry_s, wanted_s=wanted_s)

    async def _serve(self, link: Link) -> None:
        """Subscribes and stays until the connection ends."""
        began = self._clock.monotonic()
        closed = asyncio.create_task(link.wait_closed())
        try:
            while not closed.done():
                self._resubscribe.clear()
                try:
                    await self._subscribe(link)
                except LinkError as exc:
                    # A link that lives but does not do what it was asked is of no use: the next one may.
                    _log.warning("mqtt_subscribe_failed", reason=str(exc))
                    link.abort()
                    break
                changed = asyncio.create_task(self._resubscribe.wait())
                await asyncio.wait({closed, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
            end = await closed
        finally:
            closed.cancel()
            self._engine.close()
            self._link = None
            self._granted.clear()
            self._is_subscribed = False
        if not self._stopping:
            await self._after(end, self._clock.monotonic() - began)

    async def _after(self, end: LinkClosed, lived_s: float) -> None:
        """What follows on the end of a connection."""
        if end.taken_over:
            _log.error("session_taken_over", reason=end.reason)
            raise SessionTakenOver(
                f"another client connected as {self._settings.mqtt.client_id!r} and took the session over; "
                "give every instance a client_id of its own, and a common share"
            )
        if lived_s >= STABLE_S:
            self._short_lives, self._backoff_s = 0, FIRST_BACKOFF_S
        if self._holds.failure is not None:
            self._failures += 1
            self._detail = "given up by ourselves, because a delivery to Kafka failed"
            return
        if lived_s < STABLE_S:
            self._short_lives += 1
        self._note_failure("mqtt_disconnected", end.reason)
        await self._back_off()

    async def _subscribe(self, link: Link) -> None:
        """Asks for what is wanted and not yet granted, then gives up what is wanted no more. Raises LinkError."""
        wanted = self._wanted()
        # With 3.1.1 a repeated SUBSCRIBE brings every retained message again; the session remembers ours.
        resumed = self._settings.mqtt.version == "3.1.1" and link.session_present
        asked = {
            name: qos
            for name, qos in wanted.items()
            if name not in self._granted and not (resumed and self._held.filters.get(name) == qos)
        }
        answers = await link.subscribe([Subscription(name, qos) for name, qos in asked.items()]) if asked else []
        held = dict(self._held.filters)
        for (name, qos), code in zip(asked.items(), answers, strict=True):
            self._judge(name, qos, code)
            if code < REFUSED:
                held[name] = code
        self._held.replace(held)
        self._refused = {name: reason for name, reason in self._refused.items() if name in wanted}
        self._granted = {name for name in wanted if name not in self._refused}
        self._is_subscribed = True
        await self._give_up(link, wanted)

    async def _give_up(self, link: Link, wanted: dict[str, int]) -> None:
        """Unsubscribes what no contract declares, and what a wanted filter covers: it would come twice."""
        # As long as a wanted filter is refused, an old one may be what still brings its messages.
        surplus = [] if self._refused else [name for name in self._held.filters if name not in wanted]
        if surplus:
            _log.info("filters_given_up", filters=surplus)
            try:
                await link.unsubscribe(surplus)
            except LinkError as exc:
                # It costs duplicates at worst, so messages go on flowing; the next look tries again.
                _log.warning("filters_not_given_up", filters=surplus, reason=str(exc))
                return
            self._held.replace({name: qos for name, qos in self._held.filters.items() if name not in surplus})

    def _contracts(self) -> list[Contract]:
        return list({slot.contract.name: slot.contract for slot in self._schemas.slots}.values())

    def _filters(self, contracts: Sequence[Contract]) -> list[tuple[str, int]]:
        return subscriptions(contracts, self._settings.mqtt.share)

    def _wanted(self) -> dict[str, int]:
        """The filters of the active contracts, and of those that the session holds: they bring messages anyway."""
        running = self._schemas.running()
        considered = [
            contract for contract in self._contracts() if contract.name in running or self._held.bring(contract)
        ]
        return dict(self._filters(considered))

    def _judge(self, name: str, qos: int, code: int) -> None:
        """Notes whether the broker granted a filter as asked."""
        if code == qos:
            self._refused.pop(name, None)
            return
        if code >= REFUSED:
            reason = Reason(
                "subscription_refused", f"the broker refused the topic filter {name!r} (reason code {code:#x})"
            )
        else:
            reason = Reason("subscription_downgraded", f"the broker granted {name!r} QoS {code}, asked was {qos}")
        if self._refused.get(name) != reason:
            _log.error(reason.code, filter=name, reason_code=code, asked_qos=qos)
        self._refused[name] = reason

    def resubscribe(self) -> None:
        """Looks again at what is wanted: contracts have become active, or a refused filter is worth a try."""
        self._resubscribe.set()

    def subscribed(self, contract: Contract) -> bool:
        """Whether the live connection brings the contract's messages, as asked."""
        return self._link is not None and any(covers(bare_filter(name), contract.filter) for name in self._granted)

    def _fail(self, failure: SinkFailure) -> None:
        """The engine's ``on_failure``: cuts the connection, so that the broker sends everything again."""
        _log.error("kafka_delivery_failed", reason=failure.reason, detail=failure.detail, topic=failure.topic)
        self._holds.fail(failure)
        if self._link is not None:
            self._link.abort()

    def _note_failure(self, event: str, detail: str) -> None:
        """Counts a failure; logs it if it is not just the last one again."""
        self._failures += 1
        if detail != self._detail:
            _log.warning(event, reason=detail, url=self._settings.mqtt.url)
        self._detail = detail

    async def _back_off(self) -> None:
        """Waits before the next attempt, longer each time, never at the same moment as other gateways."""
        if self._contested:
            wait_s = CONTESTED_BACKOFF_S
            _log.error("session_contested", client_id=self._settings.mqtt.client_id, wait_s=wait_s)
        else:
            wait_s = self._backoff_s * (0.5 + self._jitter() / 2)
            self._backoff_s = min(self._backoff_s * 2, MOST_BACKOFF_S)
        self._enter(Phase.WAITING, self._detail)
        await asyncio.sleep(wait_s)

    @property
    def _contested(self) -> bool:
        return self._short_lives >= CONTESTED

    def _enter(self, phase: Phase, detail: str = "") -> None:
        self._phase, self._since = phase, self._clock.monotonic()
        self._detail = detail or self._detail

    async def drain(self, flush: Callable[[], Awaitable[int]]) -> int:
        """Ends the connection in good order; returns how many messages stayed unacknowledged.

        Reads nothing more, waits for ``flush`` (the sink's), lets the acknowledgements out, and disconnects with the
        session kept.
        """
        self._stopping = True
        link = self._link
        if link is None:
            return 0
        window = self._engine.window
        link.stop_reading()
        await flush()
        left = 0 if window is None else len(window)
        await link.disconnect()
        self._enter(Phase.STOPPED)
        return left

    def reasons(self) -> list[Reason]:
        """Why the connection does not bring messages, or not all of them."""
        if self._contested and self._link is None:
            client_id = self._settings.mqtt.client_id
            detail = f"connections as {client_id!r} end at once: does another gateway use this client_id?"
            return [Reason("session_contested", detail)]
        if self._link is None and not self._holds.reasons():
            if not self._detail:
                return [Reason("mqtt_connecting", self._phase.value)]
            return [Reason("mqtt_disconnected", self._detail)]
        if self._link is not None and not self._is_subscribed:
            return [Reason("mqtt_subscribing", "the broker has not answered for the topic filters yet")]
        return list(self._refused.values())

    def state(self) -> MqttState:
        """The connection for metrics and status."""
        window = self._engine.window
        return MqttState(
            connected=self._link is not None,
            detail=f"{self._phase.value} for {self._clock.monotonic() - self._since:.0f} s"
            + (f": {self._detail}" if self._detail else ""),
            connections=self._connections,
            failures=self._failures,
            sessions_lost=self._sessions_lost,
            unacknowledged=len(window) if window is not None else 0,
            unacknowledged_bytes=window.bytes if window is not None else 0,
            oldest_age_s=self._engine.oldest_age_s,
        )
