"""The small mistakes that a program can be given: one source text -> its mutants.

A mutant is one changed node of the syntax tree. Left alone is what decides nothing: docstrings, annotations,
decorators, what else a class is made with, and text for people. Text is changed only where the program compares
with it or looks it up.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, nextafter
from typing import Any

from gateway.compile import coercions

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMES = {"min": "max", "max": "min", "all": "any", "any": "all"} | {
    "ROUND_FLOOR": "ROUND_DOWN",
    "ROUND_DOWN": "ROUND_HALF_EVEN",
    "ROUND_HALF_EVEN": "ROUND_FLOOR",
}
_MEMBERS = {
    "Code": ("CRASH_SUSPECT",),
    "Mode": ("STRICT", "LOSSLESS", "LENIENT"),
}
"""Enumerations, and the members that take another one's place."""
_CONVERSIONS = frozenset(name for name, value in vars(coercions).items() if isinstance(value, str) and name.isupper())
_IN_TEMPLATES = (("<=", "<"), ("<", "<="), ("is not", "is"), (" or ", " and "), (" and ", " or "))
"""In the source texts that fast paths are generated from."""
_IN_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\{([0-9]+)\}"), lambda found: f"{{{int(found.group(1)) + 1}}}"),
    (re.compile(r"\{([0-9]+)\}"), lambda found: f"{{{int(found.group(1)) - 1}}}"),
    (re.compile(r"\{1,([0-9]+)\}"), lambda found: f"{{1,{int(found.group(1)) + 1}}}"),
    (re.compile(r"\{1,([0-9]+)\}"), lambda found: f"{{0,{found.group(1)}}}"),
    (re.compile(r"(?<=[])a-zA-Z.])\+"), lambda _: "*"),
    (re.compile(r"(?<=[])a-zA-Z.])\*"), lambda _: "+"),
    (re.compile(r"(?<=[])a-zA-Z.:}-])\?"), lambda _: ""),
    (re.compile(r"\[0-9\]"), lambda _: r"\d"),
    (re.compile(r"\\\."), lambda _: "."),
)
"""In regular expressions, one place at a time."""


@dataclass(frozen=True, eq=False, slots=True)
class Mutant:
    """One mistake in one module."""

    function: str
    """Where it is: ``name``, ``Class.name``, or empty for the module's own level."""
    was: str
    now: str
    nth: int
    """From 1: which of several mistakes in the function that read alike."""
    first: int
    last: int
    """Lines whose execution it may change."""
    line: int
    _node: ast.AST
    _field: str
    _index: int | None
    _replacement: Any

    @property
    def name(self) -> str:
        """What it is called among those of its module; holds as long as its function is not changed."""
        repeated = f" #{self.nth}" if self.nth > 1 else ""
        return f"{self.function or 'module'}: {self.was} -> {self.now}{repeated}"


class Source:
    """A module's source, and its mutants."""

    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text)
        self.mutants = list(self._named(_Finder().mutations(self._tree)))

    def _named(self, found: Iterator[dict[str, Any]]) -> Iterator[Mutant]:
        seen: Counter[tuple[str, str, str]] = Counter()
        for each in found:
            identity = each["function"], each["was"], each["now"]
            seen[identity] += 1
            yield Mutant(nth=seen[identity], **each)

    def tree_of(self, mutant: Mutant) -> ast.Module:
        """The module with the mistake in it. It is made in place, once: ask in a process of your own."""
        field = getattr(mutant._node, mutant._field)
        if mutant._index is None:
            setattr(mutant._node, mutant._field, mutant._replacement)
        else:
            field[mutant._index] = mutant._replacement
        return ast.fix_missing_locations(self._tree)


class _Finder:
    """Walks a tree and finds what can be changed."""

    def __init__(self) -> None:
        self._function: list[str] = []
        self._lines = (0, 0)

    def mutations(self, node: ast.AST) -> Iterator[dict[str, Any]]:
        for field, value in ast.iter_fields(node):
            if field in {"annotation", "returns", "decorator_list", "cause", "bases"}:
                continue
            if field == "keywords" and isinstance(node, ast.ClassDef):  # as a decorator: frozen=True
                continue
            children = value if isinstance(value, list) else [value]
            for n, child in enumerate(children):
                if isinstance(child, ast.AST) and not _is_docstring(child):
                    yield from self._at(node, field, n if isinstance(value, list) else None, child)

    def _at(self, parent: ast.AST, field: str, index: int | None, node: ast.AST) -> Iterator[dict[str, Any]]:
        around = self._lines
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            self._lines = node.lineno, max(node.lineno, end)
        for replacement in _replacements(parent, field, node):
            yield {
                "function": ".".join(self._function),
                "was": _text(node),
                "now": _text(replacement),
                "first": self._lines[0],
                "last": self._lines[1],
                "line": getattr(node, "lineno", self._lines[0]),
                "_node": parent,
                "_field": field,
                "_index": index,
                "_replacement": replacement,
            }
        inside = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        self._function += inside
        yield from self.mutations(node)
        del self._function[len(self._function) - len(inside) :]
        self._lines = around


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _text(node: ast.AST) -> str:
    """A node on one line; of a statement with a body only its head."""
    if isinstance(node, ast.If | ast.While):
        word = "if" if isinstance(node, ast.If) else "while"
        return f"{word} {ast.unparse(node.test)}"
    if isinstance(node, ast.match_case):
        guard = f" if {ast.unparse(node.guard)}" if node.guard else ""
        return f"case {ast.unparse(node.pattern)}{guard}"
    if isinstance(node, ast.comprehension):
        return " ".join(["for ...", *(f"if {ast.unparse(test)}" for test in node.ifs)])
    return ast.unparse(node) if isinstance(node, ast.expr | ast.stmt) else type(node).__name__


def _replacements(parent: ast.AST, field: str, node: ast.AST) -> Iterator[Any]:
    """What may stand in the place of a node."""
    if isinstance(node, ast.expr):
        yield from _of_expression(parent, field, node)
    else:
        yield from _of_statement(node)


def _of_statement(node: ast.AST) -> Iterator[Any]:
    match node:
        case ast.If():
            yield ast.If(ast.Constant(False), node.body, node.orelse)
            yield ast.If(ast.Constant(True), node.body, node.orelse)
        case ast.While():
            yield ast.While(ast.Constant(False), node.body, node.orelse)
        case ast.Expr() | ast.Raise() | ast.AugAssign() | ast.Delete():
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
        case ast.Return() if node.value is not None and _text(node.value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.match_case() if not (isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None):
            yield ast.match_case(node.pattern, ast.Constant(False), node.body)
        case ast.comprehension() if node.ifs:
            yield ast.comprehension(node.target, node.iter, [], node.is_async)


def _of_expression(parent: ast.AST, field: str, node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            for n in range(len(node.values)):
                rest = node.values[:n] + node.values[n + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub()) if not isinstance(node.operand, ast.Constant):
            yield node.operand
        case ast.Compare():
            for n, op in enumerate(node.ops):
                for other in _COMPARED[type(op)]:
                    yield ast.Compare(node.left, [*node.ops[:n], other(), *node.ops[n + 1 :]], node.comparators)
        case ast.BinOp() if type(node.op) in _COMPUTED and not (_is_text(node.left) or _is_text(node.right)):
            yield ast.BinOp(node.left, _COMPUTED[type(node.op)](), node.right)
        case ast.Name() if node.id in _NAMES:
            yield ast.Name(_NAMES[node.id], node.ctx)
        case ast.Name() if isinstance(node.ctx, ast.Load) and node.id in _CONVERSIONS:
            yield ast.Constant("swapped")
        case ast.Attribute(value=ast.Name(id="Code" | "Mode" as name)):
            yield from (ast.Attribute(node.value, each, node.ctx) for each in _MEMBERS[name] if each != node.attr)
        case ast.Constant():
            yield from _constants(parent, field, node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _constants(parent: ast.AST, field: str, node: ast.Constant) -> Iterator[ast.Constant]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(nextafter(value, inf))
        yield ast.Constant(nextafter(value, -inf))
    elif isinstance(value, str | bytes):
        yield from (ast.Constant(changed) for changed in _texts(parent, field, value))


def _texts(parent: ast.AST, field: str, value: str | bytes) -> Iterator[str | bytes]:
    """The text changed, if anything is decided by it."""
    text = value if isinstance(value, str) else value.decode("latin-1")
    called = parent.func if isinstance(parent, ast.Call) and field == "args" else None
    if (isinstance(called, ast.Attribute) and called.attr == "compile") or "[0-9]" in text:
        changes = _in_pattern(text)
    elif (isinstance(called, ast.Name) and called.id == "Clean") or isinstance(parent, ast.JoinedStr):
        changes = _in_template(text)
    else:
        changes = iter([f"{text}~"] if _is_looked_up(parent, field) else [])
    yield from (changed if isinstance(value, str) else changed.encode("latin-1") for changed in changes)


def _in_pattern(text: str) -> Iterator[str]:
    for search, change in _IN_PATTERNS:
        for found in search.finditer(text):
            yield text[: found.start()] + change(found) + text[found.end() :]


def _in_template(text: str) -> Iterator[str]:
    if "{x}" in text or "value" in text:
        for word, other in _IN_TEMPLATES:
            for found in re.finditer(rf"(?<![<>=]){word}(?![<>=])", text):
                yield text[: found.start()] + other + text[found.end() :]


def _is_looked_up(parent: ast.AST, field: str) -> bool:
    """Whether text at this place is compared with, or a key or a member of what is searched in."""
    match parent:
        case ast.Compare() | ast.Set() | ast.MatchValue():
            return True
        case ast.Dict():
            return field == "keys" and not all(_is_text(value) for value in parent.values)
        case ast.Subscript():
            return field == "slice"
        case ast.BoolOp() | ast.IfExp():
            return field in {"values", "body", "orelse"}
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith" | "removeprefix" | "strip" | "partition")):
            return field == "args"
        case _:
            return False
