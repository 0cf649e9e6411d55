"""Text for people: harmless, unwrapped, and coloured only where somebody looks."""

import io

import pytest

from gateway.cli.console import line, open_console, print_json, printable


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It does."""
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")


def printed(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.stdout", stream)
    open_console().print(line(("red", "bold red"), (" [b]and[/b] 12 :smile: ", ""), ("x" * 60, "")))
    return stream.getvalue()


def test_a_terminal_has_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Styles become escape sequences."""
    assert printed(Terminal(), monkeypatch).startswith("\x1b[1;31mred\x1b[0m")


def test_no_color_means_no_escape_sequence_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither colour nor bold, even on a terminal."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in printed(Terminal(), monkeypatch)


def test_elsewhere_text_is_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour, no markup, no emoji, and one line stays one line."""
    assert printed(io.StringIO(), monkeypatch) == f"red [b]and[/b] 12 :smile: {'x' * 60}\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pump-7 ä 漢 🙂", "pump-7 ä 漢 🙂"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2066x\U000e0001", "\\u2066x\\U000e0001"),
        ("\ud800", "\\ud800"),
        ("\x7f\0", "\\x7f\\x00"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    """Escape sequences, line breaks, bidirectional marks and lone surrogates come out as text."""
    assert printable(text) == shown


def test_long_text_is_cut() -> None:
    """And says so; what fits is left alone."""
    assert printable("abcdef", 3) == "abc..."
    assert printable("abc", 3) == "abc"


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Without spaces, in UTF-8."""
    print_json({"a": "ä\n", "b": None})
    assert capsys.readouterr().out == '{"a":"ä\\n","b":null}\n'
