"""A gateway between two networks, with machines around it whose kernels do TCP.

    home (192.168.7.2) -- NAT box (203.0.113.20) --+
    phone (203.0.113.10) --------------------------+-- gateway -- core (10.0.0.2)
    stranger (203.0.113.66) -----------------------+

The gateway is 203.0.113.1 towards the access network and 10.0.0.1 towards the core; phone and core have IPv6
as well.  Its wires are named after who is at the other end, and tshark records all of them.  ``imsedge agw``
runs in the gateway, the controller (``h248_controller.py``) sits in the core.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from imsedge.core.address import TransportAddress
from kit.daemons import agw_settings
from kit.h248_controller import Controller
from kit.netns import Namespace, configure, join, namespaces
from kit.peers import need
from kit.processes import DaemonProcess
from kit.segments import Capture, capture

PATIENCE = 10.0
DELAY = 0.6
CONNECT_SECONDS = 2.5
# Few, so that they can be used up.
CORE_PORTS = 64

ACCESS, CORE = "203.0.113.1", "10.0.0.1"
ACCESS6, CORE6 = "2001:db8:a::1", "2001:db8:c::1"
PHONE, NAT, STRANGER, PARTY = "203.0.113.10", "203.0.113.20", "203.0.113.66", "10.0.0.2"
PHONE6, PARTY6 = "2001:db8:a::10", "2001:db8:c::2"
HOME, NAT_INSIDE = "192.168.7.2", "192.168.7.1"
NOWHERE = "10.9.9.9"  # the core has no way to it, and says so
SILENT = "10.9.9.10"  # the core drops what goes there

_H248_PORT = 2944
_MASQUERADE = b"""\
table ip nat {
  chain leaving { type nat hook postrouting priority srcnat; oifname "gateway" masquerade; }
}
"""


class Machines(NamedTuple):
    """Everybody."""

    gateway: Namespace
    phone: Namespace
    nat: Namespace
    home: Namespace
    stranger: Namespace
    core: Namespace


class World:
    """Machines, the controller, the daemon and what the wires have seen."""

    def __init__(
        self, machines: Machines, controller: Controller, daemon: DaemonProcess, wires: Capture
    ) -> None:
        self.gateway, self.phone, self.nat, self.home, self.stranger, self.core = machines
        self.controller, self.daemon, self.wires = controller, daemon, wires
        self._sockets: list[socket.socket] = []

    def listen(self, machine: Namespace, host: str, port: int = 0) -> tuple[socket.socket, TransportAddress]:
        """Somebody who waits to be called."""
        listener = self._keep(machine, host)
        listener.bind((host, port))
        listener.listen()
        return listener, TransportAddress(*listener.getsockname()[:2])

    def accept(self, listener: socket.socket) -> socket.socket:
        """The call that has come."""
        sock, _ = listener.accept()
        sock.settimeout(PATIENCE)
        self._sockets.append(sock)
        return sock

    def call(
        self, machine: Namespace, host: str, target: TransportAddress, port: int = 0, *, wait: bool = False
    ) -> socket.socket:
        """A call from ``host``; ``wait``: until it is answered."""
        sock = self._keep(machine, host)
        sock.bind((host, port))
        sock.setblocking(False)
        sock.connect_ex(tuple(target))
        sock.settimeout(PATIENCE)
        if wait:
            self.answered(sock)
        return sock

    def answered(self, sock: socket.socket) -> None:
        """Wait for the SYN-ACK; ``OSError`` when something else comes."""
        until(lambda: _state(sock) != _SYN_SENT, "an answer")
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, "not connected")

    @contextmanager
    def slowly(self, wire: str) -> Iterator[None]:
        """What the gateway sends there waits behind other packets for about ``DELAY`` seconds.

        A queue with little room and something in it (``tbf``), because not every kernel has ``netem``.
        """
        rate, host = 64_000, _WIRES[wire][0][1]
        device = ("dev", wire, "root")
        bucket = ("tbf", "rate", f"{rate * 8}bit", "burst", "2000", "limit", "1000000")
        self.gateway.run("tc", "qdisc", "add", *device, *bucket)
        try:
            with self.gateway.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as ballast:
                for _ in range(round(rate * DELAY / 1000)):
                    ballast.sendto(bytes(1000 - 42), (host, 9))
            yield
        finally:
            self.gateway.run("tc", "qdisc", "del", *device)

    def end_of(self, sock: socket.socket) -> int:
        """Wait until the connection is over; the error of its end, 0 for none."""
        until(lambda: _state(sock) == _CLOSE, "the end of a connection")
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def clear(self) -> None:
        """Nothing of a test is left in the gateway."""
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()
        self.controller.subtract_all()

    def _keep(self, machine: Namespace, host: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = machine.inside(lambda: socket.socket(family, socket.SOCK_STREAM))
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sockets.append(sock)
        return sock


@contextmanager
def world(folder: Path, without: tuple[str, ...] = (), **tables: Any) -> Iterator[World]:
    """All of it; ``without``: capabilities that the gateway lacks; ``tables`` of its settings override."""
    with ExitStack() as stack:
        made = Machines(*stack.enter_context(namespaces(*Machines._fields)))
        _wire(made)
        sock = made.core.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        stack.enter_context(contextlib.closing(sock))
        sock.bind((PARTY, _H248_PORT))
        for name, hosts in _WIRES.items():
            _swallow(stack, getattr(made, name), hosts[0][1])
        daemon = DaemonProcess(_settings(tables), folder, (*made.gateway.prefix, *_lacking(without)))
        stack.enter_context(daemon)
        wires = stack.enter_context(
            capture(made.gateway, {name: TransportAddress(hosts[0][1], 9) for name, hosts in _WIRES.items()})
        )
        controller = Controller(sock)
        controller.wait_for_gateway()
        yield World(made, controller, daemon, wires)


def until(happened: Any, what: str) -> None:
    """Wait for something; ``AssertionError`` when it does not happen."""
    limit = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < limit, f"waited in vain for {what}"
        time.sleep(0.005)


# --- the wires ---------------------------------------------------------------------------------------

# By the gateway's wire: its own addresses there, and those at the other end.
_WIRES = {
    "phone": ((ACCESS, PHONE), (ACCESS6, PHONE6)),
    "nat": ((ACCESS, NAT),),
    "stranger": ((ACCESS, STRANGER),),
    "core": ((CORE, PARTY), (CORE6, PARTY6)),
}
_SYN_SENT, _CLOSE = 2, 7


def _wire(machines: Machines) -> None:
    need("nft")
    for name, hosts in _WIRES.items():
        machine = getattr(machines, name)
        join(machines.gateway, name, machine, "gateway")
        for own, host in hosts:
            _address(machines.gateway, name, own, host)
            _address(machine, "gateway", host, own)
            # The kernel of a busy machine may not know yet that the link is up.
            configure(machine, f"route add default via {own} dev gateway onlink")
    join(machines.nat, "home", machines.home, "nat")
    _address(machines.nat, "home", NAT_INSIDE, HOME)
    _address(machines.home, "nat", HOME, NAT_INSIDE)
    configure(machines.home, f"route add default via {NAT_INSIDE} dev nat onlink")
    for router in (machines.nat, machines.gateway, machines.core):
        router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    machines.nat.run("nft", "-f", "-", stdin=_MASQUERADE)
    for kind, host in (("unreachable", NOWHERE), ("blackhole", SILENT)):
        configure(machines.gateway, f"route add {host} via {PARTY} dev core onlink")
        configure(machines.core, f"route add {kind} {host}")


def _swallow(stack: ExitStack, machine: Namespace, host: str) -> None:
    """Nobody reads what comes to the discard port, and no ICMP message says so (RFC 863)."""
    sock = machine.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    stack.enter_context(contextlib.closing(sock))
    sock.bind((host, 9))
    machine.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")


def _address(machine: Namespace, link: str, host: str, peer: str) -> None:
    """At once: IPv6 shall not look first whether somebody has it already."""
    configure(machine, f"addr add {host} peer {peer} dev {link} {'nodad' if ':' in host else ''}")


def _lacking(capabilities: tuple[str, ...]) -> tuple[str, ...]:
    """Words for ``setpriv``."""
    lost = ",".join(f"-{capability}" for capability in capabilities)
    return (f"--bounding-set={lost}", f"--inh-caps={lost}") if lost else ()


def _settings(tables: dict[str, Any]) -> Any:
    defaults = {
        "h248": {"listen": f"{CORE}:{_H248_PORT}", **tables.get("h248", {})},
        "realms": {
            "access": {"addresses": [ACCESS, ACCESS6]},
            "core": {"addresses": [CORE, CORE6], "low_port": 20_000, "high_port": 19_999 + CORE_PORTS},
            **tables.get("realms", {}),
        },
        "media": {
            "workers": 1,
            "port_rest": 0.0,
            "connect_limit": CONNECT_SECONDS,
            **tables.get("media", {}),
        },
    }
    return agw_settings(TransportAddress(PARTY, _H248_PORT), **defaults)


def _state(sock: socket.socket) -> int:
    """The first octet of ``struct tcp_info``."""
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
