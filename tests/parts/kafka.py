"""A real Apache Kafka: one node (KRaft), ANONYMOUS without ACLs may do anything.

Fixtures: ``kafka`` is shared by the whole test run, so tests use topics of their own
(``kafka.new_topic()``) and leave the broker alone; ``own_kafka`` belongs to one test, which may
stop, kill and pause it.

Needs Java 17 and, the first time, Maven (54 MB).
"""

from __future__ import annotations

import base64
import logging
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.parts.cache import PROJECT, cached, java, maven
from tests.parts.processes import PartFailed, Process, free_port

VERSION = "4.3.1"
_quiet = logging.getLogger("tests.parts.kafka")
_quiet.setLevel(logging.CRITICAL)  # librdkafka tells of every failed connect while the broker starts

# The last two: after a kill the controller refuses the broker until its old session has expired (default 9 s).
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


def _second_listener(port: int, controller: int, proxied: int, proxy: int) -> dict[str, str]:
    own, second = f"PLAINTEXT://127.0.0.1:{port}", "PROXIED://127.0.0.1:{}"
    return {
        "listeners": f"{own},{second.format(proxied)},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"{own},{second.format(proxy)}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
    }


def _second_node(port: int, controller: int, proxied: int) -> dict[str, str]:
    """Those who come by a proxy find the second node beside it: it must be on that listener too."""
    both = f"PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxied}"
    return {
        "process.roles": "broker",
        "node.id": "2",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": both,
        "advertised.listeners": both,
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
    }


class Consumed(NamedTuple):
    """One record as a consumer sees it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds since 1970 UTC."""
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


@cache
def jars() -> Path:
    """The folder of Kafka's jars. Raises PartMissing."""
    java_program()

    def build(folder: Path) -> None:
        maven(
            "--file",
            str(PROJECT / "deploy" / "parts" / "pom.xml"),
            f"-Dkafka.version={VERSION}",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={folder}",
        )

    return cached(f"kafka-{VERSION}", build)


def java_program() -> Path:
    """A Java that runs Kafka. Raises PartMissing."""
    return java(at_least=17, package="openjdk-17-jdk-headless")


class KafkaBroker:
    """One broker with its data folder, which survives ``stop`` and ``kill``."""

    def __init__(
        self,
        folder: Path,
        properties: Mapping[str, str] | None = None,
        proxy_port: int | None = None,
        joins: KafkaBroker | None = None,
    ) -> None:
        """Writes its configuration below ``folder`` and formats its data; ``start`` starts it.

        ``properties`` are added to server.properties. With ``proxy_port`` it listens on ``proxied_port`` too, and
        sends clients that come there to a proxy on that port; all others stay with it. One that ``joins`` another is
        the second node of its cluster, and has no controller.
        """
        self._jars = jars()
        self._folder = folder
        port, controller, self.proxied_port = free_port(), free_port(), free_port()
        self.proxy_port = proxy_port or 0
        self._controller: int = controller if joins is None else joins._controller
        if proxy_port is not None:
            properties = {**_second_listener(port, controller, self.proxied_port, proxy_port), **(properties or {})}
        self.port = port
        self.bootstrap = f"127.0.0.1:{port}"
        if joins is not None:
            properties = {**_second_node(port, self._controller, self.proxied_port), **(properties or {})}
        self._config = folder / "server.properties"
        text = _PROPERTIES.format(port=port, controller=controller, data=folder / "data") + "".join(
            f"{name}={value}\n" for name, value in (properties or {}).items()
        )
        self._config.write_text(text)
        self._process: Process | None = None
        self._admin: AdminClient | None = None
        # A leading - would be taken for an option.
        new = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        self._cluster: str = new if joins is None else joins._cluster
        self._run_tool("kafka.tools.StorageTool", "format", "-t", self._cluster, "-c", str(self._config))

    def _java(self, *heap: str) -> list[str]:
        program = str(java_program())
        logs = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        # One compiler tier: a broker that lives seconds to minutes starts sooner and uses less of two cores.
        tuning = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [program, *heap, *tuning, logs, "-cp", f"{self._jars}/*"]

    def _run_tool(self, name: str, *arguments: str) -> None:
        command = [*self._java("-Xmx128m"), name, *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if run.returncode:
            raise PartFailed(f"{name} failed: {run.stdout[-2000:]} {run.stderr[-2000:]}")

    def launch(self) -> None:
        """Starts the process and returns at once; ``ready`` tells when it answers."""
        assert self._process is None or not self._process.running, "already running"
        command = [*self._java("-Xms128m", "-Xmx384m"), "kafka.Kafka", str(self._config)]
        self._process = Process(command, self._folder / "kafka.log")

    def ready(self) -> bool:
        """Whether it answers a metadata request now (waits at most 0.3 s for the answer)."""
        return bool(self._nodes(timeout_s=0.3))

    def start(self) -> None:
        """Returns when it answers. Raises PartFailed."""
        self.launch()
        self.process.wait_ready(self.ready, timeout_s=60)

    @property
    def process(self) -> Process:
        """The running process."""
        assert self._process is not None, "not started"
        return self._process

    def stop(self) -> None:
        """Ends it in order (SIGTERM); its data stay."""
        self.process.terminate()

    def kill(self) -> None:
        """Ends it by SIGKILL; its data stay as they are at this moment."""
        self.process.kill()

    def restart(self) -> None:
        """Stops and starts it, on the same port and data; returns when it answers."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stops the process where it is (SIGSTOP): connections stay open, nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        """Ends a pause."""
        self.process.resume()

    def renew_admin(self) -> None:
        """Makes ``admin`` a new client: after a long pause the broker was fenced, and the old one keeps its epoch."""
        self._admin = None

    def outlive(self, second: KafkaBroker) -> None:
        """Ends the second node of its cluster for good; returns when new clients hear of this one only.

        Until then any of the nodes is named as the controller, and who was told of the other goes on asking it.
        """
        second.close()
        self.renew_admin()
        self.process.wait_ready(lambda: self._nodes() == {1}, timeout_s=30)
        self.renew_admin()

    def _nodes(self, timeout_s: float = 1) -> set[int]:
        """Those of the cluster, as far as this one knows; empty while it does not answer."""
        try:
            return set(self.admin.list_topics(timeout=timeout_s).brokers)
        except KafkaException:
            return set()

    def close(self) -> None:
        """Ends it for good, and the clients made here."""
        self._admin = None
        if self._process is not None and self._process.running:
            self._process.kill()

    @property
    def admin(self) -> AdminClient:
        """A client for what this class does not offer: ACLs, configuration, offsets."""
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap}, logger=_quiet)
        return self._admin

    def new_topic(self, partitions: int = 1, **config: str) -> str:
        """Creates a topic of a new name and returns the name; ``config`` with ``_`` for ``.``."""
        name = f"t-{uuid.uuid4().hex[:12]}"
        self.create_topic(name, partitions, {key.replace("_", "."): value for key, value in config.items()})
        return name

    def create_topic(
        self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None, nodes: Sequence[int] = (1,)
    ) -> None:
        """Creates a topic and returns when the broker's metadata show it; ``nodes`` hold it, led by the first."""
        topic = NewTopic(name, partitions, replica_assignment=[list(nodes)] * partitions, config=dict(config or {}))
        self.admin.create_topics([topic])[name].result(20)
        self.process.wait_ready(lambda: self._partitions(name) == list(range(partitions)), timeout_s=20)

    def delete_topic(self, name: str) -> None:
        """Deletes a topic and returns when the broker's metadata no longer show it."""
        self.admin.delete_topics([name])[name].result(20)
        self.process.wait_ready(lambda: not self._partitions(name), timeout_s=20)

    def wait_in_sync(self, topic: str, replicas: int) -> None:
        """Returns when so many replicas of every partition are in sync."""

        def are_in_sync() -> bool:
            partitions = self.admin.list_topics(topic, timeout=10).topics[topic].partitions
            return all(len(each.isrs) >= replicas for each in partitions.values())

        self.process.wait_ready(are_in_sync, timeout_s=30)

    def _partitions(self, topic: str) -> list[int]:
        found = self.admin.list_topics(timeout=10).topics.get(topic)
        return sorted(found.partitions) if found is not None and found.error is None else []

    def consume(
        self, topic: str, timeout_s: float = 30, first: Mapping[int, int] = MappingProxyType({})
    ) -> list[Consumed]:
        """All that the topic holds now, partition by partition in the order of their offsets.

        ``first``: for a partition the first offset that is wanted, the beginning where it is left out.
        """
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "tests",  # required by the client; nothing is committed
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 50,
            },
            logger=_quiet,
        )
        try:
            partitions = self._partitions(topic)
            consumer.assign([TopicPartition(topic, each, first.get(each, OFFSET_BEGINNING)) for each in partitions])
            records: list[Consumed] = []
            while partitions:
                message = consumer.poll(timeout_s)
                assert message is not None, f"Kafka did not answer for {timeout_s} s"
                if (error := message.error()) is None:
                    records.append(_consumed(message))
                elif error.name() == "_PARTITION_EOF":
                    partitions = [partition for partition in partitions if partition != message.partition()]
                elif not error.retriable():
                    raise PartFailed(f"cannot read {topic}: {error}")
        finally:
            consumer.close()
        return sorted(records, key=lambda record: (record.partition, record.offset))


def _consumed(message) -> Consumed:
    return Consumed(
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        message.headers() or [],
    )


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A running broker for the whole test run: use topics of your own, do not stop it."""
    yield from _running(tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A running broker for one test, which may do to it what it likes."""
    yield from _running(tmp_path)


def _running(folder: Path) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
