"""What the admin endpoint answers to HTTP requests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import httpx
import orjson
import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics

from gateway.admin.http import PATHS, admin_app
from gateway.admin.page import POLICY
from gateway.admin.status import readiness, status
from gateway.pipeline.overview import Overview, Reason
from tests.unit.admin.overviews import busy, starting

parse: Callable[[str], Iterator[Metric]] = openmetrics.text_string_to_metric_families


class Gateway:
    """An overview that changes."""

    def __init__(self) -> None:
        self.now = starting()

    def __call__(self) -> Overview:
        """What the endpoint is given."""
        return self.now


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(admin_app(gateway)) as client:
        yield client


def asking(app: Callable[..., object], host: str = "gw.example:8088") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]  # a plain ASGI app
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


async def test_half_a_character_does_not_break_an_answer(gateway: Gateway, client: httpx.AsyncClient):
    """Whoever sent it: readiness and status say it as JSON can."""
    reason = Reason("registry_unreachable", "broken \ud800 text")
    gateway.now = replace(busy(), not_ready=(reason,), degraded=(reason,))
    for path, code in (("/readyz", 503), ("/status", 200)):
        answer = await client.get(path)
        assert answer.status_code == code
        assert answer.text.endswith("}\n")
        assert answer.json()["reasons"] == [{"code": "registry_unreachable", "detail": "broken \ud800 text"}]
    assert json.loads(answer.text) == json.loads(json.dumps(status(gateway.now)))


async def test_readiness_follows_the_gateway(gateway: Gateway, client: httpx.AsyncClient):
    """503 with the reasons, 200 with the degradations, and back."""
    seen = []
    for overview in (starting(), busy(), replace(busy(), not_ready=(Reason("kafka_unreachable", "no broker"),))):
        gateway.now = overview
        answer = await client.get("/readyz")
        seen.append((answer.status_code, answer.json()["ready"]))
        assert answer.json() == readiness(overview)
    assert seen == [(503, False), (200, True), (503, False)]


async def test_health_does_not_depend_on_any_peer(gateway: Gateway, client: httpx.AsyncClient):
    """It says that the process lives, not that Kafka does: a restart would mend nothing."""
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.text, gateway.now.kafka.ready) == (200, "ok\n", False)


async def test_status_is_json_for_machines_and_people(gateway: Gateway, client: httpx.AsyncClient):
    """Indented, ending with a newline, of this moment."""
    gateway.now = busy()
    answer = await client.get("/status")
    assert answer.headers["content-type"] == "application/json"
    assert orjson.loads(answer.content) == orjson.loads(orjson.dumps(status(busy())))
    assert answer.text.startswith('{\n  "version": "1.2.3",\n')
    assert answer.text.endswith("}\n")


async def test_the_page_is_html_with_its_own_policy(client: httpx.AsyncClient):
    """Its style is allowed by hash."""
    answer = await client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.text.startswith("<!doctype html>\n<html lang=")


async def test_metrics_come_in_the_format_that_is_asked_for(client: httpx.AsyncClient):
    """Prometheus text without an Accept header, OpenMetrics where it is asked for."""
    plain = await client.get("/metrics", headers={"accept": ""})
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\nschema_gateway_ready 0.0\n" in plain.text
    asked = await client.get("/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0;q=0.9"})
    assert asked.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert "schema_gateway_ready" in {family.name for family in parse(asked.text)}


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str):
    """Nothing is cached, sniffed, framed, embedded elsewhere, or told to other sites."""
    headers = (await client.get(path)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", PATHS)
async def test_nothing_can_be_changed(client: httpx.AsyncClient, method: str, path: str):
    """Every other method is refused, in JSON, with the methods that there are."""
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json() == {"error": "the admin endpoint is read only: use GET"}


@pytest.mark.parametrize("path", ["/nothing", "/status/", "/metrics/x", "/../etc/passwd", "//status"])
async def test_unknown_paths_say_which_there_are(client: httpx.AsyncClient, path: str):
    """404 in JSON, without a redirect and without the path that was asked for."""
    answer = await client.get(f"http://gw.example:8088{path}")
    assert answer.status_code == 404
    assert answer.json() == {"error": "there is no such page; these exist: /, /status, /metrics, /readyz, /healthz"}


async def test_a_failure_is_json_and_keeps_its_reason_to_itself():
    """The exception goes on to the server, which logs it."""

    def broken() -> Overview:
        raise ZeroDivisionError("inner secret")

    async with asking(admin_app(broken)) as client:
        answer = await client.get("/status")
        assert answer.status_code == 500
        assert answer.json() == {"error": "the gateway failed to answer; its log says why"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/healthz")).status_code == 200
    passing = httpx.ASGITransport(app=admin_app(broken))
    async with httpx.AsyncClient(transport=passing, base_url="http://x") as client:
        with pytest.raises(ZeroDivisionError):
            await client.get("/status")


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8088", "LOCALHOST:1", "127.0.0.1:8088", "[::1]:8088", "10.0.0.7:80", "gw.local:8088"],
)
async def test_behind_the_loopback_interface_own_names_are_answered(host: str):
    """An IP address cannot be pointed elsewhere, so any will do, as behind a forwarded port."""
    async with asking(admin_app(busy, only_host="GW.local"), host) as client:
        assert (await client.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8088", "127.0.0.1.nip.io", "", "[::1", "a:b:c"]
)
async def test_behind_the_loopback_interface_other_names_are_not(host: str):
    """A web site's own name, pointed at 127.0.0.1, reads nothing (DNS rebinding)."""
    async with asking(admin_app(busy, only_host="127.0.0.1"), "localhost") as client:
        answer = await client.get("/status", headers={"host": host})
        assert answer.status_code == 421
        assert "admin.listen" in answer.json()["error"]
        assert "pump" not in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_on_other_interfaces_every_name_is_answered(client: httpx.AsyncClient):
    """Whoever lets it listen there wants it to be reached."""
    assert (await client.get("/status", headers={"host": "gateway.plant.example"})).status_code == 200
