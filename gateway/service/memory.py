"""What the service remembers across restarts, in small files of the state folder.

- ``held-filters.json``: the topic filters that the broker holds for our session, and those that it may hold. MQTT has
  no way to ask for them, giving up one by mistake would lose messages, and one that nobody remembers brings them twice.
- ``schemas-in-use.json``: the versions that each contract last had in use, so that a version that was held
  back stays held back after a restart.

A file that cannot be read counts as absent, one that cannot be written is reported once, and written when
it can be: the gateway goes on, and remembers for as long as it runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
    """Filter, as it went to the broker -> granted QoS: the session holds these."""
    complete: bool = True
    """The session has no others, but for ``possible``; False where it is older than this file."""
    possible: tuple[str, ...] = ()
    """Filters that the session may hold besides, sorted. A file of an older gateway has none."""
    settled: tuple[str, ...] = ()
    """Those of ``filters`` that a broker does not lose when it is killed, sorted. Needed for MQTT 3.1.1 only."""


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
    """The filters that the broker holds for our session, as far as we know.

    Rules
    - What is asked of the broker is written down before it is sent, because its answer may be lost: until then a filter
      may be held, and what is to be given up is not relied on any more.
    - Only what is settled need not be asked for again. Whoever calls ``settle`` decides; a repeated request unsettles,
      because its answer may be lost as well.
    - What may be held stays so for the session's life, also when the broker has said that it gave it up: one that is
      killed comes back as it was when it last saved. So the file grows by the filters that contracts no longer have,
      some dozen bytes each; as long as a filter is wanted it has one entry.
    """

    def __init__(self, folder: Path, client_id: str, url: str) -> None:
        """Reads the file; what it says of another session counts for nothing."""
        self._file = _File(folder / "held-filters.json", Filters)
        content: Filters | None = self._file.load()
        if content is None or (content.client_id, content.url) != (client_id, url):
            content = Filters(client_id, url, {}, complete=False)
        usable = _usable(content)
        self._know(msgspec.structs.replace(usable, complete=content.complete and usable == content))

    @property
    def filters(self) -> dict[str, int]:
        """Filter, as it went to the broker -> granted QoS. Not to be changed."""
        return self._known.filters

    @property
    def possible(self) -> tuple[str, ...]:
        """Filters that the session may hold, and that are not in ``filters``."""
        return self._known.possible

    @property
    def complete(self) -> bool:
        """Whether the session can hold nothing else: not if it is older than what we remember (a lost state folder)."""
        return self._known.complete

    def is_settled(self, name: str, qos: int) -> bool:
        """Whether the session has the filter at that QoS beyond doubt: a broker that comes back has it too."""
        return name in self._known.settled and self._known.filters[name] == qos

    def bring(self, contract: Contract) -> bool:
        """Whether the session brings all the contract's messages, subscribed or not: a held filter covers its own."""
        return self._coverage.bring(contract.filter)

    def may_bring(self, contract: Contract) -> bool:
        """Whether the session may bring a message of the contract, as far as we can tell."""
        return not self.complete or self._possible_coverage.touch(contract.filter)

    def ask(self, names: Collection[str]) -> None:
        """To be called before SUBSCRIBE is sent: the session may hold these from now on, whether we hear so or not."""
        known = self._known
        self._remember(known.filters, {*known.possible, *names}, set(known.settled).difference(names))

    def grant(self, granted: dict[str, int]) -> None:
        """The broker holds these, at that QoS. Writes what could not be written before, also where nothing is new."""
        self._remember(self._known.filters | granted, self._known.possible, self._known.settled)

    def settle(self, names: Iterable[str]) -> None:
        """The broker would not lose these any more; those that it does not surely hold are passed over."""
        self._remember(self._known.filters, self._known.possible, {*self._known.settled, *names})

    def give_up(self, names: Collection[str]) -> None:
        """To be called before UNSUBSCRIBE is sent: none of these is sure any more, and none is sure to be gone."""
        known = self._known
        kept = {name: qos for name, qos in known.filters.items() if name not in names}
        self._remember(kept, {*known.possible, *names}, known.settled)

    def forget(self) -> None:
        """Forgets all: the broker has made a new session, which holds nothing."""
        self._replace(Filters(self._known.client_id, self._known.url, {}))

    def _remember(self, filters: dict[str, int], possible: Iterable[str], settled: Iterable[str]) -> None:
        """These, in a form that says the same always in the same way."""
        possible = tuple(sorted(set(possible) - filters.keys()))
        settled = tuple(sorted(filters.keys() & settled))
        self._replace(msgspec.structs.replace(self._known, filters=filters, possible=possible, settled=settled))

    def _replace(self, known: Filters) -> None:
        if known != self._known:
            self._know(known)
            self._file.save(known)
        else:
            self._file.retry()

    def _know(self, known: Filters) -> None:
        self._known = known
        self._coverage = FilterSet(known.filters)
        self._possible_coverage = FilterSet([*known.filters, *known.possible])


def _usable(known: Filters) -> Filters:
    """What of the file are filters: one that somebody edited must not stop the gateway."""
    filters = {name: qos for name, qos in known.filters.items() if _is_filter(name)}
    possible = tuple(filter(_is_filter, known.possible))
    settled = tuple(name for name in known.settled if name in filters)
    return msgspec.structs.replace(known, filters=filters, possible=possible, settled=settled)


def _is_filter(name: str) -> bool:
    try:
        bare_filter(name)
    except (NotationError, IndexError) as exc:
        _log.warning("held_filter_ignored", filter=name, reason=str(exc))
        return False
    return True


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
