"""What a device of the fleet publishes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Intent(StrEnum):
    """How a payload was meant by the firmware profile that made it."""

    CLEAN = "clean"
    """As the contract asks."""
    LOOSE = "loose"
    """With types that the contract allows to be converted."""
    WRONG = "wrong"
    """Beyond repair."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One MQTT message of the fleet."""

    contract: str
    """Folder of the contract below ``schemas/``."""
    topic: str
    payload: bytes
    qos: int
    intended: Intent
    device: str
    firmware: str
    """Version of the profile that made it."""
    delay_s: float
    """Seconds until the next publication of the fleet; 0 within a burst."""
