"""A payload leaves nothing behind that only the cycle collector could free.

Cycles of the steady state would pile up until a full collection, which the running gateway rarely makes:
memory would grow with every rejected message. Exceptions make them easily: one that is kept holds the frames
that it passed, and those hold the payload and the exception itself.
"""

from __future__ import annotations

import gc

from tests.unit.compile.compiled import ARRIVAL
from tests.unit.compile.judge import bind
from tests.unit.compile.vectors import Unloadable, read_cases


def test_no_vector_leaves_cyclic_garbage():
    """Accepted, converted or rejected: reference counts free everything."""
    leaking = {}
    cases = [case for case in read_cases() if not isinstance(case.outcome, Unloadable)]
    gc.collect()
    gc.freeze()  # or each collection would walk all of the test run's objects
    gc.disable()
    try:
        for case in cases:
            bound = bind(case)
            gc.collect()
            bound.encode(case.payload, ARRIVAL)
            if garbage := gc.collect():
                leaking[case.name] = garbage
    finally:
        gc.enable()
        gc.unfreeze()
    assert leaking == {}
