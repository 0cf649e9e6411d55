"""What teams copy into their pipelines: valid, and each of its commands does what it is there for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.notation.yaml import parse
from gateway.registry.development.store import LATEST
from tests.parts.gateway import SCHEMAS
from tests.parts.git import Repository
from tests.parts.registry_faults import FaultyRegistry, faulty_registry
from tests.system.cli.commands import Shell

ROOT = SCHEMAS.parent
PIPELINES = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
PUMP = "schemas/industry/pump/schema.avsc"
Steps = Mapping[str, list[str]]


def commands(host: str) -> Steps:
    """The gateway's command lines, by job."""
    text: dict[str, Any] = parse((ROOT / f"deploy/ci/{host}.yaml").read_text()).value
    jobs: dict[str, Any] = text.get("jobs", {name.partition(":")[2]: job for name, job in text.items() if ":" in name})
    return {name: [line for line in _lines(job) if line.startswith("gateway ")] for name, job in jobs.items()}


def _lines(job: dict[str, Any]) -> Iterator[str]:
    for step in job.get("steps", ()):
        yield from step.get("run", "").splitlines()
    for part in ("script", "after_script"):
        yield from job.get(part, ())


@pytest.fixture
async def registry() -> AsyncIterator[FaultyRegistry]:
    async with faulty_registry() as running:
        yield running


class Team:
    """A repository with the shipped contracts, a branch that changes them, and what a pipeline runs there."""

    def __init__(self, folder: Path, registry: FaultyRegistry) -> None:
        self.repository = Repository(folder / "team")
        self.folder = self.repository.folder
        shutil.copytree(SCHEMAS, self.folder / "schemas")
        shutil.copytree(ROOT / "deploy/ci", self.folder / "deploy/ci")
        self.repository.commit()
        self.repository.git("update-ref", "refs/remotes/origin/main", "main")
        self.repository.git("update-ref", "FETCH_HEAD", "main")
        self._shell = Shell(
            folder / "tools",
            SCHEMA_REGISTRY_URL=registry.url,
            SCHEMA_REGISTRY_KEY="key",
            SCHEMA_REGISTRY_SECRET="secret",
            REGISTRY="deploy/ci/registry.yaml",
            GITHUB_BASE_REF="main",
        )

    def change(self, old: str, new: str) -> None:
        """Commits a change of the pump's schema."""
        schema = self.folder / PUMP
        text = schema.read_text()
        assert old in text
        schema.write_text(text.replace(old, new, 1))
        self.repository.commit()

    async def run(self, line: str) -> tuple[int, str]:
        """The exit code of a line, and what it prints."""
        return await self._shell.run(self.folder, line)


@pytest.fixture
def team(tmp_path: Path, registry: FaultyRegistry) -> Team:
    return Team(tmp_path, registry)


@pytest.mark.parametrize(("host", "schema"), PIPELINES.items(), ids=PIPELINES)
def test_the_pipelines_are_valid(host: str, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, f"deploy/ci/{host}.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("host", PIPELINES)
async def test_a_change_goes_through(host: str, team: Team, registry: FaultyRegistry) -> None:
    """Checked and planned, which writes nothing; applied on the merge, and again without harm."""
    jobs = commands(host)
    assert {job: len(lines) for job, lines in jobs.items() if lines} == {
        "check": 2 if host == "gitlab" else 1,
        "plan": 1,
        "apply": 2,
    }
    team.change('"STOPPED", ', '"STOPPED", "PAUSED", ')
    for line in (*jobs["check"], *jobs["plan"]):
        code, printed = await team.run(line)
        assert code == 0, f"{line}\n{printed}"
    assert "plant.pump-value" in (team.folder / "plan.md").read_text()
    assert registry.store.subjects() == []
    for _ in range(2):
        for line in jobs["apply"]:
            code, printed = await team.run(line)
            assert code == 0, f"{line}\n{printed}"
    assert len(registry.store.subjects()) == 7
    assert "PAUSED" in registry.store.version("plant.pump-value", LATEST).definition.text


@pytest.mark.parametrize("host", PIPELINES)
async def test_a_breaking_change_is_stopped(host: str, team: Team) -> None:
    """With the rule, the place and what to do instead, in the form that the code host shows at the line."""
    team.change('"fields": [', '"fields": [\n    {"name": "site", "type": "string"},')
    lines = commands(host)["check"]
    code, printed = await team.run(lines[0])
    assert code == 1
    assert "avro-field-without-default" in printed
    if host == "github":
        assert f"::error file={PUMP},line=7," in printed
    else:
        code, _ = await team.run(lines[1])
        assert code == 0
        assert '"path":"' + PUMP in (team.folder / "gl-code-quality-report.json").read_text()


async def test_the_pre_commit_hook(team: Team) -> None:
    """It runs where one of the files is committed, and fails for a broken one."""
    [hook] = parse((ROOT / ".pre-commit-hooks.yaml").read_text()).value
    assert {"id", "name", "entry", "language", "files"} <= hook.keys()
    line = " ".join([hook["entry"], *hook["args"]])
    wanted = [path.relative_to(ROOT) for path in SCHEMAS.rglob("*") if path.is_file()]
    assert all(re.search(hook["files"], str(path)) for path in wanted)
    assert not re.search(hook["files"], "docs/schemas.md")
    assert (await team.run(line))[0] == 0
    (team.folder / PUMP).write_text("{")
    assert (await team.run(line))[0] == 2
