"""The client against a development registry that works, and against every way in which one fails."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.config.contract import Compatibility
from gateway.errors import RegistryUnavailable, SchemaError, SubjectNotFound
from gateway.model import Format, ReferenceTo
from gateway.registry import client as client_module
from gateway.registry.answers import Candidate
from gateway.registry.client import RegistryClient, SchemaRefused
from gateway.registry.failures import RegistryDown
from tests.parts.processes import free_port
from tests.parts.registry_faults import GARBAGE, VERSION, FaultyRegistry, answer, drip, faulty_registry, in_turn, stall
from tests.system.registry.steps import connected

POSITION = Candidate(
    Format.AVRO, '{"type":"record","name":"Position","namespace":"geo","fields":[{"name":"lat","type":"double"}]}'
)
PUMP = Candidate(
    Format.AVRO,
    '{"type":"record","name":"Pump","fields":[{"name":"at","type":"geo.Position"}]}',
    (ReferenceTo("geo.Position", "geo.position-value", 1),),
)
GATE = Candidate(Format.JSON, '{"type":"object","properties":{"open":{"type":"boolean"}}}')


@pytest.fixture
async def registry() -> AsyncIterator[FaultyRegistry]:
    async with faulty_registry() as running:
        yield running


@pytest.fixture
async def client(registry: FaultyRegistry) -> AsyncIterator[RegistryClient]:
    async with connected(registry.url) as opened:
        yield opened


async def test_latest_comes_with_its_references_resolved(client: RegistryClient):
    """What a schema refers to is read too, down to its text and ID."""
    position_id = await client.register("geo.position-value", POSITION)
    pump_id = await client.register("plant.pump-value", PUMP)
    pump = await client.latest("plant.pump-value")
    assert (pump.schema_id, pump.version, pump.format) == (pump_id, 1, Format.AVRO)
    assert [(reference.name, reference.schema.schema_id) for reference in pump.references] == [
        ("geo.Position", position_id)
    ]
    assert json.loads(pump.references[0].schema.text) == json.loads(POSITION.text)
    assert pump.guid is not None


async def test_references_in_a_context_are_to_that_context(client: RegistryClient):
    """As the registry lists them they have none; the default context's subject of that name is another."""
    await client.register("geo.position-value", Candidate(Format.AVRO, POSITION.text.replace("double", "float")))
    await client.register(":.lab:geo.position-value", POSITION)
    await client.register(":.lab:plant.pump-value", PUMP)
    pump = await client.latest(":.lab:plant.pump-value")
    assert pump.references[0].schema.subject == ":.lab:geo.position-value"
    assert json.loads(pump.references[0].schema.text) == json.loads(POSITION.text)
    with pytest.raises(SchemaRefused, match=r":\.lab:geo\.position-value"):
        await client.delete_subject(":.lab:geo.position-value")
    await client.delete_subject("geo.position-value")


async def test_a_pinned_version_stays_what_it_was_when_a_newer_one_comes(client: RegistryClient):
    """Version 1 is version 1, whatever the latest is."""
    first_id = await client.register("gate", GATE)
    second_id = await client.register("gate", Candidate(Format.JSON, '{"type":"object"}'))
    assert (await client.version("gate", 1)).schema_id == first_id
    assert (await client.latest("gate")).schema_id == second_id


async def test_what_an_id_means(registry, client: RegistryClient):
    """Also after a soft deletion; each context has IDs of its own. After a permanent one it means nothing."""
    await client.register("geo.position-value", POSITION)
    pump_id = await client.register("plant.pump-value", PUMP)
    lab_id = await client.register(":.lab:gate", GATE)
    await client.delete_subject("plant.pump-value")
    pump = await client.read_schema(pump_id, "plant.pump-value")
    assert pump is not None
    assert (json.loads(pump.text), pump.references) == (json.loads(PUMP.text), PUMP.references)
    gate = await client.read_schema(lab_id, ":.lab:gate")
    assert gate is not None
    assert json.loads(gate.text) == json.loads(GATE.text)
    await client.delete_subject("plant.pump-value", permanent=True)
    assert await client.read_schema(pump_id, "plant.pump-value") is None
    registry.fault = answer(404, "<html>no such page</html>")
    with pytest.raises(RegistryUnavailable):
        await client.read_schema(pump_id, "plant.pump-value")


@pytest.mark.parametrize("subject", ["a/b-value", "käse", "a b", ":.lab:gate", "100%"])
async def test_subjects_may_hold_any_character(client: RegistryClient, subject: str):
    """A subject is one path segment, whatever it holds."""
    await client.register(subject, GATE)
    assert await client.subjects() == [subject]
    assert (await client.latest(subject)).subject == subject


async def test_lookup_finds_a_registered_schema_in_another_spelling(client: RegistryClient):
    """White space does not make another schema; another content does."""
    await client.register("gate", GATE)
    spelled = Candidate(Format.JSON, json.dumps(json.loads(GATE.text), indent=4))
    found = await client.lookup("gate", spelled)
    assert found is not None
    assert found.version == 1
    assert await client.lookup("gate", Candidate(Format.JSON, "{}")) is None
    assert await client.lookup("nowhere", GATE) is None


async def test_lookup_of_an_invalid_schema_says_what_is_wrong_with_it(client: RegistryClient):
    """The registry's reason reaches the reader."""
    await client.register("gate", GATE)
    with pytest.raises(SchemaRefused, match="nonsense") as refused:
        await client.lookup("gate", Candidate(Format.AVRO, '{"type":"nonsense"}'))
    assert not refused.value.incompatible


async def test_an_incompatible_schema_is_refused_as_such_and_check_says_why(client: RegistryClient):
    """Both ways tell: the verdict beforehand, the refusal afterwards."""
    await client.register("geo.position-value", POSITION)
    wider = Candidate(Format.AVRO, POSITION.text.replace("]}", ',{"name":"lon","type":"double"}]}'))
    verdict = await client.check("geo.position-value", wider)
    assert not verdict.compatible
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in verdict.messages[0]
    with pytest.raises(SchemaRefused, match="lon") as refused:
        await client.register("geo.position-value", wider)
    assert refused.value.incompatible


async def test_check_falls_back_on_the_latest_version_where_a_registry_knows_no_other(registry, client):
    """Karapace answers 404 with a bare string for the path without a version."""
    await client.register("geo.position-value", POSITION)
    latest = b'{"is_compatible": true}'
    registry.fault = in_turn([answer(404, '"Not Found"')], then=answer(200, latest))
    assert (await client.check("geo.position-value", POSITION)).compatible
    assert registry.requests[-1].startswith("POST /compatibility/subjects/geo.position-value/versions/latest")


@pytest.mark.parametrize(("level", "compatible"), [("BACKWARD", True), ("BACKWARD_TRANSITIVE", False)])
async def test_check_looks_at_the_latest_version_where_the_level_does(registry, client, level, compatible):
    """Apicurio compares with all versions whatever the level, gives no reasons, and registers by the level."""
    registry.fault = in_turn(
        [
            answer(200, '{"is_compatible": false}'),
            answer(404, '{"error_code": 40408, "message": "none of its own"}'),
            answer(200, json.dumps({"compatibilityLevel": level})),
        ],
        then=answer(200, '{"is_compatible": true}'),
    )
    assert (await client.check("gate", GATE)).compatible is compatible


async def test_a_deletion_that_the_registry_refuses(registry, client):
    """For good without a soft one before it, or while another schema refers to it."""
    await client.register("gate", GATE)
    with pytest.raises(SchemaRefused, match=r"does not delete 'gate': Subject 'gate' was not deleted first"):
        await client.delete_subject("gate", permanent=True)
    registry.fault = answer(409, '{"error_code": 40405, "message": "must be soft deleted first"}')
    with pytest.raises(SchemaRefused, match="must be soft deleted first") as refused:
        await client.delete_subject("gate", permanent=True)
    assert not refused.value.incompatible


async def test_check_of_a_new_subject_is_compatible(registry, client):
    """There is nothing to be compatible with; some registries say 40402 instead."""
    assert (await client.check("new", GATE)).compatible
    registry.fault = answer(404, '{"error_code": 40402, "message": "Version latest not found."}')
    assert (await client.check("new", GATE)).compatible


async def test_levels_are_read_with_one_key_and_set_with_another(client: RegistryClient):
    """A subject without a level of its own has None, the registry always has one."""
    assert await client.compatibility("gate") is None
    assert await client.compatibility() is Compatibility.BACKWARD
    await client.set_compatibility("gate", Compatibility.FULL_TRANSITIVE)
    assert await client.compatibility("gate") is Compatibility.FULL_TRANSITIVE


# What is not there


async def test_not_found_is_believed_the_second_time(registry, client):
    """A follower that lags behind answers 40401 once; then the schema is there."""
    missing = answer(404, '{"error_code": 40401, "message": "Subject not found."}')
    registry.fault = in_turn([missing], then=answer(200, json.dumps(VERSION)))
    assert (await client.latest("gate")).schema_id == 7
    assert len(registry.requests) == 2


@pytest.mark.parametrize("code", [40401, 40402, 40403])
async def test_not_found_twice_is_not_found(registry, client, code):
    """Two looks, and the message names the subject and the registry."""
    registry.fault = answer(404, json.dumps({"error_code": code, "message": "not found"}))
    with pytest.raises(SubjectNotFound, match=f"'gate'.*{code}") as missing:
        await client.latest("gate")
    assert registry.url in str(missing.value)
    assert len(registry.requests) == 2


@pytest.mark.parametrize("body", ['{"error_code": 404, "message": "HTTP 404 Not Found"}', '"Not Found"', "<html>", ""])
async def test_a_404_that_is_not_the_registrys_own_says_nothing_about_the_subject(registry, client, body):
    """A wrong base path or a proxy must not look like a deleted subject."""
    registry.fault = answer(404, body)
    with pytest.raises(RegistryUnavailable, match=r"registry\.url"):
        await client.latest("gate")


async def test_a_missing_reference_does_not_make_the_subject_missing(registry, client):
    """The subject is there; what it refers to cannot be read."""
    broken = {**VERSION, "references": [{"name": "x", "subject": "gone", "version": 1}]}
    missing = answer(404, '{"error_code": 40401, "message": "Subject not found."}')
    registry.fault = in_turn([answer(200, json.dumps(broken))], then=missing)
    with pytest.raises(RegistryUnavailable, match="'gone'"):
        await client.latest("gate")


async def test_endless_references_are_cut_off(registry, client):
    """A registry whose every version refers to yet another one is not followed for ever."""
    count = 0

    async def chain(scope: Any, receive: Any, send: Any) -> None:
        nonlocal count
        count += 1
        version = 1 if scope["path"].endswith("latest") else int(scope["path"].rsplit("/", 1)[1])
        listed = {**VERSION, "version": version, "references": [{"name": "n", "subject": "s", "version": count}]}
        await answer(200, json.dumps(listed))(scope, receive, send)

    registry.fault = chain
    with pytest.raises(RegistryUnavailable, match="more than 256 schemas"):
        await client.latest("gate")


async def test_a_schema_of_another_type_is_a_schema_error(registry, client):
    """PROTOBUF is a sound answer that the gateway cannot use: not an outage."""
    registry.fault = answer(200, json.dumps({**VERSION, "schemaType": "PROTOBUF", "schema": "syntax = 3"}))
    with pytest.raises(SchemaError, match="'PROTOBUF'"):
        await client.latest("gate")


# What is no answer


@pytest.mark.parametrize("fault", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_is_never_an_answer(registry, client, fault):
    """Whatever comes is RegistryUnavailable with the registry's URL, and one line long."""
    registry.fault = fault
    with pytest.raises(RegistryUnavailable) as failure:
        await client.latest("gate")
    assert registry.url in str(failure.value)
    assert len(str(failure.value)) < 500
    assert "\n" not in str(failure.value)


async def test_the_version_that_was_asked_for_must_come(registry, client):
    """A registry that answers about another version is not believed."""
    registry.fault = answer(200, json.dumps({**VERSION, "version": 2}))
    with pytest.raises(RegistryUnavailable, match="asked for version 1"):
        await client.version("gate", 1)


@pytest.mark.parametrize("body", ["{}", '{"is_compatible": "yes"}', '{"is_compatible": true, "messages": 1}'])
async def test_a_verdict_must_be_one(registry, client, body):
    """A verdict that is not true or false is no verdict."""
    registry.fault = answer(200, body)
    with pytest.raises(RegistryUnavailable, match="unusable answer"):
        await client.check("gate", GATE)


@pytest.mark.parametrize("body", ["{}", '["a", 1]', '[""]'])
async def test_a_list_of_subjects_must_be_one(registry, client, body):
    """Subjects are non-empty texts."""
    registry.fault = answer(200, body)
    with pytest.raises(RegistryUnavailable, match="list of subjects"):
        await client.subjects()


@pytest.mark.parametrize("body", ["{}", '{"compatibilityLevel": "SIDEWARD"}', '{"compatibilityLevel": {}}'])
async def test_a_level_must_be_one(registry, client, body):
    """An unknown level is no level."""
    registry.fault = answer(200, body)
    with pytest.raises(RegistryUnavailable, match="compatibilityLevel"):
        await client.compatibility("gate")


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (401, 40101, "does not accept our credentials"),
        (403, 40301, "ask for read access"),
        (429, 42901, "limits our requests"),
        (500, 50001, "look into its log"),
    ],
)
async def test_a_failure_says_what_to_do_about_it(registry, client, status, code, told):
    """Also for a registration, where it says nothing about the schema."""
    registry.fault = answer(status, json.dumps({"error_code": code, "message": "no"}))
    with pytest.raises(RegistryUnavailable, match=told):
        await client.latest("gate")
    with pytest.raises(RegistryUnavailable, match=told):
        await client.register("gate", GATE)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(registry, client, status):
    """Credentials and questions go to the configured host only."""
    async with faulty_registry() as elsewhere:
        registry.fault = answer(status, "", {"location": f"{elsewhere.url}/subjects/gate/versions/latest"})
        with pytest.raises(RegistryUnavailable, match="final address"):
            await client.latest("gate")
        assert elsewhere.requests == []


async def test_a_failure_that_passes_is_not_noticed(registry, client):
    """One repetition covers a restarting node."""
    registry.fault = in_turn([answer(503, "starting")], then=answer(200, json.dumps(VERSION)))
    assert (await client.latest("gate")).schema_id == 7


async def test_a_short_retry_after_is_waited_for(registry, client):
    """A registry that asks for a moment gets it."""
    registry.fault = in_turn([answer(429, "", {"retry-after": "0"})], then=answer(200, json.dumps(VERSION)))
    assert (await client.latest("gate")).schema_id == 7


@pytest.mark.parametrize("status", [429, 503])
async def test_a_long_retry_after_is_reported_instead_of_waited_for(registry, client, status):
    """The caller learns for how long the registry wants to be left alone, after one request."""
    registry.fault = answer(status, "", {"retry-after": "120"})
    with pytest.raises(RegistryDown, match="wait 120 s") as busy:
        await client.latest("gate")
    assert busy.value.retry_after_s == 120
    assert len(registry.requests) == 1


async def test_refused_credentials_are_not_tried_again_at_once(registry, client):
    """An identity provider may lock the account."""
    registry.fault = answer(401, '{"error_code": 40101, "message": "who?"}')
    with pytest.raises(RegistryDown, match="does not accept our credentials"):
        await client.latest("gate")
    assert len(registry.requests) == 1


async def test_silence_ends_with_the_time_out(registry):
    """A registry that accepts and says nothing is down."""
    registry.fault = stall()
    async with connected(registry.url, {"timeout": "0.2"}) as client:
        with pytest.raises(RegistryDown, match=r"no answer within 0\.2 s"):
            await client.latest("gate")


async def test_an_answer_that_never_ends_ends_with_twice_the_time_out(registry):
    """Every byte comes in time, the whole does not: that is bounded too."""
    registry.fault = drip()
    async with connected(registry.url, {"timeout": "0.2"}) as client:
        with pytest.raises(RegistryDown, match=r"no complete answer within 0\.4 s"):
            await client.latest("gate")


async def test_nobody_there_is_down():
    """A refused connection is reported with the URL."""
    url = f"http://127.0.0.1:{free_port()}"
    async with connected(url) as client:
        with pytest.raises(RegistryDown, match=url):
            await client.latest("gate")


# Several URLs, TLS, credentials


@pytest.mark.parametrize("first", ["dead", "failing", "busy"])
async def test_the_next_url_answers_where_the_first_does_not(registry, first):
    """Failover, for reading and for writing."""
    async with faulty_registry() as other:
        other.fault = answer(500, "") if first == "failing" else answer(503, "", {"retry-after": "120"})
        url = f"http://127.0.0.1:{free_port()}" if first == "dead" else other.url
        async with connected(f"{url}, {registry.url}") as client:
            await client.register("gate", GATE)
            assert (await client.latest("gate")).version == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def tls_registry(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[FaultyRegistry]:
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "server.pem", tmp_path / "server.key"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    async with faulty_registry(ssl_certfile=chain, ssl_keyfile=key) as running:
        yield running


async def test_a_private_authority_is_trusted_when_named(authority, tls_registry, tmp_path):
    """ssl.ca.location makes a certificate of one's own CA good."""
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    async with connected(tls_registry.url, {"ssl.ca.location": str(ca_file)}) as client:
        await client.register("gate", GATE)
        assert (await client.latest("gate")).version == 1


@pytest.mark.parametrize("named", [True, False])
async def test_a_certificate_of_another_authority_is_not_trusted(tls_registry, tmp_path, named):
    """The message names the property to set; nothing was asked."""
    ca_file = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(ca_file)
    async with connected(tls_registry.url, {"ssl.ca.location": str(ca_file)} if named else {}) as client:
        with pytest.raises(RegistryDown, match=r"registry\.ssl\.ca\.location"):
            await client.latest("gate")
    assert tls_registry.requests == []


async def test_basic_credentials_are_sent_and_never_shown(registry, caplog):
    """The registry gets them; logs and messages do not."""
    caplog.set_level(logging.DEBUG)
    registry.fault = answer(401, "")
    async with connected(registry.url, {"basic.auth.user.info": "me:hunter2"}) as client:
        with pytest.raises(RegistryUnavailable, match="does not accept our credentials") as failure:
            await client.latest("gate")
    assert registry.headers[0]["authorization"] == "Basic bWU6aHVudGVyMg=="
    assert "hunter2" not in str(failure.value)
    assert "hunter2" not in caplog.text


async def test_a_static_bearer_token_is_sent(registry):
    """Confluent's own properties, as they are."""
    registry.fault = answer(200, json.dumps(VERSION))
    properties = {
        "bearer.auth.credentials.source": "STATIC_TOKEN",
        "bearer.auth.token": "t0ken",
        "bearer.auth.logical.cluster": "lsrc-1",
    }
    async with connected(registry.url, properties) as client:
        await client.latest("gate")
    assert registry.headers[0]["authorization"] == "Bearer t0ken"
    assert registry.headers[0]["target-sr-cluster"] == "lsrc-1"


def oauth(token_url: str) -> dict[str, str]:
    return {
        "bearer.auth.credentials.source": "OAUTHBEARER",
        "bearer.auth.client.id": "gateway",
        "bearer.auth.client.secret": "hunter2",
        "bearer.auth.scope": "registry",
        "bearer.auth.issuer.endpoint.url": token_url,
        "bearer.auth.logical.cluster": "lsrc-1",
    }


async def test_an_oauth_token_is_fetched_and_sent(registry):
    """The token endpoint is asked with the client's credentials, the registry gets the token."""
    registry.fault = answer(200, json.dumps(VERSION))
    async with faulty_registry() as issuer:
        issuer.fault = answer(200, '{"access_token": "fresh", "token_type": "Bearer", "expires_in": 3600}')
        async with connected(registry.url, oauth(f"{issuer.url}/token")) as client:
            await client.latest("gate")
            await client.latest("gate")
        assert issuer.requests == ["POST /token"]
    assert [headers["authorization"] for headers in registry.headers] == ["Bearer fresh"] * 2


async def test_a_refused_oauth_token_is_an_outage_that_names_the_properties(registry):
    """Without a token nothing can be asked."""
    async with faulty_registry() as issuer:
        issuer.fault = answer(400, '{"error": "invalid_client", "error_description": "no"}')
        async with connected(registry.url, oauth(f"{issuer.url}/token")) as client:
            with pytest.raises(RegistryDown, match=r"bearer\.auth") as failure:
                await client.latest("gate")
    assert "hunter2" not in str(failure.value)
    assert registry.requests == []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses before a second attempt and a second look, shortened; nothing depends on their length."""
    monkeypatch.setattr(client_module, "SECOND_LOOK_S", 0.001)
    monkeypatch.setattr(client_module, "RETRY_PAUSE_S", 0.001)
