"""A real mosquitto on a free port of 127.0.0.1, with persistence, in a folder of its own.

``Mosquitto`` is a context manager; the fixture ``mosquitto`` gives a fresh one to a test.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.parts.cache import PartMissing
from tests.parts.processes import Process, free_port

_CONNECT = bytes.fromhex("100f00044d515454040200050003707266")
"""CONNECT of MQTT 3.1.1, clean session, client ID "prf": what the start waits to be answered."""


class Mosquitto:
    """One broker process. Options that begin with ``tls`` make it speak TLS only."""

    def __init__(
        self,
        folder: Path,
        *,
        users: dict[str, str] | None = None,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
        tls_client_ca: Path | None = None,
        config: Sequence[str] = (),
        verbose: bool = True,
    ) -> None:
        """``verbose`` logs every packet, which a benchmark does not want to pay for."""
        self.folder = folder
        self.port = free_port()
        self.tls = tls_cert is not None
        self._verbose = verbose
        self._process: Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 0",
            "max_inflight_messages 1000",
            f"listener {self.port} 127.0.0.1",
            *config,
        ]
        if users is None:
            lines.append("allow_anonymous true")
        else:
            passwords = folder / "passwords"
            passwords.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
            subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, capture_output=True)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        if tls_cert is not None:
            lines += [f"certfile {tls_cert}", f"keyfile {tls_key}"]
        if tls_client_ca is not None:
            lines += [f"cafile {tls_client_ca}", "require_certificate true"]
        if not any(line.startswith("user ") for line in config):
            lines.append("user root")  # else a broker started by root drops to a user that may not write the folder
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The broker's address as ``mqtt.url``."""
        return f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that the broker has logged."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def process(self) -> Process:
        """The running process, to pause it for example."""
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Returns when the port answers CONNECT (with TLS: accepts connections)."""
        assert self._process is None, "already running"
        verbose = ["-v"] if self._verbose else []
        command = [program(), *verbose, "-c", str(self.folder / "mosquitto.conf")]
        self._process = Process(command, self.folder / "log")
        self._process.wait_ready(self._answers, 10)

    def stop(self) -> None:
        """Ends the process by SIGTERM, which saves the sessions."""
        self._end(kill=False)

    def kill(self) -> None:
        """Ends the process by SIGKILL, which saves nothing."""
        self._end(kill=True)

    def restart(self) -> None:
        """Stops, with the sessions saved, and starts on the same port."""
        self.stop()
        self.start()

    def publish(self, topic: str, *payloads: bytes, qos: int = 1, retain: bool = False) -> None:
        """Publishes in order over one connection; from QoS 1 on the broker has them all when this returns."""
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        client = Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            for info in [client.publish(topic, payload, qos, retain) for payload in payloads]:
                info.wait_for_publish(30)
                assert info.is_published(), "the broker did not take the message"
        finally:
            client.disconnect()
            client.loop_stop()

    def read(self, topic: str, count: int = 1, timeout_s: int = 5) -> list[dict[str, Any]]:
        """Up to ``count`` messages that arrive (or are retained) within the time, as mosquitto_sub -F %j tells them."""
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-C", str(count)]
        done = subprocess.run([*command, "-F", "%j", "-W", str(timeout_s)], capture_output=True, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                if self.tls:
                    return True
                probe.sendall(_CONNECT)
                return probe.recv(4)[:1] == b"\x20"
        except OSError:
            return False

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()


def program() -> str:
    """The broker's executable; Debian keeps it where a user's PATH does not look. Raises PartMissing."""
    beside = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=beside)
    if found is None:
        raise PartMissing("mosquitto is not installed", "apt-get install mosquitto mosquitto-clients")
    return found


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker of the test's own: anonymous, plain TCP."""
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker
