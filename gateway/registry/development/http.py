"""The store behind Confluent's REST interface.

Every answer is JSON of ``application/vnd.schemaregistry.v1+json``, errors too:
``{"error_code": ..., "message": ...}``. Handlers translate and nothing else: the rules are the store's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.registry.development import refusals
from gateway.registry.development.resources import Keep, Resources
from gateway.registry.development.store import Store

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_ACCEPTED = frozenset(
    {CONTENT_TYPE, "application/vnd.schemaregistry+json", "application/json", "application/octet-stream"},
)


def registry_app(store: Store, keep: Keep | None = None) -> ASGIApp:
    """The REST interface of ``store``; ``keep`` writes it down after every change."""
    rest = Resources(store, keep)
    subject = "/subjects/{subject}"
    compatibility = "/compatibility/subjects/{subject}/versions"
    table: Sequence[tuple[str, str, Callable[[Request], Awaitable[Any]]]] = (
        ("GET", "/", rest.root),
        ("GET", "/subjects", rest.list_subjects),
        ("POST", subject, rest.lookup),
        ("DELETE", subject, rest.delete_subject),
        ("GET", subject + "/metadata", rest.get_by_metadata),
        ("GET", subject + "/versions", rest.list_versions),
        ("POST", subject + "/versions", rest.register),
        ("GET", subject + "/versions/{version}", rest.get_version),
        ("DELETE", subject + "/versions/{version}", rest.delete_version),
        ("GET", subject + "/versions/{version}/schema", rest.get_version_text),
        ("GET", subject + "/versions/{version}/referencedby", rest.referenced_by),
        ("GET", "/schemas", rest.list_schemas),
        ("GET", "/schemas/types", rest.types),
        ("GET", "/schemas/ids/{id}", rest.get_by_id),
        ("GET", "/schemas/ids/{id}/schema", rest.get_text_by_id),
        ("GET", "/schemas/ids/{id}/subjects", rest.subjects_by_id),
        ("GET", "/schemas/ids/{id}/versions", rest.versions_by_id),
        ("GET", "/schemas/guids/{guid}", rest.get_by_guid),
        ("GET", "/schemas/guids/{guid}/ids", rest.ids_by_guid),
        ("GET", "/contexts", rest.contexts),
        ("POST", compatibility, rest.check_all),
        ("POST", compatibility + "/{version}", rest.check_one),
        *(("GET", path, rest.get_config) for path in ("/config", "/config/{subject}")),
        *(("PUT", path, rest.put_config) for path in ("/config", "/config/{subject}")),
        *(("DELETE", path, rest.delete_config) for path in ("/config", "/config/{subject}")),
        *(("GET", path, rest.get_mode) for path in ("/mode", "/mode/{subject}")),
        *(("PUT", path, rest.put_mode) for path in ("/mode", "/mode/{subject}")),
        *(("DELETE", path, rest.delete_mode) for path in ("/mode", "/mode/{subject}")),
    )
    routes = [Route(path, _answering(handler), methods=[method]) for method, path, handler in table]
    handlers: Any = {refusals.Refused: _show_refusal, HTTPException: _show_http_error, OSError: _show_store_error}
    return _EncodedPaths(Starlette(routes=routes, exception_handlers=handlers))


class _EncodedPaths:
    """Routes by the path as it was sent: a subject may hold a percent-encoded slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("raw_path"):
            path = scope["raw_path"].decode("ascii", "replace").partition("?")[0]
            scope = {**scope, "path": path.rstrip("/") or "/"}
        await self._app(scope, receive, send)


def _answering(handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """A route's endpoint: what ``handler`` returns, as JSON."""

    async def endpoint(request: Request) -> Response:
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
        if request.method in {"POST", "PUT"} and kind not in _ACCEPTED:
            raise HTTPException(415)
        return JSONResponse(await handler(request), media_type=CONTENT_TYPE)

    return endpoint


def _error(status: int, code: int, message: str) -> Response:
    return JSONResponse({"error_code": code, "message": message}, status, media_type=CONTENT_TYPE)


async def _show_refusal(_: Request, exc: refusals.Refused) -> Response:
    return _error(exc.status, exc.code, exc.message)


async def _show_http_error(_: Request, exc: HTTPException) -> Response:
    return _error(exc.status_code, exc.status_code, f"HTTP {exc.status_code} {exc.detail}")


async def _show_store_error(_: Request, exc: OSError) -> Response:
    return _error(500, 50001, f"Error in the backend data store: {exc.strerror or exc}")
