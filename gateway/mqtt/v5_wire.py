"""The network connection below an MQTT 5 link: writes, pings, pauses, and ends it so that nothing written is lost.

Knows nothing of packets but PINGREQ.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from gateway.mqtt.keepalive import Keepalive, Verdict

LINGER_S = 5.0
"""How long a connection that we end may take to flush and to be closed by the broker, before it is cut."""

_PINGREQ = b"\xc0\x00"


class Wire:
    """One transport and its timers."""

    _transport: asyncio.Transport

    def __init__(self, keepalive_s: float, on_half_open: Callable[[str], None]) -> None:
        """``on_half_open`` is called, with the reason, when the broker has been silent for too long."""
        self._loop = asyncio.get_running_loop()
        self._keepalive = Keepalive(keepalive_s, self._loop.time())
        self._on_half_open = on_half_open
        self._timer: asyncio.TimerHandle | None = None
        self.paused = False
        """Whether nothing is read."""

    def open(self, transport: asyncio.Transport) -> None:
        """Works on this transport from now on."""
        self._transport = transport

    def keep_alive(self, interval_s: float) -> None:
        """Pings from now on, whenever it is quiet for so long."""
        self._keepalive = Keepalive(interval_s, self._loop.time())
        self._timer = self._loop.call_at(self._keepalive.due, self._tick)

    def write(self, data: bytes) -> None:
        """Sends, as soon as the network takes it."""
        self._transport.write(data)
        self._keepalive.sent(self._loop.time())

    def received(self) -> None:
        """Notes that the broker has sent something."""
        self._keepalive.received(self._loop.time())

    def pause(self, *, paused: bool) -> None:
        """Reads no more, or reads on."""
        if paused is self.paused:
            return
        self.paused = paused
        self._keepalive.pause(self._loop.time(), paused=paused)
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def leave(self, farewell: bytes) -> None:
        """Says goodbye, flushes, and lets the broker close first; cuts if that takes too long.

        Were the socket closed while it holds unread messages, the kernel would send RST, and the last PUBACKs and
        the farewell could be lost with it. So it is read on; what comes is for the caller to throw away.
        """
        self._transport.write(farewell)
        if self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # the broker was faster: its end is read, or the timer below cuts
                self._transport.write_eof()
        self._transport.resume_reading()
        self.stop()
        self._timer = self._loop.call_later(LINGER_S, self._transport.abort)

    def abort(self) -> None:
        """Cuts the connection, in the event loop's next turn; what was not sent yet is dropped.

        At once would be too early for TLS: it may be about to hand us what came before the broker closed, and then
        fails over a transport that was aborted meanwhile.
        """
        self.stop()
        self._loop.call_soon(self._transport.abort)

    def stop(self) -> None:
        """Waits for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        """Pings, or gives the connection up."""
        verdict = self._keepalive.check(self._loop.time())
        if verdict is Verdict.HALF_OPEN:
            silent_s = 1.5 * self._keepalive.interval_s
            self._on_half_open(f"half-open: no byte from the broker for {silent_s:g} s although we pinged")
            return
        if verdict is Verdict.PING:
            self._transport.write(_PINGREQ)
        self._timer = self._loop.call_at(self._keepalive.due, self._tick)
