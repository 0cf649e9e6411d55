"""The drain: N messages wait in a persistent session of a real mosquitto, and go to a real Kafka.

CPU is that of the contender's process tree, user and system, as the kernel counts it. What matters is
the slope between two sizes: starting up, connecting and compiling cost the same for both.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # the package lists no exports
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench import loader, telemetry
from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import Mosquitto
from tests.parts.processes import Process, free_port

PARTITIONS = 4
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LONGEST_S = 900
LOOK_S = 5
"""Between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """One contender draining once."""

    messages: int
    cpu_s: float
    elapsed_s: float
    """From the start of the process to the last record in Kafka."""
    peak_bytes: int
    """Largest resident set."""


@dataclass(frozen=True, slots=True)
class Slope:
    """What a message costs, from two runs of different size."""

    cpu_us: float
    per_s: float
    """Messages per second between the two sizes."""
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Outage:
    """The gateway while Kafka does not answer and the MQTT broker is full."""

    resident_bytes: Sequence[int]
    """Resident set, every ``LOOK_S`` from when Kafka froze."""
    cpu_share: float
    """Of one core, while it waits."""
    peak_bytes: int
    """Largest resident set, the catch-up after it included."""
    back_s: float
    """From Kafka's return to the first records that it takes."""
    caught_up_per_s: float
    """Messages a second from then on, until none waits."""


def slope(small: Run, large: Run) -> Slope:
    """The cost of a message beyond what a run costs anyway."""
    messages = large.messages - small.messages
    return Slope(
        (large.cpu_s - small.cpu_s) / messages * 1e6,
        messages / (large.elapsed_s - small.elapsed_s),
        large.peak_bytes,
    )


class Arena:
    """The peers: one mosquitto, one Kafka, one development registry, for all contenders in turn."""

    def __init__(self, folder: Path, mosquitto: Mosquitto, kafka: KafkaBroker, registry_url: str) -> None:
        self._folder = folder
        self._mosquitto = mosquitto
        self._kafka = kafka
        self._registry_url = registry_url

    def run(self, contender: str, kind: str, messages: int) -> Run:
        """Fills the session, starts the contender, waits until Kafka has everything, and counts."""
        self._fill_session(messages)
        before = self._stored(kind)
        command = self._command(contender, kind)
        began = time.monotonic()
        process = Process(command, self._folder / f"{contender}.log")
        process.wait_ready(lambda: self._stored(kind) - before >= messages, _LONGEST_S)
        elapsed_s = time.monotonic() - began
        cpu_s = _cpu_s(process.pid)
        peak_bytes = process.most_resident_bytes
        _end(process)
        return Run(messages, cpu_s, elapsed_s, peak_bytes)

    def outage(self, kind: str, messages: int, looks: int) -> Outage:
        """Freezes Kafka in the middle of a drain, looks at the gateway now and then, and lets it catch up."""
        self._fill_session(messages)
        before = self._stored(kind)
        process = Process(self._command("gateway", kind), self._folder / "outage.log")
        process.wait_ready(lambda: self._stored(kind) - before >= messages // 10, _LONGEST_S)
        self._kafka.pause()
        cpu_s = _cpu_s(process.pid)
        resident = []
        for _ in range(looks):
            time.sleep(LOOK_S)
            resident.append(process.resident_bytes)
        cpu_s = _cpu_s(process.pid) - cpu_s
        self._kafka.resume()
        resumed = time.monotonic()
        process.wait_ready(lambda: self._holds(kind, before + messages // 5), _LONGEST_S)
        began, stored = time.monotonic(), self._stored(kind)
        process.wait_ready(lambda: self._holds(kind, before + messages), _LONGEST_S)
        per_s = (before + messages - stored) / (time.monotonic() - began)
        peak_bytes = process.most_resident_bytes
        _end(process)
        return Outage(resident, cpu_s / (looks * LOOK_S), peak_bytes, began - resumed, per_s)

    def _fill_session(self, messages: int) -> None:
        """So many messages wait for client ID ``bench``."""
        self._prepare_session()
        loader.load(self._mosquitto.port, messages)

    def _prepare_session(self) -> None:
        """A fresh session of client ID ``bench`` with its subscription, and nobody connected."""
        client = Client(CallbackAPIVersion.VERSION2, client_id="bench", protocol=MQTTv5)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it so
        properties.SessionExpiryInterval = 604800
        subscribed: list[int] = []
        client.on_subscribe = lambda *arguments: subscribed.append(arguments[2])
        client.connect("127.0.0.1", self._mosquitto.port, clean_start=True, properties=properties)
        client.subscribe("plant/+/+/readings", qos=1)
        while not subscribed:
            client.loop(0.1)
        client.disconnect()
        while client.loop(0.1) == 0:
            pass

    def _stored(self, kind: str) -> int:
        """Records in the contender's topic and in the dead-letter topic."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent-kafka leaves it so
        wanted = {
            TopicPartition(topic, partition): latest
            for topic, partitions in ((telemetry.TOPICS[kind], PARTITIONS), ("bench.dlq", 1))
            for partition in range(partitions)
        }
        return sum(answer.result(10).offset for answer in self._kafka.admin.list_offsets(wanted).values())

    def _holds(self, kind: str, records: int) -> bool:
        """Whether so many are stored; False while a broker that was away is fenced, and cannot say."""
        try:
            return self._stored(kind) >= records
        except KafkaException:
            self._kafka.renew_admin()
            return False

    def _command(self, contender: str, kind: str) -> list[str]:
        if contender == "gateway":
            return [sys.executable, "-m", "gateway", "run", "-c", str(self._write_gateway(kind))]
        ports = [str(self._mosquitto.port), self._kafka.bootstrap, self._registry_url]
        return [sys.executable, "-m", f"bench.contenders.{contender}", kind, *ports]

    def _write_gateway(self, kind: str) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        telemetry.write_contract(folder / "schemas", kind)
        config = folder / "gateway.yaml"
        config.write_text(
            f"mqtt: {{url: 'mqtt://127.0.0.1:{self._mosquitto.port}', client_id: bench}}\n"
            f"kafka: {{bootstrap.servers: '{self._kafka.bootstrap}'}}\n"
            f"registry: {{url: '{self._registry_url}'}}\n"
            "dead_letters: {unrouted: bench.dlq}\n"
            f"admin: {{listen: '127.0.0.1:{free_port()}'}}\n",
        )
        return config


@contextmanager
def arena() -> Iterator[Arena]:
    """The peers, started and stopped around the block."""
    with tempfile.TemporaryDirectory(prefix="schema-gateway-bench-") as name:
        folder = Path(name)
        broker = KafkaBroker(_made(folder / "kafka"))
        registry: Process | None = None
        with Mosquitto(folder / "mosquitto", verbose=False) as mosquitto:
            try:
                broker.start()
                for topic in telemetry.TOPICS.values():
                    broker.create_topic(topic, PARTITIONS)
                broker.create_topic("bench.dlq")
                for kind in telemetry.SCHEMAS:
                    telemetry.write_schema(folder / "registry" / kind, kind)
                url = f"http://127.0.0.1:{(port := free_port())}"
                serve = [sys.executable, "-m", "gateway", "registry", "serve", "--port", str(port)]
                registry = Process([*serve, str(folder / "registry")], folder / "registry.log")
                registry.wait_ready(_answers(url), 30)
                yield Arena(folder, mosquitto, broker, url)
            finally:
                if registry is not None:
                    registry.terminate()
                broker.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _answers(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return httpx.get(f"{url}/subjects", timeout=1).is_success
        except httpx.TransportError:
            return False

    return answers


def _end(process: Process) -> None:
    code = process.terminate()
    if code not in {0, -15}:
        raise SystemExit(f"a contender ended with exit code {code}:\n{process.tail()}")


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process, its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS_PER_S
