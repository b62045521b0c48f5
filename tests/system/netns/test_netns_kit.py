"""The machines of these tests leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kit.netns import Namespace, configure, join, namespaces, need_namespaces
from kit.networks import until
from kit.peers import need, run
from kit.procfs import is_alive

pytestmark = pytest.mark.system

TESTS = Path(__file__).parents[2]
KILLED = """
import subprocess, time
from kit.netns import namespaces
with namespaces("left") as (left,):
    process = subprocess.Popen([*left.prefix, "sh", "-c", "echo $$; sleep 60"], stdout=subprocess.PIPE)
    print(left.name, int(process.stdout.readline()), flush=True)
    time.sleep(60)
"""


def existing() -> str:
    """Names of all namespaces."""
    return run(need("ip"), "netns", "list").decode()


def test_machines_are_gone_also_when_a_test_fails() -> None:
    seen: list[Namespace] = []

    def fail() -> None:
        with namespaces("one", "two") as made:
            seen.extend(made)
            assert all(machine.name in existing() for machine in made)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not any(machine.name in existing() for machine in seen)


def test_what_a_killed_run_left_is_swept_away_by_the_next_one() -> None:
    need_namespaces()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent / "src")))},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        name, pid = process.stdout.readline().split()
        process.send_signal(signal.SIGKILL)
    until(lambda: not is_alive(int(pid)), "the end of the program inside")
    assert name in existing()
    with namespaces("next"):
        assert name not in existing()


def test_sockets_belong_to_the_machine_where_they_were_made() -> None:
    with namespaces("one", "two") as (one, two):
        join(one, "wire", two, "wire")
        configure(one, "addr add 192.0.2.1 peer 192.0.2.2 dev wire")
        configure(two, "addr add 192.0.2.2 peer 192.0.2.1 dev wire")
        with (
            one.inside(lambda: socket.create_server(("192.0.2.1", 0))) as listener,
            two.inside(lambda: socket.create_connection(listener.getsockname())) as caller,
            listener.accept()[0] as called,
        ):
            caller.sendall(b"over the wire")
            assert called.recv(100) == b"over the wire"
    with pytest.raises(OSError, match="Cannot assign requested address"):
        socket.create_server(("192.0.2.1", 0))
