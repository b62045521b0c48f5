"""Programs that are not ours and judge what we do.

``need("tshark")`` returns the program's path.  Where it is not installed the test is skipped by that
name; where ``IMSEDGE_REQUIRE_PEERS`` is set, as in ``.ci/run``, it fails instead.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kit.fax import libraries

REQUIRE = "IMSEDGE_REQUIRE_PEERS"

# Program -> Debian package.
PACKAGES = {
    "tshark": "tshark",
    "text2pcap": "tshark",
    "sipp": "sip-tester",
    "openssl": "openssl",
    "escript": "erlang-megaco",
    "kamailio": "kamailio",
    "nginx": "nginx",
    "haproxy": "haproxy",
    "stunnel4": "stunnel4",
    "gcc": "gcc",
    "rtpengine": "rtpengine-daemon",
    "ip": "iproute2",
    "ss": "iproute2",
    "tc": "iproute2",
    "nft": "nftables",
    "setpriv": "util-linux",
    "linux.uml": "user-mode-linux",
}
_EXTRA_PATHS = ("/usr/sbin", "/sbin", "/usr/local/sbin")


@cache
def find(program: str) -> str | None:
    """Where the program is, also in the folders of the superuser."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *_EXTRA_PATHS))
    return shutil.which(program, path=path)


def need(program: str) -> str:
    """The path of ``program``; skips, or in CI fails, the test that asks when it is missing."""
    path = find(program)
    return path if path is not None else missing(program, f"{program} (Debian: {PACKAGES[program]})")


def need_megaco() -> str:
    """The path of ``escript`` of an Erlang that has the megaco application."""
    escript = need("escript")
    return escript if _has_megaco() else missing("megaco", "Erlang megaco (Debian: erlang-megaco)")


def need_kamailio_module(name: str) -> Path:
    """The path of a module of Kamailio, e.g. ``msrp`` or ``tls``."""
    need("kamailio")
    found = next(Path("/usr/lib").glob(f"**/kamailio/modules/{name}.so"), None)
    if found is None:
        missing(name, f"Kamailio's {name} module (Debian: kamailio, kamailio-tls-modules)")
    assert found is not None
    return found


def need_libre() -> tuple[str, ...]:
    """What a C compiler must be told for programs that use libre."""
    gcc = need("gcc")
    if not Path("/usr/include/re/re.h").exists():
        missing("libre", "libre (Debian: libre-dev)")
    # As Debian has built it: without these its structures have other sizes.
    built = ("-DHAVE_INTTYPES_H", "-DHAVE_STDBOOL_H", "-DHAVE_INET6")
    return (gcc, "-Wall", *built, "-I/usr/include/re", "-lre")


def need_spandsp() -> tuple[Any, Any]:
    """spandsp's library, and the libtiff that it uses."""
    found = libraries()
    if found is None:
        missing("spandsp", "spandsp (Debian: libspandsp2)")
    assert found is not None
    return found


@cache
def has_sctp() -> bool:
    """Whether the kernel opens SCTP sockets.  Tests marked ``sctp`` run where it does: see ``guest.py``."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


def stop(process: "subprocess.Popen[bytes] | None") -> None:
    """End a daemon that still runs: politely, and after five seconds for certain."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


IN_NAMESPACE = "IMSEDGE_TEST_NAMESPACE"
"""Set by the test that makes a network namespace and runs those marked ``inside`` there."""

MSRP_NODE_LIB = "IMSEDGE_MSRP_NODE_LIB"
"""A checkout of msrp-node-lib with its dependencies; no registry has it."""

ELSEWHERE: dict[str, Callable[[], bool]] = {
    "sctp": has_sctp,
    "inside": lambda: os.environ.get(IN_NAMESPACE) == "1",
    "msrp_node": lambda: MSRP_NODE_LIB in os.environ and shutil.which("node") is not None,
}
"""Mark -> whether the tests that have it belong into this run; where they do not, they are not collected."""


@cache
def _has_megaco() -> bool:
    return any(Path("/usr/lib/erlang/lib").glob("megaco-*"))


def missing(program: str, what: str) -> str:
    """Skip, or in CI fail, because ``what`` is not there."""
    if os.environ.get(REQUIRE):
        pytest.fail(f"{what} is required here ({REQUIRE} is set) and not installed", pytrace=False)
    pytest.skip(f"peer missing: {what}")
    return program


def run(*command: str, stdin: bytes = b"", timeout: float = 30.0) -> bytes:
    """Standard output of a peer that is expected to succeed; its errors are shown when it does not."""
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr.decode(errors='replace')}"
    return done.stdout
