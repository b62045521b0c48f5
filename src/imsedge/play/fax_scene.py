"""The T.38 calls: UDPTL over DTLS between the phone and the gateway, in clear between gateway and core.

TR 29.828 has no figure for them; these are the procedures of TS 23.334 clause 6.2.10.4 and TS 33.328.
``answer`` is ``a=setup`` on the access side: of the UE that was called, or that the gateway leaves to a UE
that calls.  Active is the DTLS client (RFC 7345 clause 4.1).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from imsedge.play import sessions
from imsedge.play.fax_end import FaxEnd
from imsedge.play.scenes import Ensemble, unless_refused
from imsedge.play.sessions import Told
from imsedge.play.variants import PLAIN, Variant
from imsedge.sdp.kinds import Medium
from imsedge.security.tls import Role

MECHANISM = "udptl-dtls;mediasec"
LINES = ("T38FaxVersion:0", "T38MaxBitRate:14400", "T38FaxUdpEC:t38UDPRedundancy")

# T.38 clause 9: UDPTL sequence number, a primary IFP packet of one octet, no redundant ones.  The IFP packets
# are the indicators CNG (the caller) and CED (the called machine) of T.38 clause 7.
CNG, CED = bytes.fromhex("000001020000"), bytes.fromhex("000001040000")


class Machines:
    """The two fax machines of one call; that of the phone names its DTLS association."""

    def __init__(self, cast: Ensemble) -> None:
        self.ue = FaxEnd(cast.hosts[0], cast.tap, cast.identity)
        self.core = FaxEnd(cast.hosts[1], cast.tap)
        self._cast = cast
        self._tls_id = cast.ids.token(20)  # of RFC 8842 clause 4: a new one for each association

    def told(self, side: str, setup: str = "") -> Told:
        """What a machine says of itself; in clear there is no ``a=setup``."""
        secure = side == "ue"
        return replace(
            self._cast.told(side, setup),
            address=(self.ue if secure else self.core).local,
            medium=Medium.T38,
            path=(),
            lines=(*LINES, f"tls-id:{self._tls_id}") if secure else LINES,
        )


@asynccontextmanager
async def _machines(cast: Ensemble) -> AsyncIterator[Machines]:
    made = Machines(cast)
    try:
        yield made
    finally:
        await made.ue.close()
        await made.core.close()


async def originating(cast: Ensemble, answer: str, _variant: Variant = PLAIN) -> None:
    """The phone calls."""
    await cast.register(MECHANISM)
    async with _machines(cast) as fax:
        # Towards a UE that leaves the choice the gateway is active.
        offer = fax.told("ue", "actpass" if answer == "active" else "active")
        text = sessions.write(replace(offer, e2ae="requested"))
        calling = cast.begin(cast.ue.invite(cast.ue_proxy, cast.core.record, text))
        invite = await unless_refused(cast.begin(cast.core.expect("INVITE")), calling)
        cast.seen_by_core = sessions.read(invite.request.body)
        fax.core.peer = cast.seen_by_core.address
        cast.core.answer(invite, sessions.write(fax.told("core")))
        response, dialog = await calling
        cast.seen_by_ue = sessions.read(response.body)
        fax.ue.peer = cast.seen_by_ue.address
        await cast.core.expect("ACK")
        role = Role.SERVER if cast.seen_by_ue.setup == "active" else Role.CLIENT
        await fax.ue.secure(role, cast.seen_by_ue.fingerprints)
        await _exchange(cast, fax.ue, fax.core)
    await cast.hang_up(dialog)


async def terminating(cast: Ensemble, answer: str, _variant: Variant = PLAIN) -> None:
    """The phone is called."""
    contact, path = await cast.register(MECHANISM)
    async with _machines(cast) as fax:
        text = sessions.write(fax.told("core"))
        calling = cast.begin(cast.core.invite(cast.core_proxy, contact, text, path))
        invite = await unless_refused(cast.begin(cast.ue.expect("INVITE")), calling)
        seen = cast.seen_by_ue = sessions.read(invite.request.body)
        fax.ue.peer = seen.address
        role = Role.CLIENT if answer == "active" else Role.SERVER
        securing = cast.begin(fax.ue.secure(role, seen.fingerprints))
        dialog = cast.ue.answer(invite, sessions.write(fax.told("ue", answer)))
        response, _ = await calling
        cast.seen_by_core = sessions.read(response.body)
        fax.core.peer = cast.seen_by_core.address
        await cast.ue.expect("ACK")
        await securing
        await _exchange(cast, fax.core, fax.ue)
    await cast.hang_up(dialog)


async def _exchange(cast: Ensemble, caller: FaxEnd, called: FaxEnd) -> None:
    """CNG and CED: one datagram each way."""
    for sender, receiver, packet, name in ((caller, called, CNG, "CNG"), (called, caller, CED, "CED")):
        sender.note(f"UDPTL {name}", sent=True)
        await sender.send(packet)
        if await receiver.receive() == packet:
            receiver.note(f"UDPTL {name}", sent=False)
            cast.heard.append(name)
