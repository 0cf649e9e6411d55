"""The only place where objects are wired: a project's files become a running gateway."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import structlog

from gateway import __version__
from gateway.admin.server import AdminServer
from gateway.config.load import Project
from gateway.kafka.sink import KafkaSink
from gateway.kafka.topics import TopicInspector
from gateway.mqtt.source import make_source
from gateway.pipeline.deadletter import DeadLetters
from gateway.pipeline.engine import Engine
from gateway.pipeline.overview import Overview
from gateway.pipeline.routes import RouteTable
from gateway.pipeline.stats import Stats
from gateway.registry.cache import CachedRegistry
from gateway.registry.client import RegistryClient
from gateway.registry.snapshot import Snapshot
from gateway.service.clock import SystemClock
from gateway.service.connection import Connection
from gateway.service.crash_watch import CrashWatch
from gateway.service.holds import Holds
from gateway.service.memory import HeldFilters, LastVersions
from gateway.service.overview import Observer
from gateway.service.readiness_log import LOOK_S, ReadinessLog
from gateway.service.schemas import Schemas
from gateway.service.topics import Topics

DRAIN_S = 20.0
"""How long a shutdown waits for Kafka; below the 30 s that Kubernetes allows by default, and the 90 s of systemd."""

_log = structlog.get_logger(__name__)


class Gateway:
    """One gateway, from its files to its end."""

    def __init__(self, project: Project, *, state: Path | None = None) -> None:
        """Wires the parts; connects to nothing yet. ``state`` overrides the folder that the settings name.

        Raises ConfigError for properties that a client library refuses.
        """
        settings = project.settings
        folder = state or settings.state
        clock, stats = SystemClock(), Stats()
        kafka = {"client.id": settings.mqtt.client_id, **settings.kafka}
        self._settings = settings
        self._clock = clock
        self._client = RegistryClient(settings.registry)
        snapshot = Snapshot(folder, self._client.urls)
        self._registry = CachedRegistry(self._client, snapshot, clock, settings.registry.refresh_s)
        held = HeldFilters(folder, settings.mqtt.client_id, settings.mqtt.url)
        self._schemas = Schemas(
            project.contracts, self._registry, LastVersions(folder), clock, depth=settings.limits.depth
        )
        dead_letters = DeadLetters(settings.dead_letters.unrouted, settings.dead_letters.payload, __version__)
        self.engine = Engine(
            RouteTable([]),
            dead_letters,
            stats,
            clock,
            max_messages=settings.mqtt.receive_maximum,
            max_bytes=settings.limits.window_bytes,
        )
        self._crash_watch = CrashWatch(folder, settings.mqtt.receive_maximum)
        self._sink = KafkaSink(kafka, self.engine, clock)
        self.engine.sink = self._sink
        topics = Topics(TopicInspector(kafka))
        self._holds = Holds(settings, self._schemas, topics, self._sink, held, stats)
        source = make_source(settings.mqtt, settings.limits, clock.now_ms)
        self._connection = Connection(settings, source, self.engine, self._schemas, self._holds, held, clock)
        self._schemas.on_change = self._publish_routes
        self._observer = Observer(
            __version__,
            clock.now_ms(),
            clock.monotonic(),
            clock,
            self.engine,
            self._schemas,
            self._connection,
            self._holds,
            self._sink,
            self._registry,
        )
        self.admin = AdminServer(settings.admin.listen, self.overview)

    def overview(self) -> Overview:
        """The gateway's state now."""
        return self._observer.overview()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until ``stop`` is set, then drains.

        Raises SessionTakenOver where another instance took the session, ConfigError and GatewayError for what
        cannot work at all; peers that do not answer are waited for.
        """
        _log.info("starting", version=__version__, contracts=len(self._schemas.slots))
        await self.admin.start()
        if self._crash_watch.open():
            self.engine.watch = self._crash_watch
        try:
            self._sink.open()
            try:
                await self._run_until(stop)
            finally:
                await self._sink.close()
        finally:
            await self._registry.aclose()
            await self._client.aclose()
            await self.admin.stop()
            self._crash_watch.close()  # whatever is raised here, the process does not die of a message
        _log.info("stopped")

    async def _run_until(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        fault: asyncio.Future[None] = loop.create_future()
        loop.set_exception_handler(lambda _, context: _note_fault(fault, context))
        working = asyncio.create_task(self._work(), name="gateway")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        telling = asyncio.create_task(self._tell_readiness(), name="readiness")
        waited: list[asyncio.Future[Any]] = [working, stopping, telling, fault]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        telling.cancel()
        for ended in (working, telling, fault):
            if ended.done():
                working.cancel()
                ended.result()
                return
        _log.info("draining", seconds=DRAIN_S)
        left = await self._connection.drain(lambda: self._sink.flush(DRAIN_S))
        if left:
            _log.warning("unacknowledged_at_stop", messages=left, detail="the broker keeps them for the next start")
        working.cancel()
        await asyncio.wait({working})

    async def _work(self) -> None:
        """Keeps schemas and connection; both go on for ever, so whichever ends has failed, and is raised."""
        await self._schemas.refresh()
        # What exists now stays: a full collection would walk 80 MB of modules and compiled schemas again and again.
        # The second collection lets the collector forget how much there was, or full collections would stay rare.
        gc.collect()
        gc.freeze()
        gc.collect()
        tasks = {
            asyncio.create_task(self._connection.run(), name="connection"),
            asyncio.create_task(self._watch(), name="watch"),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _watch(self) -> None:
        """Looks for new schema versions, and for what inactive contracts wait for, again and again."""
        while True:
            await asyncio.sleep(self._schemas.next_look_s(self._settings.registry.refresh_s))
            await self._schemas.refresh()
            await self._holds.look_at_topics()
            self._connection.resubscribe()

    async def _tell_readiness(self) -> None:
        """Tells the log when messages stop to flow, and when they flow again."""
        log = ReadinessLog(self._clock)
        while True:
            log.look(self._observer.not_ready())
            await asyncio.sleep(LOOK_S)

    def _publish_routes(self) -> None:
        self.engine.routes = self._schemas.table()
        self._connection.resubscribe()


def _note_fault(fault: asyncio.Future[None], context: dict[str, Any]) -> None:
    """Ends the gateway on an exception in a callback, which asyncio would only log: the state is unknown from then on.

    What a socket does in its last moments is no such fault, nor that there are no file descriptors for another one:
    asyncio tells that many times a second.
    """
    exc = context.get("exception")
    if isinstance(exc, OSError):
        _log.warning("socket_failed", reason=f"{context.get('message')}: {exc}")
        return
    _log.error("unexpected_exception", detail=context.get("message"), exc_info=exc)
    if exc is not None and not fault.done():
        fault.set_exception(exc)
