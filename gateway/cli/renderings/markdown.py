"""Foreign text in a comment of a pull request: names and payloads mean nothing to markdown."""

from __future__ import annotations

import re

from gateway.cli.console import printable


def escaped(text: str) -> str:
    """Text for a line or a table's cell."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", printable(text))


def code(text: str) -> str:
    """Text between code marks, in a table too."""
    return "`" + printable(text).replace("`", "'").replace("|", "\\|") + "`"
