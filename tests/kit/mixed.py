"""A session of many media, of different kinds and security, and a call of it through edge and gateway."""

from typing import NamedTuple

from imsedge.agw.settings import Limits
from imsedge.alg.policy import Anchoring, Policy
from imsedge.sdp.parser import read_description
from kit.edge_talk import FINGERPRINT, EdgeTalk
from kit.gateway_talk import GatewayTalk, gateway_settings, shown_request

UE_HOST, CORE_HOST = "198.51.100.7", "10.9.9.9"
OTHER_FINGERPRINT = FINGERPRINT.replace("11", "22")
POLICY = Policy(anchoring=Anchoring.ALWAYS, anchoring_udp=Anchoring.ALWAYS)


class Kind(NamedTuple):
    """One medium as the UE offers it and as the core does; ``edge``: TLS ends in the gateway.

    ``transports``: of H.248 at the access and the core side; empty: it is not ours.
    """

    ue: tuple[str, ...]
    core: tuple[str, ...]
    transports: tuple[str, str] | None = None


def secured(line: str, *attributes: str) -> tuple[str, ...]:
    return (line, *attributes, f"a=fingerprint:{FINGERPRINT}", "a=3ge2ae:requested")


KINDS = {
    "msrp e2ae, CEMA": Kind(
        secured(
            "m=message 7000 TCP/TLS/MSRP *",
            "a=setup:actpass",
            "a=msrp-cema",
            "a=path:msrps://u.example:7000/a;tcp",
        ),
        ("m=message 2855 TCP/MSRP *", "a=setup:passive", "a=msrp-cema", "a=path:msrp://c.example:2855/b;tcp"),
        ("TCP/TLS", "TCP"),
    ),
    "msrp e2ae, RFC 4975": Kind(
        secured("m=message 7002 TCP/TLS/MSRP *", "a=setup:actpass", f"a=path:msrps://{UE_HOST}:7002/c;tcp"),
        ("m=message 2857 TCP/MSRP *", "a=setup:passive", f"a=path:msrp://{CORE_HOST}:2857/d;tcp"),
        ("TCP/TLS/MSRP", "TCP/MSRP"),
    ),
    "msrp plain, RFC 4975": Kind(
        ("m=message 7004 TCP/MSRP *", "a=setup:actpass", f"a=path:msrp://{UE_HOST}:7004/e;tcp"),
        ("m=message 2859 TCP/MSRP *", "a=setup:passive", f"a=path:msrp://{CORE_HOST}:2859/f;tcp"),
        ("TCP/MSRP", "TCP/MSRP"),
    ),
    "bfcp e2ae": Kind(
        secured(
            "m=application 7006 TCP/TLS/BFCP *", "a=setup:actpass", "a=connection:new", "a=floorctrl:c-only"
        ),
        ("m=application 2861 TCP/BFCP *", "a=setup:passive", "a=connection:new", "a=floorctrl:s-only"),
        ("TCP/TLS", "TCP"),
    ),
    "bfcp e2e": Kind(
        (
            "m=application 7008 TCP/TLS/BFCP *",
            "a=setup:actpass",
            "a=connection:new",
            f"a=fingerprint:{FINGERPRINT}",
        ),
        (
            "m=application 2863 TCP/TLS/BFCP *",
            "a=setup:passive",
            "a=connection:new",
            f"a=fingerprint:{FINGERPRINT}",
        ),
        ("TCP", "TCP"),
    ),
    "t.38 e2ae": Kind(
        secured("m=image 7010 UDP/TLS/UDPTL t38", "a=setup:actpass", "a=T38FaxVersion:0"),
        ("m=image 2865 udptl t38", "a=T38FaxVersion:0"),
        ("UDP/DTLS", "UDP"),
    ),
    "t.38 plain": Kind(
        ("m=image 7012 udptl t38", "a=T38FaxVersion:0"),
        ("m=image 2867 udptl t38", "a=T38FaxVersion:0"),
        ("UDP", "UDP"),
    ),
    "other tcp": Kind(
        ("m=application 7014 TCP wb", "a=setup:actpass", "a=connection:new"),
        ("m=application 2869 TCP wb", "a=setup:passive", "a=connection:new"),
        ("TCP", "TCP"),
    ),
    "audio": Kind(("m=audio 7016 RTP/AVP 0", "a=sendrecv"), ("m=audio 2871 RTP/AVP 0", "a=sendrecv")),
    "video": Kind(("m=video 7018 RTP/SAVP 99", "a=label:v"), ("m=video 2873 RTP/SAVP 99", "a=label:v")),
}
OURS = [name for name, kind in KINDS.items() if kind.transports]
Sections = dict[str, tuple[str, ...]]


def whole(sections: Sections, host: str, version: int = 1) -> str:
    """A description of these, in order."""
    head = ("v=0", f"o=- 1 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0")
    lines = (*head, *(line for section in sections.values() for line in section))
    return "".join(f"{line}\r\n" for line in lines)


def of_ue(names: tuple[str, ...] = tuple(KINDS), version: int = 1, **changed: tuple[str, ...]) -> str:
    """What the UE says; later on connections exist, unless something is ``changed``."""
    return whole(
        {name: changed.get(name) or settled(KINDS[name].ue, version) for name in names}, UE_HOST, version
    )


def of_core(names: tuple[str, ...] = tuple(KINDS), version: int = 1, **changed: tuple[str, ...]) -> str:
    """What the core says."""
    sections = {name: changed.get(name) or settled(KINDS[name].core, version) for name in names}
    return whole(sections, CORE_HOST, version)


def settled(section: tuple[str, ...], version: int) -> tuple[str, ...]:
    return (
        section
        if version == 1
        else tuple(line.replace("connection:new", "connection:existing") for line in section)
    )


def stopped(section: tuple[str, ...]) -> tuple[str, ...]:
    """With port 0."""
    kind, _, rest = section[0].split(" ", 2)
    return (f"{kind} 0 {rest}",)


def edited(name: str, lines: tuple[str, ...], old: str, new: str) -> Sections:
    """A section with something else in it."""
    return {name: tuple(line.replace(old, new) for line in lines)}


def registered() -> EdgeTalk:
    """The UE knows all mechanisms; the gateway has room for a stream that replaces another one."""
    talk = EdgeTalk(POLICY, register=False)
    talk.real = GatewayTalk(gateway_settings(Limits(streams_per_termination=16)))
    talk.register("Security-Client: msrp-tls;mediasec, bfcp-tls;mediasec, udptl-dtls;mediasec")
    return talk


def talk_of(names: tuple[str, ...] = tuple(KINDS)) -> EdgeTalk:
    """A call of the UE with these media, answered by all."""
    talk = registered()
    talk.invite(of_ue(names))
    talk.answer(200, of_core(names))
    talk.inside("ue", "ACK")
    return talk


def again(talk: EdgeTalk, offer: str, answer: str) -> list[str]:
    """The UE offers again; what the gateway was told about."""
    talk.h248.clear()
    talk.inside("ue", "INVITE", offer)
    talk.answer(200, answer)
    talk.inside("ue", "ACK")
    return [shown_request((action,)) for action in talk.h248]


def section(talk: EdgeTalk, party: str, name: str, names: tuple[str, ...] = tuple(KINDS)) -> list[str]:
    """The lines of one medium in the last description that a party got."""
    message = next(m for m in reversed(talk.to[party]) if m.body)
    media = read_description(message.body.decode()).media[names.index(name)]
    return [f"{line.kind}={line.value}" for line in media.lines]


def open_streams(talk: EdgeTalk) -> int:
    return len(talk.real.plane.open) // 2


SOME = ("msrp e2ae, CEMA", "bfcp e2e", "audio")
"""Three of them."""
