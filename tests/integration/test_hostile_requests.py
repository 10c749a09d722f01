"""Requests that are not what they seem: in pieces, in heaps, half closed, or made to be read in two
ways. What they change, if anything, is what they say."""

import json

import pytest

from support.hostile import MIB, Guard, RawConnection, many, request


@pytest.fixture(scope="module")
def guard(server):
    return Guard(server, 100)


def debit(wallet, amount="1", headers="", path="/v1/debits"):
    body = json.dumps({"wallet": wallet, "asset": "USD", "amount": amount}).encode()
    return request("POST", path, body, headers)


# ---- pipelined and half closed


def test_hundreds_of_pipelined_requests_are_answered_in_their_order(server, guard):
    wallet = guard.api.wallet(grant="1000000")
    count = 500
    with RawConnection(server) as connection:
        for number in range(1, count + 1):
            connection.send(debit(wallet, str(number)) + request("GET", f"/v1/wallets/{number}x"))
        for number in range(1, count + 1):
            status, _, body = connection.read_answer()
            assert status == 201 and json.loads(body)["amounts"][0]["amount"] == str(number)
            status, _, body = connection.read_answer()
            assert status == 404 and f"{number}x" in json.loads(body)["detail"]
    assert guard.api.available(wallet) == str(1_000_000 - count * (count + 1) // 2)
    guard.check_end()


def test_who_closes_only_the_sending_side_gets_all_answers(server, guard):
    """Plain, and with the slower durability, for which the server waits while it knows nothing of
    the client."""
    wallet = guard.api.wallet(grant="1000")
    for headers in ("", "Faregate-Durability: postgres\r\n"):
        with RawConnection(server) as connection:
            connection.send(debit(wallet, headers=headers) * 50)
            connection.half_close()
            answers = connection.read_to_end()
        assert [status for status, _, _ in answers] == [201] * 50
    assert guard.api.available(wallet) == "900"
    guard.check_end()


def test_half_a_request_has_no_effect(server, guard):
    wallet = guard.api.wallet(grant="10")
    whole = debit(wallet)
    longer = whole.replace(b"Content-Length: ", b"Content-Length: 1")
    for data in (whole[:-1], whole[:-30], whole[:50], longer):
        with RawConnection(server) as connection:
            connection.send(data)
            connection.half_close()
            assert connection.read_to_end() == []
    assert guard.api.available(wallet) == "10"
    guard.check_end()


def test_a_body_longer_than_it_says_ends_the_connection_after_its_answer(server, guard):
    """What is left over is taken for the next request, and is none."""
    wallet = guard.api.wallet(grant="10")
    with RawConnection(server) as connection:
        connection.send(debit(wallet) + b'{"wallet": "more"}\r\n\r\n')
        answers = connection.read_to_end()
    assert [status for status, _, _ in answers] == [201, 400]
    assert guard.api.available(wallet) == "9"


# ---- where a request ends

HEAD = "POST /v1/debits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
# {inner} is a whole request that must not be executed, {length} how long it is.
SMUGGLED = {
    "length_then_chunked": "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n"
    "0\r\n\r\n",
    "chunked_then_length": "Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n"
    "0\r\n\r\n",
    "unknown_encoding": "Transfer-Encoding: gzip\r\n\r\n",
    "unknown_encoding_with_length": "Transfer-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n",
    "chunked_twice": "Transfer-Encoding: chunked, chunked\r\n\r\n",
    "chunked_not_last": "Transfer-Encoding: chunked, identity\r\n\r\n",
    "two_encodings": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "encoding_with_vertical_tab": "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "encoding_with_space_before_colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "two_lengths": "Content-Length: 0\r\nContent-Length: {length}\r\n\r\n",
    "list_of_lengths": "Content-Length: 0, 0\r\n\r\n",
    "signed_length": "Content-Length: +0\r\n\r\n",
    "hexadecimal_length": "Content-Length: 0x0\r\n\r\n",
    "huge_length": "Content-Length: 99999999999999999999999\r\n\r\n",
    "line_feed_alone": "X: y\nContent-Length: {length}\r\n\r\n",
    "carriage_return_alone": "X: y\rContent-Length: {length}\r\n\r\n",
    "nul_in_a_header": "X: \x00\r\n\r\n",
    "negative_chunk": "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "huge_chunk": "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
    "chunk_without_a_line_end": "Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
    "chunk_with_line_feed_alone": "Transfer-Encoding: chunked\r\n\r\n0\n\n",
    "two_hosts": "Host: y\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("tail", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_a_request_that_could_be_read_in_two_ways_is_refused(server, guard, tail):
    """And what follows it, which may be the second way, is not executed."""
    wallet = guard.api.wallet(grant="10")
    inner = debit(wallet)
    head = HEAD.format(key=guard.api.key) + tail.format(length=len(inner))
    with RawConnection(server) as connection:
        connection.send(head.encode() + inner)
        answers = connection.read_to_end()
    assert [status for status, _, _ in answers] in ([400], [413])
    assert "Connection: close" in answers[0][1]
    assert guard.api.available(wallet) == "10"


def test_a_key_in_a_trailer_is_no_key(server, guard):
    """Trailers once counted as headers, whoever had checked those on the way."""
    wallet = guard.api.wallet(grant="10")
    body = json.dumps({"wallet": wallet, "asset": "USD", "amount": "1"})
    data = (
        "POST /v1/debits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"{len(body):x}\r\n{body}\r\n0\r\nAuthorization: Bearer {guard.api.key}\r\n\r\n"
    )
    with RawConnection(server) as connection:
        connection.send(data.encode())
        assert [status for status, _, _ in connection.read_to_end()] == [400]
    assert guard.api.available(wallet) == "10"


def test_a_body_of_tiny_chunks_with_long_extensions_is_a_body(server, guard):
    wallet = guard.api.wallet(grant="10")
    body = json.dumps({"wallet": wallet, "asset": "USD", "amount": "1"})
    chunks = "".join(f"1;{'e' * 1000}={'v' * 1000}\r\n{letter}\r\n" for letter in body)
    head = HEAD.format(key=guard.api.key) + "Transfer-Encoding: chunked\r\n\r\n"
    with RawConnection(server) as connection:
        connection.send((head + chunks + "0\r\n\r\n").encode() + request("GET", "/healthz"))
        assert connection.read_answer()[0] == 201
        assert connection.read_answer()[0] == 200
    assert guard.api.available(wallet) == "9"


# ---- headers


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * 100 + b"\r\n",
        b"A" * 20_000 + b" /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["request_line", "one_header", "ten_thousand", "over_a_hundred", "method"],
)
def test_headers_beyond_the_limits_are_refused(server, guard, data):
    with RawConnection(server) as connection:
        connection.send(data)
        status, headers, body = connection.read_answer()
        assert status == 431 and json.loads(body)["code"] == "headers_too_large"
        assert "Connection: close" in headers and connection.read_answer() is None
    guard.check_end()


def test_who_expects_to_continue_is_told_so_once_and_not_for_nothing(server, guard):
    wallet = guard.api.wallet(grant="10")
    data = debit(wallet, headers="Expect: 100-continue\r\n")
    head, _, body = data.partition(b"\r\n\r\n")
    with RawConnection(server) as connection:
        connection.send(head + b"\r\n\r\n")
        assert connection.read_answer()[0] == 100
        connection.send(body)
        assert connection.read_answer()[0] == 201
        # With the body there is nothing to wait for; with one that is too large, neither.
        connection.send(data)
        assert connection.read_answer()[0] == 201
        connection.send(
            b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % (2 * MIB)
        )
        assert [status for status, _, _ in connection.read_to_end()] == [413]
    with many(server, 50, head + b"\r\n\r\n") as connections:
        for connection in connections:
            assert connection.read_answer()[0] == 100
        guard.check()
    assert guard.api.available(wallet) == "8"
    guard.check_end()


def test_an_upgrade_is_declined_by_an_ordinary_answer(server, guard):
    upgrades = [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: aaaa\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n",
        "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n",
    ]
    with RawConnection(server) as connection:
        for headers in upgrades:
            connection.send(request("GET", "/healthz", headers=headers))
            status, answered, _ = connection.read_answer()
            assert status == 200 and "upgrade" not in answered.lower()
        connection.send(request("CONNECT", "example.org:443"))
        assert connection.read_answer()[0] == 404


@pytest.mark.parametrize(
    "data",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(160)),
        b"\x00" * 100,
        b"\r\n" * 50_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["http2", "tls", "nul_bytes", "empty_lines", "an_answer", "proxy_protocol"],
)
def test_another_protocol_is_refused_and_the_connection_closed(server, guard, data):
    with RawConnection(server) as connection:
        connection.send(data)
        connection.half_close()
        assert [status for status, _, _ in connection.read_to_end()] in ([400], [431])
    guard.check_end()
