"""MSRP with rewritten paths before judges: a strict client, tshark, Kamailio, a client of other people."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imsedge.bearer import messages as m
from imsedge.core.address import TransportAddress
from imsedge.core.msrp_uri import MsrpPath
from kit.dissect import msrp_read
from kit.kamailio import KamailioMsrp
from kit.msrp_client import StrictClient, secured
from kit.msrp_node import NodeClient
from kit.peers import need_kamailio_module
from kit.plane_rig import HOST, UE, PlaneRig

pytestmark = [pytest.mark.interop, pytest.mark.system]
UE_URI, CORE_URI = "msrps://198.51.100.7:7654/ue;tcp", "msrp://10.9.9.9:2855/core;tcp"
FILE = bytes(range(256)) * 40 + b"\r\n-------begins like an end$\r\n"


class Gateway:
    """Between a UE and the core; ``to_ue`` and ``to_core`` are our paths on the two legs."""

    def __init__(self, rig: PlaneRig, *, secure: bool) -> None:
        self._rig = rig
        self._common = {
            "transport": m.Transport.TLS if secure else m.Transport.TCP,
            "fingerprints": (UE.fingerprint(),),
        }
        self.access = rig.open(1, **self._common)  # type: ignore[arg-type]
        self.inner = rig.open(1, setup=m.Setup.ACTIVE)
        self.to_ue = f"msrp{'s' if secure else ''}://{self.access.local}/s1;tcp"
        self.to_core = f"msrp://{self.inner.local}/s2;tcp"

    def introduce(self, ue: str, core: str, called: TransportAddress) -> None:
        """The paths that the peers told, and where the one in the core listens."""
        outside, inside = MsrpPath(self.to_ue, (ue,)), MsrpPath(self.to_core, (core,))
        to_core = m.EndpointSettings(
            transport=m.Transport.TCP, remote=called, setup=m.Setup.ACTIVE, msrp=inside
        )
        to_ue = m.EndpointSettings(**self._common, msrp=outside)  # type: ignore[arg-type]
        self._rig.do(m.Configure(self.inner.endpoint, to_core), m.Configure(self.access.endpoint, to_ue))


def phone(rig: PlaneRig, gateway: Gateway, folder: Path) -> StrictClient:
    """With Python's own TLS."""
    pem = folder / "ue.pem"
    pem.write_bytes(UE.pem + UE.key_pem)
    sock = secured(rig.call(gateway.access), str(pem))
    return StrictClient(rig.keep(sock), UE_URI, gateway.to_ue)


@contextmanager
def session(folder: Path) -> Iterator[tuple[StrictClient, StrictClient]]:
    """A strict client at each end."""
    with PlaneRig() as rig:
        listener, called = rig.listen()
        gateway = Gateway(rig, secure=True)
        gateway.introduce(UE_URI, CORE_URI, called)
        ue = phone(rig, gateway, folder)
        yield ue, StrictClient(rig.accept(listener), CORE_URI, gateway.to_core)


@contextmanager
def answering(client: StrictClient, until: Callable[[], object]) -> Iterator[None]:
    """While the block runs, the client hears and answers; it goes on until it has got what it should get."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not until():
                client.step()
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()
    assert not failures, failures


def test_messages_files_reports_and_interruption_between_strict_clients(tmp_path: Path) -> None:
    with session(tmp_path) as (ue, core):
        with answering(core, lambda: core.aborted):
            ue.send(b"")
            ue.send(b"hello")
            sent = ue.send(FILE, report=True)
            while not ue.reports:
                ue.step()
            aborted = ue.send(FILE, abort_after=2)
        assert core.messages == [b"hello", FILE]
        assert (ue.reports, core.aborted) == ([(sent, "000 200 OK")], [aborted])
        assert all(frame.fields.get("X-Judge") in (None, "kept ; as=it is") for frame in core.heard)
        with answering(ue, lambda: ue.messages):
            core.send(FILE, chunk=700)
        assert ue.messages == [FILE]


def test_tshark_reads_the_same_on_both_legs(tmp_path: Path) -> None:
    """But for the two paths."""
    with session(tmp_path) as (ue, core), answering(core, lambda: core.messages):
        ue.send(FILE, report=True)
    requests = [octets for octets in ue.sent if b" SEND\r\n" in octets]
    there, here = msrp_read(requests, tmp_path), msrp_read([f.octets for f in core.heard], tmp_path)
    assert [row["method"] for row in there] == ["SEND"] * len(requests)
    assert {row.pop("to.path") for row in here} == {CORE_URI}
    assert {row.pop("from.path") for row in there} == {UE_URI}
    ours = {row.pop("to.path") for row in there} | {row.pop("from.path") for row in here}
    assert len(ours) == 2
    assert not ours & {CORE_URI, UE_URI}
    assert there == here
    answers = [frame.octets for frame in ue.heard if frame.status]
    assert {row["from.path"] for row in msrp_read(answers, tmp_path)} < ours


def test_kamailio_is_the_core(tmp_path: Path) -> None:
    """It answers every SEND; its response finds the request."""
    need_kamailio_module("msrp")
    with PlaneRig() as rig:
        listener, called = rig.listen()
        listener.close()
        with KamailioMsrp(tmp_path, called) as judge:
            gateway = Gateway(rig, secure=True)
            gateway.introduce(UE_URI, f"msrp://{called};tcp", called)
            ue = phone(rig, gateway, tmp_path)
            ue.send(b"")
            ue.send(FILE)
        octets = [0, *[2048 + 2] * 5, len(FILE) - 5 * 2048 + 2]  # it counts the line end, too
        paths = f"to msrp://{called};tcp from {gateway.to_core}"
        assert judge.judged() == [f"SEND of {count} octets {paths}" for count in octets]


@pytest.mark.msrp_node
def test_a_node_client_at_each_end() -> None:
    """msrp-node-lib takes a connection only from the address of the path that it was told."""
    with PlaneRig() as rig:
        (first, caller_at), (second, callee_at) = rig.listen(), rig.listen()
        first.close()
        second.close()
        gateway = Gateway(rig, secure=False)
        with (
            NodeClient(HOST, caller_at.port, "active") as caller,
            NodeClient(HOST, callee_at.port, "passive") as callee,
        ):
            caller.tell(offer=True)
            offer = caller.hear("sdp")["sdp"]
            callee.tell(remote=_through(offer, gateway.inner, gateway.to_core))
            callee.hear("understood")
            callee.tell(offer=True)
            answer = callee.hear("sdp")["sdp"]
            gateway.introduce(_path(offer), _path(answer), callee_at)
            caller.tell(remote=_through(answer, gateway.access, gateway.to_ue))
            caller.hear("connected")
            callee.hear("connected")
            for sender, receiver, path in (
                (caller, callee, gateway.to_core),
                (callee, caller, gateway.to_ue),
            ):
                for text in ("hello", "a long text, in chunks " * 300):
                    sender.tell(send=text)
                    heard = receiver.hear("message")
                    while not heard["message"]:
                        heard = receiver.hear("message")  # one without a body binds the session
                    assert (heard["message"], heard["from"]) == (text, [path])
                    sender.hear("sent")


def _path(sdp: str) -> str:
    return next(line.removeprefix("a=path:") for line in sdp.splitlines() if line.startswith("a=path:"))


def _through(sdp: str, opened: m.Opened, path: str) -> str:
    """What a controller that rewrites paths makes of it."""
    lines = [line for line in sdp.splitlines() if not line.startswith("a=path:")]
    made = [
        f"m=message {opened.local.port} TCP/MSRP *" if line.startswith("m=message") else line
        for line in lines
    ]
    return "".join(f"{line}\r\n" for line in (*made, f"a=path:{path}"))
