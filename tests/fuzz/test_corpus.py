"""Every input of the corpus, and every one that once broke something, without atheris."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.fuzz.__main__ import HERE, TARGETS, main

MOST_BYTES = 300_000


def _files(folder: str, target: str) -> list[Path]:
    return sorted((HERE / folder / target).glob("*"))


def _module(target: str) -> ModuleType:
    return importlib.import_module(f"tests.fuzz.{target}")


def check(target: str, data: bytes, name: str) -> None:
    """Fails with the input where it breaks something."""
    try:
        _module(target).check(data)
    except BaseException as exc:
        raise AssertionError(f"{name}: {target}.check({data!r})") from exc


@pytest.mark.parametrize("target", TARGETS)
def test_what_fuzzing_kept_holds(target: str):
    """Neither what reaches much of the code breaks any of it, nor, any more, what was once found to."""
    for data in _module(target).seeds():
        check(target, data, "seed")
    for file in (*_files("corpus", target), *_files("crashes", target)):
        check(target, file.read_bytes(), f"{file.parent.parent.name}/{target}/{file.name}")


@pytest.mark.parametrize("target", TARGETS)
def test_there_is_a_corpus(target: str):
    """A folder that was lost would leave the other tests with the seeds alone."""
    assert len(_files("corpus", target)) >= 10


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_notices_a_broken_gateway(target: str, monkeypatch: pytest.MonkeyPatch):
    """A target that fails on nothing would find nothing: each fails where what it calls raises."""

    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError

    module = _module(target)
    if target.startswith("payload"):
        monkeypatch.setattr("gateway.compile.binding.Binding.encode", broken)
    elif target.startswith("schema"):
        monkeypatch.setattr(module, "binding_of", broken)
    elif target == "mqtt_stream":
        monkeypatch.setattr(module, "PacketReader", broken)
    else:
        monkeypatch.setattr(module, "_READERS", (broken,))
    seeds = list(module.seeds())
    with pytest.raises(ZeroDivisionError):
        _check_all(module, seeds)


def _check_all(module: ModuleType, seeds: list[bytes]) -> None:
    for seed in seeds:
        module.check(seed)


def test_the_corpus_is_small():
    """It is part of every clone."""
    assert sum(file.stat().st_size for file in HERE.rglob("*") if file.is_file() and file.suffix != ".pyc") < MOST_BYTES


def test_an_unknown_target_is_refused(capsys: pytest.CaptureFixture[str]):
    """A misspelled name is told, with those that there are."""
    assert main(["payload_avr"]) == 2
    assert "payload_avro" in capsys.readouterr().err
