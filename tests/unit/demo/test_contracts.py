"""The shipped contracts: well-formed by independent libraries, documented, and with examples that hold."""

import json
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from gateway.config.load import load_contracts
from gateway.model import Code
from tests.unit.demo.shipped import SCHEMAS, Shipped, parsed_by_apache, parsed_by_fastavro, routes, shared

TOPICS = {
    "city/air-quality": "city.air-quality",
    "energy/emergency-generator": "energy.generator",
    "health/patient-vitals": "health.vitals",
    "home/thermostat": "home.thermostat",
    "industry/pump": "plant.pump",
    "logistics/cold-chain": "logistics.cold-chain",
}

UNSEEN = {"default-filled", "epoch-rescaled", "nul-stripped"}
"""Coercions of payloads that fastavro takes as they are: it fills defaults, and any long is a timestamp."""

every_route = pytest.mark.parametrize("contract", routes().values(), ids=lambda each: each.name)
every_folder = pytest.mark.parametrize("contract", [*routes().values(), *shared().values()], ids=lambda each: each.name)


def accepted() -> list[Any]:
    return [
        pytest.param(contract, example, id=f"{contract.name}: {example['name']}")
        for contract in routes().values()
        for example in contract.examples["accepted"]
    ]


def test_the_six_contracts_and_their_kafka_topics() -> None:
    """The demo, its documentation and its fleet rely on these names."""
    assert {name: each.declared["topic"] for name, each in routes().items()} == TOPICS


def test_the_gateway_reads_them_without_a_complaint() -> None:
    """Every folder passes the checks of ``gateway check``, those between contracts included."""
    contracts = load_contracts(SCHEMAS)
    assert {each.name for each in contracts.contracts} == TOPICS.keys()
    assert {each.name for each in contracts.shared_types} == shared().keys()


def test_the_tour_lists_them_as_they_are() -> None:
    """The table of docs/contracts.md names each folder, its filter and its Kafka topic."""
    tour = (SCHEMAS.parent / "docs" / "contracts.md").read_text()
    for name, each in routes().items():
        assert f"| `{name}` | `{each.declared['mqtt']}` | `{each.declared['topic']}` |" in tour


def test_no_two_filters_match_the_same_topic() -> None:
    """Every example's topic belongs to one contract only."""
    for each in routes().values():
        for example in each.examples["accepted"] + each.examples["rejected"]:
            takers = [other.name for other in routes().values() if other.captures(example["mqtt"]) is not None]
            assert takers == [each.name]


@every_folder
def test_schemas_are_well_formed(contract: Shipped) -> None:
    """Apache's avro and fastavro, or jsonschema's meta-schema and jsonschema-rs, take the schema."""
    if contract.is_avro:
        assert parsed_by_fastavro(contract.name)["name"] == parsed_by_apache(contract.name).fullname
    else:
        jsonschema.validators.validator_for(contract.schema).check_schema(contract.schema)
        assert jsonschema_rs.meta.is_valid(contract.schema)


@every_folder
def test_contracts_say_who_owns_them(contract: Shipped) -> None:
    """Owner, description, subject and compatibility level are declared."""
    assert {"owner", "description", "subject", "compatibility"} <= contract.declared.keys()


@every_folder
def test_everything_in_a_schema_is_documented(contract: Shipped) -> None:
    """Every Avro record, enum, fixed and field has a doc, every JSON Schema property a description."""
    missing = list(_undocumented_avro(contract.schema) if contract.is_avro else _undocumented_json(contract.schema))
    assert not missing


def _undocumented_avro(schema: Any, place: str = "") -> Any:
    if isinstance(schema, list):
        for branch in schema:
            yield from _undocumented_avro(branch, place)
    elif isinstance(schema, dict):
        here = f"{place}/{schema.get('name', '')}"
        if "name" in schema and not schema.get("doc"):
            yield here
        for key in ("type", "items", "values", "fields"):
            yield from _undocumented_avro(schema.get(key), here)


def _undocumented_json(schema: Any, place: str = "") -> Any:
    if isinstance(schema, list):
        for item in schema:
            yield from _undocumented_json(item, place)
    elif isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            if "description" not in inner and "$ref" not in inner and "/if" not in place and "/then" not in place:
                yield f"{place}/{name}"
        for key, inner in schema.items():
            yield from _undocumented_json(inner, f"{place}/{key}")


@every_route
def test_there_are_enough_examples(contract: Shipped) -> None:
    """At least six payloads to accept, of which some are coerced and some are clean, and six to reject."""
    clean = [example for example in contract.examples["accepted"] if not example.get("coercions")]
    assert len(contract.examples["accepted"]) - len(clean) >= 3
    assert len(clean) >= 2
    assert len(contract.examples["accepted"]) >= 6
    assert len(contract.examples["rejected"]) >= 6


@every_route
def test_example_names_are_unique(contract: Shipped) -> None:
    """A failing example is found by its name."""
    names = [example["name"] for example in contract.examples["accepted"] + contract.examples["rejected"]]
    assert len(names) == len(set(names))


@every_route
def test_rejected_examples_name_known_codes(contract: Shipped) -> None:
    """Every expected code exists, and what has a place in the payload names it."""
    without_place = {Code.JSON_INVALID, Code.NO_ROUTE, Code.NO_DEVICE_ID}
    for example in contract.examples["rejected"]:
        assert Code(example["code"]) in without_place or "path" in example, example["name"]


def test_all_kinds_of_mistakes_are_shown() -> None:
    """Taken together the examples show most reasons that a payload can be rejected for."""
    shown = {example["code"] for each in routes().values() for example in each.examples["rejected"]}
    unseen = {code.value for code in Code} - shown
    assert unseen == {
        # What no contract can show: limits of the gateway and what happens beside the payload.
        "payload-limit",
        "payload-not-utf8",
        "malformed-packet",
        "crash-suspect",
        "record-too-large",
        "unknown-schema",
        "timestamp-out-of-window",
        # What these six have no use for: unions of several types, undeclared bytes, lenient commas, and
        # records in which every field may be missing.
        "no-known-fields",
        "ambiguous-number",
        "encoding-undeclared",
        "non-finite",
        "timezone-invalid",
        "union-ambiguous",
    }


@pytest.mark.parametrize(("contract", "example"), accepted())
def test_clean_examples_are_valid_by_independent_libraries(contract: Shipped, example: dict[str, Any]) -> None:
    """What is accepted without any coercion is valid as it is; what is coerced would not have been."""
    coercions = example.get("coercions", {"": "unknown"})
    objections = contract.objections(example["mqtt"], example["payload"].rstrip("\0").encode())
    if coercions == {}:
        assert objections is None
    elif not UNSEEN.issuperset(map(str, coercions.values())):
        assert objections is not None


@pytest.mark.parametrize(("contract", "example"), accepted())
def test_what_becomes_of_json_is_valid(contract: Shipped, example: dict[str, Any]) -> None:
    """The expected value of a coerced JSON payload is valid by the independent libraries."""
    if "becomes" not in example or contract.is_avro:
        assert "becomes" in example or example["coercions"] == {}
        return
    assert contract.objections(example["mqtt"], json.dumps(example["becomes"]).encode()) is None


@every_route
def test_rejected_examples_are_refused_as_they_are(contract: Shipped) -> None:
    """A rejected payload breaks JSON or the schema; what only the gateway can see is named here."""
    only_the_gateway_sees = {
        Code.DEVICE_MISMATCH,
        Code.FIELD_MISMATCH,
        Code.DUPLICATE_KEY,
        Code.NO_DEVICE_ID,
        # fastavro looks neither at the range of timestamps and decimals nor at the text of a UUID
        Code.EPOCH_OUT_OF_WINDOW,
        Code.OUT_OF_RANGE,
        Code.INVALID_FORMAT,
    }
    for example in contract.examples["rejected"]:
        code = Code(example["code"])
        try:
            objections = contract.objections(example["mqtt"], example["payload"].encode())
        except json.JSONDecodeError:
            assert code is Code.JSON_INVALID, example["name"]
        else:
            assert objections is not None or code in only_the_gateway_sees, example["name"]
