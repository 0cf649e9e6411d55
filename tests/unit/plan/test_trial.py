"""What would become of payloads: by a schema alone, by a contract folder, by a whole project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.config.load import load_contracts, load_options, load_project
from gateway.config.options import Options
from gateway.config.settings import Limits
from gateway.errors import ConfigError, SchemaError
from gateway.model import Mode
from gateway.notation.pointer import Pattern
from gateway.plan.trial import try_contract, try_project, try_schema
from tests.parts.projects import ProjectFiles

ARRIVAL = 1_780_000_000_000
SCHEMAS = Path(__file__).parents[3] / "schemas"
READING = {"type": "record", "name": "R", "fields": [{"name": "temp", "type": "double"}]}


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """An Avro schema in a file."""
    path = tmp_path / "reading.avsc"
    path.write_text(json.dumps(READING))
    return path


def test_an_accepted_payload_as_a_line_of_json(schema: Path) -> None:
    """Number, value as a reader gets it, hex of the body, conversions; nothing that only a contract knows."""
    outcome = try_schema(schema, Mode.LOSSLESS, Options(), (), limits=Limits()).run(b'{"temp":"21.5"}', ARRIVAL)
    assert outcome.as_json(1, whole=False) == {
        "n": 1,
        "accepted": True,
        "value": {"temp": 21.5},
        "payload": "0000000000803540",
        "coercions": [{"path": "/temp", "code": "string-to-number"}],
    }


def test_a_rejected_payload_as_a_line_of_json(schema: Path) -> None:
    """Every violation with all its fields, the first is the reason."""
    line = (
        try_schema(schema, Mode.LOSSLESS, Options(), (), limits=Limits())
        .run(b'{"tmp":21.5}', ARRIVAL)
        .as_json(2, whole=False)
    )
    assert (line["n"], line["accepted"], line["truncated"]) == (2, False, False)
    first = line["errors"][0]
    assert (first["code"], first["path"], first["params"]) == (
        "unknown-field",
        "/tmp",
        {"field": "tmp", "nearest": "temp"},
    )
    assert list(first) == [
        "code", "path", "schema_path", "keyword", "expected", "found", "value", "coercible_in", "params", "message",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "at", "accepted"),
    [
        (Mode.STRICT, None, False),
        (Mode.LOSSLESS, None, False),
        (Mode.LOSSLESS, "/temp", True),
        (Mode.LENIENT, "/x", False),
    ],
)
def test_mode_and_overrides_count(schema: Path, mode: Mode, at: str | None, accepted: bool) -> None:
    """A decimal comma is taken only where it is declared."""
    options = load_options(["decimal_separator=,"], Mode.LOSSLESS, override=True)
    overrides = [] if at is None else [(Pattern.parse(at), options)]
    outcome = try_schema(schema, mode, Options(), overrides, limits=Limits()).run(b'{"temp":"21,5"}', ARRIVAL)
    assert (outcome.record is not None) is accepted


def test_a_schema_file_is_json_schema_by_its_ending(tmp_path: Path) -> None:
    """A valid payload keeps its bytes."""
    path = tmp_path / "reading.json"
    path.write_text('{"type": "object", "properties": {"temp": {"type": "number"}}}')
    outcome = try_schema(path, Mode.STRICT, Options(), (), limits=Limits()).run(b'{ "temp": 21.50 }', ARRIVAL)
    assert outcome.body == b'{ "temp": 21.50 }'


@pytest.mark.parametrize(("text", "error"), [(None, ConfigError), ("{", SchemaError), ('"nothing"', SchemaError)])
def test_a_schema_that_cannot_be_used(tmp_path: Path, text: str | None, error: type[Exception]) -> None:
    """Missing, no JSON, no schema: an error of ours that names what is wrong."""
    path = tmp_path / "x.avsc"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error):
        try_schema(path, Mode.LOSSLESS, Options(), (), limits=Limits())


def test_a_contract_folder_finds_what_it_refers_to() -> None:
    """The cold chain refers to a type in another folder; key and topic are the contract's."""
    examples = load_project_examples("logistics/cold-chain")
    outcome = try_contract(SCHEMAS / "logistics" / "cold-chain", limits=Limits()).run(examples[0].payload, ARRIVAL)
    line = outcome.as_json(1, whole=True)
    assert (line["accepted"], line["topic"], line["contract"]) == (True, "logistics.cold-chain", "logistics/cold-chain")
    assert line["key"] == examples[0].key


def test_a_contract_folder_is_called_as_in_production(tmp_path: Path) -> None:
    """By its path below the folder of contracts: in headers, in topics, and where it cannot be a topic."""
    files = ProjectFiles(tmp_path)
    folder = files.declare("line/pump", headers={"contract": "{contract}"}, fields={"/from": "{contract}"})
    payload = b'{"temp": 2}'
    schema = {**READING, "fields": [*READING["fields"], {"name": "from", "type": "string"}]}
    (folder / "schema.avsc").write_text(json.dumps(schema))
    line = try_contract(folder, limits=Limits()).run(payload, ARRIVAL).as_json(1, whole=True)
    assert (line["contract"], line["headers"]["contract"], line["value"]["from"]) == ("line/pump",) * 3
    assert try_contract(folder, limits=Limits(), name="other").run(payload, ARRIVAL).contract == "other"
    (folder / "contract.yaml").write_text('mqtt: "x/{device}"\ntopic: "x.{contract}"\n')
    with pytest.raises(ConfigError) as tried:
        try_contract(folder, limits=Limits())
    with pytest.raises(ConfigError) as checked:
        load_contracts(files.contracts)
    assert str(tried.value) == str(checked.value)


@pytest.mark.parametrize("framing", ["prefix", "header"])
def test_headers_are_shown_as_the_text_that_they_are(tmp_path: Path, framing: str) -> None:
    """UTF-8, as Kafka gets it: what a topic brings along, what the contract writes, the places of conversions."""
    schema = {"type": "object", "properties": {"täglich": {"type": "number"}}}
    folder = ProjectFiles(tmp_path).declare(
        "meter", schema, mqtt="p/{b}/{device}", topic="meter", headers={"b": "{b}ü€"}, framing=framing
    )
    outcome = try_contract(folder, limits=Limits()).run('{"täglich": "2"}'.encode(), ARRIVAL, "p/Bär/Zähler")
    headers = outcome.as_json(1, whole=True)["headers"]
    assert headers["b"] == "Bärü€"
    assert headers["gw-coercions"] == "v1;m=lossless;n=1;lossy=0;/täglich=string-to-number"
    assert outcome.record is not None
    assert {name: text.encode() for name, text in headers.items()} == dict(outcome.record.headers or ())


def test_a_shared_type_takes_no_messages() -> None:
    """It says so, and what to try instead."""
    with pytest.raises(ConfigError, match="try its schema file"):
        try_contract(SCHEMAS / "shared" / "geo-position", limits=Limits())


def test_a_project_goes_by_the_topic(tmp_path: Path) -> None:
    """The contract is found by the MQTT topic, as in production; a stranger's topic has no route."""
    (tmp_path / "gateway.yaml").write_text(f"contracts: {SCHEMAS}\n")
    project = load_project(tmp_path / "gateway.yaml", {})
    payload = next(iter(project.contracts.named("industry/pump").examples.accepted)).payload  # type: ignore[union-attr]
    trial = try_project(project, "plant/b1/p7/readings", ARRIVAL)
    assert trial.run(payload, ARRIVAL).as_json(1, whole=True)["contract"] == "industry/pump"
    assert trial.run(payload, ARRIVAL, "nobody/here").as_json(2, whole=True)["errors"][0]["code"] == "no-route"


def load_project_examples(name: str):
    """The accepted examples of a shipped contract."""
    from gateway.config.load import load_contracts

    contract = load_contracts(SCHEMAS).named(name)
    assert contract is not None
    return contract.examples.accepted


def test_a_payload_above_the_limit_is_refused_as_in_production(tmp_path: Path) -> None:
    """Before anything else looks at it."""
    path = tmp_path / "any.json"
    path.write_text("true")
    trial = try_schema(path, Mode.STRICT, Options(), (), limits=Limits(payload_bytes=10))
    assert trial.run(b'"12345678"', ARRIVAL).record is not None
    rejection = trial.run(b'"123456789"', ARRIVAL).rejection
    assert rejection is not None
    [violation] = rejection.violations
    assert (violation.code, violation.params) == ("payload-limit", {"limit": "bytes", "actual": 11})
