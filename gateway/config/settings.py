"""The typed form of ``gateway.yaml``: one model per section, defaults as documented in docs/configuration.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from gateway.config.forms import Seconds, TopicName, WholeNumber, refusal
from gateway.notation import NotationError
from gateway.notation.template import Template

MQTT_MAX_PAYLOAD: Final = 268_435_455
"""Largest MQTT packet, so no payload is larger [MQTT 1.5.5, 2.1.4]."""

_PORTS: Final = {"http": 80, "https": 443}
_LOGIN: Final = ("basic.auth.", "bearer.auth.")
"""How properties of the registry's client begin that are sent to it, to log in."""

DEAD_LETTER_NAMES: Final = ("topic", "subject", "contract")
"""What the template of a dead-letter topic may contain, besides the captures that a contract's ``where`` lists."""


class Section(BaseModel):
    """What all sections share: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _version(value: Any) -> Any:
    """``5`` needs no quotes in YAML."""
    return "5" if value in (5, 5.0) and not isinstance(value, bool) else value


def _absent_if_empty(value: Any) -> Any:
    """``${MQTT_USERNAME:-}`` says that there may be none."""
    return None if value == "" else value


def _path(path: Path) -> Path:
    """No system has a file of such a name, and Python raises ValueError for it wherever it is used."""
    if "\0" in str(path):
        raise refusal(r"is no path: it contains \0")
    return path


FilePath = Annotated[Path, AfterValidator(_path)]


def _check_host(host: str) -> None:
    """Refuses what cannot be looked up: the resolver raises UnicodeError for it, not OSError."""
    try:
        host.encode("idna")
    except UnicodeError as exc:
        raise refusal(f"{host!r} is no host name: its labels have 1 to 63 characters") from exc


def _mqtt_url(url: str) -> str:
    """``mqtt://HOST[:PORT]`` or ``mqtts://HOST[:PORT]``."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise refusal(f"is no URL: {exc}; write mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS") from exc
    if parts.scheme not in {"mqtt", "mqtts"}:
        raise refusal("must begin with mqtt://, or mqtts:// for TLS, as in mqtt://localhost:1883")
    if parts.username is not None or parts.password is not None:
        raise refusal("must not contain the password: write mqtt.username and mqtt.password")
    if not host or port == 0 or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise refusal("must be only a host and a port, as in mqtt://localhost:1883")
    _check_host(host)
    return url


def _registry_url(urls: str) -> str:
    """One or several ``http(s)://HOST[:PORT][/PATH]``, separated by commas."""
    for url in urls.split(","):
        try:
            parts = urlsplit(url.strip())
            host, _ = parts.hostname, parts.port
        except ValueError as exc:
            raise refusal(f"is no URL: {exc}; write http://HOST:PORT or https://HOST:PORT") from exc
        if parts.username is not None or parts.password is not None:
            raise refusal("must not contain the password: write registry.basic.auth.user.info: NAME:PASSWORD")
        if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
            raise refusal(
                "must be http://HOST:PORT or https://HOST:PORT, several separated by commas, as in http://localhost:8081"
            )
        _check_host(host)
    return urls


def _origins(urls: str) -> set[tuple[str, str | None, int | None]]:
    """Scheme, host and port of each URL."""
    parts = [urlsplit(url.strip()) for url in urls.split(",")]
    return {(part.scheme, part.hostname, part.port or _PORTS.get(part.scheme)) for part in parts}


def _share(name: str) -> str:
    """A ShareName [MQTT-4.8.2-1, MQTT-4.8.2-2]."""
    if not name or set(name) & set("/+#\x00"):
        raise refusal(f"{name!r} is no name for a shared subscription: it must not be empty nor contain / + or #")
    return name


def _client_id(name: str) -> str:
    """Not empty: the broker keeps our session under it."""
    if not name or "\x00" in name:
        raise refusal("must not be empty: the broker keeps our session under it")
    return name


def _listen(address: str) -> str:
    """``HOST:PORT``; an IPv6 address in brackets."""
    try:
        parts = urlsplit(f"//{address}")
        valid = parts.hostname is not None and parts.port is not None and parts.netloc == address and "@" not in address
    except ValueError:
        valid = False
    if not valid:
        raise refusal(f"{address!r} is no address: write HOST:PORT, as in 127.0.0.1:8088 or [::1]:8088")
    _check_host(parts.hostname or "")
    return address


def _dead_letter_topic(text: str) -> str:
    """A template of a Kafka topic name."""
    try:
        template = Template.parse(text)
    except NotationError as exc:
        raise refusal(str(exc)) from exc
    unknown = [name for name in template.names if name not in DEAD_LETTER_NAMES]
    if unknown:
        raise refusal(f"{text!r} contains {{{unknown[0]}}}: known here are {', '.join(DEAD_LETTER_NAMES)}")
    if not text:
        raise refusal("must not be empty")
    return text


class Tls(Section):
    """``mqtt.tls``: files are relative to gateway.yaml and arrive here as absolute paths."""

    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None


class Mqtt(Section):
    """``mqtt``: the broker and our session there."""

    url: Annotated[str, AfterValidator(_mqtt_url)] = "mqtt://localhost:1883"
    client_id: Annotated[str, AfterValidator(_client_id)] = "schema-gateway"
    version: Annotated[
        Literal["5", "3.1.1"], BeforeValidator(_version, json_schema_input_type=Literal["5", "3.1.1", 5])
    ] = "5"
    username: Annotated[str | None, BeforeValidator(_absent_if_empty)] = None
    password: Annotated[SecretStr | None, BeforeValidator(_absent_if_empty)] = None
    tls: Tls = Tls()
    session_expiry_s: Annotated[WholeNumber, Field(ge=1, le=0xFFFFFFFF)] = 604800
    receive_maximum: Annotated[WholeNumber, Field(ge=1, le=65535)] = 1000
    keepalive_s: Annotated[WholeNumber, Field(ge=1, le=65535)] = 60
    share: Annotated[str, AfterValidator(_share)] | None = None


MOST_DEPTH = 64
"""``jsonschema-rs`` tells no error about a value of more than 255 levels, and defaults and conversions may add some; of
an Avro union that contains itself each level takes 7 and more of the 1000 frames of Python's stack."""


class Limits(Section):
    """``limits``: what one payload and all unsettled payloads together may take."""

    payload_bytes: Annotated[WholeNumber, Field(ge=1, le=MQTT_MAX_PAYLOAD)] = 1_000_000
    depth: Annotated[WholeNumber, Field(ge=1, le=MOST_DEPTH)] = 64
    window_bytes: Annotated[WholeNumber, Field(ge=1)] = 16 * 1024 * 1024


class DeadLetters(Section):
    """``dead_letters``: where rejected messages go, and how much of them."""

    topic: Annotated[str, AfterValidator(_dead_letter_topic)] = "{topic}.dlq"
    unrouted: TopicName = "gateway.dlq"
    payload: Literal["full", "hash", "none"] = "full"


class Admin(Section):
    """``admin``: where the admin endpoint listens."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8088"


class Registry(Section):
    """``registry``: Schema Registry, and the client properties that are passed on verbatim."""

    url: Annotated[str, AfterValidator(_registry_url)] = "http://localhost:8081"
    refresh_s: Annotated[Seconds, Field(gt=0, allow_inf_nan=False)] = 60
    properties: dict[str, str] = Field(default={}, repr=False)
    """The dotted keys, as Confluent's client names them."""

    def at(self, url: str) -> Registry:
        """This registry under another URL; on other hosts without what logs in, which was meant for these ones.

        Raises ValueError for what is no such URL.
        """
        try:
            urls = _registry_url(url)
        except PydanticCustomError as exc:
            raise ValueError(exc.message()) from exc
        properties = self.properties
        if not _origins(urls) <= _origins(self.url):
            properties = {name: value for name, value in properties.items() if not name.startswith(_LOGIN)}
        return self.model_copy(update={"url": urls, "properties": properties})


class Settings(Section):
    """All of ``gateway.yaml``."""

    mqtt: Mqtt = Mqtt()
    kafka: dict[str, str] = Field(default={}, repr=False)
    """librdkafka producer properties, verbatim; ``config.kafka`` adds ours."""
    registry: Registry = Registry()
    contracts: FilePath = Path("schemas")
    dead_letters: DeadLetters = DeadLetters()
    limits: Limits = Limits()
    state: FilePath = Path("var")
    admin: Admin = Admin()
