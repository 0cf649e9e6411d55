"""The development registry inside somebody else's event loop."""

from __future__ import annotations

import signal
from urllib.parse import urlsplit

import httpx
import pytest

from gateway.registry.development.http import registry_app
from gateway.registry.development.serve import serving
from gateway.registry.development.store import Store


async def test_signals_stay_with_whoever_runs_the_loop():
    """SIGINT and SIGTERM do what they did before, inside the block too."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    async with serving(registry_app(Store())) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        await http.get("/subjects")
        assert [signal.getsignal(number) for number in numbers] == before


async def test_a_port_is_free_again_afterwards_and_refused_while_taken():
    """One registry at a time on a port; OSError says so at once."""
    async with serving(registry_app(Store())) as url:
        port = urlsplit(url).port
        assert port is not None
        with pytest.raises(OSError, match="in use"):
            async with serving(registry_app(Store()), port=port):
                pass
    async with (
        serving(registry_app(Store()), port=port) as again,
        httpx.AsyncClient(base_url=again, trust_env=False) as http,
    ):
        assert again == url
        assert (await http.get("/subjects")).json() == []


async def test_the_first_request_can_be_made_at_once():
    """There is nothing to wait for: the socket listens before the block begins."""
    async with serving(registry_app(Store())) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        assert (await http.get("/")).json() == {}
