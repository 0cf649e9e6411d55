"""The resources of the REST interface, one method each: from a request to the JSON that answers it.

Translation only: the rules are the store's, the wording of refusals is theirs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.model import Format
from gateway.notation.contexts import canonical_subject, context_of
from gateway.registry.development import refusals
from gateway.registry.development.bodies import (
    MOST_DIGITS,
    read_body,
    read_definition,
    read_import,
    read_version,
    show_definition,
    show_entry,
)
from gateway.registry.development.store import LATEST, Entry, Store

T = TypeVar("T")

Keep = Callable[[Store], None]
"""Called after every change; may raise OSError, which the client sees as 50001."""


class Resources:
    """What the paths stand for. Every method answers with JSON and may raise Refused."""

    def __init__(self, store: Store, keep: Keep | None) -> None:
        self._store = store
        self._keep = keep

    async def root(self, _: Request) -> dict[str, Any]:
        """GET /: an empty object says that a registry is here."""
        return {}

    # Subjects

    async def list_subjects(self, request: Request) -> Sequence[str]:
        """GET /subjects ?subjectPrefix&deleted&deletedOnly&offset&limit."""
        prefix = request.query_params.get("subjectPrefix", "").removeprefix(":*:")
        if _flag(request, "deletedOnly"):
            return _page(request, self._store.deleted_subjects(prefix))
        return _page(request, self._store.subjects(prefix, deleted=_flag(request, "deleted")))

    async def lookup(self, request: Request) -> dict[str, Any]:
        """POST /subjects/{subject} ?normalize&deleted."""
        definition = read_definition(read_body(await request.body()))
        normalize, deleted = _flag(request, "normalize"), _flag(request, "deleted")
        return show_entry(self._store.lookup(_subject(request), definition, normalize=normalize, deleted=deleted))

    async def delete_subject(self, request: Request) -> list[int]:
        """DELETE /subjects/{subject} ?permanent."""
        return self._kept(self._store.delete_subject(_subject(request), permanent=_flag(request, "permanent")))

    async def get_by_metadata(self, request: Request) -> dict[str, Any]:
        """GET /subjects/{subject}/metadata ?key&value&deleted: the latest version that has all these properties."""
        wanted = dict(zip(request.query_params.getlist("key"), request.query_params.getlist("value"), strict=False))
        for entry in reversed(self._store.versions(_subject(request), deleted=_flag(request, "deleted"))):
            properties = (entry.definition.metadata or {}).get("properties") or {}
            if wanted.items() <= properties.items():
                return show_entry(entry)
        raise refusals.schema_not_found()

    async def list_versions(self, request: Request) -> Sequence[int]:
        """GET /subjects/{subject}/versions ?deleted&deletedOnly&deletedAsNegative&offset&limit."""
        only, negative = _flag(request, "deletedOnly"), _flag(request, "deletedAsNegative")
        subject = _subject(request)
        self._store.versions(subject, deleted=_flag(request, "deleted") or only)
        entries = self._store.versions(subject, deleted=_flag(request, "deleted") or only or negative)
        shown = [-entry.version if negative and entry.deleted else entry.version for entry in entries]
        wanted = [entry.deleted or not only or negative for entry in entries]
        return _page(request, [version for version, is_wanted in zip(shown, wanted, strict=True) if is_wanted])

    async def register(self, request: Request) -> dict[str, Any]:
        """POST /subjects/{subject}/versions ?normalize."""
        body = read_body(await request.body())
        entry = self._store.register(
            _subject(request), read_definition(body), normalize=_flag(request, "normalize"), **read_import(body)
        )
        return self._kept(show_entry(entry))

    async def get_version(self, request: Request) -> dict[str, Any]:
        """GET /subjects/{subject}/versions/{version} ?deleted."""
        return show_entry(self._entry(request))

    async def get_version_text(self, request: Request) -> Any:
        """GET /subjects/{subject}/versions/{version}/schema ?deleted: the schema itself, as JSON."""
        return json.loads(self._entry(request).definition.text)

    async def referenced_by(self, request: Request) -> Sequence[int]:
        """GET /subjects/{subject}/versions/{version}/referencedby ?deleted&offset&limit."""
        entry = self._store.version(_subject(request), _version(request), deleted=True)
        found = self._store.referenced_by(entry.subject, entry.version, deleted=_flag(request, "deleted"))
        return _page(request, found)

    async def delete_version(self, request: Request) -> int:
        """DELETE /subjects/{subject}/versions/{version} ?permanent."""
        permanent = _flag(request, "permanent")
        return self._kept(self._store.delete_version(_subject(request), _version(request), permanent=permanent))

    # Schemas

    async def list_schemas(self, request: Request) -> Sequence[dict[str, Any]]:
        """GET /schemas ?subjectPrefix&deleted&latestOnly&offset&limit."""
        prefix = request.query_params.get("subjectPrefix", "").removeprefix(":*:")
        deleted, latest_only = _flag(request, "deleted"), _flag(request, "latestOnly")
        shown = []
        for subject in self._store.subjects(prefix, deleted=deleted):
            entries = self._store.versions(subject, deleted=deleted)
            shown += [show_entry(entry) for entry in (entries[-1:] if latest_only else entries)]
        return _page(request, shown)

    async def types(self, _: Request) -> list[str]:
        """GET /schemas/types."""
        return sorted(Format, reverse=True)

    async def get_by_id(self, request: Request) -> dict[str, Any]:
        """GET /schemas/ids/{id} ?subject."""
        return show_definition(self._by_id(request)[0].definition)

    async def get_text_by_id(self, request: Request) -> Any:
        """GET /schemas/ids/{id}/schema ?subject: the schema itself, as JSON."""
        return json.loads(self._by_id(request)[0].definition.text)

    async def subjects_by_id(self, request: Request) -> Sequence[str]:
        """GET /schemas/ids/{id}/subjects ?subject&deleted."""
        return _page(request, sorted({entry.subject for entry in self._visible_by_id(request)}))

    async def versions_by_id(self, request: Request) -> Sequence[dict[str, Any]]:
        """GET /schemas/ids/{id}/versions ?subject&deleted."""
        entries = self._visible_by_id(request)
        return _page(request, [{"subject": entry.subject, "version": entry.version} for entry in entries])

    async def get_by_guid(self, request: Request) -> dict[str, Any]:
        """GET /schemas/guids/{guid}."""
        return show_definition(self._by_guid(request)[0].definition)

    async def ids_by_guid(self, request: Request) -> list[dict[str, Any]]:
        """GET /schemas/guids/{guid}/ids."""
        pairs = sorted({(context_of(entry.subject), entry.schema_id) for entry in self._by_guid(request)})
        return [{"context": context, "id": schema_id} for context, schema_id in pairs]

    async def contexts(self, request: Request) -> Sequence[str]:
        """GET /contexts ?offset&limit."""
        return _page(request, self._store.contexts())

    # Compatibility

    async def check_all(self, request: Request) -> dict[str, Any]:
        """POST /compatibility/subjects/{subject}/versions ?verbose: against the versions that the level covers."""
        subject = _subject(request)
        known = subject in self._store.subjects()
        return await self._check(request, self._store.versions(subject) if known else [])

    async def check_one(self, request: Request) -> dict[str, Any]:
        """POST /compatibility/subjects/{subject}/versions/{version} ?verbose&normalize: against this version.

        Where there is none: yes for the latest, 40402 for a number, whether or not there is the subject.
        """
        subject, version = _subject(request), _version(request)
        try:
            earlier = [self._store.version(subject, version)]
        except refusals.Refused as exc:
            if version != LATEST:
                raise refusals.version_not_found(version) from exc
            earlier = []
        return await self._check(request, earlier)

    async def _check(self, request: Request, earlier: Sequence[Entry]) -> dict[str, Any]:
        """The verdict; with ``verbose`` an invalid schema is a verdict too, not an error."""
        definition = read_definition(read_body(await request.body()))
        verbose = _flag(request, "verbose")
        try:
            messages = self._store.incompatibilities(_subject(request), definition, earlier)
        except refusals.Refused as exc:
            if not verbose:
                raise
            messages = [exc.message]
        verdict = {"is_compatible": not messages}
        return verdict | {"messages": messages} if verbose else verdict

    # Rules

    async def get_config(self, request: Request) -> dict[str, Any]:
        """GET /config, /config/{subject} ?defaultToGlobal."""
        fall_back = _flag(request, "defaultToGlobal")
        return {"compatibilityLevel": self._store.rules.shown_level(_scope(request), fall_back=fall_back)}

    async def put_config(self, request: Request) -> dict[str, Any]:
        """PUT /config, /config/{subject}; the key is ``compatibility`` here, ``compatibilityLevel`` in GET."""
        body = read_body(await request.body())
        return self._kept({"compatibility": self._store.set_level(_scope(request), body.get("compatibility"))})

    async def delete_config(self, request: Request) -> dict[str, Any]:
        """DELETE /config, /config/{subject}: what was set."""
        return self._kept({"compatibilityLevel": self._store.drop_level(_scope(request))})

    async def get_mode(self, request: Request) -> dict[str, Any]:
        """GET /mode, /mode/{subject} ?defaultToGlobal."""
        fall_back = _flag(request, "defaultToGlobal")
        return {"mode": self._store.rules.shown_mode(_scope(request), fall_back=fall_back)}

    async def put_mode(self, request: Request) -> dict[str, Any]:
        """PUT /mode, /mode/{subject} ?force."""
        body = read_body(await request.body())
        mode = self._store.set_mode(_scope(request), body.get("mode"), force=_flag(request, "force"))
        return self._kept({"mode": mode})

    async def delete_mode(self, request: Request) -> dict[str, Any]:
        """DELETE /mode, /mode/{subject}: what was set."""
        return self._kept({"mode": self._store.rules.drop_mode(_scope(request))})

    # How

    def _kept(self, answer: T) -> T:
        """``answer``, after the change behind it has been written down."""
        if self._keep is not None:
            self._keep(self._store)
        return answer

    def _entry(self, request: Request) -> Entry:
        return self._store.version(_subject(request), _version(request), deleted=_flag(request, "deleted"))

    def _by_id(self, request: Request) -> list[Entry]:
        text = request.path_params["id"]
        if not (text.isascii() and text.isdigit() and len(text.lstrip("0")) <= MOST_DIGITS):
            raise HTTPException(404)
        return self._store.by_id(int(text), context_of(request.query_params.get("subject", "")))

    def _visible_by_id(self, request: Request) -> list[Entry]:
        """The versions with this ID; the deleted ones only on request."""
        return [entry for entry in self._by_id(request) if not entry.deleted or _flag(request, "deleted")]

    def _by_guid(self, request: Request) -> list[Entry]:
        wanted = request.path_params["guid"].lower()
        found = [entry for entry in self._store.everywhere() if entry.definition.guid == wanted]
        if not found:
            raise refusals.schema_not_found(wanted)
        return found


def _subject(request: Request) -> str:
    return canonical_subject(unquote(request.path_params["subject"]))


def _scope(request: Request) -> str | None:
    """The subject of a rule, None for the registry's own, which are those of the default context."""
    return (_subject(request) or None) if "subject" in request.path_params else None


def _version(request: Request) -> int:
    return read_version(unquote(request.path_params["version"]))


def _flag(request: Request, name: str) -> bool:
    """A query parameter as Java reads booleans: everything but "true" is false."""
    return request.query_params.get(name, "").lower() == "true"


def _page(request: Request, items: Sequence[Any]) -> Sequence[Any]:
    """The part of a list that ``offset`` and ``limit`` ask for; a limit below 1 is none."""
    offset, limit = max(_number(request, "offset", 0), 0), _number(request, "limit", -1)
    return items[offset:] if limit < 1 else items[offset : offset + limit]


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    try:
        return int(text)
    except ValueError as exc:
        raise HTTPException(404) from exc  # as JAX-RS answers to a query parameter of the wrong type
