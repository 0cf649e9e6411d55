"""The window of unacknowledged messages, against a list that says the same in the simplest words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.pipeline.acks import AckWindow, Ticket

MOST_MESSAGES = 6
MOST_BYTES = 100


@dataclass(eq=False)
class Opened:
    """What the model knows of one message."""

    ticket: Ticket
    size: int
    unconfirmed: int = 1
    taken: bool = False


class Windows(RuleBasedStateMachine):
    """Messages come, records are confirmed in any order, acknowledgements are taken, connections change."""

    def __init__(self) -> None:
        super().__init__()
        self.packet_ids = 0
        self._renew()
        self.former: list[Opened] = []

    def _renew(self) -> None:
        self.window = AckWindow(MOST_MESSAGES, MOST_BYTES)
        self.arrived: list[Opened] = []

    @property
    def waiting(self) -> list[Opened]:
        """What is in the window, in order of arrival."""
        return [each for each in self.arrived if not each.taken]

    @rule(size=st.integers(0, 60), qos=st.integers(0, 2))
    def open(self, size: int, qos: int) -> None:
        """A message arrives, whether or not the window is full: one may be on its way when it fills."""
        self.packet_ids += 1
        ticket = self.window.open(self.packet_ids if qos else 0, qos, size, now=float(self.packet_ids))
        assert (ticket.qos, ticket.size, ticket.opened_at) == (qos, size, float(self.packet_ids))
        self.arrived.append(Opened(ticket, size))

    @precondition(lambda self: any(each.unconfirmed for each in self.waiting))
    @rule(data=st.data())
    def hand_over_another(self, data: st.DataObject) -> None:
        """A message makes one more record."""
        chosen = data.draw(st.sampled_from([each for each in self.waiting if each.unconfirmed]))
        chosen.ticket.pending += 1
        chosen.unconfirmed += 1

    @precondition(lambda self: any(each.unconfirmed for each in self.waiting))
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """Kafka confirms a record of any message."""
        chosen = data.draw(st.sampled_from([each for each in self.waiting if each.unconfirmed]))
        chosen.ticket.settle()
        chosen.unconfirmed -= 1

    @precondition(lambda self: any(each.unconfirmed for each in self.former))
    @rule(data=st.data())
    def confirm_late(self, data: st.DataObject) -> None:
        """Kafka confirms a record of a connection that is gone: of no effect on this one, see the invariants."""
        chosen = data.draw(st.sampled_from([each for each in self.former if each.unconfirmed]))
        chosen.ticket.settle()
        chosen.unconfirmed -= 1

    @rule()
    def take(self) -> None:
        """What is taken is every leading message without unconfirmed records, once, in order of arrival."""
        expected = []
        for each in self.waiting:
            if each.unconfirmed:
                break
            expected.append(each)
        assert self.window.take() == [each.ticket for each in expected]
        for each in expected:
            each.taken = True

    @rule()
    def reconnect(self) -> None:
        """A new connection has a window of its own, and packet IDs begin anew."""
        self.former += self.waiting
        self.packet_ids = 0
        self._renew()

    @invariant()
    def accounts(self) -> None:
        """Length, bytes, the oldest and fullness follow from what waits."""
        waiting = self.waiting
        assert len(self.window) == len(waiting)
        assert self.window.bytes == sum(each.size for each in waiting)
        assert self.window.oldest is (waiting[0].ticket if waiting else None)
        assert self.window.full is (len(waiting) >= MOST_MESSAGES or self.window.bytes >= MOST_BYTES)


TestWindows = Windows.TestCase
TestWindows.settings = settings(stateful_step_count=40)


def test_one_stuck_record_holds_all_behind_it() -> None:
    """Nothing overtakes [MQTT-4.6.0-2]; when the first is confirmed all leave together, in order."""
    window = AckWindow(10, 1000)
    first, second, third = (window.open(packet_id, 1, 1, 0.0) for packet_id in (7, 3, 5))
    third.settle()
    second.settle()
    assert window.take() == []
    first.settle()
    assert [ticket.packet_id for ticket in window.take()] == [7, 3, 5]
    assert (len(window), window.bytes, window.oldest) == (0, 0, None)


def test_a_message_of_several_records_waits_for_all() -> None:
    """Two of three confirmed is not confirmed."""
    window = AckWindow(10, 1000)
    ticket = window.open(1, 1, 1, 0.0)
    ticket.pending += 2
    for expected in ([], [], [ticket]):
        ticket.settle()
        assert window.take() == expected


@pytest.mark.parametrize(
    ("sizes", "full"),
    [((), False), ((1, 1), False), ((1, 1, 1), True), ((9,), False), ((10,), True), ((0, 0, 0), True)],
)
def test_full_by_number_or_by_bytes(sizes: tuple[int, ...], full: bool) -> None:
    """At the limit of either, not one before; empty payloads count as messages."""
    window = AckWindow(3, 10)
    for size in sizes:
        window.open(1, 1, size, 0.0)
    assert window.full is full


def test_what_is_taken_makes_room() -> None:
    """Full until the head has left, whatever is confirmed behind it."""
    window = AckWindow(2, 1000)
    head, tail = window.open(1, 1, 1, 0.0), window.open(2, 1, 1, 0.0)
    tail.settle()
    window.take()
    assert window.full
    head.settle()
    window.take()
    assert not window.full


def test_it_says_what_it_holds() -> None:
    """Its text shows use and limits, for people who debug."""
    window = AckWindow(2, 1000)
    window.open(1, 1, 12, 0.0)
    assert repr(window) == "<AckWindow 1/2 messages, 12/1000 bytes>"
