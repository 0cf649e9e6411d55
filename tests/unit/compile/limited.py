"""A payload encoded in a process of its own, which may use only so much processor time and memory.

For what could end the test run itself: a crash of a library, memory without end, a loop inside foreign code that
no count of Python calls would notice. The limits are no measurement: a sane implementation stays far below them.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

CPU_S = 60
MEMORY_BYTES = 1_500_000_000

Job = tuple[Any, bytes | str, Mapping[str, Any]]
"""A schema version, a payload, and what the contract declares."""

_CHILD = f"""
import pickle, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_S}, {CPU_S}))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from tests.unit.compile.limited import answers
sys.stdout.write(answers(pickle.load(sys.stdin.buffer)))
"""


class Answer(NamedTuple):
    """What became of a payload."""

    code: str
    """``accepted``, or the reason code of the rejection."""
    path: str
    conversions: int
    message: str


def encode_limited(version: Any, payload: bytes | str, **declared: Any) -> Answer:
    """What becomes of the payload. Fails where the process ends otherwise than by an answer."""
    return encode_all_limited([(version, payload, declared)])[0]


def encode_all_limited(jobs: Sequence[Job]) -> list[Answer]:
    """What becomes of each payload, one after the other in one process."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], input=pickle.dumps(list(jobs)), capture_output=True, check=False
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
    return [Answer(*each) for each in json.loads(done.stdout)]


def answers(jobs: Sequence[Job]) -> str:
    """What the child process says."""
    from gateway.model import Rejection
    from tests.unit.compile.compiled import encode

    said: list[Answer] = []
    for version, payload, declared in jobs:
        outcome = encode(version, payload, **declared)
        if isinstance(outcome, Rejection):
            first = outcome.violations[0]
            said.append(Answer(str(first.code), first.path, 0, first.message))
        else:
            said.append(Answer("accepted", "", len(outcome.coercions), ""))
    return json.dumps(said)
