"""The controller daemon: where the P-CSCF edge meets SIP, H.248 and the clock.

::

    UDP, TCP <-> SipTransport(TransactionLayer) <-> AlgDaemon <-> Driver(Edge)
                                                        |
    UDP or TCP <-> H248Endpoint(ControllerAssociation) -+
                                                        |
    UDP        <-> NgTransport(Client) -----------------+   where there is an RTP proxy
"""

import asyncio
from collections.abc import Awaitable, Callable

from imsedge import __version__
from imsedge.alg.border import Border, make_edge
from imsedge.alg.edge import Edge, EdgeInput, Shutdown
from imsedge.alg.outputs import Log
from imsedge.alg.outputs import Output as EdgeOutput
from imsedge.alg.procedures import Side
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.core.ids import IdSource, RandomIds
from imsedge.core.trace import Tap
from imsedge.daemon.alg_metrics import AlgMetrics, Held
from imsedge.daemon.alg_setup import controller_settings, edge_settings, timer_values, tls_contexts
from imsedge.daemon.control_setup import open_transport, transaction_settings
from imsedge.daemon.logs import make_logger
from imsedge.daemon.settings import AlgSettings
from imsedge.daemon.settings_border import Role
from imsedge.daemon.status import Pages, StatusServer
from imsedge.h248 import transactions as h248
from imsedge.h248.association import (
    ControllerAssociation,
    ControllerInput,
    ControllerOutput,
    GatewayDown,
    GatewayLeaving,
    GatewayLost,
    GatewayUp,
    RequestTo,
)
from imsedge.h248.model import Mid
from imsedge.net.driver import Driver
from imsedge.net.h248 import H248Endpoint
from imsedge.net.ng import NgTransport
from imsedge.net.sip import SipTransport
from imsedge.net.sip_tls import SipTlsContexts
from imsedge.ng.client import Ask, Client
from imsedge.sip import events as sip
from imsedge.sip.transactions import TransactionLayer

# How long peers may take to hear that their calls end (0.3 s); then we are gone anyway.
_FAREWELL_LOOKS, _LOOK_SECONDS = 30, 0.01


class AlgDaemon:
    """A P-CSCF and H.248 controller on real sockets.  ``tap`` sees every SIP and H.248 message.

    ``sip_access``, ``sip_core``, ``sip_tls``, ``h248_address``: once started, what was bound.
    """

    def __init__(self, settings: AlgSettings, *, tap: Tap | None = None, ids: IdSource | None = None) -> None:
        self._settings = settings
        self._tap = tap
        self._ids = ids or RandomIds()
        self._log = make_logger(settings.log, "alg")
        self.sip_access, self.sip_core = settings.sip.access, settings.sip.core
        self.h248_address = settings.h248.listen
        self._mid: Mid | None = None
        self._edge: Edge | Border | None = None
        self._driver: Driver[EdgeInput, EdgeOutput] | None = None
        self.sip_tls: dict[Side, TransportAddress] = {}
        self._tls: SipTlsContexts | None = None
        self._sip: SipTransport | None = None
        self._h248: H248Endpoint[ControllerInput, ControllerOutput] | None = None
        self._ng: NgTransport | None = None
        self._metrics = AlgMetrics(self._held)
        self._status = StatusServer(
            Pages(
                {"/status": self.status, "/calls": self.calls},
                lambda: self._held().gateways > 0,
                self._metrics.registry,
            )
        )

    async def start(self) -> None:
        """Bind SIP, then H.248: a gateway that registers must find everything ready."""
        await self._start_sip()
        proxy = self._settings.policy.rtp.proxy
        if proxy is not None:
            self._ng = NgTransport(Client(self._ids), self._feed)
            try:
                await self._ng.start(proxy)
            except OSError as error:
                raise SettingError(f"policy.rtp.proxy: {proxy} cannot be used: {error.strerror}") from None
        section = self._settings.h248
        transport = await open_transport(section)
        transactions = transaction_settings(section, transport)
        self._mid, self.h248_address = transactions.mid, transport.local
        self._h248 = H248Endpoint[ControllerInput, ControllerOutput](
            ControllerAssociation(controller_settings(section), transactions, self._ids),
            transport,
            self._on_h248,
            self._tap,
        )
        if self._settings.status.listen is not None:
            await self._status.start(self._settings.status.listen)
        self._log.info(
            "started", mid=str(self._mid), h248=str(transport.local), status=str(self._status.address)
        )

    async def stop(self) -> None:
        """End the calls, as far as that takes a moment only, and close everything."""
        if self._driver is not None and self._edge is not None:
            self._driver.feed(Shutdown())
            for _ in range(_FAREWELL_LOOKS):
                if not self._edge.calls():
                    break
                await asyncio.sleep(_LOOK_SECONDS)
            self._driver.close()
        if self._h248 is not None:
            self._h248.close()
        if self._ng is not None:
            self._ng.close()
        if self._sip is not None:
            await self._sip.close()
        self._driver = self._h248 = self._sip = None
        await self._status.stop()

    def reload(self) -> None:
        """Take a new certificate for SIP over TLS."""
        if self._tls is None:
            return
        try:
            self._tls.reload()
            self._log.info("certificate of SIP read again")
        except SettingError as error:
            self._log.error(str(error))

    async def _start_sip(self) -> None:
        section = self._settings.sip
        self._tls = tls_contexts(section.tls)
        sip = self._sip = SipTransport(
            TransactionLayer(timers=timer_values(section.timers)),
            self._on_sip,
            tap=self._tap,
            tls_server=self._tls.server if self._tls else None,
            tls_client=self._tls.client if self._tls else None,
        )
        access = await _bind("sip.access", section.access, sip.start_udp_and_tcp)
        core = await _bind("sip.core", section.core, sip.start_udp_and_tcp)
        wanted = {Side.ACCESS: section.tls.access, Side.CORE: section.tls.core}
        tls = {
            side: await _bind(f"sip.tls.{side.value}", address, sip.start_tls)
            for side, address in wanted.items()
            if address is not None
        }
        self._edge = make_edge(edge_settings(self._settings, access, core, tls), self._ids)
        self._driver = Driver[EdgeInput, EdgeOutput](self._edge, self._on_edge)
        self.sip_access, self.sip_core, self.sip_tls = access, core, tls
        over_tls = {f"tls_{side.value}": str(address) for side, address in tls.items()}
        self._log.info("listens for SIP", access=str(access), core=str(core), **over_tls)

    @property
    def status_address(self) -> TransportAddress | None:
        """Where the status endpoint listens, once started."""
        return self._status.address

    # --- what the other parts say ----------------------------------------------------------------------

    def _on_sip(self, output: sip.Output) -> None:
        match output:
            case sip.Note():
                self._metrics.dropped()
                self._log.info(output.text, flow=str(output.flow))
            case sip.StrayResponse():
                self._metrics.dropped()
                self._log.info("a response that belongs to nothing", flow=str(output.flow))
            case sip.Transmit():
                pass  # the transport's own
            case _:
                if isinstance(output, sip.RequestArrived):
                    self._metrics.received(output.request)
                self._feed(output)

    def _on_h248(self, output: ControllerOutput) -> None:
        match output:
            case h248.Noted():
                self._log.info(output.text, peer=str(output.peer))
            case h248.PeerSuspected():
                self._log.warning("a gateway is slow to answer", peer=str(output.peer))
            case h248.MessageErrorArrived():
                self._log.warning("a gateway could not read us", error=output.error.code)
            case h248.RequestAborted():
                self._log.warning("a report of a gateway took too long", reason=output.reason)
            case h248.Transmit():
                pass  # the endpoint's own
            case _:
                self._note_gateway(output)
                self._feed(output)

    def _note_gateway(self, output: ControllerOutput) -> None:
        match output:
            case GatewayUp():
                self._log.info(
                    "gateway up", gateway=str(output.gateway), version=output.version, method=output.method
                )
            case GatewayLeaving():
                self._log.info("gateway leaving", gateway=str(output.gateway))
            case GatewayDown():
                self._log.info("gateway left", gateway=str(output.gateway), reason=output.reason)
            case GatewayLost():
                self._log.warning("gateway lost", gateway=str(output.gateway), reason=output.reason)
            case h248.ReplyArrived() | h248.RequestFailed():
                self._metrics.outcome(output)

    def _on_edge(self, output: EdgeOutput) -> None:
        match output:
            case sip.SendRequest() | sip.SendResponse() | sip.SendCancel():
                if isinstance(output, sip.SendResponse):
                    self._metrics.sent(output.response)
                if self._sip is not None:
                    self._sip.feed(output)
            case RequestTo() | h248.SendReply():
                if self._h248 is not None:
                    self._h248.feed(output)
            case Ask():
                if self._ng is not None:
                    self._ng.ask(output)
            case Log():
                fields = {"call": output.call, "context": output.context, "termination": output.termination}
                self._log.info(output.text, **{name: value for name, value in fields.items() if value})

    def _feed(self, event: EdgeInput) -> None:
        if self._driver is not None:
            self._driver.feed(event)

    # --- what people see ---------------------------------------------------------------------------------

    def _held(self) -> Held:
        edge = self._edge
        return Held(len(edge.calls()), edge.registrations, len(edge.gateways())) if edge else Held()

    def calls(self) -> object:
        """A list for ``/calls``."""
        return self._edge.calls() if self._edge else ()

    def _other_network(self) -> dict[str, object]:
        settings = self._settings
        if settings.role is not Role.BORDER:
            return {}
        return {"other_network": f"{settings.border.next_hop_transport}:{settings.border.next_hop}"}

    def status(self) -> dict[str, object]:
        """One object for ``/status``."""
        sip_section = self._settings.sip
        held = self._held()
        return {
            "version": __version__,
            "role": self._settings.role.value,
            "mid": str(self._mid),
            "gateways": self._edge.gateways() if self._edge else (),
            "calls": held.calls,
            "registrations": held.registrations,
            "next_hop": f"{sip_section.next_hop_transport}:{sip_section.next_hop}",
            **self._other_network(),
        }


async def _bind(
    name: str, address: TransportAddress, start: Callable[[TransportAddress], Awaitable[TransportAddress]]
) -> TransportAddress:
    try:
        return await start(address)
    except OSError as error:
        raise SettingError(f"{name}: {address} cannot be used: {error.strerror}") from None
