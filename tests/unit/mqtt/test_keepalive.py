"""When to ping and when to give up, on a clock of the test's own."""

from __future__ import annotations

from gateway.mqtt.keepalive import Keepalive, Verdict


def run(keepalive: Keepalive, until: float) -> list[tuple[float, Verdict]]:
    """What is decided, and when, if each check comes as it is due and nothing else happens."""
    decisions: list[tuple[float, Verdict]] = []
    while keepalive.due <= until:
        now = keepalive.due
        verdict = keepalive.check(now)
        assert verdict is Verdict.HALF_OPEN or keepalive.due > now
        if verdict is not Verdict.WAIT:
            decisions.append((now, verdict))
        if verdict is Verdict.HALF_OPEN:
            break
    return decisions


def test_silence_is_pinged_once_and_then_given_up():
    """PING after one interval, HALF_OPEN after one and a half."""
    assert run(Keepalive(10, 100), 200) == [(110, Verdict.PING), (115, Verdict.HALF_OPEN)]


def test_an_answer_keeps_the_connection():
    """With every ping answered only pings are decided, one an interval."""
    keepalive = Keepalive(10, 0)
    pings: list[float] = []
    while len(pings) < 5:
        now = keepalive.due
        if keepalive.check(now) is Verdict.PING:
            pings.append(now)
            keepalive.received(now)
    assert pings == [10, 20, 30, 40, 50]


def test_only_sending_does_not_prove_that_the_broker_lives():
    """Acknowledgements that nobody answers do not hide a dead broker."""
    keepalive = Keepalive(10, 0)
    for now in range(1, 10):
        keepalive.sent(now)
    assert run(keepalive, 100) == [(10, Verdict.PING), (15, Verdict.HALF_OPEN)]


def test_only_receiving_still_pings():
    """The broker must hear something every interval, though messages of QoS 0 keep coming in."""
    keepalive = Keepalive(10, 0)
    for now in range(1, 10):
        keepalive.received(now)
    assert keepalive.check(10) is Verdict.PING


def test_an_early_ping_is_given_half_an_interval():
    """A ping that was due to our silence counts from when it left."""
    keepalive = Keepalive(10, 0)
    keepalive.received(9.5)
    assert keepalive.check(10) is Verdict.PING
    assert run(keepalive, 100) == [(20, Verdict.PING), (24.5, Verdict.HALF_OPEN)]


def test_nothing_is_missing_while_reading_is_paused():
    """Paused for long, it pings each interval and never gives up; resumed, the silence starts anew."""
    keepalive = Keepalive(10, 0)
    keepalive.pause(2, paused=True)
    assert run(keepalive, 65) == [(float(now), Verdict.PING) for now in range(10, 61, 10)]
    keepalive.pause(65, paused=False)
    assert run(keepalive, 200)[-1] == (80, Verdict.HALF_OPEN)


def test_a_sleep_of_our_own_is_no_silence_of_the_broker():
    """A check that comes far too late pings and waits anew, though a ping was unanswered."""
    keepalive = Keepalive(10, 0)
    assert keepalive.check(10) is Verdict.PING
    assert keepalive.check(40) is Verdict.PING
    assert run(keepalive, 200) == [(50, Verdict.PING), (55, Verdict.HALF_OPEN)]
