"""The same requests to the development registry and to a real one, and where their answers differ."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store

EXCHANGES = Path(__file__).parents[3] / "registry-fixtures" / "exchanges" / "schema-registry.yaml"

APICURIO_DIFFERS = {
    "what is not a version number": "404 {'message': 'Version newest not found.'",
    "a subject without a level of its own": "200 {'compatibilityLevel': 'NONE'}",
    "why, when asked": "200 {'is_compatible': False}",
    "a permanent deletion needs a soft one first": "409 {'message': 'Subject conformance-twin-value must be",
    "an unknown path": "404 ",
}
"""Step -> how the answer of Apicurio Registry 3.3 begins instead."""


@pytest.fixture
async def development_url() -> AsyncIterator[str]:
    async with serving(registry_app(Store())) as url:
        yield url


async def run_exchanges(url: str) -> dict[str, str]:
    """The steps whose answer was not as written, with what came instead."""
    known: dict[str, Any] = {}
    differences = {}
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        for step in yaml.safe_load(EXCHANGES.read_text()):
            method, path = re.sub(r"\$(\w+)", lambda name: str(known[name[1]]), step["request"]).split(" ", 1)
            response = await client.request(method, url + path, json=_sendable(step.get("body")))
            came = _decoded(response)
            if response.status_code != step["status"] or not _matches(step["answer"], came, known):
                differences[step["name"]] = f"{response.status_code} {came}"[:300]
    return differences


def _decoded(response: httpx.Response) -> Any:
    """The JSON of an answer, or its text where it is none."""
    try:
        return response.json()
    except ValueError:
        return response.text


def _sendable(body: dict[str, Any] | None) -> dict[str, Any] | None:
    """A body whose schema is text."""
    if body is None or "schema" not in body or isinstance(body["schema"], str):
        return body
    return {**body, "schema": json.dumps(body["schema"])}


def _matches(expected: Any, came: Any, known: dict[str, Any]) -> bool:
    """Whether ``came`` is what the fixture says; new names are learned."""
    if expected == "*":
        return came is not None
    if isinstance(expected, str) and expected.startswith("$"):
        return bool(known.setdefault(expected[1:], came) == came)
    if isinstance(expected, dict):
        return isinstance(came, dict) and all(_matches(expected[key], came.get(key), known) for key in expected)
    if isinstance(expected, list):
        return len(expected) == len(came) and all(_matches(*pair, known) for pair in zip(expected, came, strict=True))
    return bool(expected == came)


async def test_development_registry_answers_every_exchange_as_confluent_does(development_url: str):
    """The development registry has no differences at all."""
    assert await run_exchanges(development_url) == {}


@pytest.mark.apicurio
async def test_apicurio_differs_only_where_it_is_known_to(apicurio_url: str):
    """A real registry answers as written, except for the steps listed, each of which does differ."""
    differences = await run_exchanges(apicurio_url)
    assert differences.keys() == APICURIO_DIFFERS.keys(), differences
    for step, begins in APICURIO_DIFFERS.items():
        assert differences[step].startswith(begins)
