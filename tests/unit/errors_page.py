"""docs/errors.md as examples that run: each is one message through the engine, and its dead letter.

An example is a fenced ``yaml`` block that says what arrives under which rules, then the message of its dead letter's
first error as a quotation, then the rest of that error as ``json``. ``python -m tests.unit.errors_page`` writes the
answers anew; what it writes is to be read before it is committed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.compile.route import compile_route, label_of
from gateway.compile.where import Where
from gateway.config.contract import Timestamp
from gateway.model import Message, Record
from gateway.mqtt.malformed import Refusal, cut_payload
from gateway.mqtt.v5_packets import PacketReader
from gateway.notation.pointer import Pointer
from gateway.notation.yaml import parse
from gateway.pipeline.deadletter import DeadLetters, read_dead_letter
from gateway.pipeline.engine import Engine
from gateway.pipeline.routes import Inactive, RouteTable
from gateway.pipeline.stats import Stats
from tests.fakes.sink import FakeSink
from tests.unit.compile.compiled import ARRIVAL, contract_of, json_version, version_of
from tests.unit.registry.fakes import FakeClock

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
_EXAMPLE = re.compile(
    r"```yaml\n(?P<given>.*?)```\n\n(?P<message>(?:> [^\n]*\n)+)\n```json\n(?P<error>.*?)```\n", re.DOTALL
)
_RULES = {"mode", "options", "overrides", "where"}
_CONTRACT = {"mqtt", "device", "key", "fields", "timestamp"}
_SITUATION = {"schema", "json_schema", "contract", "on", "payload", "payload_hex", "limits", "packet_hex"} | {
    "inactive",
    "fault",
    "max.message.bytes",
}
_WIDTH = 120


@dataclass(frozen=True)
class Example:
    """One example of the page."""

    code: str
    """The heading that it stands under."""
    given: Mapping[str, Any]
    message: str
    error: Any


@dataclass(frozen=True)
class Entry:
    """What the page says of one code."""

    code: str
    params: tuple[str, ...]
    """As the entry's table lists them."""
    examples: tuple[Example, ...]


def read_entries(text: str) -> list[Entry]:
    """The entries of the page: each is a heading of the third level that is a code."""
    return [_read_entry(code, body) for code, body in _sections(text)]


def _sections(text: str) -> Iterator[tuple[str, str]]:
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        code, _, body = section.partition("\n")
        yield code.strip("`"), re.split(r"^## ", body, flags=re.MULTILINE)[0]


def _read_entry(code: str, body: str) -> Entry:
    examples = []
    for found in _EXAMPLE.finditer(body):
        quoted = " ".join(line.removeprefix("> ") for line in found["message"].splitlines())
        examples.append(Example(code, parse(found["given"]).value, quoted, json.loads(found["error"])))
    rows = re.findall(r"^\| (`.*?) \|", body, re.MULTILINE)
    return Entry(code, tuple(name for row in rows for name in re.findall(r"`(.*?)`", row)), tuple(examples))


def first_error(given: Mapping[str, Any]) -> dict[str, Any]:
    """The first error object in the dead letter of what arrives. Fails where it is none."""
    record = dead_letter(given)
    letter = read_dead_letter(record.value, record.key, record.headers or ())
    return dict(letter.errors[0])


def dead_letter(given: Mapping[str, Any]) -> Record:
    """What goes to Kafka of a message that must be refused."""
    unknown = given.keys() - _SITUATION - _RULES
    assert not unknown, f"the page's examples know no {unknown}"
    sink = FakeSink({"t": given["max.message.bytes"]} if "max.message.bytes" in given else {})
    engine = Engine(
        _table(given),
        DeadLetters("gateway.dlq", "full", "1.0"),
        Stats(),
        FakeClock(),
        max_messages=9,
        max_bytes=1 << 30,
    )
    engine.sink = sink
    window = engine.open()
    if "packet_hex" in given:
        reader = PacketReader(1_000_000)
        reader.feed(bytes.fromhex(given["packet_hex"]))
        refused = reader.next(ARRIVAL, hold=False)
        assert isinstance(refused, Refusal)
        engine.refuse(window, *refused)
    else:
        engine.receive(window, _message(given))
    [record] = sink.records
    assert record.topic in {"t.dlq", "gateway.dlq"}, f"{given} was accepted"
    return record


def _message(given: Mapping[str, Any]) -> Message:
    payload = bytes.fromhex(given["payload_hex"]) if "payload_hex" in given else given["payload"].encode()
    kept, cut = cut_payload(payload, given.get("limits", {}).get("payload_bytes", 1_000_000))
    return Message(given.get("on", "plant/b1/p7/readings"), kept, 1, 1, False, False, ARRIVAL, cut)


def _table(given: Mapping[str, Any]) -> RouteTable:
    declared = {**given.get("contract", {}), **{name: given[name] for name in _RULES & given.keys()}}
    assert declared.keys() <= _RULES | _CONTRACT, declared
    stamp = declared.get("timestamp")
    if isinstance(stamp, dict):
        rest = {key: item for key, item in stamp.items() if key != "field"}
        declared["timestamp"] = Timestamp(Pointer.parse(stamp["field"]), **rest)
    contract = contract_of(**declared)
    if "inactive" in given:
        [variant] = contract.variants()
        label = label_of(contract, variant, None)
        return RouteTable([Inactive(contract, Where(contract, variant), label, given["inactive"])])
    version = json_version(given["json_schema"]) if "json_schema" in given else version_of(given["schema"])
    route = compile_route(contract, contract.variants()[0], version, depth=given.get("limits", {}).get("depth", 64))
    return _FaultyRoutes([route], given["fault"]) if "fault" in given else RouteTable([route])


class _FaultyRoutes(RouteTable):
    """Routes whose code has a bug."""

    def __init__(self, routes: Any, fault: str) -> None:
        super().__init__(routes)
        self._fault = {"RecursionError": RecursionError}[fault]

    def encode(self, topic: str, payload: bytes, received_at: int) -> Any:
        """Raises."""
        raise self._fault(topic, payload, received_at)


def answered(text: str) -> str:
    """The page with all answers as they are now."""

    def answer(found: re.Match[str]) -> str:
        error = first_error(parse(found["given"]).value)
        message = error.pop("message")
        return f"```yaml\n{found['given']}```\n\n> {message}\n\n```json\n{_layout(error)}\n```\n"

    return _EXAMPLE.sub(answer, text)


def _layout(error: Mapping[str, Any]) -> str:
    """JSON in lines of at most 120 characters, as far as its members allow."""
    lines, line = [], "{"
    for name, value in error.items():
        member = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}, "
        if len(line) + len(member) > _WIDTH and len(line) > 1:
            lines.append(line.rstrip())
            line = " "
        line += member
    return "\n".join([*lines, line.removesuffix(", ") + "}"])


if __name__ == "__main__":
    PAGE.write_text(answered(PAGE.read_text("utf-8")), "utf-8")
