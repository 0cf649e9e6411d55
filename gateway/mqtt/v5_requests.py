"""SUBSCRIBE and UNSUBSCRIBE over one MQTT 5 connection, and their replies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import mqtt5

from gateway.errors import LinkError
from gateway.mqtt import reasons
from gateway.pipeline.ports import Subscription

SUBSCRIPTIONS_PER_PACKET = 8
"""AWS IoT Core takes no more in one SUBSCRIBE."""

Reply = mqtt5.SubAckPacket | mqtt5.UnsubAckPacket
_Request = mqtt5.SubscribePacket | mqtt5.UnsubscribePacket


class Requests:
    """The requests that wait for the broker's reply, by packet ID."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._packet_id = 0

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> list[int]:
        """The reason code for each subscription, in order. Raises what ``fail`` was given, or LinkError."""
        filters = [_make_filter(subscription) for subscription in subscriptions]
        packets = [
            mqtt5.SubscribePacket(self._next_packet_id(), filters[start : start + SUBSCRIPTIONS_PER_PACKET])
            for start in range(0, len(filters), SUBSCRIPTIONS_PER_PACKET)
        ]
        codes: list[int] = []
        for packet, reply in zip(packets, await self._send(packets), strict=True):
            check_count(len(packet.topic_filters), len(reply.reason_codes))
            codes += map(int, reply.reason_codes)
        return codes

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Gives each filter up. Raises what ``fail`` was given, or LinkError where the broker refuses."""
        packets = [mqtt5.UnsubscribePacket(self._next_packet_id(), [pattern]) for pattern in filters]
        for pattern, reply in zip(filters, await self._send(packets), strict=True):
            for code in map(int, reply.reason_codes):
                if code >= reasons.REFUSED:
                    raise LinkError(f"the broker does not give up the subscription {pattern!r}: {reasons.tell(code)}")

    def settle(self, reply: Reply) -> None:
        """Hands a reply to the request that waits for it; one that nobody waits for any more is dropped."""
        waiting = self._waiting.get(reply.packet_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def fail(self, error: Exception) -> None:
        """Ends every waiting request: the connection is gone."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)

    async def _send(self, packets: Sequence[_Request]) -> list[Reply]:
        loop = asyncio.get_running_loop()
        waiting: dict[int, asyncio.Future[Reply]] = {packet.packet_id: loop.create_future() for packet in packets}
        self._waiting |= waiting
        self._write(b"".join([packet.write() for packet in packets]))
        try:
            return await asyncio.gather(*waiting.values())
        finally:
            for packet_id in waiting:
                del self._waiting[packet_id]

    def _next_packet_id(self) -> int:
        """A packet ID of our own that no waiting request uses [MQTT-2.2.1-3]."""
        while True:
            self._packet_id = self._packet_id % 65535 + 1
            if self._packet_id not in self._waiting:
                return self._packet_id


def check_count(subscriptions: int, codes: int) -> None:
    """Raises LinkError for a SUBACK that does not answer its SUBSCRIBE [MQTT-3.9.3-1]."""
    if codes != subscriptions:
        raise LinkError(f"the broker answered {subscriptions} subscriptions with {codes} reason codes [MQTT-3.9.3-1]")


def _make_filter(subscription: Subscription) -> mqtt5.TopicFilter:
    """A subscription that, made again, does not bring the retained messages again [MQTT 5.0, 3.8.3.1]."""
    return mqtt5.TopicFilter(
        subscription.filter,
        max_qos=mqtt5.QoS(subscription.qos),
        retain_as_published=True,
        retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
    )
