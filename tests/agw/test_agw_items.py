"""The answer to items that are not served."""

from collections.abc import Callable

import pytest

from imsedge.agw import items
from imsedge.agw.errors import fail
from imsedge.agw.settings import Limits
from imsedge.h248.errors import H248Error
from imsedge.h248.packages import root

REFUSALS: list[tuple[Callable[[str], object], str, int]] = [
    (items.refuse_property, "x/y", 440),
    (items.refuse_property, "gm/y", 445),
    (items.refuse_property, "tman/dvt", 445),
    (items.refuse_property, "ROOT/maxnumberofcontexts", 534),
    (items.refuse_event, "x/y", 440),
    (items.refuse_event, "nt/y", 451),
    (items.refuse_event, "NT/NetFail", 512),
    (items.refuse_signal, "x/y", 440),
    (items.refuse_signal, "tcpbcc/y", 452),
    (items.refuse_signal, "tcpbcc/RelBNC", 513),
    (items.refuse_statistic, "x/y", 440),
    (items.refuse_statistic, "rtp/pl", 453),
    (items.refuse_event, "no slash", 440),
    (items.refuse_event, "", 440),
]


@pytest.mark.parametrize(("refuse", "name", "code"), REFUSALS)
def test_refusals(refuse: Callable[[str], object], name: str, code: int) -> None:
    with pytest.raises(H248Error) as raised:
        refuse(name)
    assert raised.value.code == code


def test_root_tells_the_limits() -> None:
    found = {
        p.name: p.value for p in items.root_properties(Limits(contexts=7), {root.MG_PROVISIONAL.name: 250})
    }
    assert found == {
        "root/maxNumberOfContexts": "7",
        "root/maxTerminationsPerContext": "8",
        "root/MGProvisionalResponseTimerValue": "250",
    }


def test_an_error_says_what_exactly_was_wrong() -> None:
    with pytest.raises(H248Error) as raised:
        fail(430, 'no "such" thing')
    assert raised.value.descriptor().text == "Unknown TerminationID: no 'such' thing"
