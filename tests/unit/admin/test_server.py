"""The admin endpoint on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import signal
import socket
import threading
from dataclasses import replace

import httpx
import pytest

from gateway.admin import connections
from gateway.admin.logs import configure_logs
from gateway.admin.server import AdminServer
from gateway.errors import GatewayError
from gateway.pipeline.overview import Overview
from tests.parts.waiting import eventually
from tests.unit.admin.overviews import busy


@pytest.fixture
async def server():
    """One on a free port."""
    server = AdminServer("127.0.0.1:0", busy)
    await server.start()
    yield server
    await server.stop()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_it_answers_on_the_port_that_its_url_names(server: AdminServer):
    """Port 0 became a real one; every path answers, and a connection is used again."""
    assert server.url.startswith("http://127.0.0.1:")
    assert not server.url.endswith(":0")
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        answers = [await client.get(path) for path in ("/", "/status", "/metrics", "/readyz", "/healthz")]
        assert [answer.status_code for answer in answers] == [200] * 5
        head = await client.head("/status")
        assert (head.status_code, head.content) == (200, b"")
        assert "server" not in head.headers


async def test_requests_are_taken_from_the_first_moment():
    """Whoever connects right after start gets an answer."""
    server = AdminServer("127.0.0.1:0", busy)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"\r\n\r\nok\n")
    writer.close()
    await writer.wait_closed()
    await server.stop()


async def test_it_answers_on_the_thread_of_the_loop():
    """The overview is read where the engine changes it: no thread, no lock."""
    threads = []

    def overview() -> Overview:
        threads.append(threading.current_thread())
        return busy()

    server = AdminServer("127.0.0.1:0", overview)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        for path in ("/", "/status", "/metrics", "/readyz"):
            assert (await client.get(path)).status_code == 200
    await server.stop()
    assert threads == [threading.current_thread()] * 4


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
async def test_it_listens_on_ipv6():
    """An address in brackets, in and out."""
    server = AdminServer("[::1]:0", busy)
    await server.start()
    assert server.url.startswith("http://[::1]:")
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{server.url}/healthz")).text == "ok\n"
    await server.stop()


async def test_localhost_is_every_address_that_it_has():
    """IPv4 at least, with the port that the URL names; and only local names are answered."""
    server = AdminServer("localhost:0", busy)
    await server.start()
    port = server.url.rpartition(":")[2]
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{port}/healthz")).text == "ok\n"
        if has_ipv6():
            known = {info[4][0] for info in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
            if "::1" in known:
                assert (await client.get(f"http://[::1]:{port}/healthz")).text == "ok\n"
        assert (await client.get(server.url, headers={"host": "evil.example"})).status_code == 421
    await server.stop()


@pytest.mark.parametrize("order", [1, -1])
async def test_a_host_with_several_addresses_has_one_port(monkeypatch, order: int):
    """The same address twice, and one that this machine does not have (IPv6 where it is off), do no harm."""
    addresses = ["127.0.0.1", "127.0.0.1", "192.0.2.1", "127.0.0.2"][::order]

    async def getaddrinfo(_host: str, port: int, **_: object):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    server = AdminServer("gw.example:0", busy)
    await server.start()
    monkeypatch.undo()
    port = server.url.rpartition(":")[2]
    async with httpx.AsyncClient(trust_env=False) as client:
        for address in ("127.0.0.1", "127.0.0.2"):
            assert (await client.get(f"http://{address}:{port}/healthz")).text == "ok\n"
    await server.stop()


async def test_all_interfaces_answer_to_every_name():
    """What is meant to be reached from elsewhere is."""
    server = AdminServer("0.0.0.0:0", busy)
    await server.start()
    port = server.url.rpartition(":")[2]
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/healthz", headers={"host": "gateway.example"})
        assert answer.status_code == 200
    await server.stop()


async def test_a_taken_port_is_told_with_place_and_remedy(server: AdminServer):
    """The one that was there first goes on; nothing is left behind."""
    taken = server.url.removeprefix("http://")
    second = AdminServer(taken, busy)
    with pytest.raises(GatewayError) as failure:
        await second.start()
    assert str(failure.value) == (
        f"the admin endpoint cannot listen on {taken}: another process listens there: end it; "
        "or let admin.listen in gateway.yaml name another address or port"
    )
    assert isinstance(failure.value.__cause__, OSError)
    await second.stop()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{server.url}/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("listen", "reason"),
    [
        ("192.0.2.1:0", "does not have that address"),
        ("no-such-host.invalid:0", "cannot listen on no-such-host.invalid:0"),
    ],
)
async def test_an_impossible_address_is_told(listen: str, reason: str):
    """An address of another machine [RFC 5737], and a name that never resolves [RFC 6761]."""
    with pytest.raises(GatewayError, match=r"admin\.listen") as failure:
        await AdminServer(listen, busy).start()
    assert reason in str(failure.value)


async def test_after_stop_the_port_is_free_again():
    """Also at once, and with a client that keeps its connection open."""
    server = AdminServer("127.0.0.1:0", busy)
    await server.start()
    listen = server.url.removeprefix("http://")
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(f"{server.url}/healthz")
        await server.stop()
        await server.stop()
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{listen}/healthz")
    again = AdminServer(listen, busy)
    await again.start()
    await again.stop()


async def test_stop_right_after_start_is_fine():
    """The service may be ended while it starts."""
    server = AdminServer("127.0.0.1:0", busy)
    await server.start()
    await server.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "admin endpoint"]


async def test_signals_and_logging_are_left_alone():
    """They belong to the service: SIGTERM drains, it does not end the admin endpoint first."""
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    handlers = [logging.getLogger(name).handlers[:] for name in ("", "uvicorn", "uvicorn.error")]
    server = AdminServer("127.0.0.1:0", busy)
    await server.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(f"{server.url}/healthz")
    during = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    await server.stop()
    assert during == before
    assert [logging.getLogger(name).handlers for name in ("", "uvicorn", "uvicorn.error")] == handlers


async def connect(server: AdminServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET /healthz HTTP/1.1\r\nHost: loc", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HT"],
    ids=["silent", "half a request", "half a second request"],
)
async def test_a_connection_that_is_held_open_ends(server: AdminServer, monkeypatch: pytest.MonkeyPatch, begun: bytes):
    """Whatever was begun on it; what was asked is answered."""
    monkeypatch.setattr(connections, "LIFETIME_S", 0.05)
    reader, writer = await connect(server)
    writer.write(begun)
    assert (await reader.read()).count(b"200 OK") == begun.count(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()


async def test_whoever_does_not_read_the_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    """The rest of it would stay in memory, and the connection open."""
    monkeypatch.setattr(connections, "LIFETIME_S", 0.05)
    monkeypatch.setattr(connections, "LAST_ANSWER_S", 0.05)
    ended = asyncio.Event()
    lost = connections.ShortConnection.connection_lost

    def hear(connection: connections.ShortConnection, exc: Exception | None) -> None:
        lost(connection, exc)
        ended.set()

    monkeypatch.setattr(connections.ShortConnection, "connection_lost", hear)
    server = AdminServer("127.0.0.1:0", lambda: replace(busy(), version="1" * 20_000_000))
    await server.start()
    _, writer = await connect(server)
    writer.write(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.wait_for(ended.wait(), 30)
    writer.transport.abort()
    await server.stop()


async def test_of_too_many_connections_the_oldest_ends(server: AdminServer, monkeypatch: pytest.MonkeyPatch):
    """A probe gets its answer however many do nothing."""
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    held = [await connect(server) for _ in range(3)]
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{server.url}/healthz")).text == "ok\n"
    oldest, *others = held
    with contextlib.suppress(ConnectionResetError):
        assert await oldest[0].read() == b""
    for reader, writer in others:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"ok\n")
    for _, writer in held:
        writer.transport.abort()


async def test_health_checks_of_http_1_0_name_no_host(server: AdminServer):
    """Some load balancers ask so; a browser cannot."""
    reader, writer = await connect(server)
    writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
    writer.close()
    await writer.wait_closed()


async def test_requests_are_not_logged_but_what_is_wrong_is():
    """No access log; a broken request and an exception are one line of the gateway's own log each."""
    stream = io.StringIO()
    configure_logs(stream, terminal=False)
    broken = True

    def overview() -> Overview:
        if broken:
            raise ZeroDivisionError("broken overview")
        return busy()

    server = AdminServer("127.0.0.1:0", overview)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        assert (await client.get("/status")).status_code == 500
        broken = False
        assert (await client.get("/status")).status_code == 200
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(b"no HTTP at all\r\n\r\n")
    assert b"400 Bad Request" in await reader.read()
    writer.close()
    await writer.wait_closed()
    await eventually(lambda: stream.getvalue().count("\n") == 2, what="two lines of log")
    await server.stop()
    failed, refused = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (failed["level"], failed["event"], failed["logger"]) == ("error", "library_message", "uvicorn.error")
    assert "ZeroDivisionError: broken overview" in failed["exception"]
    assert (refused["level"], refused["message"]) == ("warning", "Invalid HTTP request received.")
