"""Properties of the registry client: what is taken, and what is refused with the property's name."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from confluent_kafka.schema_registry._async import schema_registry_client
from confluent_kafka.schema_registry.common import _oauthbearer
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.config.gateway_file import CLIENT_KEYS
from gateway.config.settings import Registry as RegistrySettings
from gateway.errors import ConfigError
from gateway.registry.session import _OURS, Session, retry_after_s

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("properties", "named", "told"),
    [
        ({"basic.auth.user.inf": "a:b"}, "basic.auth.user.inf", "unknown key: did you mean basic.auth.user.info?"),
        ({"foo.bar": "1"}, "foo.bar", "unknown key: known here are url, refresh_s, basic.auth.user.info, "),
        ({"bearer.auth.token": "x"}, "bearer.auth.token", "Unrecognized"),  # only beside its source
        ({"basic.auth.user.info": "only-a-name"}, "basic.auth.user.info", "{username}:{password}"),
        ({"ssl.ca.location": "/nowhere/ca.pem"}, "ssl.ca.location", "'/nowhere/ca.pem' does not exist"),
        ({"ssl.ca.location": ""}, "ssl.ca.location", "is empty"),
        ({"ssl.ca.location": "a\0b"}, "ssl.ca.location", "does not exist"),
        ({"ssl.key.location": "/dev/null"}, "ssl.key.location", "ssl.certificate.location required"),
        ({"timeout": "soon"}, "timeout", "'soon' is not a number"),
        ({"timeout": "0"}, "timeout", "0 is out of range: write a number from above 0 to 3600000"),
        ({"timeout": "nan"}, "timeout", "out of range"),
        ({"max.retries": "-1"}, "max.retries", "out of range"),
        ({"cache.latest.ttl.sec": "60"}, "cache.latest.ttl.sec", "refresh_s"),
        ({"cache.capacity": "10"}, "cache.capacity", "own cache"),
        ({"url": "http://other:8081"}, "url", "registry.url"),
        ({"bearer.auth.credentials.source": "CUSTOM"}, "bearer.auth.credentials.source", "Python code"),
        ({"bearer.auth.credentials.source": "GUESS"}, "bearer.auth.credentials.source", "Unrecognized"),
        ({"bearer.auth.credentials.source": "STATIC_TOKEN"}, "", "bearer.auth.logical.cluster"),
    ],
)
def test_a_property_that_cannot_work_is_refused_by_name(properties, named, told):
    """The message names file and property, and says why."""
    with pytest.raises(ConfigError) as refused:
        Session(RegistrySettings(properties=properties), "site.yaml")
    (problem,) = refused.value.problems
    assert problem.file == "site.yaml"
    assert problem.key == f"registry.{named}".rstrip(".")
    assert told in problem.message


def test_every_unknown_property_is_told():
    """Not only the first; none that is right."""
    with pytest.raises(ConfigError) as refused:
        Session(RegistrySettings(properties={"foo.bar": "1", "max.retries": "1", "proxi.url": "x"}))
    assert [problem.key for problem in refused.value.problems] == ["registry.foo.bar", "registry.proxi.url"]


def test_the_properties_that_are_suggested_are_those_that_the_client_has():
    """By its own source: another version may have others."""
    written = "".join(inspect.getsource(module) for module in (schema_registry_client, _oauthbearer))
    dotted = set(re.findall(r"'([a-z]+(?:\.[a-z]+)+)'", written))
    assert {name for name in CLIENT_KEYS if "." in name} == dotted - _OURS.keys()


def test_a_file_that_is_no_certificate_is_refused_with_the_property(tmp_path: Path):
    """A readable file of the wrong kind."""
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"registry\.ssl\.ca\.location: .*PEM"):
        Session(RegistrySettings(properties={"ssl.ca.location": str(file)}))


def test_a_folder_is_no_certificate(tmp_path: Path):
    """It can be read, and is refused with the property all the same."""
    with pytest.raises(ConfigError, match=r"registry\.ssl\.certificate\.location: .*Is a directory"):
        Session(RegistrySettings(properties={"ssl.certificate.location": str(tmp_path)}))


@pytest.fixture
def locked(tmp_path: Path) -> dict[str, str]:
    """A certificate, and its key under the pass phrase ``hush``."""
    pair = trustme.CA().issue_cert("client")
    pair.cert_chain_pems[0].write_to_path(tmp_path / "gw.pem")
    key = load_pem_private_key(pair.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush"))
    (tmp_path / "gw.key").write_bytes(encrypted)
    return {
        "ssl.certificate.location": str(tmp_path / "gw.pem"),
        "ssl.key.location": str(tmp_path / "gw.key"),
    }


@pytest.mark.parametrize("password", [{}, {"ssl.key.password": "wrong"}], ids=["none", "wrong"])
def test_an_encrypted_key_never_asks_a_terminal(locked: dict[str, str], password: dict[str, str]):
    """Without the right pass phrase it fails at once, and says what is missing."""
    with pytest.raises(ConfigError, match=r"an encrypted key needs ssl\.key\.password") as refused:
        Session(RegistrySettings(properties={**locked, **password}))
    assert "wrong" not in str(refused.value)


async def test_an_encrypted_key_is_opened_by_its_pass_phrase(locked: dict[str, str]):
    """As Confluent's client does it."""
    await Session(RegistrySettings(properties={**locked, "ssl.key.password": "hush"})).aclose()


def test_authorities_that_the_environment_names_and_nobody_has(monkeypatch: pytest.MonkeyPatch):
    """The client obeys SSL_CERT_FILE: the message names it, for no property is to blame."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match=r"No such file or directory.*SSL_CERT_FILE"):
        Session(RegistrySettings())


def test_secrets_are_not_shown_when_properties_are_refused():
    """The client's own message may repeat what it was given; ours does not."""
    properties = {"proxy": "gopher://me:hunter2@proxy", "basic.auth.user.info": "me:hunter2"}
    with pytest.raises(ConfigError) as refused:
        Session(RegistrySettings(properties=properties))
    assert "hunter2" not in str(refused.value)


async def test_all_properties_of_the_client_that_a_file_can_hold_are_taken():
    """Numbers arrive as text in gateway.yaml, and work."""
    session = Session(
        RegistrySettings(
            url="https://a:8081/path/, http://b",
            properties={
                "timeout": "2.5",
                "max.retries": "3",
                "retries.wait.ms": "10",
                "retries.max.wait.ms": "20",
                "basic.auth.user.info": "me:with:colons",
                "proxy": "http://proxy:3128",
            },
        )
    )
    assert session.urls == ("https://a:8081/path", "http://b")
    assert session.timeout_s == 2.5
    await session.aclose()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +999999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 251_635_118_339.0),
        ("٣", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("9" * 400, 999_999_999.0),
        ("Thu, 01 Jan 2026 12:01:30 GMT", 90.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 12:00:10 -0000", 10.0),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(header, seconds):
    """Both forms of RFC 9110 10.2.3; anything else is no request to wait."""
    assert retry_after_s(header, NOW) == seconds
