"""What every test runs under: real parts or a loud word about their absence, no process left, Hypothesis profiles.

- A test whose marker names a part that cannot be had on this machine is skipped, and the end of
  the run says so in one block, with the command that would help. With REQUIRE_PARTS=1 it fails.
- A test run that leaves a child process behind fails.
- Ctrl-C means what it means on a terminal, for the commands that tests start, too: a suite that a script runs in the
  background (``make test &``) inherits an ignored SIGINT, and would hand it on.
- What a test configures of logging ends with it: a level set by one would hide the lines that another waits for.
- HYPOTHESIS_PROFILE: ``fast`` (default) or ``ci`` (five times the examples).
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest
import structlog
from hypothesis import settings

from gateway.admin.logs import LibraryLines
from tests.parts.cache import PartMissing
from tests.parts.processes import children

# A module that is not there yet has no tests that need it.
pytest_plugins = [
    name
    for name in (
        "tests.parts.kafka",
        "tests.parts.apicurio",
        "tests.parts.mock_cluster",
        "tests.parts.mosquitto",
        "tests.parts.promtool",
    )
    if find_spec(name)
]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("fast", max_examples=100, deadline=None)
# The same examples in every run there: a change is judged by what it changes. New ones are found everywhere else.
settings.register_profile("ci", max_examples=500, deadline=None, print_blob=True, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def _mosquitto() -> None:
    """Raises PartMissing where no mosquitto is installed."""
    from tests.parts import mosquitto  # not at the top: as a plugin it is imported later, with its assertions rewritten

    mosquitto.program()


def _kafka() -> None:
    """Raises PartMissing where Kafka's jars or a Java for them cannot be had."""
    from tests.parts import kafka

    kafka.jars()


def _apicurio() -> None:
    """Raises PartMissing where Apicurio's distribution or a Java for it cannot be had."""
    from tests.parts import apicurio

    apicurio.distribution()


def _promtool() -> None:
    """Raises PartMissing where Prometheus' promtool is not installed."""
    from tests.parts import promtool

    promtool.program()


PARTS: dict[str, Callable[[], object]] = {
    "mosquitto": _mosquitto,
    "kafka": _kafka,
    "apicurio": _apicurio,
    "promtool": _promtool,
}
"""Marker -> what raises PartMissing if the part cannot be had; may download, so it is asked once and late."""

FIXTURES = {
    "mosquitto": "mosquitto",
    "kafka": "kafka",
    "own_kafka": "kafka",
    "apicurio_url": "apicurio",
    "promtool": "promtool",
}
"""Fixture -> the marker that a test which uses it must carry."""


class RealParts:
    """Asks once for each part, and remembers which tests had to do without."""

    def __init__(self, required: bool) -> None:
        self._required = required
        self._answers: dict[str, PartMissing | None] = {}
        self._left_out: dict[str, int] = {}
        self._survivors: dict[int, str] = {}

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuses a test that uses a part without its marker: ``make unit`` would start the part."""
        for item in items:
            for fixture in getattr(item, "fixturenames", ()):
                marker = FIXTURES.get(fixture)
                if marker and item.get_closest_marker(marker) is None:
                    raise pytest.UsageError(f"{item.nodeid} uses {fixture}: mark it with @pytest.mark.{marker}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skips or fails a test whose part cannot be had, before any fixture is made."""
        for marker in PARTS:
            missing = self._missing(marker) if item.get_closest_marker(marker) else None
            if missing is not None:
                self._left_out[marker] = self._left_out.get(marker, 0) + 1
                text = f"{marker} cannot be had: {missing.reason}. To get it: {missing.remedy}"
                if self._required:
                    pytest.fail(f"REQUIRE_PARTS is set, and {text}", pytrace=False)
                pytest.skip(text)

    def _missing(self, marker: str) -> PartMissing | None:
        if marker not in self._answers:
            try:
                PARTS[marker]()
            except PartMissing as missing:
                self._answers[marker] = missing
            else:
                self._answers[marker] = None
        return self._answers[marker]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Ends child processes that a test left behind, and fails the run for them."""
        self._survivors = children()
        for pid in self._survivors:
            os.kill(pid, signal.SIGKILL)
        if self._survivors and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says what was left out and how to get it, and which processes were left behind."""
        if self._left_out:
            terminalreporter.section("REAL PARTS ARE MISSING: this run proves less than it should", red=True, bold=True)
            for marker, count in self._left_out.items():
                missing = self._answers[marker]
                assert missing is not None
                terminalreporter.write_line(f"{marker}: {count} test(s) not run, {missing.reason}")
                terminalreporter.write_line(f"    to get it: {missing.remedy}")
        if self._survivors:
            terminalreporter.section("PROCESSES LEFT BEHIND (ended now)", red=True, bold=True)
            for pid, command in self._survivors.items():
                terminalreporter.write_line(f"{pid}: {command[:200]}")


def pytest_configure(config: pytest.Config) -> None:
    """Puts the hooks above in place."""
    config.pluginmanager.register(RealParts(required=os.environ.get("REQUIRE_PARTS") == "1"), "real-parts")


@pytest.fixture(autouse=True)
def _fresh_logs() -> Iterator[None]:
    """Restores structlog and the standard library's loggers after each test."""
    root, own = logging.getLogger(), logging.getLogger("gateway")
    levels = root.level, own.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    for handler in [each for each in root.handlers if isinstance(each, LibraryLines)]:
        root.removeHandler(handler)
    root.setLevel(levels[0])
    own.setLevel(levels[1])
