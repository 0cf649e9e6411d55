"""What is remembered across restarts, and that no broken file keeps a gateway from starting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.service.memory import HeldFilters, LastVersions
from tests.unit.service.house import contract

URL = "mqtt://broker:1883"


def held(folder: Path, client_id: str = "gw", url: str = URL) -> HeldFilters:
    return HeldFilters(folder, client_id, url)


def test_filters_are_remembered(tmp_path: Path) -> None:
    """With the last QoS granted, in a folder that need not exist, until the session is gone."""
    folder = tmp_path / "var" / "state"
    assert held(folder).filters == {}
    held(folder).grant({"a/+": 1, "b/#": 2})
    assert held(folder).filters == {"a/+": 1, "b/#": 2}
    held(folder).grant({"b/#": 1})
    assert held(folder).filters == {"a/+": 1, "b/#": 1}
    held(folder).give_up(["a/+"])
    assert held(folder).filters == {"b/#": 1}
    held(folder).forget()
    assert held(folder).filters == {}


def test_what_is_asked_for_may_be_held(tmp_path: Path) -> None:
    """Until the broker has granted it; a filter that is held anyway is nothing new."""
    held(tmp_path).grant({"a/+": 1})
    held(tmp_path).ask(["b/+", "a/+", "c/+"])
    assert (held(tmp_path).filters, held(tmp_path).possible) == ({"a/+": 1}, ("b/+", "c/+"))
    held(tmp_path).grant({"b/+": 1})
    assert (held(tmp_path).filters, held(tmp_path).possible) == ({"a/+": 1, "b/+": 1}, ("c/+",))


def test_what_is_given_up_may_be_held_for_ever(tmp_path: Path) -> None:
    """It is not relied on any more; only a new session is sure not to have it."""
    held(tmp_path).grant({"a/+": 1, "b/+": 1})
    held(tmp_path).give_up(["b/+", "c/+"])
    for _ in range(2):
        assert (held(tmp_path).filters, held(tmp_path).possible) == ({"a/+": 1}, ("b/+", "c/+"))
    held(tmp_path).forget()
    assert (held(tmp_path).filters, held(tmp_path).possible) == ({}, ())


def test_what_is_settled(tmp_path: Path) -> None:
    """At the QoS that is held, until it is asked for or given up again, or the session is gone."""

    def settled() -> list[str]:
        known = held(tmp_path)
        return [name for name in ("a/+", "b/+", "c/+") if known.is_settled(name, 1)]

    held(tmp_path).grant({"a/+": 1, "b/+": 1, "c/+": 0})
    assert settled() == []
    held(tmp_path).settle(["a/+", "b/+", "c/+", "unknown/+"])
    assert settled() == ["a/+", "b/+"]
    held(tmp_path).ask(["a/+"])
    assert settled() == ["b/+"]
    held(tmp_path).grant({"a/+": 1, "unknown/+": 1})
    held(tmp_path).give_up(["b/+"])
    assert settled() == []
    held(tmp_path).settle(["a/+"])
    assert settled() == ["a/+"]
    held(tmp_path).forget()
    held(tmp_path).grant({"a/+": 1})
    assert settled() == []


def test_how_large_the_file_gets(tmp_path: Path) -> None:
    """One entry for each filter that contracts ever had, however often each came and went."""
    filters = held(tmp_path)
    for _ in range(3):
        for number in range(20):
            filters.ask([f"a{number}/+"])
            filters.grant({f"a{number}/+": 1})
            filters.give_up([f"a{number}/+"])
    assert sorted(held(tmp_path).possible) == sorted(f"a{number}/+" for number in range(20))


def test_the_file_of_an_older_gateway(tmp_path: Path) -> None:
    """It says nothing of what else may be held, nor of what is settled; what it does say is taken over."""
    known = {"client_id": "gw", "url": URL, "filters": {"a/+": 1}, "complete": True}
    (tmp_path / "held-filters.json").write_text(json.dumps(known))
    assert (held(tmp_path).filters, held(tmp_path).possible, held(tmp_path).complete) == ({"a/+": 1}, (), True)
    assert not held(tmp_path).is_settled("a/+", 1)


@pytest.mark.parametrize(("client_id", "url"), [("other", URL), ("gw", "mqtt://elsewhere:1883")])
def test_another_session_s_filters_count_for_nothing(tmp_path: Path, client_id: str, url: str) -> None:
    """Another client ID or broker is another session; when it has filters of its own, they replace the file."""
    held(tmp_path).grant({"a/+": 1})
    other = held(tmp_path, client_id, url)
    assert other.filters == {}
    other.grant({"c/+": 1})
    assert held(tmp_path, client_id, url).filters == {"c/+": 1}
    assert held(tmp_path).filters == {}


def test_whether_all_is_known(tmp_path: Path) -> None:
    """Not without a file, nor with another session's; a new session holds nothing else, and that is remembered."""
    filters = held(tmp_path)
    assert not filters.complete
    filters.grant({"a/+": 1})
    assert not held(tmp_path).complete
    held(tmp_path).forget()
    assert (held(tmp_path).filters, held(tmp_path).complete) == ({}, True)
    held(tmp_path).grant({"b/+": 1})
    assert held(tmp_path).complete
    assert not held(tmp_path, "other").complete


def test_what_is_given_is_copied(tmp_path: Path) -> None:
    """Changing it afterwards changes nothing."""
    given = {"a/+": 1}
    filters = held(tmp_path)
    filters.grant(given)
    given["b/+"] = 1
    assert filters.filters == {"a/+": 1}


UNUSABLE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"\xff\xfe",
    b'{"client_id": "gw"}',
    b'{"client_id": "gw", "url": "mqtt://broker:1883", "filters": {"a/+": "1"}}',
    b'{"subjects": {"s": "2"}}',
    b'{"subjects": 7}',
]


@pytest.mark.parametrize("content", UNUSABLE)
def test_a_file_that_cannot_be_used_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    """It is said, with its path, and the next write mends it."""
    for name in ("held-filters.json", "schemas-in-use.json"):
        (tmp_path / name).write_bytes(content)
    with capture_logs() as logs:
        filters, versions = held(tmp_path), LastVersions(tmp_path)
    assert (filters.filters, versions.get("c", "s")) == ({}, None)
    assert [Path(entry["path"]).name for entry in logs] == ["held-filters.json", "schemas-in-use.json"]
    filters.grant({"a/+": 1})
    versions.put("c", "s", 3)
    assert (held(tmp_path).filters, LastVersions(tmp_path).get("c", "s")) == ({"a/+": 1}, 3)


def test_a_folder_in_a_file_s_place(tmp_path: Path) -> None:
    """Unreadable and unwritable: the gateway goes on, and remembers for as long as it runs; it says so once."""
    (tmp_path / "held-filters.json" / "x").mkdir(parents=True)
    with capture_logs() as logs:
        filters = held(tmp_path)
        filters.grant({"a/+": 1})
        filters.ask(["b/+"])
    assert (filters.filters, filters.possible) == ({"a/+": 1}, ("b/+",))
    assert [entry["event"] for entry in logs] == ["state_file_ignored", "state_file_not_written"]


def test_what_cannot_be_written_is_said_again_when_it_is_new(tmp_path: Path) -> None:
    """After it worked in between."""
    (tmp_path / "state").write_text("a file where the folder should be")
    filters = held(tmp_path / "state")
    with capture_logs() as logs:
        filters.grant({"a/+": 1})
        (tmp_path / "state").unlink()
        filters.grant({"b/+": 1})
        (tmp_path / "state" / "held-filters.json").unlink()
        (tmp_path / "state").rmdir()
        (tmp_path / "state").write_text("again")
        filters.grant({"c/+": 1})
    assert [entry["event"] for entry in logs] == ["state_file_not_written"] * 2


def test_what_could_not_be_written_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next look, though nothing else has changed; then it is not written again."""
    filters, versions = held(tmp_path), LastVersions(tmp_path)
    monkeypatch.setattr("gateway.registry.durable.os.fsync", full_disk)
    filters.grant({"a/+": 1})
    versions.put("c", "s", 3)
    filters.grant({"a/+": 1})
    versions.retry()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    filters.grant({"a/+": 1})
    versions.retry()
    assert (held(tmp_path).filters, LastVersions(tmp_path).get("c", "s")) == ({"a/+": 1}, 3)
    for path in tmp_path.iterdir():
        path.unlink()
    filters.grant({"a/+": 1})
    versions.retry()
    assert list(tmp_path.iterdir()) == []


def full_disk(*_: object) -> None:
    raise OSError("the disk is full")


def test_a_file_is_whole_or_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that breaks off half way leaves the old content, and nothing beside it."""
    filters = held(tmp_path)
    filters.grant({"a/+": 1})
    monkeypatch.setattr("gateway.registry.durable.os.fsync", full_disk)
    filters.grant({"b/+": 1})
    monkeypatch.undo()
    assert held(tmp_path).filters == {"a/+": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["held-filters.json"]


def test_files_are_for_people_too(tmp_path: Path) -> None:
    """JSON with names, so that support can read what the gateway believes."""
    held(tmp_path).grant({"$share/g/a/+": 1})
    held(tmp_path).settle(["$share/g/a/+"])
    held(tmp_path).ask(["b/+"])
    LastVersions(tmp_path).put("c", "t-value", 4)
    assert json.loads((tmp_path / "held-filters.json").read_bytes()) == {
        "client_id": "gw",
        "url": URL,
        "filters": {"$share/g/a/+": 1},
        "complete": False,
        "possible": ["b/+"],
        "settled": ["$share/g/a/+"],
    }
    assert json.loads((tmp_path / "schemas-in-use.json").read_bytes()) == {"contracts": {"c": {"t-value": 4}}}


@pytest.mark.parametrize(
    ("filters", "brings", "may_bring"),
    [
        ({}, False, False),
        ({"a/+": 1}, True, True),
        ({"a/+/x": 1}, False, False),
        ({"a/p7": 1}, False, True),
        ({"+/p7": 1}, False, True),
        ({"b/+": 1, "#": 0}, True, True),
        ({"$share/g/a/#": 1}, True, True),
        ({"$share/g/b/#": 1}, False, False),
    ],
)
def test_which_contracts_the_session_brings(
    tmp_path: Path, filters: dict[str, int], brings: bool, may_bring: bool
) -> None:
    """Those whose whole filter a held one covers, shared or not; it may bring those that one overlaps."""
    known = held(tmp_path)
    assert known.may_bring(contract("a/{device}"))
    for _ in range(2):
        known.forget()
        assert not known.may_bring(contract("a/{device}"))
        known.grant(filters)
        for _ in range(2):
            assert known.bring(contract("a/{device}")) is brings
            assert known.may_bring(contract("a/{other}")) is may_bring
        known.give_up(list(filters))
        assert not known.bring(contract("a/{device}"))
        assert known.may_bring(contract("a/{device}")) is may_bring


@pytest.mark.parametrize(("asked", "may_bring"), [("a/+", True), ("a/p7", True), ("b/+", False)])
def test_which_contracts_an_unanswered_request_brings(tmp_path: Path, asked: str, may_bring: bool) -> None:
    """It may bring those that overlap, and surely none."""
    known = held(tmp_path)
    known.forget()
    known.ask([asked])
    for each in (known, held(tmp_path)):
        assert not each.bring(contract("a/{device}"))
        assert each.may_bring(contract("a/{device}")) is may_bring


@pytest.mark.parametrize("name", ["a/#/b", "$share/group", "", "{x"])
def test_a_filter_that_is_none(tmp_path: Path, name: str) -> None:
    """A file that somebody has edited must not keep the gateway from starting either; what it held is unknown then."""
    known = {"client_id": "gw", "url": URL, "filters": {name: 1, "b/+": 1}}
    (tmp_path / "held-filters.json").write_text(json.dumps(known))
    assert held(tmp_path).filters == {"b/+": 1}
    assert not held(tmp_path).complete
    known |= {"filters": {"b/+": 1}, "possible": ["c/+", name], "settled": [name]}
    (tmp_path / "held-filters.json").write_text(json.dumps(known))
    assert not held(tmp_path).is_settled(name, 1)
    assert (held(tmp_path).filters, held(tmp_path).possible) == ({"b/+": 1}, ("c/+",))
    assert not held(tmp_path).complete


def test_versions_are_remembered(tmp_path: Path) -> None:
    """Per subject; unknown ones have none."""
    versions = LastVersions(tmp_path)
    versions.put("c", "a", 1)
    versions.put("c", "b", 7)
    versions.put("c", "a", 2)
    again = LastVersions(tmp_path)
    assert (again.get("c", "a"), again.get("c", "b"), again.get("c", "c")) == (2, 7, None)


def test_what_has_not_changed_is_not_written(tmp_path: Path) -> None:
    """A refresh each minute does not wear a flash disk."""
    versions, filters = LastVersions(tmp_path), held(tmp_path)
    versions.put("c", "a", 1)
    filters.grant({"a/+": 1})
    filters.give_up(["b/+"])
    for path in tmp_path.iterdir():
        path.unlink()
    versions.put("c", "a", 1)
    filters.ask(["a/+", "b/+"])
    filters.grant({"a/+": 1})
    filters.give_up(["b/+"])
    assert list(tmp_path.iterdir()) == []


def test_a_version_that_is_not_to_be_used_again(tmp_path: Path) -> None:
    """Is forgotten on disk too, and no other."""
    versions = LastVersions(tmp_path)
    versions.put("c", "s", 3)
    versions.put("c", "t", 4)
    for _ in range(2):
        versions.drop("c", "s")
        versions.drop("unknown", "s")
    again = LastVersions(tmp_path)
    assert (again.get("c", "s"), again.get("c", "t")) == (None, 4)
