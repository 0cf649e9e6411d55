"""Wrong contract folders, and what people are told."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.config.load import load_contracts
from gateway.errors import ConfigError

GOOD = "mqtt: plant/{building}/{device}/readings\ntopic: plant.pump\n"
"""The smallest contract; rows add their mistake behind it, so that it is in line 3."""


class Wrong(NamedTuple):
    """A contract.yaml with one mistake, and the message that it promises."""

    text: str
    line: int
    key: str
    says: tuple[str, ...]
    """All of these stand in the message."""


def added(text: str, key: str, *says: str, line: int = 3) -> Wrong:
    """A mistake behind an otherwise good contract."""
    return Wrong(GOOD + text, line, key, says)


WRONG = {
    # keys
    "misspelled key": added("devise: /id", "devise", "unknown key: did you mean device?"),
    "mqtt missing": Wrong("topic: plant.pump", 1, "mqtt", ("is required, and missing",)),
    "topic missing": Wrong("mqtt: a/{device}", 1, "topic", ("is required, and missing",)),
    "reserved payload": added("payload: cbor", "payload", "'payload' is reserved", "formats other than JSON", "remove"),
    "reserved split": added("split: /items", "split", "'split' is reserved"),
    "reserved ignore": added("ignore: true", "ignore", "'ignore' is reserved"),
    "reserved retained": added("retained: skip", "retained", "'retained' is reserved"),
    "key without value": added("owner:", "owner", "has no value"),
    "unknown key in timestamp": added("timestamp: {field: /ts, ahead: 5}", "timestamp.ahead", "did you mean ahead_s?"),
    "timestamp without field": added("timestamp: {unit: s}", "timestamp.field", "is required, and missing"),
    "unknown key in a reference": added(
        "references:\n  - {name: a, subject: b, versoin: 1}", "references[0].versoin", "mean version?", line=4
    ),
    "reference without subject": added(
        "references:\n  - {name: a}", "references[0].subject", "is required, and missing", line=4
    ),
    # mqtt
    "empty filter": Wrong("mqtt: ''\ntopic: a", 1, "mqtt", ("must not be empty",)),
    "filter is a number": Wrong("mqtt: 5\ntopic: a", 1, "mqtt", ("must be text, found 5", "quote it")),
    "part of a level": Wrong("mqtt: plant/pump-{device}\ntopic: a", 1, "mqtt", ("'pump-{device}'", "a whole level")),
    "hash in the middle": Wrong("mqtt: '#/{device}'\ntopic: a", 1, "mqtt", ("nothing may follow",)),
    "hash as a comment": Wrong("mqtt: #\ntopic: a", 1, "mqtt", ("has no value", "# is a comment")),
    "unquoted filter": Wrong("mqtt: {device}\ntopic: a", 1, "mqtt", ('quote it, "{device}"',)),
    "unquoted filter with more": Wrong("mqtt: {device}/x\ntopic: a", 1, "", ("quote it",)),
    "capture twice": Wrong("mqtt: '{device}/{device}'\ntopic: a", 1, "mqtt", ("two captures called 'device'",)),
    "reserved capture": Wrong("mqtt: '{topic}/{device}'\ntopic: a", 1, "mqtt", ("{topic}", "rename the capture")),
    "shared subscription": Wrong("mqtt: $share/g/{device}\ntopic: a", 1, "mqtt", ("mqtt.share",)),
    "no device": Wrong("mqtt: plant/{building}\ntopic: a", 1, "mqtt", ("which device", "add device:")),
    "device of many levels": Wrong("mqtt: 'p/{device...}'\ntopic: a", 1, "mqtt", ("write {device}",)),
    # topic, subject, dead letters
    "topic name": Wrong("mqtt: a/{device}\ntopic: plant pump", 2, "topic", ("'plant pump' is no Kafka topic name",)),
    "topic of dots": Wrong("mqtt: a/{device}\ntopic: ..", 2, "topic", ("'..' is no Kafka topic name",)),
    "long topic": Wrong(f"mqtt: a/{{device}}\ntopic: {'x' * 250}", 2, "topic", ("1 to 249",)),
    "empty topic": Wrong("mqtt: a/{device}\ntopic: ''", 2, "topic", ("must not be empty",)),
    "topic is a list": Wrong("mqtt: a/{device}\ntopic: [a]", 2, "topic", ("must be text, found a list",)),
    "open capture in the topic": Wrong(
        "mqtt: p/{building}/{device}\ntopic: p.{building}", 2, "topic", ("{building} may be anything", "under where")
    ),
    "device in the topic": Wrong("mqtt: a/{b}\ndevice: /id\ntopic: a.{device}", 3, "topic", ("cannot be used here",)),
    "topic in the topic": Wrong("mqtt: a/{device}\ntopic: a.{topic}", 2, "topic", ("{topic} cannot be used here",)),
    "misspelled name in the topic": Wrong(
        "mqtt: p/{building}/{device}\ntopic: p.{biulding}", 2, "topic", ("did you mean {building}?",)
    ),
    "many levels in the topic": Wrong(
        "mqtt: p/{device}/{rest...}\ntopic: p.{rest}", 2, "topic", ("takes all further topic levels",)
    ),
    "value that no topic can have": Wrong(
        "mqtt: p/{b}/{device}\ntopic: p.{b}\nwhere: {b: [x, ü]}", 2, "topic", ("'p.ü' is no Kafka topic name",)
    ),
    "folder name in the topic": Wrong(
        "mqtt: a/{device}\ntopic: 'x.{contract}'", 2, "topic", ("'x.industry/pump' is no Kafka topic name",)
    ),
    "open capture in the subject": added("subject: '{building}-value'", "subject", "may be anything"),
    "arrival in the subject": added("subject: '{received_at}'", "subject", "cannot be used here"),
    "control character in the subject": added('subject: "a\\nb"', "subject", "control character"),
    "brace in the subject": added("subject: 'a}'", "subject", "a lone }"),
    "dead letters in the main topic": added("dead_letters: plant.pump", "dead_letters", "the topic of contract"),
    "dead-letter topic name": added("dead_letters: a b", "dead_letters", "no Kafka topic name"),
    "device in the dead-letter topic": added("dead_letters: '{device}'", "dead_letters", "{device} may be anything"),
    # where
    "where is text": added("where: reading", "where", "must be a mapping, found 'reading'"),
    "where without slash": added("where: {type: reading}", "where.type", "neither a capture", "write /type"),
    "where misspells a capture": added("where: {bilding: b1}", "where.bilding", "did you mean building?"),
    "where without values": added("where: {/type: []}", "where./type", "at least one value"),
    "where with null": added("where: {/type: null}", "where./type", "has no value"),
    "where with a mapping": added("where: {/type: {a: b}}", "where./type", "must be a text, a number"),
    "where with a list in a list": added("where: {/type: [[a]]}", "where./type", "must be a text, a number"),
    "where with nan": added("where: {/type: .nan}", "where./type", "must be a text, a number"),
    "where lists a value twice": added("where: {/type: [1, 1.0]}", "where./type", "twice"),
    "where with a number for a capture": added("where: {building: 5}", "where.building", "so quote it"),
    "where with levels for a capture": added(
        "where: {building: [b1, b2/x]}", "where.building[1]", "'b2/x' can never be captured"
    ),
    "where with a bad escape": added("where: {/a~b: 1}", "where./a~b", "~0 for ~"),
    "where on many levels": Wrong(
        "mqtt: p/{device}/{rest...}\ntopic: a\nwhere: {rest: x}", 3, "where.rest", ("capture the level as {rest}",)
    ),
    "too many variants": Wrong(
        "mqtt: '{a}/{b}/{device}'\ntopic: '{a}.{b}'\nwhere:\n"
        f"  a: [{', '.join(f'x{n}' for n in range(40))}]\n  b: [{', '.join(f'x{n}' for n in range(40))}]",
        4,
        "where",
        ("1600 topics", "the limit is 1000"),
    ),
    # pointers and templates
    "device without slash": added("device: id", "device", "'id' is no JSON pointer", "as in '/id'"),
    "device is everything": added("device: ''", "device", "the whole payload", "/name"),
    "device with a bad escape": added("device: /a~2", "device", "~0 for ~"),
    "unquoted key": added("key: {device}", "key", 'quote it, "{device}"'),
    "empty key": added("key: ''", "key", "must not be empty"),
    "unknown name in the key": added("key: '{devise}'", "key", "nothing fills {devise}", "{device}"),
    "lone brace in the key": added("key: '{device'", "key", "a lone { at character 1"),
    "fields without slash": added("fields: {site: x}", "fields.site", "as in '/site'"),
    "fields with a number": added("fields: {/site: 5}", "fields./site", "must be text, found 5", "quote it"),
    "fields inside fields": added("fields: {/a: x, /a/b: y}", "fields./a/b", "lies inside /a"),
    "unknown name in fields": added(
        "fields: {/a: '{site}'}", "fields./a", "nothing fills {site}: known are building, device, topic, subject, "
    ),
    "unquoted field": added("fields: {/a: {building}}", "fields./a", 'quote it, "{building}"'),
    "own header": added("headers: {gw-building: x}", "headers.gw-building", "the gateway's own headers"),
    "registry's header": added("headers: {__value_schema_id: x}", "headers.__value_schema_id", "own headers"),
    "header without name": added("headers: {'': x}", "headers.", "must not be empty"),
    "unknown name in a header": added("headers: {b: '{bilding}'}", "headers.b", "did you mean {building}?"),
    # choices and numbers
    "mode": added("mode: loose", "mode", "'strict', 'lossless' or 'lenient', found 'loose'"),
    "misspelled mode": added("mode: lenent", "mode", "did you mean lenient?"),
    "qos": added("qos: 3", "qos", "at most 2, found 3"),
    "qos as a word": added("qos: once", "qos", "whole number, found 'once'"),
    "qos as a boolean": added("qos: yes", "qos", "found 'yes'"),
    "version": added("version: newest", "version", "must be latest or the number", "'newest'"),
    "version of zero": added("version: 0", "version", "must be latest or the number"),
    "framing": added("framing: heder", "framing", "did you mean header?"),
    "compatibility in lower case": added("compatibility: backward", "compatibility", "did you mean BACKWARD?"),
    "timestamp unit": added("timestamp: {field: /t, unit: sec}", "timestamp.unit", "'s', 'ms', 'us' or 'ns'"),
    "timestamp bound": added("timestamp: {field: /t, ahead_s: -1}", "timestamp.ahead_s", "at least 0, found -1"),
    "timestamp otherwise": added("timestamp: {field: /t, otherwise: drop}", "timestamp.otherwise", "'arrival'"),
    "owner is a number": added("owner: 5", "owner", "must be text, found 5"),
    # options
    "unknown option": added("options: {epoch_units: s}", "options.epoch_units", "did you mean epoch_unit?"),
    "option value": added("options: {epoch_unit: sec}", "options.epoch_unit", "'s', 'ms', 'us' or 'ns'"),
    "window of one day": added("options: {epoch_window: [2000-01-01]}", "options.epoch_window[1]", "one more entry"),
    "window backwards": added(
        "options: {epoch_window: [2100-01-01, 2000-01-01]}", "options.epoch_window", "2100-01-01 is not before"
    ),
    "window without days": added(
        "options: {epoch_window: [2000-1-1, 2100-01-01]}", "options.epoch_window[0]", "YYYY-MM-DD"
    ),
    "no day of the calendar": added(
        "options: {epoch_window: [2000-02-30, 2100-01-01]}", "options.epoch_window[0]", "no day of the calendar"
    ),
    "zone": added("options: {assume_tz: Mars/Olympus}", "options.assume_tz", "no time zone", "Europe/Berlin"),
    "token is null": added("options: {null_tokens: [~]}", "options.null_tokens[0]", "has no value"),
    "token is a number": added("options: {null_tokens: [-1]}", "options.null_tokens[0]", "must be text", "quote it"),
    "unknown fields": added("options: {unknown_fields: keep}", "options.unknown_fields", "{capture: /field}"),
    "capture without slash": added(
        "options: {unknown_fields: {capture: extra}}", "options.unknown_fields", "as in '/extra'"
    ),
    "wrap": added("options: {wrap_scalar: on}", "options.wrap_scalar", "must be true or false, found 'on'"),
    "formats": added("options: {formats: all}", "options.formats", "annotate, check or a list"),
    "no formats": added("options: {formats: []}", "options.formats", "annotate, check or a list"),
    "unknown format": added("options: {formats: [uuid, datetime]}", "options.formats", "'datetime'", "date-time, date"),
    "formats at a place": added("overrides: {/a: {formats: check}}", "overrides./a.formats", "under options"),
    "integers": added("options: {integers: int32}", "options.integers", "'any' or 'int64'"),
    "enum map": added("options: {enum_map: {1: 2}}", "options.enum_map.1", "must be text, found 2"),
    "aliases for everything": added("options: {aliases: [a]}", "options.aliases", "under overrides"),
    "aliases for items": added("overrides: {/a/*: {aliases: [b]}}", "overrides./a/*.aliases", "path of a field"),
    "decoding at a place": added("overrides: {/a: {duplicate_keys: last}}", "overrides./a.duplicate_keys", "options"),
    "override of everything": added("overrides: {'': {rounding: floor}}", "overrides.", "belongs under options"),
    "override without slash": added("overrides: {a: {epoch_unit: s}}", "overrides.a", "as in '/a'"),
    "unknown option at a place": added("overrides: {/a: {epoch: s}}", "overrides./a.epoch", "did you mean epoch_"),
    "converting in strict": added(
        "mode: strict\noptions: {epoch_unit: s}", "options.epoch_unit", "mode strict forbids", "allows aliases", line=4
    ),
    "converting at a place in strict": added(
        "mode: strict\noverrides: {/a: {decimal_separator: ','}}",
        "overrides./a.decimal_separator",
        "mode strict forbids",
        line=4,
    ),
    "rounding in lossless": added("options: {rounding: floor}", "options.rounding", "set mode: lenient"),
    # references
    "reference twice": added(
        "references: [{name: a, subject: b}, {name: a, subject: c}]", "references[1].name", "referenced twice"
    ),
    "references are a mapping": added("references: {a: b}", "references", "must be a list, found a mapping"),
    # shared types
    "nothing declared": Wrong("owner: me", 1, "", ("neither mqtt and topic", "nor subject")),
    "shared type without schema": Wrong("subject: a-value", 1, "subject", ("those hold a schema",)),
    "empty": Wrong("", 1, "", ("the file is empty",)),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_with_its_place_and_its_remedy(wrong: Wrong, tmp_path: Path) -> None:
    """One mistake gives one problem: file, line, key, and a message with the value and what to do."""
    problem = only_problem(tmp_path, {"industry/pump/contract.yaml": wrong.text})
    file = str(tmp_path / "industry/pump/contract.yaml")
    assert (problem.file, problem.line, problem.key) == (file, wrong.line, wrong.key), str(problem)
    for part in wrong.says:
        assert part in problem.message


def only_problem(root: Path, files: dict[str, str]):
    """The one problem of a ``schemas/`` with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_contracts(root)
    assert len(caught.value.problems) == 1, str(caught.value)
    return caught.value.problems[0]


EXAMPLES = {
    "unknown list": ("acepted: []", 1, "acepted", "did you mean accepted?"),
    "unknown key": ("accepted: [{payload: x, become: 5}]", 1, "accepted[0].become", "did you mean becomes?"),
    "no payload": ("accepted: [{name: x}]", 1, "accepted[0]", "needs one of payload and payload_base64"),
    "two payloads": ("accepted: [{payload: x, payload_base64: eA==}]", 1, "accepted[0]", "not both"),
    "unquoted payload": ('accepted:\n  - payload: {"a":1}', 2, "accepted[0].payload", "must be text, found a mapping"),
    "number as a payload": ("accepted:\n  - payload: 42", 2, "accepted[0].payload", "quote it"),
    "empty payload value": ("accepted:\n  - payload:", 2, "accepted[0].payload", "has no value"),
    "bad base64": ("accepted: [{payload_base64: 'e'}]", 1, "accepted[0].payload_base64", "is no base64"),
    "junk in base64": ("accepted: [{payload_base64: 'e!A=='}]", 1, "accepted[0].payload_base64", "is no base64"),
    "half a character": ('accepted: [{payload: "\\ud800"}]', 1, "", "half of a surrogate pair"),
    "other topic": ("accepted: [{payload: x, mqtt: a/b}]", 1, "accepted[0].mqtt", "'a/b' is not matched"),
    "a wildcard in a topic": (
        "accepted: [{payload: x, mqtt: plant/+/p7/readings}]",
        1,
        "accepted[0].mqtt",
        "no topic: it holds + # or U+0000 [MQTT-3.3.2-2]; write one",
    ),
    "a filter for a topic": (
        'rejected: [{payload: x, code: type-mismatch, mqtt: "plant/b1/p7/#"}]',
        1,
        "rejected[0].mqtt",
        "no topic",
    ),
    "codes": ("accepted: [{payload: x, coercions: {/a: 5}}]", 1, "accepted[0].coercions./a", "string-to-number"),
    "coercion path": ("accepted: [{payload: x, coercions: {a: b}}]", 1, "accepted[0].coercions.a", "as in '/a'"),
    "rejected without code": ("rejected: [{payload: x}]", 1, "rejected[0].code", "is required, and missing"),
    "unknown code": ("rejected: [{payload: x, code: type-missmatch}]", 1, "rejected[0].code", "mean type-mismatch?"),
    "path": ("rejected: [{payload: x, code: type-mismatch, path: a}]", 1, "rejected[0].path", "as in '/a'"),
    "list wanted": ("accepted: {payload: x}", 1, "accepted", "must be a list, found a mapping"),
    "empty file": ("", 1, "", "the file is empty"),
}


@pytest.mark.parametrize(("text", "line", "key", "says"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_a_wrong_example_is_told_with_its_place(text: str, line: int, key: str, says: str, tmp_path: Path) -> None:
    """examples.yaml is checked as strictly as contract.yaml."""
    problem = only_problem(tmp_path, {"pump/contract.yaml": GOOD, "pump/examples.yaml": text})
    assert (problem.file, problem.line, problem.key) == (str(tmp_path / "pump/examples.yaml"), line, key), str(problem)
    assert says in problem.message


SCHEMAS = {
    "not JSON": ("schema.avsc", '{"type": "string",}', 1, "not valid JSON"),
    "second line": ("schema.json", '{\n"type": strin}', 2, "not valid JSON"),
    "empty": ("schema.json", "", 1, "not valid JSON"),
    "key twice": ("schema.json", '{"a": 1, "a": 2}', None, "'a' is given twice"),
    "NaN": ("schema.json", '{"minimum": NaN}', None, "NaN is no JSON"),
    "number": ("schema.avsc", "5", None, "an Avro schema is an object, found 5"),
    "list": ("schema.json", "[]", None, "a JSON Schema is an object, found []"),
    "too deep": ("schema.json", "[" * 100_000, None, "nested too deeply"),
    "byte order mark": ("schema.json", "\ufeff{}", 1, "BOM"),
}


@pytest.mark.parametrize(("name", "text", "line", "says"), SCHEMAS.values(), ids=SCHEMAS.keys())
def test_a_schema_that_is_no_json_is_told(name: str, text: str, line: int | None, says: str, tmp_path: Path) -> None:
    """A schema file must be JSON of the kind that a schema can be."""
    problem = only_problem(tmp_path, {"pump/contract.yaml": GOOD, f"pump/{name}": text})
    assert (problem.file, problem.line) == (str(tmp_path / "pump" / name), line), str(problem)
    assert says in problem.message


AVRO, JSON = '"string"', "{}"
OTHER = "mqtt: other/{device}\n"

TOGETHER = {
    "overlapping filters": (
        {"a/contract.yaml": "mqtt: p/+/{device}\ntopic: a", "b/contract.yaml": "mqtt: '{device}/b1/+'\ntopic: b"},
        "b/contract.yaml",
        1,
        "mqtt",
        ("contract a", "both match p/b1/device", "more specific"),
    ),
    "one filter, no where": (
        {"a/contract.yaml": GOOD, "b/contract.yaml": "mqtt: plant/{b}/{device}/readings\ntopic: b"},
        "b/contract.yaml",
        1,
        "mqtt",
        ("the same filter as contract a", "add where"),
    ),
    "one filter, where not disjoint": (
        {
            "a/contract.yaml": GOOD + "where: {/type: [x, y]}",
            "b/contract.yaml": "mqtt: plant/{b}/{device}/readings\ntopic: b\nwhere: {/type: y}",
        },
        "b/contract.yaml",
        3,
        "where",
        ("can hold for the same message as where of contract a",),
    ),
    "one filter, where on different fields": (
        {
            "a/contract.yaml": GOOD + "where: {/type: x}",
            "b/contract.yaml": "mqtt: plant/{b}/{device}/readings\ntopic: b\nwhere: {/kind: y}",
        },
        "b/contract.yaml",
        3,
        "where",
        ("a key in common",),
    ),
    "everything, written in two ways": (
        {"a/contract.yaml": "mqtt: '#'\ndevice: /id\ntopic: a", "b/contract.yaml": "mqtt: +/#\ndevice: /id\ntopic: b"},
        "b/contract.yaml",
        1,
        "mqtt",
        ("the same filter",),
    ),
    "topic shared without subject": (
        {"a/contract.yaml": GOOD + "subject: a-value", "b/contract.yaml": OTHER + "topic: plant.pump"},
        "b/contract.yaml",
        2,
        "topic",
        ("plant.pump is shared with a", "must declare its subject"),
    ),
    "topic shared between kinds": (
        {
            "a/contract.yaml": GOOD + "subject: a-value",
            "a/schema.avsc": AVRO,
            "b/contract.yaml": OTHER + "topic: plant.pump\nsubject: b-value",
            "b/schema.json": JSON,
        },
        "b/contract.yaml",
        2,
        "topic",
        ("JSON of b and AVRO of a", "another topic"),
    ),
    "dead letters in another's topic": (
        {"a/contract.yaml": GOOD, "b/contract.yaml": OTHER + "topic: b\ndead_letters: plant.pump"},
        "b/contract.yaml",
        3,
        "dead_letters",
        ("would go to plant.pump, the topic of contract a",),
    ),
    "schema held twice": (
        {
            "a/contract.yaml": GOOD + "subject: s",
            "a/schema.avsc": AVRO,
            "b/contract.yaml": "subject: s",
            "b/schema.avsc": AVRO,
        },
        "b/contract.yaml",
        1,
        "subject",
        ("subject s is in folder a already",),
    ),
    "two levels for a subject": (
        {
            "a/contract.yaml": GOOD + "subject: s\ncompatibility: FULL",
            "b/contract.yaml": OTHER + "topic: b\nsubject: s\ncompatibility: NONE",
        },
        "b/contract.yaml",
        4,
        "compatibility",
        ("NONE is wanted for subject s, and FULL by folder a",),
    ),
    "reference to another kind": (
        {
            "a/contract.yaml": GOOD + "references: [{name: x, subject: s}]",
            "a/schema.avsc": AVRO,
            "b/contract.yaml": "subject: s",
            "b/schema.json": JSON,
        },
        "a/contract.yaml",
        3,
        "references[0].subject",
        ("s is JSON (folder b), this is AVRO",),
    ),
    "reference to itself": (
        {
            "a/contract.yaml": GOOD + "references: [{name: x, subject: plant.pump-value}]",
            "a/schema.avsc": AVRO,
        },
        "a/contract.yaml",
        3,
        "references[0].subject",
        ("refers back to this schema",),
    ),
    "two schemas in a folder": (
        {"a/contract.yaml": GOOD, "a/schema.avsc": AVRO, "a/schema.json": JSON},
        "a/schema.json",
        None,
        "",
        ("a folder holds one schema",),
    ),
    "contract.yml": ({"a/contract.yml": GOOD}, "a/contract.yml", None, "", ("call it contract.yaml",)),
    "examples.yml": (
        {"a/contract.yaml": GOOD, "a/examples.yml": "accepted: []"},
        "a/examples.yml",
        None,
        "",
        ("call it examples.yaml",),
    ),
    "contract.yml beside contract.yaml": (
        {"a/contract.yaml": GOOD, "a/contract.yml": GOOD},
        "a/contract.yml",
        None,
        "",
        ("is never read", "contract.yaml beside it is", "remove it"),
    ),
    "examples.yml beside examples.yaml": (
        {"a/contract.yaml": GOOD, "a/examples.yaml": "accepted: []", "a/examples.yml": "accepted: []"},
        "a/examples.yml",
        None,
        "",
        ("is never read", "examples.yaml beside it is"),
    ),
    "rules.yml": ({"a/contract.yaml": GOOD, "rules.yml": "owner: problem"}, "rules.yml", None, "", ("it rules.yaml",)),
    "Rules.yaml": (
        {"a/contract.yaml": GOOD, "Rules.yaml": "owner: problem"},
        "Rules.yaml",
        None,
        "",
        ("it rules.yaml",),
    ),
    "rules.yml beside rules.yaml": (
        {"a/contract.yaml": GOOD, "rules.yaml": "owner: off", "rules.yml": "owner: problem"},
        "rules.yml",
        None,
        "",
        ("is never read, rules.yaml beside it is",),
    ),
    **{
        name: ({"a/contract.yaml": GOOD, f"a/{name}": text}, f"a/{name}", None, "", (f"call it {right}",))
        for name, text, right in (
            ("Schema.avsc", AVRO, "schema.avsc"),
            ("shcema.avsc", AVRO, "schema.avsc"),
            ("schema.avro", AVRO, "schema.avsc"),
            ("schemas.json", JSON, "schema.json"),
            ("exmaples.yaml", "accepted: []", "examples.yaml"),
            ("pump.avsc", AVRO, "schema.avsc"),
            ("pump.schema.json", JSON, "schema.json"),
            ("pump.json", '{"$schema": "http://json-schema.org/draft-07/schema#"}', "schema.json"),
        )
    },
    "pump.proto": (
        {"a/contract.yaml": GOOD, "a/pump.proto": 'syntax = "proto3";'},
        "a/pump.proto",
        None,
        "",
        ("write it as schema.avsc or schema.json",),
    ),
    "contarct.yaml": (
        {"a/contarct.yaml": GOOD, "a/schema.avsc": AVRO},
        "a/contarct.yaml",
        None,
        "",
        ("call it contract.yaml",),
    ),
    "schema without contract": ({"a/schema.avsc": AVRO}, "a/schema.avsc", None, "", ("add a contract.yaml",)),
    "examples of a shared type": (
        {"a/contract.yaml": "subject: s", "a/schema.avsc": AVRO, "a/examples.yaml": "accepted: []"},
        "a/examples.yaml",
        None,
        "",
        ("move the examples to a contract",),
    ),
    "nothing at all": ({"README.md": "hello"}, "", None, "", ("holds no contract.yaml",)),
}


@pytest.mark.parametrize(("files", "file", "line", "key", "says"), TOGETHER.values(), ids=TOGETHER.keys())
def test_folders_that_contradict_each_other_are_told(
    files: dict[str, str], file: str, line: int | None, key: str, says: tuple[str, ...], tmp_path: Path
) -> None:
    """The message names the other folder, and what the two have in common."""
    problem = only_problem(tmp_path, files)
    assert (problem.file, problem.line, problem.key) == (str(tmp_path / file), line, key), str(problem)
    for part in says:
        assert part in problem.message


def test_a_misspelled_required_key_is_told_as_unknown_and_as_missing(tmp_path: Path) -> None:
    """Both ends of the mistake are shown."""
    (tmp_path / "contract.yaml").write_text("topic: a\nmqt: a/{device}\n")
    with pytest.raises(ConfigError) as caught:
        load_contracts(tmp_path)
    told = {problem.key: problem.message for problem in caught.value.problems}
    assert told == {"mqtt": "is required, and missing", "mqt": "unknown key: did you mean mqtt?"}


def test_references_in_a_circle_are_told_at_every_folder_of_it(tmp_path: Path) -> None:
    """Of a that refers to b, b to c and c to a, each could be the one to change."""
    for name, target in (("a", "b"), ("b", "c"), ("c", "a"), ("leads-there", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "contract.yaml").write_text(
            f"subject: {name}\nreferences: [{{name: {target}, subject: {target}}}]"
        )
        (tmp_path / name / "schema.avsc").write_text(AVRO)
    with pytest.raises(ConfigError) as caught:
        load_contracts(tmp_path)
    assert [Path(problem.file).parent.name for problem in caught.value.problems] == ["a", "b", "c"]


def test_a_missing_folder_and_links_that_lead_nowhere_or_back_are_told(tmp_path: Path) -> None:
    """What cannot be read is named; a link to a folder above does not lead round and round."""
    with pytest.raises(ConfigError) as caught:
        load_contracts(tmp_path / "schemas")
    assert "the folder of contracts is missing" in str(caught.value)
    pump = tmp_path / "schemas" / "pump"
    pump.mkdir(parents=True)
    (pump / "contract.yaml").write_text(GOOD)
    (pump / "up").symlink_to(tmp_path / "schemas")
    with pytest.raises(ConfigError) as caught:
        load_contracts(tmp_path / "schemas")
    [problem] = caught.value.problems
    assert (problem.file, problem.message) == (
        str(pump / "up"),
        "leads to a folder that is read already: remove the link",
    )
    (pump / "up").unlink()
    (pump / "examples.yaml").symlink_to("nowhere")
    with pytest.raises(ConfigError) as caught:
        load_contracts(tmp_path / "schemas")
    assert "is a link to nowhere, which is missing" in str(caught.value)


def test_the_mistakes_of_all_folders_and_files_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to run the command once per folder."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "contract.yaml").write_text(f"mqtt: {name}/{{device}}\ntopic: '?'\nqos: 7\n")
        (tmp_path / name / "examples.yaml").write_text("rejected: [{payload: x}]\n")
        (tmp_path / name / "schema.json").write_text("{")
    with pytest.raises(ConfigError) as caught:
        load_contracts(tmp_path)
    told = [(Path(problem.file).relative_to(tmp_path).as_posix(), problem.key) for problem in caught.value.problems]
    assert told == [
        (f"{name}/{file}", key)
        for name in ("a", "b")
        for file, key in (("contract.yaml", "qos"), ("schema.json", ""), ("examples.yaml", "rejected[0].code"))
    ]


@pytest.mark.parametrize(
    "files",
    [
        {
            "a/schema.avsc": AVRO,
            "a/pump.avsc": AVRO,
            "a/schema-v1.avsc": AVRO,
            "a/pump.proto": "",
            "a/shcema.json": "{}",
        },
        {"a/schema.json": JSON, "a/schema.yaml": "", "a/examples.yaml": "accepted: []", "a/examples.json": "[]"},
        {"a/samples.yaml": "", "a/sample.json": '{"n": 1}', "a/README.md": "", "a/contract.yaml.orig": GOOD},
        {"b/contract.yaml": GOOD.replace("plant.pump", "x") + "subject: y", "b/rules.yml": "", "b/schema.avsc": AVRO},
        # The subject's schema is in another folder.
        {"b/contract.yaml": "subject: plant.pump-value", "b/schema.avsc": AVRO, "a/copy.avsc": AVRO},
    ],
)
def test_other_files_may_lie_in_the_folders(files: dict[str, str], tmp_path: Path) -> None:
    """Samples, notes and older schemas beside the right file; what is no contract's own business."""
    for name, text in {"a/contract.yaml": GOOD, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("plant/", f"{path.parent.name}/"))
    assert load_contracts(tmp_path).folders
