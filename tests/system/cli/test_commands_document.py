"""docs/commands.md tells the truth: its examples are run, in order, and print what it says."""

import asyncio
import re
import shlex
import shutil
import signal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from gateway.config.load import load_contracts
from tests.parts.gateway import SCHEMAS
from tests.parts.git import Repository
from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import Mosquitto
from tests.parts.processes import free_port
from tests.parts.projects import ProjectFiles
from tests.parts.waiting import eventually
from tests.system.cli.commands import Finished, Running, run, start

pytestmark = [pytest.mark.mosquitto, pytest.mark.kafka]

DOCUMENT = SCHEMAS.parent / "docs" / "commands.md"
OWN = (
    *("registry serve", "check", "schemas new", "schemas check", "schemas impact", "schemas plan", "schemas apply"),
    *("schemas pull", "try", "run", "publish", "dlq", "simulate", "demo"),
)
"""The commands that the document describes: all that there are (tests/unit/cli/test_documentation.py)."""


class Example(NamedTuple):
    """A command line and what it prints."""

    line: str
    expected: list[str]


def examples() -> list[Example]:
    found: list[Example] = []
    for block in re.findall(r"```console\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Example(line[2:], []))
            else:
                found[-1].expected.append(line)
    return found


def agrees(expected: list[str], printed: list[str]) -> bool:
    """Whether the lines are those; ``...`` is any text in a line, and alone any number of lines."""
    if not expected:
        return not printed
    if expected[0] == "...":
        return any(agrees(expected[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    pattern = re.sub(r"([\[\]?*])", r"[\1]", expected[0]).replace("...", "*")
    return bool(printed) and fnmatchcase(printed[0], pattern) and agrees(expected[1:], printed[1:])


def test_each_command_has_an_example() -> None:
    """Under a heading of its own."""
    shown = [example.line.split("| ")[-1] for example in examples()]
    for command in OWN:
        assert f"\n## gateway {command}\n" in DOCUMENT.read_text()
        assert any(line.startswith(f"gateway {command}") for line in shown)


@pytest.fixture
def project(tmp_path: Path, mosquitto: Mosquitto, own_kafka: KafkaBroker) -> ProjectFiles:
    """The shipped contracts with all their topics, a reading that one of them accepts, and one that it rejects."""
    files = ProjectFiles(tmp_path / "project", mqtt={"url": mosquitto.url})
    shutil.copytree(SCHEMAS, files.contracts, dirs_exist_ok=True)
    for contract in load_contracts(files.contracts):
        for variant in contract.variants():
            own_kafka.create_topic(variant.topic, 3)
            own_kafka.create_topic(variant.dead_letters)
    own_kafka.create_topic("gateway.dlq")
    pump = yaml.safe_load((files.contracts / "industry/pump/examples.yaml").read_text())
    (files.folder / "reading.json").write_text(pump["accepted"][0]["payload"])
    [comma] = [each["payload"] for each in pump["rejected"] if '"41,8"' in each["payload"]]
    (files.folder / "comma.json").write_text(comma)
    Repository(files.folder).commit()
    files.configure(
        mqtt={"url": mosquitto.url},
        kafka={"bootstrap.servers": own_kafka.bootstrap},
        registry={"url": f"http://127.0.0.1:{free_port()}"},
        admin={"listen": f"127.0.0.1:{free_port()}"},
    )
    return files


class Shell:
    """Runs the document's lines; what runs until it is stopped stays on in the background."""

    def __init__(self, files: ProjectFiles, mosquitto: Mosquitto, kafka: KafkaBroker) -> None:
        self.files = files
        self.mosquitto = mosquitto
        self.kafka = kafka
        self.background: list[Running] = []

    async def run(self, example: Example) -> list[str]:
        """The lines that it printed."""
        before, _, command = example.line.rpartition(" | ")
        stdin = re.fullmatch(r"echo '(.*)'", before)
        arguments = shlex.split(command)[1:]
        if arguments[:2] == ["registry", "serve"]:
            port = yaml.safe_load(self.files.config.read_text())["registry"]["url"].rpartition(":")[2]
            return await self._serve([*arguments, "--port", port], example)
        if arguments == ["run"]:
            self.background.append(await start(self.files.folder, *arguments))
            await eventually(lambda: "Sending SUBACK to schema-gateway\n" in self.mosquitto.log, 60, "the gateway")
            return []
        if arguments[0] == "dlq":
            await self._wait_for_dead_letter()
        finished = await run(self.files.folder, *arguments, stdin=f"{stdin[1]}\n".encode() if stdin else None)
        found = any(re.fullmatch(r"\d+ accepted, [1-9]\d* rejected", line) for line in example.expected)
        assert (finished.code, finished.err) == (int(found), ""), f"{example.line}: {finished}"
        return finished.out.rstrip("\n").splitlines()

    async def _serve(self, arguments: list[str], example: Example) -> list[str]:
        running = await start(self.files.folder, *arguments)
        self.background.append(running)
        return [(await running.line()).rstrip("\n") for _ in example.expected]

    async def _wait_for_dead_letter(self) -> None:
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(self.kafka.consume, "plant.pump.dlq"):
                pass  # each look is a round trip to Kafka: it paces itself

    async def stop(self) -> list[Finished]:
        """What ran in the background, ended in the order in which an operator would."""
        ended = []
        for running in reversed(self.background):
            running.send(signal.SIGTERM)
            ended.append(await running.finish())
        return ended


async def test_the_examples_print_what_the_document_says(
    project: ProjectFiles, mosquitto: Mosquitto, own_kafka: KafkaBroker
) -> None:
    """In the document's order, in one project; what was started ends with exit 0."""
    shell = Shell(project, mosquitto, own_kafka)
    try:
        for example in examples():
            printed = await shell.run(example)
            assert agrees(example.expected, printed), f"$ {example.line}\n" + "\n".join(printed)
        assert [ended.code for ended in await shell.stop()] == [0, 0]
    finally:
        for running in shell.background:
            await running.kill()


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a", "...", "c"], ["a", "b", "b", "c"], True),
        (["a", "...", "c"], ["a", "c"], True),
        (["a ... c"], ["a b c"], True),
        (["a [1] * ?"], ["a [1] * ?"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["b"], False),
        (["a?"], ["ab"], False),
        ([], [], True),
    ],
)
def test_how_lines_are_compared(expected: list[str], printed: list[str], same: bool) -> None:
    """``...`` is for what differs, everything else counts."""
    assert agrees(expected, printed) is same
