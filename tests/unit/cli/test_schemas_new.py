"""``gateway schemas new``: what it says of itself and of folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Gateway


def test_the_default_format_is_shown_as_it_is_written(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the choices beside it."""
    monkeypatch.setenv("COLUMNS", "200")
    shown = gateway("schemas", "new", "--help").out
    assert "<avro|json>" in shown
    assert "[default: avro]" in shown


@pytest.mark.parametrize("written", ["json", "JSON"])
def test_the_format_in_any_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: Gateway, written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("schemas/pump", "--mqtt", "a/{device}", "--format", written)
    assert gateway("schemas", "new", *arguments, stdin=b'{"a":1}\n').code == 0
    assert (tmp_path / "schemas/pump/schema.json").is_file()


def test_a_folder_whose_name_no_topic_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    """It is told which, and that --topic helps; and it does."""
    monkeypatch.chdir(tmp_path)
    arguments = ("schemas", "new", "schemas/Pumpe-Süd", "--mqtt", "a/{device}")
    ended = gateway(*arguments, stdin=b'{"a":1}\n')
    assert (ended.code, ended.out, list(tmp_path.iterdir())) == (2, "", [])
    told = "schemas/Pumpe-Süd: no topic can be called like this folder: 'Pumpe-Süd' is no Kafka topic name"
    assert ended.err.startswith(f"gateway: {told}")
    assert ended.err.endswith("give --topic, or another folder\n")
    assert gateway(*arguments, "--topic", "pumpe", stdin=b'{"a":1}\n').code == 0
    assert gateway("schemas", "check", "schemas").code == 0
