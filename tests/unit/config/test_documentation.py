"""docs/configuration.md against the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from gateway.config.consistency import RESERVED_NAMES
from gateway.config.declaration import RESERVED, ContractDeclared, ReferenceDeclared, TimestampDeclared
from gateway.config.example_file import AcceptedDeclared, RejectedDeclared
from gateway.config.kafka import DEFAULTS, GUARDS
from gateway.config.options import Options
from gateway.config.settings import Admin, DeadLetters, Limits, Mqtt, Registry, Settings, Tls
from gateway.notation.yaml import parse

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()

MODELS = (
    *(Settings, Mqtt, Tls, Limits, DeadLetters, Registry, Admin),
    *(ContractDeclared, TimestampDeclared, ReferenceDeclared, AcceptedDeclared, RejectedDeclared),
)
KEYS = {name for model in MODELS for name in model.model_fields} - {"properties"}


def part(heading: str) -> str:
    """What stands on the page between a heading and the next one."""
    return re.split(r"^#", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("key", sorted({*KEYS, *(field.name for field in fields(Options)), *GUARDS, *DEFAULTS}))
def test_every_key_is_documented(key: str) -> None:
    """Keys, options and guarded properties all stand on the page, as code."""
    assert re.search(rf"[`.{{ ]{re.escape(key)}[`:.,}} ]|^#+ {re.escape(key)}$|^{re.escape(key)}:", PAGE, re.MULTILINE)


def test_every_reserved_name_is_documented() -> None:
    """So that nobody is surprised."""
    for name in (*RESERVED, *RESERVED_NAMES):
        assert f"`{name}`" in PAGE


DEFAULTS_ON_PAGE = [
    *((part("mqtt"), name, value) for name, value in Mqtt()),
    *((part("registry"), name, value) for name, value in Registry()),
    *((part("The rest"), name, value) for name, value in Settings()),
    *((part("The rest"), f"limits.{name}", value) for name, value in Limits()),
    *((part("The rest"), f"dead_letters.{name}", value) for name, value in DeadLetters()),
    *((part("The rest"), f"admin.{name}", value) for name, value in Admin()),
    *(
        (part("contract.yaml"), name, ContractDeclared.model_fields[name].default)
        for name in ("mode", "framing", "qos")
    ),
    *((part("timestamp"), name, TimestampDeclared.model_fields[name].default) for name in ("ahead_s", "behind_s")),
]


@pytest.mark.parametrize(
    ("text", "name", "default"),
    [
        (text, name, default)
        for text, name, default in DEFAULTS_ON_PAGE
        if isinstance(default, str | int | float | Path)
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_documented_defaults_are_those_of_the_code(text: str, name: str, default: object) -> None:
    """A row of a table gives the default in its second column."""
    row = re.search(rf"^\| `{re.escape(name)}` \| `([^`]*)` \|", text, re.MULTILINE)
    assert row is not None
    assert row[1] == str(default)


def test_the_files_on_the_page_are_yaml() -> None:
    """People copy them."""
    snippets = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(snippets) >= 6
    for snippet in snippets:
        assert isinstance(parse(snippet).value, dict)
