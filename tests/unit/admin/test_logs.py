"""The log, byte for byte."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from gateway.admin.logs import LibraryLines, configure_logs

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Stream(io.StringIO):
    """A stream that can be a terminal, and can break."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self.terminal = terminal
        self.broken: Exception | None = None

    def isatty(self) -> bool:
        """As it was made."""
        return self.terminal

    def write(self, text: str) -> int:
        """Raises what it is broken by."""
        if self.broken is not None:
            raise self.broken
        return super().write(text)


@pytest.fixture
def stream() -> Stream:
    return Stream()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def log() -> Any:
    return structlog.get_logger("gateway.test")


def test_a_line_is_json_with_time_level_and_event_first(stream: Stream):
    """UTC with microseconds, then the fields in the order in which they were given."""
    configure_logs(stream)
    log().info("registry_back", subject="pümp", version=3, ready=True, age_s=0.5, nothing=None)
    assert MOMENT.sub("T", stream.getvalue()) == (
        '{"timestamp":"T","level":"info","event":"registry_back",'
        '"subject":"pümp","version":3,"ready":true,"age_s":0.5,"nothing":null}\n'
    )
    assert MOMENT.search(stream.getvalue())


def test_secrets_and_payloads_are_not_written(stream: Stream):
    """By type, by key, in text and in tracebacks."""
    configure_logs(stream)
    try:
        raise ValueError("cannot reach https://user:hunter2@sr:8081")
    except ValueError:
        log().error(
            "failed",
            password="hunter2",
            given=SecretStr("hunter2"),
            kafka={"sasl.password": "hunter2"},
            detail="sasl.password=hunter2",
            payload=b"hunter2",
            exc_info=True,
        )
    logging.getLogger("some.library").warning("connect to mqtt://a:%s@b", "hunter2")
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("[redacted]") == 7  # the traceback quotes the line of the raise too
    assert lines(stream)[0]["payload"] == "<7 bytes>"


def test_a_traceback_is_one_field_without_the_values_of_variables(stream: Stream):
    """The line stays one line; locals may hold payloads."""
    configure_logs(stream)
    precious = "a payload's content"
    try:
        len(precious[0:0]) / 0
    except ZeroDivisionError:
        log().exception("failed")
    (line,) = lines(stream)
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")
    assert precious not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "written"),
    [("debug", ["a", "b", "c", "d"]), ("info", ["b", "c", "d"]), ("warning", ["c", "d"]), ("error", ["d"])],
)
def test_the_level_bounds_our_own_events(stream: Stream, level: Any, written: list[str]):
    """From that level on."""
    configure_logs(stream, level=level)
    for method, event in [("debug", "a"), ("info", "b"), ("warning", "c"), ("error", "d")]:
        getattr(log(), method)(event)
    assert [line["event"] for line in lines(stream)] == written


@pytest.mark.parametrize("name", ["uvicorn.error", "aiomqtt", "asyncio", "confluent_kafka", "httpx"])
def test_libraries_speak_through_the_same_log_from_warning_on(stream: Stream, name: str):
    """As the event library_message, with their name and words."""
    configure_logs(stream, level="debug")
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("%s went %s", "something", "wrong")
    (line,) = lines(stream)
    del line["timestamp"]
    assert line == {
        "level": "warning",
        "event": "library_message",
        "logger": name,
        "message": "something went wrong",
    }


def test_our_own_standard_loggers_obey_our_level(stream: Stream):
    """The Kafka client writes to a logger of ours."""
    configure_logs(stream, level="info")
    logging.getLogger("gateway.kafka.sink").info("librdkafka says")
    logging.getLogger("gateway.kafka.sink").debug("too much")
    assert [line["message"] for line in lines(stream)] == ["librdkafka says"]


def test_a_librarys_traceback_odd_level_and_mistake_are_kept(stream: Stream):
    """A library's errors in logging do not become ours."""
    configure_logs(stream)
    other = logging.getLogger("other")
    try:
        raise KeyError("x")
    except KeyError:
        other.exception("failed")
    other.log(logging.CRITICAL + 25, "worst")
    other.log(logging.WARNING + 5, "odd")
    LibraryLines().handle(other.makeRecord("other", logging.WARNING, "", 0, "%d apples", ("no",), None))
    failed, worst, odd, mistake = lines(stream)
    assert failed["exception"].endswith("KeyError: 'x'")
    assert (worst["level"], odd["level"]) == ("critical", "warning")
    assert mistake["message"] == "%d apples ('no',)"


def test_pythons_warnings_are_lines_too(stream: Stream):
    """They would break a log of JSON lines otherwise."""
    configure_logs(stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    (line,) = lines(stream)
    assert line["logger"] == "py.warnings"
    assert "DeprecationWarning: old" in line["message"]


def test_values_that_json_libraries_refuse_are_written(stream: Stream):
    """Large integers, half surrogate pairs, NaN, other types: a log line is never the problem."""
    configure_logs(stream)
    log().info("odd", large=2**70, half="\ud800", path=object, nan=float("nan"))
    log().info("nan", nan=float("nan"))
    first, second = stream.getvalue().splitlines()
    assert '"large":1180591620717411303424,"half":"\\ud800","path":"<class \'object\'>"' in first
    assert json.loads(second)["nan"] is None


def test_the_same_warning_again_is_counted(stream: Stream):
    """And written after the interval, with the count."""
    moments = iter((0.0, 1.0, 2.0, 31.0))
    configure_logs(stream, monotonic=lambda: next(moments))
    for _ in range(4):
        log().warning("kafka_slow", topic="t")
    assert [line.get("suppressed") for line in lines(stream)] == [None, 2]


def test_a_stream_that_breaks_costs_lines_but_not_the_gateway(stream: Stream):
    """The first line that can be written again says how many are missing."""
    configure_logs(stream)
    log().info("first")
    for problem in (OSError(28, "No space left on device"), ValueError("I/O operation on closed file")):
        stream.broken = problem
        log().info("lost")
    logging.getLogger("library").error("lost too")
    stream.broken = None
    log().info("second")
    log().info("third")
    assert [(line["event"], line.get("lines_lost")) for line in lines(stream)] == [
        ("first", None),
        ("second", 3),
        ("third", None),
    ]


def test_a_terminal_gets_readable_colours(monkeypatch):
    """And everything else JSON, unless it is told otherwise."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Stream(terminal=True)
    configure_logs(terminal)
    log().warning("kafka_slow", topic="plant.pump")
    assert "\x1b[" in terminal.getvalue()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert re.fullmatch(r"\S+Z \[warning  \] kafka_slow +topic=plant\.pump\n", plain)
    told = Stream(terminal=True)
    configure_logs(told, terminal=False)
    log().warning("kafka_slow")
    assert lines(told)[0]["event"] == "kafka_slow"


@pytest.mark.parametrize("variable", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_refused(monkeypatch, variable):
    """Readable all the same."""
    monkeypatch.setenv(*variable)
    terminal = Stream()
    configure_logs(terminal, terminal=True)
    log().error("failed", reason="it broke")
    assert re.fullmatch(r"\S+Z \[error    \] failed +reason='it broke'\n", terminal.getvalue())


@pytest.mark.parametrize("topic", ["a\x1b[31mb", "a\x9bc", "a\r\nb", "a\x1b[2J b"])
def test_a_terminal_cannot_be_steered(monkeypatch, topic):
    """Control characters in a topic are shown, not obeyed, and make no line of their own."""
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Stream()
    configure_logs(terminal, terminal=True)
    log().warning("odd_topic", topic=topic)
    assert terminal.getvalue().endswith("\n")
    assert terminal.getvalue().removesuffix("\n").isprintable()
    try:
        raise ValueError("x")
    except ValueError:
        log().exception("failed")
    assert "Traceback (most recent call last):\n  File" in terminal.getvalue()


def test_configuring_again_replaces_what_was(stream: Stream):
    """Every line is written once, to the latest stream, also by loggers that exist already."""
    first = Stream()
    configure_logs(first)
    early = structlog.get_logger("early")
    early.info("before")
    configure_logs(stream)
    early.info("after")
    logging.getLogger("library").error("after")
    assert [line["event"] for line in lines(first)] == ["before"]
    assert [line["event"] for line in lines(stream)] == ["after", "library_message"]
