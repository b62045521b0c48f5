"""The HTTP endpoint, asked as a browser, a script and Prometheus would."""

import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.daemon.status import Pages, StatusServer

ANY_PORT = TransportAddress("127.0.0.1", 0)


class Health:
    good = True


@pytest.fixture
async def server() -> AsyncIterator[StatusServer]:
    registry = CollectorRegistry()
    Counter("calls", "Calls set up.", registry=registry).inc(3)
    contexts = [{"context": 1, "terminations": ["ip/access/1"]}]
    pages = Pages(
        {"/status": lambda: {"up": 1}, "/contexts": lambda: contexts}, lambda: Health.good, registry
    )
    made = StatusServer(pages)
    await made.start(ANY_PORT)
    yield made
    await made.stop()


async def get(server: StatusServer, path: str, method: str = "GET") -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://{server.address}{path}") as response,
    ):
        return response.status, response.content_type, await response.text()


@pytest.mark.system
async def test_pages_are_json(server: StatusServer) -> None:
    assert await get(server, "/status") == (200, "application/json", '{"up":1}')
    assert await get(server, "/contexts") == (
        200,
        "application/json",
        '[{"context":1,"terminations":["ip/access/1"]}]',
    )


@pytest.mark.system
async def test_health_is_a_status_code(server: StatusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await get(server, "/health"))[0] == 200
    monkeypatch.setattr(Health, "good", False)
    assert await get(server, "/health") == (503, "application/json", '{"healthy":false}')


@pytest.mark.system
async def test_metrics_come_with_their_help(server: StatusServer) -> None:
    status, kind, text = await get(server, "/metrics")
    assert (status, kind) == (200, "text/plain")
    assert "# HELP calls_total Calls set up." in text
    assert "calls_total 3.0" in text


@pytest.mark.system
async def test_it_only_shows(server: StatusServer) -> None:
    assert (await get(server, "/status", "POST"))[0] == 405
    assert (await get(server, "/nothing"))[0] == 404


@pytest.mark.system
async def test_a_taken_port_is_said_with_the_name_of_the_setting(server: StatusServer) -> None:
    second = StatusServer(Pages({}, lambda: True, CollectorRegistry()))
    assert server.address is not None
    with pytest.raises(SettingError, match=r"status\.listen: 127\.0\.0\.1:.* cannot be used: "):
        await second.start(server.address)
    await second.stop()


@pytest.mark.system
async def test_it_gives_back_its_port(no_leaks: None) -> None:
    made = StatusServer(Pages({}, lambda: True, CollectorRegistry()))
    await made.start(ANY_PORT)
    await made.stop()
    await made.stop()
    assert made.address is not None
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(made.address)
