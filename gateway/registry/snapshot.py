"""The registry's answers on disk: what the gateway starts with while the registry is down.

One JSON file, ``registry-snapshot.json`` in the state folder, written whole and only when something
changed. It is a help, never a source of failure: a corrupt file, one of another registry or one of
another format is ignored and logged, a full disk keeps the old file; ``problem`` says so for status
and metrics.

The file belongs to one registry, named by its URLs: schema IDs of another one would be wrong bytes
in Kafka. One URL in common is enough, so that a node can be added to the list.

Reading and writing are synchronous: some kilobytes, at start and when a schema changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from gateway.errors import SchemaError
from gateway.model import Registered
from gateway.registry.answers import UnusableAnswer, read_registered, write_registered
from gateway.registry.durable import write_atomically
from gateway.registry.references import Key, assemble

FILE_NAME = "registry-snapshot.json"
FORMAT = 1
"""Raised when an older gateway could misread the file; a file of another format is ignored."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Content:
    """What a snapshot holds."""

    written_at_ms: int = 0
    """Milliseconds since 1970 UTC; 0 where there was no usable file."""
    latest: Mapping[str, int] = field(default_factory=dict)
    """Subject to the version that was its latest."""
    versions: Mapping[Key, Registered] = field(default_factory=dict)
    """Every version seen, those that others refer to included."""


class Snapshot:
    """The snapshot file in one state folder, for the registry at ``urls``."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self.path = folder / FILE_NAME
        self.problem: str | None = None
        """Why the last reading or writing failed; None while all is well."""
        self._urls = sorted(urls)

    def load(self) -> Content:
        """What the file holds; an empty content if there is none or it cannot be used. Never raises for a file."""
        try:
            content = _decode(self.path.read_bytes(), self._urls)
        except FileNotFoundError:
            content = Content()
        except (OSError, UnusableAnswer, SchemaError) as exc:
            self.problem = f"{self.path} is ignored: {exc}"
            _log.warning("registry_snapshot_ignored", path=str(self.path), reason=str(exc))
            content = Content()
        return content

    def save(self, content: Content) -> bool:
        """Whether ``content`` is on disk now; if not, the old file still is, and ``problem`` says why."""
        try:
            write_atomically(self.path, _encode(content, self._urls))
        except OSError as exc:
            problem = f"{self.path} cannot be written: {exc.strerror or exc}"
            if problem != self.problem:  # a full disk is reported once, not with every refresh
                _log.warning("registry_snapshot_not_written", path=str(self.path), reason=exc.strerror or str(exc))
            self.problem = problem
            return False
        self.problem = None
        return True


def _encode(content: Content, urls: Sequence[str]) -> bytes:
    body = {
        "registry": list(urls),
        "written_at_ms": content.written_at_ms,
        "latest": dict(content.latest),
        "versions": [write_registered(registered) for registered in content.versions.values()],
    }
    return json.dumps({"format": FORMAT, "sha256": _checksum(body), "content": body}, indent=1).encode()


def _decode(raw: bytes, urls: Sequence[str]) -> Content:
    """Raises UnusableAnswer, SchemaError."""
    try:
        file = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise UnusableAnswer(f"not JSON ({exc})") from exc
    if not isinstance(file, dict) or file.get("format") != FORMAT:
        raise UnusableAnswer(f"not a snapshot of format {FORMAT}")
    body = file.get("content")
    if not isinstance(body, dict) or file.get("sha256") != _checksum(body):
        raise UnusableAnswer("its checksum does not match its content")
    if not set(_list(body, "registry")) & set(urls):
        raise UnusableAnswer(f"it belongs to another registry ({', '.join(map(str, body['registry']))})")
    versions = {}
    for entry in _list(body, "versions"):
        subject = entry.get("subject") if isinstance(entry, dict) else None
        if not isinstance(subject, str):
            raise UnusableAnswer("a version without its subject")
        registered = read_registered(entry, subject)
        versions[subject, registered.version] = registered
    for registered in versions.values():
        assemble(registered, versions)  # every reference is there
    latest = body.get("latest")
    written_at_ms = body.get("written_at_ms")
    if not isinstance(latest, dict) or type(written_at_ms) is not int:
        raise UnusableAnswer("'latest' or 'written_at_ms' is missing")
    if not all((subject, version) in versions for subject, version in latest.items()):
        raise UnusableAnswer("a latest version is not among its versions")
    return Content(written_at_ms, latest, versions)


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    value = body.get(key)
    if not isinstance(value, list):
        raise UnusableAnswer(f"{key!r} is not a list")
    return value


def _checksum(body: Mapping[str, Any]) -> str:
    """SHA-256 of the content, independent of white space and the order of keys."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
