"""One gateway with its networks for all tests of this folder; each test finds it empty."""

from collections.abc import Iterator

import pytest

from kit.networks import World, world


def pytest_itemcollected(item: pytest.Item) -> None:
    """All in one process."""
    item.add_marker(pytest.mark.xdist_group("netns"))


@pytest.fixture(scope="session")
def _machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("netns")) as made:
        yield made


@pytest.fixture
def net(_machines: World) -> Iterator[World]:
    """The capture begins with the test; nothing is left in the gateway after it."""
    _machines.wires.begin()
    yield _machines
    _machines.clear()
