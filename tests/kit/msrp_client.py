"""A strict MSRP end point that shares no code with what it judges; only sockets and RFC 4975.

It takes a message only when To-Path is its own path and From-Path its peer's, puts chunks together by their
Byte-Range, answers each with 200, sends a success report when asked, and remembers every octet of the wire.
"""

import re
import secrets
import socket
import ssl

_START = re.compile(rb"MSRP ([A-Za-z0-9.+%=-]{4,32}) (?:([0-9]{3}) ?([^\r\n]*)|([A-Z]+))\r\n")
_RANGE = re.compile(r"(\d+)-(\d+|\*)/(\d+|\*)")
PATIENCE = 20.0


class BrokenRuleError(AssertionError):
    """The other side broke a rule."""


class Frame:
    """One message as it was on the wire."""

    def __init__(self, octets: bytes, start: "re.Match[bytes]") -> None:
        self.octets = octets
        self.transaction = start[1].decode()
        self.status = int(start[2] or 0)
        self.method = (start[4] or b"").decode()
        head, has_body, content = octets.partition(b"\r\n\r\n")
        tail = len(b"\r\n-------") + len(start[1]) + 3
        self.flag = octets[-3:-2].decode()
        self.body = content[:-tail] if has_body else b""
        lines = (head if has_body else octets[:-tail]).decode().split("\r\n")[1:]
        self.fields = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


class StrictClient:
    """``own`` and ``peer``: the two paths as SDP told them, URIs separated by spaces."""

    def __init__(self, sock: socket.socket, own: str, peer: str) -> None:
        self.sock = sock
        self.sent: list[bytes] = []
        self.heard: list[Frame] = []
        self.messages: list[bytes] = []
        self.aborted: list[str] = []
        self.reports: list[tuple[str, str]] = []
        self._own, self._peer = own, peer
        self._buffer = b""
        self._parts: dict[str, bytes] = {}
        self._statuses: dict[str, int] = {}
        sock.settimeout(PATIENCE)

    # --- sending

    def send(self, body: bytes, *, chunk: int = 2048, report: bool = False, abort_after: int = 0) -> str:
        """All chunks, each after the 200 of the one before; the Message-ID."""
        message, total, at, number = secrets.token_hex(5), len(body), 0, 0
        while at < total or (total == 0 and number == 0):
            part = body[at : at + chunk]
            number += 1
            aborting = abort_after == number
            flag = "#" if aborting else "$" if at + len(part) == total else "+"
            fields = [("Message-ID", message), ("Byte-Range", f"{at + 1}-{at + len(part)}/{total}")]
            fields += [("Success-Report", "yes")] if report else []
            fields += [("X-Judge", " kept ; as=it is"), ("Content-Type", "application/octet-stream")]
            status = self.ask("SEND", fields, part if total else None, flag)
            if status != 200:
                raise BrokenRuleError(f"chunk {number} was answered with {status}")
            at += len(part)
            if aborting:
                break
        return message

    def ask(self, method: str, fields: list[tuple[str, str]], body: bytes | None, flag: str = "$") -> int:
        """One request; the status of its response."""
        transaction = secrets.token_hex(6)
        self._write(f"{method}", transaction, self._peer, fields, body, flag)
        while transaction not in self._statuses:
            self.step()
        return self._statuses.pop(transaction)

    def _write(
        self,
        start: str,
        transaction: str,
        to: str,
        fields: list[tuple[str, str]],
        body: bytes | None = None,
        flag: str = "$",
    ) -> None:
        lines = [f"MSRP {transaction} {start}", f"To-Path: {to}", f"From-Path: {self._own}"]
        lines += [f"{name}: {value}" for name, value in fields]
        octets = "".join(f"{line}\r\n" for line in lines).encode()
        octets += b"" if body is None else b"\r\n" + body + b"\r\n"
        octets += f"-------{transaction}{flag}\r\n".encode()
        self.sent.append(octets)
        self.sock.sendall(octets)

    # --- hearing

    def step(self) -> Frame:
        """Take the next message and do what it asks for."""
        frame = self._next()
        self.heard.append(frame)
        if frame.fields["To-Path"] != self._own.split()[0] and frame.fields["To-Path"] != self._own:
            raise BrokenRuleError(f"To-Path {frame.fields['To-Path']} is not mine")
        if frame.fields["From-Path"] not in (self._peer, self._peer.split()[0]):
            raise BrokenRuleError(f"From-Path {frame.fields['From-Path']} is not my peer's")
        if frame.status:
            self._statuses[frame.transaction] = frame.status
        elif frame.method == "SEND":
            self._take(frame)
        elif frame.method == "REPORT":
            self.reports.append((frame.fields["Message-ID"], frame.fields["Status"]))
        return frame

    def _take(self, frame: Frame) -> None:
        self._write("200 OK", frame.transaction, frame.fields["From-Path"].split()[0], [])
        message = frame.fields["Message-ID"]
        span = _RANGE.fullmatch(frame.fields["Byte-Range"])
        if span is None or int(span[1]) != len(self._parts.get(message, b"")) + 1:
            raise BrokenRuleError(f"Byte-Range {frame.fields['Byte-Range']} does not fit")
        whole = self._parts.pop(message, b"") + frame.body
        if frame.flag == "+":
            self._parts[message] = whole
        elif frame.flag == "#":
            self.aborted.append(message)
        elif frame.body or span[3] != "0":
            self.messages.append(whole)
            if frame.fields.get("Success-Report") == "yes":
                fields = [("Message-ID", message), ("Byte-Range", f"1-{len(whole)}/{len(whole)}")]
                self._write("REPORT", secrets.token_hex(6), self._peer, [*fields, ("Status", "000 200 OK")])

    def _next(self) -> Frame:
        while True:
            start = _START.match(self._buffer)
            if start is not None:
                end = re.compile(rb"\r\n-------" + re.escape(start[1]) + rb"[$+#]\r\n").search(self._buffer)
                if end is not None:
                    octets, self._buffer = self._buffer[: end.end()], self._buffer[end.end() :]
                    return Frame(octets, start)
            elif b"\r\n" in self._buffer:
                raise BrokenRuleError(f"no MSRP: {self._buffer[:60]!r}")
            data = self.sock.recv(65_536)
            if not data:
                raise EOFError
            self._buffer += data


def secured(sock: socket.socket, pem: str) -> ssl.SSLSocket:
    """Be the TLS client with the certificate in that file, and trust whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(pem)
    return context.wrap_socket(sock)
