"""Foreign text in a comment of a pull request: names and payloads mean nothing to markdown."""

from __future__ import annotations

import re

from gateway.cli.console import printable


def escaped(text: str) -> str:
    """Text for a line or a table's cell.

    A backslash does not keep code hosts from notifying the ``@person`` and from linking the ``#1`` that stand there: a
    space without width does.
    """
    harmless = re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", printable(text))
    return re.sub(r"(?<=[@#])(?=\w)", "\u200b", harmless)


def code(text: str) -> str:
    """Text between code marks, in a table too."""
    return "`" + printable(text).replace("`", "'").replace("|", "\\|") + "`"
