"""From a flat version and what it refers to, to one ``SchemaVersion`` with everything resolved, and back.

Two steps, so that the second is pure and serves the snapshot too: ``collect`` reads what is
reachable, ``assemble`` builds the tree; ``flat`` undoes it. All are bounded: a registry that lists cycles, endless
chains or thousands of schemas is broken or hostile, and is refused with ``UnusableAnswer``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from gateway.model import Reference, ReferenceTo, Registered, SchemaVersion
from gateway.notation.contexts import referred_subject
from gateway.registry.answers import Candidate, UnusableAnswer

Key = tuple[str, int]
"""Subject and version."""

MAX_DEPTH = 32
"""Longest chain of references; real ones have two or three links."""
MAX_SCHEMAS = 256
"""Most schemas that one schema may reach."""
MAX_BYTES = 16 * 1024 * 1024
"""Largest sum of the texts that one schema may reach, itself included, in UTF-8."""


async def collect(root: Registered, read: Callable[[str, int], Awaitable[Registered]]) -> dict[Key, Registered]:
    """Every version that ``root`` reaches, itself included, each read once.

    Raises UnusableAnswer above MAX_SCHEMAS or MAX_BYTES, and whatever ``read`` raises.
    """
    size = _size(root)
    found: dict[Key, Registered] = {(root.subject, root.version): root}
    waiting = [root]
    while waiting:
        for key in _targets(waiting.pop()):
            if key in found:
                continue
            if len(found) >= MAX_SCHEMAS:
                raise UnusableAnswer(f"{_name(root)} reaches more than {MAX_SCHEMAS} schemas through references")
            found[key] = await read(*key)
            size += _size(found[key])
            if size > MAX_BYTES:
                raise UnusableAnswer(
                    f"{_name(root)} and the schemas that it refers to have more than {MAX_BYTES} bytes"
                )
            waiting.append(found[key])
    return found


def assemble(root: Registered, nodes: Mapping[Key, Registered]) -> SchemaVersion:
    """``root`` with its references resolved from ``nodes``; what is referred to twice is one object.

    Raises UnusableAnswer for a missing node, a cycle, or a chain above MAX_DEPTH.
    """
    built: dict[Key, SchemaVersion] = {}

    def build(node: Registered, above: tuple[Key, ...]) -> SchemaVersion:
        key = (node.subject, node.version)
        if key in above:
            raise UnusableAnswer(f"{_name(node)} refers to itself through its references")
        if len(above) >= MAX_DEPTH:
            raise UnusableAnswer(f"{_name(root)} has a chain of more than {MAX_DEPTH} references")
        if key not in built:
            references = []
            for reference in qualified(node.subject, node.references):
                target = nodes.get((reference.subject, reference.version))
                if target is None:
                    message = f"{_name(node)} refers to version {reference.version} of {reference.subject!r}: not there"
                    raise UnusableAnswer(message)
                references.append(Reference(reference.name, build(target, (*above, key))))
            built[key] = SchemaVersion(
                subject=node.subject,
                version=node.version,
                schema_id=node.schema_id,
                format=node.format,
                text=node.text,
                guid=node.guid,
                references=tuple(references),
            )
        return built[key]

    return build(root, ())


def reachable(roots: Iterable[Key], nodes: Mapping[Key, Registered]) -> dict[Key, Registered]:
    """Those of ``nodes`` that are among ``roots``, or that these lead to."""
    found: dict[Key, Registered] = {}
    waiting = list(roots)
    while waiting:
        key = waiting.pop()
        if key in nodes and key not in found:
            found[key] = nodes[key]
            waiting += _targets(nodes[key])
    return found


def flat(version: SchemaVersion) -> dict[Key, Registered]:
    """``version`` and all that it reaches, each once, as the registry lists them.

    For comparisons: two trees have as many branches as there are ways through their references, which may be 2 to
    the power of their depth.
    """
    found: dict[Key, Registered] = {}
    waiting = [version]
    while waiting:
        node = waiting.pop()
        key = (node.subject, node.version)
        if key not in found:
            found[key] = _listed(node)
            waiting += [reference.schema for reference in node.references]
    return found


def is_same(one: SchemaVersion, other: SchemaVersion) -> bool:
    """Whether the two are the same version with the same ID and schema, down to the last reference.

    The GUID does not count: the same schema has the same, where a registry gives it at all.
    """
    if one is other:
        return True
    if (one.subject, one.version) != (other.subject, other.version):
        return False
    mine, theirs = flat(one), flat(other)
    return mine.keys() == theirs.keys() and all(is_listed_same(mine[key], theirs[key]) for key in mine)


def is_listed_same(one: Registered, other: Registered) -> bool:
    """Whether the two, listed under the same subject and version, have the same ID and are the same schema."""
    return content(one) == content(other) and one.schema_id == other.schema_id


def content(node: Registered) -> Candidate:
    """The schema of a version, wherever it is listed; references with their context."""
    return Candidate(node.format, node.text, qualified(node.subject, node.references))


def qualified(referrer: str, references: Iterable[ReferenceTo]) -> tuple[ReferenceTo, ...]:
    """References of a schema of the subject ``referrer``, which may leave out its context, with their context."""
    return tuple(replace(each, subject=referred_subject(each.subject, referrer)) for each in references)


def refers(node: Registered, key: Key) -> bool:
    """Whether a version refers to another directly."""
    return key in _targets(node)


def _targets(node: Registered) -> list[Key]:
    return [(each.subject, each.version) for each in qualified(node.subject, node.references)]


def _listed(version: SchemaVersion) -> Registered:
    references = (
        ReferenceTo(reference.name, reference.schema.subject, reference.schema.version)
        for reference in version.references
    )
    return Registered(
        subject=version.subject,
        version=version.version,
        schema_id=version.schema_id,
        format=version.format,
        text=version.text,
        guid=version.guid,
        references=tuple(references),
    )


def _size(node: Registered) -> int:
    return len(node.text.encode("utf-8", "surrogatepass"))


def _name(node: Registered) -> str:
    return f"version {node.version} of {node.subject!r}"
