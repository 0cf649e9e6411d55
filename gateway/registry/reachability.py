"""Whether the registry answers, and for what it does not.

Rules
- When nobody answers, nobody asks again for PAUSE_S, or for what Retry-After says: fifty subjects must not wait
  for fifty time-outs.
- As long as nobody has answered, at the start too, one asks and the others wait for what becomes of it: eight requests
  with refused credentials at once may lock an account.
- What fails alone is asked for again with the others, and the registry counts as away until that has an answer too.
- The log hears when the registry goes away and when it is back, never of a single request.

Knows no schema: a question is a subject, or a subject and a version. Every time is monotonic, in seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from gateway.errors import GatewayError, RegistryUnavailable
from gateway.pipeline.ports import Clock
from gateway.registry.answers import UnusableAnswer
from gateway.registry.failures import RegistryDown
from gateway.registry.references import Key

PAUSE_S = 5.0
"""How long a failure speaks for the next request; below the 10 s in which we must be back."""
LONGEST_PAUSE_S = 300.0
"""Most that Retry-After can ask for; a registry must not silence us for a day."""

Question = Key | str
"""A version, or a subject's latest."""

_ALL = ""
"""Stands for everything, where nobody answers: no subject has this name."""

_log = structlog.get_logger(__name__)


class RegistrySilent(RegistryUnavailable):
    """Nobody was asked, because nobody has just answered; the message is that failure's."""


class Reachability:
    """Remembers answers and failures, not what they say."""

    def __init__(self, clock: Clock, refresh_s: float) -> None:
        """``refresh_s``: what is wanted is asked for again after so many seconds."""
        self._clock = clock
        self._refresh_s = refresh_s
        self._silent_until = clock.monotonic()
        self._answers = False
        """Somebody has answered, and the registry has not gone away since."""
        self._probe = asyncio.Lock()
        self._asked = False
        self._failing: dict[Question, float] = {}
        """What has no answer -> until when that counts: it is asked for again before, or nobody wants it any more."""
        self.last_error: str | None = None
        """What the last failed request met; stays after recovery."""
        self.failures = 0
        """Requests that failed since the start."""

    @property
    def reachable(self) -> bool | None:
        """Whether the registry answers for all that it is asked for; None before the first request."""
        return not self._is_failing() if self._asked else None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Around a request. As long as nobody answers it waits for what becomes of the one before.

        Raises RegistrySilent where asking now would only find the last failure again.
        """
        async with AsyncExitStack() as probing:
            if not self._answers:
                await probing.enter_async_context(self._probe)
            if self._answers:
                await probing.aclose()  # all who wait may ask at once
            if self._clock.monotonic() < self._silent_until:
                raise RegistrySilent(str(self.last_error))
            try:
                yield
            except RegistryDown:
                self._answers = False
                raise
            except GatewayError:
                self._answers = True
                raise
            self._answers = True

    def note_answer(self, question: Question) -> None:
        """The registry has answered, whatever it said."""
        self._asked = True
        was_failing = self._is_failing()
        for answered in (question, _ALL):
            self._failing.pop(answered, None)
        if was_failing and not self._is_failing():
            _log.info("registry_back")

    def note_failure(self, question: Question, exc: RegistryUnavailable | UnusableAnswer) -> None:
        """The registry has not answered, or nothing usable."""
        now, pause_s, what = self._clock.monotonic(), 0.0, str(exc)
        if isinstance(exc, RegistryDown):
            question = _ALL
            pause_s = PAUSE_S if exc.retry_after_s is None else min(exc.retry_after_s, LONGEST_PAUSE_S)
            self._silent_until = now + pause_s
        else:
            what = f"subject {(question if isinstance(question, str) else question[0])!r}: {what}"
        if not self._is_failing():
            _log.warning("registry_unavailable", reason=what)
        self._asked = True
        self.failures += 1
        self.last_error = what
        self._failing[question] = now + pause_s + 2 * self._refresh_s

    def _is_failing(self) -> bool:
        now = self._clock.monotonic()
        return any(now < until for until in self._failing.values())
