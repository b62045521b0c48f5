"""Each media mechanism of TS 24.229 clause 7.2A.7, alone and with others: whose word secures which medium."""

from itertools import combinations

import pytest

from imsedge.alg.policy import Policy, Securing
from kit.edge_talk import FINGERPRINT, EdgeTalk, sdp

PRINT = f"a=fingerprint:{FINGERPRINT}"
CORE = "10.9.9.9"
FAX = ("a=T38FaxVersion:0", "a=T38FaxUdpEC:t38UDPRedundancy")
CEMA = ("a=setup:actpass", "a=msrp-cema", "a=path:msrp{}://198.51.100.7:7654/abc;tcp")
FLOOR = ("a=setup:actpass", "a=connection:new", "a=floorctrl:c-only")

SECURED = {
    "msrp-tls": sdp("m=message 7654 TCP/TLS/MSRP *", *(a.format("s") for a in CEMA), PRINT),
    "bfcp-tls": sdp("m=application 7654 TCP/TLS/BFCP *", *FLOOR, PRINT),
    "udptl-dtls": sdp("m=image 7654 UDP/TLS/UDPTL t38", *FAX, "a=setup:actpass", PRINT),
}
CLEAR = {
    "msrp-tls": sdp("m=message 2855 TCP/MSRP *", *(a.format("") for a in CEMA), host=CORE),
    "bfcp-tls": sdp("m=application 2855 TCP/BFCP *", *FLOOR, host=CORE),
    "udptl-dtls": sdp("m=image 2855 udptl t38", *FAX, host=CORE),
}
"""What a phone offers, and what the core offers.  ``sdes-srtp`` is for RTP, which is not secured here."""

NAMES = tuple(SECURED)
LISTS = [names for size in range(len(NAMES) + 1) for names in combinations((*NAMES, "sdes-srtp"), size)]


def registered(
    announced: tuple[str, ...],
    securing: Securing = Securing.REGISTERED,
    ours: tuple[str, ...] = NAMES,
) -> EdgeTalk:
    """``announced`` by the phone, ``ours`` by us."""
    policy = Policy(securing=dict.fromkeys(NAMES, securing))
    talk = EdgeTalk(policy, register=False, mechanisms=ours)
    fields = [f"Security-Client: {name};mediasec" for name in announced]
    talk.register(*(fields or ["Security-Client: ipsec-3gpp;alg=hmac-sha-1-96"]))
    return talk


def is_secured_from_core(talk: EdgeTalk, name: str) -> bool:
    return talk.invite(CLEAR[name], party="core")[0] == "gw Reserve access"


def is_secured_from_phone(talk: EdgeTalk, name: str, *, requested: bool = True) -> bool:
    """What is requested and cannot be is refused, never let through in clear or as it is."""
    more = "a=3ge2ae:requested\r\n" if requested else ""
    seen = talk.invite(SECURED[name] + more)
    assert seen[0] in {"gw Reserve core", "ue 488 INVITE" if requested else "core INVITE"}
    return seen[0] == "gw Reserve core"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("announced", LISTS, ids=" ".join)
def test_what_the_phone_announces_is_secured_and_nothing_else(announced: tuple[str, ...], name: str) -> None:
    expected = name in announced
    assert is_secured_from_core(registered(announced), name) is expected
    assert is_secured_from_phone(registered(announced), name) is expected


@pytest.mark.parametrize("name", NAMES)
def test_what_we_do_not_announce_is_not_secured(name: str) -> None:
    others = tuple(other for other in NAMES if other != name)
    assert not is_secured_from_core(registered(NAMES, ours=others), name)
    assert not is_secured_from_phone(registered(NAMES, ours=others), name)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_request_of_the_phone_its_tls_goes_through(name: str) -> None:
    assert not is_secured_from_phone(registered(NAMES), name, requested=False)


@pytest.mark.parametrize("name", NAMES)
def test_where_the_operator_says_always_nothing_has_to_be_announced(name: str) -> None:
    assert is_secured_from_core(registered((), Securing.ALWAYS), name)
    assert is_secured_from_phone(registered((), Securing.ALWAYS), name)
    assert is_secured_from_phone(registered((), Securing.ALWAYS), name, requested=False)


@pytest.mark.parametrize("name", NAMES)
def test_always_is_said_of_each_mechanism_by_itself(name: str) -> None:
    policy = Policy(securing={name: Securing.ALWAYS})
    secured = {other for other in NAMES if is_secured_from_core(EdgeTalk(policy, register=False), other)}
    assert secured == {name}


@pytest.mark.parametrize("name", NAMES)
def test_where_the_operator_says_never_nothing_is_secured(name: str) -> None:
    assert not is_secured_from_core(registered(NAMES, Securing.NEVER), name)
    assert not is_secured_from_phone(registered(NAMES, Securing.NEVER), name)
