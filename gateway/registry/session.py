"""Confluent's REST client, configured from gateway.yaml and guarded.

Confluent's client brings authentication (basic, bearer, OAuth, client certificates), TLS, proxies
and failover between URLs; users know its properties, so they are passed on as they are. What it
lacks is added here, and only here:

- time-outs (it waits for ever by default), and few, short retries: ours come on top, bounded;
- a cap on the size of an answer, applied while reading. Answers are asked for uncompressed, and a
  compressed one is refused: a small bomb would pass the cap and unfold in memory;
- ``Retry-After``, which it ignores: raised as ``RegistryDown``;
- no redirects: credentials go to the configured hosts only.

Must not know: subjects, caches, what an answer means.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx2
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient

from gateway.config.gateway_file import CLIENT_KEYS, unknown_registry_key
from gateway.config.settings import Registry as RegistrySettings
from gateway.errors import ConfigError, ConfigProblem, RegistryUnavailable
from gateway.registry.failures import RegistryDown

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Largest answer that is read; the largest schemas seen in the wild have some 100 kB."""
DEFAULT_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0
"""Shorter, so that a dead host among several leaves time for the next."""

_NUMBERS = {"timeout", "max.retries", "retries.wait.ms", "retries.max.wait.ms"}
"""Properties that the client takes as numbers; in gateway.yaml everything arrives as text."""
_OURS = {
    "url": "write it as registry.url",
    "cache.capacity": "the gateway keeps its own cache",
    "cache.latest.ttl.sec": "the gateway keeps its own cache: set registry.refresh_s",
    "bearer.auth.custom.provider.function": "it names Python code, which a file cannot hold",
    "bearer.auth.custom.provider.config": "it names Python code, which a file cannot hold",
}
_DEFAULTS: Mapping[str, float] = {"max.retries": 0, "retries.wait.ms": 200, "retries.max.wait.ms": 2000}
"""No retries of its own: it retries one URL before it tries the next, so a dead first one would cost all the time."""


class Session:
    """An open session with the registry: ``ask`` is all it does. To be closed with ``aclose``."""

    def __init__(self, settings: RegistrySettings, file: str = "gateway.yaml") -> None:
        """Opens nothing yet. Raises ConfigError, naming the property, for anything the client would not take."""
        self.urls = tuple(url.strip().rstrip("/") for url in settings.url.split(","))
        """The registry's base URLs; settings refuse credentials in them."""
        properties = _properties(settings.properties, file)
        self.timeout_s: float = properties.get("timeout", DEFAULT_TIMEOUT_S)
        """Longest wait for a connection's next byte."""
        properties["timeout"] = httpx2.Timeout(self.timeout_s, connect=min(CONNECT_TIMEOUT_S, self.timeout_s))
        client = _open(",".join(self.urls), {**_DEFAULTS, **properties}, settings.properties, file)
        # The client offers neither its session nor a hook for one: this is the only place that
        # looks inside, and it only uses the session's public attributes.
        self._rest = client._rest_client  # noqa: SLF001
        session: httpx2.AsyncClient = self._rest.session
        session.follow_redirects = False
        session.headers["Accept-Encoding"] = "identity"
        session.event_hooks = {"response": [_guard]}

    async def ask(self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None) -> object:
        """The decoded JSON of a successful answer, None for an empty one; ``path`` is already percent-encoded.

        Raises RegistryDown (Retry-After), RegistryUnavailable (an answer that is too large), and the client's own
        errors: ``failures.FOREIGN``.
        """
        answer: object = await self._rest.send_request(
            path,
            method=method,
            body=None if body is None else dict(body),
            query=dict(query) or None,
        )
        return answer

    async def aclose(self) -> None:
        """Closes the connections, those to an OAuth token endpoint too, which the client itself forgets."""
        await self._rest.session.aclose()
        token_session = getattr(self._rest.bearer_field_provider, "client", None)
        if token_session is not None:
            await token_session.aclose()


async def _guard(response: httpx2.Response) -> None:
    """Refuses what must not be read, before it is read."""
    wait_s = retry_after_s(response.headers.get("Retry-After"), datetime.now(UTC))
    if response.status_code in {429, 503} and wait_s is not None:
        raise RegistryDown(f"HTTP {response.status_code}, asks to wait {wait_s:g} s", wait_s)
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise RegistryUnavailable(f"the answer is compressed ({encoding[:20]!r}) though none was asked for")
    length = response.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) > MAX_ANSWER_BYTES:
        raise _too_large()
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Capped(response.stream)


class _Capped(httpx2.AsyncByteStream):
    """A body that fails as soon as it exceeds MAX_ANSWER_BYTES; httpx2 asks for the inheritance."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._stream:
            read += len(chunk)
            if read > MAX_ANSWER_BYTES:
                raise _too_large()
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _too_large() -> RegistryUnavailable:
    return RegistryUnavailable(f"the answer is larger than {MAX_ANSWER_BYTES} bytes, which no schema needs")


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number or a date [RFC 9110 10.2.3]; None without a usable one."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])  # longer ones are centuries
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _properties(written: Mapping[str, str], file: str) -> dict[str, Any]:
    """The properties as the client takes them. Raises ConfigError for those that are ours or cannot be read."""
    properties: dict[str, Any] = {}
    for name, value in written.items():
        if name in _OURS:
            raise _problem(file, name, _OURS[name])
        if name.endswith(".location"):
            _check_readable(name, value, file)
        if name in _NUMBERS:
            properties[name] = _number(name, value, file)
        else:
            properties[name] = value
    if "ssl.certificate.location" in properties:
        # A key that asks for a pass phrase must fail, not wait for a terminal.
        properties.setdefault("ssl.key.password", "")
    if properties.get("bearer.auth.credentials.source") == "CUSTOM":
        raise _problem(file, "bearer.auth.credentials.source", "CUSTOM needs Python code, which a file cannot hold")
    return properties


def _check_readable(name: str, value: str, file: str) -> None:
    """Raises ConfigError where ``value`` names nothing that can be read."""
    if not value:
        raise _problem(file, name, "is empty: name a file, or leave it out")
    if "\0" in value or not os.access(value, os.R_OK):
        message = f"{str(Path(value).absolute())!r} does not exist or cannot be read: mend the path, or its permissions"
        raise _problem(file, name, message)


def _number(name: str, value: str, file: str) -> float:
    try:
        number = float(value)
    except ValueError as exc:
        raise _problem(file, name, f"{value!r} is not a number") from exc
    if not 0 <= number <= 3_600_000 or (name == "timeout" and number == 0):
        least = "above 0" if name == "timeout" else "0"
        raise _problem(file, name, f"{value} is out of range: write a number from {least} to 3600000")
    return number


def _open(
    urls: str,
    properties: Mapping[str, Any],
    written: Mapping[str, str],
    file: str,
) -> AsyncSchemaRegistryClient:
    """The client. Raises ConfigError with the property that it complains about."""
    try:
        return AsyncSchemaRegistryClient({"url": urls, **properties})
    except OSError as exc:  # ssl.SSLError is one; only TLS's files are opened
        raise _unusable_files(exc, [name for name in written if name.startswith("ssl.")], file) from exc
    except (ValueError, TypeError, httpx2.InvalidURL) as exc:
        message = str(exc)
        named = [name for name in written if name in message]
        unknown = [name for name in named if name not in CLIENT_KEYS]
        if message.startswith("Unrecognized properties") and unknown:
            problems = [ConfigProblem(file, unknown_registry_key(name), key=f"registry.{name}") for name in unknown]
            raise ConfigError(problems) from exc
        for name, value in written.items():
            if value:  # may be a secret, or hold one
                message = message.replace(value, f"(the value of {name})")
        raise _problem(file, named[0] if named else "", message) from exc


def _unusable_files(exc: OSError, names: list[str], file: str) -> ConfigError:
    """TLS's files cannot be used: which were looked at, ``names`` being the properties that are written."""
    key = names[0] if len(names) == 1 else "ssl.*"
    checked = list(names)
    if not names or isinstance(exc, FileNotFoundError):  # those of properties have been found
        checked += [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    reason = exc.reason if isinstance(exc, ssl.SSLError) else exc.strerror
    advice = "; an encrypted key needs ssl.key.password" if "ssl.key.location" in names else ""
    return _problem(file, key, f"cannot be loaded as PEM ({reason or exc}); checked: {', '.join(checked)}{advice}")


def _problem(file: str, name: str, message: str) -> ConfigError:
    return ConfigError([ConfigProblem(file=file, key=f"registry.{name}".rstrip("."), message=message)])
