"""``gateway check --online`` against a real mosquitto, a real Kafka and a development registry."""

import asyncio
import json
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # exported, but not listed
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from gateway.config.settings import Limits, Mqtt
from gateway.mqtt.source import make_source
from gateway.pipeline.acks import AckWindow
from gateway.pipeline.ports import Subscription
from tests.parts.kafka import KafkaBroker
from tests.parts.projects import READING
from tests.parts.receiver import Received
from tests.parts.registry_faults import answer
from tests.system.cli.commands import run
from tests.system.cli.conftest import Site

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]

EXAMPLES = {"accepted": [{"name": "fine", "payload": '{"n": 1, "temp": 2.5}'}]}


async def checked(site: Site, exit_code: int) -> list[dict[str, Any]]:
    """The findings."""
    finished = await run(site.files.folder, "check", "--online", "--output", "json")
    assert finished.code == exit_code, finished.out + finished.err
    [report] = finished.objects
    return list(report["findings"])


def of_grade(findings: list[dict[str, Any]], grade: str) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["grade"] == grade]


async def test_everything_is_as_it_should_be(site: Site) -> None:
    """Broker, filters, topics and subjects, each with what a person wants to know of it."""
    topic, dead = site.declare(examples=EXAMPLES, mqtt="a/{device}", timestamp={"field": "/n", "unit": "s"})
    site.files.share("shared", "geo", {"type": "record", "name": "geo.Position", "fields": []})
    site.register()
    findings = await checked(site, 0)
    assert {finding["grade"] for finding in findings} == {"fine"}
    told = {finding["about"]: finding["message"] for finding in findings}
    assert told["a/+"] == "granted QoS 1"
    assert told[topic] == "2 partitions, batches of up to 1048588 bytes, timestamps up to 3300 s ahead"
    assert told[dead] == told[site.unrouted] == "1 partition, dead letters, batches of up to 1048588 bytes"
    assert told["pump-value"] == "version 1, ID 2, AVRO, the file is applied"
    assert told["geo"] == "version 1, ID 1, AVRO, the file is applied"
    assert "lets 'schema-gateway-check' in" in " ".join(told.values())


async def test_nothing_is_changed_anywhere(site: Site) -> None:
    """The gateway's session keeps its messages, no session is left, no message goes to the check, no topic appears."""
    site.declare(examples=EXAMPLES, mqtt="a/{device}")
    site.files.declare("missing", subject="missing-value")
    site.register()
    settings = Mqtt.model_validate({"url": site.mosquitto.url})
    received = Received()
    link = received.link = await make_source(settings, Limits()).connect(received, AckWindow(10, 1000))
    await link.subscribe([Subscription("a/+", 1)])
    await link.disconnect()
    await asyncio.to_thread(site.mosquitto.publish, "a/1", b"kept", retain=True)
    before = set(site.kafka.admin.list_topics(timeout=10).topics)
    requests = len(site.registry.requests)
    await checked(site, 1)
    assert set(site.kafka.admin.list_topics(timeout=10).topics) == before
    assert all(request.startswith("GET ") for request in site.registry.requests[requests:])
    assert "Sending PUBLISH to schema-gateway-check" not in site.mosquitto.log
    received = Received()
    link = received.link = await make_source(settings, Limits()).connect(received, AckWindow(10, 1000))
    await received.wait(1)
    assert link.session_present
    assert received.payloads == [b"kept"]
    await link.disconnect()
    check = settings.model_copy(update={"client_id": "schema-gateway-check"})
    link = await make_source(check, Limits()).connect(Received(), AckWindow(10, 1000))
    assert not link.session_present
    await link.disconnect()


async def test_another_client_id(site: Site) -> None:
    """For brokers that admit known clients only."""
    site.declare(examples=EXAMPLES)
    site.register()
    finished = await run(site.files.folder, "check", "--online", "--client-id", "admitted")
    assert finished.code == 0
    assert "lets 'admitted' in" in finished.out
    assert "as admitted (" in site.mosquitto.log


async def test_shares_are_not_joined(site: Site) -> None:
    """The filter itself is tried; whether there are shares, the broker says."""
    site.declare(examples=EXAMPLES, mqtt="a/{device}")
    site.register()
    site.configure(mqtt={"share": "group"})
    told = {finding["about"]: finding["message"] for finding in await checked(site, 0)}
    assert told["$share/group"] == "the broker has shared subscriptions; this one was not joined"
    assert told["a/+"] == "granted QoS 1"
    assert "$share" not in site.mosquitto.log


async def test_missing_topics(site: Site) -> None:
    """Each is a problem, and nothing else is."""
    site.files.declare("pump", examples=EXAMPLES, topic="no.such.topic", subject="pump-value")
    site.register()
    problems = of_grade(await checked(site, 1), "problem")
    assert [problem["about"] for problem in problems] == ["no.such.topic", "no.such.topic.dlq"]
    assert all("does not exist" in problem["message"] for problem in problems)


async def test_topics_that_would_refuse_or_lose(site: Site) -> None:
    """Too small for the largest payload, compacted dead letters, a clock that must not differ."""
    dead = site.kafka.new_topic(max_message_bytes="200000", cleanup_policy="compact")
    topic = site.kafka.new_topic(message_timestamp_after_max_ms="1000")
    site.declare(examples=EXAMPLES, topic=topic, dead_letters=dead)
    site.register()
    problems = of_grade(await checked(site, 1), "problem")
    told = {(problem["about"], problem["message"].split(",")[0][:30]) for problem in problems}
    assert told == {
        (dead, "takes record batches of 200000"),
        (dead, "is compacted"),
        (topic, "refuses timestamps more than 1"),
    }


async def test_a_smaller_limit_fits_smaller_topics(site: Site) -> None:
    """What counts is the largest payload that may come."""
    dead = site.kafka.new_topic(max_message_bytes="200000")
    site.declare(examples=EXAMPLES, dead_letters=dead)
    site.register()
    site.configure(limits={"payload_bytes": 150_000})
    await checked(site, 0)


async def test_permissions(site: Site, own_kafka: KafkaBroker) -> None:
    """A topic that we may not write to is a problem, one that we may not even see is unknown."""
    site.kafka = own_kafka
    site.unrouted = own_kafka.new_topic()
    topic, dead = site.declare(examples=EXAMPLES)
    site.register()
    site.configure()
    rules = [
        (topic, "User:other", AclOperation.WRITE),
        (topic, "User:ANONYMOUS", AclOperation.DESCRIBE),
        (topic, "User:ANONYMOUS", AclOperation.DESCRIBE_CONFIGS),
        (dead, "User:other", AclOperation.ALL),
    ]
    bindings = [
        AclBinding(ResourceType.TOPIC, name, ResourcePatternType.LITERAL, who, "*", what, AclPermissionType.ALLOW)
        for name, who, what in rules
    ]
    for done in own_kafka.admin.create_acls(bindings).values():
        await asyncio.to_thread(done.result, 20)
    findings = await checked(site, 1)
    [told] = [finding for finding in findings if finding["about"] == topic]
    assert (told["grade"], told["message"]) == (
        "problem",
        "we may not write to it: grant WRITE on the topic to the gateway's principal",
    )
    [hidden] = [finding for finding in findings if finding["about"] == dead]
    assert (hidden["grade"], hidden["message"].split(":")[0]) == ("unknown", "Kafka does not show it to us")
    assert [finding["grade"] for finding in findings if finding["about"] == site.unrouted] == ["fine"]


async def test_a_subject_that_is_not_registered(site: Site) -> None:
    """Its contract would be inactive."""
    site.declare(examples=EXAMPLES)
    [problem] = of_grade(await checked(site, 1), "problem")
    assert (problem["area"], problem["about"], problem["contract"]) == ("registry", "pump-value", "pump")
    assert "gateway schemas apply" in problem["message"]


async def test_a_file_that_is_not_applied(site: Site) -> None:
    """Worth knowing, and no failure: the gateway runs with what is registered."""
    site.declare(examples=EXAMPLES)
    site.register()
    later = {**READING, "fields": [*READING["fields"], {"name": "x", "type": "int", "default": 0}]}
    (site.files.contracts / "pump" / "schema.avsc").write_text(json.dumps(later))
    [notice] = of_grade(await checked(site, 0), "notice")
    assert notice["message"].startswith("schema.avsc is not what the registry holds as version 1")


async def test_a_schema_that_is_kept_elsewhere_is_played_too(site: Site) -> None:
    """The registry's version takes the place of the missing file."""
    site.declare("first", subject="s-value")
    site.register()
    (site.files.contracts / "first" / "schema.avsc").unlink()
    wrong = {"accepted": [{"payload": '{"n": 1, "temp": 2.5}', "becomes": {"n": 2, "temp": 2.5}}]}
    (site.files.contracts / "first" / "examples.yaml").write_text(json.dumps(wrong))
    [problem] = of_grade(await checked(site, 1), "problem")
    assert (problem["area"], problem["path"]) == ("example", "/n")


async def test_a_registered_schema_that_the_contract_cannot_run_with(site: Site) -> None:
    """Said before the contract is inactive in production."""
    site.declare(examples=EXAMPLES)
    site.register()
    contract = site.files.contracts / "pump" / "contract.yaml"
    contract.write_text(contract.read_text() + "timestamp: /n\n")  # a long without unit
    findings = await checked(site, 2)
    [problem] = of_grade(findings, "problem")
    assert problem["message"].startswith("the contract would be inactive with version 1: timestamp /n")


async def test_header_framing_needs_a_registry_with_guids(site: Site) -> None:
    """One without makes a problem of it."""
    site.declare(examples=EXAMPLES, framing="header")
    site.register()
    await checked(site, 0)
    text = '{"subject": "pump-value", "version": 1, "id": 1, "schema": "\\"string\\""}'
    site.registry.fault = answer(200, text)
    [problem] = of_grade(await checked(site, 1), "problem")
    assert "GUID" in problem["message"]


async def test_a_registry_that_is_away_stops_no_other_check(site: Site) -> None:
    """Exit 3, said once; broker and topics are told all the same."""
    site.declare(examples=EXAMPLES, mqtt="a/{device}")
    site.declare("other", examples=EXAMPLES, mqtt="b/{device}")
    site.register()
    site.registry.fault = answer(503, "down")
    findings = await checked(site, 3)
    [away] = of_grade(findings, "unreachable")
    assert away["area"] == "registry"
    assert "503" in away["message"]
    assert {finding["area"] for finding in of_grade(findings, "fine")} == {"mqtt", "kafka"}


async def test_a_broker_that_is_away_stops_no_other_check(site: Site) -> None:
    """Exit 3, with the reason; topics and subjects are told all the same."""
    site.declare(examples=EXAMPLES)
    site.register()
    await asyncio.to_thread(site.mosquitto.stop)
    findings = await checked(site, 3)
    [away] = of_grade(findings, "unreachable")
    assert "connection refused" in away["message"]
    assert {finding["area"] for finding in of_grade(findings, "fine")} == {"kafka", "registry"}


async def test_less_qos_than_asked_for(site: Site) -> None:
    """The gateway would not be ready."""
    site.declare(examples=EXAMPLES, mqtt="a/{device}", qos=2)
    site.register()
    await asyncio.to_thread(site.mosquitto.stop)
    file = site.mosquitto.folder / "mosquitto.conf"
    file.write_text(file.read_text() + "max_qos 1\n")
    await asyncio.to_thread(site.mosquitto.start)
    [problem] = of_grade(await checked(site, 1), "problem")
    assert (problem["about"], problem["expected"], problem["found"]) == ("a/+", "QoS 2", "QoS 1")
