"""What each event of the media plane does to its stream, and what the log says about it: one row each."""

from collections.abc import Callable
from typing import Any

from imsedge.agw.state import NO_COUNTERS, Phase, StreamState
from imsedge.bearer.messages import (
    AnyEvent,
    Closed,
    Connecting,
    Established,
    Failed,
    FailureCause,
    Latched,
    MessageRefused,
    Opened,
    OpenFailed,
    Quiet,
    Refused,
    Released,
    Relinked,
    RelinkFailed,
    Statistics,
    TlsEstablished,
    TlsStarted,
    Verified,
)


def apply_event(stream: StreamState, event: AnyEvent) -> None:
    """Bring the stream's state up to date."""
    _APPLY[type(event)](stream, event)


def log_text(event: AnyEvent) -> str | None:
    """What is worth a line."""
    text = _LOGGED.get(type(event))
    return text(event) if text else None


def is_answer(stream: StreamState | None, event: AnyEvent) -> bool:
    """Whether it is the last word on an order for which a command waits; losing the plane answers all.

    Ask before ``apply_event``.  ``stream`` is ``None`` when it is known no longer.
    """
    if isinstance(event, Relinked | RelinkFailed):
        return stream is not None and stream.moving and stream.link == event.link
    lost = isinstance(event, Failed) and event.cause is FailureCause.PLANE
    return lost or isinstance(event, Opened | OpenFailed | Statistics | Released)


def _opened(stream: StreamState, event: Opened) -> None:
    stream.phase, stream.local = Phase.IDLE, event.local


def _open_failed(stream: StreamState, event: OpenFailed) -> None:
    stream.phase, stream.dead = Phase.FAILED, True
    stream.failure = (510, "no free port") if event.exhausted else (500, event.reason)


def _connecting(stream: StreamState, event: Connecting) -> None:
    stream.phase, stream.peer = Phase.CONNECTING, event.remote


def _established(stream: StreamState, event: Established) -> None:
    stream.phase, stream.peer = Phase.CONNECTED, event.remote


def _failed(stream: StreamState, event: Failed) -> None:
    opening = stream.phase is Phase.OPENING
    stream.phase, stream.tls_ordered = Phase.FAILED, False
    if event.cause is FailureCause.PLANE:
        stream.dead = True
        if opening:
            stream.failure = (500, "the media plane was lost")


def _closed(stream: StreamState, _event: Closed) -> None:
    stream.phase, stream.tls_ordered = Phase.CLOSED, False


def _tls_established(stream: StreamState, event: TlsEstablished) -> None:
    stream.phase = Phase.SECURED if event.verified else Phase.HANDSHAKING


def _tls_started(stream: StreamState, _event: TlsStarted) -> None:
    stream.phase = Phase.HANDSHAKING


def _verified(stream: StreamState, _event: Verified) -> None:
    stream.phase = Phase.SECURED


def _relinked(stream: StreamState, event: Relinked | RelinkFailed) -> None:
    if not stream.moving or stream.link != event.link:
        return  # about an order that another has overtaken
    stream.moving = False
    if isinstance(event, RelinkFailed):
        stream.failure = (510, event.reason)


def _latched(stream: StreamState, event: Latched) -> None:
    stream.peer = event.remote


def _nothing(_stream: StreamState, _event: Refused | Quiet | MessageRefused) -> None:
    """The bearer is as it was."""


def _counted(stream: StreamState, event: Statistics | Released) -> None:
    """Counters only grow: a media plane that was lost says zero, and what was known before is better."""
    if event.counters != NO_COUNTERS:
        stream.counters = event.counters


_APPLY: dict[type, Callable[[StreamState, Any], None]] = {
    Opened: _opened,
    OpenFailed: _open_failed,
    Relinked: _relinked,
    RelinkFailed: _relinked,
    Connecting: _connecting,
    Established: _established,
    Refused: _nothing,
    Latched: _latched,
    Quiet: _nothing,
    MessageRefused: _nothing,
    TlsStarted: _tls_started,
    TlsEstablished: _tls_established,
    Verified: _verified,
    Failed: _failed,
    Closed: _closed,
    Statistics: _counted,
    Released: _counted,
}

_LOGGED: dict[type, Callable[[Any], str]] = {
    Established: lambda e: f"connected with {e.remote}",
    TlsEstablished: lambda e: f"secured with {e.version} {e.cipher}",
    Refused: lambda e: f"refused {e.remote}: {e.reason}",
    Latched: lambda e: f"latched onto {e.remote}",
    Quiet: lambda _: "no payload for too long",
    MessageRefused: lambda e: f"turned an MSRP message down: {e.status}",
    Failed: lambda e: f"failed: {e.cause.value}" + (f" ({e.detail})" if e.detail else ""),
    Closed: lambda _: "closed",
}
