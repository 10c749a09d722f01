"""Clients that hold, flood, starve and vanish. The server goes on serving the others, within the
memory and the descriptors that docs/operations.md promises."""

import json
import resource
import time

import pytest

from support.hostile import (
    KIB,
    MIB,
    Guard,
    Process,
    RawConnection,
    in_threads,
    many,
    raise_descriptor_limit,
    request,
)
from support.metrics import metric
from support.poll import eventually

# Longer than any test waits for an answer: who is answered meanwhile did not wait for these.
PATIENT = {
    "FAREGATE_HEADER_TIMEOUT_SECONDS": 3600,
    "FAREGATE_BODY_TIMEOUT_SECONDS": 3600,
    "FAREGATE_IDLE_TIMEOUT_SECONDS": 3600,
    "FAREGATE_WRITE_TIMEOUT_SECONDS": 3600,
}
BODY_MAX = MIB
POOL = 32 * MIB


@pytest.fixture(scope="module")
def patient(servers):
    return servers.start(**PATIENT, FAREGATE_REQUEST_MEMORY_BYTES=POOL)


# ---- connections that are held


def test_ten_thousand_idle_connections_are_carried(own_servers):
    count = min(10_000, raise_descriptor_limit(12_000) - 1_000)
    server = own_servers.start(**PATIENT, FAREGATE_CONNECTIONS_MAX=count + 10)
    guard = Guard(server, count)
    with many(server, count) as connections:
        eventually(
            lambda: metric(guard.api, "faregate_http_connections") >= count,
            f"{count} connections are open",
        )
        guard.check()
        # Each of them still works.
        for connection in connections[:: count // 100]:
            connection.send(request("GET", "/healthz"))
            assert connection.read_answer()[0] == 200
        guard.check()
    guard.check_end()


HELD = {
    "part_of_a_request_line": b"POST /v1/deb",
    "part_of_the_headers": b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 8 * KIB,
    "many_fields_and_no_body": b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
    + b"".join(b"a%d:\r\n" % i for i in range(98))
    + b"\r\n",
    "part_of_a_small_body": request("POST", "/v1/debits", b" " * 10_000)[:-1],
    "announced_body": b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n",
    "part_of_a_chunk_header": b"POST /v1/debits HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 8 * KIB,
    "waiting_for_continue": b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n"
    b"Expect: 100-continue\r\n\r\n",
    "answer_not_read": request("GET", "/openapi.yaml"),
    "bytes_of_tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("data", HELD.values(), ids=HELD.keys())
def test_connections_that_stop_in_the_middle_are_in_nobodys_way(patient, data):
    count = 500
    guard = Guard(patient, count)
    with many(patient, count, data):
        guard.check()
    guard.check_end()


def test_a_byte_now_and_then_does_not_put_off_a_deadline(own_servers):
    server = own_servers.start(
        FAREGATE_HEADER_TIMEOUT_SECONDS=1,
        FAREGATE_BODY_TIMEOUT_SECONDS=1,
        FAREGATE_IDLE_TIMEOUT_SECONDS=3600,
    )
    guard = Guard(server, 2)
    starts = [
        b"GET /healthz HTTP/1.1\r\nX: ",
        b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{",
    ]
    for start in starts:
        with RawConnection(server) as connection:
            connection.send(start)
            # Many more bytes than there can be within the deadline. It ends when the server closes.
            connection.socket.settimeout(0.02)
            for _ in range(3000):
                if not connection.send(b" "):
                    break
                try:
                    if connection.socket.recv(1000) == b"":
                        break
                except TimeoutError:
                    continue
                except ConnectionResetError:
                    break
            else:
                raise AssertionError(f"the connection is still open after {start[:30]}")
    guard.check_end()


def test_a_client_that_does_not_read_loses_its_connection(own_servers):
    server = own_servers.start(**{**PATIENT, "FAREGATE_WRITE_TIMEOUT_SECONDS": 1})
    guard = Guard(server, 20)
    with many(server, 20) as connections:
        for connection in connections:
            connection.send_what_fits(request("GET", "/openapi.yaml") * 2_000)
        # The clients still hold their sides, and the server has let go.
        guard.wait_given_back()
        guard.check()
    guard.check_end()


def test_answers_that_nobody_reads_are_bounded_together(patient):
    """Those of lists, of almost a megabyte each."""
    count = 150
    guard = Guard(patient, count, POOL)
    for _ in range(60):
        guard.api.wallet(metadata={"text": "x" * 15 * KIB})
    page = guard.api.get("/v1/wallets?limit=100")
    assert len(page.content) > 800 * KIB
    # Several from each, since the kernel may take some megabytes for itself.
    pages = request("GET", "/v1/wallets?limit=100") * 8
    with many(patient, count, pages, receive_bytes=4 * KIB):
        # Most answers are on their way, and those that found no memory are given up.
        eventually(
            lambda: metric(
                guard.api,
                "faregate_http_requests_total",
                route="list_wallets",
                outcome="unavailable",
            ),
            "some are refused",
        )
        guard.check()
    guard.check_end()
    guard.api.get("/v1/wallets?limit=100").expect(200)


# ---- large bodies


def test_large_bodies_are_bounded_together_and_small_requests_do_not_mind(patient):
    """400 connections that each send all but a byte of the largest body would be 400 MiB."""
    count = 400
    guard = Guard(patient, count, POOL)
    head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_MAX}\r\n\r\n".encode()
    with many(patient, count, head) as connections:
        refused = []

        def send(number):
            for connection in connections[number::8]:
                connection.send(b" " * (BODY_MAX - 1))
                connection.socket.settimeout(0.01)
                try:
                    answer = connection.read_answer()
                    if answer:
                        refused.append(answer)
                except TimeoutError:
                    pass

        in_threads(8, send)
        guard.check()
        # The last ones surely find nothing left.
        with RawConnection(patient) as late:
            late.send(head + b" " * (BODY_MAX - 1))
            refused.append(late.read_answer())
        for status, headers, body in refused:
            assert status == 503 and "Retry-After: 1" in headers and "Connection: close" in headers
            assert json.loads(body)["code"] == "unavailable"
            assert json.loads(body)["executed"] is False
        guard.check()
    guard.check_end()
    # There is room again.
    body = json.dumps({"operations": [{"op": "create_wallet"}] * 1_000}).encode()
    guard.api.post("/v1/batch", body.ljust(BODY_MAX)).expect(200)


BOMBS = {
    "values": b"[" + b"1," * (BODY_MAX // 2 - 2) + b"1]",
    "objects": b"[" + b"{}," * (BODY_MAX // 3 - 2) + b"{}]",
    "members": b"{" + b",".join(b'"%d":1' % i for i in range(90_000)) + b"}",
    "one_name": b"{" + b",".join(b'"a":1' for _ in range(90_000)) + b"}",
    "depth": b"[" * BODY_MAX,
    "text": b'{"wallet":"' + b"\\u0000" * (BODY_MAX // 6 - 10) + b'"}',
    "digits": b'{"wallet":"x","asset":"USD","amount":' + b"9" * (BODY_MAX - 50) + b"}",
    "not_utf8": b'{"wallet":"' + b"\xff" * (BODY_MAX - 20) + b'"}',
    "nul_bytes": b"\x00" * BODY_MAX,
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS.keys())
def test_a_body_that_is_a_bomb_is_refused_and_leaves_nothing_in_memory(patient, body):
    """A tree of values once stayed with its connection: 20 MiB for each that had sent one."""
    count = 40
    guard = Guard(patient, count, POOL)
    with many(patient, count) as connections:
        for connection in connections:
            connection.send(request("POST", "/v1/debits", body))
            status, _, answer = connection.read_answer()
            assert status in (400, 404, 422, 503), answer
        guard.check()
    guard.check_end()


ENDLESS = {
    "chunk_extension": b"1;" + b"a" * KIB,
    "trailers": b"0\r\n" + b"A: b\r\n" * 100,
    "request_line": None,
    "headers": None,
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_cut_off(patient, what):
    """Beast wants the end of a chunk's extensions before it takes any of them, and of all trailers;
    what it had not taken was kept without a bound."""
    guard = Guard(patient, 4)
    more = {"trailers": b"A: b\r\n", "headers": b"A: b\r\n"}.get(what, b"a") * 10_000
    head = b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    start = {"request_line": b"GET /", "headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n"}
    with many(patient, 4, start.get(what) or head + ENDLESS[what]) as connections:
        for connection in connections:
            # Up to 400 MB, if the server takes it.
            for _ in range(400 * MIB // len(more) // 4):
                if not connection.send(more):
                    break
            else:
                raise AssertionError("the server takes everything")
        guard.check()
    guard.check_end()


# ---- descriptors


def limited(hard):
    """A server that may open so many descriptors, and starts with a lower soft limit."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(64, hard), hard))


def test_the_soft_limit_of_descriptors_is_raised(own_servers):
    server = own_servers.make(FAREGATE_CONNECTIONS_MAX=100)
    server.start(preexec=limited(1000))
    soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    assert (soft, hard) == (1000, 1000)
    assert "connections_max is lowered" not in server.log()


def test_too_few_descriptors_lower_connections_max_with_a_warning(own_servers):
    """All the connections that fit are taken, and journal and PostgreSQL still have their own."""
    server = own_servers.make(**PATIENT, FAREGATE_THREADS=2, FAREGATE_DATABASE_CONNECTIONS=4)
    server.start(preexec=limited(200))
    (line,) = [each for each in server.log().splitlines() if "connections_max is lowered" in each]
    assert "from 10000 to 120" in line and "may open 200 files" in line
    api = server.api()
    api.asset("USD", 9)
    guard = Guard(server, 200)
    with many(server, 300) as connections:
        guard.api.debit(guard.wallet, "1").expect(201)
        # New journal files, statements on all connections, and the projector.
        metadata = {"text": "x" * 16_000}
        operations = [
            {"op": "grant", "wallet": guard.wallet, "asset": "USD", "amount": "1",
             "metadata": metadata}
        ] * 60  # fmt: skip
        files = metric(guard.api, "faregate_journal_files")
        for _ in range(20):
            guard.api.post("/v1/batch", {"operations": operations}).expect(200)
        assert metric(guard.api, "faregate_journal_files") > files
        lsn = guard.api.debit(guard.wallet, "1").expect(201)["lsn"]
        server.wait_applied(lsn)
        guard.api.get(f"/v1/wallets/{guard.wallet}/entries").expect(200)
        assert guard.process.descriptors() < 200
        # Those beyond the limit were told so, or reset.
        last = connections[-1]
        last.send(request("GET", "/healthz"))
        answer = last.read_answer()
        assert answer is None or answer[0] == 503
    eventually(lambda: server.api().get("/healthz").status == 200, "there is room again")


def test_far_too_few_descriptors_are_refused_at_the_start(own_servers):
    server = own_servers.make()
    server.start(wait=False, preexec=limited(40))
    assert server.wait_end() == 1
    assert "this process may open 40 files and needs" in server.log()


def test_without_descriptors_accepting_rests_and_recovers(own_servers):
    """Nothing is left for a connection that waits to be accepted. The server neither turns in a
    circle nor fills its log, and takes the connection as soon as it can."""
    server = own_servers.start(**PATIENT)
    process = Process(server)
    api = server.api()
    wallet = api.wallet(grant="1000")
    soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (process.descriptors(), hard))
    with many(server, 50, request("GET", "/healthz")) as waiting:
        eventually(lambda: "cannot accept" in server.log(), "accepting fails")
        began, used = time.monotonic(), process.cpu_seconds()
        for _ in range(20):
            api.debit(wallet, "1").expect(201)
            time.sleep(0.1)
        share = (process.cpu_seconds() - used) / (time.monotonic() - began)
        assert share < 0.5, f"{share:.0%} of a processor while nothing can be accepted"
        lines = server.log().count("cannot accept")
        seconds = time.monotonic() - began
        assert lines <= 3 * (seconds + 2), f"{lines} lines in {seconds:.0f} s"
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        for connection in waiting:
            assert connection.read_answer()[0] == 200


# ---- coming and going


def test_connections_that_come_and_go_leave_nothing(patient):
    guard = Guard(patient, 200)

    def churn(number):
        for turn in range(600):
            connection = RawConnection(patient)
            if turn % 3 == 1:
                connection.send(request("GET", "/healthz"))
            if turn % 3 == 2:
                connection.send(b"POST /v1/deb")
            connection.close()

    in_threads(8, churn)
    guard.check_end()


def test_a_storm_of_resets_leaves_nothing(patient):
    guard = Guard(patient, 200)
    debit = json.dumps({"wallet": guard.wallet, "asset": "USD", "amount": "1"}).encode()
    starts = [
        b"",
        b"POST /v1/deb",
        request("GET", "/openapi.yaml") * 20,
        request("POST", "/v1/debits", debit),
        request("POST", "/v1/debits", debit)[:-3],
        request("GET", f"/v1/wallets/{guard.wallet}/entries"),
    ]

    def storm(number):
        for turn in range(400):
            connection = RawConnection(patient)
            connection.send(starts[turn % len(starts)])
            connection.reset()

    in_threads(8, storm)
    guard.check_end()
    guard.api.audit()


def test_who_leaves_before_the_answer_may_ask_again(patient):
    """The request of a client that is gone takes effect once or not at all, and a repetition with
    its key takes effect once in all."""
    guard = Guard(patient, 100)
    wallet = guard.api.wallet(grant="1000")
    body = json.dumps({"wallet": wallet, "asset": "USD", "amount": "1"}).encode()
    keys = [f"gone-{number}" for number in range(300)]
    for turn, key in enumerate(keys):
        headers = f"Idempotency-Key: {key}\r\n"
        if turn % 3 == 0:
            headers += "Faregate-Durability: postgres\r\n"
        connection = RawConnection(patient)
        connection.send(request("POST", "/v1/debits", body, headers))
        connection.reset() if turn % 2 else connection.close()
    for key in keys:
        guard.api.debit(wallet, "1", key=key).expect(201)
    assert guard.api.available(wallet) == str(1000 - len(keys))
    guard.check_end()


# ---- floods


def test_a_flood_of_unknown_keys_is_in_nobodys_way(patient):
    """Each makes the server read the list of keys anew, but not each by itself."""
    count = 300
    guard = Guard(patient, count)
    asked = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
    before = int(patient.database.value(asked))
    with many(patient, count) as connections:
        for number, connection in enumerate(connections):
            connection.send(request("GET", "/v1/assets", key=f"fg_unknown_{number}") * 3)
        guard.check()
        for connection in connections:
            assert [connection.read_answer()[0] for _ in range(3)] == [401] * 3
    assert int(patient.database.value(asked)) - before < count
    guard.check_end()


def test_unknown_paths_and_methods_do_not_grow_the_metrics(patient):
    guard = Guard(patient, 10)

    def samples():
        text = guard.api.get("/metrics").content
        return len(text.splitlines()), len(text)

    def flood(turn):
        with RawConnection(patient) as connection:
            methods = ["GET", "POST", "DELETE", "BREW", f"X{turn}"]
            for number in range(200):
                path = f"/v1/{turn}/{number}" if number % 2 else f"/v1/wallets/w{turn}-{number}"
                connection.send(request(methods[number % len(methods)], path))
                assert connection.read_answer()[0] in (401, 404, 405, 400)

    flood(0)
    samples()  # a sample, too
    guard.check()
    lines, size = samples()
    log = len(patient.log())
    for turn in range(1, 8):
        flood(turn)
    # The numbers themselves may get longer.
    after = samples()
    assert after[0] == lines and after[1] < size * 1.1
    assert len(patient.log()) == log
    guard.check_end()


def test_refusals_in_volume_do_not_fill_the_log(own_servers):
    """A tree of a body as large as the shared memory never fits: 503, as often as one likes."""
    server = own_servers.start(FAREGATE_REQUEST_MEMORY_BYTES=MIB)
    api = server.api()
    body = b'{"wallet":"' + b"x" * 900 * KIB + b'"}'
    began = time.monotonic()
    for _ in range(150):
        reply = api.post("/v1/debits", body)
        assert reply.problem(503, "unavailable")["executed"] is False
    seconds = time.monotonic() - began
    lines = [line for line in server.log().splitlines() if "503" in line]
    assert 1 <= len(lines) <= 3 * (seconds + 2), f"{len(lines)} lines in {seconds:.0f} s"
    time.sleep(1)  # the next second has lines of its own
    api.post("/v1/debits", body)
    eventually(lambda: "more like it" in server.log(), "those that were left out are counted")
    counted = metric(
        api, "faregate_http_requests_total", route="debit", outcome="unavailable"
    )
    assert counted == 151


def test_the_shared_memory_shows_in_the_metrics(own_servers):
    server = own_servers.start(**PATIENT)
    api = server.api()
    assert metric(api, "faregate_http_request_memory_bytes") == 0
    with many(server, 4, request("POST", "/v1/batch", b" " * BODY_MAX)[:-1]):
        eventually(
            lambda: metric(api, "faregate_http_request_memory_bytes") >= 4 * (BODY_MAX - 16 * KIB),
            "four bodies are counted",
        )
    eventually(lambda: metric(api, "faregate_http_request_memory_bytes") == 0, "all is given back")
