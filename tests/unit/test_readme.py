"""The README tells the truth: its commands run as written, its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SET_UP = ("make demo", "make test")
"""The two commands that other tests run: the demo's own, and this very run."""


def commands() -> list[str]:
    """Every command line of the README's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_the_two_commands_stand_first() -> None:
    """Whoever reads only the beginning can start."""
    first = commands()[:2]
    assert [line.partition("#")[0].strip() for line in first] == list(SET_UP)


def test_the_commands_do_what_their_comments_say(tmp_path: Path) -> None:
    """In order, in a folder with the environment that ``make`` would have made."""
    (tmp_path / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    ran = 0
    for line in commands():
        command, _, comment = line.partition("    #")
        if command.startswith(SET_UP):
            continue
        shell = ["bash", "-o", "pipefail", "-c", command]
        done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == (1 if "rejected" in comment else 0), f"{command}\n{done.stdout}{done.stderr}"
        for word in ("accepted", "rejected"):
            assert word not in comment or f"1 {word}" in done.stdout
        ran += 1
    assert ran >= 4


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    """Every relative link of the documentation is a file of the project."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []
