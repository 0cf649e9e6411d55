"""Nothing that a schema names is ever fetched: neither over a network nor from a file, wherever the name stands.

The validator is Rust, which no patched Python function would catch. So there is a real socket that somebody could
connect to, real files that would be fine schemas, and a process in which the kernel opens neither.
"""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import SchemaError
from gateway.model import Reference
from tests.unit.compile.compiled import ARRIVAL, accepted, binding_of, json_version, reason, refused, route_of
from tests.unit.compile.json_schema.test_dialect import DRAFTS

NEW = DRAFTS[4]


@dataclass(frozen=True)
class Bait:
    """What somebody could fetch a schema from, and whether anybody tried."""

    listening: socket.socket
    folder: Path

    @property
    def host(self) -> str:
        """An address that leads here."""
        return f"127.0.0.1:{self.listening.getsockname()[1]}"

    @property
    def uri(self) -> str:
        """A schema of this server."""
        return f"http://{self.host}/schema.json"

    @property
    def untouched(self) -> bool:
        """Whether no connection was made; the kernel holds every one that was."""
        return not select.select([self.listening], [], [], 0)[0]


@pytest.fixture
def bait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bait]:
    """A server, and the current folder with ``schema.json`` and ``other``, which take everything."""
    for name in ("schema.json", "other"):
        (tmp_path / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Bait(listening, tmp_path)


PLACES: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "root": lambda named: named,
    "properties": lambda named: {"properties": {"a": named}},
    "patternProperties": lambda named: {"patternProperties": {"a": named}},
    "additionalProperties": lambda named: {"additionalProperties": named},
    "items": lambda named: {"items": named},
    "list of items": lambda named: {"items": [named]},
    "allOf": lambda named: {"allOf": [named]},
    "anyOf": lambda named: {"anyOf": [{}, named]},
    "not": lambda named: {"not": named},
    "dependencies": lambda named: {"dependencies": {"a": named}},
    "definitions": lambda named: {"properties": {"a": {"$ref": "#/definitions/b"}}, "definitions": {"b": named}},
}
"""Where a reference counts, in every draft."""
LATER: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "propertyNames": lambda named: {"propertyNames": named},
    "contains": lambda named: {"contains": named},
    "if": lambda named: {"if": named, "then": False},
    "unevaluatedProperties": lambda named: {"unevaluatedProperties": named},
    "prefixItems": lambda named: {"prefixItems": [named]},
    "dependentSchemas": lambda named: {"dependentSchemas": {"a": named}},
}
"""Where it counts in draft 2020-12, or not at all."""
DATA: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "default": lambda named: {"default": named},
    "enum": lambda named: {"enum": [named, 1]},
    "const": lambda named: {"properties": {"a": {"const": named}}},
    "examples": lambda named: {"examples": [named]},
    "a word of our own": lambda named: {"x-source": named},
    "contentSchema": lambda named: {"contentMediaType": "application/json", "contentSchema": named},
    "unused": lambda named: {"definitions": {"b": named}},
}
"""Where it is no reference, or nobody follows it."""


def names(host: str, folder: str) -> Iterator[str]:
    """What could be fetched, and what could be mistaken for it."""
    yield from (f"{scheme}://{host}/schema.json" for scheme in ("http", "https", "HTTP", "ftp", "ws"))
    yield from (f"http://{host}/schema.json#/definitions/a", f"//{host}/schema.json")
    yield from (f"file://{folder}/schema.json", f"file://localhost{folder}/schema.json", "file:schema.json")
    yield from ("schema.json", "./schema.json", f"../{Path(folder).name}/schema.json", f"{folder}/schema.json", "other")
    yield from ("urn:example:schema", f"unix:{folder}/schema.json", "schema.json#/definitions/a")


def outcomes(host: str, folder: str, named: Iterable[str]) -> dict[str, str]:
    """What becomes of a schema for each draft, base, place and name: ``compiled``, or why it is refused."""
    bases = (None, f"http://{host}/base.json", f"file://{folder}/base.json")
    found: dict[str, str] = {}
    for draft, base, name in product(DRAFTS, bases, named):
        places = {**PLACES, **DATA, **(LATER if draft == NEW else {})}
        keywords = ("$ref", "$dynamicRef") if draft == NEW else ("$ref",)
        for place, keyword in product(places, keywords):
            if place == "list of items" and draft == NEW:
                continue
            schema = {"$schema": draft, **places[place]({keyword: name})}
            if base is not None:
                schema["id" if draft == DRAFTS[0] else "$id"] = base
            try:
                binding = binding_of(json_version(schema))
            except SchemaError as exc:
                told = str(exc)
            else:
                told = "compiled"
                for payload in (b'{"a":{"b":1}}', b"[[1]]"):
                    binding.encode(payload, ARRIVAL)
            found[json.dumps([draft, base, place, keyword, name])] = told
    return found


def main() -> None:
    """The outcomes, as JSON on standard output, in a process that opens neither files nor sockets any more."""
    host, folder = sys.argv[1:]
    outcomes(host, folder, ["urn:example:other"])  # whatever the libraries load for themselves, they have now
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    for opened in (lambda: socket.socket(), lambda: open("schema.json")):  # noqa: SIM115, PTH123, PLW0108
        try:
            opened()
        except OSError:
            continue
        raise AssertionError("something can still be opened")
    sys.stdout.write(json.dumps(outcomes(host, folder, list(names(host, folder)))))


def test_no_reference_is_fetched_wherever_it_stands(bait: Bait):
    """What nobody registered is refused, although it is there, and nobody looks; where it is data, it may stand.

    In a process that may open neither files nor sockets every schema has the same outcome, in the same words.
    """
    host, folder = bait.host, str(bait.folder)
    found = outcomes(host, folder, list(names(host, folder)))
    assert bait.untouched
    for case, told in found.items():
        assert json.loads(case)[2] in DATA or told.endswith("nothing is fetched"), (case, told)
    assert "compiled" in found.values()
    code = "from tests.unit.compile.json_schema.test_fetching import main; main()"
    command, project = [sys.executable, "-c", code, host, folder], Path(__file__).parents[4]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    assert run.returncode == 0, run.stderr[-2000:]
    assert json.loads(run.stdout) == found
    assert bait.untouched


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$vocabulary": {"http://example.com/vocabulary": True}},
        {"$id": "http://example.com/meta", "$recursiveAnchor": True},
    ],
)
@pytest.mark.parametrize("form", ["{uri}", "{uri}#", "file://{folder}/schema.json", "schema.json", "", "#"])
def test_no_meta_schema_is_fetched(schema: Any, form: str, bait: Bait):
    """A dialect that is not one of the drafts is refused by its name, in a schema and in what it refers to."""
    dialect = form.format(uri=bait.uri, folder=bait.folder)
    with pytest.raises(SchemaError, match=r"unknown dialect .*; supported are"):
        route_of(json_version({**schema, "$schema": dialect}))
    reference = Reference("r.json", json_version({**schema, "$schema": dialect}))
    with pytest.raises(SchemaError, match=r"reference 'r\.json': .*unknown dialect"):
        route_of(json_version({"$ref": "r.json"}, references=(reference,)))
    assert bait.untouched


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("own", [{}, {"$id": "http://example.com/inner"}, {"id": "http://example.com/inner"}])
def test_nor_is_that_of_a_schema_inside(draft: str, own: Any, bait: Bait):
    """A dialect that is named in the middle of a schema is not looked for either."""
    inner = {**own, "$schema": bait.uri, "type": "integer"}
    begins_a_document = ("id" if draft == DRAFTS[0] else "$id") in own
    for schema in ({"items": inner}, {"items": {"$ref": "#/definitions/a"}, "definitions": {"a": inner}}):
        version = json_version({"$schema": draft, **schema})
        if begins_a_document:
            with pytest.raises(SchemaError, match="unknown dialect"):
                route_of(version)
        else:
            assert reason(refused(version, "[1.5]")) == ("type-mismatch", "/0"), "elsewhere it means nothing"
    assert bait.untouched


@pytest.mark.parametrize("draft", DRAFTS)
def test_the_drafts_themselves_are_known_without_fetching(draft: str):
    """A schema of schemas may refer to its draft."""
    version = json_version({"$schema": draft, "properties": {"schema": {"$ref": draft}}})
    assert accepted(version, '{"schema":{"type":"integer"}}')


def test_a_root_id_is_not_fetched(bait: Bait):
    """The ``$id`` of a schema is its name, no place to look."""
    version = json_version(
        {"$id": bait.uri, "properties": {"a": {"$ref": "#/definitions/b"}}, "definitions": {"b": {}}}
    )
    assert accepted(version, '{"a":1}')
    assert bait.untouched


def test_a_recursive_reference_to_something_else_is_refused(bait: Bait):
    """Draft 2019-09 allows ``#`` only; the validator would take whatever stands there for it."""
    for name in (bait.uri, "schema.json", "#/$defs/a"):
        schema = {"$schema": DRAFTS[3], "properties": {"a": {"$recursiveRef": name}}, "$defs": {"a": True}}
        with pytest.raises(
            SchemaError, match=r'^/properties/a/\$recursiveRef: draft 2019-09 allows "#" only'
        ) as caught:
            route_of(json_version(schema))
        assert caught.value.schema_path == "/properties/a/$recursiveRef"
    assert route_of(json_version({"$schema": DRAFTS[3], "items": {"$recursiveRef": "#"}}))
    assert route_of(json_version({"$schema": NEW, "items": {"$recursiveRef": "x"}})), "an unknown word in this draft"
    assert bait.untouched
