"""Schema Registry's REST interface as a few calls that answer with checked values, uncached.

For ``plan``, ``check`` and the command line, which want to know how things stand now; the running
gateway reads through ``cache.CachedRegistry``, which stands on top of this.

Rules
- Every foreign exception and every odd answer becomes one of ours here: SubjectNotFound only when
  the registry says so in its own words, twice; everything else is RegistryUnavailable, because then
  nothing is known. Messages name the URL (without credentials), what came, and what to do.
- Every call ends within twice the time-out, whatever the registry does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gateway.config.contract import Compatibility
from gateway.config.settings import Registry as RegistrySettings
from gateway.errors import GatewayError, RegistryUnavailable, SubjectNotFound, VersionNotFound
from gateway.model import Registered, SchemaVersion
from gateway.notation.contexts import DEFAULT, context_of
from gateway.registry.answers import (
    Candidate,
    UnusableAnswer,
    read_compatibility,
    read_numbers,
    read_owners,
    read_place,
    read_registered,
    read_schema,
    read_schema_id,
    read_subjects,
    read_verdict,
    write_candidate,
)
from gateway.registry.failures import (
    FOREIGN,
    CredentialsRefused,
    Refusal,
    RegistryDown,
    explain,
    refusal,
    unavailable,
)
from gateway.registry.references import assemble, collect
from gateway.registry.session import Session

SECOND_LOOK_S = 0.25
"""Pause before "not found" is believed: a follower may lag behind its leader for a moment."""
RETRY_PAUSE_S = 0.2
"""Pause before the one repetition of a request that failed at once."""

NOT_FOUND_CODES = frozenset({40401, 40402, 40403})
"""Subject, version, schema. A plain 404 comes from a proxy or a wrong base path, and says nothing."""
NO_VERSION = 40402
NO_SUBJECT_CONFIG = 40408
NOT_DELETED_CODES = frozenset({40405, 40407})
"""The subject, or the version, must be deleted softly first."""
DELETED_CODES = frozenset({40404, 40406})
"""The subject, or the version, was deleted softly before."""


class SchemaRefused(GatewayError):
    """The registry does not take a schema: it is invalid, or incompatible with earlier versions."""

    def __init__(self, message: str, *, incompatible: bool) -> None:
        self.incompatible = incompatible
        """The schema itself is fine; the subject's compatibility level forbids it."""
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a schema could be registered under a subject by its compatibility level."""

    compatible: bool
    messages: tuple[str, ...]
    """The registry's reasons, if it gives any."""


class RegistryClient:
    """Reads and writes at the registry, each call a request, nothing cached. Implements ``cache.Reader``."""

    def __init__(self, settings: RegistrySettings, file: str = "gateway.yaml") -> None:
        """Opens no connection yet. Raises ConfigError for properties that cannot work."""
        self._session = Session(settings, file)

    @property
    def urls(self) -> tuple[str, ...]:
        """The registry's base URLs, without credentials."""
        return self._session.urls

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._session.aclose()

    # Reading

    async def latest(self, subject: str) -> SchemaVersion:
        """The subject's latest version, references resolved.

        Raises SubjectNotFound, RegistryUnavailable; UnsupportedFormat where the schema is neither AVRO nor JSON.
        """
        return await self._resolve(await self.read_latest(subject))

    async def version(self, subject: str, version: int) -> SchemaVersion:
        """One version of a subject, references resolved. Raises as ``latest``."""
        return await self._resolve(await self.read_version(subject, version))

    async def read_latest(self, subject: str, *, looks: int = 2) -> Registered:
        """The subject's latest version, references as the registry lists them. Raises as ``latest``.

        ``looks``: how often "not found" must be said; once is enough for who expects it.
        """
        answer = await self._look(f"subjects/{_quoted(subject)}/versions/latest", f"subject {subject!r}", looks)
        with self._checking():
            return read_registered(answer, subject)

    async def read_latest_place(self, subject: str, *, looks: int = 2) -> tuple[int, int]:
        """Version and schema ID of the latest version, of whatever type. Raises SubjectNotFound, RegistryUnavailable.

        ``looks`` is as in ``read_latest``.
        """
        answer = await self._look(f"subjects/{_quoted(subject)}/versions/latest", f"subject {subject!r}", looks)
        with self._checking():
            return read_place(answer)

    async def read_version(self, subject: str, version: int) -> Registered:
        """One version of a subject, references as the registry lists them. Raises as ``latest``."""
        what = f"version {version} of subject {subject!r}"
        answer = await self._look(f"subjects/{_quoted(subject)}/versions/{version}", what)
        with self._checking():
            return read_registered(answer, subject, version)

    async def read_schema(self, schema_id: int, subject: str) -> Candidate | None:
        """What the schema ID means where ``subject`` is: a context has IDs of its own. Deleted softly or not.

        None where it means nothing, or a schema of a type that the gateway does not take. Raises RegistryUnavailable.
        """
        # Only who knows contexts is asked with the subject: to Confluent it means no more than its context.
        query = {} if context_of(subject) == DEFAULT else {"subject": subject}
        try:
            answer = await self._look(f"schemas/ids/{schema_id}", f"schema ID {schema_id}", query=query)
        except SubjectNotFound:
            return None
        with self._checking():
            return read_schema(answer)

    async def versions(self, subject: str) -> list[int]:
        """The versions of a subject that are not deleted, in order. Raises SubjectNotFound, RegistryUnavailable."""
        answer = await self._look(f"subjects/{_quoted(subject)}/versions", f"subject {subject!r}")
        with self._checking():
            return read_numbers(answer)

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects, with ``deleted`` also those that are deleted softly; Apicurio lists at most 1000.

        Raises RegistryUnavailable.
        """
        with self._checking():
            return read_subjects(await self._ask("GET", "subjects", deleted=deleted))

    async def referrers(self, subject: str, version: int) -> set[str]:
        """The subjects with a version that refers to this one; none where a registry cannot tell.

        Raises RegistryUnavailable.
        """
        found: set[str] = set()
        with self._checking():
            try:
                path = f"subjects/{_quoted(subject)}/versions/{version}/referencedby"
                for schema_id in read_numbers(await self._ask("GET", path)):
                    found.update(read_owners(await self._ask("GET", f"schemas/ids/{schema_id}/versions")))
            except Refusal as exc:
                if exc.status not in {404, 405}:
                    raise
        return found

    async def lookup(self, subject: str, candidate: Candidate, *, normalize: bool = False) -> Registered | None:
        """The version of ``subject`` with exactly this schema, None if there is none.

        Raises RegistryUnavailable; SchemaRefused where the registry cannot read the schema.
        """
        with self._checking(subject):
            try:
                answer = await self._ask(
                    "POST", f"subjects/{_quoted(subject)}", write_candidate(candidate), normalize=normalize
                )
            except Refusal as exc:
                if _not_found(exc):
                    return None
                raise
            return read_registered(answer, subject)

    async def compatibility(self, subject: str | None = None) -> Compatibility | None:
        """The level set for ``subject`` itself, None where it has none; without ``subject`` the registry's own.

        Raises RegistryUnavailable.
        """
        with self._checking():
            try:
                return read_compatibility(await self._ask("GET", _config(subject)))
            except Refusal as exc:
                if subject is not None and (_not_found(exc) or exc.code == NO_SUBJECT_CONFIG):
                    return None
                raise

    async def check(self, subject: str, candidate: Candidate) -> Verdict:
        """Whether the registry would take this schema by the subject's level; yes where there is no subject.

        Asks for all versions that the level covers, or for the latest only where a registry
        (Karapace, Redpanda) cannot, or compares with all whatever the level (Apicurio). Raises
        SchemaRefused for an invalid schema, RegistryUnavailable.
        """
        path = f"compatibility/subjects/{_quoted(subject)}/versions"
        body = write_candidate(candidate)
        with self._checking(subject):
            try:
                try:
                    answer = await self._ask("POST", path, body, verbose=True)
                except Refusal as exc:
                    if exc.status not in {404, 405} or _not_found(exc):
                        raise
                    return await self._check_latest(subject, body)
                verdict = Verdict(*read_verdict(answer))
                if verdict.compatible or verdict.messages or await self._is_transitive(subject):
                    return verdict
                return await self._check_latest(subject, body)
            except Refusal as exc:
                if _not_found(exc):
                    return Verdict(compatible=True, messages=())
                raise

    async def _check_latest(self, subject: str, body: Mapping[str, Any]) -> Verdict:
        path = f"compatibility/subjects/{_quoted(subject)}/versions/latest"
        return Verdict(*read_verdict(await self._ask("POST", path, body, verbose=True)))

    async def _is_transitive(self, subject: str) -> bool:
        level = await self.compatibility(subject) or await self.compatibility()
        return level is not None and level.endswith("_TRANSITIVE")

    # Writing, for apply

    async def register(self, subject: str, candidate: Candidate, *, normalize: bool = False) -> int:
        """The schema ID under which ``subject`` now has this schema; registering it again changes nothing.

        Raises SchemaRefused, RegistryUnavailable.
        """
        path = f"subjects/{_quoted(subject)}/versions"
        with self._checking(subject):
            return read_schema_id(await self._ask("POST", path, write_candidate(candidate), normalize=normalize))

    async def set_compatibility(self, subject: str, level: Compatibility) -> None:
        """Sets the level of ``subject``, which need not exist yet. Raises RegistryUnavailable."""
        with self._checking():
            await self._ask("PUT", _config(subject), {"compatibility": level.value})

    async def delete_subject(self, subject: str, *, permanent: bool = False) -> bool:
        """Deletes a subject with all its versions, softly or, once that is done, for good; whether it was there.

        Raises SchemaRefused where another schema refers to it, or it was not deleted softly; RegistryUnavailable.
        """
        with self._checking():
            try:
                await self._ask("DELETE", f"subjects/{_quoted(subject)}", permanent=permanent)
            except Refusal as exc:
                if _not_found(exc) or exc.code in DELETED_CODES:
                    return False
                if exc.status in {409, 422} or exc.code in NOT_DELETED_CODES:  # 409: Apicurio
                    message = f"Schema Registry ({self._where}) does not delete {subject!r}: {exc.message}"
                    raise SchemaRefused(message, incompatible=False) from exc
                raise
            return True

    # How all of them ask

    async def _resolve(self, registered: Registered) -> SchemaVersion:
        with self._checking():
            try:
                return assemble(registered, await collect(registered, self.read_version))
            except SubjectNotFound as exc:  # of a reference: the subject that was asked for does exist
                raise UnusableAnswer(f"a reference of {registered.subject!r} cannot be read: {exc}") from exc

    async def _look(self, path: str, what: str, looks: int = 2, query: Mapping[str, str] | None = None) -> object:
        """The answer to GET. "Not found" is believed when it was said so often."""
        with self._checking():
            while True:
                try:
                    return await self._ask("GET", path, None, **(query or {}))
                except Refusal as exc:
                    looks -= 1
                    if not _not_found(exc):
                        raise
                    if not looks:
                        message = f"Schema Registry ({self._where}) has no {what} (error {exc.code})"
                        missing = VersionNotFound if exc.code == NO_VERSION else SubjectNotFound
                        raise missing(message) from exc
                await asyncio.sleep(SECOND_LOOK_S)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: bool | str) -> object:
        """The answer's JSON. Raises Refusal where the registry refuses in its own words, else RegistryUnavailable.

        Repeats once what failed at once, or what asks for a wait that still fits, but no refused credentials. Every
        request can be repeated: registering the same schema twice changes nothing.
        """
        written = {name: "true" if value is True else value for name, value in query.items() if value}
        request = (method, path, written, body)
        timeout_s = self._session.timeout_s
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(2 * timeout_s):
                try:
                    return await self._ask_once(*request)
                except CredentialsRefused:
                    raise
                except RegistryUnavailable as exc:
                    asked_s = exc.retry_after_s if isinstance(exc, RegistryDown) else None
                    pause_s = RETRY_PAUSE_S if asked_s is None else asked_s
                    if loop.time() - started + pause_s > timeout_s / 2:
                        raise
                await asyncio.sleep(pause_s)
                return await self._ask_once(*request)
        except TimeoutError as exc:
            raise RegistryDown(f"{self._prefix}no complete answer within {2 * timeout_s:g} s") from exc

    async def _ask_once(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> object:
        try:
            return await self._session.ask(method, path, query, body)
        except RegistryDown as exc:
            raise RegistryDown(f"{self._prefix}{exc}", exc.retry_after_s) from exc
        except RegistryUnavailable as exc:
            raise RegistryUnavailable(f"{self._prefix}{exc}") from exc
        except FOREIGN as exc:
            message = f"{self._prefix}{explain(exc, self._session.timeout_s)}"
            raise refusal(exc) or unavailable(exc, message) from exc

    @contextmanager
    def _checking(self, subject: str | None = None) -> Iterator[None]:
        """Turns what an answer must not be into our errors; refusals of ``subject``'s schema into SchemaRefused."""
        try:
            yield
        except UnusableAnswer as exc:
            raise RegistryUnavailable(f"{self._prefix}unusable answer: {exc}") from exc
        except Refusal as exc:
            # Incompatible is HTTP 409 with any error code, or Apicurio's 42203 with HTTP 400.
            incompatible = exc.status == 409 or exc.code == 42203
            if subject is not None and (incompatible or exc.status == 422):
                message = f"Schema Registry ({self._where}) refuses the schema for {subject!r}: {exc.message}"
                raise SchemaRefused(message, incompatible=incompatible) from exc
            raise RegistryUnavailable(f"{self._prefix}{exc}") from exc

    @property
    def _where(self) -> str:
        return ", ".join(self.urls)

    @property
    def _prefix(self) -> str:
        return f"Schema Registry ({self._where}): "


def _not_found(exc: Refusal) -> bool:
    return exc.status == 404 and exc.code in NOT_FOUND_CODES


def _quoted(subject: str) -> str:
    """A subject as one path segment: subjects may hold slashes."""
    return quote(subject, safe="")


def _config(subject: str | None) -> str:
    return "config" if subject is None else f"config/{_quoted(subject)}"
