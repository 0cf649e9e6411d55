"""What all commands have in common, and wrong usage of each."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.main import make_app
from tests.parts.processes import free_port
from tests.parts.projects import ProjectFiles

COMMANDS = (["check"], ["publish"], ["dlq"], ["registry", "serve"], ["simulate"])


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    files = ProjectFiles(
        tmp_path,
        mqtt={"url": f"mqtt://127.0.0.1:{free_port()}"},
        kafka={"bootstrap.servers": f"127.0.0.1:{free_port()}", "socket.timeout.ms": "1000"},
    )
    files.declare("line/pump")
    return files


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(make_app(), list(arguments), input=stdin)


def exit_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    """The exit code of the console script itself."""
    monkeypatch.setattr("sys.argv", ["gateway", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example(command: list[str]) -> None:
    """And the exit codes."""
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert f"Example: gateway {' '.join(command)}" in " ".join(result.stdout.split())
    assert "Exit codes: 0" in " ".join(result.stdout.split())


@pytest.mark.parametrize("group", ["", "registry", "schemas"])
def test_help_on_several_commands_shows_an_example(group: str) -> None:
    """And what they are for, here and in the list that they stand in."""
    told = " ".join(run(*filter(None, [group]), "--help").stdout.split())
    assert f"Example: gateway {group}" in told
    if group:
        [row] = [line for line in run("--help").stdout.splitlines() if line.startswith(f"│ {group} ")]
        assert row.split()[2] in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish"],
        ["publish", "a/+/c", "-"],
        ["publish", "a/#"],
        ["publish", ""],
        ["publish", "x" * 65536],
        ["publish", "\ud800"],
        ["publish", "a", "no-such-file"],
        ["publish", "a", "--qos", "3"],
        ["dlq", "--since", "yesterday"],
        ["dlq", "--code", "no-such-code"],
        ["dlq", "--contract", "line/pum"],
        ["dlq", "--limit", "0"],
        ["check", "--output", "xml"],
        ["simulate", "--devices", "0"],
        ["simulate", "--rate", "0"],
        ["simulate", "--seconds", "-1"],
        ["registry", "serve", "--port", "70000"],
        ["registry", "sreve"],
    ],
    ids=lambda arguments: " ".join(arguments)[:40].encode("ascii", "replace").decode(),
)
def test_wrong_usage(files: ProjectFiles, arguments: list[str]) -> None:
    """Exit 2, and nothing on standard output."""
    config = [] if arguments[0] == "registry" else ["-c", str(files.config)]
    result = run(*arguments, *config)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_a_misspelled_contract_is_named(files: ProjectFiles) -> None:
    """With the one that was probably meant."""
    result = run("dlq", "-c", str(files.config), "--contract", "line/pum")
    assert "line/pump" in result.stderr


@pytest.mark.parametrize("command", [["publish", "a"], ["dlq"], ["simulate"]], ids=" ".join)
def test_an_invalid_configuration(
    command: list[str], files: ProjectFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, with file, line and key."""
    files.config.write_text("mqtt: {urll: x}\n")
    assert exit_of(monkeypatch, *command, "-c", str(files.config)) == 2
    assert f"{files.config}:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (["none"], "none: is missing"),
        (["empty"], "holds neither contracts nor fixtures"),
        (["bad.json"], "not a registry fixture"),
        (["schemas"], "subject 'line.pump-value'"),
    ],
)
def test_a_registry_that_cannot_be_filled(
    sources: list[str],
    said: str,
    files: ProjectFiles,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, and what did not register is named with the registry's reason."""
    monkeypatch.chdir(files.folder)
    Path("empty").mkdir()
    Path("bad.json").write_text("[]")
    (files.contracts / "line/pump/schema.avsc").write_text('{"type": "record", "name": "R", "fields": [{"name": "n"}]}')
    assert exit_of(monkeypatch, "registry", "serve", "--port", "0", *sources) == 2
    assert said in capsys.readouterr().err
