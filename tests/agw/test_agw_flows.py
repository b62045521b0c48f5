"""The flows of TR 29.828 clauses 5.2.1.2.2 and 5.2.1.2.3 at the gateway, step by step."""

from imsedge.bearer.messages import (
    Configure,
    EndpointSettings,
    Failed,
    FailureCause,
    Incoming,
    Mode,
    Open,
    Release,
    Setup,
    SourceFilter,
    StartTls,
    TlsEstablished,
    TlsRole,
    TlsStarted,
    Transport,
    Verified,
)
from imsedge.core.address import TransportAddress
from imsedge.security.fingerprint import fingerprint_of
from kit.gateway_talk import CERTIFICATE, GatewayTalk, asked, written

UE = fingerprint_of(b"the certificate of UE A")
AGW = fingerprint_of(CERTIFICATE)

RESERVE_CORE = """Context = $ { Add = $ { Media { Stream = 1 {
  LocalControl { Mode = SendReceive, ipdc/realm = "core", tcpbcc/mode = proxy },
  Local { v=0
c=IN IP4 $
m=- $ TCP -
a=setup:actpass
} } }, Events = 1 { hangterm/thb { timerx = 600 }, tcpbcc/BNCChange } } }"""

RESERVE_AND_CONFIGURE_ACCESS = f"""Context = 1 {{ Add = $ {{ Media {{ Stream = 1 {{
  LocalControl {{ Mode = SendReceive, ipdc/realm = "access", tcpbcc/mode = proxy }},
  Local {{ v=0
c=IN IP4 $
m=- $ TCP/TLS -
a=setup:actpass
a=fingerprint:sha-256 $
}}, Remote {{ v=0
c=IN IP4 198.51.100.7
m=- 7654 TCP/TLS -
a=fingerprint:SHA-256 {UE.digest.hex(":")}
}} }} }}, Events = 2 {{ hangterm/thb {{ timerx = 600 }}, tlsbsc/BNCChange }} }} }}"""

CONFIGURE_CORE = """Context = 1 { Modify = ip/core/1 { Media { Stream = 1 {
  LocalControl { gm/saf = ON, gm/sam = "[10.9.9.9]" },
  Remote { v=0
c=IN IP4 10.9.9.9
m=- 9 TCP -
} } } } }"""

CONFIGURE_ACCESS = """Context = 1 { Modify = ip/access/1 { Media { Stream = 1 { Local { v=0
c=IN IP4 203.0.113.5
m=- 30001 TCP/TLS -
a=setup:active
} } }, Signals { tlsbsc/EstBNC } } }"""


def test_originating_steps_2_to_18() -> None:
    talk = GatewayTalk()

    # 2.-4. Reserve AGW Connection Point: the core side, address chosen by the gateway.
    assert talk.ask(RESERVE_CORE) == written(
        """Context = 1 { Add = ip/core/1 { Media { Stream = 1 { Local { v=0
c=IN IP4 10.0.0.1
m=- 30000 TCP -
a=setup:actpass
} } } } }"""
    )
    core = EndpointSettings(transport=Transport.TCP)
    assert talk.plane.orders == [Open(1, 1, 1, "10.0.0.1", core, "C1 ip/core/1/1")]

    # 5.-7. Reserve And Configure: the access side, with the UE's fingerprint in Remote, ours in the answer.
    assert talk.ask(RESERVE_AND_CONFIGURE_ACCESS) == written(
        f"""Context = 1 {{ Add = ip/access/1 {{ Media {{ Stream = 1 {{ Local {{ v=0
c=IN IP4 203.0.113.5
m=- 30001 TCP/TLS -
a=setup:actpass
a=fingerprint:{AGW}
}} }} }} }} }}"""
    )
    access = EndpointSettings(
        transport=Transport.TLS,
        remote=TransportAddress("198.51.100.7", 7654),
        fingerprints=(UE,),
    )
    assert talk.plane.orders[1:] == [Open(2, 1, 1, "203.0.113.5", access, "C1 ip/access/1/1")]

    # 13.-15. Configure the core side: where the peer is; it chose active, so its port tells nothing.
    assert talk.ask(CONFIGURE_CORE) == written("Context = 1 { Modify = ip/core/1 }")
    assert talk.plane.open[1] == EndpointSettings(
        transport=Transport.TCP,
        remote=TransportAddress("10.9.9.9", 9),
        source_filter=SourceFilter("10.9.9.9"),
    )

    # 16.-18. Configure the access side: TLS active.
    assert talk.ask(CONFIGURE_ACCESS) == written("Context = 1 { Modify = ip/access/1 }")
    assert talk.plane.told(StartTls) == [StartTls(2)]
    assert talk.plane.open[2].setup is Setup.ACTIVE

    # 21. TLS is up; nobody asked to be told.
    talk.happen(TlsStarted(2, 1.0, TlsRole.CLIENT), TlsEstablished(2, 1.1, "TLSv1.3", "X", UE, verified=True))
    assert talk.reports == []
    assert talk.gateway.contexts()[0].terminations[1].streams[0].state == "secured"

    # The end of the call: nothing is left.
    assert talk.ask("Context = 1 { Subtract = * { Audit { } } }") == written(
        "Context = 1 { Subtract = ip/core/1, Subtract = ip/access/1 }"
    )
    assert talk.plane.told(Release) == [Release(1), Release(2)]
    assert talk.is_empty()


def test_originating_with_delayed_establishment() -> None:
    """Step 2 says to ignore connection requests; step 13 lets them in from the one address."""
    talk = GatewayTalk()
    talk.ask(RESERVE_CORE.replace("tcpbcc/mode = proxy", "tcpbcc/incoming = discard"))
    before = talk.plane.open[1]
    assert before.incoming is Incoming.DISCARD
    talk.ask(CONFIGURE_CORE.replace("gm/saf = ON", "tcpbcc/incoming = accept, gm/saf = ON"))
    assert talk.plane.open[1].incoming is Incoming.ACCEPT
    assert talk.plane.open[1].source_filter == SourceFilter("10.9.9.9")


def test_terminating_steps_2_to_16() -> None:
    talk = GatewayTalk()

    # 2.-4. Reserve the access side: no Remote yet, so nothing to verify against.
    reserve_access = """Context = $ { Add = $ { Media { Stream = 1 {
  LocalControl { Mode = SendReceive, ipdc/realm = "access" },
  Local { v=0
c=IN IP4 $
m=message $ TCP/TLS/MSRP *
a=setup:actpass
a=fingerprint:sha-256 $
} } }, Events = 1 { tlsbsc/BNCChange } } }"""
    assert talk.ask(reserve_access) == written(
        f"""Context = 1 {{ Add = ip/access/1 {{ Media {{ Stream = 1 {{ Local {{ v=0
c=IN IP4 203.0.113.5
m=message 30000 TCP/TLS/MSRP *
a=setup:actpass
a=fingerprint:{AGW}
}} }} }} }} }}"""
    )
    assert talk.plane.open[1] == EndpointSettings(transport=Transport.TLS)

    # 5.-7. Reserve And Configure the core side.
    reserve_core = """Context = 1 { Add = $ { Media { Stream = 1 {
  LocalControl { Mode = SendReceive, ipdc/realm = "core" },
  Local { v=0
c=IN IP4 $
m=message $ TCP/MSRP *
a=setup:active
}, Remote { v=0
c=IN IP4 10.9.9.9
m=message 2855 TCP/MSRP *
} } } } }"""
    assert "ip/core/1" in talk.ask(reserve_core)
    assert talk.plane.open[2] == EndpointSettings(
        transport=Transport.TCP, remote=TransportAddress("10.9.9.9", 2855), setup=Setup.ACTIVE
    )
    opened = talk.plane.told(Open)
    assert [order.link for order in opened if isinstance(order, Open)] == [1, 1]

    # 12. UE B, active, has connected and made TLS before the answer: not verified yet.
    talk.happen(TlsEstablished(1, 1.0, "TLSv1.3", "X", UE, verified=False))
    assert talk.gateway.contexts()[0].terminations[0].streams[0].state == "handshaking"

    # 14.-16. Configure the access side: the fingerprint comes.
    configure = f"""Context = 1 {{ Modify = ip/access/1 {{ Media {{ Stream = 1 {{ Remote {{ v=0
c=IN IP4 198.51.100.7
m=message 9 TCP/TLS/MSRP *
a=fingerprint:{UE}
}} }} }} }} }}"""
    assert talk.ask(configure) == written("Context = 1 { Modify = ip/access/1 }")
    assert talk.plane.open[1].fingerprints == (UE,)
    talk.happen(Verified(1, 1.2))
    assert talk.gateway.contexts()[0].terminations[0].streams[0].state == "secured"
    talk.ask("Context = 1 { Subtract = * { Audit { } } }")
    assert talk.is_empty()


def test_a_wrong_certificate_is_notified() -> None:
    talk = GatewayTalk()
    talk.ask(RESERVE_CORE)
    talk.ask(RESERVE_AND_CONFIGURE_ACCESS)
    talk.now = 3661.25
    talk.happen(Failed(2, 0.0, FailureCause.FINGERPRINT_MISMATCH))
    assert talk.reports == [
        asked(
            """Context = 1 { Notify = ip/access/1 { ObservedEvents = 2 { 20260101T01010125:
  tlsbsc/BNCChange { Stream = 1, Type = Mfail,
    cause = "certificate does not match the fingerprint" } } } }"""
        )
    ]


def test_through_connection_is_the_stream_mode() -> None:
    talk = GatewayTalk()
    talk.ask(RESERVE_CORE)
    talk.ask(
        "Context = 1 { Modify = ip/core/1 { Media { Stream = 1 { LocalControl { Mode = Inactive } } } } }"
    )
    assert talk.plane.open[1].mode is Mode.INACTIVE
    assert len(talk.plane.told(Configure)) == 1
