"""Which files are one payload, and which hold one a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import payload_files
from gateway.cli.bar import Bar
from gateway.cli.payload_files import read_file
from gateway.errors import ConfigError
from tests.parts.git import Repository
from tests.parts.projects import READING, ProjectFiles
from tests.unit.cli.conftest import Gateway

GOOD = b'{"n":1,"temp":21.5}'
PRETTY = b'{\n  "n": 1,\n  "temp": 21.5\n}\n'
BOM = b"\xef\xbb\xbf"


def payloads(folder: Path, content: bytes) -> list[bytes]:
    file = folder / "payloads"
    file.write_bytes(content)
    return [line.payload for line in read_file(file, Bar(None, None), capture=False)]


@pytest.mark.parametrize(
    "content",
    [
        PRETTY,
        b"\n\n" + PRETTY,
        BOM + PRETTY,
        b'[\n  {"n": 1e400},\n  "\xff"\n]',
    ],
    ids=["pretty", "after empty lines", "byte order mark", "what the gateway will reject"],
)
def test_one_value_over_several_lines_is_one_payload(tmp_path: Path, content: bytes) -> None:
    """As it is in the file, byte for byte, whatever the gateway says to it then."""
    assert payloads(tmp_path, content) == [content]


@pytest.mark.parametrize("first", [b'{"a":1', b'{"a":NaN}', b'{"a":1e400}', b"no JSON", b"\xff\xfe", b"[" * 5000])
def test_a_first_line_that_is_broken_hides_no_other(tmp_path: Path, first: bytes) -> None:
    """It is one of the payloads."""
    assert payloads(tmp_path, first + b"\n" + GOOD + b"\r\n" + GOOD) == [first, GOOD, GOOD]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"\n" + GOOD + b"\n\n" + GOOD + b"\n", [GOOD, GOOD]),
        (BOM + GOOD + b"\n" + GOOD, [BOM + GOOD, GOOD]),
        (GOOD + b"\n", [GOOD]),
        (b'{"a":1\n', [b'{"a":1']),
        (b'{\n"a": 1', [b"{", b'"a": 1']),
        (b"\x00\x01\x02", [b"\x00\x01\x02"]),
        (b"\n \n", []),
        (b"", []),
    ],
    ids=["empty first", "byte order mark", "one line", "one broken", "broken over lines", "binary", "blank", "empty"],
)
def test_everything_else_is_lines(tmp_path: Path, content: bytes, lines: list[bytes]) -> None:
    """Without empty ones and without line ends."""
    assert payloads(tmp_path, content) == lines


def test_a_file_larger_than_any_message_is_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read at once to look whether it is one value."""
    monkeypatch.setattr(payload_files, "MQTT_MAX_PAYLOAD", len(PRETTY) - 1)
    assert payloads(tmp_path, PRETTY) == PRETTY.splitlines()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        list(read_file(tmp_path, Bar(None, None), capture=False))


@pytest.mark.parametrize("first", [b"", b'{"n":1', b'{"n":NaN}', b'{"n":1e400}'])
def test_impact_tells_the_same_of_a_file_as_of_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: Gateway, first: bytes
) -> None:
    """50 lines that newly are rejected are so whatever stands before them."""
    monkeypatch.chdir(tmp_path)
    files = ProjectFiles(tmp_path)
    folder = files.declare("pump")
    Repository(tmp_path).commit()
    more = {**READING, "fields": [*READING["fields"], {"name": "unit", "type": "string"}]}
    (folder / "schema.avsc").write_text(json.dumps(more))
    lines = first + b"\n" + (GOOD + b"\n") * 50
    (tmp_path / "lines.jsonl").write_bytes(lines)
    by_file = gateway("schemas", "impact", "lines.jsonl", "--topic", "pump/p1")
    by_input = gateway("schemas", "impact", "--topic", "pump/p1", stdin=lines)
    assert by_file == by_input
    assert by_file.code == 1
    assert "50 newly rejected" in by_file.out.splitlines()[-1]
