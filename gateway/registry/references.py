"""From a flat version and what it refers to, to one ``SchemaVersion`` with everything resolved.

Two steps, so that the second is pure and serves the snapshot too: ``collect`` reads what is
reachable, ``assemble`` builds the tree. Both are bounded: a registry that lists cycles, endless
chains or thousands of schemas is broken or hostile, and is refused with ``UnusableAnswer``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from gateway.model import Reference, Registered, SchemaVersion
from gateway.registry.answers import UnusableAnswer

Key = tuple[str, int]
"""Subject and version."""

MAX_DEPTH = 32
"""Longest chain of references; real ones have two or three links."""
MAX_SCHEMAS = 256
"""Most schemas that one schema may reach."""


async def collect(root: Registered, read: Callable[[str, int], Awaitable[Registered]]) -> dict[Key, Registered]:
    """Every version that ``root`` reaches, itself included, each read once.

    Raises UnusableAnswer above MAX_SCHEMAS, and whatever ``read`` raises.
    """
    found: dict[Key, Registered] = {(root.subject, root.version): root}
    waiting = [root]
    while waiting:
        for reference in waiting.pop().references:
            key = (reference.subject, reference.version)
            if key in found:
                continue
            if len(found) >= MAX_SCHEMAS:
                raise UnusableAnswer(f"{_name(root)} reaches more than {MAX_SCHEMAS} schemas through references")
            found[key] = await read(*key)
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
            for reference in node.references:
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


def _name(node: Registered) -> str:
    return f"version {node.version} of {node.subject!r}"
