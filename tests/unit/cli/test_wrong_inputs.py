"""What every command says to wrong input: one or two lines with what, where, which value; never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from gateway import __version__
from tests.parts.processes import free_port
from tests.parts.projects import READING, ProjectFiles
from tests.unit.cli.conftest import Gateway

AVSC, OK = "reading.avsc", "ok.json"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFiles:
    """A project whose peers are away, and around it files of every wrong kind; the working directory."""
    monkeypatch.chdir(tmp_path)
    files = ProjectFiles(
        tmp_path,
        mqtt={"url": f"mqtt://127.0.0.1:{free_port()}"},
        kafka={"bootstrap.servers": f"127.0.0.1:{free_port()}", "socket.timeout.ms": "1000"},
        registry={"url": f"http://127.0.0.1:{free_port()}"},
    )
    files.declare("line/pump")
    Path("folder").mkdir()
    for name, text in {
        AVSC: json.dumps(READING),
        OK: '{"n": 1, "temp": 1.5}',
        "broken.avsc": "{",
        "wrong.avsc": '{"type": "recrd"}',
        "line.txt": "no captured message",
        "open.yaml": "mqtt: [",
        "unknown.yaml": "mqtt: {urll: x}",
        "list.yaml": "- a",
        "url.yaml": "mqtt: {url: 'http://broker'}",
        "port.yaml": "mqtt: {url: 'mqtt://broker:99999'}",
        "registry.yaml": "registry: {url: 'localhost:8081'}",
        "kafka.yaml": "kafka:\n  client.id: x\n  linger.mss: 3",
        "client.yaml": "registry:\n  refresh_s: 1\n  max.retrys: 3",
        "unset.yaml": "mqtt: {password: '${SURELY_NOT_SET}'}",
        "elsewhere.yaml": "contracts: nowhere",
    }.items():
        Path(name).write_text(text)
    for name in ("empty.avsc", "empty.yaml"):
        Path(name).touch()
    Path("binary").write_bytes(b"\xff\xfe\x00\x80")
    return files


WRONG: dict[str, tuple[list[str], list[str]]] = {
    # the command line itself
    "no such command": (["tri"], ["gateway: no such command 'tri'. Did you mean 'try'?"]),
    "no such option": (["--nope"], ["gateway: no such option: --nope"]),
    "no value": (["check", "-c"], ["option '-c' requires an argument"]),
    "too much": (["check", "extra"], ["gateway check: got unexpected extra argument", "extra"]),
    "no such subcommand": (["registry", "sreve"], ["gateway registry: no such command 'sreve'", "'serve'"]),
    "an output nobody has": (["check", "-o", "xml"], ["--output", "'xml' is not one of 'text', 'json'"]),
    # gateway.yaml, by the commands that need it
    "a missing configuration": (["publish", "a", OK, "-c", "no.yaml"], ["no.yaml: is missing"]),
    "a folder": (["dlq", "-c", "folder"], ["folder: is no file"]),
    "broken YAML": (["simulate", "-c", "open.yaml"], ["open.yaml:1:8:", "not valid YAML"]),
    "an unknown key": (
        ["publish", "a", OK, "-c", "unknown.yaml"],
        ["unknown.yaml:1:8: mqtt.urll", "did you mean url?"],
    ),
    "an empty file": (["dlq", "-c", "empty.yaml"], ["empty.yaml:1", "empty"]),
    "a list": (["dlq", "-c", "list.yaml"], ["list.yaml:1", "found a list"]),
    "no UTF-8": (["dlq", "-c", "binary"], ["binary:1", "0xff is not UTF-8"]),
    "a foreign URL": (["simulate", "-c", "url.yaml"], ["url.yaml:1:13: mqtt.url", "mqtt://", "mqtts://"]),
    "a port out of range": (["simulate", "-c", "port.yaml"], ["mqtt.url", "Port out of range 0-65535"]),
    "a registry without scheme": (["dlq", "-c", "registry.yaml"], ["registry.url", "http://HOST:PORT"]),
    "an unknown property of Kafka": (
        ["dlq", "-c", "kafka.yaml"],
        ["kafka.yaml:3:3: kafka.linger.mss: ", "did you mean linger.ms?"],
    ),
    "an unknown property of the registry": (
        ["schemas", "plan", "-c", "client.yaml"],
        ["client.yaml:3:3: registry.max.retrys: ", "did you mean max.retries?"],
    ),
    "an unset variable": (["dlq", "-c", "unset.yaml"], ["mqtt.password", "SURELY_NOT_SET"]),
    "contracts that are not there": (["dlq", "-c", "elsewhere.yaml"], ["nowhere", "folder of contracts is missing"]),
    # try
    "nothing to try": (["try"], ["gateway try: name a schema file, or --contract FOLDER, or -c gateway.yaml --topic"]),
    "a missing schema": (["try", "no.avsc"], ["no.avsc: cannot be read: No such file"]),
    "a folder as schema": (["try", "folder"], ["folder: cannot be read: Is a directory"]),
    "an empty schema": (["try", "empty.avsc"], ["empty.avsc: the schema is not JSON", "line 1 column 1"]),
    "a broken schema": (["try", "broken.avsc"], ["broken.avsc: the schema is not JSON"]),
    "a schema of no type": (["try", "wrong.avsc"], ["wrong.avsc: /type: unknown type 'recrd'"]),
    "a binary schema": (["try", "binary"], ["binary: is not UTF-8 text (byte 0)"]),
    "a missing payload": (["try", AVSC, "no.json"], ["no.json: cannot be read: No such file"]),
    "a folder as payload": (["try", AVSC, "folder"], ["folder: cannot be read: Is a directory"]),
    "an unknown mode": (["try", AVSC, OK, "--mode", "strct"], ["--mode: 'strct' is not one of 'strict', 'lossless'"]),
    "an option without value": (["try", AVSC, OK, "--option", "foo"], ["--option: 'foo'", "write NAME=VALUE"]),
    "an unknown option": (["try", AVSC, OK, "--option", "epoch_unti=s"], ["epoch_unti", "did you mean epoch_unit?"]),
    "an option's wrong value": (["try", AVSC, OK, "--option", "epoch_unit=h"], ["epoch_unit", "found 'h'"]),
    "a place without option": (["try", AVSC, OK, "--at", "/temp"], ["--at: '/temp': write /PATH:NAME=VALUE"]),
    "a place that is none": (["try", AVSC, OK, "--at", "/~2:epoch_unit=s"], ["--at: '/~2:epoch_unit=s'"]),
    "a contract's own mode": (
        ["try", "--contract", "schemas/line/pump", "--mode", "strict", OK],
        ["a contract has its own"],
    ),
    "a folder without contract": (["try", "--contract", "folder", OK], ["folder/contract.yaml: is missing"]),
    "rules named twice": (
        ["try", "--contract", "folder", "-c", "gateway.yaml", OK],
        ["--contract and --config", "one"],
    ),
    "a project without topic": (["try", "-c", "gateway.yaml", OK], ["--topic is missing", "--capture"]),
    "a filter as topic": (["try", "-c", "gateway.yaml", "--topic", "a/#", OK], ["--topic: 'a/#' is no topic"]),
    "a topic for a schema": (["try", AVSC, OK, "--topic", "a"], ["--topic is for --contract and -c"]),
    "a line that was not captured": (
        ["try", AVSC, "--capture", "line.txt"],
        ["line.txt:1: is no message as mosquitto_sub"],
    ),
    # check
    "a client ID without --online": (["check", "--client-id", "x"], ["--client-id: is for --online"]),
    "an empty client ID": (["check", "--online", "--client-id", ""], ["--client-id: is empty"]),
    "the gateway's client ID": (["check", "--online", "--client-id", "schema-gateway"], ["'schema-gateway'", "own"]),
    # publish
    "no topic": (["publish"], ["gateway publish: missing argument 'TOPIC'"]),
    "a filter to publish on": (["publish", "a/+", OK], ["TOPIC: 'a/+' is no topic", "+ #"]),
    "a payload that is missing": (["publish", "a", "no.json"], ["FILE: no.json cannot be read: No such file"]),
    "a payload that is a folder": (["publish", "a", "folder"], ["FILE: folder cannot be read: Is a directory"]),
    "a QoS of 7": (["publish", "a", OK, "--qos", "7"], ["--qos: must be", "2, found '7'"]),
    "a QoS in words": (["publish", "a", OK, "--qos", "one"], ["--qos: must be a valid integer", "found 'one'"]),
    # dlq
    "no moment": (["dlq", "--since", "yesterday"], ["--since: 'yesterday' is no time", "2h", "2026-03-01T08:00:00Z"]),
    "no time zone": (["dlq", "--since", "2026-01-01T00:00:00"], ["--since", "time zone"]),
    "an unknown code": (
        ["dlq", "--code", "unknown-feld"],
        ["--code", "'unknown-feld'", "did you mean 'unknown-field'?"],
    ),
    "a code like none": (["dlq", "--code", "x"], ["--code", "'x'", "json-invalid, "]),
    "an unknown contract": (["dlq", "--contract", "line/pum"], ["--contract", "'line/pum'", "'line/pump'"]),
    "a contract like none": (["dlq", "--contract", "x"], ["there is no contract 'x': there are line/pump"]),
    "no letters wanted": (["dlq", "--limit", "0"], ["--limit: must be", "1, found '0'"]),
    # registry serve
    "a source that is missing": (["registry", "serve", "no"], ["no: is missing", "contract.yaml"]),
    "a source that is empty": (["registry", "serve", "folder"], ["folder: holds neither contracts nor fixtures"]),
    "a fixture that is none": (["registry", "serve", OK], [f"{OK}: subjects: is missing"]),
    "a binary fixture": (["registry", "serve", "binary"], ["binary: not a registry fixture"]),
    "a port too high": (["registry", "serve", "--port", "99999"], ["--port: must be", "65535, found '99999'"]),
    "a host that is none": (["registry", "serve", "--host", "a..b"], ["cannot listen on a..b:8081", "--host"]),
    "a host of others": (["registry", "serve", "--host", "192.0.2.1"], ["cannot listen on 192.0.2.1:8081", "--host"]),
    "a memory that is a file": (["registry", "serve", "--data", OK], [f"--data: {OK} is no folder"]),
    # schemas
    "a registry of no scheme": (
        ["schemas", "plan", "--registry", "localhost:8081"],
        ["--registry: must be http://HOST"],
    ),
    "the same without gateway.yaml": (
        ["schemas", "pull", "folder", "--registry", "x"],
        ["--registry: must be http://HOST:PORT"],
    ),
    "a registry's port too high": (
        ["schemas", "plan", "--registry", "http://localhost:99999"],
        ["--registry: is no URL: Port out of range"],
    ),
    # simulate, demo
    "no devices": (["simulate", "--devices", "0"], ["--devices: must be", "1, found '0'"]),
    "an endless rate": (["simulate", "--rate", "inf"], ["--rate: must be a number, found inf"]),
    "no rate": (["simulate", "--rate", "nan"], ["--rate: must be", "found 'nan'"]),
    "a negative time": (["simulate", "--seconds", "-1"], ["--seconds: must be", "found '-1'"]),
    "a seed in words": (["simulate", "--seed", "x"], ["--seed: must be a valid integer", "found 'x'"]),
    "too fast a demo": (["demo", "--rate", "1e9"], ["--rate: must be", "500, found '1e9'"]),
    "too short a demo": (["demo", "--seconds", "0"], ["--seconds: must be", "1, found '0'"]),
    "a demo with configuration": (["demo", "-c", "x"], ["gateway demo: no such option: -c"]),
}
"""What is wrong -> the command line, and what the message must name."""


@pytest.mark.parametrize(("arguments", "named"), WRONG.values(), ids=WRONG)
def test_wrong_input(gateway: Gateway, arguments: list[str], named: list[str]) -> None:
    """Exit 2, nothing on standard output; what, where and which value on the first of at most two lines."""
    ended = gateway(*arguments)
    assert (ended.code, ended.out) == (2, "")
    first, *rest = ended.err.splitlines()
    assert first.startswith("gateway")
    assert [part for part in named if part not in first] == [], first
    assert rest in ([], [f"{first.split(': ')[0]} --help tells more"])


def test_the_value_is_named_once(gateway: Gateway) -> None:
    """Where typer's own message leaves it out it is added, and only there."""
    _, _, err = gateway("try", AVSC, "--mode", "strct")
    assert err.splitlines()[0] == "gateway try: --mode: 'strct' is not one of 'strict', 'lossless', 'lenient'"
    _, _, err = gateway("publish", "a", "--qos", "7")
    assert err.splitlines()[0] == "gateway publish: --qos: must be less than or equal to 2, found '7'"


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ("no.yaml", "no.yaml: is missing"),
        ("folder", "folder: is no file"),
        ("open.yaml", "open.yaml:1: not valid YAML"),
        ("binary", "binary:1: byte 0xff is not UTF-8"),
        ("url.yaml", "url.yaml:1: mqtt.url: must begin with mqtt://"),
        ("elsewhere.yaml", "nowhere: the folder of contracts is missing"),
    ],
)
def test_what_check_finds_in_wrong_files(gateway: Gateway, configuration: str, named: str) -> None:
    """It is what it was asked for, so it is on standard output; exit 2."""
    ended = gateway("check", "-c", configuration)
    assert (ended.code, ended.err) == (2, "")
    finding, summary = ended.out.splitlines()
    assert finding.startswith("invalid      configuration  ")
    assert named in finding
    assert summary.endswith("1 invalid")


@pytest.mark.parametrize("name", ["kafka", "client"])
def test_what_check_finds_in_properties_of_others(gateway: Gateway, name: str) -> None:
    """With the line, although librdkafka and Confluent's client know of none; they are tried without connecting."""
    ended = gateway("check", "-c", f"{name}.yaml")
    assert (ended.code, ended.err) == (2, "")
    [finding] = [line for line in ended.out.splitlines() if line.startswith("invalid")]
    key = {"kafka": "kafka.linger.mss", "client": "registry.max.retrys"}[name]
    assert f"  {name}.yaml:3: {key}: " in finding
    assert "did you mean" in finding


@pytest.mark.parametrize("arguments", [["try", AVSC], ["publish", "a"], ["publish", "a", "-"]], ids=" ".join)
def test_standard_input_is_closed(gateway: Gateway, arguments: list[str]) -> None:
    """As under some supervisors: exit 2, and what to do."""
    ended = gateway(*arguments, stdin=None)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[0].endswith("standard input is closed: name a FILE")


def test_a_payload_above_what_mqtt_takes(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Topic, payload and header must fit into one packet; the sizes are named."""
    monkeypatch.setattr("gateway.cli.publish.MQTT_MAX_PAYLOAD", 100)
    assert gateway("publish", "a" * 45, stdin=b"x" * 50).code == 3  # fits, but nobody listens
    ended = gateway("publish", "a" * 46, stdin=b"x" * 50)
    assert ended.code == 2
    assert "50 bytes and the topic are more than an MQTT packet's 100" in ended.err


@pytest.mark.parametrize("arguments", [["publish", "a", OK], ["simulate"], ["dlq"]], ids=" ".join)
def test_a_peer_that_refuses(gateway: Gateway, project: ProjectFiles, arguments: list[str]) -> None:
    """Exit 3, and one line with its address; nothing that looks like a result."""
    settings = yaml.safe_load(project.config.read_text())
    address = settings["kafka"]["bootstrap.servers"] if arguments == ["dlq"] else settings["mqtt"]["url"]
    ended = gateway(*arguments)
    assert (ended.code, ended.out) == (3, "")
    [line] = ended.err.splitlines()
    assert line.startswith(f"gateway: {address}: ")


def test_nothing_to_do(gateway: Gateway) -> None:
    """Without a command the help is shown, and it counts as wrong usage."""
    for arguments in ([], ["registry"]):
        ended = gateway(*arguments)
        assert (ended.code, ended.err) == (2, "")
        assert "Commands" in ended.out


def test_the_version(gateway: Gateway) -> None:
    """Alone on a line, with or without a command behind it."""
    assert gateway("--version") == (0, f"{__version__}\n", "")
    assert gateway("--version", "check") == (0, f"{__version__}\n", "")
