"""A payload encoded in a process of its own, which may use only so much processor time and memory.

For what could end the test run itself: a crash of a library, memory without end, a loop inside foreign code that
no count of Python calls would notice. The limits are no measurement: a sane implementation stays far below them.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

CPU_S = 60
MEMORY_BYTES = 1_500_000_000

_CHILD = f"""
import pickle, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_S}, {CPU_S}))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from tests.unit.compile.limited import answer
sys.stdout.write(answer(*pickle.load(sys.stdin.buffer)))
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
    data = payload.encode() if isinstance(payload, str) else payload
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], input=pickle.dumps((version, data, declared)), capture_output=True, check=False
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
    return Answer(*json.loads(done.stdout))


def answer(version: Any, payload: bytes, declared: Mapping[str, Any]) -> str:
    """What the child process says."""
    from gateway.model import Rejection
    from tests.unit.compile.compiled import encode

    outcome = encode(version, payload, **declared)
    if isinstance(outcome, Rejection):
        first = outcome.violations[0]
        return json.dumps([str(first.code), first.path, 0, first.message])
    return json.dumps(["accepted", "", len(outcome.coercions), ""])
