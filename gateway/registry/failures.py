"""What goes wrong below the registry client, and how it reads to a person.

Knows httpx2's and Confluent's exceptions, so that nothing else has to.
"""

from __future__ import annotations

import httpx2
from confluent_kafka.schema_registry.error import OAuthTokenError, SchemaRegistryError

from gateway.errors import GatewayError, RegistryUnavailable

FOREIGN = (
    SchemaRegistryError,
    OAuthTokenError,
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    ValueError,  # JSONDecodeError and UnicodeDecodeError of the answer; missing bearer fields
    RecursionError,  # JSON nested deeper than Python's stack
    OSError,
)
"""Everything that a request through Confluent's client may raise."""

SHOWN = 200
"""Characters of a foreign text that a message repeats: enough to recognise an HTML page."""
REASON_SHOWN = 4000
"""The same for a registry's own refusal, which may explain an incompatibility at length."""

_MEANING = {
    301: "redirects are not followed: set registry.url to the final address",
    302: "redirects are not followed: set registry.url to the final address",
    303: "redirects are not followed: set registry.url to the final address",
    307: "redirects are not followed: set registry.url to the final address",
    308: "redirects are not followed: set registry.url to the final address",
    401: "it does not accept our credentials: check registry.basic.auth.user.info or the bearer.auth properties",
    403: "our credentials do not allow this: ask for read access to the subject",
    404: "no Schema Registry at that path: does registry.url need one, such as Apicurio's /apis/ccompat/v7?",
    408: "it gave up waiting; it is overloaded or cannot reach its store",
    429: "it limits our requests",
    500: "it failed inside: look into its log",
    502: "a proxy in front of it cannot reach it",
    503: "it is not ready",
    504: "a proxy in front of it got no answer from it",
}

_SILENT = (httpx2.TransportError, OAuthTokenError, OSError)
"""Those that mean that nobody answered: the next request would wait as long for nothing."""


class RegistryDown(RegistryUnavailable):
    """Nobody answers, or the registry asks to be left alone: asking again at once is pointless."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        """What Retry-After said (429, 503); None without it."""
        super().__init__(message)


class CredentialsRefused(RegistryDown):
    """The registry does not know who asks (401): whoever counts the attempts may lock the account."""


class Refusal(GatewayError):
    """The registry, or what stands in its place, says no to one request; the client decides what that means."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status = status
        """HTTP status, 400 to 499."""
        self.code = code
        """The body's ``error_code``, for example 40401; 0 where there is none."""
        self.message = message
        """The body's text."""
        meaning = f"HTTP {status}, error {code}" if code > 999 else f"HTTP {status}, {_meaning(status)}"
        super().__init__(f"{meaning} ({message})")


def refusal(exc: BaseException) -> Refusal | None:
    """A refusal of this one request (4xx); None for anything that says how the registry itself is."""
    if not isinstance(exc, SchemaRegistryError):
        return None
    status, code = exc.http_status_code, exc.error_code
    if not 400 <= status < 500 or status in {401, 403, 408, 429}:
        return None
    return Refusal(status, code if type(code) is int and code > 0 else 0, _shown(exc.error_message, REASON_SHOWN))


def unavailable(exc: BaseException, message: str) -> RegistryUnavailable:
    """What it means that a request has no answer."""
    if isinstance(exc, SchemaRegistryError) and exc.http_status_code == 401:
        return CredentialsRefused(message)
    limits_us = isinstance(exc, SchemaRegistryError) and exc.http_status_code == 429
    return RegistryDown(message) if limits_us or isinstance(exc, _SILENT) else RegistryUnavailable(message)


def explain(exc: BaseException, timeout_s: float) -> str:
    """One line on what happened and what to do, without the URL; what a peer sent is cut at SHOWN."""
    match exc:
        case SchemaRegistryError():
            text = f"HTTP {exc.http_status_code}, {_meaning(exc.http_status_code)} ({_shown(exc.error_message)})"
        case httpx2.ConnectTimeout():
            text = "no connection in time: is the host right, does a firewall drop packets?"
        case httpx2.TimeoutException():
            text = f"no answer within {timeout_s:g} s"
        case httpx2.ConnectError() if "CERTIFICATE_VERIFY_FAILED" in str(exc):
            hint = "set registry.ssl.ca.location to the CA that signed it"
            text = f"its certificate is not trusted ({_shown(exc)}): {hint}"
        case httpx2.HTTPError() | httpx2.StreamError() | httpx2.InvalidURL():
            text = f"no answer ({type(exc).__name__}: {_shown(exc)})"
        case OAuthTokenError():
            text = f"no OAuth token: check the registry.bearer.auth properties ({_shown(exc)})"
        case ValueError() | RecursionError():
            text = f"the answer is not JSON ({_shown(exc)}): is this the registry, or a proxy's page?"
        case _:
            text = f"{type(exc).__name__}: {_shown(exc)}"
    return text


def _meaning(status: int) -> str:
    return _MEANING.get(status, "not an answer of a Schema Registry")


def _shown(value: object, characters: int = SHOWN) -> str:
    """A foreign text on one line, shortened, and such that UTF-8 has it: JSON can say half a character."""
    text = " ".join(str(value).encode(errors="replace").decode().split())
    return text if len(text) <= characters else f"{text[:characters]}..."
