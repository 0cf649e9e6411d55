"""``python -m tests.faults.variant NAME run ...``: the gateway with one thing changed.

Patches, so that the product has no switch for them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from gateway.cli import main
from gateway.model import Record, Rejection
from gateway.pipeline.routes import RouteTable

POISON = b"poison"
"""A payload that holds this kills the process that decodes it."""


def poisonous() -> None:
    """Native code that crashes on certain payloads."""
    encode = RouteTable.encode

    def fragile(self: RouteTable, topic: str, payload: bytes, received_at: int) -> Record | Rejection:
        if POISON in payload:
            os.kill(os.getpid(), signal.SIGSEGV)
        return encode(self, topic, payload, received_at)

    RouteTable.encode = fragile  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {"poisonous": poisonous}

if __name__ == "__main__":
    VARIANTS[sys.argv.pop(1)]()
    main()
