"""The whole demo as a process of its own: what it says, what it leaves behind, what its printed commands do."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.system.cli.commands import Finished, start
from tests.system.demo.terminal import GATEWAY, Terminal, plain
from tests.unit.demo.shipped import routes

VERDICT = re.compile(r"published (\d+)(?: \+ (\d+) by others)? = (\d+) typed records \+ (\d+) dead letters")


def addresses(text: str) -> set[tuple[str, int]]:
    """Every address that the demo named."""
    return {("127.0.0.1", int(port)) for port in re.findall(r"127\.0\.0\.1:(\d+)", text)}


def assert_nothing_is_left(text: str, temporary: Path) -> None:
    """None of the addresses answers any more, and the folder for temporary files is empty."""
    named = addresses(text)
    assert len(named) >= 4
    for address in named:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
    assert list(temporary.iterdir()) == []


def assert_counts_agree(text: str) -> None:
    """The numbers of the last line but two, added up here once more, and the table above it."""
    found = VERDICT.search(text)
    assert found is not None, text
    published, others, accepted, rejected = (int(number or 0) for number in found.groups())
    assert published + others == accepted + rejected
    assert published > 0
    rows = [line.split() for line in text.splitlines() if line.split()[:1] and line.split()[0] in routes()]
    assert len(rows) == 6
    assert sum(int(row[1]) for row in rows) == accepted


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files of its own: what is left in there the demo left. Short, as /tmp is."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


async def test_without_a_terminal_it_checks_itself(temporary: Path, tmp_path: Path) -> None:
    """Plain lines, a table, counts that agree, exit 0; no warning, and nothing left."""
    running = await start(tmp_path, "demo", "--seconds", "6", "--seed", "5")
    try:
        finished = await running.finish(60)
    finally:
        await running.kill()
    assert finished.code == 0, finished.err
    assert finished.err == ""
    assert "\x1b" not in finished.out
    assert len([line for line in finished.out.splitlines() if " s  published " in line]) >= 2
    assert_counts_agree(finished.out)
    assert_nothing_is_left(finished.out, temporary)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_at_once(temporary: Path, tmp_path: Path, number: signal.Signals) -> None:
    """With the summary of what there was, exit 0 and nothing left."""
    running = await start(tmp_path, "demo")
    try:
        await running.line(" s  published ")
        running.send(number)
        finished: Finished = await running.finish(15)
    finally:
        await running.kill()
    assert finished.code == 0, finished.err
    assert_counts_agree(finished.out)
    assert_nothing_is_left(finished.out, temporary)


def children_of(pid: int) -> list[str]:
    """What the kernel lists as children of the process's threads."""
    listed = (tasks.read_text() for tasks in Path("/proc", str(pid), "task").glob("*/children"))
    return [children for children in listed if children]


async def test_it_starts_no_process(temporary: Path, tmp_path: Path) -> None:
    """Everything is in one: there is nothing that could stay behind."""
    running = await start(tmp_path, "demo", "--seconds", "3")
    try:
        await running.line(" s  published ")
        assert children_of(running._child.pid) == []
        assert (await running.finish(30)).code == 0
    finally:
        await running.kill()


@pytest.fixture
def terminal(temporary: Path, tmp_path: Path) -> Iterator[Terminal]:
    """The demo on a terminal of 100 columns and 30 lines."""
    terminal = Terminal(*GATEWAY, "demo", "--seed", "5", folder=tmp_path)
    yield terminal
    terminal.close()


def elsewhere(enter: str, command: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody types it in a second terminal, whose PATH knows nothing of the demo's."""
    environment = {name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"} | {"PATH": "/usr/bin:/bin"}
    line = ["sh", "-c", f"{enter}\n{command}"]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_the_live_view_and_its_commands(terminal: Terminal, temporary: Path) -> None:
    """Everything on the screen is there, every command on it does what it says, and Ctrl-C leaves nothing."""
    terminal.await_line(" Schema Gateway ", "Ctrl-C ends it")
    terminal.await_line("── typed record, beside its payload: ")
    terminal.await_line("── dead letter, its payload and why: ")
    terminal.await_line(" industry/pump ")
    assert all(len(line) <= 100 for line in terminal.screen)

    enter = terminal.await_line(" cd ").strip()
    loose, wrong, letters, offline = (
        line.split("  #")[0].strip() for line in terminal.screen if line.startswith(" gateway ")
    )
    published = elsewhere(enter, loose)
    assert published.returncode == 0, published.stderr
    terminal.await_line("── typed record, ", ": plant.pump, ")
    terminal.await_line(" /flow ", '"41.80" → 41.8')

    assert elsewhere(enter, wrong).returncode == 0
    terminal.await_line("── dead letter, ", "device pump-77")
    terminal.await_line(" why      unknown-field", "/bearing_temp")
    explained = elsewhere(enter, letters)
    assert explained.returncode == 0, explained.stderr
    assert 'publish it as "bearingTemp"' in explained.stdout
    assert "invalid-number: /flow" in explained.stdout
    tried = elsewhere(enter, offline)
    assert tried.returncode == 1, tried.stderr
    assert "0 accepted, 1 rejected" in tried.stdout

    url = terminal.await_line(" http://", "/status").split()[0]
    status = httpx.get(url, timeout=10).json()
    assert status["ready"] is True
    assert len(status["contracts"]) == 6
    assert urlsplit(url).hostname == "127.0.0.1"
    log = Path(enter.split()[1], "gateway.log")
    assert json.loads(log.read_text().splitlines()[0])["event"] == "starting"

    text = "\n".join(terminal.screen)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.wait(15) == 0
    left = plain(terminal.written.rpartition("\x1b[?1049l")[2])
    assert "+ 2 by others = " in left
    assert_counts_agree(left)
    assert_nothing_is_left(text, temporary)
    assert terminal.written.count("\x1b[?1049h") == terminal.written.count("\x1b[?1049l") == 1


def test_the_view_follows_the_window(terminal: Terminal) -> None:
    """Narrow and low it keeps the commands, wide it shows the Kafka topics."""
    terminal.await_line("── typed record, beside")
    terminal.resize(80, 24)
    terminal.await_line(" in one process", "…")
    shown = terminal.screen
    assert max(map(len, shown)) <= 80
    assert len([line for line in shown if line]) <= 24
    assert any(line.startswith(" gateway dlq --device pump-77 ") for line in shown)
    terminal.resize(140, 40)
    terminal.await_line(" industry/pump ", " plant.pump ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.wait(15) == 0


def test_seconds_asks_for_plain_lines_on_a_terminal_too(temporary: Path, tmp_path: Path) -> None:
    """As a recording or a CI job with a terminal wants them."""
    terminal = Terminal(*GATEWAY, "demo", "--seconds", "2", folder=tmp_path)
    try:
        assert terminal.wait(60) == 0
    finally:
        terminal.close()
    assert "\x1b[?1049h" not in terminal.written
    assert_counts_agree(plain(terminal.written))
    assert list(temporary.iterdir()) == []


def test_no_color(temporary: Path, tmp_path: Path) -> None:
    """Bold and dim may stay, colours go [no-color.org]."""
    terminal = Terminal(*GATEWAY, "demo", folder=tmp_path, NO_COLOR="1")
    try:
        terminal.await_line("── typed record, beside")
        assert re.search(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7])m", terminal.written) is None
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.wait(15) == 0
    finally:
        terminal.close()


def test_a_terminal_that_goes_away_ends_it(temporary: Path, tmp_path: Path) -> None:
    """Whoever closes the window leaves nothing behind."""
    terminal = Terminal(*GATEWAY, "demo", folder=tmp_path)
    terminal.await_line("── typed record, beside")
    named = "\n".join(terminal.screen)
    terminal.process.send_signal(signal.SIGHUP)
    os.close(terminal._master)
    terminal.process.wait(15)
    assert_nothing_is_left(named, temporary)
