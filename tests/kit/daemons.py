"""Daemons for tests: any port, quiet logs, quick timers; and waiting for what they do."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from imsedge.core.address import TransportAddress
from imsedge.daemon.settings import AgwSettings, AlgSettings

ANY_PORT = "127.0.0.1:0"


def agw_settings(controller: TransportAddress, **tables: dict[str, Any]) -> AgwSettings:
    """A gateway with one worker that registers with ``controller`` at once; ``tables`` override."""
    return AgwSettings.model_validate(
        {
            "h248": {
                "listen": ANY_PORT,
                "controllers": [str(controller)],
                "restart_wait": 0.0,
                "patience": 0.5,
                "retry": 0.05,
                "longest_retry": 0.2,
                **tables.get("h248", {}),
            },
            "media": {"workers": 1, **tables.get("media", {})},
            "realms": tables.get("realms", {}),
            "limits": tables.get("limits", {}),
            "status": {"listen": "none", **tables.get("status", {})},
            "log": {"level": "error"},
        }
    )


def alg_settings(next_hop: TransportAddress, **tables: dict[str, Any]) -> AlgSettings:
    """A controller on any ports whose requests of UEs go to ``next_hop``; ``tables`` override."""
    return AlgSettings.model_validate(
        {
            "h248": {"listen": ANY_PORT, "inactivity": 1.0, "audit": 1.0, **tables.get("h248", {})},
            "sip": {"access": ANY_PORT, "core": ANY_PORT, "next_hop": str(next_hop), **tables.get("sip", {})},
            "policy": tables.get("policy", {}),
            "limits": tables.get("limits", {}),
            "status": {"listen": "none", **tables.get("status", {})},
            "log": {"level": "error"},
        }
    )


async def until(happened: Callable[[], bool], seconds: float = 5.0) -> float:
    """Wait for something; how long it took.  ``AssertionError`` when it does not happen."""
    started = time.monotonic()
    while not happened():
        assert time.monotonic() - started < seconds, f"did not happen within {seconds} s"
        await asyncio.sleep(0.005)
    return time.monotonic() - started
