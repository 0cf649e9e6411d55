"""What Schema Registry's answers mean for the contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import load_project
from gateway.errors import RegistryUnavailable, SchemaError, SubjectNotFound
from gateway.model import Format, SchemaVersion
from gateway.plan.findings import Finding, Grade
from gateway.service.inspection import subjects
from gateway.service.inspection.subjects import Subjects, inspect_subjects
from tests.parts.projects import READING, ProjectFiles

TEXT = json.dumps(READING)
URL = "http://registry:8081"


def version(subject: str, number: int = 1, text: str = TEXT) -> SchemaVersion:
    return SchemaVersion(subject, number, 7, Format.AVRO, text)


class Registry:
    """Answers from a table; takes the place of ``RegistryClient``."""

    def __init__(self) -> None:
        self.urls = (URL,)
        self.answers: dict[tuple[str, int | None], SchemaVersion | Exception] = {}
        """Subject, and its version or None for the latest."""
        self.asked: list[tuple[str, int | None]] = []
        self.closed = False

    def __call__(self, *_: object) -> Registry:
        """The client."""
        return self

    async def latest(self, subject: str) -> SchemaVersion:
        """As ``RegistryClient.latest``."""
        return self._answer(subject, None)

    async def version(self, subject: str, number: int) -> SchemaVersion:
        """As ``RegistryClient.version``."""
        return self._answer(subject, number)

    async def aclose(self) -> None:
        """As ``RegistryClient.aclose``."""
        self.closed = True

    def _answer(self, subject: str, number: int | None) -> SchemaVersion:
        self.asked.append((subject, number))
        answer = self.answers.get((subject, number)) or SubjectNotFound(f"no {subject!r}")
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    answers = Registry()
    monkeypatch.setattr(subjects, "RegistryClient", answers)
    return answers


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path, registry={"url": URL})


async def inspected(files: ProjectFiles) -> Subjects:
    return await inspect_subjects(load_project(files.config, {}), str(files.config))


async def about(files: ProjectFiles, subject: str) -> Finding:
    """The finding about a subject."""
    [found] = [each for each in (await inspected(files)).findings if each.about == subject]
    return found


async def test_the_file_is_what_the_registry_has(files: ProjectFiles, registry: Registry) -> None:
    """Version and ID are told, and that the file is applied."""
    files.declare("pump")
    registry.answers["pump-value", None] = version("pump-value", 3)
    answered, found = (await inspected(files)).findings
    assert (answered.grade, answered.about, answered.message) == (Grade.FINE, URL, "answers")
    assert (found.grade, found.message, found.contract) == (
        Grade.FINE,
        "version 3, ID 7, AVRO, the file is applied",
        "pump",
    )
    assert registry.closed


async def test_the_file_is_not_applied(files: ProjectFiles, registry: Registry) -> None:
    """The gateway would run with the registry's: worth knowing, no problem."""
    files.declare("pump")
    more: dict[str, Any] = {**READING, "fields": [*READING["fields"], {"name": "x", "type": "int"}]}
    registry.answers["pump-value", None] = version("pump-value", 2, json.dumps(more))
    found = await about(files, "pump-value")
    assert found.grade is Grade.NOTICE
    assert "the gateway runs with the registry's; see gateway schemas plan" in found.message


async def test_an_unknown_subject(files: ProjectFiles, registry: Registry) -> None:
    """Its contracts would be inactive, and what to do."""
    files.declare("pump")
    found = await about(files, "pump-value")
    assert (found.grade, found.contract) == (Grade.PROBLEM, "pump")
    assert found.message.endswith("its contracts would be inactive; register it (gateway schemas apply)")


async def test_a_schema_that_the_contract_cannot_run_with(files: ProjectFiles, registry: Registry) -> None:
    """The version and the reason; the place in the schema for programs."""
    files.declare("pump")
    broken = '{"type": "record", "name": "R", "fields": [{"name": "n", "type": "nothing"}]}'
    registry.answers["pump-value", None] = version("pump-value", 4, broken)
    found = await about(files, "pump-value")
    assert found.grade is Grade.PROBLEM
    assert found.message.startswith("the contract would be inactive with version 4: ")
    assert found.path == "/fields/0/type"


async def test_a_schema_that_is_none_of_ours(files: ProjectFiles, registry: Registry) -> None:
    """As the registry's client says it."""
    files.declare("pump")
    registry.answers["pump-value", None] = SchemaError("subject 'pump-value' holds a schema of type 'PROTOBUF'")
    found = await about(files, "pump-value")
    assert (found.grade, found.message) == (Grade.PROBLEM, "subject 'pump-value' holds a schema of type 'PROTOBUF'")


async def test_a_registry_that_is_away_is_told_once(files: ProjectFiles, registry: Registry) -> None:
    """Not for each subject, and nothing is claimed about them."""
    for name in ("pump", "gate"):
        files.declare(name)
        registry.answers[f"{name}-value", None] = RegistryUnavailable("no answer")
    result = await inspected(files)
    assert [(each.grade, each.about, each.message) for each in result.findings] == [
        (Grade.UNREACHABLE, URL, "no answer")
    ]
    assert result.held == {}


async def test_what_is_asked(files: ProjectFiles, registry: Registry) -> None:
    """Pinned versions as such, shared types, references that no folder holds, or says what they were; each once."""
    position = {"type": "record", "name": "geo.Position", "fields": []}
    files.declare("pump", version=2)
    files.declare("gate", subject="pump-value", schema=None, version=2)
    files.declare("track", schema=None, subject="track-value")
    files.share("geo", "geo-value", position)
    elsewhere = {"name": "x.X", "subject": "x-value", "version": 5}
    earlier = {"name": "geo.Position", "subject": "geo-value", "version": 1}
    files.share("more", "more-value", {**position, "name": "geo.More"}, references=[elsewhere, earlier])
    result = await inspected(files)
    assert sorted(registry.asked, key=str) == [
        ("geo-value", 1),
        ("geo-value", None),
        ("more-value", None),
        ("pump-value", 2),
        ("track-value", None),
        ("x-value", 5),
    ]
    assert result.held == {}


async def test_schemas_that_no_folder_holds_are_brought_along(files: ProjectFiles, registry: Registry) -> None:
    """Examples of their contracts are played with them."""
    files.declare("track", schema=None, subject="track-value")
    files.declare("pump")
    registry.answers = {("track-value", None): version("track-value"), ("pump-value", None): version("pump-value")}
    result = await inspected(files)
    assert result.held == registry.answers
    assert [each.message for each in result.findings if each.about == "track-value"] == [
        "version 1, ID 7, AVRO, kept elsewhere"
    ]


async def test_properties_that_the_client_refuses(files: ProjectFiles) -> None:
    """It is the file that is wrong; nothing is asked."""
    files.configure(registry={"url": URL, "timeout": "soon"})
    files.declare("pump")
    [found] = (await inspected(files)).findings
    assert (found.grade, found.about, found.file) == (Grade.INVALID, "registry.timeout", str(files.config))
    assert found.line is not None
