"""docs/commands.md against the commands: every one has a section, with all its options and exit codes.

That its examples print what it says is tested in tests/system/cli/test_commands_document.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gateway.cli.exits import Exit
from gateway.cli.main import make_app
from tests.system.cli.test_commands_document import OWN

PAGE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text()
COMMON = PAGE.split("\n## ", 1)[0]
"""What holds for all commands."""


def leaves(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """All commands that do something, by their full names."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(names), command
        return
    for name, each in below.items():
        yield from leaves(each, *names, name)


COMMANDS = dict(leaves(typer.main.get_command(make_app())))


def section(name: str) -> str:
    return PAGE.split(f"\n## gateway {name}\n", 1)[1].split("\n## ", 1)[0]


def exit_codes(text: str) -> list[int]:
    """The numbers in the sentence that begins with "Exit codes:"."""
    [listed] = re.findall(r"Exit codes: (.*?)(?:\n\n|\.\s|\.$|\Z)", text, re.DOTALL)
    return [int(number) for number in re.findall(r"(?:^|[,;] )\s*(\d+) ", " ".join(listed.split()))]


def test_every_command_has_a_section_and_an_example_that_is_run() -> None:
    """And no section is about one that is gone."""
    assert set(re.findall(r"^## gateway (.*)$", PAGE, re.MULTILINE)) == set(COMMANDS) == set(OWN)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_its_section(name: str) -> None:
    """Or among what holds for all of them; and none is there that does not exist."""
    options = {text for each in COMMANDS[name].params for text in each.opts if text.startswith("-")}
    for option in options - {"--help"}:
        assert re.search(rf"`{option}[` =]| {option} ", section(name) + COMMON), option
    prose = re.sub(r"```.*?```", "", section(name), flags=re.DOTALL)
    for option in re.findall(r"[ `](--[a-z][a-z-]+)", prose):
        assert option in options, option


@pytest.mark.parametrize("name", COMMANDS)
def test_the_exit_codes_are_those_of_the_help(name: str) -> None:
    """The same numbers, and each one that the command can end with by our own counting."""
    told = exit_codes(COMMANDS[name].help)
    assert exit_codes(section(name)) == told
    assert set(told) <= {code.value for code in Exit}


def test_the_table_of_exit_codes_is_whole() -> None:
    """All that there are."""
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", COMMON, re.MULTILINE)] == sorted(Exit)
