"""What would become of payloads, without broker, Kafka or registry: the heart of ``gateway try``.

Three ways to say under which rules: a schema alone, one contract folder, or a whole project and an MQTT
topic. All of them end in a route table, so that a payload goes the way that it will go in production.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway.compile.example import example_topic
from gateway.compile.judgement import body_of
from gateway.compile.readback import ReadBack, compile_readback
from gateway.compile.route import Route, compile_route
from gateway.config.contract import Contract, Contracts, SchemaFile
from gateway.config.load import Project, load_contracts, load_folder
from gateway.config.options import Options
from gateway.config.place import contract_name, contracts_root
from gateway.config.settings import Limits
from gateway.errors import ConfigError, ConfigProblem
from gateway.model import Coercion, Cut, Format, Mode, Record, Rejection, Stage
from gateway.notation.pointer import Pattern
from gateway.notation.template import Template
from gateway.notation.topics import TopicFilter
from gateway.pipeline.deadletter import error_object
from gateway.pipeline.engine import payload_too_large
from gateway.pipeline.routes import RouteTable
from gateway.plan.findings import refuse_invalid
from gateway.plan.folder_schemas import FolderSchemas, KeptElsewhere
from gateway.plan.misplaced import misplaced
from gateway.plan.rehearsal import rehearse

_ANY_TOPIC = "try"
_MOST_ANCESTORS = 4
"""Folders above a contract's in which its references are looked for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one payload."""

    payload: bytes
    topic: str
    record: Record | None
    rejection: Rejection | None
    value: Any = None
    """Of a record: what a reader gets back, as JSON."""
    body: bytes = b""
    """Of a record: what stands behind the wire prefix."""

    @property
    def coercions(self) -> tuple[Coercion, ...]:
        """The conversions that were made; none for a rejected payload."""
        return () if self.record is None else self.record.coercions

    @property
    def _end(self) -> Record | Rejection:
        """What it became."""
        end = self.rejection or self.record
        assert end is not None
        return end

    @property
    def contract(self) -> str | None:
        """The one that takes it; None where none does."""
        label = self._end.label
        return None if label is None else label.contract

    @property
    def device(self) -> str | None:
        """Who sent it; None where that is unknown."""
        return self._end.device

    def as_json(self, number: int, *, whole: bool) -> dict[str, Any]:
        """The line that ``--output json`` prints; ``whole`` adds what only a contract knows."""
        if self.rejection is not None:
            errors = [error_object(violation) for violation in self.rejection.violations]
            line = {"n": number, "accepted": False, "errors": errors, "truncated": self.rejection.truncated}
            return {**line, **self._place()} if whole else line
        assert self.record is not None
        coercions = [{"path": coercion.path, "code": coercion.code} for coercion in self.coercions]
        line = {
            "n": number,
            "accepted": True,
            "value": self.value,
            "payload": self.body.hex(),
            "coercions": coercions,
        }
        return {**line, **self._place()} if whole else line

    def _place(self) -> dict[str, Any]:
        """Where it would go."""
        place: dict[str, Any] = {"mqtt": self.topic, "contract": self.contract}
        if self.record is not None:
            # Text all of them, the GUID of `framing: header` too: here it is made up, of zeros (folder_schemas.py).
            headers = {name: data.decode() for name, data in self.record.headers or ()}
            place |= {"topic": self.record.topic, "key": (self.record.key or b"").decode(), "headers": headers}
            place["timestamp"] = self.record.timestamp
        return place


class Trial:
    """A route table, and where payloads arrive if nobody says."""

    def __init__(
        self,
        table: RouteTable,
        limits: Limits,
        *,
        topic: str | None = None,
        contract: Contract | None = None,
        remarks: Sequence[str] = (),
    ) -> None:
        """Payloads arrive on ``topic``, or on one that ``contract``'s filter matches."""
        self.remarks = remarks
        """What the contract declares in vain."""
        self._table = table
        self._limits = limits
        self._topic = topic
        self._contract = contract
        self._readers: dict[Route, ReadBack] = {}

    def run(self, payload: bytes, arrival: int, topic: str | None = None) -> Outcome:
        """What becomes of a payload that arrives at ``arrival`` (ms), on ``topic`` if given."""
        where = topic or self._topic or self._any_topic(payload)
        outcome = self._judge(payload, where, arrival)
        if isinstance(outcome, Rejection):
            return Outcome(payload, where, None, outcome)
        route = next(each for each in self._table.routes if each.label is outcome.label)
        assert isinstance(route, Route)
        if route not in self._readers:
            self._readers[route] = compile_readback(route.version)
        body = body_of(outcome, route)
        return Outcome(payload, where, outcome, None, self._readers[route](body), body)

    def _judge(self, payload: bytes, topic: str, arrival: int) -> Record | Rejection:
        if len(payload) <= self._limits.payload_bytes:
            return self._table.encode(topic, payload, arrival)
        label, device = self._table.owner(topic)
        cut = Cut(len(payload), sha256(payload).hexdigest())
        return Rejection(Stage.PACKET, (payload_too_large(cut),), label=label, device=device)

    def _any_topic(self, payload: bytes) -> str:
        contract = self._contract
        return _ANY_TOPIC if contract is None else example_topic(contract, contract.variants()[0], payload)


def try_schema(
    path: Path, mode: Mode, options: Options, overrides: Sequence[tuple[Pattern, Options]], *, limits: Limits
) -> Trial:
    """A trial of a schema alone. Raises ConfigError, SchemaError."""
    kind = Format.JSON if path.suffix == ".json" else Format.AVRO
    schema = SchemaFile(path, kind, _read(path))
    contract = Contract(
        path.name,
        path.parent,
        TopicFilter.parse("#"),
        Template.parse("try"),
        key=Template.parse(""),
        mode=mode,
        options=options,
        overrides=tuple(overrides),
        schema=schema,
    )
    return _trial(contract, Contracts(path.parent, (contract,)), limits)


def try_contract(folder: Path, *, limits: Limits, name: str | None = None) -> Trial:
    """A trial of one contract folder, called ``name`` or as in production, where that can be known.

    Schemas that it refers to are looked for in the folders above, that of all contracts first. Raises ConfigError,
    SchemaError.
    """
    declared = load_folder(folder, name=name or contract_name(folder))
    if not isinstance(declared, Contract):
        raise ConfigError(
            [ConfigProblem(str(folder), "is a shared type, which takes no messages: try its schema file")]
        )
    alone = Contracts(folder, (declared,))
    if not declared.references and declared.schema is not None:
        return _trial(declared, alone, limits)
    above, known = folder.absolute().parents, contracts_root(folder)
    for root in dict.fromkeys([each for each in above if each == known] + list(above)[:_MOST_ANCESTORS]):
        contracts = _loadable(root)
        if contracts is not None:
            try:
                return _trial(declared, contracts, limits)
            except KeptElsewhere:
                continue
    return _trial(declared, alone, limits)


def _loadable(root: Path) -> Contracts | None:
    """The contracts below a folder, None where it is no folder of contracts."""
    try:
        return load_contracts(root)
    except ConfigError:
        return None


def try_project(project: Project, topic: str | None, arrival: int) -> Trial:
    """A trial of all contracts, with payloads that arrive on ``topic``.

    Raises ConfigError where any schema cannot be used: ``run`` would leave its contract inactive, but here its
    payloads would look rejected.
    """
    limits = project.settings.limits
    rehearsal = rehearse(project.contracts, depth=limits.depth, arrival=arrival)
    refuse_invalid(rehearsal.findings)
    return Trial(rehearsal.table, limits, topic=topic)


def _trial(contract: Contract, contracts: Contracts, limits: Limits) -> Trial:
    schemas = FolderSchemas(contracts)
    try:
        routes = [
            compile_route(contract, variant, schemas.version(variant.subject, contract.version), depth=limits.depth)
            for variant in contract.variants()
        ]
    except KeptElsewhere as exc:
        if contracts.folder == contract.folder:
            advice = "use -c gateway.yaml" if exc.version is None else "gateway check --online asks the registry for it"
            message = f"needs {exc.what}, which no folder above holds: {advice}"
            raise ConfigError([ConfigProblem(str(contract.file), message)]) from exc
        raise
    remarks = dict.fromkeys(finding.message for route in routes for finding in misplaced(route))
    return Trial(RouteTable(routes), limits, contract=contract, remarks=tuple(remarks))


def _read(path: Path) -> str:
    """A schema file's text. Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError([ConfigProblem(str(path), f"cannot be read: {exc.strerror or exc}")]) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError([ConfigProblem(str(path), f"is not UTF-8 text (byte {exc.start})")]) from exc
