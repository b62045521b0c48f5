"""Fixtures of the interoperability tests."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kit.erlang import Erlang, Launch


@pytest.fixture
async def erlang() -> AsyncIterator[Launch]:
    """Starts Erlang peers; they are killed after the test."""
    running: list[Erlang] = []

    async def start(*words: Any, **options: Any) -> Erlang:
        running.append(await Erlang.start(*words, **options))
        return running[-1]

    yield start
    for peer in running:
        await peer.kill()
