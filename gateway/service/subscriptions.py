"""Which topic filters the live connection has, which it should have, and the steps in between.

Rules
- Subscribed are the filters of the active contracts, and of those that the session brings anyway.
- Given up is only what no contract needs any more: the session of an inactive one must go on collecting.
- What was given up, or asked for without an answer, is given up again on each connection: the session may hold it
  (``HeldFilters.possible``), and then every message would come twice, or for no contract.
- MQTT 3.1.1 sends every retained message again for a repeated SUBSCRIBE: there a filter is asked for once
  a connection, and not at all where the session has it beyond doubt (``SETTLED_S``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import structlog

from gateway.config.contract import Contract
from gateway.config.settings import Mqtt
from gateway.config.subscriptions import subscriptions
from gateway.errors import LinkError
from gateway.mqtt import reasons
from gateway.pipeline.overview import Reason
from gateway.pipeline.ports import Clock, Link, Subscription
from gateway.service.coverage import FilterSet
from gateway.service.memory import HeldFilters
from gateway.service.schemas import Schemas

SETTLED_S = 3600.0
"""So long a connection must live after it was granted a filter before a resumed session is trusted to have it.

A broker that is killed comes back as it was when it last saved (mosquitto: every 30 minutes unless it is told
otherwise), and then the session may be older than the filter. Measured on one connection, which the broker must have
outlived, and by the monotonic clock: the age of the grant would also grow while broker and gateway are both switched
off, and by a wall clock that is set. Its price: where connections live less than this, each brings the retained
messages of new filters again.
"""

ANSWER_TIMEOUT_S = 60.0
"""So long the broker may take to answer. Only time in which we read counts: while the window is full its answer may
wait behind messages, as long as Kafka takes for them."""
_LOOK_S = 1.0

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class _Taken(NamedTuple):
    """What the broker has granted on this connection, at whatever QoS."""

    qos: int
    """Asked for."""
    at: float
    """On the monotonic clock."""


class Subscriptions:
    """What the broker has granted, and what it has refused."""

    def __init__(
        self, settings: Mqtt, schemas: Schemas, held: HeldFilters, clock: Clock, is_reading: Callable[[], bool]
    ) -> None:
        """``is_reading``: whether what the broker sends is read now."""
        self._share = settings.share
        self._repeats_retained = settings.version == "3.1.1"
        self._schemas = schemas
        self._held = held
        self._clock = clock
        self._is_reading = is_reading
        self._considered: list[str] = []
        self._wished: dict[str, int] = {}
        """The filters of the contracts in ``_considered``, which takes long to find out for many."""
        self._granted: dict[str, int] = {}
        """Filters that the live connection has as asked, and their QoS."""
        self._coverage = FilterSet(())
        """The same, to be asked."""
        self._taken: dict[str, _Taken] = {}
        self._refused: dict[str, Reason] = {}
        """Filters that the broker did not grant as asked."""
        self._given_up: set[str] = set()
        """What the broker has given up on this connection."""
        self._kept: list[str] = []
        """Filters that it would not give up."""
        self.answered = False
        """Whether the broker has answered for the live connection's filters."""

    def end(self) -> None:
        """Nothing is granted any more: the connection has ended."""
        self._grant({})
        self._taken.clear()
        self._given_up.clear()
        self.answered = False

    def bring(self, contract: Contract) -> bool:
        """Whether the live connection brings the contract's messages, as asked."""
        return self._coverage.bring(contract.filter)

    def reasons(self) -> list[Reason]:
        """What the broker did not grant as asked."""
        return list(self._refused.values())

    async def renew(self, link: Link) -> None:
        """Asks for what is wanted and not yet granted, then gives up what is wanted no more. Raises LinkError."""
        self._settle()
        wanted = self._wanted()
        asked = {name: qos for name, qos in wanted.items() if not self._has(link, name, qos)}
        granted: dict[str, int] = {}
        for (name, qos), code in zip(asked.items(), await self._subscribe(link, asked), strict=True):
            self._judge(name, qos, code)
            if code < reasons.REFUSED:
                granted[name] = code
                self._taken[name] = _Taken(qos, self._clock.monotonic())
        self._held.grant(granted)
        self._refused = {name: reason for name, reason in self._refused.items() if name in wanted}
        self._grant({name: qos for name, qos in wanted.items() if name not in self._refused})
        self.answered = True
        await self._give_up(link, wanted)

    async def _subscribe(self, link: Link, asked: dict[str, int]) -> list[int]:
        """The broker's reason code for each filter, in order."""
        if not asked:
            return []
        self._held.ask(asked.keys())
        return await self._answer(link.subscribe([Subscription(name, qos) for name, qos in asked.items()]))

    async def _answer(self, request: Coroutine[Any, Any, T]) -> T:
        """What the broker answers to the request. Raises LinkError, also if it does not answer in time."""
        answer = asyncio.create_task(request)
        waited_s = 0.0
        try:
            while waited_s < ANSWER_TIMEOUT_S:
                done, _ = await asyncio.wait({answer}, timeout=_LOOK_S)
                if done:
                    return answer.result()
                if self._is_reading():
                    waited_s += _LOOK_S
        finally:
            answer.cancel()
        raise LinkError(f"the broker has not answered for the topic filters in {ANSWER_TIMEOUT_S:.0f} s; see its log")

    def _has(self, link: Link, name: str, qos: int) -> bool:
        """Whether asking for the filter would bring nothing new."""
        if self._granted.get(name) == qos:
            return True
        if not self._repeats_retained:
            return False
        taken = self._taken.get(name)
        if taken is not None:
            return taken.qos == qos
        return link.session_present and self._held.is_settled(name, qos)

    def _settle(self) -> None:
        """Notes which filters the session has beyond doubt; MQTT 5 need not know, it asks for all of them."""
        if self._repeats_retained:
            now = self._clock.monotonic()
            self._held.settle([name for name, taken in self._taken.items() if now - taken.at >= SETTLED_S])

    def _grant(self, granted: dict[str, int]) -> None:
        if granted != self._granted:
            self._granted, self._coverage = granted, FilterSet(granted)

    def _wanted(self) -> dict[str, int]:
        """The filters to have, and the QoS of each."""
        running = self._schemas.running()
        contracts = [each for each in self._schemas.contracts if each.name in running or self._held.bring(each)]
        considered = [contract.name for contract in contracts]
        if considered != self._considered:
            self._considered, self._wished = considered, dict(subscriptions(contracts, self._share))
        return self._wished

    def _judge(self, name: str, qos: int, code: int) -> None:
        """Notes whether the broker granted a filter as asked."""
        if code == qos:
            self._refused.pop(name, None)
            return
        if code >= reasons.REFUSED:
            detail = f"the broker refused the topic filter {name!r}: {reasons.tell(code)}"
            reason = Reason("subscription_refused", detail)
        else:
            detail = f"the broker granted {name!r} QoS {code}, asked was {qos}; allow it at the broker"
            reason = Reason("subscription_downgraded", detail)
        if self._refused.get(name) != reason:
            _log.error(reason.code, filter=name, reason_code=code, asked_qos=qos)
        self._refused[name] = reason

    def _surplus(self, wanted: dict[str, int]) -> list[str]:
        """What the session has or may have, and nobody needs.

        An inactive contract needs what brings a part of its messages.
        """
        known = {*self._held.filters, *self._held.possible}
        surplus = sorted(known - wanted.keys() - self._given_up)
        if not surplus:
            return []
        waiting = [each.filter for each in self._schemas.contracts if not self._coverage.bring(each.filter)]
        return [name for name in surplus if not any(map(FilterSet([name]).touch, waiting))]

    async def _give_up(self, link: Link, wanted: dict[str, int]) -> None:
        """Unsubscribes what no contract declares, and what a wanted filter covers: it would come twice."""
        # As long as a wanted filter is refused, an old one may be what still brings its messages.
        surplus = [] if self._refused else self._surplus(wanted)
        if not surplus:
            return
        # What is only made sure of, on every connection, is not told.
        told = [name for name in surplus if name in self._held.filters or name in self._kept]
        self._held.give_up(surplus)
        try:
            await self._answer(link.unsubscribe(surplus))
        except LinkError as exc:
            # It costs duplicates at worst, so messages go on flowing; the next look tries again.
            if surplus != self._kept:
                _log.warning("filters_not_given_up", filters=surplus, reason=str(exc))
            self._kept = surplus
            return
        if told:
            _log.info("filters_given_up", filters=told)
        self._given_up.update(surplus)
        self._kept = []
