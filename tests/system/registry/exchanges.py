"""The exchanges of ``registry-fixtures``: run against a registry, compared with what is written of it.

A step's answer is Confluent's; a registry's own file says where that one answers otherwise, and why that does or does
not matter to a client.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.parts.apicurio import PATIENCE_S

FIXTURES = Path(__file__).parents[3] / "registry-fixtures"
EXCHANGES = sorted((FIXTURES / "exchanges").glob("*.yaml"))
APICURIO = FIXTURES / "answers" / "apicurio-3.3.yaml"
KARAPACE = FIXTURES / "answers" / "karapace-6.2.yaml"

Known = dict[str, Any]
"""Values that earlier answers gave, by their names."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a registry answered to a step."""

    step: dict[str, Any]
    status: int
    answer: Any
    known: Known
    """Before the step."""

    def is_as(self, expected: dict[str, Any]) -> bool:
        """Whether this is the ``status`` and ``answer`` of ``expected``."""
        return self.status == expected["status"] and matches(expected["answer"], self.answer, dict(self.known))

    @property
    def told(self) -> str:
        """On one line."""
        return f"{self.status} {self.answer}"[:300]


def steps_of(file: Path) -> list[dict[str, Any]]:
    """The steps of a file, in order."""
    steps: list[dict[str, Any]] = yaml.safe_load(file.read_text())
    return steps


async def run(url: str, file: Path) -> list[Came]:
    """Every step of a file, in order; none is left out because of another."""
    known: Known = {}
    came = []
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
        for step in steps_of(file):
            method, path = _named(step["request"], known).split(" ", 1)
            kind = step.get("content_type", "application/vnd.schemaregistry.v1+json")
            content = step.get("content")
            if content is None and "body" in step:
                content = json.dumps(_sendable(step["body"]))
            headers = {} if content is None else {"content-type": kind}
            try:
                response = await _ask(client, method, url + path, content=content, headers=headers)
            except httpx.TransportError as exc:
                exc.add_note(f"asked by the step {step['name']!r} of {file.name}")
                raise
            came.append(Came(step, response.status_code, _decoded(response), dict(known)))
            matches(step["answer"], came[-1].answer, known)
    return came


async def _ask(client: httpx.AsyncClient, method: str, url: str, **request: Any) -> httpx.Response:
    """The answer to a request; a question is repeated once.

    Apicurio 3.3.3, on a busy machine, seldom logs that it has answered a path that it does not know, and sends nothing.
    """
    if method == "GET":
        with suppress(httpx.ReadTimeout):
            return await client.request(method, url, timeout=PATIENCE_S / 3, **request)
    return await client.request(method, url, **request)


def differing(came: list[Came], recorded: dict[str, Any]) -> list[str]:
    """What is not as Confluent's, or as recorded instead, and what was recorded and is so no longer."""
    found = []
    for each in came:
        name = each.step["name"]
        if name in recorded and recorded[name]["answer"] != "*" and each.is_as(each.step):
            found.append(f"{name}: as Confluent's, not as recorded")
        elif not each.is_as(recorded.get(name, each.step)):
            found.append(f"{name}: {each.told}")
    names = {each.step["name"] for each in came}
    return found + [f"{name}: recorded of a step that there is not" for name in recorded if name not in names]


def recorded(file: Path, exchanges: Path) -> dict[str, Any]:
    """What ``file`` says of the steps of ``exchanges``, by their names."""
    found = yaml.safe_load(file.read_text()) if file.exists() else {}
    steps: dict[str, Any] = found.get(exchanges.stem) or {}
    return steps


def matches(expected: Any, came: Any, known: Known) -> bool:
    """Whether ``came`` is what the fixture says; new names are learned."""
    if expected == "*":
        return came is not None
    if isinstance(expected, str) and expected.startswith("$"):
        return came is not None and bool(known.setdefault(expected[1:], came) == came)
    if isinstance(expected, dict) and expected:
        found = [isinstance(came, dict) and matches(expected[key], came.get(key), known) for key in expected]
        return all(found)
    if isinstance(expected, list):
        if not isinstance(came, list) or len(expected) != len(came):
            return False
        return all(matches(*pair, known) for pair in zip(expected, came, strict=True))
    return bool(expected == came)


def _named(text: str, known: Known) -> str:
    """A request with its names replaced; one that no answer gave stays an unlikely word."""
    return re.sub(r"\$(\w+)", lambda name: str(known.get(name[1], "unknown")), text)


def _sendable(body: dict[str, Any]) -> dict[str, Any]:
    """A body whose schema is text."""
    if "schema" not in body or isinstance(body["schema"], str):
        return body
    return {**body, "schema": json.dumps(body["schema"])}


def _decoded(response: httpx.Response) -> Any:
    """The JSON of an answer, or its text where it is none."""
    try:
        return response.json()
    except ValueError:
        return response.text
