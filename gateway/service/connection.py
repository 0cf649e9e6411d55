"""The MQTT connection over the years: connect when nothing holds, keep its subscriptions, come back when it ends.

Rules
- Connect only when every contract is compiled or inactive and the Kafka topics are there: a persistent
  session delivers at once.
- A failed delivery cuts the connection. The broker still has every message that was not acknowledged, and
  sends them again, in order, on the next one.
- Never UNSUBSCRIBE at shutdown: the session must go on collecting.
- The back-off starts over only after a connection lived for ``STABLE_S``. ``CONTESTED`` shorter ones in a row that
  ended for no known reason, and no attempt that failed between them, mean that somebody else uses our client ID: then
  we wait ``CONTESTED_BACKOFF_S``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from enum import Enum

import structlog

from gateway.config.contract import Contract
from gateway.config.settings import Settings
from gateway.errors import LinkError, SessionTakenOver
from gateway.pipeline.engine import Engine
from gateway.pipeline.overview import MqttState, Reason
from gateway.pipeline.ports import Clock, Link, LinkClosed, SinkFailure, Source
from gateway.service.holds import Holds
from gateway.service.memory import HeldFilters
from gateway.service.schemas import Schemas
from gateway.service.subscriptions import Subscriptions

FIRST_BACKOFF_S = 0.25
MOST_BACKOFF_S = 5.0
"""Every fault that passes must be over for us within 10 s (docs/guarantees.md)."""
STABLE_S = 60.0
CONTESTED = 3
CONTESTED_BACKOFF_S = 60.0
OWN_CONNECT_S = 120.0
"""So long after an attempt that nobody answered a take-over may be our own.

A broker that was frozen finds the CONNECT of an attempt that we gave up, and works its connections off in an order of
its own: if the dead one comes last it takes the session, and the live one is told of another client.
"""

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
        self._holds = holds
        self._held = held
        self._clock = clock
        self._jitter = jitter
        self._link: Link | None = None
        self._phase = Phase.STARTING
        self._detail = ""
        """Why the last connection or attempt failed; empty while one lives."""
        self._since = clock.monotonic()
        self._connections = 0
        self._failures = 0
        self._sessions_lost = 0
        self._short_lives = 0
        self._unanswered_at = -OWN_CONNECT_S
        """When the last attempt was given up that the broker did not answer, on the monotonic clock."""
        self._backoff_s = FIRST_BACKOFF_S
        self._subscriptions = Subscriptions(settings.mqtt, schemas, held, clock, self._is_reading)
        self._resubscribe = asyncio.Event()
        self._stopping = False
        self._unacknowledged_before = 0
        """Messages of earlier connections that were never acknowledged there."""
        engine.on_failure = self._fail

    async def run(self) -> None:
        """Keeps a connection up until it is cancelled or drained. Raises SessionTakenOver where the broker says so."""
        while not self._stopping:
            self._enter(Phase.HOLDING)
            await self._holds.cleared()
            self._enter(Phase.CONNECTING)
            try:
                link = await self._connect()
            except LinkError as exc:
                if isinstance(exc, SessionTakenOver) and not self._was_unanswered:
                    raise self._taken_over(str(exc)) from exc
                self._engine.close()
                self._short_lives = 0  # nobody contests the session of a broker that is not there
                if isinstance(exc.__cause__, TimeoutError):
                    self._unanswered_at = self._clock.monotonic()
                self._note_failure("mqtt_connect_failed", str(exc))
                await self._back_off()
                continue
            if self._stopping or self._holds.failure is not None:
                # Both come before ``connect`` returns, while nobody knows the link: that it is time to stop, and
                # messages, of which one has failed.
                link.abort()
            await self._serve(link)

    async def _connect(self) -> Link:
        self._unacknowledged_before = self._unacknowledged()
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
        # What was asked for without an answer may have been held as well.
        expected = bool(self._held.filters or self._held.possible)
        _log.info("mqtt_connected", url=self._settings.mqtt.url, session_present=link.session_present)
        if expected and not link.session_present:
            self._sessions_lost += 1
            _log.critical(
                "session_lost",
                detail="the broker had forgotten our session: messages that it held for us are gone; "
                "check its persistence, its limits and session_expiry_s",
            )
        if not link.session_present:
            self._held.forget()
        elif not self._held.complete and self._connections == 1:
            _log.warning(
                "session_filters_unknown",
                detail="the broker resumed a session that the state folder knows nothing of: filters that it holds for "
                "contracts removed meanwhile cannot be given up, and their messages become dead letters (no-route)",
            )
        wanted_s = self._settings.mqtt.session_expiry_s
        if link.session_expiry_s is not None and link.session_expiry_s < wanted_s:
            _log.warning("session_expiry_shortened", granted_s=link.session_expiry_s, wanted_s=wanted_s)

    async def _serve(self, link: Link) -> None:
        """Keeps the subscriptions as they should be, and stays until the connection ends."""
        began = self._clock.monotonic()
        closed = asyncio.create_task(link.wait_closed())
        try:
            failed = await self._keep_subscribed(link, closed)
            end = await closed
        finally:
            closed.cancel()
            self._engine.close()
            self._link = None
            self._subscriptions.end()
        if not self._stopping:
            # Where the connection ended first, subscribing failed by that, in the same words.
            await self._after(end, "" if failed == end.reason else failed, self._clock.monotonic() - began)

    async def _keep_subscribed(self, link: Link, closed: asyncio.Task[LinkClosed]) -> str:
        """Returns when the connection has ended or cannot be subscribed; then it is cut, and why is returned."""
        while not closed.done():
            self._resubscribe.clear()
            try:
                await self._subscriptions.renew(link)
            except LinkError as exc:
                # A link that lives but does not do what it was asked is of no use: the next one may.
                link.abort()
                return str(exc)
            changed = asyncio.create_task(self._resubscribe.wait())
            try:
                await asyncio.wait({closed, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
        return ""

    async def _after(self, end: LinkClosed, unsubscribed: str, lived_s: float) -> None:
        """What follows on the end of a connection; ``unsubscribed``: why we gave it up, empty if we did not."""
        if end.taken_over and not self._was_unanswered:
            raise self._taken_over(end.reason)
        reason = (
            f"{end.reason}; or it was an attempt of ours that got no answer in time" if end.taken_over else end.reason
        )
        if lived_s >= STABLE_S:
            self._short_lives, self._backoff_s = 0, FIRST_BACKOFF_S
        if self._holds.failure is not None:
            self._failures += 1
            self._detail = "given up by ourselves, because a delivery to Kafka failed"
            return
        if unsubscribed:
            self._note_failure("mqtt_subscribe_failed", unsubscribed)
        else:
            short = lived_s < STABLE_S
            self._short_lives = 0 if end.explained else self._short_lives + short
            self._note_failure("mqtt_disconnected", reason)
        await self._back_off()

    def _taken_over(self, reason: str) -> SessionTakenOver:
        _log.error("session_taken_over", reason=reason)
        return SessionTakenOver(
            f"another client connected as {self._settings.mqtt.client_id!r} and took the session over; "
            "give every instance a client_id of its own, and a common share"
        )

    @property
    def _was_unanswered(self) -> bool:
        """Whether a take-over now may be the work of an earlier attempt of ours."""
        return self._clock.monotonic() - self._unanswered_at < OWN_CONNECT_S

    def resubscribe(self) -> None:
        """Looks again at what is wanted: contracts have become active, or a refused filter is worth a try."""
        self._resubscribe.set()

    def subscribed(self, contract: Contract) -> bool:
        """Whether the live connection brings the contract's messages, as asked."""
        return self._subscriptions.bring(contract)

    def _fail(self, failure: SinkFailure) -> None:
        """The engine's ``on_failure``: cuts the connection, so that the broker sends everything again."""
        _log.warning("kafka_delivery_failed", reason=failure.reason, detail=failure.detail, topic=failure.topic)
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
        self._enter(Phase.WAITING)
        await asyncio.sleep(wait_s)

    @property
    def _contested(self) -> bool:
        return self._short_lives >= CONTESTED

    def _enter(self, phase: Phase) -> None:
        self._phase, self._since = phase, self._clock.monotonic()

    async def drain(self, flush: Callable[[], Awaitable[int]]) -> int:
        """Ends the connection in good order; returns how many messages stayed unacknowledged: the broker keeps them.

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
        kept = self._unacknowledged() - self._unacknowledged_before
        lost = 0 if window is None else len(window) - kept
        if lost:
            _log.warning("qos_0_lost_at_stop", messages=lost, detail="Kafka has not confirmed them; nobody keeps them")
        await link.disconnect()
        self._enter(Phase.STOPPED)
        return kept

    def _is_reading(self) -> bool:
        """Whether the link reads: it stops while its window is full."""
        window = self._engine.window
        return window is None or not window.full

    def _unacknowledged(self) -> int:
        """Messages at QoS 1 and 2 received since the start and not acknowledged where they came from."""
        stats = self._engine.stats
        return stats.received[1] + stats.received[2] - stats.acknowledged

    def reasons(self) -> list[Reason]:
        """Why the connection does not bring messages, or not all of them."""
        if self._stopping:
            return [Reason("stopping", "it was told to stop: waits for Kafka to confirm what it has received")]
        if self._contested and self._link is None:
            client_id = self._settings.mqtt.client_id
            detail = f"connections as {client_id!r} end at once: does another gateway use this client_id?"
            return [Reason("session_contested", detail)]
        if self._link is None and not self._holds.reasons():
            if not self._detail:
                return [Reason("mqtt_connecting", self._phase.value)]
            return [Reason("mqtt_disconnected", self._detail)]
        if self._link is not None and not self._subscriptions.answered:
            return [Reason("mqtt_subscribing", "the broker has not answered for the topic filters yet")]
        return self._subscriptions.reasons()

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
