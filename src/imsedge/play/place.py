"""Where a flow is played: the addresses of everybody, and daemons of its own on a loopback network.

Each node gets an address of its own out of 127.0.0.0/8, so that ports can be the well-known ones and a
capture reads like one from a real network.
"""

from typing import NamedTuple

from imsedge.core.address import TransportAddress
from imsedge.core.ids import IdSource
from imsedge.daemon.settings import AgwSettings, AlgSettings
from imsedge.play.stage import Cast
from imsedge.play.steps import AGW, ALG, CORE, UE

SIP_PORT, H248_PORT = 5060, 2944


class Place(NamedTuple):
    """``ue_host`` and ``core_host``: addresses of the built-in UEs; the rest is the controller's."""

    ue_host: str
    core_host: str
    sip_access: TransportAddress
    sip_core: TransportAddress
    next_hop: TransportAddress
    cast: Cast


class OwnPlace(NamedTuple):
    """A place with the settings of the daemons that belong there."""

    place: Place
    alg: AlgSettings
    agw: AgwSettings


def place_of(alg: AlgSettings, agw: AgwSettings, ue_host: str, core_host: str) -> Place:
    """The place that running daemons make; the UEs sit on hosts of their own."""
    hosts = {agw.h248.listen.host: AGW}  # over TCP the gateway calls from any port
    hosts |= dict.fromkeys(agw.realms.addresses, AGW)
    hosts |= {ue_host: UE, core_host: CORE}
    addresses = {
        alg.sip.access: ALG,
        alg.sip.core: ALG,
        alg.h248.listen: ALG,
        agw.h248.listen: AGW,
        alg.sip.next_hop: CORE,
    }
    return Place(ue_host, core_host, alg.sip.access, alg.sip.core, alg.sip.next_hop, Cast(hosts, addresses))


class Wire(NamedTuple):
    """How the daemons of a flow talk H.248, in the words of their settings."""

    encoding: str = "compact"
    transport: str = "udp"


DEFAULT_WIRE = Wire()


def own_place(ids: IdSource, wire: Wire = DEFAULT_WIRE) -> OwnPlace:
    """A network 127.x.y.0 that nobody else is likely to play on at this moment."""
    network = f"127.{ids.number(1, 250)}.{ids.number(1, 250)}"
    ue, access, core, realm_access, realm_core, controller, gateway, peer = (
        f"{network}.{host}" for host in (10, 20, 21, 30, 31, 40, 41, 50)
    )
    alg = AlgSettings.model_validate(
        {
            "h248": {"listen": f"{controller}:{H248_PORT}", **wire._asdict()},
            "sip": {
                "access": f"{access}:{SIP_PORT}",
                "core": f"{core}:{SIP_PORT}",
                "next_hop": f"{peer}:{SIP_PORT}",
            },
            "border": {"next_hop": f"{ue}:{SIP_PORT}"},
            "status": {"listen": "none"},
            "log": {"level": "error"},
        }
    )
    agw = AgwSettings.model_validate(
        {
            "h248": {
                "listen": f"{gateway}:{H248_PORT}",
                "controllers": [f"{controller}:{H248_PORT}"],
                **wire._asdict(),
            },
            "realms": {"access": {"addresses": [realm_access]}, "core": {"addresses": [realm_core]}},
            "media": {"workers": 1},
            "status": {"listen": "none"},
            "log": {"level": "error"},
        }
    )
    return OwnPlace(place_of(alg, agw, ue, peer), alg, agw)
