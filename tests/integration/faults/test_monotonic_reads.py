"""What a client has read stays read: no client sees an older state afterwards, through restarts and
kills that lose everything that was not synced."""

import asyncio
import itertools
import random

import pytest

from support.client import crowd
from support.history import ASSET, NO_ANSWER
from support.lossy_disk import build_lossy_disk
from support.restarts import Restarts, write_summary

GRANT = 100_000
HOLD = 10_000
PAGE = 20
READS_BETWEEN = 40  # of each thing, before the server is ended again
POSTGRES = {"Faregate-Durability": "postgres"}


class Seen:
    """The newest that any client was told of one thing. A number that only grows stands for how
    new it is; a read has to show at least what had been seen when it was asked for."""

    def __init__(self, name):
        self.name = name
        self.newest = 0
        self.newest_postgres = 0  # the same of those who asked for this durability
        self.reads = 0

    def check(self, floor, value, postgres=False):
        assert value >= floor, f"{self.name}: {floor} had been seen, and then {value}"
        self.newest = max(self.newest, value)
        if postgres:
            self.newest_postgres = max(self.newest_postgres, value)
        self.reads += 1


class World:
    """One wallet that is only debited, another with one hold that is only captured from, and what
    was seen of them."""

    def __init__(self, server):
        self.server = server
        self.restarts = Restarts(server)
        self.over = False
        api = server.api()
        self.wallet = api.wallet(grant=GRANT, asset=ASSET)
        self.payer = api.wallet(grant=GRANT, asset=ASSET)
        self.hold = api.hold(self.payer, HOLD, ASSET, ttl_seconds=86400)["id"]
        self.keys = itertools.count()
        self.spent = Seen("what the wallet has spent")
        self.lsn = Seen("the LSN of the wallet")
        self.captured = Seen("what was captured")
        self.hold_lsn = Seen("the LSN of the hold")
        self.statement = Seen("the last LSN in the statement")
        self.balance = Seen("what the balances say is spent")
        self.entries = []  # the newest page that was seen of the statement

    def seen(self):
        return [each for each in vars(self).values() if isinstance(each, Seen)]

    def reads(self):
        return sum(each.reads for each in self.seen())

    # ---- writers

    async def debit(self, connection):
        body = {"wallet": self.wallet, "asset": ASSET, "amount": "1"}
        while not self.over:
            reply = await self.write(connection, "/v1/debits", body)
            # Whoever asks from now on sees this debit.
            self.spent.newest = max(
                self.spent.newest, GRANT - int(reply.json["amounts"][0]["available"])
            )
            self.lsn.newest = max(self.lsn.newest, reply.json["lsn"])

    async def capture(self, connection):
        path = f"/v1/authorizations/{self.hold}/capture"
        while not self.over:
            reply = await self.write(connection, path, {"amount": "1", "final": False})
            (line,) = reply.json["amounts"]
            self.captured.newest = max(self.captured.newest, int(line["captured"]))
            self.hold_lsn.newest = max(self.hold_lsn.newest, reply.json["lsn"])

    async def write(self, connection, path, body):
        """Until it is answered."""
        key = f"write-{next(self.keys)}"
        while True:
            await self.restarts.up.wait()
            try:
                reply = await connection.post(path, body, key=key)
            except NO_ANSWER:
                await self.let_others_read()
                continue
            assert reply.status in (200, 201), reply
            await asyncio.sleep(0.01)  # this is about the readers
            return reply

    async def let_others_read(self):
        """So that they see what the restart has left, before a repeated write mends it."""
        await self.restarts.up.wait()
        goal = self.reads() + READS_BETWEEN
        while self.reads() < goal and not self.over:
            await asyncio.sleep(0.002)

    # ---- readers

    def reader(self, read, *arguments):
        async def run(connection):
            while not self.over:
                await self.restarts.up.wait()
                try:
                    await read(connection, *arguments)
                except NO_ANSWER:
                    continue

        return run

    async def read_wallet(self, connection, headers):
        spent, lsn = self.spent.newest, self.lsn.newest
        body = (await connection.get(f"/v1/wallets/{self.wallet}", headers=headers)).expect(200)
        (account,) = body["accounts"]
        self.spent.check(spent, GRANT - int(account["posted"]))
        self.lsn.check(lsn, body["lsn"], headers is POSTGRES)

    async def read_hold(self, connection, headers):
        captured, lsn = self.captured.newest, self.hold_lsn.newest
        path = f"/v1/authorizations/{self.hold}"
        body = (await connection.get(path, headers=headers)).expect(200)
        (line,) = body["amounts"]
        self.captured.check(captured, int(line["captured"]))
        self.hold_lsn.check(lsn, body["lsn"], headers is POSTGRES)

    async def read_balances(self, connection, headers):
        spent = max(self.balance.newest, self.spent.newest)
        path = f"/v1/wallets/{self.wallet}/balances"
        body = (await connection.get(path, headers=headers)).expect(200)
        (account,) = body["balances"]
        self.balance.check(spent, GRANT - int(account["posted"]))
        self.spent.newest = max(self.spent.newest, self.balance.newest)

    async def read_statement(self, connection, headers):
        """Only grows at its new end, and has what anybody was told of the wallet before."""
        known, lsn = self.entries, max(self.statement.newest, self.lsn.newest)
        path = f"/v1/wallets/{self.wallet}/entries?limit={PAGE}"
        page = (await connection.get(path, headers=headers)).expect(200)["data"]
        page.reverse()  # the newest came first
        old = [entry for entry in page if known and entry["lsn"] <= known[-1]["lsn"]]
        assert old == known[len(known) - len(old) :], "the statement has changed where it was read"
        self.statement.check(lsn, page[-1]["lsn"], postgres=True)
        if not self.entries or page[-1]["lsn"] > self.entries[-1]["lsn"]:
            self.entries = page

    # ---- restarts

    async def end_again_and_again(self, ends, dice):
        """`ends` are of SIGTERM, kill -9, and kill -9 with a second one during the start."""
        try:
            for end in ends:
                goal = {each: each.reads + READS_BETWEEN for each in self.seen()}
                while any(each.reads < reads for each, reads in goal.items()):
                    self.server.assert_alive()
                    await asyncio.sleep(0.005)
                if end == "stop":
                    await self.restarts.stop()
                else:
                    await self.kill([dice.random() * 0.2] if end == "kill_twice" else [])
        finally:
            self.over = True
            self.restarts.up.set()

    async def kill(self, start_ups):
        """In between, PostgreSQL has what was read with its durability, or from it."""
        self.server.process.kill()
        self.restarts.up.clear()
        await asyncio.to_thread(self.server.process.wait)
        applied = await asyncio.to_thread(
            self.server.database.value, "SELECT max(applied_lsn) FROM journals"
        )
        promised = max(each.newest_postgres for each in self.seen())
        assert 0 < promised <= int(applied), f"LSN {promised} was read, {applied} is in PostgreSQL"
        await self.restarts.kill(start_ups)


@pytest.mark.timeout(1800)
def test_no_read_is_older_than_one_before_it_through_restarts(own_servers, tmp_path):
    lossy = build_lossy_disk(tmp_path)
    server = own_servers.start()
    server.stop()
    server.settings.update(LD_PRELOAD=lossy, LOSSY_DISK_SYNC_MS=10)
    server.start()
    world = World(server)
    dice = random.Random(7)
    ends = ["kill", "stop", "kill", "kill_twice"] * 2
    readers = [
        world.reader(read, headers)
        for read in (world.read_wallet, world.read_hold)
        for headers in (None, None, POSTGRES, POSTGRES)
    ]
    readers += [
        world.reader(read, headers)
        for read in (world.read_balances, world.read_statement)
        for headers in (None, POSTGRES)
    ]

    async def ender(connection):
        await world.end_again_and_again(ends, dice)

    crowd(server, [world.debit, world.debit, world.capture, world.capture, *readers, ender])

    api = server.api()
    assert GRANT - int(api.available(world.wallet, ASSET)) == world.spent.newest
    assert world.spent.newest == len(api.entries(world.wallet)) - 1
    api.audit()
    write_summary(
        "monotonic-reads",
        restarts=world.restarts.count,
        reads=world.reads(),
        debits=world.spent.newest,
        captures=world.captured.newest,
    )
