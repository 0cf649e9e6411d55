"""What Prometheus gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric, Sample
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text

from gateway.admin.metrics import make_registry
from gateway.pipeline.overview import Overview
from gateway.pipeline.stats import LATENCY_BUCKETS_S
from tests.parts.promtool import Promtool
from tests.unit.admin.overviews import PUMP_3, STARTED_AT, busy, contract, make_label, starting

PROJECT = Path(__file__).resolve().parents[3]
parse_openmetrics: Callable[[str], Iterator[Metric]] = openmetrics_parser.text_string_to_metric_families
written_as_openmetrics: Callable[[CollectorRegistry], bytes] = openmetrics.generate_latest
EXPECTED = Path(__file__).with_name("busy.prom")


def scrape(overview: Overview) -> str:
    return generate_latest(make_registry(lambda: overview)).decode()


def samples(overview: Overview) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """``(name, sorted labels)`` -> value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_text(scrape(overview))
        for sample in family.samples
    }


def value(overview: Overview, name: str, **labels: str) -> float | None:
    return samples(overview).get((f"schema_gateway_{name}", tuple(sorted(labels.items()))))


def families(overview: Overview) -> Iterator[Metric]:
    yield from make_registry(lambda: overview).collect()


def test_the_exact_text_of_a_busy_gateway(monkeypatch):
    """Every family with its help, type, labels and values; the process's own come after them."""
    monkeypatch.setattr("platform.python_version", lambda: "3.11.0")
    own, process = scrape(busy()).split("# HELP process_", 1)
    assert own == EXPECTED.read_text(encoding="utf-8")
    assert "process_resident_memory_bytes " in process
    assert "process_cpu_seconds_total " in process
    assert "process_open_fds " in process


@pytest.mark.parametrize("overview", [starting(), busy()], ids=["starting", "busy"])
def test_the_text_says_the_same_in_both_formats(overview):
    """Parsed again, text format and OpenMetrics give the samples that were collected."""
    registry = make_registry(lambda: overview)
    written = [list(map(comparable, family.samples)) for family in registry.collect() if not is_process(family)]
    text = [list(map(comparable, family.samples)) for family in parse_text(scrape(overview)) if not is_process(family)]
    newer = written_as_openmetrics(registry).decode()
    again = [list(map(comparable, family.samples)) for family in parse_openmetrics(newer) if not is_process(family)]
    assert [sorted(each) for each in text if each] == [sorted(each) for each in written if each]
    assert [sorted(each) for each in again if each] == [sorted(each) for each in written if each]


def comparable(sample: Sample) -> tuple[str, tuple[tuple[str, str], ...], float]:
    return sample.name, tuple(sorted(sample.labels.items())), sample.value


def is_process(family: Metric) -> bool:
    return family.name.startswith("process_")


def test_a_gateway_that_just_started_has_every_series_that_an_alert_watches():
    """With 0, so that the first event is an increase."""
    quiet = starting()
    for name, labels in [
        *(
            ("messages_total", {"contract": "industry/pump", "outcome": each})
            for each in ("valid", "coerced", "rejected")
        ),
        ("messages_total", {"contract": "(unrouted)", "outcome": "rejected"}),
        *(
            ("rejections_total", {"contract": "industry/pump", "code": each})
            for each in ("unknown-schema", "crash-suspect", "malformed-packet")
        ),
        ("rejections_total", {"contract": "(unrouted)", "code": "malformed-packet"}),
        *(("messages_received_total", {"qos": each}) for each in "012"),
        ("processing_faults_total", {}),
        ("mqtt_sessions_lost_total", {}),
        ("mqtt_connection_failures_total", {}),
        ("oldest_unacknowledged_age_seconds", {}),
        ("acknowledgement_latency_seconds_bucket", {"le": "+Inf"}),
        ("ready", {}),
    ]:
        assert value(quiet, name, **labels) == 0, (name, labels)


def test_a_registry_that_was_not_asked_yet_is_neither_reachable_nor_not():
    """No sample: 0 would raise an alert, 1 would be a lie."""
    unknown, known = starting(), busy()
    assert value(unknown, "registry_reachable") is None
    assert value(known, "registry_reachable") == 1
    assert value(replace(known, registry=replace(known.registry, reachable=False)), "registry_reachable") == 0


def test_latency_buckets_are_cumulative_and_end_with_the_count():
    """As a Prometheus histogram wants them."""
    latency = [
        sample.value
        for family in families(busy())
        for sample in family.samples
        if sample.name == "schema_gateway_acknowledgement_latency_seconds_bucket"
    ]
    assert len(latency) == len(LATENCY_BUCKETS_S) + 1
    assert latency == sorted(latency)
    assert latency[-1] == value(busy(), "acknowledgement_latency_seconds_count") == 100
    assert value(busy(), "acknowledgement_latency_seconds_sum") == 2.75


def test_every_scrape_shows_that_moment():
    """Numbers are read when asked for, from one overview a scrape."""
    asked: list[Overview] = []

    def overview() -> Overview:
        asked.append(replace(busy(), mqtt=replace(busy().mqtt, connections=len(asked))))
        return asked[-1]

    registry = make_registry(overview)
    assert not asked
    for connections in (0, 1):
        assert f"schema_gateway_mqtt_connections_total {float(connections)}\n" in generate_latest(registry).decode()
    assert len(asked) == 2


def test_variants_that_differ_only_in_their_dead_letters_are_one_series_the_worse_one():
    """Prometheus refuses a scrape with the same series twice."""
    other = replace(PUMP_3, dead_letters="pump.b2.dlq")
    overview = replace(
        busy(),
        contracts=(
            contract(PUMP_3, pending_version=4, registry_age_s=3.0),
            contract(other, active=False, registry_age_s=90.0),
        ),
    )
    labels = {"contract": "industry/pump", "topic": "plant.pump", "subject": "plant.pump-value"}
    assert value(overview, "contract_active", **labels) == 0
    assert value(overview, "contract_pending_version", **labels) == 4
    assert value(overview, "schema_age_seconds", **labels) == 90
    text = [line for line in scrape(overview).splitlines() if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in text}) == len(text)


def test_a_contract_with_several_topics_has_a_series_for_each():
    """Its messages are counted together, its state apart."""
    labels = [make_label("energy", f"energy.{kind}", number, 1) for number, kind in enumerate(("load", "fault"), 1)]
    overview = replace(starting(), contracts=tuple(contract(label) for label in labels))
    active = {key: number for key, number in samples(overview).items() if key[0] == "schema_gateway_contract_active"}
    assert [dict(labels)["topic"] for _, labels in active] == ["energy.load", "energy.fault"]
    assert value(overview, "messages_total", contract="energy", outcome="valid") == 0


def test_names_from_outside_cannot_break_the_format():
    """A folder may be called anything."""
    name = 'a"b\\c\nd 1\n# HELP'
    overview = replace(starting(), contracts=(contract(make_label(name, "t")),))
    assert value(overview, "messages_total", contract=name, outcome="valid") == 0


def test_devices_and_error_texts_are_not_labels():
    """The number of series does not grow with the fleet."""
    text = scrape(busy())
    assert "pump-42" not in text
    assert "decimal comma" not in text
    assert str(STARTED_AT) not in text


def test_docs_list_exactly_these_metrics():
    """Name, type and labels of each are as docs/metrics.md says."""
    rows = re.findall(
        r"^\| `([a-z_]+)` \| (\w+) \| (.*?) \|", (PROJECT / "docs/metrics.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    ready, not_ready = busy(), starting()
    shown: dict[str, tuple[str, set[str]]] = {}
    for family in (*families(ready), *families(not_ready)):
        name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = {label for sample in family.samples for label in sample.labels}
        shown[name] = (family.type, shown.get(name, ("", set()))[1] | labels)
    assert documented == shown


@pytest.mark.promtool
@pytest.mark.parametrize("overview", [starting(), busy()], ids=["starting", "busy"])
def test_promtool_has_nothing_to_say_about_the_metrics(overview, promtool: Promtool):
    """Prometheus' linter for names, types and help texts."""
    run = promtool("check", "metrics", stdin=scrape(overview).encode())
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
