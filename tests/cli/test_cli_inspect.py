"""``imsedge status | contexts | calls`` against endpoints that answer, answer badly, or are not there."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from imsedge.agw.view import ContextView, StreamView, TerminationView
from imsedge.alg.outputs import CallView
from imsedge.bearer.messages import Counters
from imsedge.cli import inspect
from imsedge.core.errors import SettingError
from imsedge.daemon.settings import AgwSettings, AlgSettings

Imsedge = Callable[..., "subprocess.CompletedProcess[bytes]"]


def stream(number: int, transport: str, state: str) -> StreamView:
    return StreamView(
        id=number,
        link=number,
        transport=transport,
        state=state,
        mode="sendrecv",
        setup="passive",
        local="127.0.0.1:20000",
        remote=None,
        peer=None,
        counters=Counters(octets_received=300, octets_sent=200),
    )


ANSWERS = {
    "/status": b'{"mid": "[127.0.0.1]:2946", "contexts": 1, "controllers": ["127.0.0.1:2944"]}',
    "/contexts": msgspec.json.encode(
        [
            ContextView(
                7,
                (
                    TerminationView("ip/access/1", "access", (), (stream(1, "tls", "secured"),)),
                    TerminationView("ip/core/2", "core", (), (stream(1, "tcp", "idle"),)),
                ),
            )
        ]
    ),
    "/calls": msgspec.json.encode(
        [
            CallView(
                call_id="a84b4c76e66710",
                caller="sip:alice@home.test",
                callee="sip:bob@home.test",
                direction="originating",
                state="confirmed",
                age=12.3,
                gateway="[127.0.0.1]:2946",
                context=7,
                access_termination="ip/access/1",
                core_termination="ip/core/2",
                streams=(),
            )
        ]
    ),
    "/bad/calls": b"no JSON",
}


class Endpoint(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = ANSWERS.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_default_urls_are_the_default_settings() -> None:
    assert f"http://{AgwSettings().status.listen}" == inspect.AGW_URL
    assert f"http://{AlgSettings().status.listen}" == inspect.ALG_URL


@pytest.mark.system
def test_contexts_as_json_and_for_people(imsedge: Imsedge, url: str) -> None:
    done = imsedge("contexts", "--agw", url, "--json")
    assert msgspec.json.decode(done.stdout) == msgspec.json.decode(ANSWERS["/contexts"])
    lines = imsedge("contexts", "--agw", url).stdout.decode().splitlines()
    rows = [line.split() for line in lines if "ip/" in line]
    assert rows == [
        ["7", "ip/access/1", "tls", "secured", "127.0.0.1:20000", "-", "300", "200"],
        ["7", "ip/core/2", "tcp", "idle", "127.0.0.1:20000", "-", "300", "200"],
    ]


@pytest.mark.system
def test_calls_as_json_and_for_people(imsedge: Imsedge, url: str) -> None:
    done = imsedge("calls", "--alg", url, "--json")
    assert msgspec.json.decode(done.stdout) == msgspec.json.decode(ANSWERS["/calls"])
    text = imsedge("calls", "--alg", url).stdout.decode()
    for word in ("a84b4c76e66710", "sip:alice@home.test", "confirmed", "12 s"):
        assert word in text


@pytest.mark.system
def test_status_tells_who_is_not_running(imsedge: Imsedge, url: str) -> None:
    done = imsedge("status", "--agw", url, "--alg", "127.0.0.1:1", "--json")
    assert msgspec.json.decode(done.stdout) == {"agw": msgspec.json.decode(ANSWERS["/status"]), "alg": None}
    text = imsedge("status", "--agw", url, "--alg", "127.0.0.1:1").stdout.decode()
    assert "not running" in text
    assert "[127.0.0.1]:2946" in text


BAD = {
    "nobody there": (["contexts", "--agw", "http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1"),
    "nobody at all": (["status", "--agw", "127.0.0.1:1", "--alg", "127.0.0.1:1"], "is imsedge running?"),
    "no URL": (["calls", "--alg", "file:///etc/passwd"], "is not a URL such as http://127.0.0.1:8246"),
    "a blank": (["calls", "--alg", "http://a b"], "is not a URL such as http://127.0.0.1:8246"),
    "no port": (["calls", "--alg", "http://127.0.0.1:x"], "is not a URL such as http://127.0.0.1:8246"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD.values(), ids=BAD)
def test_what_cannot_be_asked(imsedge: Imsedge, arguments: list[str], sentence: str) -> None:
    done = imsedge(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr.decode()


@pytest.mark.system
def test_an_endpoint_that_is_something_else(url: str) -> None:
    with pytest.raises(SettingError, match="/bad/calls does not answer with JSON"):
        inspect.get_json(url, "/bad/calls")
    with pytest.raises(SettingError, match="is a daemon that has no nothing"):
        inspect.get_json(url, "/nothing")


@pytest.mark.parametrize("found", [{"a": 1}, [1], "x", None, [{"id": 1}], 7], ids=str)
def test_json_of_another_program(found: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "get_json", lambda *_: found)
    for ask in (inspect.contexts, inspect.calls):
        with pytest.raises(SettingError, match="no status endpoint of this version of imsedge"):
            ask("http://127.0.0.1:1")
    if found is not None and not isinstance(found, dict):
        with pytest.raises(SettingError, match="no status endpoint of this version of imsedge"):
            inspect.status()


def test_what_a_peer_chose_does_not_speak_to_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (call,) = msgspec.json.decode(ANSWERS["/calls"])
    monkeypatch.setattr(inspect, "get_json", lambda *_: [{**call, "call_id": "a\x1b[2Jb"}])
    inspect.calls()
    assert "a\\x1b[2Jb" in capsys.readouterr().out
