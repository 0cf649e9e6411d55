"""What ends the gateway, and what does not."""

from __future__ import annotations

import asyncio
import errno

from structlog.testing import capture_logs

from gateway.app import _note_fault


async def test_an_exception_in_a_callback_ends_the_gateway():
    """Asyncio would log it and go on; the first one counts."""
    fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with capture_logs() as logged:
        _note_fault(fault, {"message": "in a callback", "exception": KeyError("x")})
        _note_fault(fault, {"message": "in another", "exception": ValueError("y")})
        _note_fault(fault, {"message": "without one"})
    assert [line["event"] for line in logged] == ["unexpected_exception"] * 3
    assert isinstance(fault.exception(), KeyError)


async def test_what_happens_to_sockets_is_a_warning():
    """It may be told many times a second: only warnings are counted when they repeat."""
    fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with capture_logs() as logged:
        context = {"message": "socket.accept() out of system resource"}
        _note_fault(fault, {**context, "exception": OSError(errno.EMFILE, "Too many open files")})
    assert logged == [
        {
            "event": "socket_failed",
            "log_level": "warning",
            "reason": "socket.accept() out of system resource: [Errno 24] Too many open files",
        }
    ]
    assert not fault.done()
