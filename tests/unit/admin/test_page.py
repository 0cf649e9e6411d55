"""The page for people, and that nothing can be injected into it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gateway.admin.html import Html, tag
from gateway.admin.page import POLICY, page
from gateway.model import Code
from gateway.pipeline.overview import Overview, Reason
from gateway.pipeline.stats import Stats
from tests.unit.admin.overviews import PUMP_3, STARTED_AT, busy, contract, make_label, starting

HOSTILE = "<script>alert(1)</script>\"'&\x00"


class Reader(HTMLParser):
    """The elements of a page, and the text of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the element; the page's own ones without end tag are not waited for."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"meta", "link"}:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """Every element ends where it should."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text of a cell."""
        if "td" in self.open:
            self.rows[-1][-1] += data


def read(overview: Overview) -> Reader:
    reader = Reader()
    reader.feed(text(overview))
    reader.close()
    assert reader.open == []
    return reader


def text(overview: Overview) -> str:
    return page(overview, STARTED_AT).decode()


@pytest.mark.parametrize(
    ("overview", "verdict"),
    [
        (starting(), "Not ready"),
        (busy(), "Ready, degraded"),
        (replace(busy(), degraded=()), "Ready"),
        (replace(busy(), not_ready=(Reason("x", "y"),)), "Not ready"),
    ],
)
def test_the_first_words_are_the_verdict(overview, verdict):
    """In the tab and as the first heading of the content."""
    shown = text(overview)
    assert f"<title>{verdict} · Schema Gateway</title>" in shown
    assert re.findall(r"<h2>(.*?)</h2>", shown)[0] == verdict


def test_reasons_are_told_with_code_and_detail():
    """What keeps it from being ready, and what needs attention."""
    shown = text(replace(busy(), not_ready=(Reason("kafka_unreachable", "no broker answers"),)))
    assert "<li><code>kafka_unreachable</code> no broker answers</li>" in shown
    assert "<li><code>version_pending</code> logistics/cold-chain: version 2 was not taken over</li>" in shown


def test_a_row_for_each_contract():
    """Schema version, numbers, leading reasons, and what is wrong with it."""
    rows = [[" ".join(cell.split()) for cell in row] for row in read(busy()).rows if row]
    assert rows[:4] == [
        [
            "industry/pump plant-dataplant/+/+/readings",
            "plant.pump-value v3 · ID 21 · AVRO",
            "1 234 100",
            "234 010",
            "16< 0.1 %",
            "out-of-range 9unknown-field 7",
        ],
        [
            "logistics/cold-chainlogistics/+/+/cold-chain",
            "logistics.cold-chain-value v1 · ID 9 · AVRO"  # noqa: ISC004 - one cell
            "version 2 waits its accepted example 'decimal comma' would be rejected"
            "schema file not applied /fields/3: door_open is only in schema.avsc",
            "50",
            "0",
            "59.1 %",
            "invalid-number 5",
        ],
        [
            "health/patient-vitalshospital/+/+/vitals",
            "health.vitals-valueinactive subject 'health.vitals-value' is not in the registry; "  # noqa: ISC004 - one cell
            "register it, or gateway schemas apply",
            "0",
            "0",
            "70100.0 %",
            "unknown-schema 70",
        ],
        ["(unrouted)no contract claims these messages", "", "", "", "6", "no-route 6"],
    ]
    assert rows[4:] == [["pump-42", "out-of-range", "8"], ["truck-7", "invalid-number", "5"]]


def test_messages_that_no_contract_claims_have_a_row_only_if_there_are_any():
    """And devices a table."""
    shown = text(starting())
    assert "(unrouted)" not in shown
    assert "Devices rejected most" not in shown


def test_a_few_rejections_are_no_alarm():
    """Red begins where the alert does: above one in twenty."""

    def cell(rejected: int) -> str:
        stats = Stats(accepted=Counter({PUMP_3: 95}), rejected=Counter({(PUMP_3, Code.OUT_OF_RANGE): rejected}))
        shown = text(replace(busy(), contracts=(contract(PUMP_3),), stats=stats))
        found: list[str] = re.findall(r'<td class="([a-z ]+)">' + str(rejected), shown)
        return found[0]

    assert cell(5) == "number"
    assert cell(6) == "number bad"


def test_peers_are_shown_with_their_state():
    """Connected or not, with detail; a registry that was not asked is neither."""
    assert '<span class="badge unknown">not asked yet</span>' in text(starting())
    assert '<span class="badge bad">not connected</span>' in text(starting())
    shown = text(busy())
    assert "3 of 3 brokers connected, 41 records outstanding" in shown
    assert "failures: broker_down 2, not_authorized 1" in shown
    assert "sessions lost: 1; what the broker held for us then is gone" in shown
    assert "11 at QoS 0, outside the guarantee" in shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.3, "≤ 500 ms"), (61.0, "&gt; 1 min 0 s"), (None, "–")])
def test_latency_is_the_bound_that_99_percent_keep(seconds, shown):
    """Beyond the last bucket there is only a lower bound."""
    stats = Stats()
    if seconds is not None:
        stats.latency.observe(seconds)
    assert f"<strong>{shown}</strong>" in text(replace(busy(), stats=stats))


def test_text_from_outside_is_text_only():
    """Contracts, devices, subjects and details may be called anything and add no element or attribute."""
    label = make_label(HOSTILE, HOSTILE, 1, 1)
    hostile = replace(
        busy(),
        version=HOSTILE,
        not_ready=(Reason(HOSTILE, HOSTILE),),
        contracts=(
            contract(
                label,
                filter=HOSTILE,
                active=False,
                reason=HOSTILE,
                pending_version=1,
                pending_reason=HOSTILE,
                unapplied=HOSTILE,
                owner=HOSTILE,
                description=HOSTILE,
            ),
        ),
        mqtt=replace(busy().mqtt, detail=HOSTILE),
        kafka=replace(busy().kafka, reason=HOSTILE, failures=((HOSTILE, 1),)),
        registry=replace(busy().registry, detail=HOSTILE),
        stats=Stats(devices=Counter({(HOSTILE, Code.NO_ROUTE): 1}), rejected=Counter({(label, Code.NO_ROUTE): 1})),
    )
    tame = replace(busy(), contracts=(contract(PUMP_3, owner="x", description="x"),))
    reader = read(hostile)
    assert "script" not in reader.tags
    assert set(reader.tags) <= set(read(busy()).tags)
    assert reader.attributes == read(tame).attributes
    assert text(hostile).count("&lt;script&gt;") >= 16


def test_a_lone_surrogate_does_not_break_the_page():
    """It cannot be encoded as UTF-8, so it is replaced."""
    overview = replace(busy(), stats=Stats(devices=Counter({("d\ud800", Code.NO_ROUTE): 1})))
    assert "<td>d?</td>" in text(overview)


def test_the_policy_allows_this_stylesheet_and_nothing_else():
    """The hash is the one of the style element as it is sent."""
    style = re.findall(r"<style>(.*?)</style>", text(busy()), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert len(style) == 1
    assert "default-src 'none'" in POLICY
    assert f"style-src 'sha256-{digest}';" in POLICY
    assert "script-src" not in POLICY
    assert not {"style", "onclick", "onload"} & read(busy()).attributes
    assert "script" not in read(busy()).tags


def test_the_page_loads_itself_anew_and_asks_for_nothing_else():
    """One request; both colour schemes."""
    shown = text(busy())
    assert '<meta http-equiv="refresh" content="5">' in shown
    assert '<meta name="color-scheme" content="light dark">' in shown
    assert "http://" not in shown.replace("http://www.w3.org/2000/svg", "")
    assert "@import" not in shown
    assert "url(" not in shown


def test_tag_escapes_whatever_is_not_markup():
    """Text and attribute values; None is nothing, and lists are joined."""
    built = tag("p", 'a<b>"', None, [tag("b", "&"), " c"], title='"><i>', class_=None, http_equiv="x")
    assert built == Html('<p title="&quot;&gt;&lt;i&gt;" http-equiv="x">a&lt;b&gt;&quot;<b>&amp;</b> c</p>')
