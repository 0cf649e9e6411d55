"""Which topic filters to subscribe, so that each message comes once.

Brokers send a copy for every subscription that matches (MQTT 5, section 3.3.4), so only filters that
no other contract's filter covers are subscribed; messages are told apart inside.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.config.contract import Contract
from gateway.notation.topics import covers, narrower


def subscriptions(contracts: Iterable[Contract], share: str | None = None) -> list[tuple[str, int]]:
    """Topic filters as they go to the broker, each with its QoS, sorted.

    The QoS is the highest among the contracts that a filter covers. ``share`` is the name of the
    shared subscription that all of them join.
    """
    known = list(contracts)
    widest = [
        contract.filter for contract in known if not any(narrower(contract.filter, other.filter) for other in known)
    ]
    prefix = f"$share/{share}/" if share else ""
    wanted: dict[str, int] = {}
    for contract in known:
        # Filters that cover each other, such as # and +/#, are one: the first in order of their text stands for all.
        chosen = min(candidate.mqtt for candidate in widest if covers(candidate, contract.filter))
        wanted[chosen] = max(contract.qos, wanted.get(chosen, 0))
    return [(prefix + topic_filter, qos) for topic_filter, qos in sorted(wanted.items())]
