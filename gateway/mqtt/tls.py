"""TLS towards the broker: the context from ``mqtt.tls``, and its failures in words.

The files are read anew for every connection, so that a renewed certificate is used without a
restart. Verification is never weakened.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from gateway.config.settings import Tls
from gateway.errors import LinkError
from gateway.mqtt.address import Address

_EXPIRED = 10
_NOT_YET_VALID = 9
_UNTRUSTED = frozenset({18, 19, 20, 21})
_WRONG_NAME = frozenset({62, 64})
"""X509_V_ERR_* of OpenSSL's x509_vfy.h: self-signed, unknown issuer, host name and IP address mismatch."""


def make_context(tls: Tls) -> ssl.SSLContext:
    """A verifying client context; the system's authorities where no ``ca_file`` is given.

    Raises LinkError that names the file that cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as exc:
        raise _unusable("ca_file", tls.ca_file, "PEM with at least one CA certificate", exc) from exc
    if tls.cert_file is not None:
        try:
            # A key that asks for a pass phrase must fail, not wait for a terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
        except OSError as exc:
            wanted = "PEM with our certificate (chain) and, in key_file, its unencrypted private key"
            raise _unusable("cert_file", tls.cert_file, wanted, exc, tls.key_file) from exc
    return context


def explain(exc: OSError, address: Address, tls: Tls) -> str:
    """Why no connection could be made, and what to do, for a failure of the network or of TLS."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"{address}: the broker's certificate is refused: {_refused(exc, address, tls)}"
    if isinstance(exc, ssl.SSLError):
        return f"{address}: TLS failed: {_failed(exc, tls)}"
    if isinstance(exc, socket.gaierror):
        return f"{address}: the host name cannot be resolved ({exc.strerror}); check mqtt.url and the DNS"
    if isinstance(exc, ConnectionRefusedError):
        return f"{address}: connection refused; is the broker running there, and is the port of mqtt.url right?"
    if isinstance(exc, TimeoutError):
        return f"{address}: no answer in time; check mqtt.url, firewalls and the broker"
    return f"{address}: {exc.strerror or exc}; check mqtt.url, the network and the broker's log"


def _refused(exc: ssl.SSLCertVerificationError, address: Address, tls: Tls) -> str:
    if exc.verify_code == _EXPIRED:
        return "it has expired; renew it at the broker (or set this machine's clock)"
    if exc.verify_code == _NOT_YET_VALID:
        return "it is not valid yet; check the clocks here and where it was issued"
    if exc.verify_code in _WRONG_NAME:
        return f"it is not issued for {address.host!r}; use a name in mqtt.url that the certificate holds"
    if exc.verify_code in _UNTRUSTED:
        if tls.ca_file is None:
            return "its issuer is unknown here; put the broker's CA certificate into mqtt.tls.ca_file"
        return f"mqtt.tls.ca_file {tls.ca_file} did not issue it; put the CA that did into that file"
    return f"{exc.verify_message}; check mqtt.tls.ca_file ({tls.ca_file or 'the system authorities'})"


def _failed(exc: ssl.SSLError, tls: Tls) -> str:
    reason = exc.reason or str(exc)
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER_FAILURE" in reason or "PACKET_LENGTH" in reason:
        return f"the port does not speak TLS ({reason}); write mqtt://, or the port of the TLS listener"
    if "ALERT" in reason:
        ours = (
            f"mqtt.tls.cert_file {tls.cert_file}" if tls.cert_file else "no certificate, mqtt.tls.cert_file being unset"
        )
        return f"the broker refused us ({reason}); we offered {ours}; compare with what the broker's CA issues"
    return f"{reason}; compare the TLS versions and ciphers of the broker"


def _unusable(key: str, path: Path | None, wanted: str, exc: OSError, other: Path | None = None) -> LinkError:
    files = f"{path} with key_file {other}" if other else str(path or "(the system authorities)")
    return LinkError(f"mqtt.tls.{key} {files} cannot be used: {exc.strerror or exc}; it must be readable {wanted}")
