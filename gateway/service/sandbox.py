"""A piece of work tried in a child process, which may die of it.

A fork, not a new interpreter: the child has everything that the work needs, and is there within milliseconds. It does
nothing but the work, and leaves without any of the clean-up that is the parent's.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import signal
import time
import warnings
from collections.abc import Callable
from enum import Enum

TIMEOUT_S = 10.0
"""Far above what any payload needs, below any keep-alive that is usual."""
_LOOK_S = 0.01


class Fate(Enum):
    """What became of the child."""

    SURVIVED = "survived"
    """The work returned or raised: nothing that would end the parent."""
    DIED = "died"
    UNKNOWN = "unknown"
    """It was not ready in time, or could not be started."""


def fate_of(work: Callable[[], object], timeout_s: float = TIMEOUT_S) -> Fate:
    """What ``work`` does to a process. Blocks for as long as it takes, at most ``timeout_s``."""
    try:
        with warnings.catch_warnings():
            # Python warns of locks that threads may hold. Our only other one is the log's, and the work logs nothing.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
    except OSError:
        return Fate.UNKNOWN
    if child == 0:
        _run(work)
    deadline = time.monotonic() + timeout_s
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Fate.UNKNOWN
        time.sleep(_LOOK_S)
    return Fate.SURVIVED if ended[1] == 0 else Fate.DIED


def _run(work: Callable[[], object]) -> None:
    """The child's whole life."""
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # An exception is no death: the parent has a guard for it.
    with contextlib.suppress(BaseException):
        work()
    os._exit(0)
