"""MQTT 5 reason codes in words, with what to do about them [MQTT 5.0, 2.4].

MQTT 3.1.1's five return codes are used under the MQTT 5 code of the same meaning.
"""

from __future__ import annotations

SESSION_TAKEN_OVER = 0x8E
REFUSED = 0x80
"""Reason codes from here on are failures."""

_REASONS = {
    0x00: ("normal disconnection", "look into the broker's log"),
    0x80: ("unspecified error", "look into the broker's log"),
    0x81: ("malformed packet", "look into the broker's log, and report it"),
    0x82: ("protocol error", "look into the broker's log, and report it"),
    0x83: ("implementation specific error", "look into the broker's log"),
    0x84: ("unsupported protocol version", "try mqtt.version 3.1.1 (or 5)"),
    0x85: ("client identifier not valid", "choose another mqtt.client_id, one that the broker accepts"),
    0x86: ("bad user name or password", "check mqtt.username and mqtt.password"),
    0x87: ("not authorized", "check mqtt.username and mqtt.password, and what the broker allows this user"),
    0x88: ("server unavailable", "the broker will take connections again later"),
    0x89: ("server busy", "the broker will take connections again later"),
    0x8A: ("banned", "ask the broker's operator"),
    0x8B: ("server shutting down", "the broker will take connections again later"),
    0x8C: ("bad authentication method", "the broker wants enhanced authentication, which is not supported"),
    0x8D: ("keep alive timeout", "the broker heard nothing from us in time; check mqtt.keepalive_s and the network"),
    0x8E: ("session taken over", "another client uses the same mqtt.client_id; give each instance its own"),
    0x8F: ("topic filter invalid", "check the contract's mqtt filter"),
    0x90: ("topic name invalid", "check the topic"),
    0x93: ("receive maximum exceeded", "report it"),
    0x95: ("packet too large", "raise the broker's packet size limit"),
    0x96: ("message rate too high", "raise the broker's rate limit"),
    0x97: ("quota exceeded", "raise the broker's quota for this client"),
    0x98: ("administrative action", "ask the broker's operator"),
    0x9B: ("QoS not supported", "lower qos in the contract"),
    0x9C: ("use another server", "set mqtt.url to the server that the broker names"),
    0x9D: ("server moved", "set mqtt.url to the server that the broker names"),
    0x9E: ("shared subscriptions not supported", "remove mqtt.share, or use another broker"),
    0x9F: ("connection rate exceeded", "the broker will take connections again later"),
    0xA0: ("maximum connect time", "the broker will take the connection again"),
    0xA2: ("wildcard subscriptions not supported", "use a filter without wildcards, or another broker"),
}


_TEXT_LENGTH = 200
"""How much of a text that the broker chose goes into a message."""


def tell(code: int, said: str | None = None, server: str | None = None) -> str:
    """The code's name and number, what the broker adds (reason string, server reference), and what to do.

    For example ``not authorized (0x87), it says 'no such user'; check mqtt.username and ...``.
    """
    text, advice = _REASONS.get(code, ("unknown reason", "look into the broker's log"))
    saying = f", it says {said[:_TEXT_LENGTH]!r}" if said else ""
    naming = f", it names {server[:_TEXT_LENGTH]!r}" if server else ""
    return f"{text} (0x{code:02X}){saying}{naming}; {advice}"
