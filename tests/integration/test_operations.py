"""What operators see: health, metrics, logs, and the end of a server."""

import json
import os
import signal
import socket
import threading

import pytest

from support.client import crowd
from support.metrics import metric, metrics
from support.poll import eventually


def test_healthz_and_readyz_need_no_key(api):
    for path in ("/healthz", "/readyz"):
        assert api.get(path, api_key=None).status == 200


def test_the_contract_is_served(api):
    reply = api.get("/openapi.yaml", api_key=None)
    assert reply.status == 200
    from support.contract import DOCUMENT

    assert reply.content == DOCUMENT.read_bytes()


def grown(api, name, act, **labels):
    before = metric(api, name, **labels) or 0
    act()
    return metric(api, name, **labels) - before


def test_requests_are_counted_by_route_and_outcome(api):
    wallet = api.wallet(grant="1")
    name = "faregate_http_requests_total"
    assert (
        grown(api, name, lambda: api.authorize(wallet, "0.1"), route="authorize", outcome="201")
        == 1
    )
    assert (
        grown(
            api,
            name,
            lambda: api.authorize(wallet, "9"),
            route="authorize",
            outcome="insufficient_funds",
        )
        == 1
    )
    assert (
        grown(
            api,
            name,
            lambda: api.get("/v1/wallets/nobody"),
            route="get_wallet",
            outcome="wallet_not_found",
        )
        == 1
    )
    assert (
        grown(
            api,
            "faregate_http_request_seconds_count",
            lambda: api.debit(wallet, "0.1"),
            route="debit",
        )
        == 1
    )


def test_the_ledgers_numbers_move(server, api):
    wallet = api.wallet(grant="100")

    def hold():
        return [api.hold(wallet, "1", ttl_seconds=600)["id"] for _ in range(3)]

    assert grown(api, "faregate_open_authorizations", hold) == 3
    assert grown(api, "faregate_wallets", lambda: api.wallet()) == 1
    assert grown(api, "faregate_durable_lsn", lambda: api.debit(wallet, "1")) >= 1
    for name in ("faregate_journal_sync_seconds_count", "faregate_journal_frame_records_sum"):
        # Counted right after the sync, and so perhaps after the reply.
        eventually(lambda: grown(api, name, lambda: api.debit(wallet, "1")) >= 1, f"{name} grows")
    assert grown(api, "faregate_stripe_acquisitions_total", lambda: api.debit(wallet, "1")) >= 1
    lsn = api.debit(wallet, "1").expect(201)["lsn"]
    server.wait_applied(lsn)
    eventually(lambda: metric(api, "faregate_applied_lsn") >= lsn, "the applied LSN follows")
    eventually(lambda: metric(api, "faregate_projection_lag_records") == 0, "the lag falls to zero")


def test_all_metrics_have_help_and_type(api):
    text = api.get("/metrics").content.decode()
    names = {name for name, _ in metrics(api) if name.startswith("faregate_")}
    assert len(names) > 20
    for name in names:
        base = name
        for suffix in ("_bucket", "_sum", "_count"):
            if f"# TYPE {name} " not in text:
                base = name.removesuffix(suffix) if name.endswith(suffix) else base
        assert f"# HELP {base} " in text and f"# TYPE {base} " in text, name


def test_the_log_can_be_json(own_servers):
    server = own_servers.start(FAREGATE_LOG_FORMAT="json")
    server.stop()
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert lines
    for line in lines:
        assert {"time", "level", "message"} <= line.keys()


# ---- the end


def test_sigterm_exits_with_0_and_leaves_nothing(own_servers):
    server = own_servers.start()
    api = server.api()
    wallet = api.wallet(grant="100")
    lsn = api.debit(wallet, "1").expect(201)["lsn"]
    process = server.process.pid
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    # What was acknowledged has been drained into PostgreSQL before the end.
    assert int(server.database.value("SELECT applied_lsn FROM journals")) >= lsn
    sessions = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    eventually(lambda: server.database.value(sessions) == "0", "all sessions are closed")
    server.cli("verify")


def test_sigint_ends_the_server_too(own_servers):
    server = own_servers.start()
    server.process.send_signal(signal.SIGINT)
    assert server.wait_end() == 0


@pytest.mark.parametrize("turn", range(3))
def test_sigterm_in_the_middle_of_load_loses_no_answer(own_servers, turn):
    server = own_servers.start()
    api = server.api()
    wallet = api.wallet(grant="100000")
    answers, lock = [], threading.Lock()

    def spender(number):
        async def spend(connection):
            for turn in range(10000):
                body = {"wallet": wallet, "asset": "USD", "amount": "1"}
                try:
                    reply = await connection.post("/v1/debits", body, key=f"{number}-{turn}")
                except (OSError, Exception) as error:
                    if isinstance(error, AssertionError):
                        raise
                    return
                with lock:
                    answers.append(reply)
                    if len(answers) == 300:
                        server.process.terminate()

        return spend

    crowd(server, [spender(i) for i in range(16)])
    assert server.wait_end() == 0, server.log()
    server.start()
    spent = [reply for reply in answers if reply.status == 201]
    assert len(spent) >= 290
    assert {reply.status for reply in answers} <= {201, 503}
    server.wait_applied(max(reply.json["lsn"] for reply in spent))
    recorded = {row["id"] for row in server.database.rows("SELECT id FROM debits")}
    assert {reply.json["id"] for reply in spent} <= recorded
    # Everything that was executed was answered: nobody is left to guess.
    assert len(recorded) == len(spent)


def test_connections_beyond_the_limit_are_refused_and_the_others_served(own_servers):
    server = own_servers.start(FAREGATE_CONNECTIONS_MAX=8)
    api = server.api()
    wallet = api.wallet(grant="10")
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(7)]
    # The eighth is the client's own, which goes on.
    assert api.debit(wallet, "1").status == 201
    extra = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    answer = b""
    try:
        while chunk := extra.recv(65536):
            answer += chunk
    except ConnectionResetError:
        pass
    assert answer == b"" or answer.split(b" ")[1] == b"503"
    assert api.debit(wallet, "1").status == 201
    for connection in idle:
        connection.close()
    eventually(lambda: server.api().get("/healthz").status == 200, "there is room again")


def test_a_slow_sender_is_cut_off(own_servers):
    server = own_servers.start(
        FAREGATE_HEADER_TIMEOUT_SECONDS=1,
        FAREGATE_BODY_TIMEOUT_SECONDS=1,
        FAREGATE_IDLE_TIMEOUT_SECONDS=1,
    )
    starts = {
        "headers": b"POST /v1/debits HTTP/1.1\r\nHost:",
        "body": b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "idle": b"",
    }
    for what, data in starts.items():
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(data)
            answer = b""
            try:
                while chunk := connection.recv(65536):
                    answer += chunk
            except ConnectionResetError:
                pass
            assert answer == b"" or answer.split(b" ")[1] == b"408", (what, answer)
