"""The HTTP endpoint of a daemon: what it holds, for people, scripts and Prometheus.

``/status`` one object, ``/contexts`` or ``/calls`` a list, ``/health`` 200 or 503, ``/metrics`` in the
text format of Prometheus.  It listens on loopback unless the settings say otherwise, answers GET only and
changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError

Page = Callable[[], object]

# A daemon that stops does not wait for a slow reader.
_SHUTDOWN_SECONDS = 0.2


class Pages(NamedTuple):
    """What a daemon shows.  ``lists``: path -> what to return as JSON; ``healthy``: for load balancers."""

    lists: Mapping[str, Page]
    healthy: Callable[[], bool]
    registry: CollectorRegistry


class StatusServer:
    """Serves ``pages`` until ``stop``."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._runner: web.AppRunner | None = None
        self.address: TransportAddress | None = None

    async def start(self, listen: TransportAddress) -> None:
        """Bind; ``SettingError`` when the address cannot be had."""
        app = web.Application()
        for path, page in self._pages.lists.items():
            app.router.add_get(path, _json_handler(page))
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, listen.host, listen.port).start()
        except OSError as error:
            await runner.cleanup()
            raise SettingError(f"status.listen: {listen} cannot be used: {error.strerror}") from None
        self._runner = runner
        host, port = runner.addresses[0][:2]
        self.address = TransportAddress(host, port)

    async def stop(self) -> None:
        """Close the port; more than once is harmless."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _health(self, _request: web.Request) -> web.Response:
        healthy = self._pages.healthy()
        return _json({"healthy": healthy}, status=200 if healthy else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = generate_latest(self._pages.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _json_handler(page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(_request: web.Request) -> web.Response:
        return _json(page())

    return handler


def _json(value: object, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value, enc_hook=str)
    return web.Response(body=body, status=status, content_type="application/json")
