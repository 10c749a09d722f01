"""Two servers and one ledger: only one of them ever answers, even if the other was asleep when it
was replaced."""

import asyncio
import contextlib
import json
import random
import select
import signal
import socket
import time
from pathlib import Path

import pytest

from fault_load import ROUNDS, Load
from injection import tasks
from support.client import fresh
from support.metrics import metric
from support.poll import PATIENCE_SECONDS, eventually
from support.server import ADMIN_KEY, Server


def another(own_servers, server, **settings):
    """A server of the same database with a directory of its own, not started."""
    directory = own_servers.directory / fresh("another")
    made = Server(directory, server.database, **settings)
    own_servers.made.append(made)
    Server.all_alive.append(made)
    return made


def test_a_second_server_is_refused_beside_the_load_of_the_first(own_servers):
    server = own_servers.start()
    load = Load(server)
    same_directory = Server(server.directory, server.database)
    same_database = another(own_servers, server)

    async def start_others(load):
        await load.more_answers(50)
        for _ in range(2 * ROUNDS):
            done = await asyncio.to_thread(
                same_directory.cli, "serve", "--listen", "127.0.0.1:0", check=False
            )
            assert done.returncode == 1, done
            assert f"in use by process {server.process.pid}" in done.stderr, done
            done = await asyncio.to_thread(
                same_database.cli, "serve", "--listen", "127.0.0.1:0", check=False
            )
            assert done.returncode == 1, done
            assert str(same_database.data) in done.stderr and "--new-journal" in done.stderr, done
        await load.more_answers(50)

    load.run(server, start_others, pause_seconds=0.01)
    assert set(load.statuses()) <= {200, 201, 402}
    load.prove(server)


def test_a_server_that_is_replaced_ends_before_its_successor_answers(own_servers):
    server = own_servers.start(FAREGATE_DURABILITY="postgres")
    load = Load(server)
    for _ in range(2 * ROUNDS):
        successor = another(own_servers, server, FAREGATE_DURABILITY="postgres")
        last_answer_at = 0

        async def replace(load):
            nonlocal last_answer_at
            await load.more_answers(100)
            successor.start("--new-journal", wait=False)
            while server.process.poll() is None:
                before = len(load.answered(load.current))
                await asyncio.sleep(0.005)
                if len(load.answered(load.current)) > before:
                    last_answer_at = time.monotonic()

        load.run(server, replace, pause_seconds=0.01)
        assert server.wait_end() == 3, server.log()
        assert "another server has taken over" in server.log()
        successor.wait_ready()
        assert time.monotonic() > last_answer_at
        # Every answer was committed in PostgreSQL under the old epoch, so the successor knows it.
        load.prove(successor)
        server = successor


def stop(server):
    """SIGSTOP, and waits until every thread stands."""
    server.process.send_signal(signal.SIGSTOP)

    def stands(task):
        status = Path(f"/proc/{task}/status").read_text()
        return "\nState:\tT" in status

    eventually(lambda: all(map(stands, tasks(server.process.pid))), "the server stands still")


def stop_between_transactions(server):
    """Of one that is stopped in the middle of a transaction, PostgreSQL keeps the locks until its
    idle_in_transaction_session_timeout, a minute; a successor waits for that."""
    sessions = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
    )

    def stopped():
        stop(server)
        # What runs ends, and shows whether it was the last of its transaction.
        for _ in range(20):
            if server.database.value(sessions) == "0":
                return True
        server.process.send_signal(signal.SIGCONT)
        return False

    eventually(stopped, "the server stands still between two transactions")


class RawClient:
    """A connection that is written to and read from by hand."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS)

    def send(self, method, path, body=None):
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + content)

    def answer(self):
        """The first bytes of the next answer; nothing if the connection ended."""
        with contextlib.suppress(ConnectionResetError):
            return self.socket.recv(1 << 16)
        return b""

    def everything(self):
        """All that comes until the end of the connection."""
        received = b""
        while chunk := self.answer():
            received += chunk
        return received

    def has_answer(self):
        return bool(select.select([self.socket], [], [], 0)[0])


def requests_for(wallet, hold):
    line = {"asset": "USD", "amount": "0.5"}
    return [
        ("POST", "/v1/debits", {"wallet": wallet, **line}),
        ("POST", "/v1/authorize", {"wallet": wallet, **line}),
        ("POST", "/v1/authorize", {"wallet": wallet, "asset": "USD", "amount": "1000000"}),
        ("POST", f"/v1/authorizations/{hold}/capture", {}),
        ("POST", f"/v1/authorizations/{hold}/void", {}),
        ("POST", f"/v1/wallets/{wallet}/grants", line),
        ("POST", "/v1/wallets", {}),
        ("POST", "/v1/batch", {"operations": [{"op": "debit", "wallet": wallet, **line}]}),
        ("PATCH", f"/v1/wallets/{wallet}", {"status": "frozen"}),
        ("GET", f"/v1/wallets/{wallet}", None),
        ("GET", f"/v1/authorizations/{hold}", None),
        ("GET", f"/v1/wallets/{wallet}/entries", None),
        ("GET", "/v1/audit", None),
    ]


def statuses_of(received):
    """The status of each answer in a stream of them."""
    parts = received.decode(errors="replace").split("HTTP/1.1 ")[1:]
    return [int(part[:3]) for part in parts]


# A server that was stopped, replaced and woken acknowledged what was in its sockets for up to a
# second, until it asked PostgreSQL.
@pytest.mark.timeout(1800)
def test_a_server_that_was_stopped_and_replaced_answers_nothing_when_it_wakes(own_servers):
    server = own_servers.start()
    load = Load(server)
    dice = random.Random(ROUNDS)
    others = []
    for _ in range(2 * ROUNDS):
        api = server.api()
        wallet = api.wallet(grant="100")
        others.append(wallet)
        requests = requests_for(wallet, api.hold(wallet, "1")["id"])
        clients = [RawClient(server) for _ in requests]
        for client in clients:
            client.send("GET", f"/v1/wallets/{wallet}")
            assert statuses_of(client.answer()) == [200]
        successor = another(own_servers, server)
        late = []

        async def stop_replace_and_wake(load):
            await load.more_answers(dice.randrange(20, 200))
            await asyncio.to_thread(stop_between_transactions, server)
            half = len(requests) // 2
            for client, request in zip(clients[:half], requests[:half]):
                client.send(*request)
            await asyncio.sleep(dice.random())
            await asyncio.to_thread(successor.start, "--new-journal")
            for client, request in zip(clients[half:], requests[half:]):
                client.send(*request)
            # And connections that nobody accepted yet.
            for request in requests:
                late.append(RawClient(server))
                late[-1].send(*request)
            await asyncio.sleep(dice.random())
            assert not any(client.has_answer() for client in clients)
            server.process.send_signal(signal.SIGCONT)
            await load.until_end(server)

        # The load is to be found again at the successor. The others wait for the journal only,
        # which the old server could still write.
        headers = {"Faregate-Durability": "postgres"}
        load.run(server, stop_replace_and_wake, pause_seconds=0.01, headers=headers)
        assert server.wait_end() == 3, server.log()
        for client in clients + late:
            statuses = statuses_of(client.everything())
            assert set(statuses) <= {503}, statuses
        assert successor.api().available(wallet) == "99"
        # The load's own last answers may have left late, as on a slow network: what they say was
        # committed before.
        load.prove(successor, others=others)
        server = successor


def test_a_server_that_was_stopped_and_not_replaced_answers_what_waited(own_servers):
    server = own_servers.start()
    load = Load(server)
    api = server.api()
    wallet = api.wallet(grant="100")
    clients = [RawClient(server) for _ in range(5)]

    async def stop_and_wake(load):
        await load.more_answers(50)
        await asyncio.to_thread(stop, server)
        for client in clients:
            body = {"wallet": wallet, "asset": "USD", "amount": "1"}
            client.send("POST", "/v1/debits", body)
        # Longer than what a running server may be held up without a doubt.
        await asyncio.sleep(3)
        server.process.send_signal(signal.SIGCONT)
        await load.more_answers(50)

    load.run(server, stop_and_wake, pause_seconds=0.01)
    assert set(load.statuses()) <= {200, 201, 402}
    assert [statuses_of(client.answer()) for client in clients] == [[201]] * len(clients)
    assert api.available(wallet) == "95"
    assert metric(api, "faregate_database_up") == 1
    load.prove(server, others=[wallet])
