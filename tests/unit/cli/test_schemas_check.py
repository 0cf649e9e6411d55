"""``gateway schemas check``: what it prints, in each format, and with which exit code it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.parts.git import Repository
from tests.parts.projects import READING, ProjectFiles
from tests.unit.cli.conftest import Gateway

OK = {"accepted": [{"name": "fine", "payload": '{"n": 1, "temp": 2.5}'}]}
BAD = OK | {"rejected": [{"name": "bad, 50% of: them", "payload": "{}", "code": "json-invalid"}]}
NARROW = {**READING, "fields": [{"name": "n", "type": "int"}, {"name": "temp", "type": "double"}]}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFiles:
    monkeypatch.chdir(tmp_path)
    return ProjectFiles(tmp_path)


def test_all_fine(files: ProjectFiles, gateway: Gateway) -> None:
    """By gateway.yaml of the working directory; no service is named."""
    files.declare("pump", examples=OK)
    ended = gateway("schemas", "check")
    assert (ended.code, ended.out, ended.err) == (0, "1 contract, 0 shared types, 1 example played: all fine\n", "")


@pytest.mark.parametrize("arguments", [["schemas"], ["-c", "gateway.yaml"], []])
def test_which_folder(files: ProjectFiles, gateway: Gateway, arguments: list[str]) -> None:
    """Named, or by gateway.yaml, or ./schemas where there is none."""
    files.declare("pump", examples=OK)
    if not arguments:
        files.config.unlink()
    assert gateway("schemas", "check", *arguments).code == 0


def test_a_folder_needs_no_gateway_yaml(files: ProjectFiles, gateway: Gateway) -> None:
    """Where schemas are checked, the gateway's secrets are not at hand."""
    files.configure(mqtt={"password": "${NOT_SET}"})
    files.declare("pump", examples=OK)
    assert gateway("schemas", "check", "schemas").code == 0
    assert gateway("schemas", "check").code == 2


def test_what_is_wrong_is_told_as_compilers_do(files: ProjectFiles, gateway: Gateway) -> None:
    """File, line and column, what it is, and the check; in the order of the files."""
    files.declare("pump", examples=BAD)
    files.declare("a", '{"type": "record", "name": "R",\n "fields": [{"name": "n", "type": "lng"}]}')
    ended = gateway("schemas", "check")
    assert ended.code == 2
    notice, invalid, problem, summary = ended.out.splitlines()
    assert notice.startswith("schemas/a/contract.yaml:1: notice: no accepted example")
    assert invalid.startswith("schemas/a/schema.avsc:2:35: invalid: the contract cannot run with this schema: ")
    assert problem.startswith("schemas/pump/examples.yaml:5: problem: rejected example 'bad, 50% of: them'")
    assert problem.endswith("[example]")
    assert summary == "2 contracts, 0 shared types, 2 examples played: 1 notice, 1 problem, 1 invalid"


def test_several_are_counted_as_several(files: ProjectFiles, gateway: Gateway) -> None:
    """A person reads it."""
    files.declare("pump", examples=BAD)
    files.declare("valve", examples=BAD)
    assert gateway("schemas", "check").out.splitlines()[-1].endswith(": 2 problems")


def test_a_file_that_cannot_be_read(files: ProjectFiles, gateway: Gateway) -> None:
    """Everything that loading finds, with its place."""
    folder = files.declare("pump", examples=OK)
    (folder / "contract.yaml").write_text("mqtt: a\ntopik: b\n")
    ended = gateway("schemas", "check")
    assert ended.code == 2
    assert "schemas/pump/contract.yaml:2:1: invalid: unknown key: did you mean topic? [file]" in ended.out


def test_rules_count(files: ProjectFiles, gateway: Gateway) -> None:
    """Those of rules.yaml, and mistakes in it."""
    files.declare("pump", examples=OK)
    (files.contracts / "rules.yaml").write_text("owner: problem\n")
    assert "owner is missing" in gateway("schemas", "check").out
    (files.contracts / "rules.yaml").write_text("ownr: problem\n")
    ended = gateway("schemas", "check")
    assert (ended.code, "rules.yaml:1:1: invalid" in ended.out) == (2, True)


class TestSince:
    """``--since``: changes against what was committed."""

    @pytest.fixture
    def repository(self, files: ProjectFiles) -> Repository:
        """With the folder of contracts committed."""
        files.declare("pump", READING, OK)
        repository = Repository(files.folder)
        repository.commit()
        return repository

    def test_a_breaking_change_is_stopped(self, files: ProjectFiles, gateway: Gateway, repository: Repository) -> None:
        """Without any registry, and with what to do instead."""
        (files.contracts / "pump" / "schema.avsc").write_text(json.dumps(NARROW))
        assert gateway("schemas", "check").code == 0
        ended = gateway("schemas", "check", "--since", "main")
        assert ended.code == 1
        assert "schemas/pump/schema.avsc" in ended.out
        assert (
            "breaks BACKWARD since main (avro-type-mismatch): the new schema cannot read data of the old one"
            in ended.out
        )
        assert "fields/0" in ended.out

    def test_a_new_folder_has_no_past(self, files: ProjectFiles, gateway: Gateway, repository: Repository) -> None:
        """Whether it is one of several, or the first: that nothing was compared is told."""
        files.declare("valve", NARROW, OK)
        ended = gateway("schemas", "check", "--since", "HEAD")
        assert ended.code == 0
        assert (
            'held against nothing, because the contracts committed at HEAD do not have it: "valve-value"' in ended.out
        )
        repository.git("mv", "schemas", "contracts")
        ended = gateway("schemas", "check", "contracts", "--since", "HEAD")
        assert ended.code == 0
        assert 'do not have it: "pump-value", "valve-value"' in ended.out

    def test_contracts_behind_a_link(self, files: ProjectFiles, gateway: Gateway, repository: Repository) -> None:
        """They are held against what was committed where it leads."""
        (files.contracts / "pump").rename(files.folder / "elsewhere")
        (files.contracts / "pump").symlink_to("../elsewhere")
        repository.commit()
        (files.folder / "elsewhere" / "schema.avsc").write_text(json.dumps(NARROW))
        ended = gateway("schemas", "check", "--since", "HEAD")
        assert (ended.code, "breaks BACKWARD since HEAD" in ended.out) == (1, True)

    def test_a_past_that_cannot_be_read(self, files: ProjectFiles, gateway: Gateway, repository: Repository) -> None:
        """It is unknown then, and no failure: the change may be what mends it."""
        (files.contracts / "pump" / "schema.avsc").write_text("no json")
        repository.commit()
        (files.contracts / "pump" / "schema.avsc").write_text(json.dumps(READING))
        ended = gateway("schemas", "check", "--since", "HEAD")
        assert ended.code == 0
        assert "unknown: what was committed at HEAD cannot be read" in ended.out
        assert "pump/schema.avsc:1:1: not valid JSON" in ended.out

    def test_a_commit_that_is_not_there(self, gateway: Gateway, repository: Repository) -> None:
        """The usual reason is a clone without history."""
        ended = gateway("schemas", "check", "--since", "origin/main")
        assert ended.code == 2
        assert "fetch it before" in ended.err


class TestFormats:
    """``--output``, for programs and code hosts."""

    @pytest.fixture(autouse=True)
    def _two_findings(self, files: ProjectFiles) -> None:
        files.declare("pump", examples=BAD)
        files.declare("valve")

    def run(self, gateway: Gateway, output: str) -> str:
        """What is printed."""
        ended = gateway("schemas", "check", "--output", output)
        assert ended.code == 1
        return ended.out

    def test_json(self, gateway: Gateway) -> None:
        """One object with every finding."""
        report = json.loads(self.run(gateway, "json"))
        assert (report["ok"], report["grade"], report["contracts"], report["examples"]) == (False, "problem", 2, 2)
        assert {each["check"] for each in report["findings"]} == {"example", "examples"}

    def test_sarif(self, gateway: Gateway) -> None:
        """A run whose results name its rules, levels and places."""
        log = json.loads(self.run(gateway, "sarif"))
        [run] = log["runs"]
        assert log["version"] == "2.1.0"
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        results = {result["ruleId"]: result for result in run["results"]}
        assert results.keys() == {"example", "examples"} <= rules
        assert (results["example"]["level"], results["examples"]["level"]) == ("error", "note")
        [location] = results["example"]["locations"]
        assert location["physicalLocation"] == {
            "artifactLocation": {"uri": "schemas/pump/examples.yaml"},
            "region": {"startLine": 5},
        }

    @pytest.mark.parametrize("output", ["json", "sarif", "gitlab"])
    def test_any_name_of_a_folder(self, files: ProjectFiles, gateway: Gateway, output: str) -> None:
        """Also one that is no UTF-8."""
        (files.contracts / "valve").rename(files.contracts / "\udcff")
        assert json.loads(self.run(gateway, output))

    def test_places_are_references_to_files(self, files: ProjectFiles, gateway: Gateway) -> None:
        """With what a URI reference may not have as it is."""
        (files.contracts / "pump").rename(files.contracts / "my device #2 50%é")
        log = json.loads(self.run(gateway, "sarif"))
        places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
        uris = {place["artifactLocation"]["uri"] for place in places}
        assert "schemas/my%20device%20%232%2050%25%C3%A9/examples.yaml" in uris

    @pytest.mark.parametrize("output", ["sarif", "gitlab"])
    def test_every_finding_has_a_place(self, files: ProjectFiles, gateway: Gateway, output: str) -> None:
        """A subject that is gone is in no file; GitHub refuses a log with a result that is nowhere."""
        Repository(files.folder).commit()
        shutil.rmtree(files.contracts / "valve")
        said = json.loads(gateway("schemas", "check", "--since", "HEAD", "--output", output).out)
        if output == "sarif":
            found = said["runs"][0]["results"]
            places = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in found]
        else:
            places = [each["location"]["path"] for each in said]
        assert sorted(places) == [".", "schemas/pump/examples.yaml"]

    def test_github(self, gateway: Gateway) -> None:
        """A command a line, with what would end it escaped."""
        error, notice = sorted(self.run(gateway, "github").splitlines())
        place = "file=schemas/pump/examples.yaml,line=5,title=schemas check%3A example"
        assert error.startswith(f"::error {place}::rejected example 'bad, 50%25 of: them'")
        assert notice.startswith(
            "::notice file=schemas/valve/contract.yaml,line=1,title=schemas check%3A examples::no "
        )

    def test_gitlab(self, gateway: Gateway) -> None:
        """Fingerprints do not depend on the line."""
        first: list[dict[str, Any]] = json.loads(self.run(gateway, "gitlab"))
        assert {(each["check_name"], each["severity"], each["location"]["path"]) for each in first} == {
            ("example", "major", "schemas/pump/examples.yaml"),
            ("examples", "info", "schemas/valve/contract.yaml"),
        }
        path = Path("schemas/pump/examples.yaml")
        path.write_text("\n\n" + path.read_text())
        second = json.loads(self.run(gateway, "gitlab"))
        assert {each["fingerprint"] for each in first} == {each["fingerprint"] for each in second}
        assert len({each["fingerprint"] for each in first}) == 2
