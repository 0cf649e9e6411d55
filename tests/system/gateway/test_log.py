"""The log's reader stalls: the gateway goes on."""

from __future__ import annotations

import os
from pathlib import Path

from tests.parts.gateway import GatewayProcess
from tests.parts.pipes import Pipe
from tests.parts.processes import free_port
from tests.parts.waiting import eventually


async def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    """A log shipper that hangs: the admin endpoint answers, and SIGTERM ends the gateway in order."""
    nobody = f"127.0.0.1:{free_port()}"
    gateway = GatewayProcess(
        tmp_path,
        mqtt={"url": f"mqtt://{nobody}"},
        kafka={"bootstrap.servers": nobody},
        registry={"url": f"http://{nobody}"},
    )
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    log = Pipe(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), os.open(fifo, os.O_WRONLY))
    os.set_blocking(log.read, True)
    held = log.stall()
    gateway.wrapper = ("sh", "-c", 'exec "$@" 2> "$0"', str(fifo))
    gateway.launch()
    try:
        await eventually(lambda: gateway.get("/readyz"), 30, "an answer of the admin endpoint")
        assert gateway.process.terminate() == 0
    finally:
        gateway.close()
    assert log.read_all() == b"-" * held
