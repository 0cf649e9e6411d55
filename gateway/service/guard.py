"""The named guard around a contract's schema (docs/design.md).

Schemas come from others, and are compiled by thousands of lines of ours and of libraries, one of them in Rust. What
goes wrong there concerns one contract: it keeps its last good version, or is inactive; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from gateway.errors import SchemaError, is_fault

_log = structlog.get_logger(__name__)

T = TypeVar("T")


def guarded(contract: str, work: Callable[[], T]) -> T:
    """What ``work`` returns, which compiles or tries a schema for ``contract``. Raises SchemaError, whatever fails."""
    try:
        return work()
    except SchemaError:
        raise
    except BaseException as exc:
        if not is_fault(exc):
            raise
        name = type(exc).__name__
        _log.error("schema_processing_failed", contract=contract, exc_info=exc)
        raise SchemaError(f"the gateway failed on it ({name}, see the log); please report it with the schema") from exc
