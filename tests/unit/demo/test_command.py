"""``gateway demo``: what its exit code and its options mean. What it does is in test_session.py."""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import make_app
from gateway.demo.session import Session, Show
from gateway.demo.tally import Balance
from gateway.errors import GatewayError
from tests.unit.demo.showcase import session


class Runs:
    """Stands for ``Session.run``: what was asked, and what is answered."""

    def __init__(self, answer: Balance | Exception) -> None:
        self.answer = answer
        self.session: Session
        self.folder: Path
        self.shown_by = ""

    async def __call__(self, made: Session, _stop: object, show: Show) -> Balance:
        """The prepared answer; what the command handed over is kept."""
        self.session, self.folder = made, made.workspace.folder
        assert self.folder.is_dir()
        self.shown_by = show.func.__name__  # type: ignore[attr-defined]  # the command binds the rest
        made.tally = session().tally
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def run(monkeypatch: pytest.MonkeyPatch, answer: Balance | Exception, *options: str) -> tuple[int, str, Runs]:
    runs = Runs(answer)

    async def stand_in(made: Session, stop: object, show: Show) -> Balance:
        return await runs(made, stop, show)

    monkeypatch.setattr(Session, "run", stand_in)
    result = CliRunner().invoke(make_app(), ["demo", *options])
    if isinstance(answer, Exception):
        assert result.exception is answer
    return result.exit_code, result.output, runs


@pytest.mark.parametrize(
    ("balance", "code"),
    [(Balance(40, 0, 38, 2), 0), (Balance(41, 0, 38, 2), 1), (Balance(39, 0, 38, 2), 1), (Balance(38, 2, 38, 2), 0)],
)
def test_the_exit_code_says_whether_the_counts_agree(
    monkeypatch: pytest.MonkeyPatch, balance: Balance, code: int
) -> None:
    """0 if everything published is in Kafka, 1 if something is missing or there twice."""
    exit_code, output, runs = run(monkeypatch, balance)
    assert exit_code == code
    assert ("nothing is missing" in output) is (code == 0)
    assert not runs.folder.exists()


def test_without_a_terminal_it_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 20 seconds, in plain lines; each time with another fleet."""
    first, second = (run(monkeypatch, Balance(0, 0, 0, 0))[2] for _ in range(2))
    assert first.session.fleet.seconds == 20
    assert first.shown_by == "report"
    assert first.session.fleet.seed != second.session.fleet.seed


def test_the_options_reach_the_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them."""
    options = ["--seconds", "3", "--devices", "6", "--rate", "7.5", "--seed", "0"]
    fleet = run(monkeypatch, Balance(0, 0, 0, 0), *options)[2].session.fleet
    assert (fleet.seconds, fleet.devices, fleet.rate, fleet.seed) == (3, 6, 7.5, 0)


def test_an_error_leaves_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong; the message and the code are main's."""
    _, _, runs = run(monkeypatch, GatewayError("no"))
    assert not runs.folder.exists()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, before anything is started."""
    found = importlib.util.find_spec

    def hide(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "amqtt" else found(name, package)

    monkeypatch.setattr("gateway.cli.demo.find_spec", hide)
    code, output, runs = run(monkeypatch, Balance(0, 0, 0, 0))
    assert code == 2
    assert "pip install 'schema-gateway[demo]'" in output
    assert not hasattr(runs, "session")


def test_other_commands_do_not_pay_for_it() -> None:
    """The command line is imported without the optional extra."""
    code = "import sys, gateway.cli; sys.exit('amqtt' in sys.modules)"
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
