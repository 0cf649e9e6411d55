"""The probe against a real mosquitto: honest answers, and nothing left behind."""

import asyncio
from pathlib import Path

import pytest

from gateway.config.settings import Limits, Mqtt
from gateway.errors import LinkError
from gateway.mqtt.probe import Probe
from gateway.mqtt.source import make_source
from gateway.pipeline.acks import AckWindow
from gateway.pipeline.ports import Subscription
from tests.parts.mosquitto import Mosquitto
from tests.parts.processes import free_port
from tests.parts.receiver import Received
from tests.parts.waiting import eventually

pytestmark = pytest.mark.mosquitto

both_versions = pytest.mark.parametrize("version", ["5", "3.1.1"])


def settings_of(broker: Mosquitto, version: str = "5", **more: str) -> Mqtt:
    return Mqtt.model_validate({"url": broker.url, "version": version, **more})


@both_versions
async def test_the_granted_qos(mosquitto: Mosquitto, version: str) -> None:
    """One answer for each filter, in order, over as many packets as it takes."""
    wanted = [Subscription(f"t/{n}/#", n % 2) for n in range(20)]
    async with Probe(settings_of(mosquitto, version), "gw-check") as probe:
        assert await probe.subscribe(wanted) == [n % 2 for n in range(20)]
        assert probe.shares is (True if version == "5" else None)


async def test_less_than_asked_for(tmp_path: Path) -> None:
    """A broker that allows QoS 0 only says so."""
    with Mosquitto(tmp_path, config=["max_qos 0"]) as broker:
        async with Probe(settings_of(broker), "gw-check") as probe:
            assert await probe.subscribe([Subscription("a", 1)]) == [0]


@both_versions
async def test_it_leaves_no_session(mosquitto: Mosquitto, version: str) -> None:
    """Who connects under the same ID later finds none."""
    async with Probe(settings_of(mosquitto, version), "gw-check") as probe:
        await probe.subscribe([Subscription("a", 1)])
    later = settings_of(mosquitto, version, client_id="gw-check")
    link = await make_source(later, Limits()).connect(Received(), AckWindow(10, 1000))
    assert link.session_present is False
    await link.disconnect()


@both_versions
async def test_the_production_session_is_untouched(mosquitto: Mosquitto, version: str) -> None:
    """It keeps its connection and its messages, and shares nothing with the probe."""
    settings = settings_of(mosquitto, version, client_id="gw")
    received = Received()
    link = received.link = await make_source(settings, Limits()).connect(received, AckWindow(10, 1000))
    await link.subscribe([Subscription("$share/group/a/+" if version == "5" else "a/+", 1)])
    async with Probe(settings, "gw-check") as probe:
        await probe.subscribe([Subscription("a/+", 1)])
        payloads = [b"%d" % n for n in range(5)]
        await asyncio.to_thread(mosquitto.publish, "a/1", *payloads)
        await received.wait(5)
    assert received.payloads == payloads
    received.settle()
    await link.disconnect()


async def test_retained_messages_are_not_asked_for(mosquitto: Mosquitto) -> None:
    """The broker sends none of them to the probe."""
    mosquitto.publish("a/1", b"kept", retain=True)
    async with Probe(settings_of(mosquitto), "gw-check") as probe:
        await probe.subscribe([Subscription("a/+", 1), Subscription("#", 1)])
    await eventually(lambda: "Received DISCONNECT from gw-check" in mosquitto.log)
    assert "Sending PUBLISH to gw-check" not in mosquitto.log


@both_versions
async def test_a_stream_of_messages_does_not_hold_it_up(mosquitto: Mosquitto, version: str) -> None:
    """Copies that arrive meanwhile are not acknowledged, and it leaves in order all the same."""
    async with Probe(settings_of(mosquitto, version), "gw-check") as probe:
        await probe.subscribe([Subscription("a/+", 1)])
        await asyncio.to_thread(mosquitto.publish, "a/1", *[b"x" * 1000] * 500)
    await eventually(lambda: "Received DISCONNECT from gw-check" in mosquitto.log)
    assert "Received PUBACK from gw-check" not in mosquitto.log


async def test_a_broker_that_is_away() -> None:
    """A LinkError that names the address."""
    port = free_port()
    with pytest.raises(LinkError, match=f"127.0.0.1:{port}: connection refused"):
        async with Probe(Mqtt(url=f"mqtt://127.0.0.1:{port}"), "gw-check"):
            pytest.fail("connected to nobody")


async def test_a_broker_that_goes_away(mosquitto: Mosquitto) -> None:
    """A LinkError instead of a wait."""
    async with Probe(settings_of(mosquitto), "gw-check") as probe:
        await asyncio.to_thread(mosquitto.kill)
        with pytest.raises(LinkError, match="no answer to SUBSCRIBE"):
            await probe.subscribe([Subscription("a", 1)])


async def test_the_gateways_own_client_id_is_refused(mosquitto: Mosquitto) -> None:
    """A mistake in our own code must not cost a session."""
    with pytest.raises(AssertionError):
        Probe(settings_of(mosquitto, client_id="gw"), "gw")
