"""A session as the screen and the report see it, without anything running."""

from itertools import islice
from pathlib import Path
from typing import Any

from gateway.config.load import load_contracts
from gateway.config.settings import Mqtt
from gateway.demo.fleet.fleet import simulate
from gateway.demo.fleet.publication import Intent
from gateway.demo.session import Fleet, LetterSample, Session, TypedSample
from gateway.demo.tally import Tally
from gateway.demo.transmission import Transmission
from gateway.demo.workspace import Addresses, Invocation, Workspace
from gateway.model import Format
from tests.unit.demo.records import letter, refused, typed
from tests.unit.demo.shipped import SCHEMAS

VALUE = {"deviceId": "pump-01", "flow": 41.8, "state": "RUNNING", "leak": False}


def session(**fleet: Any) -> Session:
    """Twelve seconds in: 40 publications, 38 records, 5 of them coerced, 2 dead letters."""
    made = Session(
        Workspace(Path("/tmp/gateway-demo-x"), Invocation("gateway", Path("/opt/bin"))),
        Fleet(**{"devices": 120, "rate": 60.0, "seed": 7, **fleet}),
    )
    made.addresses = Addresses("mqtt://127.0.0.1:1883", "127.0.0.1:9092", "http://127.0.0.1:8081")
    made.status_url = "http://127.0.0.1:8088"
    made.tally = Tally(load_contracts(SCHEMAS), "gateway.dlq")
    made.transmission = Transmission(Mqtt(), islice(simulate(1, 1, 0), 0))
    made.transmission.counts["industry/pump", Intent.CLEAN] = 40
    made.transmission.elapsed_s = 12.0
    for number in range(38):
        made.tally.count_accepted(typed(coercions="/flow=string-to-number" if number < 5 else ""))
    for reason in ("invalid-number", "unknown-field"):
        made.tally.count_rejected(letter(refused(gw_contract="industry/pump", gw_reason=reason)))
    return made


def show_typed(made: Session, payload: bytes | None = b'{"deviceId": "pump-01", "flow": "41.80"}') -> None:
    """Puts a converted record on show."""
    made.typed = TypedSample(typed(coercions="/flow=string-to-number"), payload, Format.AVRO, VALUE)


def show_letter(made: Session, payload: bytes = b'{"flow": "41,80"}', **headers: str) -> None:
    """Puts a dead letter on show."""
    named = {"gw_reason": "invalid-number", "gw_device": "pump-02", "gw_message": "/flow: found string '41,80'"}
    record = refused(payload=payload, **{**named, **headers})
    made.letter = LetterSample(record, letter(record))
