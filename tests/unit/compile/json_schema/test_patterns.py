"""Patterns: found wherever they stand, refused where they are expensive or mean something else than in ECMA-262."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from gateway.compile.json_schema.patterns import check_patterns
from gateway.errors import SchemaError
from gateway.model import Record, Reference
from tests.unit.compile.compiled import encode, json_version, route_of

OLD = "http://json-schema.org/draft-07/schema#"
NEW = "https://json-schema.org/draft/2020-12/schema"


def refusal(source: Any) -> str:
    """Why the schema's patterns are not taken; empty if they are."""
    try:
        check_patterns(source)
    except SchemaError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(?=b)", "(?= looks around, which cannot be matched in linear time (at 1)"),
        ("(?!b)a", "(?! looks around"),
        ("(?<=a)b", "(?<= looks around"),
        ("(?<!a)b", "(?<! looks around"),
        (r"(a)\1", r"\1 refers back to a group, which cannot be matched in linear time (at 3)"),
        (r"(?<n>a)\k<n>", r"\k< refers back"),
        (r"\0", r"is written \x00 here"),
        (r"\uD83D\uDE00", r"half a character; write the whole one, or \u{1F600}"),
        (r"[\uD83D]", "half a character"),
        (r"\x{41}", "no escape of ECMA-262"),
        (r"\U00000041", "no escape of ECMA-262"),
        (r"\pL", "no escape of ECMA-262"),
        (r"\<a\>", "no escape of ECMA-262"),
        (r"\b{start}a", "no escape of ECMA-262"),
        (r"\c", "no escape of ECMA-262"),
        ("a\\", "ends with a backslash"),
        ("[]", r"write [\s\S] for any character"),
        ("[^]", r"write [\s\S] for any character"),
        ("[]a]", r"\] for the bracket"),
        (r"[\b]", r"\b in a class is written \x08 here"),
        ("[[:alpha:]]", r"] stands for itself only as \]"),
        ("}", r"} stands for itself only as \}"),
        ("{", r"{ stands for itself only as \{"),
        ("a{,3}", r"{ stands for itself only as \{"),
        ("a{ 1 }", r"{ stands for itself only as \{"),
        ("a{2,1}", "{2,1} repeats at least more often than at most"),
        ("a++", "it repeats a repetition"),
        ("a{2}*", "it repeats a repetition"),
        ("(?i)a", "(?i) is no group of ECMA-262"),
        ("(?P<n>a)", "(?P is no group of ECMA-262"),
        ("(?>a)", "(?> is no group of ECMA-262"),
        ("(?#a)", "(?# is no group of ECMA-262"),
        (r"\Z", "no regular expression of ECMA-262"),
        (r"\A", "no regular expression of ECMA-262"),
        (r"\a", "no regular expression of ECMA-262"),
        (r"\p{Nonsense}", "no regular expression of ECMA-262"),
        ("[z-a]", "no regular expression of ECMA-262"),
        (r"[\w-a]", "no regular expression of ECMA-262"),
        ("(", "no regular expression of ECMA-262"),
        ("[a", "no regular expression of ECMA-262"),
        ("*a", "no regular expression of ECMA-262"),
        ("(a{1000}){1000}", "needs more than 10 MB of memory"),
        ("((a{100}){100}){100}", "needs more than 10 MB of memory"),
        (r"\p{L}{1000}", "needs more than 10 MB of memory"),
        (r"[\s\S]{0,50000}", "needs more than 10 MB of memory"),
    ],
)
def test_a_pattern_is_refused_with_its_reason(pattern: str, reason: str):
    """A person reads what is wrong with it, and where a pattern could be written otherwise, how."""
    told = refusal({"pattern": pattern})
    assert told.startswith("/pattern: the pattern ")
    assert reason in told


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"^\d$", "5", True),
        (r"^\d$", "٣", False),
        (r"^\w$", "é", False),
        (r"^[^\W]$", "é", False),
        (r"^\s$", "\ufeff", True),
        (r"^\s$", "\x85", False),
        ("a$", "a\n", False),
        ("^.$", "\n", False),
        ("^.$", "😀", True),
        (r"^\u{1F600}$", "😀", True),
        ("^😀{2}$", "😀😀", True),
        (r"^\u0041\x42\cC$", "AB\x03", True),
        (r"^\p{Letter}\p{Lu}\P{Lu}$", "éÉé", True),
        (r"^\p{Script=Greek}$", "α", True),
        ("^[a&&b]$", "&", True),
        ("^[[]$", "[", True),
        ("^(?<year>[0-9]{4})$", "2024", True),
        ("^(?i:a)$", "A", True),
        ("^a{2,3}?$", "aa", True),
        (r"^[\]\\-]$", "-", True),
        ("^(?:a+)+$", "a" * 5000, True),
        ("^(a|a)*$", "a" * 5000 + "!", False),
        # Where it deviates from ECMA-262, as its module says:
        ("^.$", "\r", True),
        ("^.$", "\u2028", True),
        (r"a\bé", "aé", False),
    ],
)
def test_a_pattern_matches_as_ecma_262_says(pattern: str, text: str, matches: bool):
    """ASCII digits and words, whole characters, ``$`` only at the end."""
    version = json_version({"properties": {"v": {"pattern": pattern}}})
    payload = b'{"v":' + json_text(text) + b"}"
    assert isinstance(encode(version, payload, mode="strict"), Record) is matches


def json_text(text: str) -> bytes:
    """A JSON string in UTF-8."""
    return msgspec.json.encode(text)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"pattern": "(?=a)"}, "/pattern"),
        ({"patternProperties": {"(?=a)/~": {}}}, "/patternProperties/(?=a)~1~0"),
        ({"$defs": {"x": {"pattern": "(?=a)"}}}, "/$defs/x/pattern"),
        ({"definitions": {"x": {"patternProperties": {"(?=a)": {}}}}}, "/definitions/x/patternProperties/(?=a)"),
        ({"allOf": [{}, {"items": {"pattern": "(?=a)"}}]}, "/allOf/1/items/pattern"),
        ({"$schema": OLD, "items": [{}, {"pattern": "(?=a)"}]}, "/items/1/pattern"),
        ({"prefixItems": [{"pattern": "(?=a)"}]}, "/prefixItems/0/pattern"),
        ({"if": {"not": {"pattern": "(?=a)"}}}, "/if/not/pattern"),
        ({"dependentSchemas": {"a": {"propertyNames": {"pattern": "(?=a)"}}}},
         "/dependentSchemas/a/propertyNames/pattern"),
        ({"dependencies": {"a": {"contains": {"pattern": "(?=a)"}}}}, "/dependencies/a/contains/pattern"),
        ({"patternProperties": {"a": {"unevaluatedProperties": {"pattern": "(?=a)"}}}},
         "/patternProperties/a/unevaluatedProperties/pattern"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("draft", [{}, {"$schema": NEW}])
def test_a_pattern_is_found_wherever_it_stands(schema: dict[str, Any], place: str, draft: dict[str, str]):
    """Also in a definition that nothing refers to: a later version may."""
    with pytest.raises(SchemaError) as caught:
        route_of(json_version({**draft, **schema}))
    assert caught.value.schema_path == place


def test_a_pattern_of_a_reference_is_found():
    """The reference is named."""
    part = json_version({"definitions": {"x": {"pattern": "(?=a)"}}}, subject="part-value")
    with pytest.raises(SchemaError, match=r"reference 'json-schema:///part.json': /definitions/x/pattern: the pattern"):
        route_of(json_version({"$ref": "part.json"}, references=(Reference("part.json", part),)))


def test_what_only_looks_like_a_pattern_is_none():
    """A property of that name, an example, a constant."""
    inert = {"pattern": "(?=a)"}
    source = {"properties": {"pattern": {"type": "string"}}, "enum": [inert], "default": inert, "examples": [inert]}
    assert refusal(source) == ""


def test_the_patterns_of_a_schema_have_a_budget_together():
    """Six of the largest, thousands of simple ones; the same one twice is one."""
    large = [{"pattern": rf"^\p{{L}}{{1,{n}}}$"} for n in range(40, 60)]
    assert "its patterns need more than 64 MB" in refusal({"allOf": large})
    assert refusal({"allOf": large[:1] * 100}) == ""
    assert refusal({"allOf": [{"pattern": f"^[a-z]{{1,64}}-{n}$"} for n in range(1000)]}) == ""


BOMBS = [
    "(a{1000}){1000}",
    "(((((a{99}){99}){99}){99}){99}){99}",
    "a{4294967295}",
    "(" * 100_000,
    "(?:" * 5000 + ")" * 5000,
    "a{9}" * 20_000,
]


@pytest.mark.parametrize("bomb", range(len(BOMBS)))
def test_a_bomb_is_answered_without_a_crash(bomb: int):
    """In a process of its own, with 1 GB and 20 s of CPU: a refusal or a record, never a signal."""
    code = (
        "from tests.unit.compile.json_schema.test_patterns import BOMBS, refusal\n"
        f"refusal({{'pattern': BOMBS[{bomb}]}})\n"
        "print('answered')"
    )

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, preexec_fn=bounded)
    assert (run.returncode, run.stdout) == (0, "answered\n"), run.stderr[-500:]
