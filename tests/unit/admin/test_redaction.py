"""No secret reaches a log."""

from __future__ import annotations

import pytest
from pydantic import SecretBytes, SecretStr

from gateway.admin.redaction import HIDDEN, redact


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "mqtt_password",
        "sasl.password",
        "ssl.key.password",
        "PASSWD",
        "client_secret",
        "bearer.auth.token",
        "basic.auth.user.info",
        "user_info",
        "authorization",
        "api_key",
        "ssl.key.pem",
        "private-key",
        "credentials",
        "passphrase",
    ],
)
@pytest.mark.parametrize("value", ["hunter2", 1234, ["hunter2"], {"x": "hunter2"}, b"hunter2", 1.5])
def test_what_is_named_like_a_secret_is_hidden(key, value):
    """Whatever its type."""
    assert redact(value, key) == HIDDEN
    assert redact({key: value, "topic": "t"}) == {key: HIDDEN, "topic": "t"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("topic", "plant.pump"),
        ("key", "pump-42"),
        ("password_file", "/run/secrets/mqtt"),
        ("ssl.key.location", "/etc/gw.key"),
        ("sasl.oauthbearer.token.endpoint_url", "https://idp.example/token"),
        ("token_expired", True),
        ("password", None),
        ("bytes", 42),
        ("age_s", 0.5),
    ],
)
def test_what_is_no_secret_stays(key, value):
    """Where a secret is kept, whether there is one, and everything else."""
    assert redact(value, key) == value


@pytest.mark.parametrize("value", [SecretStr("hunter2"), SecretBytes(b"hunter2")])
def test_secret_types_are_hidden_under_any_key(value):
    """Also deep inside."""
    assert redact(value, "topic") == HIDDEN
    assert redact({"a": [(value, {"b": value})]}) == {"a": [[HIDDEN, {"b": HIDDEN}]]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:hunter2@sr.example:8081/subjects", f"https://{HIDDEN}@sr.example:8081/subjects"),
        ("mqtts://:p@ss@host: refused", f"mqtts://{HIDDEN}@host: refused"),
        ("two: http://a:b@c, http://d:e@f", f"two: http://{HIDDEN}@c, http://{HIDDEN}@f"),
        ("http://host/path?mail=a@b.c", "http://host/path?mail=a@b.c"),
        ("sasl.password=hunter2; retries=3", f"sasl.password={HIDDEN}; retries=3"),
        ('client_secret = "hunter 2" refused', f"client_secret = {HIDDEN} refused"),
        ("'password'='hunter2', x", f"'password'={HIDDEN}, x"),
        ("Authorization: Basic dXNlcjpodW50ZXIy", f"Authorization: Basic {HIDDEN}"),
        ("sent Bearer abc.def-ghi_jkl==", f"sent Bearer {HIDDEN}"),
        ("mqtt.password must not be empty", "mqtt.password must not be empty"),
        ("Basic types are fine", "Basic types are fine"),
    ],
)
def test_secrets_in_free_text_are_hidden(text, shown):
    """The password of a URL, assignments, and HTTP credentials; the words around them stay."""
    assert redact(text, "detail") == shown


def test_bytes_are_shown_by_their_number():
    """They may be a payload."""
    assert redact({"payload": b'{"temp": 21}', "view": memoryview(b"ab")}) == {
        "payload": "<12 bytes>",
        "view": "<2 bytes>",
    }


def test_other_values_become_text_or_lists():
    """What JSON cannot say, in an order that is always the same."""
    assert redact({"path": ValueError("password=hunter2"), "set": {"b", "a"}, 1: (1, 2)}) == {
        "path": f"password={HIDDEN}",
        "set": ["a", "b"],
        "1": [1, 2],
    }
