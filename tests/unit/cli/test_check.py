"""``gateway check`` without peers: what it prints, and with which exit code it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import make_app
from tests.parts.gateway import SCHEMAS
from tests.parts.processes import free_port
from tests.parts.projects import READING, ProjectFiles

OK = {"accepted": [{"name": "fine", "payload": '{"n": 1, "temp": 2.5}'}]}
BAD = {"rejected": [{"name": "bad", "payload": "{}", "code": "json-invalid"}]}


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path)


def check(files: ProjectFiles, *options: str) -> Result:
    return CliRunner().invoke(make_app(), ["check", "-c", str(files.config), *options])


def test_all_fine(files: ProjectFiles) -> None:
    """Exit 0, what is promised about memory and payloads, and how much was checked."""
    files.declare("pump", examples=OK)
    result = check(files)
    assert result.exit_code == 0
    memory, payloads, summary, hint = result.stdout.splitlines()
    assert memory.startswith(
        "promised     memory: at most 1000 unconfirmed messages, and 16777216 bytes of their payloads"
    )
    assert payloads.startswith("promised     dead letters hold the payload byte for byte; of one above 1000000 bytes")
    assert summary == "1 contract, 0 shared types, 1 example played: all fine"
    assert hint == "broker, Kafka and registry were not asked: add --online"


@pytest.mark.parametrize(
    ("kept", "promise"),
    [
        ("hash", "dead letters hold size and SHA-256 of the payload"),
        ("none", "dead letters hold nothing of the payload"),
    ],
)
def test_private_payloads_are_promised(files: ProjectFiles, kept: str, promise: str) -> None:
    """What dead letters hold follows the settings."""
    files.configure(dead_letters={"payload": kept})
    files.declare("pump", examples=OK)
    assert promise in check(files).stdout


def test_a_failing_example(files: ProjectFiles) -> None:
    """Exit 1, and a line with file, line, name, and both sides; the order of the lines ends with the worst."""
    files.declare("pump", examples=OK | BAD)
    files.declare("other")
    result = check(files)
    assert result.exit_code == 1
    notice, problem, *_ = result.stdout.splitlines()
    assert notice.startswith("notice       example")
    assert problem.startswith(
        f"problem      example        {files.contracts}/pump/examples.yaml:5: rejected example 'bad'"
    )
    assert "expected json-invalid, found" in problem
    assert "1 notice, 1 problem" in result.stdout


@pytest.mark.parametrize(
    "spoil",
    [
        lambda files: files.config.write_text("kafkaa: {}"),
        lambda files: files.config.unlink(),
        lambda files: files.configure(kafka={"acks": "1"}),
        lambda files: files.configure(kafka={"lingr.ms": "1"}),
        lambda files: files.configure(registry={"max.retries": "many"}),
        lambda files: files.configure(mqtt={"url": "mqtts://localhost", "tls": {"ca_file": "none.pem"}}),
        lambda files: files.declare("a", "not json"),
        lambda files: files.declare("b", {"type": "record", "name": "R", "fields": [{"name": "n"}]}),
        lambda files: files.declare("c", mqtt="a/b#"),
    ],
    ids=["unknown key", "missing", "guarantee", "librdkafka", "registry", "tls", "no json", "no schema", "no filter"],
)
def test_an_unusable_file(files: ProjectFiles, spoil: Any) -> None:
    """Exit 2, whatever kind of file it is, and the file is named."""
    files.declare("pump", examples=OK)
    spoil(files)
    result = check(files)
    assert result.exit_code == 2, result.output
    assert "invalid      " in result.stdout
    assert str(files.folder) in result.stdout


def test_every_problem_at_once(files: ProjectFiles) -> None:
    """One run shows what is wrong in all files, and exit 2 covers exit 1."""
    files.configure(kafka={"lingr.ms": "1"})
    files.declare("a", {"type": "record", "name": "R", "fields": [{"name": "n", "type": "x"}]})
    files.declare("b", examples={"rejected": [{"payload": "{}", "code": "json-invalid"}]})
    result = check(files)
    assert result.exit_code == 2
    assert "2 invalid" in result.stdout
    assert "1 problem" in result.stdout


def test_json_for_a_program(files: ProjectFiles) -> None:
    """One object with every finding; the exit code is the same."""
    folder = files.declare("pump", examples=OK | BAD)
    result = check(files, "--output", "json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    [finding] = report.pop("findings")
    assert len(report.pop("guarantees")) == 2
    memory = report.pop("memory_bytes")
    assert memory.pop("total") == sum(memory.values())
    [schema] = report.pop("schemas")
    assert schema.pop("compile_ms") > 0
    assert schema == {"contract": "pump", "subject": "pump-value", "format": "AVRO", "places": 3}
    assert report == {
        "ok": False,
        "grade": "problem",
        "online": False,
        "contracts": 1,
        "shared_types": 0,
        "examples": 2,
    }
    assert finding.pop("message").startswith("rejected example 'bad'")
    assert finding.pop("found")
    assert finding == {
        "grade": "problem",
        "area": "example",
        "about": "bad",
        "contract": "pump",
        "file": str(folder / "examples.yaml"),
        "line": 5,
        "column": None,
        "path": "/n",
        "expected": "json-invalid",
        "check": "example",
    }


def test_json_of_an_invalid_configuration(files: ProjectFiles) -> None:
    """A program gets JSON then too, with file, line and key."""
    files.config.write_text("mqtt:\n  urll: x\n")
    result = check(files, "--output", "json")
    assert result.exit_code == 2
    [finding] = json.loads(result.stdout)["findings"]
    assert (finding["grade"], finding["file"], finding["line"], finding["about"]) == (
        "invalid",
        str(files.config),
        2,
        "mqtt.urll",
    )


def test_what_no_folder_holds_is_unknown_and_no_failure(files: ProjectFiles) -> None:
    """Exit 0."""
    files.declare("pump", None, OK)
    result = check(files)
    assert result.exit_code == 0
    assert result.stdout.startswith("unknown      schema")


def test_the_production_client_id_is_never_used(files: ProjectFiles) -> None:
    """It would end the gateway's session, and lose what waits there: refused before anything is asked."""
    files.declare("pump", examples=OK)
    result = check(files, "--online", "--client-id", "schema-gateway")
    assert result.exit_code == 1  # main() makes 2 of it
    assert "would end its session" in str(result.exception)


def test_all_peers_away(files: ProjectFiles) -> None:
    """Exit 3, each peer is named once, and everything else is checked and printed all the same."""
    port = free_port()
    files.configure(
        mqtt={"url": f"mqtt://127.0.0.1:{port}"},
        kafka={"bootstrap.servers": f"127.0.0.1:{port}"},
        registry={"url": f"http://127.0.0.1:{port}"},
    )
    files.declare("pump", examples={"rejected": [{"payload": "{}", "code": "json-invalid"}]})
    result = check(files, "--online")
    assert result.exit_code == 3
    lines = result.stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("unreachable")] == ["mqtt", "kafka", "registry"]
    assert "3 unreachable, 1 problem" in lines[-1]


def test_the_shipped_contracts(tmp_path: Path) -> None:
    """Nothing to complain about, not even a notice."""
    files = ProjectFiles(tmp_path)
    files.configure(contracts=str(SCHEMAS))
    result = check(files)
    assert "6 contracts, 1 shared type" in result.stdout
    assert "all fine" in result.stdout
    assert result.exit_code == 0


def test_qos_0_is_noticed(files: ProjectFiles) -> None:
    """It is allowed, and nothing is promised for it."""
    files.declare("pump", READING, OK, qos=0)
    result = check(files)
    assert result.exit_code == 0
    assert "notice       mqtt" in result.stdout
