"""Templates: text with ``{name}`` in it, ``{{`` and ``}}`` for the braces themselves.

No expressions, no formatting, no defaults: a name is replaced by its text.

Must not know: which names exist; whoever declares a template checks ``names``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.notation import NotationError

_PIECE: Final = re.compile(
    r"(?P<open>\{\{)|(?P<close>\}\})|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<text>[^{}]+)|(?P<bad>[{}])", re.ASCII
)


class Name(NamedTuple):
    """A place in a template that a name's text fills."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and names, in order; neighbouring literals are one."""

    parts: tuple[str | Name, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """The template that ``text`` writes down. Raises NotationError."""
        parts: list[str | Name] = []
        for piece in _PIECE.finditer(text):
            kind = piece.lastgroup
            if kind == "bad":
                raise NotationError(
                    f"{text!r} has a lone {piece.group()} at character {piece.start() + 1}: "
                    "write {name} for a value, {{ or }} for the brace itself"
                )
            if kind == "name":
                parts.append(Name(piece["name"]))
            else:
                parts.append({"open": "{", "close": "}"}.get(kind or "", piece.group()))
        return cls(_joined(parts))

    @property
    def names(self) -> tuple[str, ...]:
        """The names it needs, each once, in order of appearance."""
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Name)))

    @property
    def constant(self) -> str | None:
        """The whole text where no name is left; else None."""
        return None if self.names else "".join(part for part in self.parts if isinstance(part, str))

    def render(self, values: Mapping[str, str]) -> str:
        """The text with every name replaced. Raises NotationError for a name that ``values`` lacks."""
        try:
            return "".join(values[part.name] if isinstance(part, Name) else part for part in self.parts)
        except KeyError as exc:
            raise NotationError(f"nothing fills {{{exc.args[0]}}} in {str(self)!r}") from exc

    def fill(self, values: Mapping[str, str]) -> Template:
        """The template with those of its names replaced that ``values`` holds."""
        return Template(
            _joined([values.get(part.name, part) if isinstance(part, Name) else part for part in self.parts])
        )

    def __str__(self) -> str:
        return "".join(
            f"{{{part.name}}}" if isinstance(part, Name) else part.replace("{", "{{").replace("}", "}}")
            for part in self.parts
        )


def _joined(parts: list[str | Name]) -> tuple[str | Name, ...]:
    """The same parts with neighbouring literals joined and empty ones left out."""
    joined: list[str | Name] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part:
            joined.append(part)
    return tuple(joined)
