"""What each keyword of JSON Schema wants, for a person, and the code of its violation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.compile.json_schema import integers
from gateway.compile.json_schema.conversion import wanted_of
from gateway.compile.refusals import spell_as
from gateway.compile.sentence import in_json, listed
from gateway.compile.verdict import MOST_VALUE, NO_ADVICE, Advice, Misspelled, Refused
from gateway.model import Code

_CODES: Mapping[str, Code] = {
    "type": Code.TYPE_MISMATCH,
    "enum": Code.NOT_IN_ENUM,
    "const": Code.NOT_IN_ENUM,
    "required": Code.MISSING_REQUIRED,
    "additionalProperties": Code.UNKNOWN_FIELD,
    "unevaluatedProperties": Code.UNKNOWN_FIELD,
    "anyOf": Code.UNION_NO_MATCH,
    "oneOf": Code.UNION_NO_MATCH,
    "format": Code.INVALID_FORMAT,
    integers.INT64: Code.OUT_OF_RANGE,
}
"""Everything else is constraint-violated."""

_LIMITS: Mapping[str, str] = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number above {}",
    "exclusiveMaximum": "a number below {}",
    "multipleOf": "a multiple of {}",
    "minLength": "text of at least {} character{s}",
    "maxLength": "text of at most {} character{s}",
    "pattern": "text that matches the pattern {}",
    "minItems": "a list of at least {} item{s}",
    "maxItems": "a list of at most {} item{s}",
    "minProperties": "an object of at least {} field{s}",
    "maxProperties": "an object of at most {} field{s}",
    "additionalItems": "a list of at most {} item{s}",
}
"""Keywords with a limit, and how it reads."""

_OTHERS: Mapping[str, str] = {
    "uniqueItems": "a list without equal items",
    "contains": "a list with an item that the schema asks for",
    "unevaluatedItems": "a list of no more items than the schema describes",
    "not": "something else than what the schema forbids",
    "falseSchema": "nothing at this place",
}

_LEAVE_OUT = Advice("the schema allows no value", "leave it out")
_MOST_ALLOWED = 20
"""Enum values that a violation lists."""


def refusal_of(name: str, details: Mapping[str, Any], value: Any) -> Refused:
    """Why the keyword ``name`` refuses a value; ``details`` are the validator's."""
    code = code_of(name)
    match name:
        case "type":
            return Refused(code, wanted_of(details["types"]))
        case "enum":
            return _not_among(details["options"], f"one of {listed(details['options'])}", value)
        case "const":
            return _not_among([details["expected_value"]], in_json(details["expected_value"]), value)
        case "anyOf" | "oneOf":
            branches = [branch_codes(branch) for branch in details.get("context", ())]
            return refusal_of_forms(name, branches)
        case integers.INT64:
            low, high = integers.LOWEST, integers.HIGHEST
            advice = Advice(declare="let the contract not declare integers: int64")
            # Where it cannot be told which number it is, the object or list that holds it is refused.
            wanted = "only whole numbers" if type(value) in {dict, list} else "a whole number"
            return Refused(code, f"{wanted} from {low} to {high}", advice, minimum=low, maximum=high)
        case "propertyNames":
            return _misnamed(details["error"])
        case "format":
            return Refused(code, f"text of format {details['format']}", format=details["format"])
        case _:
            # Not the validator's own words: they quote the payload, which a dead letter may have to hide.
            limit = next((item for item in details.values() if isinstance(item, int | float | str)), None)
            if name in _LIMITS and limit is not None:
                wanted = _LIMITS[name].format(in_json(limit), s="" if limit == 1 else "s")
                return Refused(code, wanted, keyword=name, limit=limit)
            advice = _LEAVE_OUT if name == "falseSchema" else NO_ADVICE
            return Refused(code, _OTHERS.get(name, f"a value that satisfies {name}"), advice, keyword=name)


def _misnamed(error: Any) -> Refused:
    """A field of the object has a name that the schema refuses; ``error`` is about the name."""
    wanted = refusal_of(error.kind.name, error.kind.as_dict(), error.instance).expected
    advice = Advice(f"of {in_json(error.instance)} it wants {wanted}")
    return Refused(
        Code.CONSTRAINT_VIOLATED,
        "only field names that the schema allows",
        advice,
        keyword="propertyNames",
        field=error.instance[:MOST_VALUE],
    )


def code_of(name: str) -> Code:
    """The code of a violation of this keyword."""
    return _CODES.get(name, Code.CONSTRAINT_VIOLATED)


def branch_codes(errors: Iterable[Any]) -> str:
    """The codes of a branch's errors, each once."""
    return ", ".join(sorted({str(code_of(error.kind.name)) for error in errors}))


def _not_among(options: Sequence[Any], wanted: str, value: Any) -> Refused:
    allowed = list(options[:_MOST_ALLOWED])
    texts = [each for each in options if isinstance(each, str)]
    asked = value if isinstance(value, str) else ""
    return Misspelled(Code.NOT_IN_ENUM, wanted, asked, texts, spell_as, allowed=allowed)


def refusal_of_forms(name: str, branches: Sequence[str], advice: Advice = NO_ADVICE) -> Refused:
    """No branch takes it, or several of ``oneOf`` do: those have no codes. ``advice`` is what helps, if anything."""
    fitting = [str(n) for n, codes in enumerate(branches) if not codes]
    if fitting:
        wanted, why = f"exactly one of the {len(branches)} forms under {name}", f"forms {' and '.join(fitting)} fit"
    else:
        wanted = f"one of the {len(branches)} forms under {name}"
        why = ", ".join(f"form {n}: {codes}" for n, codes in enumerate(branches[:_MOST_ALLOWED]))
    params = {str(n): codes for n, codes in enumerate(branches)}
    return Refused(Code.UNION_NO_MATCH, wanted, advice._replace(why=why), **params)
