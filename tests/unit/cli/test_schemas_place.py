"""Which registry the schema commands mean by ``--registry``, and what of gateway.yaml goes there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.schemas.folders import find_place
from tests.unit.cli.conftest import Gateway

LOGIN = {"basic.auth.user.info": "prod:topsecret", "bearer.auth.token": "token"}
REST = {"proxy": "http://proxy:3128", "timeout": "3"}


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gateway.yaml with a registry that wants a login; the working directory."""
    monkeypatch.chdir(tmp_path)
    properties = "".join(f"  {name}: {value!r}\n" for name, value in (LOGIN | REST).items())
    file = Path("gateway.yaml")
    file.write_text(f"registry:\n  url: https://one:8081, https://two\n{properties}")
    return file


@pytest.mark.parametrize(
    "url",
    [
        "http://one:8081",
        "https://one",
        "https://three:8081",
        "https://one:8081, https://three",
    ],
)
def test_a_login_is_not_sent_to_another_host(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor over another scheme or port: whoever answers there would read the password. It is said."""
    place = find_place(None, None, url)
    assert place.registry.url == url
    assert place.registry.properties == REST
    said = capsys.readouterr().err
    assert f"not sent to {url}" in said
    assert "topsecret" not in said


@pytest.mark.parametrize("url", ["https://one:8081", "https://two:443/path", "https://two,https://one:8081"])
def test_a_login_is_sent_to_the_hosts_that_it_is_for(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As another path, or one host of several."""
    assert find_place(None, None, url).registry.properties == LOGIN | REST
    assert not capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["plan"], ["apply", "--yes"], ["pull"], ["plan", "schemas"]])
def test_a_password_in_the_url_is_refused_and_not_shown(gateway: Gateway, arguments: list[str]) -> None:
    """It would stand in plans and comments."""
    ended = gateway("schemas", *arguments, "--registry", "http://u:geheim@localhost:8081")
    assert ended.code == 2
    assert "--registry: must not contain the password" in ended.err
    assert "geheim" not in ended.out + ended.err


def test_a_plan_for_a_named_registry_needs_no_gateway_yaml(config: Path, gateway: Gateway) -> None:
    """A variable that is not set there concerns nobody."""
    config.write_text("mqtt: {password: '${SURELY_NOT_SET}'}")
    ended = gateway("schemas", "apply", "no-plan.json", "--registry", "http://127.0.0.1:1")
    assert ended.code == 2
    assert "SURELY_NOT_SET" not in ended.err
    assert "no-plan.json" in ended.err
