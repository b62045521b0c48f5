"""One direction of an MSRP session whose two legs have different paths (TS 23.334 clause 5.19.5, RFC 4975).

What comes from the peer of one leg goes out on the other with two lines changed::

    MSRP a786hjs2 SEND                              MSRP a786hjs2 SEND
    To-Path: <we, as this peer knows us>     ->     To-Path: <the path of the other peer>
    From-Path: <this peer>                   ->     From-Path: <we, as the other peer knows us>
    (all other header fields, body)          =      (the same octets)
    -------a786hjs2$                                -------a786hjs2$

Transaction identifiers stay, so responses find their requests without any memory of ours.  A request, REPORT
too, carries the whole path of the other peer, a response its first URI only (RFC 4975 clause 7.2).

A *head* (start line and header fields) is judged as a whole, by one regular expression; until it is whole
nothing of it goes on.  Behind the head everything goes on at once, of the end of a read only those few octets
are held back that may begin the end-line.  So a message of any size passes with the memory of a head, and no
octet is searched twice.

What is not for the other side is swallowed up to its end-line and answered as an end point answers: 400
what cannot be read, 481 a session that is not ours; but never a response, a REPORT, or a request that wants
no failure reports (RFC 4975 clauses 7.1.2 and 7.3).  After what is no MSRP at all (``fault``) there is no
message border left to trust: close the connection.

Deviation: an end-line right behind the empty line, without the line end of a body, is one; peers that write
it read it, too.
"""

import re
from typing import NamedTuple

from msgspec import Struct

from imsedge.core.errors import RemoteError
from imsedge.core.msrp_uri import MsrpPath, read_msrp_path, read_msrp_uri
from imsedge.msrp.errors import MsrpError


class RewriterLimits(Struct, frozen=True):
    """What a peer may make us hold: octets of a start line and of a head; answers of ours that wait for the
    end of the other peer's chunk."""

    start_line: int = 512
    head: int = 16_384  # two paths of sixteen URIs of 512 octets
    answers: int = 32


DEFAULT_LIMITS = RewriterLimits()


class Route(NamedTuple):
    """One direction: from the peer of ``source`` to the peer of ``sink``, whose path must be known."""

    source: MsrpPath
    sink: MsrpPath


_LINE_END = b"\r\n"
_BEGINNING = b"MSRP "
_MARK = b"\r\n-------"
_ENDINGS = frozenset((b"$\r\n", b"+\r\n", b"#\r\n"))
_ENDINGS_BEGUN = frozenset(ending[:octets] for ending in _ENDINGS for octets in range(3))
_ENDING = 3  # octets

# Groups: the transaction identifier; the method, unless it is a response.
_START_LINE = (
    _BEGINNING + rb"([A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}+) (?:([A-Z]{1,32}+)|[0-9]{3}(?: [^\r\n]*+)?+)\r\n"
)
_START = re.compile(_START_LINE)
# Groups: the start line and its two, the paths, and the end-line of a message that has no body; otherwise it
# ends before the empty line.
_HEAD = re.compile(
    rb"(" + _START_LINE + rb")"
    rb"(?i:To-Path):[ \t]*+([^\r\n]*+)\r\n"
    rb"(?i:From-Path):[ \t]*+([^\r\n]*+)\r\n"
    rb"(?:(?!(?i:To-Path|From-Path):)[A-Za-z][!-9;-~]*+:[^\r\n]*+\r\n)*+"
    rb"(?:(?=\r\n)|(-------\2[$+#]\r\n))"
)
_HEAD_END = re.compile(rb"\r\n(?:\r\n|(-------))")
_FIRST_URI = rb"\r\n(?i:%b):[ \t]*+([!-~]++)"
_FIRST_TO, _FIRST_FROM = re.compile(_FIRST_URI % b"To-Path"), re.compile(_FIRST_URI % b"From-Path")
_NO_FAILURE_REPORT = re.compile(rb"\r\n(?i:Failure-Report:[ \t]*+no)[ \t]*+\r\n")

_UNANSWERED = frozenset((None, b"REPORT"))  # None: a response
_ANSWER = b"MSRP %b %d %b\r\nTo-Path: %b\r\nFrom-Path: %b\r\n-------%b$\r\n"
_COMMENTS = {400: b"Bad Request", 481: b"No Such Session", 506: b"Session Already In Use"}


class Rewriter:
    """Feed it what one peer sends; it hands back what goes to the other one.

    ``fault``: the peer's stream cannot be followed any further; what was handed back until then still counts.
    ``answers``: responses of ours to this peer, oldest first; take them out.  ``refusals``: status codes of
    messages that did not go on, answered or not.
    ``messages``: how many went on.  ``taken``: the session is bound to another connection; nothing goes on,
    and what would have gets 506.
    """

    def __init__(self, route: Route, limits: RewriterLimits = DEFAULT_LIMITS, *, taken: bool = False) -> None:
        self.fault: MsrpError | None = None
        self.messages = 0
        self.refusals: list[int] = []
        self._limits = limits
        self._good = 506 if taken else 0
        self._rest = b""  # read, but not decided upon
        self._searched = 0  # so many octets of a head in it begin no end of one
        self._mark = b""  # what ends the message that is passing; nothing between messages
        self._swallow = False
        self.answers: list[bytes] = []
        self._waiting: list[bytes] = []
        self.reroute(route)

    def reroute(self, route: Route) -> None:
        """Other paths were signalled; they count from the next message on."""
        source, own, peer = route.source, route.sink.own, route.sink.peer
        self._own = source.own.encode()
        self._identity = read_msrp_uri(source.own).identity
        self._sender = b""  # the From-Path that was found good last
        self._fallback = source.peer[0].encode() if source.peer else b""
        self._request_paths = f"To-Path: {' '.join(peer)}\r\nFrom-Path: {own}\r\n".encode()
        self._response_paths = f"To-Path: {' '.join(peer[:1])}\r\nFrom-Path: {own}\r\n".encode()

    # --- what one peer sends ----------------------------------------------------------------------

    def feed(self, data: bytes) -> bytes:
        """What can go on now.  Look at ``fault`` and ``answers`` after each call."""
        if self.fault is not None:
            return b""
        if self._rest:
            data = self._rest + data
        pieces: list[bytes] = []
        start = at = 0  # what is in between goes on as it is
        end = len(data)
        while at < end:
            low, mark = at, self._mark  # where an end-line may begin
            if not mark:
                head = self._find_head(data, at) if self._searched else _HEAD.match(data, at)
                status = 400 if head is None else self._judge(head)
                if head is None or status:
                    pieces.append(data[start:at])
                    start = at
                    if not self._refuses(data, at, status):
                        break
                    mark = self._mark
                else:
                    line, transaction, method, _, _, end_line = head.groups()
                    paths = self._response_paths if method is None else self._request_paths
                    pieces += (data[start:at], line, paths)
                    start, low = head.end(5) + 2, head.end() - 2
                    self.messages += 1
                    if end_line is not None:
                        at = low + 2
                        continue
                    self._mark = mark = _MARK + transaction
            found = data.find(mark, low)
            at = found + len(mark) + _ENDING
            if found < 0 or data[at - _ENDING : at] not in _ENDINGS:
                at, ended = self._find_end(data, found, low)
                if not ended:
                    start = at if self._swallow else start
                    break
            if self._swallow:
                start = at
            self._mark, self._swallow = b"", False
            if self._waiting:
                pieces += (data[start:at], *self._waiting)
                start = at
                self._waiting.clear()
        self._rest = data[at:]
        pieces.append(data[start:at])
        return b"".join(pieces)

    @property
    def is_between(self) -> bool:
        """Nothing of a message has been read of which the rest is to come."""
        return not self._mark and not self._rest

    def finish(self) -> bytes:
        """The peer has said its last word; what of it can still go on: no head that is not whole."""
        rest, self._rest = self._rest, b""
        return rest if self._mark and not self._swallow else b""

    def interpose(self, answer: bytes) -> bytes:
        """A response of ours to the peer that this direction leads to; what of it can go on now.

        While a message passes it waits for the end of that.  ``MsrpError`` when too many wait.
        """
        if not self._mark or self._swallow:
            return answer
        if len(self._waiting) == self._limits.answers:
            raise MsrpError(413, f"more than {self._limits.answers} requests need an answer at once")
        self._waiting.append(answer)
        return b""

    # --- heads and end-lines ----------------------------------------------------------------------

    def _find_head(self, data: bytes, at: int) -> re.Match[bytes] | None:
        """One that was begun before: a second look is worth it only when its end has come."""
        if _HEAD_END.search(data, self._searched) is None:
            return None
        self._searched = 0
        return _HEAD.match(data, at)

    def _find_end(self, data: bytes, found: int, low: int) -> tuple[int, bool]:
        """Behind the end-line, and true; or else where one may begin of which the rest is missing.

        ``found``: where the first of its octets were found, or less than 0, behind ``low``.
        """
        mark, end = self._mark, len(data)
        while found >= 0:
            behind = found + len(mark) + _ENDING
            ending = data[found + len(mark) : behind]
            if ending in _ENDINGS:
                return behind, True
            if behind > end and ending in _ENDINGS_BEGUN:
                return found, False
            found = data.find(mark, found + 1)
        found = data.find(_LINE_END[:1], max(low, end - len(mark) + 1))
        while found >= 0 and not mark.startswith(data[found:]):
            found = data.find(_LINE_END[:1], found + 1)
        return (end if found < 0 else found), False

    def _head_ends(self, data: bytes, at: int, mark: bytes) -> int | None:
        """Where a head that is not good ends, or is too long; ``None`` while it may still become good."""
        most = at + self._limits.head
        found = _HEAD_END.search(data, at + self._searched)
        if found is None:
            if len(data) > most + len(mark) + _ENDING:
                return most
            self._searched = max(len(data) - at - len(_MARK), 0)
            return None
        if found[1] and len(data) < found.start() + len(mark) + _ENDING:
            self._searched = found.start() - at
            return None
        return min(found.end(), most)

    def _start_line(self, data: bytes, at: int) -> re.Match[bytes] | None:
        """``None`` while it is not whole, and with a ``fault`` when it cannot become good."""
        most = at + self._limits.start_line
        line = None
        if data.find(_LINE_END, at, most) >= 0:
            line = _START.match(data, at)
        elif len(data) < most and _BEGINNING.startswith(data[at : at + len(_BEGINNING)]):
            return None
        if line is None:
            self.fault = MsrpError(400, "start line cannot be read")
        return line

    # --- who it is for ----------------------------------------------------------------------------

    def _judge(self, head: re.Match[bytes]) -> int:
        """The status that it gets from us; 0: it goes on.  Nearly always the paths are the last ones."""
        _, _, _, to, sender, end_line = head.groups()
        limits, at = self._limits, head.start()
        octets = head.end() - at - (0 if end_line is None else len(end_line))
        if octets > limits.head or head.end(1) - at > limits.start_line:
            return 400
        if to == self._own and sender == self._sender:
            return self._good
        wanted = _first_identity(to)
        if wanted is None or _first_identity(sender) is None:
            return 400
        self._sender = sender
        return self._good if wanted == self._identity else 481

    def _refuses(self, data: bytes, at: int, status: int) -> bool:
        """Swallow it, and answer; false while its head may still become good, and when it is a ``fault``."""
        line = self._start_line(data, at)
        if line is None:
            return False
        mark = _MARK + line[1]
        end = self._head_ends(data, at, mark)
        if end is None:
            return False
        self._searched = 0
        self._mark, self._swallow = mark, True
        self.refusals.append(status)
        self._answer(line, status, data[at:end])
        return True

    def _answer(self, line: re.Match[bytes], status: int, head: bytes) -> None:
        """As far as it may have an answer, and it can be told to whom."""
        transaction, method = line.groups()
        if method in _UNANSWERED or _NO_FAILURE_REPORT.search(head):
            return
        to, sender = _FIRST_TO.search(head), _FIRST_FROM.search(head)
        own = to[1] if to is not None and _first_identity(to[1]) else self._own
        peer = sender[1] if sender is not None and _first_identity(sender[1]) else self._fallback
        if peer:
            answer = _ANSWER % (transaction, status, _COMMENTS[status], peer, own, transaction)
            self.answers.append(answer)


def _first_identity(path: bytes) -> tuple[bool, str, int | None, str, str] | None:
    """Of the first URI; ``None`` when it is no path."""
    try:
        return read_msrp_path(path.decode("latin-1").rstrip())[0].identity
    except RemoteError:
        return None
