"""Load that a fault hits, and the proof that it did no harm: everything that was answered is there
exactly once, and of what was not answered there is nothing or one effect."""

import asyncio
import os
import time
from collections import Counter

from support.client import crowd, fresh
from support.load import Client, expected_ledger, recorded_ledger
from support.metrics import metric
from support.poll import PATIENCE_SECONDS

CONNECTIONS = 8
GRANT = "5000"

# More of everything, for a night: FAREGATE_FAULT_ROUNDS=20.
ROUNDS = int(os.environ.get("FAREGATE_FAULT_ROUNDS", "1"))


class Load:
    """Clients on some wallets of one server, and all that they ever sent."""

    def __init__(self, server, wallets=4):
        api = server.api()
        self.granted = {api.wallet(grant=GRANT): GRANT for _ in range(wallets)}
        self.clients = []
        self.current = []

    def new_clients(self, count=CONNECTIONS):
        wallets = list(self.granted)
        self.current = [
            Client(fresh("client"), wallets, seed=len(self.clients) + i) for i in range(count)
        ]
        self.clients += self.current

    def run(self, server, fault, count=CONNECTIONS, pause_seconds=0, headers=None):
        """Runs new clients while `fault(self)`, a coroutine function, does its worst. The load ends
        when that returns, or when the server ends. A pause between the requests of a client keeps
        the load of a long fault small enough to be sent again."""
        self.new_clients(count)

        def runner(client):
            return lambda connection: client.run(Paced(connection, pause_seconds, headers))

        async def spoil(_):
            try:
                await fault(self)
            finally:
                for client in self.current:
                    client.stopping = True

        crowd(server, [*map(runner, self.current), spoil])

    def answered(self, clients=None):
        """The requests that got an answer which claims a state."""
        return [
            sent
            for client in (self.clients if clients is None else clients)
            for sent in client.sent
            if sent.reply is not None and sent.reply.status in (200, 201, 402)
        ]

    def statuses(self):
        """How often the clients of the last run got which answer; None is none at all."""
        return Counter(
            sent.reply.status if sent.reply is not None else None
            for client in self.current
            for sent in client.sent
        )

    def last_lsn(self):
        return max((sent.reply.json.get("lsn", 0) for sent in self.answered()), default=0)

    async def more_answers(self, count, server=None):
        """Waits until so many more came. If `server` is given, its end is as good."""
        wanted = len(self.answered(self.current)) + count
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.answered(self.current)) < wanted:
            if server is not None and server.process.poll() is not None:
                return
            assert time.monotonic() < deadline, f"no more answers: {self.statuses()}"
            await asyncio.sleep(0.005)

    async def until_end(self, server):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while server.process.poll() is None:
            assert time.monotonic() < deadline, f"the server goes on: {self.statuses()}"
            await asyncio.sleep(0.005)

    def settle(self, server):
        """Sends everything again, each client's requests in their order. What was answered is
        answered the same, byte for byte; what was refused was not executed; the rest gets its
        answer now."""

        def repeater(client):
            async def run(connection):
                for sent in client.sent:
                    again = await connection.post(sent.path, sent.body, key=sent.key)
                    first = sent.reply
                    assert again.status in (200, 201, 402), f"{again}, and first {first}"
                    if first is not None and first.status != 504:
                        refused = first.status == 503
                        assert again.replayed != refused, f"first {first}, then {again}"
                        if not refused:
                            assert (again.status, again.content) == (first.status, first.content)
                    sent.reply = again

            return run

        if self.clients:
            crowd(server, [repeater(client) for client in self.clients])

    def prove(self, server, others=()):
        """The ledger in PostgreSQL is what the answers say, once; audit and verify are clean.
        `others` are wallets that the load knows nothing of."""
        self.settle(server)
        api = server.api()
        server.wait_applied(int(metric(api, "faregate_durable_lsn")))
        sent = [sent for client in self.clients for sent in client.sent]
        lsns = {sent.reply.json["lsn"] for sent in sent if sent.reply.status in (200, 201)}
        assert len(lsns) == sum(sent.reply.status in (200, 201) for sent in sent)
        wallets, holds = recorded_ledger(server.database)
        for row in server.database.rows("SELECT id, wallet FROM authorizations"):
            if row["wallet"] in others:
                del holds[row["id"]]
        for wallet in others:
            del wallets[wallet]
        assert (wallets, holds) == expected_ledger(sent, self.granted)
        doubled = server.database.rows(
            "SELECT lsn, sequence FROM entries GROUP BY lsn, sequence HAVING count(*) <> 1"
        )
        assert doubled == []
        api.audit()
        server.cli("verify")


class Paced:
    """A connection that takes a breath before each request, and adds headers to it."""

    def __init__(self, connection, pause_seconds, headers):
        self.connection = connection
        self.pause_seconds = pause_seconds
        self.headers = headers

    async def post(self, *arguments, **options):
        await asyncio.sleep(self.pause_seconds)
        return await self.connection.post(*arguments, headers=self.headers, **options)


def postings_of_the_journal(server):
    return {
        (record["lsn"], sequence)
        for record in server.journal()
        for sequence in range(len(record.get("postings", [])))
    }


def postings_of_the_database(server):
    rows = server.database.rows("SELECT lsn, sequence FROM entries")
    return {(int(row["lsn"]), int(row["sequence"])) for row in rows}
