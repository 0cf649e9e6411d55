"""How the whole gateway connects: protocol versions, TLS, and what it says when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.parts.mosquitto import Mosquitto
from tests.parts.waiting import eventually
from tests.system.gateway.stage import Stage

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]

READING = b'{"n":1,"temp":21.5}'


class Secured:
    """A broker that speaks TLS, with a certificate of a private CA."""

    def __init__(self, broker: Mosquitto, ca_file: Path, other_ca_file: Path) -> None:
        self.broker = broker
        self.ca_file = ca_file
        self.other_ca_file = other_ca_file
        """Of a CA that has signed nothing."""


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    """A mosquitto with TLS on 127.0.0.1."""
    authority, stranger = trustme.CA(), trustme.CA()
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "other", "cert", "key")}
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(files["ca"]))
    stranger.cert_pem.write_to_path(str(files["other"]))
    certificate.private_key_pem.write_to_path(str(files["key"]))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(files["cert"]), append=True)
    with Mosquitto(tmp_path / "broker", tls_cert=files["cert"], tls_key=files["key"]) as broker:
        yield Secured(broker, files["ca"], files["other"])


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_messages_flow_over_both_versions(version: str, stage: Stage, mosquitto: Mosquitto) -> None:
    """A valid and an invalid message reach their topics, at QoS 0 and 1."""
    topic, dead = stage.declare("pumps")
    gateway = await stage.started(mosquitto.url, mqtt={"version": version})
    for qos in (0, 1):
        await asyncio.to_thread(mosquitto.publish, "pumps/p1", READING, b"no json", qos=qos)
    await stage.arrived(2, topic)
    await stage.arrived(2, dead)
    assert [record.key for record in await stage.consume(topic)] == [b"p1", b"p1"]
    assert [letter.value for letter in await stage.consume(dead)] == [b"no json", b"no json"]
    assert gateway.get("/readyz")["ready"] is True


async def test_qos_2_flows_over_mqtt_5(stage: Stage, mosquitto: Mosquitto) -> None:
    """At QoS 2 each message arrives once."""
    topic, _ = stage.declare("pumps", qos=2)
    await stage.started(mosquitto.url)
    await asyncio.to_thread(mosquitto.publish, "pumps/p1", *[READING] * 20, qos=2)
    await stage.arrived(20, topic)
    assert await stage.count(topic) == 20


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_private_ca_is_trusted_when_named(version: str, stage: Stage, secured: Secured) -> None:
    """With ``mqtt.tls.ca_file`` the gateway connects and is ready."""
    stage.declare("pumps")
    gateway = await stage.started(
        secured.broker.url, mqtt={"version": version, "tls": {"ca_file": str(secured.ca_file)}}
    )
    assert gateway.get("/readyz")["ready"] is True


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_certificate_of_a_stranger_is_refused_with_a_reason(
    version: str, stage: Stage, secured: Secured
) -> None:
    """The gateway stays up, not ready, and names the certificate, the file and what to do."""
    stage.declare("pumps")
    stage.register()
    tls = {"ca_file": str(secured.other_ca_file)}
    gateway = stage.gateway(secured.broker.url, mqtt={"version": version, "tls": tls})
    await asyncio.to_thread(gateway.launch)
    await eventually(lambda: "mqtt_disconnected" in codes(gateway.get("/readyz", {})), 30, "not ready")
    [reason] = [each for each in gateway.get("/readyz")["reasons"] if each["code"] == "mqtt_disconnected"]
    assert "certificate" in reason["detail"]
    assert str(secured.other_ca_file) in reason["detail"]
    assert gateway.process.running


async def test_an_unreachable_broker_is_waited_for(stage: Stage, mosquitto: Mosquitto) -> None:
    """Started before its broker, the gateway says so and becomes ready once the broker is there."""
    stage.declare("pumps")
    stage.register()
    mosquitto.stop()
    gateway = stage.gateway(mosquitto.url)
    await asyncio.to_thread(gateway.launch)
    await eventually(lambda: "mqtt_disconnected" in codes(gateway.get("/readyz", {})), 30, "not ready")
    mosquitto.start()
    await asyncio.to_thread(gateway.wait_ready)


async def test_a_second_instance_takes_over_and_the_first_says_so(stage: Stage, mosquitto: Mosquitto) -> None:
    """The same client ID twice: either the first exits 4 (the broker told it), or both report a contested session."""
    stage.declare("pumps")
    first = await stage.started(mosquitto.url, mqtt={"client_id": "same"})
    second = stage.gateway(mosquitto.url, mqtt={"client_id": "same"})
    await asyncio.to_thread(second.launch)

    def noticed() -> bool:
        return not first.process.running or "session_contested" in first.log + second.log

    await eventually(noticed, 60, "the contest noticed")
    if not first.process.running:
        assert "session_taken_over" in first.log


def codes(readiness: dict) -> set[str]:  # type: ignore[type-arg]  # JSON
    """The reasons of /readyz."""
    return {reason["code"] for reason in readiness.get("reasons", [])}
