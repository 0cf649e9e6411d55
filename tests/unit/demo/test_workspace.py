"""The demo's folder, and how a second terminal gets there."""

import json
import os
import shlex
import subprocess
from pathlib import Path
from time import time_ns

import pytest
import yaml

from gateway.config.load import load_project
from gateway.config.settings import Limits
from gateway.demo import workspace
from gateway.demo.workspace import (
    DEVICE,
    TOPIC,
    Addresses,
    ContractsMissing,
    Invocation,
    Workspace,
    contracts_folder,
    invocation,
    suggestions,
)
from gateway.plan.trial import try_contract
from tests.unit.demo.shipped import SCHEMAS

ADDRESSES = Addresses("mqtt://127.0.0.1:1", "127.0.0.1:2", "http://127.0.0.1:3")


@pytest.fixture
def filled(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path, Invocation("gateway", Path("/opt/it's here/bin")))
    made.copy_contracts()
    made.write(ADDRESSES, time_ns() // 1_000_000)
    return made


def test_the_gateway_reads_the_folder_as_any_other(filled: Workspace) -> None:
    """gateway.yaml names the embedded parts and the copied contracts; everything stays in the folder."""
    project = load_project(filled.config)
    settings = project.settings
    assert (settings.mqtt.url, settings.mqtt.version) == (ADDRESSES.mqtt, "3.1.1")
    assert settings.kafka["bootstrap.servers"] == ADDRESSES.kafka
    assert settings.registry.url == ADDRESSES.registry
    assert settings.admin.listen == "127.0.0.1:0"
    assert settings.contracts == filled.contracts
    assert filled.folder in settings.state.parents
    assert len(project.contracts) == 6


def test_nothing_is_configured_that_could_stay_away(filled: Workspace) -> None:
    """A user reads it as a first example: as few settings as possible."""
    assert set(yaml.safe_load(filled.config.read_text())) == {
        *("mqtt", "kafka", "registry", "contracts", "state", "admin"),
    }


def test_the_payloads_are_what_the_screen_says_they_are(filled: Workspace) -> None:
    """The loose one is accepted by its conversions, the wrong one refused for two reasons, neither of them its time."""
    trial, now_ms = try_contract(filled.contracts / "industry" / "pump", limits=Limits()), time_ns() // 1_000_000
    loose, wrong = (
        trial.run((filled.folder / name).read_bytes(), now_ms, TOPIC) for name in ("loose.json", "wrong.json")
    )
    assert loose.rejection is None
    assert {coercion.code for coercion in loose.coercions} >= {"string-to-number", "epoch-rescaled"}
    assert wrong.rejection is not None
    assert {each.code.value for each in wrong.rejection.violations} == {"unknown-field", "invalid-number"}
    assert json.loads((filled.folder / "wrong.json").read_text())["deviceId"] == DEVICE


def test_the_readme_has_the_commands(filled: Workspace) -> None:
    """Those that the screen shows."""
    readme = (filled.folder / "README").read_text()
    assert all(each.command in readme for each in filled.suggestions)


def test_the_shipped_contracts_are_found() -> None:
    """In a checkout those of the checkout."""
    assert contracts_folder().resolve() == SCHEMAS.resolve()


def test_a_packaged_copy_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a wheel: beside the module."""
    monkeypatch.setattr(workspace, "__file__", str(tmp_path / "gateway" / "demo" / "workspace.py"))
    with pytest.raises(ContractsMissing, match="install schema-gateway again"):
        contracts_folder()
    (tmp_path / "schemas").mkdir()
    assert contracts_folder() == tmp_path / "schemas"
    (tmp_path / "gateway" / "demo" / "schemas").mkdir(parents=True)
    assert contracts_folder() == tmp_path / "gateway" / "demo" / "schemas"


def command(folder: Path) -> Path:
    """A script called gateway that says where it is."""
    folder.mkdir(parents=True)
    script = folder / "gateway"
    script.write_text(f"#!/bin/sh\necho from {shlex.quote(folder.name)}\n")
    script.chmod(0o755)
    return script


def test_a_command_on_the_path_is_called_by_its_name(tmp_path: Path) -> None:
    """Nothing but the folder is to be entered."""
    script = command(tmp_path / "bin")
    found = invocation(str(script), path=str(tmp_path / "bin"))
    assert found == Invocation("gateway")
    assert found.enter(Path("/tmp/demo x")) == ("cd '/tmp/demo x'",)


@pytest.mark.parametrize("on_path", [False, True])
def test_a_command_elsewhere_is_put_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, on_path: bool
) -> None:
    """Also where another gateway is on the PATH; a relative name is made absolute."""
    command(tmp_path / "bin")
    other = command(tmp_path / "other").parent if on_path else tmp_path
    monkeypatch.chdir(tmp_path)
    assert invocation("bin/gateway", path=str(other)) == Invocation("gateway", tmp_path / "bin")


def test_python_m_gateway_finds_the_command_beside_the_interpreter(tmp_path: Path) -> None:
    """As ``make demo`` has it, and a virtual environment that is not activated."""
    command(tmp_path / "bin")
    found = invocation("/somewhere/gateway/__main__.py", str(tmp_path / "bin" / "python"), path="")
    assert found == Invocation("gateway", tmp_path / "bin")


def test_without_any_command_the_interpreter_is_named(tmp_path: Path) -> None:
    """Long, but it works."""
    python = str(tmp_path / "a b" / "python")
    assert invocation("-c", python, path="") == Invocation(f"'{python}' -m gateway")


def test_the_shell_finds_the_command(tmp_path: Path) -> None:
    """The printed line, read by sh, whatever stands in the folders' names; what was on the PATH stays."""
    script = command(tmp_path / "it's $HOME here")
    made = Workspace(tmp_path / "work space", Invocation("gateway", script.parent))
    made.folder.mkdir()
    made.write(ADDRESSES, 0)
    run = subprocess.run(
        ["sh", "-c", " && ".join([*made.enter, "gateway", "ls"])],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert run.stdout.splitlines()[0] == "from it's $HOME here"
    assert "gateway.yaml" in run.stdout


def test_commands_use_the_name_that_they_are_given() -> None:
    """All of them; the least useful ones may be left out where there is no room."""
    commands = suggestions("py -m gateway")
    assert all(each.command.startswith("py -m gateway ") for each in commands)
    assert [each.spare > 0 for each in commands] == [True, False, False, True]
