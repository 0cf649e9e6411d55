"""Topic filters as they went to the broker, and whose messages they bring.

Asked for every contract at every look, so each answer is found once: of 500 filters and as many contracts
every pair would take a quarter of a second of the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.notation.topics import TopicFilter, covers, overlap

Levels = tuple[str, ...]
"""Of a filter as the broker sees it: two that differ only in their captures' names are one."""


class FilterSet:
    """Filters that do not change any more."""

    def __init__(self, names: Iterable[str]) -> None:
        """``names`` may begin with ``$share/GROUP/``. Raises NotationError or IndexError for one that is no filter."""
        self._filters = [bare_filter(name) for name in names]
        self._bring: dict[Levels, bool] = {each.levels: True for each in self._filters}
        self._touch: dict[Levels, bool] = dict(self._bring)

    def bring(self, wanted: TopicFilter) -> bool:
        """Whether one of them brings every message that ``wanted`` matches."""
        return self._ask(self._bring, wanted, covers)

    def touch(self, wanted: TopicFilter) -> bool:
        """Whether one of them brings any message that ``wanted`` matches."""
        return self._ask(self._touch, wanted, lambda mine, other: overlap(mine, other) is not None)

    def _ask(
        self, known: dict[Levels, bool], wanted: TopicFilter, relation: Callable[[TopicFilter, TopicFilter], bool]
    ) -> bool:
        if wanted.levels not in known:
            known[wanted.levels] = any(relation(mine, wanted) for mine in self._filters)
        return known[wanted.levels]


def bare_filter(name: str) -> TopicFilter:
    """A filter as it went to the broker, without the ``$share/GROUP/`` in front."""
    return TopicFilter.parse(name.split("/", 2)[2] if name.startswith("$share/") else name)
