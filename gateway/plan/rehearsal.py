"""The contracts played through with the schemas of their own folders: no registry, no broker, no Kafka.

Every schema file becomes a ``SchemaVersion`` under its subject (version 1, a made-up schema ID), every
contract a route, every example a message on the real route table; so ``where``, overlapping filters
and no-route behave as they will.

What no folder holds cannot be played; the caller may bring it along from the registry (``known``), or is
told that it is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.compile.codec import compile_codec
from gateway.compile.example import example_topic
from gateway.compile.judgement import Aspect, Disagreement, judge_accepted, judge_rejected
from gateway.compile.readback import ReadBack, compile_readback
from gateway.compile.route import Route, compile_route, label_of
from gateway.compile.rules import RuleBook
from gateway.compile.where import Where
from gateway.config.contract import Contract, Contracts, SchemaFile, SharedType, Variant
from gateway.config.examples import AcceptedExample, RejectedExample
from gateway.config.files import display
from gateway.config.folder import EXAMPLES_FILE
from gateway.config.options import Options
from gateway.errors import SchemaError
from gateway.model import Mode, Record, SchemaVersion
from gateway.notation.lines import LinePlace, json_place
from gateway.pipeline.routes import Inactive, RouteTable
from gateway.plan.findings import Area, Check, Finding, Grade
from gateway.plan.folder_schemas import FolderSchemas, KeptElsewhere, Wanted
from gateway.plan.misplaced import misplaced


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came out."""

    findings: tuple[Finding, ...]
    table: RouteTable
    """All contracts as they would run; those whose schema is not known here are inactive."""
    routes: tuple[Route, ...]
    """Those of the table that are active."""
    examples: int
    """How many were played."""
    unknown: frozenset[str]
    """Subjects of contracts whose schema no folder holds."""


def rehearse(
    contracts: Contracts, *, depth: int, arrival: int, known: Mapping[Wanted, SchemaVersion] | None = None
) -> Rehearsal:
    """What is wrong with the contracts' schemas and examples. ``arrival``: when messages arrive, in ms.

    A file that does not compile is INVALID, an example that does not hold a PROBLEM.
    """
    schemas = FolderSchemas(contracts, known)
    findings: list[Finding] = []
    unknown: set[str] = set()
    entries: list[Route | Inactive] = []
    for contract in contracts:
        for variant in contract.variants():
            entry, complaint = _cast(contract, variant, schemas, depth)
            entries.append(entry)
            if complaint is not None:
                findings.append(complaint)
            if isinstance(entry, Route):
                findings += misplaced(entry)
            elif complaint is not None and complaint.grade is Grade.UNKNOWN:
                unknown.add(variant.subject)
    for shared in contracts.shared_types:
        findings += _shared(shared, schemas)
    table = RouteTable(entries)
    played = 0
    for contract in contracts:
        if any(isinstance(entry, Inactive) and entry.contract is contract for entry in entries):
            continue  # said already, once, and why
        played += len(contract.examples.accepted) + len(contract.examples.rejected)
        findings += _play(contract, table, arrival)
    routes = tuple(entry for entry in entries if isinstance(entry, Route))
    return Rehearsal(tuple(dict.fromkeys(findings)), table, routes, played, frozenset(unknown))


def unusable(
    contracts: Contracts, *, depth: int, known: Mapping[Wanted, SchemaVersion] | None = None
) -> tuple[Finding, ...]:
    """What ``rehearse`` finds INVALID, in the same words, and nothing else: no example is played."""
    schemas = FolderSchemas(contracts, known)
    found = [_cast(contract, variant, schemas, depth)[1] for contract in contracts for variant in contract.variants()]
    found += [complaint for shared in contracts.shared_types for complaint in _shared(shared, schemas)]
    return tuple(dict.fromkeys(each for each in found if each is not None and each.grade is Grade.INVALID))


def _cast(
    contract: Contract, variant: Variant, schemas: FolderSchemas, depth: int
) -> tuple[Route | Inactive, Finding | None]:
    """The contract's route, or why it has none."""
    file = schemas.declared(variant.subject)
    shown = display(contract.file if file is None else file.path)
    try:
        return compile_route(contract, variant, schemas.version(variant.subject, contract.version), depth=depth), None
    except KeptElsewhere as exc:
        what = f"its schema, {exc.what}," if exc.subject == variant.subject else f"the referenced {exc.what}"
        message = f"{what} is in no folder, so examples are not played; check --online asks the registry"
        complaint = Finding(
            Grade.UNKNOWN, Area.SCHEMA, variant.subject, message, contract.name, shown, check=Check.REFERENCE
        )
    except SchemaError as exc:
        message = f"the contract cannot run with this schema: {exc}"
        complaint = _unusable(variant.subject, message, contract.name, shown, file, exc)
    label = label_of(contract, variant, None)
    return Inactive(contract, Where(contract, variant), label, complaint.message), complaint


def _shared(shared: SharedType, schemas: FolderSchemas) -> Iterator[Finding]:
    """What is wrong with a shared type, which no contract need refer to."""
    file = display(shared.schema.path)
    try:
        compile_codec(schemas.version(shared.subject), RuleBook(Mode.STRICT, Options(), ()))
    except KeptElsewhere as exc:
        message = f"the referenced {exc.what} is in no folder; check --online asks the registry"
        yield Finding(Grade.UNKNOWN, Area.SCHEMA, shared.subject, message, shared.name, file, check=Check.REFERENCE)
    except SchemaError as exc:
        message = f"the schema cannot be used: {exc}"
        yield _unusable(shared.subject, message, shared.name, file, shared.schema, exc)


def _unusable(
    subject: str, message: str, contract: str, shown: str, file: SchemaFile | None, error: SchemaError
) -> Finding:
    """A schema that breaks its specification, with the place in its file, where it has one."""
    place = LinePlace() if file is None else json_place(file.text, error.schema_path)
    return Finding(
        Grade.INVALID,
        Area.SCHEMA,
        subject,
        message,
        contract,
        shown,
        place.line,
        error.schema_path,
        check=Check.SCHEMA,
        column=place.column,
    )


def _play(contract: Contract, table: RouteTable, arrival: int) -> Iterator[Finding]:
    """The examples that do not hold."""
    readers: dict[Route, ReadBack] = {}
    variant = contract.variants()[0]
    examples: list[AcceptedExample | RejectedExample] = [*contract.examples.accepted, *contract.examples.rejected]
    for example in examples:
        topic = example.mqtt or example_topic(contract, variant, example.payload)
        outcome = table.encode(topic, example.payload, arrival)
        if isinstance(example, RejectedExample):
            disagreements = judge_rejected(example, outcome)
        elif isinstance(outcome, Record):
            route = next(each for each in table.routes if each.label is outcome.label)
            assert isinstance(route, Route)
            if route not in readers:
                readers[route] = compile_readback(route.version)
            disagreements = judge_accepted(example, outcome, route, readers[route])
            disagreements += _taken_by_another(contract, route)
        else:
            disagreements = judge_accepted(example, outcome, None, None)
        yield from (_finding(contract, example, each) for each in disagreements)


def _taken_by_another(contract: Contract, route: Route) -> list[Disagreement]:
    if route.contract is contract:
        return []
    return [Disagreement(Aspect.OUTCOME, "", "accepted by this contract", f"taken by contract {route.contract.name}")]


def _finding(contract: Contract, example: AcceptedExample | RejectedExample, wrong: Disagreement) -> Finding:
    kind = "accepted" if isinstance(example, AcceptedExample) else "rejected"
    place = f" at {wrong.path}" if wrong.path and wrong.aspect is not Aspect.OUTCOME else ""
    message = (
        f"{kind} example {example.name!r}, {wrong.aspect}{place}: expected {wrong.expected}, found {wrong.found}; "
        "mend the example, or what it shows to be wrong in schema or contract"
    )
    return Finding(
        Grade.PROBLEM,
        Area.EXAMPLE,
        example.name,
        message,
        contract.name,
        display(contract.folder / EXAMPLES_FILE),
        example.line,
        wrong.path,
        wrong.expected,
        wrong.found,
        Check.EXAMPLE,
    )
