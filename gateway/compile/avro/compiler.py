"""Avro schema + rules -> the function that writes a payload as Avro binary, and the one that explains why not.

Each schema position is compiled for its path, because options can be overridden per path, and for its
mode, because a union tries lower modes first. Recursive schemas are cut where a record meets itself: the
inner occurrence is the outer one's node, with the outer one's rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.compile.avro import binary
from gateway.compile.avro.containers import compile_array, compile_map
from gateway.compile.avro.defaults import encode_default
from gateway.compile.avro.fields import Place
from gateway.compile.avro.node import Coerce, CountKeys, Explain, Node, Write
from gateway.compile.avro.places import branches_of, find, kinds_at
from gateway.compile.avro.record import compile_record
from gateway.compile.avro.schema import (
    ABSENT,
    Array,
    EnumType,
    Field,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    name_of,
    walk,
)
from gateway.compile.avro.targets import compile_scalar, kinds_of
from gateway.compile.avro.trials import LeafTrials, NodeTrials, or_null
from gateway.compile.avro.union import Branch, compile_union
from gateway.compile.coercions import NULL_TO_DEFAULT
from gateway.compile.leaf import Leaf, refuse_null
from gateway.compile.remedy import Trials, violation
from gateway.compile.rules import MODES, MOST_PLACES, Path, RuleBook, Rules
from gateway.compile.verdict import Findings, Log, Refused
from gateway.config.options import Options
from gateway.errors import SchemaError
from gateway.model import Coercion, Mode
from gateway.notation.pointer import Pointer

MOST_TRIED = 200
"""Places of an array or union that is compiled in wider modes, to tell whether one of them takes a value."""

_NUMBERS = frozenset({"int", "long", "float", "double"})


@dataclass(frozen=True, slots=True)
class AvroCodec:
    """A schema compiled for one contract."""

    write: Write
    """Without the wire prefix. Raises Refused."""
    explain: Explain
    count_keys: CountKeys | None
    needs_exact_numbers: bool
    """Whether numbers with a point must be decoded as ``Decimal``."""
    is_recursive: bool
    """Whether nesting depends on the payload: then its depth must be bounded before it is written."""
    places: int
    """What it unfolded to: named types count wherever they stand, and each branch of a union in every mode."""


def compile_avro(root: Type, book: RuleBook) -> AvroCodec:
    """The codec of a parsed schema under the contract's rules. Raises SchemaError."""
    kinds = list(walk(root))
    _check_enum_maps(kinds, book)
    _check_captures(root, book)
    shared = _Shared()
    node = _Compiler(book, shared).node(root, ())
    write = node.write
    if isinstance(root, Primitive) and root.name == "bytes":
        # Confluent's wire format: bytes at the top stand there as they are, without a length.
        coerce = compile_scalar(root, Leaf(book.at(()), ())).coerce

        def write(value: Any, log: Log) -> bytes:
            return bytes(coerce(value, log))

    return AvroCodec(
        write,
        node.explain,
        node.count_keys,
        needs_exact_numbers=any(_is_decimal(kind) for kind in kinds),
        is_recursive=any(isinstance(kind, Record) and _contains_itself(kind) for kind in kinds),
        places=MOST_PLACES - shared.budget,
    )


def _check_enum_maps(kinds: Iterable[Type], book: RuleBook) -> None:
    """Refuses an ``enum_map`` onto a symbol that no enum of the schema has."""
    symbols = {symbol for kind in kinds if isinstance(kind, EnumType) for symbol in kind.symbols}
    for text, symbol in book.enum_mappings():
        if symbol not in symbols:
            raise SchemaError(f"enum_map makes {text!r} a {symbol!r}, which is no symbol of any enum in the schema")


def _check_captures(root: Type, book: RuleBook) -> None:
    """Refuses an ``unknown_fields`` that captures into what cannot take text under any key.

    It would do nothing, and unknown fields would be refused as if nobody had asked for them.
    """
    for pointer in book.captures():
        *parent, name = pointer.tokens
        records = [kind for kind in kinds_at(root, parent) if isinstance(kind, Record)]
        found = [field for record in records for field in record.fields if field.name == name]
        taking = [field for field in found if _takes_text(field.type)]
        if not taking:
            raise SchemaError(
                f"unknown_fields: the schema has no map of string at {pointer}; "
                "let capture name such a field, or add one to the schema",
                found[0].place if found else "",
            )
        if isinstance(taking[0].type, Union) and book.at(pointer.tokens).union_encoding == "tagged":
            raise SchemaError(
                f"unknown_fields: what is captured at {pointer} stands under no branch's name; "
                "declare union_encoding: auto there",
                taking[0].place,
            )


def _takes_text(kind: Type) -> bool:
    """Whether it is a map of string, or may be one; a string that is a uuid is not any text."""
    maps = [each for each in branches_of(kind) if isinstance(each, Map)]
    return any(_is_text(value) for each in maps for value in branches_of(each.values))


def _is_text(kind: Type) -> bool:
    return isinstance(kind, Primitive) and kind.name == "string" and kind.logical is None


def has_place(root: Type, pointer: Pointer) -> bool:
    """Whether the schema has something at a pointer into the payload."""
    return find(root, pointer, RuleBook(Mode.STRICT, Options())) is not None


def _is_number(kind: Type) -> bool:
    """Whether it is a plain number, or a decimal; one that counts days or milliseconds means something else."""
    return _is_decimal(kind) or (isinstance(kind, Primitive) and kind.name in _NUMBERS and kind.logical is None)


def _is_decimal(kind: Type) -> bool:
    return isinstance(kind, Primitive | Fixed) and kind.logical is not None and kind.logical.name == "decimal"


def _contains_itself(record: Record) -> bool:
    return any(below is record for field in record.fields for below in walk(field.type))


@dataclass(slots=True)
class _Occurrence:
    """A record that stands around the place that is being compiled."""

    path: Path
    nodes: dict[Mode, Node] = field(default_factory=dict)
    """By mode; empty ones while their own fields are being compiled."""
    inner: dict[int, Node] = field(default_factory=dict)

    def again(self, node: Node) -> Node:
        """The record inside itself: one node for all such places, so that a union there knows what it has tried."""
        return self.inner.setdefault(id(node), _again(node))


@dataclass(slots=True)
class _Shared:
    """What the compilers of all modes share."""

    budget: int = MOST_PLACES
    """Places that may still be compiled."""
    open: dict[int, _Occurrence] = field(default_factory=dict)
    """Records around the place at hand, by identity."""

    @contextmanager
    def opened(self, kind: Type, path: Path) -> Iterator[None]:
        """While ``kind`` is compiled at ``path``, in one mode after the other: a record may be inside itself there."""
        new = isinstance(kind, Record) and id(kind) not in self.open
        if new:
            self.open[id(kind)] = _Occurrence(path)
        yield
        if new:
            del self.open[id(kind)]


class _Compiler:
    """Compiles one schema in one mode."""

    def __init__(self, book: RuleBook, shared: _Shared) -> None:
        self._book = book
        self._shared = shared

    def node(self, kind: Type, path: Path, *, nullable: bool = False) -> Node:
        """The node of ``kind`` at ``path``, ``nullable`` if null is a value there, too.

        Raises SchemaError where the schema is too large.
        """
        self._shared.budget -= 1
        if self._shared.budget < 0:
            raise SchemaError(f"the schema unfolds to more than {MOST_PLACES} places; split it, or nest fewer unions")
        match kind:
            case Record():
                return self._record(kind, path)
            case Array():
                items = self.node(kind.items, (*path, "*"))
                return compile_array(items, path, self._book.at(path), kind.place, self._node_trials(kind, path))
            case Map():
                return compile_map(self.node(kind.values, (*path, "*")), path, self._book.at(path), kind.place)
            case Union():
                return self._union(kind, path)
            case _:
                return self._leaf(kind, Leaf(self._book.at(path), path, nullable))

    def _record(self, record: Record, path: Path) -> Node:
        outer = self._shared.open.get(id(record))
        if outer is None:
            with self._shared.opened(record, path):
                return self._fields(record, path)
        node = outer.nodes.get(self._book.mode)
        # In a mode in which the outer one is not needed itself it is compiled for the inner ones.
        return self._fields(record, outer.path) if node is None else outer.again(node)

    def _fields(self, record: Record, path: Path) -> Node:
        wanted = f"an object with the fields of {record.name}"
        waiting = self._shared.open[id(record)].nodes[self._book.mode] = Node(wanted, _OBJECT, _unset, _unset)
        places = [self._place(field, (*path, field.name)) for field in record.fields]
        node = compile_record(record, path, self._book.at(path), places, self._rules_in_wider_modes)
        waiting.write, waiting.explain, waiting.count_keys = node.write, node.explain, node.count_keys
        return node

    def _rules_in_wider_modes(self, path: Path) -> list[Rules]:
        return [self._book.in_mode(mode).at(path) for mode in self._book.wider()]

    def _place(self, field: Field, path: Path) -> Place:
        node = self.node(field.type, path)
        default = None if field.default is ABSENT else encode_default(field.type, field.default, field.place)
        null = None
        if isinstance(field.type, Union):
            at = [n for n, branch in enumerate(field.type.branches) if name_of(branch) == "null"]
            null = binary.encode_long(at[0]) if at else None
        elif name_of(field.type) == "null":
            null = binary.NULL
        rules = self._book.at(path)
        if default is not None and null is None:
            node = (
                _null_to_default(node, default, path) if rules.lenient else _null_is_for_lenient(node, field.type.place)
            )
        may_be_missing = rules.fill_defaults and (default is not None or null is not None)
        return Place(field.name, node, (*field.aliases, *rules.aliases), default, null, may_be_missing, field.place)

    def _union(self, kind: Union, path: Path) -> Node:
        modes = MODES[: MODES.index(self._book.mode) + 1]
        compilers = {mode: self if mode is self._book.mode else self._in_mode(mode) for mode in modes}
        branches: list[Branch] = []
        nullable = any(name_of(branch) == "null" for branch in kind.branches)
        for n, branch in enumerate(kind.branches):
            with self._shared.opened(branch, path):
                nodes = {mode: compiler.node(branch, path, nullable=nullable) for mode, compiler in compilers.items()}
            branches.append(Branch(name_of(branch), _is_number(branch), binary.encode_long(n), nodes))
        return compile_union(branches, path, self._book.at(path), kind.place, self._node_trials(kind, path))

    def _leaf(self, kind: Primitive | Fixed | EnumType, leaf: Leaf) -> Node:
        scalar = compile_scalar(kind, leaf)
        coerce, encode = scalar.coerce, scalar.encode

        def compile_with(rules: Rules) -> Coerce:
            again = Leaf(rules, leaf.path, leaf.nullable)
            return or_null(compile_scalar(kind, again).coerce, again)

        trials = LeafTrials(coerce, self._book, leaf.path, compile_with)

        def write(value: Any, log: Log) -> bytes:
            return encode(coerce(value, log))

        def explain(value: Any, at: str, findings: Findings) -> None:
            try:
                coerce(value, [])
            except Refused as refused:
                findings.add(violation(refused, value, at, kind.place, trials))

        # ``clean`` is inlined where the value stands; ``write`` is for what it does not take.
        return Node(scalar.wanted, kinds_of(kind), write, explain, clean=scalar.clean)

    def _node_trials(self, kind: Type, path: Path) -> Callable[[Write], Trials]:
        """Trials of an array or union, given its writer; in other modes only where that does not take much."""

        def compile_in(book: RuleBook) -> Write:
            return _Compiler(book, _Shared(MOST_TRIED)).node(kind, path).write

        return lambda write: NodeTrials(write, self._book, compile_in)

    def _in_mode(self, mode: Mode) -> _Compiler:
        return _Compiler(self._book.in_mode(mode), self._shared)


_OBJECT = frozenset({"object"})


def _again(outer: Node) -> Node:
    """A record inside itself: the functions of ``outer``, which is still empty, are looked up when called."""

    def write(value: Any, log: Log) -> bytes:
        return outer.write(value, log)

    def explain(value: Any, at: str, findings: Findings) -> None:
        outer.explain(value, at, findings)

    def count_keys(value: Any) -> int:
        return outer.count_keys(value) if outer.count_keys is not None else 0

    return Node(outer.wanted, outer.kinds, write, explain, count_keys=count_keys)


def _unset(*_: object) -> Any:
    raise SchemaError("a record was written before it was compiled")


def _null_to_default(node: Node, default: bytes, path: Path) -> Node:
    """Lenient: null where a field is not nullable but has a default becomes the default."""
    write, explain = node.write, node.explain

    def write_or_fill(value: Any, log: Log) -> bytes:
        if value is not None:
            return write(value, log)
        log.append(Coercion(str(Pointer(path)), NULL_TO_DEFAULT))
        return default

    def explain_unless_filled(value: Any, at: str, findings: Findings) -> None:
        if value is not None:
            explain(value, at, findings)

    return Node(node.wanted, node.kinds, write_or_fill, explain_unless_filled, node.clean, node.count_keys)


def _null_is_for_lenient(node: Node, place: str) -> Node:
    """Stricter modes refuse null where a field has a default, and say that lenient fills it in."""
    explain = node.explain

    def explain_null(value: Any, at: str, findings: Findings) -> None:
        if value is None:
            findings.add(violation(refuse_null(node.wanted), value, at, place, coercible_in=Mode.LENIENT))
        else:
            explain(value, at, findings)

    return Node(node.wanted, node.kinds, node.write, explain_null, node.clean, node.count_keys)
