"""TLS and credentials against a real mosquitto, for both versions and the publisher."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from gateway.config.settings import Mqtt, Tls
from gateway.errors import LinkError
from gateway.mqtt.publisher import Publisher
from gateway.pipeline.ports import Subscription
from tests.parts.mosquitto import Mosquitto
from tests.system.mqtt.conftest import Connect, Version

pytestmark = pytest.mark.mosquitto

EXPIRED = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class Pki:
    """A private CA with its files, and one that nobody knows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.other_ca = folder / "other-ca.pem"
        self.authority.cert_pem.write_to_path(str(self.ca))
        trustme.CA().cert_pem.write_to_path(str(self.other_ca))

    def issue(self, name: str, *identities: str, not_after: dt.datetime | None = None) -> tuple[Path, Path]:
        """Certificate and key files."""
        issued = self.authority.issue_cert(*identities, not_after=not_after)
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        issued.private_key_pem.write_to_path(str(key))
        cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return cert, key


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


@pytest.fixture
def secure(tmp_path: Path, pki: Pki) -> Iterator[Mosquitto]:
    """A broker with a certificate for 127.0.0.1 from the private CA."""
    cert, key = pki.issue("broker", "127.0.0.1")
    with Mosquitto(tmp_path / "secure", tls_cert=cert, tls_key=key) as broker:
        yield broker


async def test_a_private_ca_is_trusted(secure: Mosquitto, pki: Pki, version: Version, connect: Connect):
    """With ca_file the link works, the publisher too."""
    tls = Tls(ca_file=pki.ca)
    received, link = await connect(secure.url, version, tls=tls)
    assert await link.subscribe([Subscription("a", 1)]) == [1]
    payload = b"x" * 300_000
    async with Publisher(Mqtt(url=secure.url, version=version, tls=tls), "publisher") as publisher:
        await publisher.publish("a", payload)
        await publisher.publish("a", b"2")
    await received.wait(2)
    assert received.payloads == [payload, b"2"]
    received.settle()
    await link.disconnect()


async def test_a_full_window_holds_over_tls_too(secure: Mosquitto, pki: Pki, version: Version, connect: Connect):
    """Decrypted bytes that wait inside TLS are held back and found again."""
    from gateway.pipeline.acks import AckWindow

    tls = Tls(ca_file=pki.ca)
    window = AckWindow(10, 1 << 20)
    received, link = await connect(secure.url, version, tls=tls, window=window)
    await link.subscribe([Subscription("a", 1)])
    async with Publisher(Mqtt(url=secure.url, version=version, tls=tls), "publisher") as publisher:
        for number in range(100):
            await publisher.publish("a", b"%d" % number)
    while len(received.messages) < 100:
        known = len(received.messages)
        await received.wait(known + (0 if window.full else 1))
        assert len(window) <= 10
        received.settle()
    assert received.payloads == [b"%d" % number for number in range(100)]


@pytest.mark.parametrize(
    ("ca", "message"),
    [
        (None, "issuer is unknown here; put the broker's CA certificate into mqtt.tls.ca_file"),
        ("other_ca", "other-ca.pem did not issue it"),
    ],
)
async def test_an_untrusted_certificate(
    secure: Mosquitto, pki: Pki, version: Version, connect: Connect, ca: str | None, message: str
):
    """A CA that did not issue the broker's certificate is named, with what to do."""
    tls = Tls(ca_file=getattr(pki, ca) if ca else None)
    with pytest.raises(LinkError, match=message):
        await connect(secure.url, version, tls=tls)


async def test_a_certificate_for_another_name(tmp_path: Path, pki: Pki, version: Version, connect: Connect):
    """The name that was dialled is told."""
    cert, key = pki.issue("broker", "broker.example")
    with (
        Mosquitto(tmp_path / "secure", tls_cert=cert, tls_key=key) as broker,
        pytest.raises(LinkError, match=r"not issued for '127\.0\.0\.1'"),
    ):
        await connect(broker.url, version, tls=Tls(ca_file=pki.ca))


async def test_an_expired_certificate(tmp_path: Path, pki: Pki, version: Version, connect: Connect):
    """Expiry is told as that."""
    cert, key = pki.issue("broker", "127.0.0.1", not_after=EXPIRED)
    with (
        Mosquitto(tmp_path / "secure", tls_cert=cert, tls_key=key) as broker,
        pytest.raises(LinkError, match="has expired"),
    ):
        await connect(broker.url, version, tls=Tls(ca_file=pki.ca))


async def test_client_certificates(tmp_path: Path, pki: Pki, version: Version, connect: Connect):
    """A broker that wants a certificate takes ours, and refuses to go on without one."""
    cert, key = pki.issue("broker", "127.0.0.1")
    ours, our_key = pki.issue("gateway", "gateway")
    with Mosquitto(tmp_path / "secure", tls_cert=cert, tls_key=key, tls_client_ca=pki.ca) as broker:
        _, link = await connect(broker.url, version, tls=Tls(ca_file=pki.ca, cert_file=ours, key_file=our_key))
        assert await link.subscribe([Subscription("a", 1)]) == [1]
        with pytest.raises(LinkError, match=r"127\.0\.0\.1"):
            await connect(broker.url, version, tls=Tls(ca_file=pki.ca))


async def test_unusable_files(secure: Mosquitto, pki: Pki, version: Version, connect: Connect, tmp_path: Path):
    """A missing CA file, a file that is no PEM, and a key that does not fit are named."""
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("nothing")
    cert, _ = pki.issue("one", "one")
    _, key = pki.issue("two", "two")
    for tls, message in [
        (Tls(ca_file=tmp_path / "absent.pem"), r"ca_file .*absent\.pem cannot be used: No such file"),
        (Tls(ca_file=no_pem), r"ca_file .*no\.pem cannot be used"),
        (Tls(ca_file=pki.ca, cert_file=cert, key_file=key), r"cert_file .*one\.pem with key_file .*two\.key"),
    ]:
        with pytest.raises(LinkError, match=message):
            await connect(secure.url, version, tls=tls)


async def test_tls_towards_a_plain_port(mosquitto: Mosquitto, version: Version, connect: Connect):
    """mqtts:// on a port without TLS says what to write instead, or at least that the handshake failed."""
    with pytest.raises(LinkError, match=f"mqtts://127.0.0.1:{mosquitto.port}: "):
        await connect(mosquitto.url.replace("mqtt:", "mqtts:"), version)


async def test_plain_towards_a_tls_port(secure: Mosquitto, version: Version, connect: Connect):
    """mqtt:// on a TLS port fails with the address."""
    with pytest.raises(LinkError, match=f"mqtt://127.0.0.1:{secure.port}: "):
        await connect(secure.url.replace("mqtts:", "mqtt:"), version)


async def test_credentials(tmp_path: Path, version: Version, connect: Connect):
    """The right password connects; a wrong one is told as not authorized, without being named."""
    with Mosquitto(tmp_path / "guarded", users={"gateway": "right"}) as broker:
        await connect(broker.url, version, username="gateway", password="right")
        with pytest.raises(LinkError, match=r"not authorized \(0x87\); check mqtt.username") as failure:
            await connect(broker.url, version, username="gateway", password="secret-but-wrong")
        assert "secret" not in str(failure.value)
        with pytest.raises(LinkError, match=r"not authorized \(0x87\)"):
            await Publisher(Mqtt(url=broker.url, version=version), "publisher").__aenter__()
