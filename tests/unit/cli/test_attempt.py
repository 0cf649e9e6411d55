"""``gateway try``: what it prints for accepted and rejected payloads, under the rules of whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.parts.projects import READING, ProjectFiles
from tests.unit.cli.conftest import Gateway

SCHEMA = "reading.avsc"
GOOD, LOOSE, BAD = '{"n": 1, "temp": 2.5}', '{"n": "1", "temp": 2.5}', '{"n": 1, "tmp": 2.5}'


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFiles:
    """A project with one contract and, beside it, its schema and payloads; the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    files = ProjectFiles(tmp_path)
    files.declare("line/pump", mqtt="plant/{device}/readings", topic="pumps")
    Path(SCHEMA).write_text(json.dumps(READING))
    for name, payload in {"good": GOOD, "loose": LOOSE, "bad": BAD}.items():
        Path(f"{name}.json").write_text(payload)
    return files


def objects(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def test_files_are_one_payload_each(gateway: Gateway) -> None:
    """Numbered in the order of the command line: value, conversions, reasons and what would help, then the sum."""
    ended = gateway("try", SCHEMA, "good.json", "loose.json", "bad.json")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines() == [
        '1 accepted  {"n":1,"temp":2.5}',
        '2 accepted  {"n":1,"temp":2.5}',
        "    converted /n  string-to-number",
        '3 rejected  {"n": 1, "tmp": 2.5}',
        "            ^        ^^^^^",
        (
            '    unknown-field  /tmp: found number 2.5, wanted only the fields of Reading; publish it as "temp", '
            "or declare it as an alias of /temp in the contract"
        ),
        "    mode lenient would take it",
        "    missing-required  /temp: found nothing, wanted a number; publish it, or let the schema give it a default",
        "rejected",
        "  1  missing-required  /temp",
        "  1  unknown-field     /tmp",
        "converted",
        "  1  string-to-number  /n",
        "2 accepted, 1 rejected",
    ]


def test_what_rules_say_in_vain_is_told_first(gateway: Gateway) -> None:
    """Of a schema alone and of a contract: a pointer to nothing, an option of the other schema language."""
    ended = gateway("try", SCHEMA, "--at", "/tmp:wrap_scalar=true", "--option", "formats=check", "good.json")
    assert (ended.code, ended.err.splitlines()) == (
        0,
        [
            "gateway try: overrides: the schema has no /tmp; is it spelled as in the schema?",
            "gateway try: options: formats does nothing with an Avro schema; remove it",
        ],
    )
    assert ended.out.splitlines()[0] == '1 accepted  {"n":1,"temp":2.5}'


def test_lines_of_standard_input_are_one_payload_each(gateway: Gateway) -> None:
    """Without FILE; exit 0 where all are accepted."""
    ended = gateway("try", SCHEMA, stdin=f"{GOOD}\n{LOOSE}\r\n{GOOD}".encode())
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "3 accepted, 0 rejected"


@pytest.mark.parametrize("rules", [[SCHEMA], ["--contract", "schemas/line/pump"]], ids=" ".join)
def test_a_dash_is_standard_input(gateway: Gateway, rules: list[str]) -> None:
    """One payload a line, as without FILE, and in its place among files."""
    ended = gateway("try", *rules, "bad.json", "-", "loose.json", "-o", "json", stdin=f"{GOOD}\n{GOOD}\n".encode())
    assert [line["accepted"] for line in objects(ended.out)] == [False, True, True, True]
    assert gateway("try", *rules, "-", stdin=GOOD.encode()).code == 0


def test_nothing_was_piped_in(gateway: Gateway) -> None:
    """It is said, for it is easily taken for a success: ``gateway try payload.json`` forgets the schema."""
    assert gateway("try", SCHEMA) == (
        0,
        "0 accepted, 0 rejected\n",
        "gateway try: standard input was empty, so nothing was tried: name a FILE, or pipe lines in\n",
    )


def test_a_line_of_json_a_payload(gateway: Gateway) -> None:
    """As documented for programs, and nothing else on standard output."""
    ended = gateway("try", SCHEMA, "-o", "json", "loose.json", "bad.json")
    accepted, rejected = objects(ended.out)
    assert accepted == {
        "n": 1,
        "accepted": True,
        "value": {"n": 1, "temp": 2.5},
        "payload": "020000000000000440",
        "coercions": [{"path": "/n", "code": "string-to-number"}],
    }
    assert (rejected["n"], rejected["accepted"], rejected["truncated"]) == (2, False, False)
    assert [each["code"] for each in rejected["errors"]] == ["unknown-field", "missing-required"]
    assert ended.code == 1


def test_all_that_is_wrong_and_more(gateway: Gateway) -> None:
    """Where there are more violations than are listed, that is said."""
    many = json.dumps({f"x{n}": n for n in range(20)})
    ended = gateway("try", SCHEMA, stdin=many.encode())
    assert ended.out.splitlines()[-2:] == ["    ... and more", "0 accepted, 1 rejected"]


def test_a_long_payload_is_cut(gateway: Gateway) -> None:
    """A person sees its beginning; 200 characters."""
    ended = gateway("try", SCHEMA, stdin=b'"' + b"x" * 1000 + b'"')
    assert ended.out.splitlines()[0] == f'1 rejected  "{"x" * 199}...'


def test_a_payload_does_not_reach_the_terminal(gateway: Gateway) -> None:
    """Neither escape sequences nor bytes that are no text."""
    ended = gateway("try", SCHEMA, stdin=b'{"n": "\x1b[31m\xff"}')
    assert "\x1b" not in ended.out
    assert ended.out.splitlines()[:2] == ['1 rejected  {"n": "\\x1b[31m\\xff"}', f"{' ' * 27}^^^^"]


@pytest.mark.parametrize(
    ("options", "payload", "accepted"),
    [
        ([], LOOSE, True),
        (["--mode", "strict"], LOOSE, False),
        (["--mode", "lenient"], '{"n": 1, "temp": 2.5, "x": 1}', True),
        ([], '{"n": 1, "temp": "2,5"}', False),
        (["--option", "decimal_separator=,"], '{"n": 1, "temp": "2,5"}', True),
        (["--at", "/temp:decimal_separator=,"], '{"n": 1, "temp": "2,5"}', True),
        (["--at", "/n:decimal_separator=,"], '{"n": 1, "temp": "2,5"}', False),
        (["--at", "/temp:aliases=[t, T]"], '{"n": 1, "T": 2.5}', True),
        (["--option", "unknown_fields=drop", "--option", "null_tokens=['-']"], '{"n": 1, "temp": 1, "x": 1}', True),
    ],
)
def test_the_rules_of_the_command_line(gateway: Gateway, options: list[str], payload: str, accepted: bool) -> None:
    """Mode, options, and options for one place count as in a contract."""
    assert gateway("try", SCHEMA, *options, stdin=payload.encode()).code == (0 if accepted else 1)


def test_a_place_may_contain_a_colon(gateway: Gateway) -> None:
    """The option begins behind the last colon that an option's name can follow."""
    schema = {"type": "object", "properties": {"a:b": {"type": "number"}, "a": {"type": "number"}}}
    Path("colon.json").write_text(json.dumps(schema))
    place = ["--at", "/a:b:decimal_separator=,"]
    assert gateway("try", "colon.json", *place, stdin=b'{"a:b": "1,5"}').code == 0
    assert gateway("try", "colon.json", *place, stdin=b'{"a": "1,5"}').code == 1


def test_a_contract_s_own_rules(gateway: Gateway) -> None:
    """The line for programs says where it would go, too; the contract is called as in production."""
    ended = gateway("try", "--contract", "schemas/line/pump", "-o", "json", "good.json")
    [line] = objects(ended.out)
    assert (line["mqtt"], line["contract"], line["topic"], line["key"]) == (
        "plant/device/readings",
        "line/pump",
        "pumps",
        "device",
    )


def test_a_contract_on_a_certain_topic(gateway: Gateway) -> None:
    """The topic's captures count; one that the filter does not match has no route."""
    arguments = ["try", "--contract", "schemas/line/pump", "-o", "json", "good.json", "--topic"]
    assert objects(gateway(*arguments, "plant/p7/readings").out)[0]["key"] == "p7"
    ended = gateway(*arguments, "plant/p7")
    assert (ended.code, objects(ended.out)[0]["errors"][0]["code"]) == (1, "no-route")


def test_a_whole_project(gateway: Gateway) -> None:
    """The contract is found by the topic."""
    ended = gateway("try", "-c", "gateway.yaml", "--topic", "plant/p7/readings", "-o", "json", "good.json", "bad.json")
    accepted, rejected = objects(ended.out)
    assert (accepted["contract"], accepted["key"], rejected["contract"]) == ("line/pump", "p7", "line/pump")


@pytest.mark.parametrize("piped", [True, False])
def test_captured_messages_bring_their_topic(gateway: Gateway, piped: bool) -> None:
    """Lines of mosquitto_sub -F %j, from standard input or from a file, each on its own topic."""
    lines = "".join(
        json.dumps({"topic": topic, "payload": GOOD, "qos": 1}) + "\n" for topic in ("plant/p1/readings", "other")
    )
    Path("captured.txt").write_text(lines)
    arguments = [] if piped else ["captured.txt"]
    ended = gateway("try", "-c", "gateway.yaml", "--capture", "-o", "json", *arguments, stdin=lines.encode())
    first, second = objects(ended.out)
    assert (first["key"], second["errors"][0]["code"]) == ("p1", "no-route")


def test_the_line_that_was_not_captured(gateway: Gateway) -> None:
    """Those before it are answered; it is named with its place, and nothing is guessed."""
    line = json.dumps({"topic": "plant/p1/readings", "payload": GOOD})
    ended = gateway("try", SCHEMA, "--capture", stdin=f"{line}\nplain\n".encode())
    assert (ended.code, ended.out) == (2, '1 accepted  {"n":1,"temp":2.5}\n')
    assert ended.err.startswith("gateway: standard input:2: is no message as mosquitto_sub -F %j prints it")


@pytest.mark.parametrize("arguments", [["--topic", "plant/p7/readings"], ["--topic", "other"], ["--capture"]])
def test_a_project_with_a_schema_that_cannot_be_used(
    gateway: Gateway, files: ProjectFiles, arguments: list[str]
) -> None:
    """Exit 2 before anything is tried, with file and place, in the words of ``gateway check``."""
    files.declare("line/valve", mqtt="valve/{device}", topic="valves")
    (files.contracts / "line/valve/schema.avsc").write_text('{"type": "foo"}')
    ended = gateway("try", "-c", "gateway.yaml", *arguments, stdin=GOOD.encode())
    assert (ended.code, ended.out) == (2, "")
    where, what = "schemas/line/valve/schema.avsc:1:10", "the contract cannot run with this schema: /type: unknown type"
    assert ended.err.startswith(f"gateway: {where}: {what} 'foo'")


@pytest.mark.parametrize("text", ["{", '{"type": "record"}', ""])
def test_a_contract_whose_schema_cannot_be_used(gateway: Gateway, text: str) -> None:
    """The folder is named; exit 2."""
    Path("schemas/line/pump/schema.avsc").write_text(text)
    ended = gateway("try", "--contract", "schemas/line/pump", "good.json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("gateway: schemas/line/pump")
