"""The page at ``/``: what a person wants to know in a second, and the rest below.

Rules
- One document, no script, no second request; a browser loads it anew every few seconds.
- The first words are the verdict. Numbers are those of ``/metrics`` and ``/status``.
- Everything from outside goes through ``html.tag``, which escapes it; no payload value is shown.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from gateway.admin.counts import UNROUTED, ContractCounts, count_by_contract, quantile_s, total
from gateway.admin.html import Content, Html, join, tag
from gateway.admin.status import devices, leading, rfc3339
from gateway.admin.wording import count, duration, share
from gateway.pipeline.overview import ContractState, Overview, Reason
from gateway.pipeline.stats import LATENCY_BUCKETS_S

REFRESH_S = 5
"""How often a browser loads the page anew."""
SHOWN_REASONS = 4
"""Leading reasons shown for a contract; ``/status`` has more."""
ALARMING = 0.05
"""Share of rejected messages from which on they are shown in red: a few are normal in any fleet."""

STYLE = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: this one stylesheet, and nothing else that could run or load."""


def page(overview: Overview, now_ms: int) -> bytes:
    """The page as UTF-8; ``now_ms`` (milliseconds since 1970) is the moment that it shows."""
    state, title, sentence = _verdict(overview)
    counts = count_by_contract(overview)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", f"{title} · Schema Gateway"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="refresh", content=str(REFRESH_S)),
        tag("link", rel="icon", href=_icon(state)),
        Html(f"<style>{STYLE}</style>"),
    )
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", "Schema Gateway"),
            tag("p", f"version {overview.version} · up {duration(overview.uptime_s)} · {rfc3339(now_ms)[11:19]} UTC"),
        ),
        tag(
            "main",
            tag(
                "section",
                tag("h2", title),
                tag("p", sentence),
                _reasons(overview.not_ready),
                _reasons(overview.degraded),
                class_=f"verdict {state}",
            ),
            _figures(overview, total(counts)),
            _contracts(overview.contracts, counts),
            _peers(overview),
            _devices(overview),
        ),
        _footer(),
    )
    document = join((Html("<!doctype html>\n"), tag("html", head, body, lang="en"), "\n"))
    return document.text.encode("utf-8", "replace")


def _verdict(overview: Overview) -> tuple[str, str, str]:
    """``(class, words, sentence)``."""
    if overview.not_ready:
        return "bad", "Not ready", "Messages do not flow. What was not acknowledged stays with the MQTT broker."
    if overview.degraded:
        return "fair", "Ready, degraded", "Messages flow from MQTT to Kafka, but something needs attention."
    return "good", "Ready", "Messages flow from MQTT to Kafka."


def _icon(state: str) -> str:
    """A dot in the colour of the verdict, for the browser's tab."""
    colour = {"good": "1a7f37", "fair": "bf8700", "bad": "cf222e"}[state]
    dot = f"<circle cx='4' cy='4' r='4' fill='%23{colour}'/>"
    return f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'>{dot}</svg>"


def _reasons(reasons: tuple[Reason, ...]) -> Content:
    if not reasons:
        return None
    return tag("ul", [tag("li", tag("code", reason.code), " ", reason.detail) for reason in reasons])


def _figures(overview: Overview, whole: ContractCounts) -> Html:
    stats, mqtt = overview.stats, overview.mqtt
    waiting = f"the oldest for {duration(mqtt.oldest_age_s)}" if mqtt.unacknowledged else "none waits for Kafka"
    at_qos_0 = (
        f"{count(stats.received[0])} at QoS 0, outside the guarantee" if stats.received[0] else "all at QoS 1 or 2"
    )
    return tag(
        "section",
        _figure("received", count(sum(stats.received)), at_qos_0),
        _figure("accepted", count(whole.accepted), f"{count(whole.coerced)} of them coerced"),
        _figure("rejected", count(whole.rejected), share(whole.rejected, whole.handled), bad=_alarming(whole)),
        _figure("unacknowledged", count(mqtt.unacknowledged), waiting),
        _figure("latency, 99 %", _at_most(quantile_s(stats.latency, 0.99)), "arrival to acknowledgement"),
        _figure("processing faults", count(stats.faults.total()), "please report them", bad=True)
        if stats.faults
        else None,
        class_="figures",
    )


def _at_most(seconds: float | None) -> str:
    """A quantile: one beyond the last bucket has no bound of its own."""
    if seconds is None:
        return "–"
    return f"≤ {duration(seconds)}" if seconds <= LATENCY_BUCKETS_S[-1] else f"> {duration(LATENCY_BUCKETS_S[-1])}"


def _figure(name: str, number: str, remark: str, *, bad: bool = False) -> Html:
    return tag(
        "div",
        tag("span", name, class_="name"),
        tag("strong", number, class_="bad" if bad else None),
        tag("span", remark, class_="remark"),
    )


def _contracts(contracts: tuple[ContractState, ...], counts: dict[str, ContractCounts]) -> Html:
    titles = ("Contract", "Schema in use", "Accepted", "Coerced", "Rejected", "Leading reasons")
    rows = []
    for name, number in counts.items():
        variants = [each for each in contracts if each.label.contract == name]
        if name != UNROUTED or number.rejected:
            rows.append(_contract(name, variants, number))
    return tag(
        "section",
        tag("h2", "Contracts"),
        tag(
            "div",
            tag(
                "table",
                tag("thead", tag("tr", [tag("th", title, class_=_numeric(title)) for title in titles])),
                tag("tbody", rows),
            ),
            class_="scroll",
        ),
        class_="contracts",
    )


def _alarming(number: ContractCounts) -> bool:
    """Whether so much is rejected that an alert would follow (deploy/prometheus/rules.yaml)."""
    return number.rejected > ALARMING * number.handled


def _numeric(title: str) -> str | None:
    return "number" if title in {"Accepted", "Coerced", "Rejected"} else None


def _contract(name: str, variants: list[ContractState], number: ContractCounts) -> Html:
    owner = next((each.owner for each in variants if each.owner), None)
    described = next((each.description for each in variants if each.description), None)
    filters = dict.fromkeys(each.filter for each in variants)
    known = name != UNROUTED
    reasons = [
        tag("span", tag("code", code), f" {count(times)}", class_="reason")
        for code, times in leading(number.rejections.items())[:SHOWN_REASONS]
    ]
    return tag(
        "tr",
        tag(
            "td",
            tag("strong", name, title=described),
            tag("span", f" {owner}", class_="owner") if owner else None,
            [tag("div", tag("code", each)) for each in filters],
            None if known else tag("div", "no contract claims these messages"),
        ),
        tag("td", [_schema(each) for each in variants]),
        tag("td", count(number.accepted) if known else "", class_="number"),
        tag("td", count(number.coerced) if known else "", class_="number"),
        tag(
            "td",
            count(number.rejected),
            tag("div", share(number.rejected, number.handled)) if known and number.rejected else None,
            class_="number bad" if _alarming(number) else "number",
        ),
        tag("td", reasons),
    )


def _schema(variant: ContractState) -> Html:
    """One variant: its schema version, and what is wrong with it."""
    label = variant.label
    version = "" if label.version is None else f" v{label.version} · ID {label.schema_id} · {variant.format or ''}"
    notes = [
        ("bad", "inactive", variant.reason, not variant.active),
        ("bad", "not subscribed", "", variant.active and not variant.subscribed),
        (
            "fair",
            f"version {variant.pending_version} waits",
            variant.pending_reason,
            variant.pending_version is not None,
        ),
        ("fair", "schema file not applied", variant.unapplied, bool(variant.unapplied)),
    ]
    return tag(
        "div",
        tag("span", label.subject, tag("span", version, class_="remark")),
        [
            tag("div", tag("span", word, class_=f"badge {kind}"), f" {detail}", class_="note")
            for kind, word, detail, holds in notes
            if holds
        ],
        class_="variant",
    )


def _peers(overview: Overview) -> Html:
    mqtt, kafka, registry = overview.mqtt, overview.kafka, overview.registry
    failures = ", ".join(f"{reason} {count(times)}" for reason, times in leading(kafka.failures))
    lost = f"sessions lost: {count(mqtt.sessions_lost)}; what the broker held for us then is gone"
    known = registry.reachable is not None
    return tag(
        "section",
        _peer(
            "MQTT broker",
            "good" if mqtt.connected else "bad",
            "connected" if mqtt.connected else "not connected",
            mqtt.detail,
            f"{count(mqtt.connections)} connections made, {count(mqtt.failures)} failed or ended",
            tag("b", lost, class_="bad") if mqtt.sessions_lost else None,
        ),
        _peer(
            "Kafka",
            "good" if kafka.ready else "bad",
            "ready" if kafka.ready else "not ready",
            kafka.reason,
            f"{kafka.brokers_up} of {kafka.brokers} brokers connected, {count(kafka.outstanding)} records outstanding",
            f"failures: {failures}" if failures else None,
        ),
        _peer(
            "Schema Registry",
            ("good" if registry.reachable else "bad") if known else "unknown",
            ("reachable" if registry.reachable else "not reachable") if known else "not asked yet",
            registry.detail,
            f"{count(registry.failures)} requests failed",
        ),
        class_="peers",
    )


def _peer(name: str, state: str, word: str, *lines: Content) -> Html:
    return tag(
        "div",
        tag("h2", name),
        tag("p", tag("span", word, class_=f"badge {state}")),
        [tag("p", line) for line in lines if line],
    )


def _devices(overview: Overview) -> Content:
    rejected = devices(overview.stats)
    if not rejected:
        return None
    rows = [
        tag("tr", tag("td", each["device"]), tag("td", tag("code", each["code"])), tag("td", count(each["rejections"])))
        for each in rejected
    ]
    return tag(
        "section",
        tag("h2", "Devices rejected most"),
        tag("div", tag("table", tag("tbody", rows)), class_="scroll"),
        class_="devices",
    )


def _footer() -> Html:
    links = ("status", "metrics", "readyz", "healthz")
    return tag("footer", [join((tag("a", f"/{name}", href=name), " ")) for name in links])
