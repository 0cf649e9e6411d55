"""Unions: which branch a JSON value means, by rules that never guess between two readings.

Lower mode first: what strict mode accepts is never read in another way by a wider mode. The order is
strict branches, declared null tokens, lossless branches, lenient null tokens, lenient branches, and
last, where allowed, the tagged form ``{"branch": value}`` of Avro's own JSON encoding.

A union of null and one other branch refuses with that branch's own reason; any other union with
``union-no-match`` and the reason of each branch.

Unions of objects inside themselves could be tried in ``2 ** depth`` ways. So the attempts made on one value
share what they found out: an object or array that a branch refused is not offered to that branch again.
What two branches accept is refused as well (union-ambiguous), so nothing but refusals can multiply, and the
work grows with the size of the payload only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.compile.avro.node import Clean, CountKeys, Node, Write
from gateway.compile.coercions import TOKEN_TO_NULL, UNION_TAG_REMOVED
from gateway.compile.leaf import mismatch, refuse_null
from gateway.compile.remedy import Trials, candidates, violation
from gateway.compile.rules import Path, Rules
from gateway.compile.sentence import listed
from gateway.compile.tokens import is_declared_null, is_lenient_null
from gateway.compile.verdict import Advice, Findings, Log, Refused, kind_of
from gateway.model import Code, Coercion, Mode
from gateway.notation.pointer import MISSING, Pointer

_SHAPES = frozenset({"object", "array"})
_NO_BRANCH: frozenset[str] = frozenset()
"""The kinds of a union: nobody asks for them, because none stands in another [Avro 1.12, "Unions"]."""


class _Attempt(list[Coercion]):
    """The log of trying one branch on an object or array, and what all attempts around it found out."""

    __slots__ = ("refusals",)

    def __init__(self, refusals: _Refusals) -> None:
        super().__init__()
        self.refusals = refusals


_Refusals = dict[tuple[int, int], tuple[Any, Refused]]
"""By the identities of node and value; the value is kept, so that no other one gets its identity."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a union, compiled in every mode up to the route's own."""

    name: str
    is_number: bool
    """A plain number or a decimal: several of them can take the same value without meaning different things."""
    prefix: bytes
    """Its index, encoded."""
    nodes: Mapping[Mode, Node]


def compile_union(
    branches: Sequence[Branch], path: Path, rules: Rules, place: str, trials: Callable[[Write], Trials]
) -> Node:
    """The node of a union of compiled branches."""
    union = _Union(branches, path, rules, place, trials)
    return Node(
        union.wanted, _NO_BRANCH, union.write, union.explain, clean=union.clean(), count_keys=union.count_keys()
    )


class _Union:
    def __init__(
        self, branches: Sequence[Branch], path: Path, rules: Rules, place: str, trials: Callable[[Write], Trials]
    ) -> None:
        self._branches = branches
        self._path = path
        self._rules = rules
        self._place = place
        self._trials = trials(self.write)
        self._null = next((branch for branch in branches if branch.name == "null"), None)
        others = [branch for branch in branches if branch is not self._null]
        self._only = others[0] if self._null is not None and len(others) == 1 else None
        """The one branch beside null, where there is one."""
        self._others = others
        self._may_be_token = self._null is not None and (
            rules.lenient or bool(rules.null_tokens) or rules.non_finite == "null"
        )
        wanted = [branch.nodes[rules.mode].wanted for branch in others]
        self.wanted = ", or ".join([*wanted, "null"] if self._null is not None else wanted)

    def write(self, value: Any, log: Log) -> bytes:
        """The first reading that one branch, and only one, accepts."""
        if value is None:
            if self._null is None:
                raise refuse_null(self.wanted)
            return self._null.prefix
        if self._only is None and (type(value) is dict or type(value) is list) and not isinstance(log, _Attempt):
            return self._outermost(value, log)
        encoding = self._rules.union_encoding
        if encoding == "tagged":
            return self._tagged(value, log)
        refused: dict[str, Refused] = {}
        data = self._plain(value, log, refused)
        if data is not None:
            return data
        if encoding != "plain" and self._tag(value) is not None:
            return self._tagged(value, log)
        raise self._refusal(refused)

    def _outermost(self, value: Any, log: Log) -> bytes:
        """An object or array, where no union around has begun to remember refusals."""
        attempt = _Attempt({})
        data = self.write(value, attempt)
        log.extend(attempt)
        return data

    def _plain(self, value: Any, log: Log, refused: dict[str, Refused]) -> bytes | None:
        """Each reading in its turn, the lower mode first; None if none fits, with each branch's reason."""
        rules = self._rules
        maybe_token = self._may_be_token and type(value) is str
        if self._only is not None and not maybe_token:
            # One branch and no token: the widest mode reads whatever a lower one reads, in the same way.
            try:
                return self._only.prefix + self._only.nodes[rules.mode].write(value, log)
            except Refused as reason:
                refused[self._only.name] = reason.stored()
                return None
        data = self._strictly(value, log, refused)
        if data is None and maybe_token:
            data = self._token(value, log, lenient=False)
        if data is None and not rules.strict:
            data = self._widely(value, log, Mode.LOSSLESS, refused)
        if data is None and rules.lenient:
            data = self._token(value, log, lenient=True) if maybe_token else None
            if data is None:
                data = self._widely(value, log, Mode.LENIENT, refused)
        return data

    def _strictly(self, value: Any, log: Log, refused: dict[str, Refused]) -> bytes | None:
        """The first branch in schema order; two records, maps or arrays that both fit are ambiguous."""
        kind = kind_of(value)
        fitting: list[Branch] = []
        for branch in self._others:
            node = branch.nodes[Mode.STRICT]
            if kind in node.kinds:
                fitting.append(branch)
            else:
                refused[branch.name] = mismatch(node.wanted)
        return self._chosen(self._tried(fitting, Mode.STRICT, value, log, refused, first=kind not in _SHAPES), log)

    def _widely(self, value: Any, log: Log, mode: Mode, refused: dict[str, Refused]) -> bytes | None:
        """Exactly one accepting branch; several only if all are numbers, then the first."""
        return self._chosen(self._tried(self._others, mode, value, log, refused), log)

    def _tried(
        self,
        branches: Iterable[Branch],
        mode: Mode,
        value: Any,
        log: Log,
        refused: dict[str, Refused],
        *,
        first: bool = False,
    ) -> list[tuple[Branch, bytes, Log]]:
        """The branches that accept the value, or the first of them; ``refused`` gets the reasons of the others."""
        accepted: list[tuple[Branch, bytes, Log]] = []
        for branch in branches:
            tried: Log = _Attempt(log.refusals) if isinstance(log, _Attempt) else []
            try:
                data = _write_once(branch.nodes[mode], value, tried)
            except Refused as reason:
                refused[branch.name] = reason.stored()
                continue
            accepted.append((branch, data, tried))
            if first:
                break
        return accepted

    def _chosen(self, accepted: Sequence[tuple[Branch, bytes, Log]], log: Log) -> bytes | None:
        if not accepted:
            return None
        if len(accepted) > 1 and not all(branch.is_number for branch, _, _ in accepted):
            raise self._ambiguous([branch for branch, _, _ in accepted])
        branch, data, tried = accepted[0]
        log.extend(tried)
        return branch.prefix + data

    def _token(self, text: str, log: Log, *, lenient: bool) -> bytes | None:
        """Null for text that stands for it: a declared token, or lenient mode's own spellings."""
        assert self._null is not None
        found = is_lenient_null(text, self._rules) if lenient else is_declared_null(text, self._rules)
        if not found:
            return None
        log.append(Coercion(str(Pointer(self._path)), TOKEN_TO_NULL))
        return self._null.prefix

    def _tag(self, value: Any) -> Branch | None:
        """The branch that ``{"branch": value}`` names."""
        if type(value) is not dict or len(value) != 1:
            return None
        return next((branch for branch in self._others if branch.name in value), None)

    def _tagged(self, value: Any, log: Log) -> bytes:
        branch = self._tag(value)
        if branch is None:
            names = listed(branch.name for branch in self._others)
            raise Refused(Code.TYPE_MISMATCH, f'an object {{"type": value}} with one of {names} as the type')
        if self._rules.union_encoding == "fallback":
            # A declared encoding is how the payload is read; only the undeclared one is a conversion.
            log.append(Coercion(str(Pointer(self._path)), UNION_TAG_REMOVED))
        return branch.prefix + branch.nodes[self._rules.mode].write(value[branch.name], log)

    def explain(self, value: Any, at: str, findings: Findings) -> None:
        """The only branch's own violations, else one for the union as a whole."""
        encoding = self._rules.union_encoding
        is_tagged = encoding == "tagged" or (encoding != "plain" and self._tag(value) is not None)
        if self._only is not None and not is_tagged and self._tag(value) is not None:
            mode, _ = self._trials.widen(value)
            if mode is not None:
                findings.add(violation(mismatch(self.wanted), value, at, self._place, coercible_in=mode))
                return
        if self._only is not None and not is_tagged and type(value) in {dict, list}:
            # It refuses what this branch refuses; to try it first would cost as much again at every level.
            self._only.nodes[self._rules.mode].explain(value, at, findings)
            return
        try:
            self.write(value, [])
        except Refused as refused:
            tagged = self._tag(value) if encoding != "plain" else None
            if tagged is not None:
                at += str(Pointer((tagged.name,)))
                tagged.nodes[self._rules.mode].explain(value[tagged.name], at, findings)
            elif self._only is not None and encoding != "tagged" and not self._could_be_null_only(value):
                self._only.nodes[self._rules.mode].explain(value, at, findings)
            else:
                findings.add(violation(refused, value, at, self._place, self._trials))

    def _could_be_null_only(self, value: Any) -> bool:
        """Whether it is a text, which can stand for null but never for the other branch.

        No spelling of null begins like an object or a list, and the other branch may read that
        (``parse_json_strings``).
        """
        if type(value) is not str or value.lstrip().startswith(("{", "[")):
            return False
        return self._only is not None and self._only.nodes[Mode.STRICT].kinds <= _SHAPES

    def _refusal(self, refused: MutableMapping[str, Refused]) -> Refused:
        if self._only is not None:
            return refused.pop(self._only.name)  # popped: see Refused.stored
        reasons = list(refused.values())
        return Refused(
            Code.UNION_NO_MATCH,
            self.wanted,
            Advice(
                ", ".join(f"as {name}: {each.code}" for name, each in refused.items()),
                propose=lambda value: self._proposals(reasons, value),
            ),
            **{name: str(each.code) for name, each in refused.items()},
        )

    def _proposals(self, reasons: Iterable[Refused], value: Any) -> list[Any]:
        """What the branches would take instead, where they agree on it."""
        if type(value) is dict or type(value) is list:
            return []  # the reasons are about something inside
        agreed: list[Any] = []
        for reason in reasons:
            passing = next(
                (each for each in candidates(reason.told(), value, MISSING) if self._trials.takes(each)), MISSING
            )
            if passing is not MISSING and not any(type(each) is type(passing) and each == passing for each in agreed):
                agreed.append(passing)
        return agreed if len(agreed) == 1 else []

    def _ambiguous(self, branches: Sequence[Branch]) -> Refused:
        names = [branch.name for branch in branches]
        advice = Advice(f"it could be {' or '.join(names)}", "publish a value that only one of them takes")
        return Refused(Code.UNION_AMBIGUOUS, self.wanted, advice, candidates=names)

    def clean(self) -> Clean | None:
        """Null, or the only other branch's clean path behind its index; None where there is no such path."""
        if self._only is None or self._null is None or self._rules.union_encoding == "tagged":
            return None
        inner = self._only.nodes[Mode.STRICT].clean
        if inner is None:
            return None
        names = {"null_prefix": self._null.prefix, "other_prefix": self._only.prefix, **inner.names}
        return Clean(
            f"{{x}} is None or ({inner.test})",
            f"{{null_prefix}} if {{x}} is None else {{other_prefix}} + ({inner.encoded})",
            names,
        )

    def count_keys(self) -> CountKeys | None:
        """By the branch that takes objects, where there is one; two could count differently."""
        counters = [branch.nodes[Mode.STRICT].count_keys for branch in self._others]
        counting = [counter for counter in counters if counter is not None]
        return counting[0] if len(counting) == 1 else None


def _write_once(node: Node, value: Any, log: Log) -> bytes:
    """What ``node`` writes. Raises Refused, for what it refused before in this attempt without looking again."""
    if not isinstance(log, _Attempt):
        return node.write(value, log)
    known = log.refusals.get((id(node), id(value)))
    if known is not None:
        raise known[1]
    try:
        return node.write(value, log)
    except Refused as refused:
        log.refusals[id(node), id(value)] = value, refused.stored()
        raise
