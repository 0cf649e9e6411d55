"""The typed form of ``gateway.yaml``: one model per section, defaults as documented in docs/configuration.md."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Section(BaseModel):
    """What all sections share: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tls(Section):
    """``mqtt.tls``: files are relative to gateway.yaml and arrive here as absolute paths."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


class Mqtt(Section):
    """``mqtt``: the broker and our session there."""

    url: str = "mqtt://localhost:1883"
    client_id: str = "schema-gateway"
    version: Literal["5", "3.1.1"] = "5"
    username: str | None = None
    password: SecretStr | None = None
    tls: Tls = Tls()
    session_expiry_s: int = Field(default=604800, ge=1, le=0xFFFFFFFF)
    receive_maximum: int = Field(default=1000, ge=1, le=65535)
    keepalive_s: int = Field(default=60, ge=1, le=65535)
    share: str | None = None


class Limits(Section):
    """``limits``: what one payload and all unsettled payloads together may take."""

    payload_bytes: int = Field(default=1_000_000, ge=1)
    depth: int = Field(default=64, ge=1)
    window_bytes: int = Field(default=16 * 1024 * 1024, ge=1)


class DeadLetters(Section):
    """``dead_letters``: where rejected messages go, and how much of them."""

    topic: str = "{topic}.dlq"
    unrouted: str = "gateway.dlq"
    payload: Literal["full", "hash", "none"] = "full"


class Admin(Section):
    """``admin``: where the admin endpoint listens."""

    listen: str = "127.0.0.1:8088"


class Registry(Section):
    """``registry``: Schema Registry, and the client properties that are passed on verbatim."""

    url: str = "http://localhost:8081"
    refresh_s: float = Field(default=60, gt=0)
    properties: dict[str, str] = {}
    """The dotted keys, as Confluent's client names them."""


class Settings(Section):
    """All of ``gateway.yaml``."""

    mqtt: Mqtt = Mqtt()
    kafka: dict[str, str] = {}
    """librdkafka producer properties, verbatim."""
    registry: Registry = Registry()
    contracts: Path = Path("schemas")
    dead_letters: DeadLetters = DeadLetters()
    limits: Limits = Limits()
    state: Path = Path("var")
    admin: Admin = Admin()
