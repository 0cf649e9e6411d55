"""The small languages that people write in our files: YAML 1.2, topic filters, JSON pointers, templates.

Pure: text in, values out. A notation knows its own grammar and nothing of contracts or configuration.
Each refuses what it cannot read with a ``NotationError`` whose message says what to write instead;
who knows the file and the key puts them in front.
"""

from __future__ import annotations

from gateway.errors import GatewayError


class NotationError(GatewayError):
    """A text is not in the notation it should be in; the message names the text and what to do."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        self.line = line
        """1-based, where the notation spans lines."""
        self.column = column
        """1-based."""
        super().__init__(message)
