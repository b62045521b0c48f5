"""End-to-access-edge security (TS 33.328; TS 23.334 clause 6.2.10): TLS ends here, the core sees clear media.

Offers and answers towards the core lose everything that belongs to the secured leg.  Towards the access side
an offer says ``3ge2ae:applied`` and carries the gateway's fingerprint; an answer carries the fingerprint
only.  What the core may have sent of these attributes by mistake is dropped first: only ours count on the
access leg.
"""

from imsedge.sdp.rules.model import ANY, Rule, Slot

SECURED_LEG = frozenset({"fingerprint", "tls-id", "3ge2ae"})
# RFC 7345 clause 4: with UDPTL, a=setup exists for DTLS only, and a=connection must not be used at all.
_SECURED_DATAGRAMS = SECURED_LEG | {"setup", "connection"}

_FINGERPRINT = ("fingerprint", Slot.FINGERPRINT)
_APPLIED = ("3ge2ae", "applied")
_TLS_ID = ("tls-id", Slot.TLS_ID)
_SETUP = ("setup", Slot.SETUP)

TO_CORE = (
    Rule("msrp leaves TLS", "message", "TCP/TLS/MSRP", becomes="TCP/MSRP", drop=SECURED_LEG),
    Rule("bfcp leaves TLS", "application", "TCP/TLS/BFCP", becomes="TCP/BFCP", drop=SECURED_LEG),
    Rule("t38 leaves DTLS", "image", "UDP/TLS/UDPTL", becomes="udptl", drop=_SECURED_DATAGRAMS),
    # An answerer that went back to the clear proto by itself may still have left its mark.
    Rule("the secured leg stays at its edge", ANY, ANY, drop=SECURED_LEG),
)

OFFER_TO_ACCESS = (
    Rule(
        "msrp is offered over TLS",
        "message",
        "TCP/MSRP",
        becomes="TCP/TLS/MSRP",
        drop=SECURED_LEG,
        add=(_FINGERPRINT, _APPLIED, _TLS_ID),
    ),
    Rule(
        "bfcp is offered over TLS",
        "application",
        "TCP/BFCP",
        becomes="TCP/TLS/BFCP",
        drop=SECURED_LEG,
        add=(_FINGERPRINT, _APPLIED, _TLS_ID),
    ),
    Rule(
        "t38 is offered over DTLS",
        "image",
        "udptl",
        becomes="UDP/TLS/UDPTL",
        drop=_SECURED_DATAGRAMS,
        add=(_FINGERPRINT, _APPLIED, _SETUP, _TLS_ID),
    ),
)

ANSWER_TO_ACCESS = (
    Rule(
        "msrp is answered over TLS",
        "message",
        "TCP/MSRP",
        becomes="TCP/TLS/MSRP",
        drop=SECURED_LEG,
        add=(_FINGERPRINT, _TLS_ID),
    ),
    Rule(
        "bfcp is answered over TLS",
        "application",
        "TCP/BFCP",
        becomes="TCP/TLS/BFCP",
        drop=SECURED_LEG,
        add=(_FINGERPRINT, _TLS_ID),
    ),
    Rule(
        "t38 is answered over DTLS",
        "image",
        "udptl",
        becomes="UDP/TLS/UDPTL",
        drop=_SECURED_DATAGRAMS,
        add=(_FINGERPRINT, _SETUP, _TLS_ID),
    ),
)
