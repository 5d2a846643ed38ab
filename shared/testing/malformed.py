"""Requests that are malformed, ambiguous or attempts at request smuggling, and the expected reactions of servers.

Each is sent unchanged on a raw socket. No server may respond 5xx, or respond to bytes that are not a request.
"""

from dataclasses import dataclass
from enum import Enum

REFUSED = frozenset({400, 405, 408, 413, 414, 431, 501, 505})
"""Accepted statuses for a malformed request. Closing the connection without a response is accepted too."""
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
BODY = b"{}"


class By(Enum):
    """Which server refuses it."""

    EVERYBODY = "every server, and the connection ends"
    GATEWAY = "the one that stands before the others; these may take it for a request"
    NOBODY = "it is valid, or gets a special response"


EVERYBODY, GATEWAY, NOBODY = By


@dataclass(frozen=True)
class Case:
    """One sequence of bytes. `PATH` in it is a path that takes a POST with a body."""

    name: str
    sent: bytes
    refused: By = EVERYBODY
    answers: int = 1
    """How many there may be at most."""

    def to(self, path: str) -> bytes:
        """The bytes for a server that has this path."""
        return self.sent.replace(b"PATH", path.encode())


def _send(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST PATH HTTP/1.1", b"Host: a", *lines, b"", b""]) + body


def _ask(*lines: bytes, target: bytes = b"/healthz", first: bytes = b"") -> bytes:
    return b"\r\n".join([first or b"GET %b HTTP/1.1" % target, *(lines or (b"Host: a",)), b"", b""])


def _chunked(body: bytes, encoding: bytes = b"Transfer-Encoding: chunked") -> bytes:
    return _send(encoding, body=body)


def _at(target: bytes, name: str, refused: By = GATEWAY) -> Case:
    return Case(name, _ask(target=target), refused)


LENGTHS = (
    Case(
        "length and chunked", _send(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\nG" + SMUGGLED)
    ),
    Case(
        "chunked and length", _send(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n" + SMUGGLED)
    ),
    Case("two lengths", _send(b"Content-Length: 2", b"Content-Length: 40", body=BODY + SMUGGLED)),
    Case("the same length twice", _send(b"Content-Length: 2", b"Content-Length: 2", body=BODY + SMUGGLED)),
    Case("two lengths in a line", _send(b"Content-Length: 2, 40", body=BODY + SMUGGLED)),
    Case("a length with a plus", _send(b"Content-Length: +2", body=BODY + SMUGGLED)),
    Case("a length below zero", _send(b"Content-Length: -1", body=BODY + SMUGGLED)),
    Case("a hexadecimal length", _send(b"Content-Length: 0x2", body=BODY + SMUGGLED)),
    Case("a length with a space inside", _send(b"Content-Length: 0 2", body=BODY + SMUGGLED)),
    Case("a length with an underscore", _send(b"Content-Length: 0_2", body=BODY + SMUGGLED)),
    Case("a length that is a word", _send(b"Content-Length: two", body=BODY + SMUGGLED)),
    Case("an empty length", _send(b"Content-Length:", body=BODY + SMUGGLED)),
    Case("a length in other digits", _send("Content-Length: ٢".encode(), body=BODY + SMUGGLED)),
    Case("a length past 64 bits", _send(b"Content-Length: 18446744073709551618", body=BODY + SMUGGLED)),
    Case("a length with a space before the colon", _send(b"Content-Length : 40", body=BODY + SMUGGLED)),
    Case("a length longer than the body", _send(b"Content-Length: 40", body=BODY), refused=NOBODY),
    Case(
        "a length shorter than the body", _send(b"Content-Length: 1", body=BODY + SMUGGLED), answers=2, refused=NOBODY
    ),
    Case("a length after a tab", _send(b"Content-Length:\t2", body=BODY), refused=NOBODY),
    Case("a body on GET", _ask(b"Host: a", b"Content-Length: 2") + BODY, refused=NOBODY),
    Case(
        "a request as the body of GET",
        _ask(b"Host: a", b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED,
        refused=NOBODY,
    ),
)
ENCODINGS = (
    Case(
        "an encoding that does not end in chunked",
        _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked, identity"),
    ),
    Case("chunked twice", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked, chunked"), answers=2),
    Case(
        "chunked in two lines",
        _send(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    ),
    Case(
        "gzip and chunked in two lines",
        _send(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    ),
    Case(
        "chunked and identity in two lines",
        _send(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n" + SMUGGLED),
    ),
    Case("an encoding of another name", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: xchunked")),
    Case("chunked with a quality", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked;q=1")),
    Case("chunked in quotes", _chunked(b"0\r\n\r\n" + SMUGGLED, b'Transfer-Encoding: "chunked"')),
    Case("chunked behind a vertical tab", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: \x0bchunked")),
    Case("chunked with a space before the colon", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding : chunked")),
    Case("chunked on a folded line", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding:\r\n chunked")),
    Case("chunked behind a line feed", _chunked(b"0\r\n\r\n" + SMUGGLED, b"X: 1\nTransfer-Encoding: chunked")),
    Case(
        "an underscore for the hyphen", _chunked(b"0\r\n\r\n", b"Transfer_Encoding: chunked"), refused=NOBODY, answers=2
    ),
    Case("chunked in capitals", _chunked(b"2\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: CHUNKED"), refused=NOBODY),
    Case("gzip before chunked", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: gzip, chunked")),
    Case("identity before chunked", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: identity, chunked")),
    Case("a comma before chunked", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: , chunked")),
    Case("chunked with a parameter", _chunked(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: x=1, chunked")),
    Case(
        "chunked in HTTP/1.0",
        b"POST PATH HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    ),
)
CHUNKS = (
    Case("a chunk whose size is no number", _chunked(b"zz\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk size with a sign", _chunked(b"+2\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk size below zero", _chunked(b"-2\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk size with 0x", _chunked(b"0x2\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk size with an underscore", _chunked(b"0_2\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk size past 64 bits", _chunked(b"10000000000000002\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk without a size", _chunked(b"\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk longer than its size", _chunked(b"2\r\n{}{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk shorter than its size", _chunked(b"5\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk that ends with a line feed", _chunked(b"2\r\n{}\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk size that ends with a line feed", _chunked(b"2\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk size that ends with a return", _chunked(b"2\r{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a space before a chunk size", _chunked(b" 2\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a line feed in a chunk's extension", _chunked(b"2;x\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a null byte in a chunk's extension", _chunked(b"2;\x00\r\n{}\r\n0\r\n\r\n" + SMUGGLED)),
    Case("a chunk's extension", _chunked(b"2;a=b\r\n{}\r\n0\r\n\r\n"), refused=NOBODY),
    Case("a trailer", _chunked(b"2\r\n{}\r\n0\r\nX: 1\r\n\r\n"), refused=NOBODY),
    Case("a length as a trailer", _chunked(b"2\r\n{}\r\n0\r\nContent-Length: 40\r\n\r\n"), refused=NOBODY),
    Case("a trailer without a colon", _chunked(b"2\r\n{}\r\n0\r\nnonsense\r\n\r\n" + SMUGGLED)),
    Case("a last chunk that ends with line feeds", _chunked(b"0\n\n" + SMUGGLED)),
)
LINES = (
    Case("line feeds alone", b"GET /healthz HTTP/1.1\nHost: a\n\n"),
    Case("returns alone", b"GET /healthz HTTP/1.1\rHost: a\r\r"),
    Case("a return in a value", _ask(b"Host: a", b"X: a\rY: b")),
    Case("a line feed in a value", _ask(b"Host: a", b"X: a\nY: b")),
    Case("a line feed before the body", b"POST PATH HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\n{}"),
    Case("a folded line", _ask(b"Host: a", b"X: a\r\n b")),
    Case("a folded first line", _ask(b" Host: a")),
    Case("a null byte in a name", _ask(b"Host: a", b"X\x00: 1")),
    Case("a null byte in a value", _ask(b"Host: a", b"X: a\x00b")),
    Case("a control character in a value", _ask(b"Host: a", b"X: a\x01b")),
    Case("a delete character in a value", _ask(b"Host: a", b"X: a\x7fb")),
    Case("a space in a name", _ask(b"Host: a", b"X Y: 1")),
    Case("a space before a colon", _ask(b"Host : a")),
    Case("a name of nothing", _ask(b"Host: a", b": 1")),
    Case("a line without a colon", _ask(b"Host: a", b"nonsense")),
    Case("a name beyond ASCII", _ask(b"Host: a", "É: 1".encode())),
    Case("a name in brackets", _ask(b"Host: a", b"(x): 1")),
    Case("empty lines before a request", b"\r\n\r\n" + _ask(), refused=NOBODY),
    Case("a value beyond ASCII", _ask(b"Host: a", "X: é".encode()), refused=NOBODY),
    Case("ten thousand lines", _ask(b"Host: a", *[b"X: 1"] * 10_000), refused=GATEWAY),
    Case("a line of a megabyte", _ask(b"Host: a", b"X: " + b"a" * 1_000_000)),
    Case("a name of a megabyte", _ask(b"Host: a", b"a" * 1_000_000 + b": 1")),
)
FIRST_LINES = (
    Case("no version", b"GET /healthz\r\n\r\n"),
    Case("HTTP/0.9 and a smuggled request", b"GET /healthz\r\n\r\n" + SMUGGLED),
    Case("version 2.0", _ask(first=b"GET /healthz HTTP/2.0")),
    Case("version 1.2", _ask(first=b"GET /healthz HTTP/1.2")),
    Case("version 9.9", _ask(first=b"GET /healthz HTTP/9.9")),
    Case("a version in small letters", _ask(first=b"GET /healthz http/1.1")),
    Case("a version of another protocol", _ask(first=b"GET /healthz RTSP/1.0")),
    Case("a version of a stream", _ask(first=b"SOURCE /healthz ICE/1.0")),
    Case("two spaces", _ask(first=b"GET  /healthz  HTTP/1.1")),
    Case("two spaces before the target", _ask(first=b"GET  /healthz HTTP/1.1")),
    Case("two spaces before the version", _ask(first=b"GET /healthz  HTTP/1.1")),
    Case("a space before the method", _ask(first=b" GET /healthz HTTP/1.1")),
    Case("a tab for a space", _ask(first=b"GET\t/healthz\tHTTP/1.1")),
    Case("something after the version", _ask(first=b"GET /healthz HTTP/1.1 x")),
    Case("no target", _ask(first=b"GET HTTP/1.1")),
    Case("no method", _ask(first=b"/healthz HTTP/1.1")),
    Case("an unknown method", _ask(first=b"BREW /healthz HTTP/1.1")),
    Case("a method in small letters", _ask(first=b"get /healthz HTTP/1.1")),
    Case("a method beyond ASCII", _ask(first="GÉT /healthz HTTP/1.1".encode())),
    Case("a null byte in the method", _ask(first=b"GE\x00T /healthz HTTP/1.1")),
    Case("TRACE", _ask(first=b"TRACE /healthz HTTP/1.1"), refused=NOBODY),
    Case("CONNECT", _ask(first=b"CONNECT a:443 HTTP/1.1"), refused=NOBODY),
    Case("CONNECT and a smuggled request", _ask(first=b"CONNECT a:443 HTTP/1.1") + SMUGGLED, refused=NOBODY),
    Case("PRI", _ask(first=b"PRI * HTTP/1.1")),
    Case("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    Case("a handshake of TLS", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160)),
    Case("bytes of no meaning", bytes(range(256))),
    Case("null bytes", bytes(64)),
    Case("a target of a megabyte", _ask(target=b"/" + b"a" * 1_000_000)),
)
TARGETS = (
    _at(b"http://a/healthz", "an absolute target", NOBODY),
    _at(b"HTTPS://A/healthz", "an absolute target in capitals", NOBODY),
    _at(b"http://elsewhere/healthz", "an absolute target of another host", EVERYBODY),
    _at(b"http://a:80/healthz", "an absolute target of another port", EVERYBODY),
    _at(b"http://user@a/healthz", "an absolute target with a user", EVERYBODY),
    _at(b"http://elsewhere@a/healthz", "an absolute target with a host as the user", EVERYBODY),
    _at(b"http://a:99999/healthz", "an absolute target with a port that is none", EVERYBODY),
    _at(b"http:///healthz", "an absolute target without a host", EVERYBODY),
    _at(b"http://a", "an absolute target without a path", EVERYBODY),
    _at(b"ftp://a/healthz", "an absolute target of another scheme", EVERYBODY),
    _at(b"file:///etc/passwd", "a target of another scheme", EVERYBODY),
    _at(b"a:80", "a host and a port for a target", EVERYBODY),
    _at(b"healthz", "a target without a slash", EVERYBODY),
    Case("an absolute target without a host field", _ask(b"X: 1", target=b"http://a/healthz")),
    _at(b"*", "a star"),
    Case("OPTIONS of a star", _ask(first=b"OPTIONS * HTTP/1.1"), refused=NOBODY),
    _at(b"//elsewhere/healthz", "a target that could be a host"),
    _at(b"/x/../healthz", "dots"),
    _at(b"/x/%2e%2e/healthz", "encoded dots"),
    _at(b"/x%2f..%2fhealthz", "an encoded slash"),
    _at(b"/x%5chealthz", "an encoded backslash"),
    _at(b"/x\\healthz", "a backslash"),
    _at(b"/healthz%00.json", "an encoded null byte"),
    _at(b"/healthz%0d%0aX:%201", "an encoded line break"),
    _at(b"/healthz%", "a percent sign alone"),
    _at(b"/healthz%zz", "a percent sign before letters"),
    _at(b"/%c0%ae%c0%ae/healthz", "dots in an overlong form"),
    _at(b"/%ff%fe", "what is no UTF-8"),
    _at(b"/healthz;x=1", "a parameter of the path", NOBODY),
    _at(b"/healthz?" + b"a=1&" * 4_000, "a query of 16 kB"),
    _at(b"/healthz?%00%zz", "a query of nonsense", NOBODY),
    _at(b"/healthz?x=%ff", "a query that is no UTF-8"),
    _at(b"/healthz?x=%c0%af", "a query in an overlong form"),
    _at(b"/healthz?next=http://elsewhere/", "an address in a query", NOBODY),
    Case("a fragment", _ask(target=b"/healthz#x")),
    Case("a fragment behind a query", _ask(target=b"/healthz?x=1#y")),
    Case("a target beyond ASCII", _ask(target="/healthz/é".encode())),
    Case("a null byte in the target", _ask(target=b"/health\x00z")),
    Case("a space in the target", _ask(target=b"/health z")),
)
HOSTS = (
    Case("no host", _ask(b"X: 1"), refused=GATEWAY),
    Case("two hosts", _ask(b"Host: a", b"Host: b"), refused=GATEWAY),
    Case("an empty host", _ask(b"Host:"), refused=GATEWAY),
    Case("a host with a path", _ask(b"Host: a/b"), refused=GATEWAY),
    Case("a host with a user", _ask(b"Host: a@b"), refused=GATEWAY),
    Case("two hosts in a line", _ask(b"Host: a, b"), refused=GATEWAY),
    Case("a host with a port that is none", _ask(b"Host: a:b"), refused=GATEWAY),
    Case("no host in HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", refused=GATEWAY),
)
SEQUENCES = (
    Case("two requests", _ask() + _ask(), refused=NOBODY, answers=2),
    Case("nonsense behind a request", _ask() + b"nonsense\r\n\r\n", refused=NOBODY, answers=2),
    Case("two spaces behind a request", _ask() + _ask(first=b"GET  /smuggled HTTP/1.1"), refused=NOBODY, answers=2),
    Case("a request behind one that closes", _ask(b"Host: a", b"Connection: close") + SMUGGLED, refused=NOBODY),
    Case("a request behind HTTP/1.0", b"GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n" + SMUGGLED, refused=NOBODY),
    Case(
        "an upgrade to h2c",
        _ask(
            b"Host: a",
            b"Connection: Upgrade, HTTP2-Settings",
            b"Upgrade: h2c",
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        ),
        refused=NOBODY,
    ),
    Case(
        "a request behind an upgrade",
        _ask(b"Host: a", b"Connection: Upgrade", b"Upgrade: h2c") + SMUGGLED,
        refused=NOBODY,
    ),
    Case(
        "a body behind an upgrade",
        _send(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        refused=NOBODY,
    ),
    Case(
        "an upgrade to a WebSocket elsewhere",
        _ask(
            b"Host: a",
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ),
        refused=NOBODY,
    ),
    Case("an expectation nobody knows", _send(b"Expect: 200-ok", b"Content-Length: 2", body=BODY), refused=NOBODY),
    Case(
        "a connection that names a length",
        _send(b"Connection: Content-Length", b"Content-Length: 2", body=BODY),
        refused=NOBODY,
    ),
    Case("half a request", b"GET /healthz HTTP/1.1\r\nHos", refused=NOBODY),
)
CASES = (*LENGTHS, *ENCODINGS, *CHUNKS, *LINES, *FIRST_LINES, *TARGETS, *HOSTS, *SEQUENCES)
