"""``imsedge sdp explain``: what an offer would meet here, and what would leave on the other side."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imsedge.cli.io import read_input, user_error

if TYPE_CHECKING:
    from imsedge.alg.lines import Line
    from imsedge.alg.offers import Offer
    from imsedge.alg.policy import Policy
    from imsedge.sdp.transform import Transformed

# RFC 5737 and RFC 3849: addresses for examples, where a gateway would put its own.
_EXAMPLES = {"access": ("192.0.2.1", "2001:db8::1"), "core": ("198.51.100.1", "2001:db8:1::1")}
_EXAMPLE_PORT = 20_000
_EXAMPLE_SESSION = "session-of-the-gateway"


class From(Enum):
    """Who offers."""

    ACCESS = "access"
    CORE = "core"


class Securing(Enum):
    """The setting ``policy.securing``."""

    REGISTERED = "registered"
    ALWAYS = "always"
    NEVER = "never"


class Anchor(Enum):
    """The settings ``policy.tcp.anchor`` and ``policy.udp.anchor``."""

    NEVER = "never"
    BEHIND_NAT = "behind_nat"
    ALWAYS = "always"


class Mode(Enum):
    """The setting ``policy.tcp.mode``."""

    RELAY = "relay"
    PROXY = "proxy"
    MERGE = "merge"


class Matching(Enum):
    """The setting ``policy.matching``."""

    CEMA = "cema"
    SESSMATCH = "sessmatch"


class Aware(Enum):
    """The setting ``policy.msrp.aware``."""

    AUTO = "auto"
    NEVER = "never"
    ALWAYS = "always"


sdp = typer.Typer(no_args_is_help=True, help="Look at session descriptions.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sdp, name="sdp")


@sdp.command()
def explain(
    source: Annotated[str, typer.Argument(metavar="[FILE|-]", help="SDP, or - for standard input.")] = "-",
    offerer: Annotated[From, typer.Option("--from", help="Where the offer comes from.")] = From.ACCESS,
    announced: Annotated[
        bool, typer.Option(help="Whether the UE and we have announced mediasec at registration.")
    ] = True,
    securing: Annotated[Securing, typer.Option(help="Setting policy.securing.")] = Securing.REGISTERED,
    anchor: Annotated[
        Anchor, typer.Option(help="Settings policy.tcp.anchor and policy.udp.anchor.")
    ] = Anchor.NEVER,
    mode: Annotated[Mode, typer.Option(help="Setting policy.tcp.mode.")] = Mode.PROXY,
    matching: Annotated[Matching, typer.Option(help="Setting policy.matching.")] = Matching.CEMA,
    aware: Annotated[Aware, typer.Option(help="Setting policy.msrp.aware.")] = Aware.AUTO,
    nat: Annotated[bool, typer.Option("--nat", help="The UE is behind a NAT.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which rules apply to an offer and what would leave on the other side.

    Addresses of the gateway are examples (192.0.2.1, 198.51.100.1), its fingerprint and tls-id are all zeros.

    Example: `imsedge sdp explain offer.sdp --from access --securing always`
    """
    from imsedge.core.errors import RemoteError

    text = read_input(source).decode(errors="surrogateescape")
    try:
        policy = _policy(securing, anchor, mode, matching, aware, nat=nat)
        explained = _explain(text, offerer, policy, announced=announced)
    except RemoteError as error:
        raise user_error(f"{source}: {error.reason}") from None
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(explained), indent=2).decode())
    else:
        _print(explained)


def _policy(
    securing: Securing, anchor: Anchor, mode: Mode, matching: Matching, aware: Aware, *, nat: bool
) -> "Policy":
    from imsedge.alg.nat import Traversal
    from imsedge.alg.policy import Anchoring, Policy
    from imsedge.alg.policy import Aware as PolicyAware
    from imsedge.alg.policy import Matching as PolicyMatching
    from imsedge.alg.policy import Securing as PolicySecuring
    from imsedge.alg.procedures import TcpMode

    return Policy(
        securing=dict.fromkeys(_mechanisms(), PolicySecuring(securing.value)),
        anchoring=Anchoring(anchor.value),
        anchoring_udp=Anchoring(anchor.value),
        tcp_mode=TcpMode(mode.value),
        matching=PolicyMatching(matching.value),
        aware=PolicyAware(aware.value),
        nat=Traversal.ALWAYS if nat else Traversal.NEVER,
    )


def _mechanisms() -> frozenset[str]:
    from imsedge.sdp.kinds import KINDS

    return frozenset(kind.mechanism for kind in KINDS if kind.mechanism)


def _explain(text: str, offerer: From, policy: "Policy", *, announced: bool) -> dict[str, Any]:
    from imsedge.alg.offers import read_offer
    from imsedge.alg.procedures import Side
    from imsedge.sdp.writer import write_description

    side = Side(offerer.value)
    offer = read_offer(text, side, policy, _mechanisms() if announced else frozenset(), {})
    sent = _write(offer)
    media = [
        {
            "line": section.lines[0].value,
            "treatment": decision.treatment.value,
            "reason": decision.reason,
            "paths": routing.paths.value if routing.reason else None,
            "paths_reason": routing.reason or None,
            "rules": fired,
        }
        for section, decision, routing, fired in zip(
            offer.description.media, offer.decisions, offer.routings, sent.fired, strict=True
        )
    ]
    leaves = None if offer.refusal else write_description(sent.description)
    return {"from": side.value, "media": media, "refused": offer.refusal or None, "leaves": leaves}


def _write(offer: "Offer") -> "Transformed":
    """The offer as it would leave, if the gateway chose what nobody can take for real."""
    from imsedge.alg.offers import write_offer

    return write_offer(offer, {index: _example(line, offer) for index, line in offer.new.items()})


def _example(line: "Line", offer: "Offer") -> "Line":
    from msgspec.structs import replace

    from imsedge.alg.offers import TLS_ID_OCTETS, offers_tls_id
    from imsedge.alg.procedures import StreamAck
    from imsedge.core.address import TransportAddress
    from imsedge.core.msrp_uri import write_msrp_uri
    from imsedge.security.fingerprint import Fingerprint

    side = offer.offerer.other
    host = _EXAMPLES[side.value][offer.peers[line.index].address.is_ipv6]
    local = TransportAddress(host, _EXAMPLE_PORT + 2 * line.index)
    secure = line.transport(side) == line.kind.secure
    path = write_msrp_uri(host, local.port, _EXAMPLE_SESSION, secure=secure).text
    zeros = Fingerprint("sha-256", bytes(32))
    chosen = StreamAck(stream=line.stream, local=local, fingerprint=zeros, path=path)
    tls_id = "0" * 2 * TLS_ID_OCTETS if offers_tls_id(line, offer) else ""
    return replace(line.learn(side, chosen), tls_id=tls_id)


def _print(explained: dict[str, Any]) -> None:
    from imsedge.alg.policy import Treatment

    for media in explained["media"]:
        print(f"m={media['line']}")
        print(f"    {media['treatment']}: {media['reason']}")
        if media["treatment"] == Treatment.REFUSE.value:
            continue
        if media["paths"]:
            condition = ", if it were anchored" if media["treatment"] == Treatment.UNTOUCHED.value else ""
            print(f"    MSRP{condition}: {media['paths']}: {media['paths_reason']}")
        for rule in media["rules"]:
            print(f"    rule: {rule}")
    if explained["refused"]:
        print(f"\nrefused with 488: {explained['refused']}")
    else:
        print("\nleaves as:\n" + explained["leaves"].replace("\r\n", "\n"), end="")
