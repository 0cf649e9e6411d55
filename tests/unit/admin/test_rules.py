"""The alert rules that are shipped, judged by Prometheus itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from gateway.admin.metrics import make_registry
from tests.parts.promtool import Promtool
from tests.unit.admin.overviews import busy, starting

PROJECT = Path(__file__).resolve().parents[3]
RULES = PROJECT / "deploy/prometheus/rules.yaml"
CASES = Path(__file__).with_name("alerts.yaml")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def test_rules_ask_only_for_metrics_that_exist():
    """A misspelled metric would be an alert that never fires."""
    shown = generate_latest(make_registry(starting)).decode() + generate_latest(make_registry(busy)).decode()
    known = set(re.findall(r"^([a-z_]+)", shown, re.MULTILINE)) | {"up"}
    for rule in rules():
        asked = set(re.findall(r"\b(?:schema_gateway_\w+|process_\w+|up)\b(?=[\[{ )])", f"{rule['expr']} "))
        assert asked, rule
        assert asked <= known, rule["alert"]


def test_every_alert_has_a_name_a_severity_and_words():
    """Whoever is woken learns what it means and what to do."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"}, {"severity": "info"})
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]


def test_docs_name_only_alerts_that_exist():
    """The table of the least to have."""
    named = set(re.findall(r"`(SchemaGateway\w+)`", (PROJECT / "docs/metrics.md").read_text(encoding="utf-8")))
    assert named
    assert named <= {rule["alert"] for rule in rules()}


@pytest.mark.promtool
def test_promtool_accepts_the_rules(promtool: Promtool):
    """Syntax, expressions, templates, and its lints."""
    run = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.promtool
def test_alerts_fire_when_they_should_and_only_then(promtool: Promtool):
    """The cases of alerts.yaml, evaluated by Prometheus."""
    run = promtool("test", "rules", CASES)
    assert run.returncode == 0, (run.stdout + run.stderr).decode()


def test_every_alert_has_a_case():
    """Each alert of the rules is seen firing in alerts.yaml."""
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    fired = {case["alertname"] for test in cases["tests"] for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in rules()}
