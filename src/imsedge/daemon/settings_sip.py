"""The settings table's part about SIP: where the controller listens, what it tells peers, TLS, timers."""

from enum import Enum
from typing import Self

from pydantic import model_validator

from imsedge.core.address import TransportAddress
from imsedge.daemon.settings_types import (
    Address,
    OptionalAddress,
    OptionalPath,
    Section,
    is_wildcard,
    setting,
)


class SipTimers(Section):
    """RFC 3261 clause 17 and our own limits."""

    t1: float = setting(0.5, "Round-trip time estimate.", unit="s", gt=0, le=10)
    t2: float = setting(4.0, "Longest time between repetitions.", unit="s", gt=0, le=60)
    t4: float = setting(5.0, "How long a message stays in the network.", unit="s", gt=0, le=60)
    answer: float = setting(180.0, "How long a call may ring (timer C).", unit="s", gt=0, le=3_600)


class SipTls(Section):
    """SIP over TLS 1.2 or 1.3.  Phones are known by their credentials, so none is asked for a certificate."""

    access: OptionalAddress = setting(
        None, "Address and port for user equipment, usually port 5061; the word none: no TLS there."
    )
    core: OptionalAddress = setting(
        None, "Address and port for the core; needed for next_hop_transport tls; the word none: no TLS there."
    )
    certificate: OptionalPath = setting(
        None, "PEM file with the certificate (and chain) that is shown to phones and to the core."
    )
    key: OptionalPath = setting(None, "PEM file with the key, when it is not in the certificate's file.")
    authorities: OptionalPath = setting(
        None, "PEM file with the authorities that the core's certificates must come from; none: the system's."
    )


class SipAdvertise(Section):
    """What peers are told in Via, Record-Route and Path where they do not reach us at the bound address."""

    access: OptionalAddress = setting(None, "For sip.access; none: that address itself.")
    core: OptionalAddress = setting(None, "For sip.core; none: that address itself.")
    tls_access: OptionalAddress = setting(None, "For sip.tls.access; none: that address itself.")
    tls_core: OptionalAddress = setting(None, "For sip.tls.core; none: that address itself.")


class Protection(Enum):
    """Signalling over which media security is negotiated."""

    ANY = "any"
    TLS = "tls"


class SipSection(Section):
    """The controller as P-CSCF: towards the user equipment and towards the core."""

    access: Address = setting(
        TransportAddress("127.0.0.1", 5060), "UDP and TCP address and port for user equipment; port 0 is any."
    )
    core: Address = setting(
        TransportAddress("127.0.0.1", 5070), "UDP and TCP address and port for the core; port 0 is any."
    )
    next_hop: Address = setting(
        TransportAddress("127.0.0.1", 5080),
        "Where requests of user equipment go: I-CSCF or registrar.",
    )
    next_hop_transport: str = setting("udp", "Transport to the next hop.", pattern="^(udp|tcp|tls)$")
    tls: SipTls = setting(SipTls(), "SIP over TLS.")
    advertise: SipAdvertise = setting(SipAdvertise(), "What peers are told.")
    mediasec: Protection = setting(
        Protection.ANY,
        "Signalling over which a phone can negotiate media security at registration: tls: sip.tls only, as"
        " who can change a fingerprint on the way can listen; any: also where IPsec or a trusted network"
        " protects it.",
    )
    timers: SipTimers = setting(SipTimers(), "Transaction timers.")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        """Nobody can send to a wildcard."""
        bound = {"access": self.access, "core": self.core}
        bound |= {f"tls.{name}": at for name in ("access", "core") if (at := getattr(self.tls, name))}
        for name, address in bound.items():
            told = getattr(self.advertise, name.replace(".", "_"))
            if is_wildcard(told or address):
                raise ValueError(
                    f"sip.{name} listens on every address of the machine; say in"
                    f" sip.advertise.{name.replace('.', '_')} the one that peers shall use"
                )
        return self

    @model_validator(mode="after")
    def _secured(self) -> Self:
        if (self.tls.access or self.tls.core) and self.tls.certificate is None:
            raise ValueError("sip.tls needs a certificate; name its PEM file in sip.tls.certificate")
        if self.next_hop_transport == "tls" and self.tls.core is None:
            raise ValueError(
                "the next hop calls back over TLS when it is called so; say where in sip.tls.core"
            )
        return self
