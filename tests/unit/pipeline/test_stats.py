"""What is counted, and that what is counted per device stays small and never too low."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Code, Coercion, Mode, Rejection, RouteLabel, Stage, Violation
from gateway.pipeline import stats as module
from gateway.pipeline.stats import LATENCY_BUCKETS_S, MOST_DEVICES, Histogram, Stats

LABEL = RouteLabel("line/pump", "t", "t.dlq", "t-value", Mode.LOSSLESS, 7, 3)


def rejection(device: str | None, code: Code = Code.TYPE_MISMATCH, label: RouteLabel | None = LABEL) -> Rejection:
    return Rejection(Stage.COERCE, (Violation(code, "m"),), label=label, device=device)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.001, 0), (0.0011, 1), (0.25, 7), (60.0, 13), (60.1, 14), (86_400.0, 14)],
)
def test_an_observation_falls_into_the_first_bucket_that_holds_it(seconds: float, bucket: int) -> None:
    """Upper bounds are inclusive, as Prometheus has them; what is above the last has a bucket too."""
    histogram = Histogram()
    histogram.observe(seconds)
    expected = [0] * (len(LATENCY_BUCKETS_S) + 1)
    expected[bucket] = 1
    assert (histogram.counts, histogram.total_s) == (expected, seconds)


def test_observations_add_up() -> None:
    """Count and sum over all buckets."""
    histogram = Histogram()
    for seconds in (0.5, 0.5, 2.0):
        histogram.observe(seconds)
    assert (sum(histogram.counts), histogram.total_s) == (3, 3.0)


def test_coercions_count_once_per_record_and_once_per_conversion() -> None:
    """A record with three conversions is one coerced record."""
    stats = Stats()
    made = (Coercion("/a", "rounded"), Coercion("/b", "rounded"), Coercion("/c", "renamed"))
    stats.count_coercions(LABEL, made)
    stats.count_coercions(LABEL, made[:1])
    assert stats.coerced == {LABEL: 2}
    assert stats.coercions == {(LABEL, "rounded"): 3, (LABEL, "renamed"): 1}


def test_rejections_count_by_route_and_reason() -> None:
    """The first violation's code is the reason; without a contract the route is None."""
    stats = Stats()
    for _ in range(2):
        stats.count_rejection(rejection("p7"))
    stats.count_rejection(rejection(None, Code.NO_ROUTE, None))
    assert stats.rejected == {(LABEL, Code.TYPE_MISMATCH): 2, (None, Code.NO_ROUTE): 1}
    assert stats.leading_devices(5) == [("p7", Code.TYPE_MISMATCH, 2)]


def test_labels_are_told_apart_by_identity() -> None:
    """A new schema version counts anew."""
    other = RouteLabel("line/pump", "t", "t.dlq", "t-value", Mode.LOSSLESS, 7, 3)
    stats = Stats()
    stats.accepted[LABEL] += 1
    stats.accepted[other] += 1
    assert list(stats.accepted.values()) == [1, 1]


def test_the_devices_rejected_most_come_first() -> None:
    """By device and reason."""
    stats = Stats()
    for device, count in (("a", 1), ("b", 3), ("c", 2)):
        for _ in range(count):
            stats.count_rejection(rejection(device))
    stats.count_rejection(rejection("b", Code.UNKNOWN_FIELD))
    assert stats.leading_devices(2) == [("b", Code.TYPE_MISMATCH, 3), ("c", Code.TYPE_MISMATCH, 2)]


def test_a_fleet_of_any_size_takes_bounded_memory() -> None:
    """However many devices are rejected once; one that is rejected often is among the leading all the same."""
    stats = Stats()
    for number in range(MOST_DEVICES + 500):
        stats.count_rejection(rejection(f"d{number}"))
        if number % 3 == 0:
            stats.count_rejection(rejection("bad"))
    assert len(stats.devices) == MOST_DEVICES
    [(device, _, count)] = stats.leading_devices(1)
    assert device == "bad"
    assert count == 500


@given(st.lists(st.sampled_from("abcdefgh"), max_size=80))
def test_no_device_is_underrated(devices: list[str]) -> None:
    """With more devices than places: a count is never below the truth, and never above by more than the rarest."""
    places = 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_DEVICES", places)
        stats = Stats()
        for device in devices:
            stats.count_rejection(rejection(device))
    truth = Counter(devices)
    assert len(stats.devices) <= places
    assert sum(stats.devices.values()) == len(devices)
    rarest = min(stats.devices.values(), default=0)
    for (device, _), count in stats.devices.items():
        assert truth[device] <= count <= truth[device] + rarest
    for device, count in truth.items():
        assert count <= rarest or (device, Code.TYPE_MISMATCH) in stats.devices


class Hashed(str):
    """A device ID that counts how often it is looked up."""

    __slots__ = ()
    hashed = 0

    def __hash__(self) -> int:
        Hashed.hashed += 1
        return super().__hash__()


@pytest.mark.parametrize("rejections", [1, 50])
def test_a_newcomer_costs_the_same_however_many_are_counted(rejections: int) -> None:
    """A fleet that is rejected as a whole must not slow the gateway down: a few look-ups, not one for each device."""
    stats = Stats()
    for number in range(MOST_DEVICES):
        for _ in range(rejections if number else 1):
            stats.count_rejection(rejection(Hashed(f"d{number}")))
    Hashed.hashed = 0
    for number in range(MOST_DEVICES):
        stats.count_rejection(rejection(Hashed(f"x{number}")))
    assert Hashed.hashed / MOST_DEVICES < 20
