"""Whether the MQTT broker lets us in, and grants what the contracts ask for."""

from __future__ import annotations

from gateway.config.load import Project
from gateway.config.subscriptions import subscriptions
from gateway.errors import LinkError
from gateway.mqtt import reasons
from gateway.mqtt.address import read_address
from gateway.mqtt.probe import Probe
from gateway.notation.topics import TopicFilter, covers
from gateway.pipeline.ports import Subscription
from gateway.plan.findings import Area, Finding, Grade


async def inspect_broker(project: Project, client_id: str) -> list[Finding]:
    """The broker's answer to each subscription, over a connection as ``client_id`` that leaves nothing behind."""
    settings = project.settings.mqtt
    address = str(read_address(settings.url))
    wanted = [Subscription(*each) for each in subscriptions(project.contracts)]
    try:
        async with Probe(settings, client_id) as probe:
            codes = await probe.subscribe(wanted)
            shares = probe.shares
    except LinkError as exc:
        return [Finding(Grade.UNREACHABLE, Area.MQTT, address, str(exc))]
    connected = f"lets {client_id!r} in, MQTT {settings.version}"
    found = [Finding(Grade.FINE, Area.MQTT, address, connected)]
    if settings.share is not None:
        found.append(_share(settings.share, shares))
    return found + [_granted(project, each, code) for each, code in zip(wanted, codes, strict=True)]


def _share(group: str, available: bool | None) -> Finding:  # noqa: FBT001 - three answers, one of them no answer
    about = f"$share/{group}"
    if available is None:
        return Finding(Grade.UNKNOWN, Area.MQTT, about, "MQTT 3.1.1 brokers do not say whether they have shares")
    if not available:
        advice = "the broker has no shared subscriptions: remove mqtt.share, or use another broker"
        return Finding(Grade.PROBLEM, Area.MQTT, about, advice)
    return Finding(Grade.FINE, Area.MQTT, about, "the broker has shared subscriptions; this one was not joined")


def _granted(project: Project, asked: Subscription, code: int) -> Finding:
    mine = TopicFilter.parse(asked.filter)
    contracts = ", ".join(each.name for each in project.contracts if covers(mine, each.filter))
    if code >= reasons.REFUSED:
        message = f"the broker refuses the subscription: {reasons.tell(code)}"
        return Finding(Grade.PROBLEM, Area.MQTT, asked.filter, message, contracts)
    expected, found = f"QoS {asked.qos}", f"QoS {code}"
    if code < asked.qos:
        message = f"granted {found}, asked for {expected}: the gateway would not be ready; allow it at the broker"
        return Finding(Grade.PROBLEM, Area.MQTT, asked.filter, message, contracts, expected=expected, found=found)
    return Finding(Grade.FINE, Area.MQTT, asked.filter, f"granted {found}", contracts, expected=expected, found=found)
