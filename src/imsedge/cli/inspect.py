"""``imsedge status | contexts | calls``: what running daemons hold, from their HTTP endpoints."""

import contextlib
import http.client
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from imsedge.cli.io import user_error

# The defaults of status.listen in daemon.settings (a test compares them).
AGW_URL = "http://127.0.0.1:8246"
ALG_URL = "http://127.0.0.1:8244"
_TIMEOUT = 5.0
_WIDE = 1_000

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AgwUrl = Annotated[str, typer.Option("--agw", metavar="URL", help="Status endpoint of the gateway.")]
AlgUrl = Annotated[str, typer.Option("--alg", metavar="URL", help="Status endpoint of the controller.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (status, contexts, calls):
        app.command(rich_help_panel="Look inside")(command)


def status(agw: AgwUrl = AGW_URL, alg: AlgUrl = ALG_URL, as_json: Json = False) -> None:
    """Show how a running gateway and controller are.

    Example: `imsedge status --json`
    """
    found = {name: _try_get(url) for name, url in (("agw", agw), ("alg", alg))}
    if all(value is None for value in found.values()):
        raise user_error(f"nothing answers at {agw} or {alg}; is imsedge running?")
    if as_json:
        _print_json(found)
    else:
        with _expecting_ours(f"{agw} or {alg}"):
            rows = _flat(found)
        _print_table(["daemon", "what", "value"], rows)


def contexts(agw: AgwUrl = AGW_URL, as_json: Json = False) -> None:
    """List the contexts of a running gateway.

    Example: `imsedge contexts --agw http://127.0.0.1:8246`
    """
    found = get_json(agw, "/contexts")
    if as_json:
        _print_json(found)
    else:
        with _expecting_ours(agw):
            rows = [row for context in found for row in _context_rows(context)]
        _print_rows(_CONTEXT_COLUMNS, rows)


def calls(alg: AlgUrl = ALG_URL, as_json: Json = False) -> None:
    """List the calls of a running controller.

    Example: `imsedge calls --json | jq length`
    """
    found = get_json(alg, "/calls")
    if as_json:
        _print_json(found)
    else:
        with _expecting_ours(alg):
            rows = [_call_row(call) for call in found]
        _print_rows(_CALL_COLUMNS, rows)


def get_json(url: str, path: str) -> Any:
    """The JSON at ``path`` of a daemon's endpoint; a sentence for the user when it cannot be had."""
    import msgspec

    connection = _connection(url)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise user_error(f"nothing answers at {url}: {error}") from None
    finally:
        connection.close()
    if response.status == http.HTTPStatus.NOT_FOUND:
        raise user_error(f"{url} is a daemon that has no {path.removeprefix('/')}")
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise user_error(f"{url}{path} does not answer with JSON") from None


def _connection(url: str) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        if parts.scheme in {"", "http"} and parts.hostname:
            return http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT)
    except (ValueError, http.client.InvalidURL):
        pass
    raise user_error(f"{url} is not a URL such as {AGW_URL}")


@contextlib.contextmanager
def _expecting_ours(url: str) -> Iterator[None]:
    """JSON is what many programs answer with."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        raise user_error(f"{url} is no status endpoint of this version of imsedge") from None


def _try_get(url: str) -> Any:
    from imsedge.core.errors import SettingError

    try:
        return get_json(url, "/status")
    except SettingError:
        return None


_CONTEXT_COLUMNS = ("context", "termination", "transport", "state", "local", "peer", "received", "sent")
_CALL_COLUMNS = ("call", "from", "to", "state", "age", "gateway", "context", "streams")


def _context_rows(context: Mapping[str, Any]) -> list[list[str]]:
    """One row a stream; counters as last heard from the media plane."""
    return [
        [
            str(context["id"]),
            termination["name"],
            stream["transport"],
            stream["state"],
            stream["local"] or "-",
            stream["peer"] or "-",
            str(stream["counters"]["octets_received"]),
            str(stream["counters"]["octets_sent"]),
        ]
        for termination in context["terminations"]
        for stream in termination["streams"]
    ]


def _call_row(call: Mapping[str, Any]) -> list[str]:
    return [
        call["call_id"],
        call["caller"],
        call["callee"],
        call["state"],
        f"{call['age']:.0f} s",
        call["gateway"] or "-",
        str(call["context"] or "-"),
        str(len(call["streams"])),
    ]


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        _print_table(columns, rows)
    else:
        print("none")


def _flat(found: Mapping[str, Any]) -> list[list[str]]:
    return [
        [daemon, name, _text(value)]
        for daemon, fields in found.items()
        for name, value in (fields or {"state": "not running"}).items()
    ]


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    return str(value)


def _visible(text: str) -> str:
    """What peers chose, such as a Call-ID, does not speak to the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(_visible, row))
    console = Console(markup=False)
    if not console.is_terminal:  # another program reads: nothing is folded
        console.width = _WIDE
    console.print(table)


def _print_json(value: object) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
