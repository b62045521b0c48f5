"""The gateway daemon: where the gateway machine meets H.248, the media plane and the clock.

::

    UDP or TCP <-> H248Endpoint(GatewayAssociation) <-> AgwDaemon <-> Driver(Gateway)
                                                            |
                                                        PlanePool <-> worker processes
"""

import asyncio

from imsedge import __version__
from imsedge.agw import messages as agw
from imsedge.agw.gateway import Gateway
from imsedge.bearer.messages import AnyEvent
from imsedge.core.address import TransportAddress
from imsedge.core.ids import IdSource, RandomIds
from imsedge.core.trace import Tap
from imsedge.daemon.agw_metrics import AgwMetrics
from imsedge.daemon.agw_setup import (
    association_settings,
    gateway_settings,
    tuning,
    worker_settings,
)
from imsedge.daemon.certificates import CertificateStore, CertificateWatch
from imsedge.daemon.control_setup import open_transport, transaction_settings
from imsedge.daemon.logs import make_logger
from imsedge.daemon.plane_pool import PlanePool
from imsedge.daemon.realm_watch import RealmWatch
from imsedge.daemon.settings import AgwSettings
from imsedge.daemon.status import Pages, StatusServer
from imsedge.h248 import association
from imsedge.h248.association import (
    GatewayAssociation,
    GatewayInput,
    GatewayOutput,
    HandOff,
    Registered,
    Request,
    Start,
    Stop,
    Stopped,
)
from imsedge.h248.model import Mid, ServiceChangeMethod
from imsedge.h248.transactions import (
    MessageErrorArrived,
    Noted,
    PeerSuspected,
    ReplyArrived,
    RequestAborted,
    RequestArrived,
    RequestFailed,
    SendReply,
)
from imsedge.net.driver import Driver
from imsedge.net.h248 import H248Endpoint
from imsedge.security.key_log import check_key_log

# How long the controller may take to hear that we leave; then we are gone anyway.
_LEAVE_SECONDS = 0.3


class AgwDaemon:
    """An H.248 media gateway on real sockets.  ``tap`` sees every H.248 message."""

    def __init__(self, settings: AgwSettings, *, tap: Tap | None = None, ids: IdSource | None = None) -> None:
        self._settings = settings
        self._tap = tap
        self._ids = ids or RandomIds()
        self._log = make_logger(settings.log, "agw")
        self.certificates = CertificateStore(settings)
        self.gateway = Gateway(gateway_settings(settings, self.certificates), self._ids)
        self.registered = asyncio.Event()
        self._left = asyncio.Event()
        self._metrics = AgwMetrics(lambda: self.gateway.load()[:3], self.registered.is_set)
        self._status = StatusServer(self._pages())
        self._pool = PlanePool(
            worker_settings(settings, self.certificates),
            self._on_bearer,
            workers=settings.media.workers,
            log=self._log,
        )
        self._watch = RealmWatch(
            settings.realms.by_name,
            settings.media.realm_check,
            lambda names: self._feed(agw.RealmsAbsent(names)),
        )
        self._certificate_watch = CertificateWatch(
            self.certificates, settings.media, self._log, self.gateway.presented, self._on_certificates
        )
        self._mid: Mid | None = None
        self._association: GatewayAssociation | None = None
        self._driver: Driver[agw.Input, agw.Output] | None = None
        self._endpoint: H248Endpoint[GatewayInput, GatewayOutput] | None = None

    async def start(self) -> None:
        """Open the media plane, then the control port, and register."""
        section = self._settings.h248
        self._prepare_key_log()
        await self._pool.start()
        transport = await open_transport(section)
        transactions = transaction_settings(section, transport)
        self._mid = transactions.mid
        self._association = GatewayAssociation(association_settings(section), transactions, self._ids)
        self._driver = Driver[agw.Input, agw.Output](self.gateway, self._on_gateway)
        self._endpoint = H248Endpoint[GatewayInput, GatewayOutput](
            self._association, transport, self._on_association, self._tap
        )
        if self._settings.status.listen is not None:
            await self._status.start(self._settings.status.listen)
        self._watch.start()
        self._metrics.certificates(self.certificates.shown())
        self._certificate_watch.start()
        self._endpoint.feed(Start())
        self._log.info(
            "started", mid=str(self._mid), h248=str(transport.local), status=str(self._status.address)
        )

    async def stop(self) -> None:
        """Take leave of the controller, release everything."""
        self._watch.stop()
        self._certificate_watch.stop()
        if self._driver is not None and self._endpoint is not None:
            self._driver.feed(agw.Shutdown())
            self._endpoint.feed(Stop())
            try:
                await asyncio.wait_for(self._left.wait(), _LEAVE_SECONDS)
            except TimeoutError:
                self._log.warning("the controller did not answer our leave")
            self._endpoint.close()
            self._driver.close()
            self._driver = self._endpoint = None
        await self._status.stop()
        await self._pool.stop()

    def reload(self) -> None:
        """Take new certificates at once; self-signed ones are made anew."""
        self._certificate_watch.look(renew=True)

    def _prepare_key_log(self) -> None:
        path = self._settings.media.key_log
        if path is not None:
            check_key_log(path)
            self._log.warning(
                "SECRETS OF ALL TLS AND DTLS SESSIONS ARE WRITTEN: who reads the file can read all media",
                key_log=str(path),
            )

    @property
    def status_address(self) -> TransportAddress | None:
        """Where the status endpoint listens, once started."""
        return self._status.address

    @property
    def handshakes(self) -> int:
        """TLS and DTLS handshakes that the media plane has begun."""
        return self._metrics.handshakes

    # --- what the other parts say ----------------------------------------------------------------------

    def _on_association(self, output: GatewayOutput) -> None:
        match output:
            case RequestArrived():
                self._feed(agw.Execute(output.handle, output.request, output.version))
            case ReplyArrived():
                self._feed(agw.Heard())
            case Registered():
                self.registered.set()
                self._log.info(
                    "registered", controller=str(output.controller), version=output.version, kept=output.kept
                )
                self._feed(agw.ControllerBack(output.kept))
            case association.ControllerLost():
                self.registered.clear()
                self._log.warning("controller lost", controller=str(output.controller), reason=output.reason)
                self._feed(agw.ControllerLost())
            case Stopped():
                self.registered.clear()
                self._left.set()
            case RequestFailed():
                self._log.warning("the controller did not take our report", reason=output.reason.value)
            case RequestAborted():
                self._log.warning("execution took too long", reason=output.reason)
            case MessageErrorArrived():
                self._log.warning("the controller could not read us", error=output.error.code)
            case PeerSuspected():
                self._log.warning("the controller is slow to answer", controller=str(output.peer))
            case Noted():
                self._log.info(output.text, peer=str(output.peer))

    def _on_gateway(self, output: agw.Output) -> None:
        match output:
            case agw.Answer():
                self._metrics.answer(output.result)
                self._tell(SendReply(output.handle, output.result))
            case agw.Order():
                self._pool.send(output.command)
            case agw.Report():
                self._tell(Request(output.actions))
            case agw.Directed():
                self._directed(output)
            case agw.Tuned():
                self._tell(tuning(output.values))
            case agw.Log():
                self._log.info(output.text, context=output.context, termination=output.termination)

    def _on_bearer(self, event: AnyEvent) -> None:
        self._metrics.bearer(event)
        self._feed(agw.Bearer(event))

    def _on_realms(self, absent: frozenset[str]) -> None:
        self._feed(agw.RealmsAbsent(absent))

    def _on_certificates(self) -> None:
        """The media plane must know a certificate before an endpoint is to show it."""
        store = self.certificates
        self._pool.present(store.live)
        self._feed(agw.Certified(store.current, store.known))
        self._metrics.certificates(store.shown())

    def _directed(self, directed: agw.Directed) -> None:
        change = directed.change
        if change.method == ServiceChangeMethod.HANDOFF and change.mgc_id is not None:
            self._tell(HandOff(change.mgc_id))
        else:
            self._log.info(
                "the controller orders a service change", method=change.method, reason=change.reason
            )

    def _feed(self, event: agw.Input) -> None:
        if self._driver is not None:
            self._driver.feed(event)

    def _tell(self, event: GatewayInput) -> None:
        if self._endpoint is not None:
            self._endpoint.feed(event)

    # --- what people see ---------------------------------------------------------------------------------

    def _pages(self) -> Pages:
        lists = {"/status": self.status, "/contexts": self.gateway.contexts}
        return Pages(lists, self.registered.is_set, self._metrics.registry)

    def status(self) -> dict[str, object]:
        """One object for ``/status``."""
        load = self.gateway.load()
        controller = self._association.controller if self._association else None
        return {
            "version": __version__,
            "mid": str(self._mid),
            "controller": str(controller) if controller else None,
            "contexts": load.contexts,
            "terminations": load.terminations,
            "endpoints": load.endpoints,
            "executing": load.executions,
            "certificates": [row._asdict() for row in self.certificates.shown()],
            "realms": {name: list(realm.addresses) for name, realm in self._settings.realms.by_name.items()},
        }
