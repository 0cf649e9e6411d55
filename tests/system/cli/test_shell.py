"""How commands behave among a shell's other programs: pipes that close, full disks, Ctrl-C, terminals."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.service.state_folder import claimed
from tests.parts.processes import free_port
from tests.parts.projects import READING, ProjectFiles
from tests.system.cli.commands import COMMAND, run, start
from tests.system.demo.terminal import Terminal, plain

GATEWAY = shlex.join(COMMAND)


@pytest.fixture
def project(tmp_path: Path) -> ProjectFiles:
    """A project whose peers are away, and beside it a schema with more payloads than a pipe holds."""
    files = ProjectFiles(
        tmp_path,
        mqtt={"url": f"mqtt://127.0.0.1:{free_port()}"},
        kafka={"bootstrap.servers": f"127.0.0.1:{free_port()}"},
        registry={"url": f"http://127.0.0.1:{free_port()}"},
        admin={"listen": "127.0.0.1:0"},
    )
    files.declare("pump")
    (tmp_path / "reading.avsc").write_text(json.dumps(READING))
    (tmp_path / "many.txt").write_text('{"n": 1, "temp": 2.5}\n' * 5000)
    return files


def shell(project: ProjectFiles, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash, in which ``gateway`` is the command; ended with the last exit code that is not 0."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("gateway ", f"{GATEWAY} ")],
        cwd=project.folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        "gateway try reading.avsc < many.txt | head -n 1",
        "gateway try reading.avsc -o json < many.txt | head -n 1",
        "gateway check | true",
        "gateway check -o json | true",
        "gateway try --help | true",
        "gateway --version | true",
    ],
)
def test_a_reader_that_goes_away(project: ProjectFiles, command: str) -> None:
    """The command ends without a word, as if SIGPIPE had ended it: no reader, no result, and no exit code of ours."""
    if command.endswith("true"):  # reads nothing at all: wait until it has gone
        command = command.replace("gateway", "sleep 0.2; gateway").replace("sleep", "(sleep", 1).replace(" | ", ") | ")
    done = shell(project, command)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("command", ["gateway check", "gateway try reading.avsc -o json < many.txt", "gateway --help"])
def test_a_full_disk(project: ProjectFiles, command: str) -> None:
    """One line with the reason; exit 2."""
    done = shell(project, f"{command} > /dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "gateway: the output cannot be written: No space left on device; free the space, or write it elsewhere\n"
    )


def test_standard_output_is_closed(project: ProjectFiles) -> None:
    """The exit code is still the answer."""
    assert shell(project, "gateway check >&-").returncode == 0
    assert shell(project, "gateway check -c nowhere.yaml >&-").returncode == 2


def test_standard_error_is_closed(project: ProjectFiles) -> None:
    """What cannot be told is still counted."""
    assert shell(project, "gateway publish 2>&-").returncode == 2
    assert shell(project, "gateway dlq -c nowhere.yaml 2>&-").returncode == 2


def test_a_gateway_whose_standard_error_is_closed(project: ProjectFiles) -> None:
    """It runs all the same, without a log, and drains on SIGTERM."""
    port = free_port()
    project.configure(admin={"listen": f"127.0.0.1:{port}"}, mqtt={"url": f"mqtt://127.0.0.1:{free_port()}"})
    waiting = f"kill -0 $pid && ! (exec 3<>/dev/tcp/127.0.0.1/{port})"
    done = shell(project, f"gateway run 2>&- & pid=$!; while {waiting}; do sleep 0.1; done; kill $pid; wait $pid")
    assert done.returncode == 0


def test_standard_input_is_closed(project: ProjectFiles) -> None:
    """It is no empty payload."""
    done = shell(project, "gateway publish a <&-")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "gateway publish: standard input is closed: name a FILE",
    )


def test_a_terminal_that_knows_ascii_only(project: ProjectFiles) -> None:
    """What it cannot show is shown by number, in answers and in errors."""
    done = shell(project, "echo '{\"temp\u00e9\": 1}' | gateway try reading.avsc", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "temp\\xe9" in done.stdout
    done = shell(project, "gateway try temp\u00e9.avsc", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.endswith(".avsc: cannot be read: No such file or directory\n")


def test_what_a_file_is_called_does_not_reach_the_terminal(project: ProjectFiles) -> None:
    """An escape sequence in a name is shown, not obeyed."""
    done = shell(project, "gateway try $'red\\e[31m.avsc'")
    assert done.stderr == "gateway: red\\x1b[31m.avsc: cannot be read: No such file or directory\n"


@pytest.fixture
def powerless(project: ProjectFiles) -> Iterator[str]:
    """What makes a command of bash respect permissions, as root does not; in a folder that it may not write to."""
    for name in ("locked", "locked.avsc"):
        (project.folder / name).touch() if "." in name else (project.folder / name).mkdir()
        (project.folder / name).chmod(0)
    project.folder.chmod(0o500)
    capabilities = "-dac_override,-dac_read_search"
    yield f"setpriv --bounding-set={capabilities} --inh-caps={capabilities} " if os.geteuid() == 0 else ""
    project.folder.chmod(0o700)
    (project.folder / "locked").chmod(0o700)


needs_permissions = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may read everything"
)


@needs_permissions
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("try locked.avsc", "gateway try: SCHEMA_FILE|FILE: path 'locked.avsc' is not readable"),
        ("try reading.avsc locked.avsc", "gateway try: SCHEMA_FILE|FILE: path 'locked.avsc' is not readable"),
        ("try --contract locked", "gateway try: --contract: path 'locked' is not readable"),
        ("publish a locked.avsc", "gateway publish: FILE: path 'locked.avsc' is not readable"),
        ("dlq -c locked.avsc", "gateway dlq: --config / -c: path 'locked.avsc' is not readable"),
        ("run -c locked.avsc", "gateway run: --config / -c: path 'locked.avsc' is not readable"),
        ("dlq -c locked/gateway.yaml", "gateway: locked/gateway.yaml: cannot be read: Permission denied"),
        ("run --state locked/x", "gateway: locked/x: cannot be read: Permission denied"),
        ("schemas pull locked/x", "gateway: locked/x: cannot be read: Permission denied"),
        ("schemas new locked/x reading.avsc", "gateway: locked/x: cannot be read: Permission denied"),
        ("registry serve locked/x", "gateway: locked/x: cannot be read: Permission denied"),
        ("registry serve --data locked/x", "gateway: locked/x: cannot be read: Permission denied"),
        ("try reading.avsc locked/x", "gateway: locked/x: cannot be read: Permission denied"),
        ("registry serve locked", "gateway registry serve: FOLDER: path 'locked' is not readable"),
        ("registry serve --data locked", "gateway registry serve: --data: path 'locked' is not readable"),
        ("registry serve --data new", "gateway registry serve: --data: new is no folder: Permission denied"),
        ("registry serve --data .", "gateway registry serve: --data: . cannot be written: Permission denied"),
    ],
)
def test_no_permission(project: ProjectFiles, powerless: str, arguments: str, said: str) -> None:
    """Exit 2, with the path and the reason."""
    done = shell(project, f"{powerless}gateway {arguments}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == said


@needs_permissions
@pytest.mark.parametrize("command", ["check", "schemas check", "schemas plan", "run"])
def test_a_contract_that_nobody_may_look_at(project: ProjectFiles, powerless: str, command: str) -> None:
    """It may be one, so it is not passed over."""
    (project.contracts / "link").symlink_to(project.folder / "locked" / "contract")
    done = shell(project, f"{powerless}gateway {command}")
    assert done.returncode == 2
    told = done.stdout + done.stderr
    assert "schemas/link: " in told
    assert "cannot be read: Permission denied" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"admin": {"listen": "192.0.2.1:1"}}, "the admin endpoint cannot listen on 192.0.2.1:1"),
        ({"state": "many.txt"}, "many.txt: is no folder: state needs one, name another"),
        ({"kafka": {"bogus.key": 1}}, 'gateway.yaml:3:3: kafka.bogus.key: No such configuration property: "bogus.key"'),
        ({"registry": {"ssl.ca.location": "no.pem"}}, "registry.ssl.ca.location"),
        ({"mqtt": {"url": "broker:1883"}}, "mqtt.url: must begin with mqtt://"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_gateway_that_cannot_start(project: ProjectFiles, sections: dict[str, object], said: str) -> None:
    """Exit 2, so that no supervisor takes it for a peer that will come back; the last line says why."""
    project.configure(**sections)
    finished = await run(project.folder, "run")
    assert (finished.code, finished.out) == (2, "")
    last = finished.err.splitlines()[-1]
    assert last.startswith("gateway: ")
    assert said in last
    assert "Traceback" not in finished.err


async def test_a_state_folder_that_is_a_file(project: ProjectFiles) -> None:
    """The same for ``--state``."""
    finished = await run(project.folder, "run", "--state", "many.txt")
    assert (finished.code, finished.err) == (2, "gateway: many.txt: is no folder: state needs one, name another\n")


async def test_a_state_folder_that_is_in_use(project: ProjectFiles) -> None:
    """Before anything is asked of a broker: the second gateway would end the first one's session."""
    with claimed(project.folder / "var"):
        finished = await run(project.folder, "run")
    said = f"var: is in use by process {os.getpid()}: give each a folder of its own"
    assert (finished.code, finished.err) == (2, f"gateway: {said} (state, --state, --data)\n")


async def test_registry_files_are_found_beside_gateway_yaml(project: ProjectFiles, tmp_path: Path) -> None:
    """Wherever the command is started: relative paths of ssl.ca.location are relative to the file."""
    project.configure(registry={"url": "https://localhost:1", "ssl.ca.location": "certs/ca.pem"})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    finished = await run(elsewhere, "check", "-c", str(project.config))
    assert f"{str(project.folder / 'certs/ca.pem')!r} does not exist" in finished.out
    (project.folder / "certs").mkdir()
    (project.folder / "certs/ca.pem").write_text("no certificate")
    finished = await run(elsewhere, "check", "-c", str(project.config))
    assert "registry.ssl.ca.location: cannot be loaded as PEM" in finished.out


@pytest.fixture
def terminals(project: ProjectFiles) -> Iterator[Callable[..., Terminal]]:
    """Starts commands on terminals of their own, in the project; all are closed in the end."""
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, columns: int = 80, **environment: str) -> Terminal:
        opened.append(Terminal(*COMMAND, *arguments, folder=project.folder, columns=columns, lines=30, **environment))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()


def wait_for(terminal: Terminal, text: str) -> None:
    """Returns when ``text`` has been written."""
    deadline = monotonic() + 30
    while text not in terminal.written:
        assert terminal.process.poll() is None, terminal.written
        assert monotonic() < deadline, terminal.written
        sleep(0.02)


Terminals = Callable[..., Terminal]


@pytest.mark.parametrize(
    ("arguments", "waiting"),
    [
        (["try", "reading.avsc"], "waiting for payloads, one a line, from standard input; Ctrl-D ends it"),
        (["publish", "a"], "waiting for the payload from standard input; Ctrl-D ends it"),
    ],
    ids=["try", "publish"],
)
def test_ctrl_c_while_it_waits_for_a_person(terminals: Terminals, arguments: list[str], waiting: str) -> None:
    """It says what it waits for, and ends as shells expect it: 130, and no traceback."""
    terminal = terminals(*arguments)
    wait_for(terminal, waiting)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.wait() == 130
    assert plain(terminal.written).splitlines() == [waiting]


def test_ctrl_d_ends_what_is_typed(terminals: Terminals) -> None:
    """A payload a line."""
    terminal = terminals("try", "reading.avsc")
    wait_for(terminal, "Ctrl-D")
    terminal.type(b'{"n": 1, "temp": 2}\n\x04')
    assert terminal.wait() == 0
    assert "1 accepted, 0 rejected" in plain(terminal.written)


def test_an_encrypted_key_of_the_registry_never_asks_the_terminal(project: ProjectFiles, terminals: Terminals) -> None:
    """OpenSSL would prompt for its pass phrase and wait: it is a finding instead."""
    pair = trustme.CA().issue_cert("client")
    pair.cert_chain_pems[0].write_to_path(project.folder / "gw.pem")
    key = load_pem_private_key(pair.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush"))
    (project.folder / "gw.key").write_bytes(encrypted)
    project.configure(registry={"ssl.certificate.location": "gw.pem", "ssl.key.location": "gw.key"})
    terminal = terminals("check")
    assert terminal.wait() == 2
    shown = plain(terminal.written)
    assert "registry.ssl.*: cannot be loaded as PEM" in shown
    assert "phrase" not in shown


@pytest.mark.parametrize("columns", [20, 200])
def test_lines_do_not_depend_on_the_terminal_s_width(terminals: Terminals, columns: int) -> None:
    """Neither answers nor errors are broken: the terminal does that, and copies of them stay whole."""
    told = terminals("try", "--contract", "schemas/pump", "--mode", "strict", columns=columns)
    assert told.wait() == 2
    assert plain(told.written).splitlines() == [
        "gateway try: --mode, --option and --at are for a schema file: a contract has its own",
        "gateway try --help tells more",
    ]
    answered = terminals("check", columns=columns)
    assert answered.wait() == 0
    assert "broker, Kafka and registry were not asked: add --online" in plain(answered.written).splitlines()


def test_colour_is_for_terminals_without_no_color(terminals: Terminals) -> None:
    """Not a single escape sequence with NO_COLOR; error lines never have any."""
    assert "\x1b[" in finished_on(terminals("check"))
    assert "\x1b" not in finished_on(terminals("check", NO_COLOR="1"))
    assert "\x1b" not in finished_on(terminals("publish"))


def finished_on(terminal: Terminal) -> str:
    """All that was written, once it has ended."""
    terminal.wait()
    return terminal.written


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopping_what_runs_until_it_is_stopped(project: ProjectFiles, number: signal.Signals) -> None:
    """Exit 0: it is how one ends it."""
    running = await start(project.folder, "registry", "serve", "schemas", "--port", "0")
    try:
        await running.line("Ctrl-C ends it")
        running.send(number)
        finished = await running.finish()
    finally:
        await running.kill()
    assert (finished.code, finished.err) == (0, "")
