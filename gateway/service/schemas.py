"""Keeps each contract's route current: schemas come from the registry, compiled aside, taken over with care.

Rules
- A contract without a usable schema is inactive; the others run, and it is tried again.
- A newer latest version takes over only if ``compile.takeover`` has no objection; else the last good one
  stays, across restarts too.
- The registry is the truth. Where its latest version is not the one in use it is asked what the ID in use means. As
  long as that is the schema in use, this was a deletion, or a node that lags behind; else nothing is written under the
  ID any more: the registry's latest takes over, whatever the examples say, or the contract is inactive.
- What the registry has answered stays true while it does not answer: an outage never makes a contract inactive that
  has a schema, nor unknown what was known to be missing.
- Until it has answered for a contract nothing is known of that one: ``unanswered``, for which messages are held.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import structlog

from gateway.compile.route import Route, compile_route, label_of
from gateway.compile.takeover import objection
from gateway.compile.where import Where
from gateway.config.contract import Contract, Timestamp, Variant
from gateway.errors import RegistryUnavailable, SchemaDoubted, SchemaError, SubjectNotFound, UnsupportedFormat
from gateway.kafka.topics import CLOCK_MARGIN_S
from gateway.model import RouteLabel, SchemaVersion
from gateway.pipeline.ports import Clock, Registry
from gateway.pipeline.routes import Inactive, RouteTable
from gateway.plan.unapplied import unapplied
from gateway.registry.references import is_same
from gateway.service.guard import guarded
from gateway.service.memory import LastVersions

_log = structlog.get_logger(__name__)

T = TypeVar("T")

OUTAGE_LOOK_S = 2.0
"""Between two looks during an outage: its end must be noticed within 10 s (docs/guarantees.md)."""
_AT_ONCE = 8
"""Contracts that are fetched and compiled at the same time."""


class Unusable(NamedTuple):
    """A version that did not compile for a contract."""

    version: SchemaVersion
    contract: Contract
    reason: str

    def is_for(self, version: SchemaVersion, contract: Contract) -> bool:
        """Whether compiling would only find the same again: the framing needs the GUID, too."""
        return contract is self.contract and version.guid == self.version.guid and is_same(version, self.version)


@dataclass(slots=True, eq=False)
class Slot:
    """One variant of a contract and what runs for it."""

    declared: Contract
    """As its folder declares it."""
    contract: Contract
    """The same, with the bounds of its timestamp narrowed to what its Kafka topic takes."""
    variant: Variant
    route: Route | None = None
    """None while it has no usable schema."""
    reason: str = "its schema was not read yet"
    """Why it is inactive; empty while it is active."""
    unanswered: bool = True
    """Nothing is known of its schema: since the start the registry has not said what there is, nor has the snapshot."""
    doubted: bool = False
    """The registry has denied the version in use, once."""
    pending: int | None = None
    """Number of a newer version that is held back."""
    pending_reason: str = ""
    judged: SchemaVersion | None = None
    """That version, where it could be read: it is not judged again."""
    unapplied: str = ""
    """In what its folder's schema differs from the version in use; empty if it does not."""
    unusable: deque[Unusable] = field(default_factory=lambda: deque(maxlen=2))
    """The latest version and the one last in use, where they do not compile: they are not compiled again."""
    obstacle: str = ""
    """Why it is not subscribed although its schema is fine: a Kafka topic that was missing at its first start."""

    idle: RouteLabel = field(init=False)
    """What it is called while it is inactive; always the same, because counters tell labels apart by identity."""

    def __post_init__(self) -> None:
        """Makes the label."""
        self.idle = label_of(self.contract, self.variant, None)

    def start(self, route: Route) -> None:
        """Lets the route run from now on."""
        self.route, self.reason, self.unanswered = route, "", False
        self.unapplied = unapplied(self.contract.schema, self.contract.references, route.version)

    def stop(self) -> None:
        """Lets no route run: its messages become dead letters."""
        self.route, self.unapplied = None, ""
        self.settle()

    def settle(self) -> None:
        """Nothing is held back any more."""
        self.pending, self.pending_reason, self.judged = None, "", None

    @property
    def runs(self) -> bool:
        """Whether its messages are wanted."""
        return self.route is not None and not self.obstacle

    @property
    def entry(self) -> Route | Inactive:
        """What the route table holds for it."""
        if self.route is not None:
            return self.route
        return Inactive(self.contract, Where(self.contract, self.variant), self.idle, self.reason)


class Schemas:
    """All slots, and the table made of them."""

    def __init__(
        self, contracts: Iterable[Contract], registry: Registry, last: LastVersions, clock: Clock, *, depth: int
    ) -> None:
        self.contracts = tuple(contracts)
        """As their folders declare them."""
        self.slots = [Slot(each, each, variant) for each in self.contracts for variant in each.variants()]
        self.on_change: Callable[[], None]
        """Set once by the wiring; called after ``table`` has changed."""
        self._registry = registry
        self._last = last
        self._clock = clock
        self._depth = depth
        self._labels: dict[tuple[object, ...], RouteLabel] = {}
        """By what they say: a version that is in use again counts where it counted before."""

    def table(self) -> RouteTable:
        """A table of all slots as they are now."""
        return RouteTable([slot.entry for slot in self.slots])

    def running(self) -> set[str]:
        """The contracts of which every variant runs: one filter brings the messages of all."""
        waiting = {slot.contract.name for slot in self.slots if not slot.runs}
        return {slot.contract.name for slot in self.slots} - waiting

    def next_look_s(self, refresh_s: float) -> float:
        """Seconds until ``refresh`` is worth calling again: few while a contract waits for the registry's word."""
        waits = any(slot.unanswered or slot.doubted for slot in self.slots)
        return min(refresh_s, OUTAGE_LOOK_S) if waits else refresh_s

    async def refresh(self) -> None:
        """Looks for every slot's schema once; tells ``on_change`` if any route or reason has changed."""
        before = [(slot.route, slot.reason) for slot in self.slots]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(slot: Slot) -> None:
            async with gate:
                await self._refresh(slot)

        async with asyncio.TaskGroup() as group:
            for slot in self.slots:
                group.create_task(one(slot))
        self._last.retry()
        self._registry.keep(used for slot in self.slots for used in self._used(slot))
        if before != [(slot.route, slot.reason) for slot in self.slots]:
            self.on_change()

    def _used(self, slot: Slot) -> Iterator[tuple[str, int | None]]:
        """What the slot needs of the registry now, and after a restart that finds it away."""
        subject = slot.variant.subject
        yield subject, slot.contract.version
        last = self._last.get(slot.contract.name, subject)
        if slot.contract.version is None and last is not None:
            yield subject, last

    async def _refresh(self, slot: Slot) -> None:
        try:
            await self._follow(slot)
        except RegistryUnavailable as exc:
            slot.doubted = isinstance(exc, SchemaDoubted)
            if slot.unanswered:
                self._deactivate(slot, _why_inactive(slot, exc))
        except (SubjectNotFound, SchemaError) as exc:
            slot.unanswered = slot.doubted = False
            self._stop(slot, _why_inactive(slot, exc))
        else:
            slot.doubted = False

    async def _follow(self, slot: Slot) -> None:
        """Looks for the slot's schema once. Raises what the registry does, and SchemaError, where none can be used."""
        try:
            version = await self._wanted(slot)
        except (SubjectNotFound, UnsupportedFormat) as exc:
            current = slot.route or await self._resume(slot)
            if current is None or not await self._registry.holds(current.version):
                raise
            if isinstance(exc, UnsupportedFormat):
                self._hold_back(slot, current, exc.version, str(exc))
            return
        current = slot.route or await self._resume(slot, unless=version.version)
        if current is None:
            self._activate(slot, await self._compile(slot, version))
        elif is_same(version, current.version):
            slot.settle()
        else:
            await self._turn_to(slot, current, version)

    async def _turn_to(self, slot: Slot, current: Route, version: SchemaVersion) -> None:
        """Takes over the registry's version, or stays with the one in use. Raises as ``_follow``."""
        if version.version < current.version.version:
            slot.settle()
        elif await self._take_over(slot, current, version):
            return
        if not await self._registry.holds(current.version):
            self._replace(slot, current, await self._compile(slot, version))

    async def _wanted(self, slot: Slot) -> SchemaVersion:
        pinned = slot.contract.version
        if pinned is not None:
            return await self._registry.version(slot.variant.subject, pinned)
        return await self._registry.latest(slot.variant.subject)

    async def _resume(self, slot: Slot, unless: int | None = None) -> Route | None:
        """Starts a slot with the version that was last in use, which comes before a newer one; None if it cannot."""
        subject = slot.variant.subject
        last = self._last.get(slot.contract.name, subject) if slot.contract.version is None else None
        if last is None or last == unless:
            return None
        try:
            route = await self._compile(slot, await self._registry.version(subject, last))
        except (SubjectNotFound, SchemaError) as exc:
            _log.info("last_schema_not_usable", subject=subject, version=last, reason=str(exc))
            return None
        self._activate(slot, route)
        return slot.route

    async def _take_over(self, slot: Slot, current: Route, version: SchemaVersion) -> bool:
        """Whether the new version's route has replaced the running one; if not, notes why."""
        if slot.judged is not None and is_same(slot.judged, version):
            return False
        # What was accepted under a version that the registry has replaced binds nobody.
        asks = version.version != current.version.version
        try:
            candidate = await self._compile(slot, version)
            why = await _aside(slot, lambda: objection(current, candidate, self._clock.now_ms())) if asks else ""
        except SchemaError as exc:
            why = f"it cannot be used: {exc}"
        if why:
            self._hold_back(slot, current, version.version, why)
            slot.judged = version
            return False
        self._replace(slot, current, candidate)
        return True

    def _replace(self, slot: Slot, current: Route, route: Route) -> None:
        slot.settle()
        self._activate(slot, route)
        _log.info("schema_taken_over", **_known(slot, route.version.version), before=current.version.version)

    @staticmethod
    def _hold_back(slot: Slot, current: Route, number: int, why: str) -> None:
        """Notes that a newer version is not taken over, and says so once."""
        if (slot.pending, slot.pending_reason) != (number, why):
            _log.warning("schema_held_back", **_known(slot, number), stays=current.version.version, reason=why)
        slot.pending, slot.pending_reason, slot.judged = number, why, None

    async def _compile(self, slot: Slot, version: SchemaVersion) -> Route:
        """The route of a slot with a certain version. Raises SchemaError, from memory where nothing has changed."""
        contract = slot.contract
        for known in slot.unusable:
            if known.is_for(version, contract):
                raise SchemaError(known.reason)
        try:
            return await _aside(slot, lambda: compile_route(contract, slot.variant, version, depth=self._depth))
        except SchemaError as exc:
            slot.unusable.append(Unusable(version, contract, str(exc)))
            raise

    def _activate(self, slot: Slot, route: Route) -> None:
        # The contract's bounds may have changed while the schema was compiled.
        label = self._labels.setdefault(astuple(route.label), route.label)
        slot.start(replace(route, contract=slot.contract, label=label))
        if slot.contract.version is None:
            self._last.put(slot.contract.name, route.version.subject, route.version.version)

    def _stop(self, slot: Slot, reason: str) -> None:
        """Makes the slot inactive, and forgets what it had in use: nothing may be written under that ID again."""
        if slot.route is not None:
            slot.stop()
            self._last.drop(slot.contract.name, slot.variant.subject)
        self._deactivate(slot, reason)

    @staticmethod
    def _deactivate(slot: Slot, reason: str) -> None:
        if slot.reason != reason:
            _log.warning("contract_inactive", contract=slot.contract.name, reason=reason)
        slot.reason = reason

    def bound_timestamps(self, limits_ms: Callable[[str], tuple[int | None, int | None]]) -> None:
        """Narrows each contract's timestamp bounds to what its Kafka topic takes.

        ``limits_ms``: topic -> how far ahead of and behind Kafka's clock a timestamp may be, None where unknown.
        """
        changed = False
        for slot in self.slots:
            declared = slot.declared.timestamp
            if declared is None:
                continue
            bounded = _within(declared, *limits_ms(slot.variant.topic))
            if bounded != slot.contract.timestamp:
                slot.contract = replace(slot.contract, timestamp=bounded)
                if slot.route is not None:
                    slot.route = replace(slot.route, contract=slot.contract)
                    changed = True
        if changed:
            self.on_change()


async def _aside(slot: Slot, work: Callable[[], T]) -> T:
    """What ``work`` returns, off the event loop: a large schema must delay no acknowledgement. Raises SchemaError."""
    return await asyncio.to_thread(guarded, slot.contract.name, work)


def _within(declared: Timestamp, ahead_ms: int | None, behind_ms: int | None) -> Timestamp:
    def narrowed(own_s: int, limit_ms: int | None) -> int:
        return own_s if limit_ms is None else max(0, min(own_s, limit_ms // 1000 - CLOCK_MARGIN_S))

    return replace(
        declared, ahead_s=narrowed(declared.ahead_s, ahead_ms), behind_s=narrowed(declared.behind_s, behind_ms)
    )


def _known(slot: Slot, number: int) -> dict[str, Any]:
    """What the log says of a version."""
    return {"contract": slot.contract.name, "subject": slot.variant.subject, "version": number}


def _why_inactive(slot: Slot, exc: Exception) -> str:
    subject = slot.variant.subject
    if isinstance(exc, SubjectNotFound):
        return f"the registry does not know subject {subject!r}: register its schema (gateway schemas apply)"
    if isinstance(exc, SchemaDoubted):
        return f"the schema of subject {subject!r} is in doubt: {exc}"
    if isinstance(exc, RegistryUnavailable):
        return f"the schema of subject {subject!r} is not known here, and the registry does not answer: {exc}"
    return f"the schema of subject {subject!r} cannot be used: {exc}"
