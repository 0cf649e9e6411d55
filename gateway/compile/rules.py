"""The rules of conversion that hold at one place of a payload: mode and options, resolved.

A contract declares options for the whole payload and overrides for subtrees; nearest wins. Defaults
differ between modes. All of that is settled here, once, so that a coercer asks only for a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.compile.datetimes import window_nanos
from gateway.config.options import Capture, Options
from gateway.model import Mode
from gateway.notation.pointer import Pattern, Pointer

Path = tuple[str, ...]
"""Steps from the payload's top to a place; ``*`` for any array item or map key."""

MODES = (Mode.STRICT, Mode.LOSSLESS, Mode.LENIENT)
"""From the narrowest to the widest."""

MOST_PLACES = 10_000
"""That a schema may unfold to, and whose rules are kept: a JSON Schema map may have any keys."""

DEFAULT_WINDOW = (date(2000, 1, 1), date(2100, 1, 1))
"""In s, ms, us and ns these two bounds give four ranges that do not touch, so magnitude tells the unit."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be converted at one place."""

    mode: Mode
    strict: bool
    """No conversion at all."""
    lenient: bool
    """Wider conversions, still without guessing between two readings."""
    epoch_unit: str | None
    epoch_window: tuple[int, int]
    """Nanoseconds since 1970 UTC, the end exclusive."""
    assume_tz: ZoneInfo | None
    bytes_encoding: str | None
    null_tokens: frozenset[str]
    non_finite: str | None
    """``null`` or ``keep``; else refused."""
    nan_literals: bool
    """Whether bare ``nan`` tokens become null."""
    decimal_separator: str
    rounding: str | None
    """``floor``, ``trunc`` or ``half-even``; None where fractions are refused."""
    narrow: bool
    """Whether a double that a float cannot hold is rounded to the nearest float."""
    drops_unknown: bool
    """Whether fields that the schema does not know are left out."""
    capture: str | None
    """Pointer to the map field that takes them."""
    fill_defaults: bool
    """Whether a field that is missing in Avro gets its default."""
    fills_json_defaults: bool
    """Whether the contract says so itself: a JSON Schema's default is only an annotation."""
    aliases: tuple[str, ...]
    """Other names of the field at this place."""
    enum_map: Mapping[str, str]
    fold_case: bool
    """Whether field names match in any case."""
    wrap_scalar: bool
    union_encoding: str
    """``plain``, ``tagged``, ``auto``, or ``fallback``: auto because the mode says so, not the contract."""
    parse_json: bool
    """Whether text at this place holds JSON."""
    duplicate_keys: str
    """``reject`` or ``last``."""
    formats: frozenset[str]
    """The formats that a JSON Schema's ``format`` checks."""
    int64: bool
    """Whether a JSON Schema's integers are those of 64 bits."""


_MOST_CHARACTERS = 512
"""Of a place that is kept: its steps can be a payload's own keys, as long as that."""

_Kept = TypeVar("_Kept")


def keep(places: dict[Path, _Kept], path: Path, what: _Kept) -> None:
    """Keeps what holds at a place, so that memory stays bounded whatever keys payloads come with."""
    if sum(map(len, path)) > _MOST_CHARACTERS:
        return
    if len(places) >= MOST_PLACES:
        places.clear()
    places[path] = what


class RuleBook:
    """The rules of one contract at every place, in one mode."""

    def __init__(self, mode: Mode, options: Options, overrides: Sequence[tuple[Pattern, Options]] = ()) -> None:
        self.mode = mode
        self._options = options
        self._overrides = tuple(overrides)
        self._known: dict[Path, Rules] = {}
        """Rules are asked for again and again where a validator, not the schema, says which place is meant."""
        self._in_modes: dict[Mode, RuleBook] = {}
        """Kept with what they know: a rejection asks what wider modes would do."""

    def in_mode(self, mode: Mode) -> RuleBook:
        """The same options under another mode; converting options count for nothing in strict."""
        if mode not in self._in_modes:
            self._in_modes[mode] = RuleBook(mode, self._options, self._overrides)
        return self._in_modes[mode]

    def enum_mappings(self) -> Iterator[tuple[str, str]]:
        """Every ``enum_map`` entry, wherever it is declared: payload text and symbol."""
        for options in (self._options, *(own for _, own in self._overrides)):
            yield from (options.enum_map or {}).items()

    def aliases(self) -> Iterator[tuple[Pattern, tuple[str, ...]]]:
        """Every place with other names of its own, and these."""
        for pattern, options in self._overrides:
            if options.aliases:
                yield pattern, options.aliases

    def captures(self) -> Iterator[Pointer]:
        """Every field that is to take unknown ones."""
        for options in (self._options, *(own for _, own in self._overrides)):
            if isinstance(options.unknown_fields, Capture):
                yield Pointer.parse(options.unknown_fields.capture)

    def asks_for_defaults(self) -> bool:
        """Whether ``defaults: fill`` is declared anywhere."""
        return any(options.defaults == "fill" for options in (self._options, *(own for _, own in self._overrides)))

    def wider(self) -> tuple[Mode, ...]:
        """The modes that convert more than this one, the narrowest first."""
        return MODES[MODES.index(self.mode) + 1 :]

    def at(self, path: Path) -> Rules:
        """The rules at ``path``: the overrides that hold there, the nearest last."""
        rules = self._known.get(path)
        if rules is None:
            rules = self._find(path)
            keep(self._known, path, rules)
        return rules

    def _find(self, path: Path) -> Rules:
        options = self._options
        exact = Options()
        holding = [(pattern, own) for pattern, own in self._overrides if pattern.covers(path)]
        for pattern, own in sorted(holding, key=lambda pair: pair[0].nearness):
            options = own.over(options)
            if len(pattern) == len(path):
                exact = own.over(exact)
        return _resolve(self.mode, options, exact, parse_json=self._holds_json(path))

    def _holds_json(self, path: Path) -> bool:
        declared = self._options.parse_json_strings or ()
        return any(len(pattern) == len(path) and pattern.covers(path) for pattern in declared)


def _resolve(mode: Mode, options: Options, exact: Options, *, parse_json: bool) -> Rules:
    """Fills in the mode's defaults; ``exact`` is what was declared for this very place.

    What converts counts for nothing in strict, which is also how a union first reads a value. Options that only
    conversions ask for need no such guard: strict does not come to them.
    """
    strict, lenient = mode is Mode.STRICT, mode is Mode.LENIENT
    unknown = options.unknown_fields
    return Rules(
        mode=mode,
        strict=strict,
        lenient=lenient,
        epoch_unit=None if strict else options.epoch_unit,
        epoch_window=window_nanos(*(options.epoch_window or DEFAULT_WINDOW)),
        assume_tz=ZoneInfo(options.assume_tz) if options.assume_tz else None,
        bytes_encoding=options.bytes_encoding,
        null_tokens=frozenset() if strict else frozenset(options.null_tokens or ()),
        non_finite=None if strict else options.non_finite,
        nan_literals=options.nan_literals == "null",
        decimal_separator=options.decimal_separator or ".",
        rounding=options.rounding if lenient and options.rounding != "reject" else None,
        narrow=lenient if options.float_narrowing is None else options.float_narrowing == "round" and not strict,
        drops_unknown=lenient if unknown is None else unknown == "drop" and not strict,
        capture=unknown.capture if isinstance(unknown, Capture) and not strict else None,
        fill_defaults=not strict if options.defaults is None else options.defaults == "fill",
        fills_json_defaults=options.defaults == "fill",
        aliases=tuple(exact.aliases or ()),
        enum_map={} if strict else dict(options.enum_map or {}),
        fold_case=not strict and options.field_case == "insensitive",
        wrap_scalar=lenient if options.wrap_scalar is None else options.wrap_scalar and not strict,
        union_encoding=options.union_encoding or ("fallback" if lenient else "plain"),
        parse_json=parse_json and not strict,
        duplicate_keys=options.duplicate_keys or ("last" if lenient else "reject"),
        formats=frozenset(options.formats or ()),
        int64=options.integers == "int64",
    )
