"""What the service remembers across restarts, in small files of the state folder.

- ``held-filters.json``: the topic filters that the broker holds for our session. MQTT has no way to ask
  for them, and giving up one by mistake would lose messages.
- ``schemas-in-use.json``: the versions that each contract last had in use, so that a version that was held
  back stays held back after a restart.

A file that cannot be read counts as absent, one that cannot be written is reported once, and written when
it can be: the gateway goes on, and remembers for as long as it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog

from gateway.config.contract import Contract
from gateway.notation import NotationError
from gateway.registry.durable import write_atomically
from gateway.service.coverage import FilterSet, bare_filter

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Filters(msgspec.Struct, frozen=True):
    """The filters of one session."""

    client_id: str
    url: str
    filters: dict[str, int]
    """Filter, as it went to the broker -> granted QoS."""
    complete: bool = True
    """The session has no others; False where it is older than this file."""


class VersionsInUse(msgspec.Struct, frozen=True):
    """The versions in use of the contracts that follow the latest."""

    contracts: dict[str, dict[str, int]]
    """Contract -> subject -> version."""


class _File:
    """One JSON file of a known shape."""

    def __init__(self, path: Path, shape: type[Any]) -> None:
        self._path = path
        self._shape = shape
        self._unwritten: Any = None
        """The content that could not be written."""

    def load(self) -> Any:
        """The content, None if there is none or it cannot be used."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=self._shape)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeError) as exc:
            _log.warning("state_file_ignored", path=str(self._path), reason=str(exc))
            return None

    def save(self, content: Any) -> None:
        """Replaces the content; a failure is logged once, until it works again."""
        try:
            write_atomically(self._path, msgspec.json.format(msgspec.json.encode(content)))
        except OSError as exc:
            if self._unwritten is None:
                _log.warning("state_file_not_written", path=str(self._path), reason=exc.strerror or str(exc))
            self._unwritten = content
        else:
            self._unwritten = None

    def retry(self) -> None:
        """Writes what could not be written before: the disk may have room again."""
        if self._unwritten is not None:
            self.save(self._unwritten)


class HeldFilters:
    """The filters that the broker holds for our session, as far as we know."""

    def __init__(self, folder: Path, client_id: str, url: str) -> None:
        """Reads the file; what it says of another session counts for nothing."""
        self._file = _File(folder / "held-filters.json", Filters)
        content: Filters | None = self._file.load()
        if content is None or (content.client_id, content.url) != (client_id, url):
            content = Filters(client_id, url, {}, complete=False)
        usable = _usable(content.filters)
        self._known = Filters(client_id, url, usable, complete=content.complete and usable == content.filters)
        self._coverage = FilterSet(self.filters)

    @property
    def filters(self) -> dict[str, int]:
        """Filter, as it went to the broker -> granted QoS. Not to be changed."""
        return self._known.filters

    @property
    def complete(self) -> bool:
        """Whether the session can have no others: not if it is older than what we remember (a lost state folder)."""
        return self._known.complete

    def bring(self, contract: Contract) -> bool:
        """Whether the session brings all the contract's messages, subscribed or not: a held filter covers its own."""
        return self._coverage.bring(contract.filter)

    def may_bring(self, contract: Contract) -> bool:
        """Whether the session may bring a message of the contract, as far as we can tell."""
        return not self.complete or self._coverage.touch(contract.filter)

    def replace(self, filters: dict[str, int]) -> None:
        """Remembers exactly these, and writes what could not be written before."""
        self._remember(msgspec.structs.replace(self._known, filters=dict(filters)))

    def forget(self) -> None:
        """Forgets all: the broker has made a new session, which holds nothing."""
        self._remember(msgspec.structs.replace(self._known, filters={}, complete=True))

    def _remember(self, known: Filters) -> None:
        if known != self._known:
            self._known = known
            self._coverage = FilterSet(known.filters)
            self._file.save(known)
        else:
            self._file.retry()


def _usable(filters: dict[str, int]) -> dict[str, int]:
    """The filters of the file that are any: a file that somebody edited must not stop the gateway."""
    usable: dict[str, int] = {}
    for name, qos in filters.items():
        try:
            bare_filter(name)
        except (NotationError, IndexError) as exc:
            _log.warning("held_filter_ignored", filter=name, reason=str(exc))
        else:
            usable[name] = qos
    return usable


class LastVersions:
    """The version that each contract last had in use of each subject."""

    def __init__(self, folder: Path) -> None:
        """Reads the file."""
        self._file = _File(folder / "schemas-in-use.json", VersionsInUse)
        content: VersionsInUse | None = self._file.load()
        self._contracts = dict(content.contracts) if content is not None else {}

    def get(self, contract: str, subject: str) -> int | None:
        """The version, None if none was ever in use."""
        return self._contracts.get(contract, {}).get(subject)

    def put(self, contract: str, subject: str, version: int) -> None:
        """Remembers that the version is in use."""
        if self.get(contract, subject) != version:
            self._contracts.setdefault(contract, {})[subject] = version
            self._file.save(VersionsInUse(self._contracts))

    def drop(self, contract: str, subject: str) -> None:
        """Forgets the version: it is not to be used again."""
        if self._contracts.get(contract, {}).pop(subject, None) is not None:
            self._file.save(VersionsInUse(self._contracts))

    def retry(self) -> None:
        """Writes what could not be written before."""
        self._file.retry()
