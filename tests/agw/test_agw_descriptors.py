"""The descriptors of one command, sorted.  Values, because the decoder refuses some of these itself."""

import pytest

from imsedge.agw.descriptors import Changes, check_state, read_changes
from imsedge.h248.errors import H248Error
from imsedge.h248.model import (
    AmmDescriptor,
    Audit,
    DigitMap,
    EventBuffer,
    EventBufferControl,
    Events,
    Media,
    Parameter,
    ServiceState,
    Signals,
    Stream,
    TerminationState,
)

FIRST, BARE = Stream(1, local="v=0\n"), Stream(None, local="v=0\n")
STATE = TerminationState(ServiceState.IN_SERVICE, EventBufferControl.OFF)


def test_each_descriptor_has_its_place() -> None:
    media = Media((FIRST, Stream(2)), STATE)
    changes = read_changes((media, Events(3), Signals(), Audit(), EventBuffer()))
    assert changes == Changes(media, Events(3), Signals(), Audit(), event_buffer=EventBuffer())
    assert set(changes.streams) == {1, 2}
    check_state(changes.state)


def test_bare_stream_parameters_are_stream_1() -> None:
    assert read_changes((Media((BARE,)),)).streams == {1: BARE}
    assert read_changes(()).streams == {}


@pytest.mark.parametrize(
    ("descriptors", "code"),
    [
        ((Media((FIRST,)), Media((FIRST,))), 448),
        ((Media((FIRST, FIRST)),), 448),
        ((Media((FIRST, BARE)),), 448),
        ((Events(1), Events(2)), 448),
        ((DigitMap("d"),), 444),
        ((EventBuffer(), EventBuffer()), 448),
    ],
)
def test_what_does_not_fit(descriptors: tuple[AmmDescriptor, ...], code: int) -> None:
    with pytest.raises(H248Error) as raised:
        read_changes(descriptors)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (TerminationState(ServiceState.TEST), 449),
        (TerminationState(properties=(Parameter("gm/saf", ("ON",)),)), 445),
    ],
)
def test_states_that_a_termination_cannot_have(state: TerminationState, code: int) -> None:
    with pytest.raises(H248Error) as raised:
        check_state(state)
    assert raised.value.code == code
