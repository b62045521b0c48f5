"""The DTLS association of one endpoint in time: its handshake, its repetitions, its limits, its trust.

One association at a time.  Whoever made the leg hears of its end exactly once, through ``lost`` or ``ended``,
unless it was ``forget`` that ended it.  Payload that the peer sends before it is trusted is held, and comes
with ``trusted``.
"""

from functools import partial
from typing import Protocol

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.plane.dtls import DtlsAssociation, is_client_hello
from imsedge.plane.faults import BearerError
from imsedge.plane.held import Held
from imsedge.plane.loop import Timer
from imsedge.plane.services import Services
from imsedge.plane.trust import Fingerprints


class DtlsReport(Protocol):
    """The endpoint."""

    @property
    def number(self) -> int: ...

    def transmit(self, datagram: bytes, peer: TransportAddress) -> None:
        """Put it on the wire."""

    def verified(self, early: list[bytes]) -> None:
        """Payload may pass from now on, first what has waited for that."""

    def lost(self, error: BearerError) -> None:
        """Nothing can come of this association any more."""

    def ended(self) -> None:
        """The peer said close_notify."""


class DtlsLeg:
    """``trusted``: payload may pass.  ``since``: when the association began."""

    def __init__(self, services: Services, report: DtlsReport) -> None:
        self.trusted = False
        self.since = 0.0
        self._services = services
        self._report = report
        self._association: DtlsAssociation | None = None
        self._early = Held()
        self._limit: Timer | None = None  # of the handshake, then of the wait for a fingerprint
        self._repetition: Timer | None = None

    @property
    def peer(self) -> TransportAddress | None:
        """With whom; ``None`` without an association."""
        return self._association.peer if self._association is not None else None

    @property
    def dropped(self) -> int:
        """Datagrams for which there was no room."""
        return self._early.dropped

    def matches(self, fingerprints: Fingerprints) -> bool:
        """Whether the peer's certificate is one of those."""
        association = self._association
        return association is not None and association.matches(fingerprints or ())

    def call(self, remote: TransportAddress, settings: m.EndpointSettings) -> None:
        """Send a ClientHello."""
        context = self._services.contexts.find(settings.certificate, m.TlsRole.CLIENT, datagram=True)
        buffer = self._services.buffer
        self._begin(DtlsAssociation(context, buffer, m.TlsRole.CLIENT, remote, settings.fingerprints))

    def greet(self, hello: bytes, source: TransportAddress, settings: m.EndpointSettings) -> bool:
        """Answer a ClientHello; whether it was the second one, with the cookie."""
        context = self._services.contexts.find(settings.certificate, m.TlsRole.SERVER, datagram=True)
        association, replies = DtlsAssociation.greet(
            context, self._services.buffer, hello, source, settings.fingerprints
        )
        for reply in replies:
            self._report.transmit(reply, source)
        if association is not None:
            self._begin(association)
        return association is not None

    def hear(self, datagram: bytes) -> list[bytes] | None:
        """A datagram of the peer; the payload that may go on.

        ``None``: the peer would begin again, which only the signalling can grant.
        """
        association = self._association
        if association is None:
            return []
        was_complete = association.is_complete
        if was_complete and is_client_hello(datagram):
            return None
        try:
            payloads = association.receive(datagram)
            if not was_complete or not payloads:
                self._flush(association)  # of payload alone nothing follows
            if association.is_complete and not was_complete:
                self._complete(association)
        except BearerError as error:
            self._report.lost(error)
            return []
        if payloads is None:
            self.forget()
            self._report.ended()
            return []
        if self.trusted:
            return payloads
        for payload in payloads:
            self._early.add(payload)
        return []

    def send(self, payload: bytes) -> bool:
        """Whether it could be sent."""
        association = self._association
        if association is None or not self.trusted:
            return False
        for datagram in association.send(payload):
            self._report.transmit(datagram, association.peer)
        return True

    def expect(self, settings: m.EndpointSettings) -> None:
        """The fingerprint has come, or another one: trust begins, or ends."""
        association = self._association
        if association is None:
            return
        association.expect(settings.fingerprints)
        try:
            verified = association.is_complete and association.verified()
        except BearerError as error:
            self._report.lost(error)
            return
        if verified and not self.trusted:
            _stop(self._limit)
            self._services.emit(m.Verified(self._report.number, self._now()))
            self._trust()

    def forget(self) -> None:
        """The association is over; the peer gets close_notify, or the alert that OpenSSL has written."""
        _stop(self._limit)
        _stop(self._repetition)
        association, self._association, self.trusted = self._association, None, False
        self._early.forget()
        if association is not None:
            if association.is_complete:
                association.finish()
            for datagram in association.outgoing():
                self._report.transmit(datagram, association.peer)

    def _begin(self, association: DtlsAssociation) -> None:
        self._association, self.trusted, self.since = association, False, self._now()
        self._services.emit(m.TlsStarted(self._report.number, self.since, association.role))
        self._restrict(self._services.settings.handshake_limit, m.FailureCause.TLS_TIMEOUT)
        try:
            association.advance()
            self._flush(association)
        except BearerError as error:
            self._report.lost(error)

    def _complete(self, association: DtlsAssociation) -> None:
        verified = association.verified()
        self._services.emit(
            m.TlsEstablished(
                self._report.number,
                self._now(),
                association.version,
                association.cipher,
                association.fingerprint,
                verified,
            )
        )
        if verified:
            _stop(self._limit)
            self._trust()
        else:
            self._restrict(self._services.settings.verification_limit, m.FailureCause.FINGERPRINT_TIMEOUT)

    def _trust(self) -> None:
        self.trusted = True
        self._report.verified(self._early.take())

    def _flush(self, association: DtlsAssociation) -> None:
        for datagram in association.outgoing():
            self._report.transmit(datagram, association.peer)
        _stop(self._repetition)
        patience = None if association.is_complete else association.patience
        if patience is not None:
            self._repetition = self._services.loop.after(patience, partial(self._repeat, association))

    def _repeat(self, association: DtlsAssociation) -> None:
        try:
            association.repeat()
            self._flush(association)
        except BearerError as error:
            self._report.lost(error)

    def _restrict(self, seconds: float, cause: m.FailureCause) -> None:
        _stop(self._limit)
        self._limit = self._services.loop.after(seconds, lambda: self._report.lost(BearerError(cause)))

    def _now(self) -> float:
        return self._services.loop.now()


def _stop(timer: Timer | None) -> None:
    if timer is not None:
        timer.cancel()
