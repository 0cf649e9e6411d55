"""One target under atheris: ``python -m tests.fuzz.worker SCRIPT TARGET`` and libFuzzer's own arguments.

SCRIPT is what starts this again: libFuzzer does so to merge a corpus.
"""

from __future__ import annotations

import importlib
import sys

import atheris

_INSTRUMENTED = ["gateway.compile", "gateway.mqtt", "gateway.registry.answers", "gateway.notation.pointer"]


def main() -> None:
    """Runs until libFuzzer has had enough; its exit code says whether it found something."""
    script, target, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=_INSTRUMENTED):
        module = importlib.import_module(f"tests.fuzz.{target}")
    atheris.Setup([script, *arguments], module.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
