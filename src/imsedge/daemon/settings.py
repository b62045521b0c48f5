"""Every setting of the two daemons: type, default, unit, meaning and check, in one table.

The models below and in the other files ``settings_*`` are the table.  ``docs/settings.md`` is written from
them by ``tools/settings_doc.py``, ``imsedge check-config`` explains them, and ``daemon.settings_file`` fills
them from a TOML file and the environment (``IMSEDGE_AGW__H248__LISTEN=192.0.2.1:2944``).  Defaults listen on
loopback only.
"""

from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from imsedge.core.address import TransportAddress
from imsedge.daemon.settings_border import BorderSection, Role
from imsedge.daemon.settings_names import Names, Numbers
from imsedge.daemon.settings_policy import PolicySection
from imsedge.daemon.settings_realms import Realms
from imsedge.daemon.settings_sip import SipSection
from imsedge.daemon.settings_types import (
    PROFILE,
    Address,
    Addresses,
    H248Encoding,
    H248Transport,
    LogFormat,
    LogLevel,
    OptionalAddress,
    OptionalPath,
    Section,
    TlsProfileName,
    Words,
    is_wildcard,
    setting,
)

# --- sections ------------------------------------------------------------------------------------------


class LogSection(Section):
    """What is written to standard error."""

    level: LogLevel = setting(LogLevel.INFO, "Least severe lines written.")
    format: LogFormat = setting(LogFormat.CONSOLE, "Lines for people, or one JSON object a line.")


class H248Timers(Section):
    """Transactions over UDP (H.248.1 Annex D.1)."""

    first_repeat: float = setting(
        0.2, "First repetition of a request, before a round trip was measured.", unit="s", gt=0, le=10
    )
    longest_repeat: float = setting(4.0, "Longest time between repetitions.", unit="s", gt=0, le=60)
    give_up: float = setting(
        20.0, "A request without any answer for this long has failed (T-MAX).", unit="s", gt=0, le=600
    )
    long_timer: float = setting(
        30.0, "How long a reply is kept for repeated requests (LONG-TIMER).", unit="s", gt=0, le=600
    )
    provisional: float = setting(
        1.0, "Execution that takes longer is announced with Pending.", unit="s", gt=0, le=60
    )


class H248Section(Section):
    """What gateway and controller have in common."""

    listen: Address
    mid: str

    @model_validator(mode="after")
    def _named(self) -> Self:
        """The address is the name, unless one is given."""
        if not self.mid and is_wildcard(self.listen):
            raise ValueError(
                "h248.listen is every address of the machine; say in h248.mid the one that the peer shall use"
            )
        return self


class AgwH248(H248Section):
    """The gateway as H.248 media gateway."""

    transport: H248Transport = setting(
        H248Transport.UDP,
        "Transport of H.248; over TCP each message has a TPKT; sctp needs a kernel with it.",
    )
    listen: Address = setting(TransportAddress("127.0.0.1", 2946), "Our address and port; port 0 is any.")
    controllers: Addresses = setting(
        (TransportAddress("127.0.0.1", 2944),), "Controllers to register with, primary first.", min_length=1
    )
    mid: str = setting(
        "", "Message identifier: [address]:port, <domain>:port or a name. Empty: the address of listen."
    )
    version: int = setting(2, "Highest protocol version to offer.", ge=1, le=3)
    profile: str = setting("", "Profile offered at registration, name/version. Empty: none.", pattern=PROFILE)
    encoding: H248Encoding = setting(
        H248Encoding.COMPACT,
        "Encoding of what we send first; text is answered in text, binary (ber) in binary.",
    )
    numbers: Numbers = setting(
        {},
        'Binary numbers that the peer uses instead of ours: "property gm/saf" = 1, "package gm" = 0x8c,'
        ' "event hangterm/thb timerx" = 1, "digitmap plan" = 1; docs/packages.md has ours.',
    )
    names: Names = setting(
        {}, 'Names that the peer has for items in text instead of ours: "tcpbcc/EstBNC" = "xtcp/start".'
    )
    restart_wait: float = setting(
        0.1, "Longest random wait before the first registration (MWD).", unit="s", ge=0, le=600
    )
    patience: float = setting(5.0, "How long a registration may stay unanswered.", unit="s", gt=0, le=60)
    retry: float = setting(0.5, "First pause before registering again; doubles.", unit="s", gt=0, le=60)
    longest_retry: float = setting(10.0, "Longest pause before registering again.", unit="s", gt=0, le=600)
    timers: H248Timers = setting(H248Timers(), "Transaction timers.")


class MediaSection(Section):
    """The media plane."""

    default_realm: str = setting("core", "Realm of a termination for which the controller names none.")
    realm_check: float = setting(
        10.0,
        "How often is looked whether the addresses of the realms are on this machine; 0: never.",
        unit="s",
        ge=0,
        le=3_600,
    )
    workers: int = setting(0, "Worker processes; 0 is one for each processor core.", ge=0, le=256)
    certificate: OptionalPath = setting(
        None,
        "PEM file with certificate and key for TLS, unless a realm has its own; the word none: self-signed,"
        " made at each start and by SIGHUP.",
    )
    key: OptionalPath = setting(None, "PEM file with the key, when it is not in the certificate's file.")
    certificate_check: float = setting(
        10.0,
        "How often the files of certificates are looked at; 0: by SIGHUP only. A new certificate is shown to"
        " new calls; what was offered before stays valid until its call ends.",
        unit="s",
        ge=0,
        le=86_400,
    )
    certificate_warning: int = setting(
        30, "How long before a certificate expires a warning is logged, once a day.", unit="d", ge=0, le=3_650
    )
    key_log: OptionalPath = setting(
        None,
        "File for the secrets of all TLS and DTLS sessions (SSLKEYLOGFILE format), for debugging only: who"
        " reads it can read all media. Nobody but the owner may be able to. The word none: not written.",
    )
    tls_profile: TlsProfileName = setting("3gpp", "TLS versions and suites: 3gpp (TS 33.210) or rel12.")
    connect_limit: float = setting(
        30.0, "How long our connection request is repeated.", unit="s", gt=0, le=300
    )
    handshake_limit: float = setting(30.0, "Longest TLS handshake.", unit="s", gt=0, le=300)
    verification_limit: float = setting(
        30.0, "How long a complete handshake waits for the signalled fingerprint.", unit="s", gt=0, le=300
    )
    linger_limit: float = setting(
        10.0, "How long one direction may go on after the other ended, with TLS.", unit="s", gt=0, le=300
    )
    port_rest: float = setting(2.0, "How long a freed port is left alone.", unit="s", ge=0, le=300)
    keepalive: float = setting(
        60.0,
        "Silence after which TCP asks a peer for a sign of life; three times, then it is lost. 0: never.",
        unit="s",
        ge=0,
        le=7_200,
    )
    user_timeout: float = setting(
        0.0,
        "How long octets may stay without acknowledgement (RFC 5482). 0: as the kernel does.",
        unit="s",
        ge=0,
        le=3_600,
    )
    idle_limit: float = setting(
        0.0, "A connection without payload for so long is released. 0: never.", unit="s", ge=0, le=86_400
    )


class AgwLimits(Section):
    """How much a controller can make the gateway hold."""

    contexts: int = setting(10_000, "Contexts at a time (root/maxNumberOfContexts).", ge=1, le=1_000_000)
    terminations: int = setting(8, "Terminations of a context (root/maxTerminationsPerContext).", ge=2, le=64)
    streams: int = setting(8, "Streams of a termination.", ge=1, le=64)
    executions: int = setting(1_000, "Transactions being executed at a time.", ge=1, le=100_000)
    plane_timeout: float = setting(
        5.0, "How long the media plane may take to open or release.", unit="s", gt=0, le=60
    )
    controller_loss_hold: float = setting(
        60.0, "How long contexts survive without a controller.", unit="s", ge=0, le=3_600
    )


class AgwStatus(Section):
    """The HTTP endpoint for people and Prometheus."""

    listen: OptionalAddress = setting(
        TransportAddress("127.0.0.1", 8246), "Address and port; port 0 is any; the word none: no endpoint."
    )


class AlgStatus(Section):
    """The HTTP endpoint for people and Prometheus."""

    listen: OptionalAddress = setting(
        TransportAddress("127.0.0.1", 8244), "Address and port; port 0 is any; the word none: no endpoint."
    )


class AlgH248(H248Section):
    """The controller as H.248 media gateway controller."""

    transport: H248Transport = setting(
        H248Transport.UDP,
        "Transport of H.248; over TCP each message has a TPKT; sctp needs a kernel with it.",
    )
    listen: Address = setting(
        TransportAddress("127.0.0.1", 2944),
        "Our address and port; port 0 is any. Usual are 2944 for text and 2945 for binary.",
    )
    mid: str = setting("", "Message identifier. Empty: the address of listen.")
    version: int = setting(3, "Highest protocol version to accept.", ge=1, le=3)
    profiles: Words = setting((), "Profiles to accept, name/version each. Empty: any.")
    gateways: Words = setting((), "Message identifiers of gateways that may register. Empty: any.")
    encoding: H248Encoding = setting(
        H248Encoding.COMPACT,
        "Encoding of what we send first; text is answered in text, binary (ber) in binary.",
    )
    numbers: Numbers = setting(
        {},
        'Binary numbers that the peer uses instead of ours: "property gm/saf" = 1, "package gm" = 0x8c,'
        ' "event hangterm/thb timerx" = 1, "digitmap plan" = 1; docs/packages.md has ours.',
    )
    names: Names = setting(
        {}, 'Names that the peer has for items in text instead of ours: "tcpbcc/EstBNC" = "xtcp/start".'
    )
    audit: float = setting(
        10.0, "Silence after which a gateway is asked for a sign of life; 0: never.", unit="s", ge=0, le=3_600
    )
    inactivity: float = setting(
        30.0, "Silence after which a gateway shall ask us (it/ito); 0: not ordered.", unit="s", ge=0, le=3_600
    )
    timers: H248Timers = setting(H248Timers(), "Transaction timers.")


class AlgLimits(Section):
    """How much peers can make the controller hold."""

    calls: int = setting(10_000, "Calls at a time.", ge=1, le=1_000_000)
    registrations: int = setting(100_000, "Registered contacts at a time.", ge=1, le=10_000_000)


# --- the daemons ---------------------------------------------------------------------------------------


class DaemonSettings(BaseSettings):
    """What both have in common.  The environment overrides what is given here."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", validate_default=True, env_nested_delimiter="__", enable_decoding=False
    )

    log: LogSection = setting(LogSection(), "Log lines.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """First the environment, then what the file said."""
        return env_settings, init_settings


class AgwSettings(DaemonSettings):
    """``imsedge agw``: the gateway."""

    model_config = SettingsConfigDict(env_prefix="IMSEDGE_AGW__")

    h248: AgwH248 = setting(AgwH248(), "H.248 towards the controllers.")
    realms: Realms = setting(Realms(), "Networks: addresses and ports for media.")
    media: MediaSection = setting(MediaSection(), "The media plane.")
    limits: AgwLimits = setting(AgwLimits(), "Limits.")
    status: AgwStatus = setting(AgwStatus(), "Status endpoint.")

    @model_validator(mode="after")
    def _has_its_default(self) -> Self:
        names = self.realms.by_name
        if self.media.default_realm not in names:
            raise ValueError(
                f"media.default_realm: there is no realm {self.media.default_realm};"
                f" here are {', '.join(names)}"
            )
        return self


class AlgSettings(DaemonSettings):
    """``imsedge alg``: the controller."""

    model_config = SettingsConfigDict(env_prefix="IMSEDGE_ALG__")

    role: Role = setting(
        Role.EDGE,
        "edge: between user equipment and core (P-CSCF, Iq); border: between two networks (IBCF, Ix),"
        " docs/border.md.",
    )

    h248: AlgH248 = setting(AlgH248(), "H.248 towards the gateways.")
    sip: SipSection = setting(SipSection(), "SIP.")
    border: BorderSection = setting(BorderSection(), "The other network.")
    policy: PolicySection = setting(PolicySection(), "What is secured and how.")
    limits: AlgLimits = setting(AlgLimits(), "Limits.")
    status: AlgStatus = setting(AlgStatus(), "Status endpoint.")

    @model_validator(mode="after")
    def _called_back(self) -> Self:
        over_tls = self.role is Role.BORDER and self.border.next_hop_transport == "tls"
        if over_tls and self.sip.tls.access is None:
            raise ValueError(
                "border.next_hop_transport: the next hop calls back over TLS when it is called so; say where"
                " in sip.tls.access"
            )
        return self
