"""The fault matrix sees what an operator's tools see, and misses what was not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.signs import RESTARTED, Signs, Watch


class Shown:
    """A gateway that shows what a test says, instead of running."""

    def __init__(self, admin_url: str = "http://one") -> None:
        self.admin_url = admin_url
        self.readiness: dict[str, Any] = {}
        self.samples: dict[str, float] = {}
        self.log = ""
        self.running = True

    @property
    def process(self) -> Shown:
        """Itself: only ``running`` is asked for."""
        return self

    def get(self, path: str, otherwise: object) -> object:
        """The answer of /readyz."""
        assert path == "/readyz"
        return self.readiness or otherwise

    def metrics(self) -> str:
        """The text of /metrics."""
        return "".join(f"{name} {value}\n" for name, value in self.samples.items())


async def seen(*moments: Shown) -> Watch:
    """A watch that has looked at one gateway at each of these moments."""
    gateways: list[Any] = [moments[0]]
    watch = Watch(gateways)
    for moment in moments:
        gateways[0] = moment
        await watch.look()
    return watch


def showing(admin_url: str = "http://one", **samples: float) -> Shown:
    """A gateway with these metrics."""
    shown = Shown(admin_url)
    shown.samples = samples
    return shown


async def test_a_reason_is_seen_whether_ready_or_not() -> None:
    """Of ``reasons`` and of ``degraded``, at any moment."""
    away, degraded = Shown(), Shown()
    away.readiness = {"ready": False, "reasons": [{"code": "away", "detail": "topic t is missing"}]}
    degraded.readiness = {"ready": True, "degraded": [{"code": "odd", "detail": ""}]}
    watch = await seen(Shown(), away, degraded)
    for signs in (Signs("away"), Signs("odd"), Signs("away", words="topic t")):
        assert list(watch.missing(signs)) == []
    assert list(watch.missing(Signs("gone"))) == ["gone in /readyz"]
    assert list(watch.missing(Signs("away", words="topic u"))) == ["'topic u' in ['topic t is missing']"]


async def test_an_event_of_the_log_is_seen() -> None:
    """By its name, not by words of a message."""
    shown = Shown()
    shown.log = '{"event":"holding","reason":"told"}\n'
    watch = await seen(shown)
    assert list(watch.missing(Signs(log="holding"))) == []
    assert list(watch.missing(Signs(log="holding", words="told"))) == []
    assert len(list(watch.missing(Signs(log="holding", words="else")))) == 1
    assert list(watch.missing(Signs(log="told"))) == ["told in the log"]


@pytest.mark.parametrize(
    ("expression", "holds"),
    [("up == 0", True), ("up == 2", False), ("up > 0", True), ("up > 1", False), ("down > 0", False)],
)
async def test_a_metric_counts_whenever_it_was_so(expression: str, holds: bool) -> None:
    """Also if it is not any more."""
    watch = await seen(showing(up=1), showing(up=0), showing(up=1))
    assert watch.holds(expression) is holds
    assert list(watch.missing(Signs(metric=expression))) == ([] if holds else [expression])


async def test_a_series_is_told_by_its_label() -> None:
    """Whatever other labels it has."""
    shown = Shown()
    shown.samples = {'rejections_total{contract="a",code="x"}': 0, 'rejections_total{contract="a",code="y"}': 1}
    watch = await seen(shown)
    assert watch.holds('rejections_total{code="y"} > 0')
    assert not watch.holds('rejections_total{code="x"} > 0')


async def test_a_change_is_one_of_the_same_gateway() -> None:
    """Two gateways that differ have not changed."""
    name = "process_start_time_seconds"
    two: list[Any] = [showing("http://one", **{name: 1}), showing("http://two", **{name: 2})]
    watch = Watch(two)
    await watch.look()
    two.reverse()
    await watch.look()
    assert not watch.holds(RESTARTED.metric)
    two[1] = showing("http://one", **{name: 3})
    await watch.look()
    assert watch.holds(RESTARTED.metric)


async def test_a_gateway_that_does_not_run_is_not_asked() -> None:
    """It would not answer."""
    gone = showing(up=0)
    gone.running = False
    assert not (await seen(gone)).holds("up == 0")


async def test_what_was_there_before_the_fault_does_not_count() -> None:
    """A metric must not say so, reasons and lines of the log are forgotten; unless the fault was there before."""
    shown = showing(up=0)
    shown.readiness = {"reasons": [{"code": "away", "detail": ""}]}
    shown.log = '{"event":"holding"}\n'
    watch = await seen(shown)
    signs = Signs("away", "holding")
    watch.begin(replace(signs, metric="up == 0", from_the_start=True))
    assert list(watch.missing(signs)) == []
    with pytest.raises(AssertionError, match="before the fault"):
        watch.begin(replace(signs, metric="up == 0"))
    watch.begin(replace(signs, metric="up == 1"))
    assert list(watch.missing(signs)) == ["away in /readyz", "holding in the log"]
    shown.log += '{"event":"holding"}\n'
    await watch.look()
    assert list(watch.missing(signs)) == []


async def test_an_expression_that_is_not_understood_is_an_error() -> None:
    """It would never hold."""
    watch = await seen(showing(up=1))
    with pytest.raises(AssertionError, match="rate"):
        watch.holds("rate(up[5m]) > 0")
