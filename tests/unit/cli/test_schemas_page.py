"""docs/schemas.md against the code: every check and rule has its row, and its examples are so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from gateway.config.rules_file import RulesDeclared, load_rules
from gateway.plan.compatibility.objections import Rule
from gateway.plan.findings import Check
from tests.parts.gateway import SCHEMAS
from tests.parts.git import Repository
from tests.unit.cli.conftest import Gateway

PAGE = (Path(__file__).parents[3] / "docs" / "schemas.md").read_text()


def first_cells(heading: str) -> set[str]:
    """What stands in code marks in the first column of the first table below a heading."""
    table = PAGE.split(heading, 1)[1]
    rows = re.findall(r"^\| (`[^|]*) \|", table.split("\n## ", 1)[0].split("\n### ", 1)[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_check_is_explained() -> None:
    """And none that is gone."""
    assert first_cells("## Checking a change") == {check.value for check in Check}


def test_every_rule_is_explained() -> None:
    """By its name in messages."""
    assert first_cells("### May the new schema follow the old one?") == {rule.value for rule in Rule}


def test_the_rules_file_has_every_rule(tmp_path: Path) -> None:
    """As it is written there."""
    [text] = re.findall(
        r"```yaml\n(.*?)```", PAGE.split("### The team's own rules", 1)[1].split("###", 1)[0], re.DOTALL
    )
    (tmp_path / "rules.yaml").write_text(text)
    rules = load_rules(tmp_path)
    assert rules != RulesDeclared()
    assert yaml.safe_load(text).keys() == RulesDeclared.model_fields.keys()
    assert yaml.safe_load(text)["names"].keys() == type(rules.names).model_fields.keys()


def test_the_breaking_change_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    """The page's example: a field without a default, added to the shipped pump."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    repository = Repository(tmp_path)
    repository.commit()
    repository.git("update-ref", "refs/remotes/origin/main", "main")
    schema = tmp_path / "schemas/industry/pump/schema.avsc"
    text = schema.read_text()
    added = text.replace('"fields": [', '"fields": [\n    {"name": "site", "type": "string"},', 1)
    assert added != text
    schema.write_text(added)
    monkeypatch.chdir(tmp_path)
    [command] = re.findall(r"^\$ gateway (schemas check .*)$", PAGE, re.MULTILINE)
    ended = gateway(*command.split())
    assert ended.code == 1
    shown, summary = PAGE.split(f"$ gateway {command}\n", 1)[1].split("```", 1)[0].splitlines()
    told = next(line for line in ended.out.splitlines() if "[compatibility]" in line)
    assert told.startswith(shown.removesuffix("...")), told
    assert summary.split(":")[0] == ended.out.splitlines()[-1].split(":")[0]
