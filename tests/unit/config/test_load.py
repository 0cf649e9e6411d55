"""What good files are read as."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.config.contract import Compatibility, Contract, DeclaredReference, SharedType, Timestamp, Variant
from gateway.config.load import load_contracts, load_folder, load_options, load_project, load_settings
from gateway.config.options import Capture, Options
from gateway.config.settings import Settings
from gateway.errors import ConfigError
from gateway.model import Code, Format, Mode
from gateway.notation.pointer import MISSING, Pattern, Pointer
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter

SCHEMAS = Path(__file__).parents[3] / "schemas"


def write(root: Path, files: dict[str, str]) -> Path:
    """The files below ``root``."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def settings_from(tmp_path: Path, text: str, **environ: str) -> Settings:
    """The settings in ``text``."""
    return load_settings(write(tmp_path, {"gateway.yaml": text}) / "gateway.yaml", environ)


def contract_from(tmp_path: Path, text: str, **files: str) -> Contract:
    """The contract in ``text``."""
    names = {"schema_avsc": "schema.avsc", "schema_json": "schema.json", "examples": "examples.yaml"}
    write(tmp_path, {"contract.yaml": text, **{names[name]: content for name, content in files.items()}})
    declared = load_folder(tmp_path)
    assert isinstance(declared, Contract)
    return declared


def test_what_gateway_yaml_leaves_out_has_its_documented_default(tmp_path: Path) -> None:
    """An empty mapping is a complete configuration; folders are beside the file."""
    settings = settings_from(tmp_path, "{}")
    assert settings == Settings(contracts=tmp_path / "schemas", state=tmp_path / "var")
    assert (settings.mqtt.url, settings.mqtt.version, settings.registry.refresh_s) == ("mqtt://localhost:1883", "5", 60)


def test_every_key_of_gateway_yaml_arrives(tmp_path: Path) -> None:
    """The whole file of the documentation, with variables and files filled in."""
    (tmp_path / "pw").write_text("hush\n")
    settings = settings_from(
        tmp_path,
        """
mqtt:
  url: mqtts://broker:8884
  client_id: gw-1
  version: 3.1.1
  username: gateway
  password: ${file:pw}
  tls: {ca_file: ca.pem, cert_file: /etc/gw.pem, key_file: gw.key}
  session_expiry_s: 3600
  receive_maximum: ${WINDOW}
  keepalive_s: 30
  share: ingest
kafka:
  bootstrap.servers: a:9092,b:9092
  linger.ms: 20
  ssl.ca.location: ${CA:-/etc/ca.pem}
  enable.idempotence: True
registry:
  url: http://a:8081,http://b:8081
  refresh_s: 2.5
  basic.auth.user.info: "${SR_KEY}:${SR_SECRET}"
  max.retries: 1
contracts: ../contracts
dead_letters: {topic: "dlq.{topic}", unrouted: lost, payload: hash}
limits: {payload_bytes: 2000, depth: 8, window_bytes: 100000}
state: /var/lib/gateway
admin: {listen: "[::1]:9000"}
""",
        WINDOW="60",
        SR_KEY="key",
        SR_SECRET="a:b#{c}",
    )
    mqtt = settings.mqtt
    assert (mqtt.url, mqtt.client_id, mqtt.version, mqtt.username) == (
        "mqtts://broker:8884",
        "gw-1",
        "3.1.1",
        "gateway",
    )
    assert mqtt.password is not None
    assert mqtt.password.get_secret_value() == "hush"
    assert (mqtt.tls.ca_file, mqtt.tls.cert_file) == (tmp_path / "ca.pem", Path("/etc/gw.pem"))
    assert (mqtt.session_expiry_s, mqtt.receive_maximum, mqtt.keepalive_s, mqtt.share) == (3600, 60, 30, "ingest")
    assert settings.kafka == {
        "bootstrap.servers": "a:9092,b:9092",
        "linger.ms": "20",
        "ssl.ca.location": "/etc/ca.pem",
        "enable.idempotence": "True",
    }
    assert settings.registry.properties == {"basic.auth.user.info": "key:a:b#{c}", "max.retries": "1"}
    assert settings.registry.refresh_s == 2.5
    assert settings.contracts == tmp_path / "../contracts"
    assert settings.state == Path("/var/lib/gateway")
    assert settings.dead_letters.model_dump() == {"topic": "dlq.{topic}", "unrouted": "lost", "payload": "hash"}
    assert settings.limits.model_dump() == {"payload_bytes": 2000, "depth": 8, "window_bytes": 100000}
    assert settings.admin.listen == "[::1]:9000"


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        ("ca.pem", "{folder}/ca.pem"),
        ("certs/gw.pem", "{folder}/certs/gw.pem"),
        ("../ca.pem", "{folder}/../ca.pem"),
        ("/etc/ca.pem", "/etc/ca.pem"),
        ("${CA}", "{folder}/from-outside.pem"),
        ("''", ""),
    ],
)
@pytest.mark.parametrize("name", ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location"])
def test_the_registry_s_tls_files_are_relative_to_the_file(
    name: str, written: str, absolute: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the command was started; an empty one stays empty, so that it can be refused by name."""
    monkeypatch.chdir("/")
    settings = settings_from(
        tmp_path, f"registry:\n  {name}: {written}\n  ssl.key.password: a/b", CA="from-outside.pem"
    )
    assert settings.registry.properties == {name: absolute.format(folder=tmp_path), "ssl.key.password": "a/b"}


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("${A}", "x"),
        ("-${A}-${A}-", "-x-x-"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A $ {A}", "$A $ {A}"),
        ("'${EMPTY}'", ""),
        ("${EMPTY:-fallback}", "fallback"),
        ("${NOPE:-}", ""),
        ("${NOPE:-a:-b}", "a:-b"),
        ("${INJECTED}", "a: {b: [c]} # d"),
        ("'${file:lines}'", "one\n"),
        ("'${file:windows}'", "one"),
    ],
)
def test_variables_are_filled_in_after_parsing(written: str, filled: str, tmp_path: Path) -> None:
    """Values cannot inject YAML, $${ is the text ${, and a file loses one final newline."""
    (tmp_path / "lines").write_bytes(b"one\n\n")
    (tmp_path / "windows").write_bytes(b"one\r\n")
    settings = settings_from(
        tmp_path,
        f"kafka: {{client.id: {written}}}" if "'" in written else f"kafka:\n  client.id: {written}",
        A="x",
        EMPTY="",
        INJECTED="a: {b: [c]} # d",
    )
    assert settings.kafka == {"client.id": filled}


def test_an_empty_variable_means_no_user_and_no_password(tmp_path: Path) -> None:
    """${X:-} is how a file says that there may be none."""
    settings = settings_from(tmp_path, "mqtt: {username: '${U:-}', password: '${P:-}'}")
    assert (settings.mqtt.username, settings.mqtt.password) == (None, None)


def test_properties_are_passed_on_as_they_are_written(tmp_path: Path) -> None:
    """A librdkafka property is text: neither numbers nor booleans change their spelling."""
    settings = settings_from(tmp_path, "kafka: {a.b: 1.10, c.d: TRUE, e.f: 007, g.h: 'x'}")
    assert settings.kafka == {"a.b": "1.10", "c.d": "TRUE", "e.f": "007", "g.h": "x"}


def test_secrets_are_not_in_the_representation_of_settings(tmp_path: Path) -> None:
    """A traceback or log line that shows the settings shows no password."""
    settings = settings_from(
        tmp_path,
        "mqtt: {password: hush1}\nkafka: {sasl.password: hush2}\nregistry: {basic.auth.user.info: 'a:hush3'}",
    )
    assert "hush" not in repr(settings)
    assert "hush" not in str(settings)


def test_the_smallest_contract_has_the_documented_defaults(tmp_path: Path) -> None:
    """Only mqtt and topic are required."""
    contract = contract_from(tmp_path / "pump", "mqtt: plant/{device}\ntopic: plant.pump")
    assert contract == Contract(
        name="pump",
        folder=tmp_path / "pump",
        filter=TopicFilter.parse("plant/{device}"),
        topic=Template.parse("plant.pump"),
    )
    assert contract.variants() == (Variant({}, "plant.pump", "plant.pump-value", "plant.pump.dlq"),)
    assert (contract.mode, contract.qos, contract.framing, contract.version) == (Mode.LOSSLESS, 1, "prefix", None)


def test_every_key_of_contract_yaml_arrives(tmp_path: Path) -> None:
    """The whole contract of the documentation."""
    contract = contract_from(
        tmp_path,
        """
mqtt: plant/{building}/{device}/readings
topic: plant.pump
subject: acme.Pump
where: {/type: reading, building: [b1, b2]}
device: /deviceId
key: "{building}/{device}"
fields: {/site: "{building}", /receivedAt: "{received_at}"}
headers: {building: "{building}", v: "{{1}}"}
timestamp: {field: /ts, unit: s, ahead_s: 60, behind_s: 0, otherwise: reject}
version: 7
mode: lenient
options: {epoch_unit: s, unknown_fields: {capture: /extra}, rounding: half-even, epoch_window: [2000-01-01, 2050-01-01]}
overrides: {/readings/*/temp: {decimal_separator: ","}, /name: {aliases: [n, nm]}}
framing: header
qos: 2
compatibility: BACKWARD
references: [{name: geo.Position, subject: geo.position-value, version: latest}, {name: b, subject: c, version: 3}]
dead_letters: plant.{building}.dlq
owner: plant-data
description: >
  The pumps of
  the plant.
""",
        schema_avsc='"string"',
    )
    assert contract.filter.captures == ("building", "device")
    assert contract.where == {"/type": ("reading",), "building": ("b1", "b2")}
    assert contract.device == Pointer(("deviceId",))
    assert contract.key == Template.parse("{building}/{device}")
    assert {str(pointer): str(template) for pointer, template in contract.fields.items()} == {
        "/site": "{building}",
        "/receivedAt": "{received_at}",
    }
    assert contract.headers["v"].constant == "{1}"
    assert contract.timestamp == Timestamp(Pointer(("ts",)), "s", 60, 0, "reject")
    assert (contract.version, contract.mode, contract.framing, contract.qos) == (7, Mode.LENIENT, "header", 2)
    assert contract.options == Options(
        epoch_unit="s",
        unknown_fields=Capture("/extra"),
        rounding="half-even",
        epoch_window=(date(2000, 1, 1), date(2050, 1, 1)),
    )
    assert contract.overrides == (
        (Pattern(("readings", "*", "temp")), Options(decimal_separator=",")),
        (Pattern(("name",)), Options(aliases=("n", "nm"))),
    )
    assert contract.compatibility is Compatibility.BACKWARD
    assert contract.references == (
        DeclaredReference("geo.Position", "geo.position-value", None),
        DeclaredReference("b", "c", 3),
    )
    assert contract.schema is not None
    assert (contract.schema.format, contract.schema.text) == (Format.AVRO, '"string"')
    assert (contract.owner, contract.description) == ("plant-data", "The pumps of the plant.\n")
    assert [variant.dead_letters for variant in contract.variants()] == ["plant.b1.dlq", "plant.b2.dlq"]


def test_a_timestamp_is_short_for_its_field(tmp_path: Path) -> None:
    """timestamp: /ts keeps the default bounds."""
    contract = contract_from(tmp_path, "mqtt: '{device}'\ntopic: a\ntimestamp: /a/ts")
    assert contract.timestamp == Timestamp(Pointer(("a", "ts")), None, 3600, 604800, "arrival")


@pytest.mark.parametrize(
    ("subject", "meant"),
    [
        (":.lab:{contract}-value", ":.lab:pos"),
        (":.:a", "pos"),
        ("a", "pos"),
        ("{topic}-value", "pos"),
        (":.{topic}:a", "pos"),
    ],
)
def test_a_reference_is_in_the_context_of_its_subject(tmp_path: Path, subject: str, meant: str) -> None:
    """Where it names none itself, and the subject's is written out; as for the registry."""
    contract = contract_from(
        tmp_path,
        f"""
mqtt: "{{device}}"
topic: a
subject: "{subject}"
references: [{{name: Pos, subject: pos}}, {{name: Unit, subject: ":.hall:unit"}}]
""",
        schema_avsc='"string"',
    )
    assert [reference.subject for reference in contract.references] == [meant, ":.hall:unit"]


def test_a_contract_stands_for_every_combination_of_its_listed_captures(tmp_path: Path) -> None:
    """Captures that topic, subject or dead letters contain are spelled out; others are not."""
    contract = contract_from(
        tmp_path,
        """
mqtt: "{site}/{kind}/{line}/{device}"
topic: "{site}.{kind}"
subject: "{kind}-{topic}-value"
dead_letters: "{subject}.dlq"
where: {site: [a, b], kind: x, line: [l1, l2], /type: [1, 2]}
""",
    )
    assert contract.variants() == (
        Variant({"site": "a", "kind": "x"}, "a.x", "x-a.x-value", "x-a.x-value.dlq"),
        Variant({"site": "b", "kind": "x"}, "b.x", "x-b.x-value", "x-b.x-value.dlq"),
    )


def test_examples_keep_their_bytes_and_what_they_leave_out(tmp_path: Path) -> None:
    """A payload is text byte for byte or base64; null is a value, absence is not checked."""
    contract = contract_from(
        tmp_path,
        "mqtt: plant/{device}\ntopic: a",
        examples="""
accepted:
  - {name: strings, mqtt: plant/p7, payload: '{"t":"21,5"} ', becomes: {t: 21.5, n: null}, key: p7, coercions: {/t: a}}
  - {payload: '', becomes: null, coercions: {}}
  - payload_base64: /wA=
rejected:
  - {payload: "Gr\\u00fc\\u00dfe", code: json-invalid, path: ""}
  - {payload: '{"a":1}', code: unknown-field, path: /a}
""",
    )
    first, second, third = contract.examples.accepted
    assert (first.name, first.mqtt, first.payload, first.key) == ("strings", "plant/p7", b'{"t":"21,5"} ', "p7")
    assert (first.becomes, first.coercions, first.line) == ({"t": 21.5, "n": None}, {"/t": ("a",)}, 3)
    assert (second.name, second.payload, second.becomes, second.coercions) == ("accepted 2", b"", None, {})
    assert (third.payload, third.becomes, third.key, third.coercions) == (b"\xff\x00", MISSING, None, None)
    one, two = contract.examples.rejected
    assert (one.payload, one.code, one.path) == ("Grüße".encode(), Code.JSON_INVALID, "")
    assert (two.code, two.path, two.mqtt, two.name) == (Code.UNKNOWN_FIELD, "/a", None, "rejected 2")


def test_folders_are_found_wherever_they_are(tmp_path: Path) -> None:
    """A contract is called by its path; links are followed, hidden folders and other files are not."""
    write(
        tmp_path,
        {
            "schemas/industry/pump/contract.yaml": "mqtt: a/{device}\ntopic: a",
            "schemas/industry/pump/v2/contract.yaml": "mqtt: b/{device}\ntopic: b",
            "schemas/shared/geo/contract.yaml": "subject: geo",
            "schemas/shared/geo/schema.json": "{}",
            "schemas/.git/contract.yaml": "nonsense",
            "schemas/README.md": "hello",
            "elsewhere/fan/contract.yaml": "mqtt: c/{device}\ntopic: c",
        },
    )
    (tmp_path / "schemas/linked").symlink_to(tmp_path / "elsewhere")
    contracts = load_contracts(tmp_path / "schemas")
    assert [contract.name for contract in contracts] == ["industry/pump", "industry/pump/v2", "linked/fan"]
    assert [shared.name for shared in contracts.shared_types] == ["shared/geo"]
    assert contracts.shared_types[0].schema.format is Format.JSON
    assert contracts.named("linked/fan") is contracts.contracts[2]
    assert contracts.named("fan") is None


def test_files_that_a_config_map_mounts_as_links_are_read(tmp_path: Path) -> None:
    """Kubernetes mounts each file as a link into a hidden folder."""
    write(tmp_path, {"schemas/pump/..2024/contract.yaml": "mqtt: a/{device}\ntopic: a"})
    (tmp_path / "schemas/pump/..data").symlink_to("..2024")
    (tmp_path / "schemas/pump/contract.yaml").symlink_to("..data/contract.yaml")
    assert [contract.name for contract in load_contracts(tmp_path / "schemas")] == ["pump"]


def test_the_filters_and_topics_that_may_be_shared_are(tmp_path: Path) -> None:
    """Narrower filters, disjoint where, one fallback, and one topic with several subjects are fine."""
    write(
        tmp_path,
        {
            "all/contract.yaml": "mqtt: '#'\ndevice: /id\ntopic: rest",
            "narrow/contract.yaml": "mqtt: p/b1/{device}\ntopic: t\nsubject: s1",
            "one/contract.yaml": "mqtt: p/{b}/{device}\ntopic: t\nsubject: s2\nwhere: {/k: [1, 2], b: x}",
            "two/contract.yaml": "mqtt: p/{c}/{device}\ntopic: t\nsubject: s3\nwhere: {/k: [1, true], c: y}",
            "three/contract.yaml": "mqtt: p/{b}/{device}\ntopic: t\nsubject: s4\nwhere: {/k: '1', b: x}",
            "rest/contract.yaml": "mqtt: p/+/{device}\ntopic: t\nsubject: s5",
        },
    )
    assert len(load_contracts(tmp_path)) == 6


def test_a_project_uses_the_dead_letter_topic_of_its_settings(tmp_path: Path) -> None:
    """Contracts that declare none take the template of gateway.yaml."""
    write(
        tmp_path,
        {
            "gateway.yaml": "dead_letters: {topic: 'dlq.{contract}'}\ncontracts: c",
            "c/a/contract.yaml": "mqtt: a/{device}\ntopic: a",
            "c/b/contract.yaml": "mqtt: b/{device}\ntopic: b\ndead_letters: own",
        },
    )
    project = load_project(tmp_path / "gateway.yaml", {})
    assert [contract.variants()[0].dead_letters for contract in project.contracts] == ["dlq.a", "own"]


def test_a_project_refuses_what_its_settings_cannot_carry(tmp_path: Path) -> None:
    """QoS 2 needs MQTT 5, and no contract may write to the topic of unrouted dead letters."""
    write(
        tmp_path,
        {
            "gateway.yaml": "mqtt:\n  version: 3.1.1\n",
            "schemas/a/contract.yaml": "mqtt: a/{device}\ntopic: a\nqos: 2",
        },
    )
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path / "gateway.yaml", {})
    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(tmp_path / "schemas/a/contract.yaml"), 3, "qos")
    assert f"2 needs MQTT 5, and {tmp_path}/gateway.yaml:2 sets mqtt.version to 3.1.1" in problem.message
    write(
        tmp_path,
        {"gateway.yaml": "dead_letters: {unrouted: a}", "schemas/a/contract.yaml": "mqtt: a/{device}\ntopic: a"},
    )
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path / "gateway.yaml", {})
    assert "a is the topic of dead letters that no contract claims" in str(caught.value)


def test_the_contracts_of_this_project_are_fine() -> None:
    """What we ship loads, and each of its contracts has examples of both kinds."""
    contracts = load_contracts(SCHEMAS)
    assert {"industry/pump", "city/air-quality"} <= {contract.name for contract in contracts}
    for contract in contracts:
        assert contract.examples.accepted, contract.name
        assert contract.examples.rejected, contract.name


def test_a_single_folder_is_called_by_its_own_name(tmp_path: Path) -> None:
    """load_folder reads one folder, whatever else is wrong around it."""
    write(
        tmp_path, {"x/geo/contract.yaml": "subject: geo\nowner: me", "x/geo/schema.avsc": "{}", "x/contract.yaml": "!"}
    )
    declared = load_folder(tmp_path / "x" / "geo")
    assert isinstance(declared, SharedType)
    assert (declared.name, declared.subject, declared.owner) == ("geo", "geo", "me")


def test_options_on_a_command_line_are_those_of_contract_yaml() -> None:
    """Values are written as in the file, and what YAML cannot read is text."""
    pairs = ["epoch_unit=s", "unknown_fields={capture: /x}", 'null_tokens=["", "-"]', "decimal_separator=,"]
    assert load_options(pairs, Mode.LOSSLESS) == Options(
        epoch_unit="s", unknown_fields=Capture("/x"), null_tokens=("", "-"), decimal_separator=","
    )
    assert load_options([], Mode.STRICT) == Options()
    assert load_options(["aliases=[a]"], Mode.STRICT, override=True) == Options(aliases=("a",))


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("epoch_unit", "--option: 'epoch_unit' is no option: write NAME=VALUE"),
        ("epoch=s", "--option: epoch: unknown key: did you mean epoch_unit?"),
        ("epoch_unit=x", "--option: epoch_unit: must be 's', 'ms', 'us' or 'ns', found 'x'"),
        ("rounding=floor", "mode lossless forbids"),
        ("aliases=[a]", "under overrides"),
    ],
)
def test_wrong_options_on_a_command_line_are_told(pair: str, message: str) -> None:
    """The messages are those of the file, without a place in it."""
    with pytest.raises(ConfigError) as caught:
        load_options([pair], Mode.LOSSLESS)
    assert message in str(caught.value)
