"""``make fuzz``: every target for FUZZ_SECONDS, one after the other; exit code 1 if one of them found something."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = ("payload_avro", "payload_json", "schema_avro", "schema_json", "mqtt_stream", "registry_answer")
LONGEST = {"schema_avro": 2_000, "schema_json": 2_000}
"""Bytes of an input; 400 where nothing else is said: what breaks parsers is short."""
WORDS = (
    *('"', "\\", "{", "}", "[", "]", ":", ",", "null", "true", "false", "NaN", "-Infinity", "1e999", "0.5", "-1"),
    *('""', '":', '","', '":{"', '":["', '"}', '"]', "[]", "{}", "\\u0000", "\\ud800", "\\n", "\xef\xbb\xbf", "\x00"),
    *("9223372036854775808", "2147483648", "9007199254740993", "1700000000000", "2024-03-31T02:30:00Z", "PT1.5S"),
)
"""What a byte fuzzer would be long in finding; the words of a target's seeds are added."""


def main(arguments: Sequence[str]) -> int:
    """Fuzzes the targets named, or all; ``--merge`` takes what they found into the corpus."""
    merge = "--merge" in arguments
    chosen = [name for name in arguments if not name.startswith("--")] or list(TARGETS)
    wrong = sorted(set(chosen) - set(TARGETS))
    if wrong:
        print(f"no such target: {', '.join(wrong)}; there are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    if find_spec("atheris") is None:
        print("atheris is not installed: `make fuzz` installs it where it can be had.", file=sys.stderr)
        return 2
    seconds = int(os.environ.get("FUZZ_SECONDS", "10"))
    found = [name for name in chosen if not fuzz(name, seconds, merge=merge)]
    if found:
        print(f"\nfound something: {', '.join(found)}. The inputs are in tests/fuzz/crashes: mend what they break and")
        print("commit them; `python -m pytest tests/fuzz` shows what each does, and runs them from now on.")
    return 1 if found else 0


def fuzz(target: str, seconds: int, *, merge: bool) -> bool:
    """Whether the target held for so long."""
    corpus = HERE / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        new, seeds, finds = (folder / part for part in ("new", "seeds", "finds"))
        for each in (new, seeds, finds):
            each.mkdir()
        texts = list(importlib.import_module(f"tests.fuzz.{target}").seeds())
        for text in texts:
            (seeds / name_of(text)).write_bytes(text)
        words = folder / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in _words(texts)))
        limits = [f"-max_len={LONGEST.get(target, 400)}", "-timeout=20", "-rss_limit_mb=2048"]
        done = _run(
            folder,
            target,
            *(f"-max_total_time={seconds}", f"-artifact_prefix={finds}/", f"-dict={words}", "-print_final_stats=1"),
            "-verbosity=0",
            *(*limits, new, corpus, seeds),
        )
        kept = sorted(finds.iterdir())
        print(f"{target}: {seconds} s, {_told(done)}", flush=True)
        for find in kept:
            _keep(target, find)
        if done.returncode or kept:
            print(done.stdout[-6000:])
            return False
        if merge:
            _merge(folder, target, corpus, [*limits, "-use_counters=0", "-merge=1", seeds, corpus, new])
        return True


def name_of(data: bytes) -> str:
    """The name of the file that holds an input."""
    return sha256(data).hexdigest()[:16]


def _words(seeds: Iterable[bytes]) -> list[str]:
    found = {word.decode() for text in seeds for word in re.findall(rb"[A-Za-z$][A-Za-z-]{1,30}", text)}
    return [*WORDS, *sorted(found)[:500]]


def _escaped(word: str) -> str:
    """The word as libFuzzer's dictionaries spell it."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02X}" for byte in word.encode("latin-1")
    )


def _told(done: subprocess.CompletedProcess[str]) -> str:
    stats = dict(re.findall(r"stat::(\w+): +(\d+)", done.stdout))
    runs, fresh = (stats.get(name, "?") for name in ("number_of_executed_units", "new_units_added"))
    return f"{runs} inputs tried, {fresh} of them reached something new"


def _keep(target: str, find: Path) -> None:
    """Writes a finding to where every test run reads it."""
    data = find.read_bytes()
    crashes = HERE / "crashes" / target
    crashes.mkdir(parents=True, exist_ok=True)
    (crashes / name_of(data)).write_bytes(data)
    print(f"!! {target}: {find.name.partition('-')[0]} on {data!r}")


def _merge(folder: Path, target: str, corpus: Path, arguments: Sequence[object]) -> None:
    """Keeps of the old and the new inputs the smallest that reach what the seeds do not."""
    seeds = folder / "seeds"
    before = {path.name for path in seeds.iterdir()}
    done = _run(folder, target, f"-artifact_prefix={folder}/finds/", *arguments)
    if done.returncode:
        raise SystemExit(done.stdout[-6000:])
    for path in corpus.iterdir():
        path.unlink()
    for path in seeds.iterdir():
        if path.name not in before:
            data = path.read_bytes()
            shutil.move(path, corpus / name_of(data))
    print(f"{target}: the corpus has {len(list(corpus.iterdir()))} inputs", flush=True)


def _run(folder: Path, target: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the worker by way of a script, because libFuzzer starts its own name again to merge."""
    script = folder / "worker"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tests.fuzz.worker "$0" {target} "$@"\n')
    script.chmod(0o700)
    return subprocess.run(
        [script, *map(str, arguments)],
        check=False,
        cwd=HERE.parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
