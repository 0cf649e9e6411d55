"""The JSON Schemas for editors: current, without false alarms, and of use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.notation.yaml import parse

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "editor"
KINDS = ("gateway", "contract", "examples", "rules")


def validator(kind: str) -> Any:
    schema = json.loads((FOLDER / f"{kind}.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_they_are_what_the_models_and_the_page_say(tmp_path: Path) -> None:
    """Else make them anew, with python deploy/editor/generate.py."""
    code = "import runpy, sys; made = runpy.run_path(sys.argv[1]); print(__import__('json').dumps(made['schemas']()))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(FOLDER / "generate.py")], cwd=tmp_path, capture_output=True, check=True
    )
    made = json.loads(done.stdout)
    assert made == {path.name: path.read_text() for path in sorted(FOLDER.glob("*.json"))}
    assert set(made) == {f"{kind}.schema.json" for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_says_what_it_is(kind: str) -> None:
    """All but sections, whose keys do."""

    def silent(schema: Any, path: str) -> list[str]:
        found = []
        for name, each in schema.get("properties", {}).items():
            inner = [each, *each.get("anyOf", ())]
            if "description" not in each and not any("properties" in part for part in inner):
                found.append(f"{path}/{name}")
            found += [hit for part in inner for hit in silent(part, f"{path}/{name}")]
        return found + silent(schema["items"], f"{path}/*") if isinstance(schema.get("items"), dict) else found

    assert [each for each in silent(validator(kind).schema, "") if not each.endswith("/unknown_fields/capture")] == []


FILES = [
    *((path, path.stem) for path in sorted(ROOT.glob("schemas/**/*.yaml"))),
    (ROOT / "deploy/compose/gateway.yaml", "gateway"),
]


@pytest.mark.parametrize(("path", "kind"), FILES, ids=[str(path.relative_to(ROOT)) for path, _ in FILES])
def test_what_we_ship_is_fine(path: Path, kind: str) -> None:
    assert [error.message for error in validator(kind).iter_errors(parse(path.read_text()).value)] == []


RIGHT: list[tuple[str, str]] = [
    ("gateway", "{}"),
    ("gateway", "{mqtt: {version: 5, keepalive_s: '${KEEP}', tls: {ca_file: ca.pem}}, limits: {depth: 64}}"),
    ("gateway", "{kafka: {bootstrap.servers: a, linger.ms: 2, a.b: true}}"),
    ("gateway", "{registry: {url: a, refresh_s: 1.5, basic.auth.user.info: 'a:b', timeout: 5, proxy: a}}"),
    ("gateway", "{dead_letters: {payload: '${KEEP:-full}'}}"),
    ("contract", "{mqtt: a/{device}, topic: t}".replace("a/{device}", "'a/{device}'")),
    ("contract", "{mqtt: a, topic: t, where: {/type: [a, 1, true], b: c}, timestamp: /ts, version: 3}"),
    ("contract", "{mqtt: a, topic: t, timestamp: {field: /ts, unit: s}, qos: 2, options: {non_finite: null}}"),
    ("contract", "{mqtt: a, topic: t, options: {unknown_fields: {capture: /x}, formats: [date-time]}}"),
    ("contract", "{mqtt: a, topic: t, overrides: {/a/*: {epoch_window: ['2000-01-01', '2100-01-01']}}}"),
    ("contract", "{subject: s, references: [{name: a, subject: b, version: latest}]}"),
    ("examples", "{accepted: [{payload: '1', becomes: null, coercions: {/a: b, /c: [d, e]}}]}"),
    ("examples", "{rejected: [{payload_base64: AAAA, code: type-mismatch, path: ''}]}"),
    ("rules", "{owner: problem, names: {topic: '/[a-z]+/', folder: kebab-case}}"),
]


@pytest.mark.parametrize(("kind", "text"), RIGHT)
def test_no_false_alarms(kind: str, text: str) -> None:
    assert [error.message for error in validator(kind).iter_errors(parse(text).value)] == []


WRONG: list[tuple[str, str]] = [
    ("gateway", "{mqt: {}}"),
    ("gateway", "{mqtt: {keepalive_s: soon}}"),
    ("gateway", "{mqtt: {version: 4}}"),
    ("gateway", "{registry: {ur: a}}"),
    ("gateway", "{kafka: {bootstrap.servers: [a]}}"),
    ("gateway", "{mqtt: null}"),
    ("contract", "{mqtt: a}"),
    ("contract", "{}"),
    ("contract", "{subject: s, key: k}"),
    ("contract", "{mqtt: a, topic: t, mode: loose}"),
    ("contract", "{mqtt: a, topic: t, options: {epoch_units: s}}"),
    ("contract", "{mqtt: a, topic: t, options: {formats: [datetime]}}"),
    ("contract", "{mqtt: a, topic: t, version: 0}"),
    ("contract", "{mqtt: a, topic: t, owner: null}"),
    ("contract", "{mqtt: a, topic: t, timestamp: {unit: s}}"),
    ("contract", "{mqtt: a, topic: t, compatibility: SOME}"),
    ("examples", "{rejected: [{payload: '1'}]}"),
    ("examples", "{rejected: [{payload: '1', code: wrong}]}"),
    ("rules", "{owner: error}"),
    ("rules", "{names: {topic: snake}}"),
]


@pytest.mark.parametrize(("kind", "text"), WRONG)
def test_mistakes_are_marked(kind: str, text: str) -> None:
    assert not validator(kind).is_valid(parse(text).value)
