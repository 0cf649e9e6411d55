"""Why there is no connection, in words: TLS, names, ports. The context's own behaviour is tested at a real broker."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
import trustme

from gateway.config.settings import Tls
from gateway.errors import LinkError
from gateway.mqtt.address import Address
from gateway.mqtt.tls import explain, make_context

BROKER = Address("broker.example", 8883, tls=True)
NO_TLS = Tls()
OWN_CA = Tls(ca_file=Path("/etc/ca.pem"))
OWN_CERTIFICATE = Tls(cert_file=Path("/etc/gw.pem"), key_file=Path("/etc/gw.key"))


def untrusted(verify_code: int, verify_message: str = "no") -> ssl.SSLCertVerificationError:
    """What OpenSSL raises for a certificate that it refuses, by its X509_V_ERR number."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = verify_code, verify_message
    return error


def failed(reason: str) -> ssl.SSLError:
    """Another failure of TLS, by OpenSSL's reason."""
    error = ssl.SSLError(1, "failed")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "tls", "told"),
    [
        (untrusted(10), NO_TLS, "it has expired; renew it at the broker (or set this machine's clock)"),
        (untrusted(9), NO_TLS, "it is not valid yet; check the clocks here and where it was issued"),
        (
            untrusted(62),
            NO_TLS,
            "it is not issued for 'broker.example'; use a name in mqtt.url that the certificate holds",
        ),
        (untrusted(64), NO_TLS, "it is not issued for 'broker.example'"),
        (untrusted(18), NO_TLS, "its issuer is unknown here; put the broker's CA certificate into mqtt.tls.ca_file"),
        (untrusted(20), OWN_CA, "mqtt.tls.ca_file /etc/ca.pem did not issue it; put the CA that did into that file"),
        (
            untrusted(23, "certificate revoked"),
            NO_TLS,
            "certificate revoked; check mqtt.tls.ca_file (the system authorities)",
        ),
        (untrusted(23, "certificate revoked"), OWN_CA, "certificate revoked; check mqtt.tls.ca_file (/etc/ca.pem)"),
    ],
)
def test_a_certificate_that_is_refused(error: ssl.SSLError, tls: Tls, told: str) -> None:
    """Why, and which file or name to change."""
    assert explain(error, BROKER, tls).startswith(
        f"mqtts://broker.example:8883: the broker's certificate is refused: {told}"
    )


@pytest.mark.parametrize(
    ("error", "tls", "told"),
    [
        (
            failed("WRONG_VERSION_NUMBER"),
            NO_TLS,
            "the port does not speak TLS (WRONG_VERSION_NUMBER); write mqtt://, or",
        ),
        (failed("RECORD_LAYER_FAILURE"), NO_TLS, "the port does not speak TLS"),
        (failed("PACKET_LENGTH_TOO_LONG"), NO_TLS, "the port does not speak TLS"),
        (
            failed("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            NO_TLS,
            "the broker refused us (TLSV13_ALERT_CERTIFICATE_REQUIRED); we offered no certificate, mqtt.tls.cert",
        ),
        (
            failed("TLSV1_ALERT_UNKNOWN_CA"),
            OWN_CERTIFICATE,
            "the broker refused us (TLSV1_ALERT_UNKNOWN_CA); we offered mqtt.tls.cert_file /etc/gw.pem; compare with",
        ),
        (
            failed("UNSUPPORTED_PROTOCOL"),
            NO_TLS,
            "UNSUPPORTED_PROTOCOL; compare the TLS versions and ciphers of the broker",
        ),
    ],
)
def test_a_handshake_that_fails(error: ssl.SSLError, tls: Tls, told: str) -> None:
    """Whose side to look at."""
    assert explain(error, BROKER, tls).startswith(f"mqtts://broker.example:8883: TLS failed: {told}")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            "the host name cannot be resolved (Name or service not known)",
        ),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused; is the broker running there"),
        (TimeoutError(110, "x"), "no answer in time; check mqtt.url, firewalls and the broker"),
        (OSError(101, "Network is unreachable"), "Network is unreachable; check mqtt.url, the network"),
        (OSError("odd"), "odd; check mqtt.url"),
    ],
)
def test_a_network_that_fails(error: OSError, told: str) -> None:
    """The address, the reason, what to check."""
    said = explain(error, Address("::1", 1883, tls=False), NO_TLS)
    assert said.startswith(f"mqtt://[::1]:1883: {told}")


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """The key of gateway.yaml, the file, the reason, and what it must be."""
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    for tls, key, reason in [
        (Tls(ca_file=tmp_path / "no.pem"), "ca_file", "No such file or directory"),
        (Tls(ca_file=junk), "ca_file", ""),
        (Tls(ca_file=tmp_path), "ca_file", "Is a directory"),
        (Tls(cert_file=junk, key_file=junk), "cert_file", ""),
        (Tls(cert_file=tmp_path / "no.pem", key_file=junk), "cert_file", "No such file or directory"),
    ]:
        with pytest.raises(LinkError) as unusable:
            make_context(tls)
        said = str(unusable.value)
        assert said.startswith(f"mqtt.tls.{key} {tls.ca_file or tls.cert_file}")
        assert reason in said
        assert "; it must be readable PEM with " in said


def test_the_certificate_and_its_key(tmp_path: Path) -> None:
    """A pair is taken; verification stays on."""
    pair = trustme.CA().issue_cert("gateway")
    pair.cert_chain_pems[0].write_to_path(tmp_path / "gw.pem")
    pair.private_key_pem.write_to_path(tmp_path / "gw.key")
    context = make_context(Tls(cert_file=tmp_path / "gw.pem", key_file=tmp_path / "gw.key"))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
