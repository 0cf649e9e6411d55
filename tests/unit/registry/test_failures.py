"""What goes wrong at a registry, in words that an operator can act on."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from confluent_kafka.schema_registry.error import OAuthTokenError, SchemaRegistryError

from gateway.errors import RegistryUnavailable
from gateway.registry.failures import SHOWN, CredentialsRefused, RegistryDown, explain, refusal, unavailable

TIMEOUT_S = 10.0


def answered(status: int, code: Any = 0, message: str = "no") -> SchemaRegistryError:
    """What Confluent's client raises for an answer that is none."""
    return SchemaRegistryError(status, code, message)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (answered(301), "HTTP 301, redirects are not followed: set registry.url to the final address (no)"),
        (answered(308), "HTTP 308, redirects are not followed: set registry.url to the final address (no)"),
        (
            answered(401, 40101),
            (
                "HTTP 401, it does not accept our credentials: check registry.basic.auth.user.info or the bearer.auth "
                "properties (no)"
            ),
        ),
        (answered(403), "HTTP 403, our credentials do not allow this: ask for read access to the subject (no)"),
        (
            answered(404),
            (
                "HTTP 404, no Schema Registry at that path: does registry.url need one, such as Apicurio's "
                "/apis/ccompat/v7? (no)"
            ),
        ),
        (answered(429), "HTTP 429, it limits our requests (no)"),
        (answered(500, 50001, "store"), "HTTP 500, it failed inside: look into its log (store)"),
        (answered(502), "HTTP 502, a proxy in front of it cannot reach it (no)"),
        (answered(503), "HTTP 503, it is not ready (no)"),
        (answered(299, message="x"), "HTTP 299, not an answer of a Schema Registry (x)"),
        (httpx2.ConnectTimeout("x"), "no connection in time: is the host right, does a firewall drop packets?"),
        (httpx2.ReadTimeout("x"), "no answer within 10 s"),
        (httpx2.PoolTimeout("x"), "no answer within 10 s"),
        (
            httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"),
            (
                "its certificate is not trusted ([SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate): set "
                "registry.ssl.ca.location to the CA that signed it"
            ),
        ),
        (httpx2.ConnectError("refused"), "no answer (ConnectError: refused)"),
        (httpx2.RemoteProtocolError("cut off"), "no answer (RemoteProtocolError: cut off)"),
        (httpx2.StreamClosed(), "no answer (StreamClosed: "),
        (httpx2.InvalidURL("no host"), "no answer (InvalidURL: no host)"),
        (OAuthTokenError("401"), "no OAuth token: check the registry.bearer.auth properties ("),
        (
            json.JSONDecodeError("Expecting value", "<html>", 0),
            (
                "the answer is not JSON (Expecting value: line 1 column 1 (char 0)): is this the registry, or a "
                "proxy's page?"
            ),
        ),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "the answer is not JSON ("),
        (RecursionError("too deep"), "the answer is not JSON (too deep): is this the registry, or a proxy's page?"),
        (OSError(24, "Too many open files"), "OSError: [Errno 24] Too many open files"),
    ],
    ids=lambda value: f"{type(value).__name__}" if isinstance(value, BaseException) else "",
)
def test_each_failure_says_what_to_look_at(error: BaseException, told: str) -> None:
    """What happened and what to do, without the URL, which the caller puts in front."""
    said = explain(error, TIMEOUT_S)
    assert said.startswith(told) if told.endswith(("(", ": ")) else said == told


def test_what_a_peer_sent_is_one_short_line() -> None:
    """An HTML page is recognised by its beginning."""
    page = "<html>\n  <body>\r\n" + "x" * 10_000
    assert explain(answered(500, message=page), TIMEOUT_S).endswith(f"({('<html> <body> ' + 'x' * SHOWN)[:SHOWN]}...)")


def test_half_a_character_that_a_peer_sent_is_replaced() -> None:
    """It is in reasons, logs and dead letters afterwards, all of which are UTF-8."""
    assert explain(answered(500, message="broken \ud800 text"), TIMEOUT_S).endswith("(broken ? text)")
    refused = refusal(answered(409, 409, "broken \udfff text"))
    assert refused is not None
    assert refused.message == "broken ? text"


@pytest.mark.parametrize("status", [301, 401, 403, 408, 429, 500, 503])
def test_what_says_how_the_registry_is_refuses_no_request(status: int) -> None:
    """Nothing is known about the subject then."""
    assert refusal(answered(status, status * 100 + 1)) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answered(401), CredentialsRefused),
        (answered(429), RegistryDown),
        (httpx2.ConnectError("x"), RegistryDown),
        (answered(403), RegistryUnavailable),
        (answered(500), RegistryUnavailable),
        (ValueError(), RegistryUnavailable),
    ],
)
def test_who_is_to_be_left_alone(error: BaseException, kind: type[RegistryUnavailable]) -> None:
    """Nobody, whoever counts our attempts, and whoever limits our requests; else only one question has no answer."""
    assert type(unavailable(error, "x")) is kind


@pytest.mark.parametrize("error", [httpx2.ConnectError("x"), OSError(), ValueError()])
def test_silence_refuses_no_request(error: BaseException) -> None:
    """Only the registry's own words do."""
    assert refusal(error) is None


@pytest.mark.parametrize(
    ("error", "status", "code", "text"),
    [
        (answered(404, 40401, "Subject 'a' not found."), 404, 40401, "HTTP 404, error 40401 (Subject 'a' not found.)"),
        (answered(409, 409, "incompatible"), 409, 409, "HTTP 409, not an answer of a Schema Registry (incompatible)"),
        (answered(422, 42201, "Invalid schema"), 422, 42201, "HTTP 422, error 42201 (Invalid schema)"),
        (answered(404, "40401", "x"), 404, 0, "HTTP 404, no Schema Registry at that path: "),
        (answered(404, True, "x"), 404, 0, "HTTP 404, no Schema Registry at that path: "),
        (answered(404, -1, "Not Found"), 404, 0, "HTTP 404, no Schema Registry at that path: "),
    ],
)
def test_a_request_that_is_refused(error: SchemaRegistryError, status: int, code: int, text: str) -> None:
    """Status and error code decide what that means; a code that is no number is none."""
    refused = refusal(error)
    assert refused is not None
    assert (refused.status, refused.code) == (status, code)
    assert str(refused).startswith(text)


def test_a_long_reason_is_kept() -> None:
    """A registry may explain an incompatibility at length."""
    refused = refusal(answered(409, 409, "y" * 3000))
    assert refused is not None
    assert refused.message == "y" * 3000
