"""What must fit together between the folders below ``schemas/``.

A message must have one contract, a topic one kind of schema, a subject one folder that holds its
schema; none of that can be seen in a single folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

from gateway.config.contract import Contract, Scalar, SharedType
from gateway.config.declaration import same
from gateway.config.files import Source
from gateway.config.folder import Folder
from gateway.errors import ConfigProblem
from gateway.notation.topics import covers, overlap

Claim: TypeAlias = tuple[Contract, Source]


def conflicts(folders: Sequence[Folder], unrouted: str | None) -> list[ConfigProblem]:
    """Everything in which folders contradict each other.

    ``unrouted`` is the dead-letter topic of messages that no contract claims, where it is known.
    """
    claims = [(folder.declared, folder.source) for folder in folders if isinstance(folder.declared, Contract)]
    return [
        *_filters(claims),
        *_topics(claims),
        *_dead_letters(claims, unrouted),
        *_subjects(folders),
        *_compatibility(folders),
        *_references(folders),
    ]


def _filters(claims: Sequence[Claim]) -> Iterator[ConfigProblem]:
    """Filters that match a topic together without one of them being strictly narrower."""
    for (first, _), (second, source) in combinations(claims, 2):
        topic = overlap(first.filter, second.filter)
        if topic is None:
            continue
        wider, narrower = covers(first.filter, second.filter), covers(second.filter, first.filter)
        if wider and narrower:
            message = _undecided(first, second)
            if message:
                yield source.problem(("where",) if second.where else ("mqtt",), message)
        elif not wider and not narrower:
            message = (
                f"{second.filter} and {first.filter} of contract {first.name} both match {topic}, and neither is "
                "narrower: make one of them more specific"
            )
            yield source.problem(("mqtt",), message)


def _undecided(first: Contract, second: Contract) -> str | None:
    """Why two contracts on one filter leave open which of them takes a message; None if they do not."""
    if not first.where and not second.where:
        return (
            f"has the same filter as contract {first.name}, and neither has a where: "
            "add where to one of them, or to both"
        )
    if not first.where or not second.where:
        return None
    ours, theirs = _conditions(first), _conditions(second)
    for key in ours.keys() & theirs.keys():
        if not any(same(a, b) for a in ours[key] for b in theirs[key]):
            return None
    return (
        f"can hold for the same message as where of contract {first.name}, which has the same filter: "
        "both need a key in common whose values differ"
    )


def _conditions(contract: Contract) -> dict[str | int, tuple[Scalar, ...]]:
    """``where`` with captures by the position of their level, because each contract names them itself."""
    names = contract.filter.names
    return {names.index(key) if key in names else key: values for key, values in contract.where.items()}


def _topics(claims: Sequence[Claim]) -> Iterator[ConfigProblem]:
    """Kafka topics that contracts share without explicit subjects, or with different kinds of schema."""
    by_topic: dict[str, list[Claim]] = defaultdict(list)
    for contract, source in claims:
        for topic in {variant.topic for variant in contract.variants()}:
            by_topic[topic].append((contract, source))
    for topic, sharing in by_topic.items():
        for contract, source in sharing if len(sharing) > 1 else ():
            if not contract.declares_subject:
                others = ", ".join(other.name for other, _ in sharing if other is not contract)
                message = f"the topic {topic} is shared with {others}: each of them must declare its subject, add it"
                yield source.problem(("topic",), message)
        formats = [(claim, claim[0].schema.format) for claim in sharing if claim[0].schema is not None]
        for (contract, source), kind in formats[1:]:
            (first, _), expected = formats[0]
            if kind is not expected:
                message = (
                    f"the topic {topic} would hold {kind} of {contract.name} and {expected} of {first.name}: "
                    "readers need one kind, use another topic"
                )
                yield source.problem(("topic",), message)


def _dead_letters(claims: Sequence[Claim], unrouted: str | None) -> Iterator[ConfigProblem]:
    """Dead-letter topics in which accepted records arrive too."""
    main = {variant.topic: contract.name for contract, _ in claims for variant in contract.variants()}
    for contract, source in claims:
        for topic in sorted({variant.dead_letters for variant in contract.variants()} & main.keys()):
            message = f"dead letters would go to {topic}, the topic of contract {main[topic]}: choose another"
            yield source.problem(("dead_letters",), message)
        if unrouted in {variant.topic for variant in contract.variants()}:
            message = f"{unrouted} is the topic of dead letters that no contract claims (dead_letters.unrouted)"
            yield source.problem(("topic",), f"{message}: choose another")


def subjects(declared: Contract | SharedType) -> tuple[str, ...]:
    """The subjects that a folder stands for, each once."""
    if isinstance(declared, SharedType):
        return (declared.subject,)
    return tuple(dict.fromkeys(variant.subject for variant in declared.variants()))


def _subjects(folders: Sequence[Folder]) -> Iterator[ConfigProblem]:
    """Subjects whose schema two folders hold."""
    holder: dict[str, Folder] = {}
    for folder in folders:
        for subject in subjects(folder.declared) if folder.declared.schema is not None else ():
            first = holder.setdefault(subject, folder)
            if first is not folder:
                message = (
                    f"the schema of subject {subject} is in folder {first.declared.name} already: "
                    "remove the schema file here, or name another subject"
                )
                yield folder.source.problem(("subject",), message)


def _compatibility(folders: Sequence[Folder]) -> Iterator[ConfigProblem]:
    """Subjects for which folders want different compatibility levels."""
    wanted: dict[str, Folder] = {}
    for folder in folders:
        level = folder.declared.compatibility
        for subject in subjects(folder.declared) if level is not None else ():
            first = wanted.setdefault(subject, folder)
            if first.declared.compatibility is not level:
                message = (
                    f"{level} is wanted for subject {subject}, and {first.declared.compatibility} by folder "
                    f"{first.declared.name}: a subject has one level, keep it in one place"
                )
                yield folder.source.problem(("compatibility",), message)


def _references(folders: Sequence[Folder]) -> Iterator[ConfigProblem]:
    """References to a schema of another kind, and references that lead back to where they began."""
    holder = {subject: folder for folder in folders if folder.declared.schema for subject in subjects(folder.declared)}
    for folder in folders:
        for position, reference in enumerate(folder.declared.references):
            path = ("references", position, "subject")
            target = holder.get(reference.subject)
            if target is None:
                continue
            ours, theirs = folder.declared.schema, target.declared.schema
            if ours and theirs and ours.format is not theirs.format:
                message = (
                    f"{reference.subject} is {theirs.format} (folder {target.declared.name}), this is {ours.format}"
                )
                yield folder.source.problem(path, f"{message}: a schema can only refer to its own kind")
            elif _reaches(target, folder, holder):
                message = f"{reference.subject} refers back to this schema: remove one of the references"
                yield folder.source.problem(path, message)


def _reaches(start: Folder, goal: Folder, holder: Mapping[str, Folder]) -> bool:
    """Whether the references of ``start`` lead to ``goal``."""
    seen: list[Folder] = []
    ahead = [start]
    while ahead:
        folder = ahead.pop()
        if folder is goal:
            return True
        if folder not in seen:
            seen.append(folder)
            ahead += [holder[ref.subject] for ref in folder.declared.references if ref.subject in holder]
    return False
