"""Requests whose end, or whose very beginning, two servers could read in two ways, each with another one behind it."""

from rig.wire import FORM

# What would be answered with 404, were it taken for a request.
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


def head(*lines: str, first: str = "POST /oauth2/token HTTP/1.1", host: str = "Host: localhost") -> bytes:
    return "\r\n".join([first, *([host] if host else []), *lines, "", ""]).encode("latin-1")


def chunked(body: bytes, *more: str) -> bytes:
    return head(f"Content-Type: {FORM}", "Transfer-Encoding: chunked", *more) + body


def with_length(text: str) -> bytes:
    return head(f"Content-Length: {text}") + b"a"


def with_coding(line: str, *more: str) -> bytes:
    return head(line, *more) + b"0\r\n\r\n"


AMBIGUOUS = {
    # RFC 9112 section 6.3: how long a body is.
    "a length and chunks": with_coding("Transfer-Encoding: chunked", "Content-Length: 5"),
    "chunks and a length": with_coding("Content-Length: 5", "Transfer-Encoding: chunked"),
    "a length of zero and chunks": with_coding("Content-Length: 0", "Transfer-Encoding: chunked"),
    "two lengths": head("Content-Length: 0", f"Content-Length: {len(HIDDEN)}"),
    "two lengths that agree": head("Content-Length: 1", "Content-Length: 1") + b"a",
    "a list of lengths": with_length("1, 1"),
    "a signed length": with_length("+1"),
    "a negative length": with_length("-1"),
    "a hexadecimal length": with_length("0x1"),
    "an empty length": with_length(""),
    "a length with a space in it": with_length("1 0"),
    "a length with a letter behind it": with_length("1a"),
    "a length beyond all bounds": with_length("18446744073709551617"),
    "a length with a comma behind it": with_length("1,"),
    # Transfer codings that one side may not see, or see another in.
    "a coding that is not chunked": with_coding("Transfer-Encoding: xchunked"),
    "chunked and another": with_coding("Transfer-Encoding: chunked, identity"),
    "another and chunked": with_coding("Transfer-Encoding: gzip, chunked"),
    "chunked twice": with_coding("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "chunked and chunked": with_coding("Transfer-Encoding: chunked, chunked"),
    "chunked, then nothing": with_coding("Transfer-Encoding: chunked,"),
    "a quoted coding": with_coding('Transfer-Encoding: "chunked"'),
    "a coding behind a vertical tab": with_coding("Transfer-Encoding: \x0bchunked"),
    "a space before the coding's colon": with_coding("Transfer-Encoding : chunked"),
    "a tab before the coding's colon": with_coding("Transfer-Encoding\t: chunked"),
    "a folded coding": with_coding("Transfer-Encoding:\r\n chunked"),
    "a coding on a folded line": with_coding("X: a\r\n Transfer-Encoding: chunked"),
    "a coding behind a bare line feed": with_coding("X: a\nTransfer-Encoding: chunked"),
    "a coding behind a bare carriage return": with_coding("X: a\rTransfer-Encoding: chunked"),
    "a coding in HTTP/1.0": head("Transfer-Encoding: chunked", first="POST /oauth2/token HTTP/1.0") + b"0\r\n\r\n",
    # RFC 9112 section 7.1: chunks.
    "a chunk of a negative size": chunked(b"-1\r\na\r\n0\r\n\r\n"),
    "a chunk of a signed size": chunked(b"+1\r\na\r\n0\r\n\r\n"),
    "a chunk size with a prefix": chunked(b"0x1\r\na\r\n0\r\n\r\n"),
    "a chunk size that overflows": chunked(b"10000000000000001\r\na\r\n0\r\n\r\n"),
    "a chunk without a size": chunked(b"\r\na\r\n0\r\n\r\n"),
    "a chunk size with a space in front": chunked(b" 1\r\na\r\n0\r\n\r\n"),
    "a chunk size that ends with a bare line feed": chunked(b"1\na\r\n0\r\n\r\n"),
    "a chunk size that ends with a bare carriage return": chunked(b"1\ra\r\n0\r\n\r\n"),
    "a chunk that is longer than it says": chunked(b"1\r\naX\r\n0\r\n\r\n"),
    "a chunk that ends with a bare line feed": chunked(b"1\r\na\n0\r\n\r\n"),
    # RFC 9112 sections 2 to 5: lines.
    "a bare line feed": b"GET /v1/projects HTTP/1.1\nHost: localhost\n\n",
    "a bare line feed behind a field": b"GET /v1/projects HTTP/1.1\r\nHost: localhost\n\r\n",
    "a bare line feed for the empty line": b"GET /v1/projects HTTP/1.1\r\nHost: localhost\r\n\n",
    "a bare carriage return in a field": head("X: a\rb", first="GET /v1/projects HTTP/1.1"),
    "a NUL in a field": head("X: a\x00b", first="GET /v1/projects HTTP/1.1"),
    "a NUL in a name": head("X\x00: a", first="GET /v1/projects HTTP/1.1"),
    "a folded line": head("X: a\r\n b", first="GET /v1/projects HTTP/1.1"),
    "a folded first line": head(" X: a", first="GET /v1/projects HTTP/1.1", host=""),
    "a space before a colon": head("X : a", first="GET /v1/projects HTTP/1.1"),
    "a field without a name": head(": a", first="GET /v1/projects HTTP/1.1"),
    "a field without a colon": head("X", first="GET /v1/projects HTTP/1.1"),
    "two spaces before the target": head(first="GET  /v1/projects HTTP/1.1"),
    "two spaces behind the target": head(first="GET /v1/projects  HTTP/1.1"),
    "a space behind the version": head(first="GET /v1/projects HTTP/1.1 "),
    "a space before the method": head(first=" GET /v1/projects HTTP/1.1"),
    "a tab for a space": head(first="GET\t/v1/projects HTTP/1.1"),
    "no version": head(first="GET /v1/projects"),
    "a version in lower case": head(first="GET /v1/projects http/1.1"),
    "a version of three digits": head(first="GET /v1/projects HTTP/1.10"),
    "another version": head(first="GET /v1/projects HTTP/1.2"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an authority for a target": head(first="GET localhost:80 HTTP/1.1"),
    "a name for a target": head(first="GET v1/projects HTTP/1.1"),
    "no Host": head(first="GET /v1/projects HTTP/1.1", host=""),
    "two Hosts": head("Host: localhost", first="GET /v1/projects HTTP/1.1"),
    "two other Hosts": head("Host: elsewhere", first="GET /v1/projects HTTP/1.1"),
}
