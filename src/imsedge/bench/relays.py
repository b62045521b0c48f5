"""The relays that are compared: our worker, and the peers with a configuration that gives them the same duty.

The same duty is: TLS 1.2 and 1.3, no resumption, one worker on one core, a client certificate demanded and
checked (we compare fingerprints, the peers know the certificate), TCP_NODELAY, clear TCP to one backend.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from imsedge.bearer import messages as m
from imsedge.bearer.wire import PortShare, WorkerSettings, event_reader, write_frame
from imsedge.core.address import TransportAddress
from imsedge.core.errors import SettingError
from imsedge.security.certificates import Certificate

PATIENCE = 10.0
RELAY_PORT = 5_061
_OURS_PORTS = (2_000, 60_000)
_EXTRA_PATHS = ("/usr/sbin", "/sbin", "/usr/local/sbin")
_NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


class Bench(NamedTuple):
    """Where everything is.  ``gateway`` and ``ue`` are PEM files with key."""

    folder: Path
    relay_host: str
    backend: TransportAddress
    gateway: Certificate
    ue: Certificate

    @property
    def gateway_pem(self) -> Path:
        return self.folder / "gateway.pem"

    @property
    def ue_pem(self) -> Path:
        return self.folder / "ue.pem"


Started = AbstractContextManager[tuple[int, Sequence[int]]]


class Relay(Protocol):
    """``ready`` starts it on ``core``, with room for so many connections, and yields its pid and ports."""

    @property
    def name(self) -> str: ...

    def missing(self) -> str | None:
        """Why it cannot take part."""

    def ready(self, bench: Bench, core: int, connections: int) -> Started: ...


class Ours:
    """One ``imsedge.plane.worker``; each connection has its own pair of endpoints, as in a call.

    The settings are those of the two sides, but for the addresses.
    """

    name = "imsedge"
    access = m.EndpointSettings(transport=m.Transport.TLS)
    core = m.EndpointSettings(transport=m.Transport.TCP, setup=m.Setup.ACTIVE)

    def missing(self) -> str | None:
        return None

    @contextmanager
    def ready(self, bench: Bench, core: int, connections: int) -> Iterator[tuple[int, Sequence[int]]]:
        with our_worker(core, bench.relay_host, (bench.gateway,)) as (sock, pid):
            sides = (
                replace(self.access, fingerprints=(bench.ue.fingerprint(),)),
                replace(self.core, remote=bench.backend),
            )
            ports = [_open_pair(sock, bench, sides, number) for number in range(connections)]
            with listening(sock):
                yield pid, ports


@contextmanager
def our_worker(
    core: int, host: str, certificates: tuple[Certificate, ...] = ()
) -> Iterator[tuple[socket.socket, int]]:
    """A worker on ``core`` with all ports of ``host``: where it takes its orders, and its pid."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "imsedge.plane.worker", str(theirs.fileno())]
    with ours, theirs, running(command, core, pass_fds=(theirs.fileno(),)) as process:
        share = PortShare(host, *_OURS_PORTS)
        ours.sendall(write_frame(WorkerSettings(ports=(share,), certificates=certificates)))
        yield ours, process.pid


@contextmanager
def listening(sock: socket.socket) -> Iterator[None]:
    """A gateway reads what its worker reports."""

    def listen() -> None:
        with contextlib.suppress(OSError):
            while sock.recv(1 << 16):
                pass

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield
    finally:
        sock.shutdown(socket.SHUT_RDWR)
        thread.join()


def _open_pair(sock: socket.socket, bench: Bench, sides: Sequence[m.EndpointSettings], link: int) -> int:
    """The port of the first side."""
    for endpoint, settings in enumerate(sides, start=2 * link):
        sock.sendall(write_frame(m.Open(endpoint, link, link, bench.relay_host, settings)))
    return opened_pair(sock)[0].port


def opened_pair(sock: socket.socket) -> tuple[TransportAddress, TransportAddress]:
    """Where the two endpoints are that were ordered."""
    reader = event_reader()
    events: list[m.AnyEvent] = []
    while len(events) < 2:
        events += reader.feed(sock.recv(65_536))
    first, second = events[:2]
    if not isinstance(first, m.Opened) or not isinstance(second, m.Opened):
        raise SettingError(f"our worker opens no endpoint: {first}, {second}")
    return first.local, second.local


class Peer(NamedTuple):
    """A program with a configuration; ``arguments`` and ``configuration`` are format strings."""

    name: str
    program: str
    package: str
    arguments: tuple[str, ...]
    configuration: str

    def missing(self) -> str | None:
        if find(self.program) is None:
            return f"{self.program} is not installed (Debian: {self.package})"
        if self.program == "nginx" and not _NGINX_MODULE.exists():
            return "nginx has no stream module (Debian: libnginx-mod-stream)"
        return None

    @contextmanager
    def ready(self, bench: Bench, core: int, connections: int) -> Iterator[tuple[int, Sequence[int]]]:
        del connections  # the peers take any number on one port
        words = {
            "folder": bench.folder,
            "relay": f"{bench.relay_host}:{RELAY_PORT}",
            "backend": str(bench.backend),
            "gateway": bench.gateway_pem,
            "ue": bench.ue_pem,
            "module": _NGINX_MODULE,
        }
        path = bench.folder / f"{self.name}.conf"
        path.write_text(self.configuration.format(**words))
        arguments = (word.format(path=path, **words) for word in self.arguments)
        command = [find(self.program) or self.program, *arguments]
        with running(command, core) as process:
            _wait(process, TransportAddress(bench.relay_host, RELAY_PORT))
            yield process.pid, (RELAY_PORT,)


NGINX = Peer(
    "nginx",
    "nginx",
    "nginx libnginx-mod-stream",
    ("-c", "{path}", "-p", "{folder}", "-e", "{folder}/nginx.log"),
    """\
load_module {module};
daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 20000; }}
stream {{
  server {{
    listen {relay} ssl backlog=4096; tcp_nodelay on; proxy_pass {backend};
    ssl_certificate {gateway}; ssl_certificate_key {gateway};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
    ssl_verify_client on; ssl_client_certificate {ue};
  }}
}}
""",
)
HAPROXY = Peer(
    "HAProxy",
    "haproxy",
    "haproxy",
    ("-db", "-q", "-f", "{path}"),
    """\
global
  maxconn 5000
  nbthread 1
  tune.ssl.cachesize 0
defaults
  mode tcp
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend access
  bind {relay} ssl crt {gateway} ca-file {ue} verify required ssl-min-ver TLSv1.2 no-tls-tickets
  default_backend core
backend core
  server core {backend}
""",
)
STUNNEL = Peer(
    "stunnel",
    "stunnel4",
    "stunnel4",
    ("{path}",),
    """\
foreground = yes
pid =
debug = 3
output = {folder}/stunnel.log
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[relay]
accept = {relay}
connect = {backend}
cert = {gateway}
CAfile = {ue}
verifyChain = yes
requireCert = yes
sessionCacheSize = 1
""",
)
RELAYS: tuple[Relay, ...] = (Ours(), NGINX, HAPROXY, STUNNEL)


def find(program: str) -> str | None:
    """Also where only administrators look."""
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), *_EXTRA_PATHS)))


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started inside runs on that core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(
    command: list[str], core: int, pass_fds: tuple[int, ...] = ()
) -> Iterator["subprocess.Popen[bytes]"]:
    """The program on ``core`` until the end of the block."""
    """On ``core``, until the block ends."""
    with pinned(core):
        process = subprocess.Popen(
            command,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: "subprocess.Popen[bytes]", address: TransportAddress) -> None:
    limit = time.monotonic() + PATIENCE
    for _ in count():
        if process.poll() is not None or time.monotonic() > limit:
            errors = process.stderr.read() if process.poll() is not None and process.stderr else b""
            raise SettingError(f"it does not start: {errors.decode(errors='replace').strip()}")
        try:
            socket.create_connection(address, 1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
