"""What is said of a value of which no form under ``anyOf`` or ``oneOf`` takes the type.

The forms that only want another type at the very place are to it what a list of types is; so what helps there is
looked for in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.compile.json_schema.conversion import advice_on_null, convert, wanted_of
from gateway.compile.json_schema.keywords import branch_codes, refusal_of_forms
from gateway.compile.leaf import Leaf, mismatch
from gateway.compile.remedy import candidates
from gateway.compile.verdict import NO_ADVICE, Advice, Refused
from gateway.notation.pointer import MISSING

ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_FOLLOWS = frozenset({"type", "enum", "const"})
"""Keywords that a value of the wrong type breaks: it cannot be in the list of symbols either."""


class Forms(NamedTuple):
    """Why no form takes a value."""

    refused: Refused
    types: Sequence[str]
    """All that the forms want in its place, where nothing else is wrong with it; there may be none."""


def judge_forms(error: Any, details: Mapping[str, Any], value: Any, leaves: Sequence[Leaf]) -> Forms:
    """What the conversions of each form say of ``value``, by the rules of ``leaves`` (see ``convert``)."""
    codes: list[str] = []
    reasons: dict[tuple[str, ...], Refused] = {}  # many forms may want the same of a text that may be long
    for branch in details.get("context", ()):
        wanted = _types_at(error.instance_path, branch)
        if wanted and wanted not in reasons:
            reasons[wanted] = _reason(wanted, value, leaves)
        codes.append(str(reasons[wanted].code) if wanted else branch_codes(branch))
    types = tuple(dict.fromkeys(name for wanted in reasons for name in wanted))
    advice = _advice(list(reasons.values()), advice_on_null(types, value) if leaves else NO_ADVICE)
    return Forms(refusal_of_forms(error.kind.name, codes, advice), types)


def _types_at(place: Sequence[str | int], errors: Iterable[Any]) -> tuple[str, ...]:
    """The types of which one is wanted at a place; none where the errors are not about its type alone."""
    types: list[str] = []
    for error in errors:
        if error.kind.name not in _FOLLOWS or error.instance_path != place:
            return ()
        if error.kind.name == "type":
            types += error.kind.as_dict()["types"]
    return tuple(types)


def _reason(types: Sequence[str], value: Any, leaves: Sequence[Leaf]) -> Refused:
    """Why the value does not become one of the types; one that does is refused by something else."""
    if not leaves:
        return mismatch(wanted_of(types))
    try:
        convert(types, value, leaves, [])
    except Refused as refused:
        return refused.stored().told()
    return mismatch(wanted_of(types))


def _advice(reasons: Sequence[Refused], on_null: Advice) -> Advice:
    """What would be declared for one form; nothing where that is something else for another one."""
    helpful = [advice for advice in (on_null, *(reason.advice for reason in reasons)) if advice.tried is not None]
    declared = {advice.declare: advice for advice in helpful}
    chosen = helpful[0] if len(declared) == 1 else NO_ADVICE
    return Advice("", on_null.publish, chosen.declare, chosen.tried, lambda value: _proposals(reasons, value))


def _proposals(reasons: Sequence[Refused], value: Any) -> Iterator[Any]:
    """The value that the forms would take instead, if they agree on it."""
    found = {repr(each): each for reason in reasons for each in candidates(reason, value, MISSING)}
    if len(found) == 1:
        yield from found.values()
