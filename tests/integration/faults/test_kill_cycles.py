"""The server is killed again and again under mixed load, and everything it ever answered is there
exactly once.

FAREGATE_KILL_CYCLES is how often; 100 if it is not set. What happened stands in
build/log/kill-cycles.json.
"""

import asyncio
import os
import random
import time
from collections import Counter

import pytest

from support.books import SUCCESS, effects, expected_accounts, is_effective, recorded_effects
from support.busy_load import BusyClient, repeat_all
from support.client import crowd
from support.load import recorded_ledger
from support.lossy_disk import build_lossy_disk
from support.money import text, total
from support.restarts import kill_start_up, write_summary

CYCLES = int(os.environ.get("FAREGATE_KILL_CYCLES", "100"))
CONNECTIONS = 12
WALLETS = 8
GRANT = "5000"
SYNC_MS = 3


class KillCycles:
    """The server, its clients, and what was counted."""

    def __init__(self, server, lossy_disk):
        self.server = server
        self.lossy_disk = lossy_disk
        self.dice = random.Random(CYCLES)
        api = server.api()
        self.wallets = [api.wallet(grant=GRANT) for _ in range(WALLETS)]
        self.clients = [BusyClient(f"c{i}", self.wallets, seed=i) for i in range(CONNECTIONS)]
        self.lsn = max(api.get(f"/v1/wallets/{id}").json["lsn"] for id in self.wallets)
        self.full_check_from = [0] * CONNECTIONS
        self.start_seconds = 0.2
        self.counts = Counter()
        self.lost, self.doubled, self.wrong = [], [], []

    def all_sent(self):
        return [sent for client in self.clients for sent in client.sent]

    # ---- one cycle

    def kill_under_load(self):
        begun = [len(client.sent) for client in self.clients]
        goal = sum(client.answers for client in self.clients) + self.dice.randrange(20, 350)
        pause = self.dice.random() * 0.005

        async def killer(connection):
            while sum(client.answers for client in self.clients) < goal:
                self.server.assert_alive()
                await asyncio.sleep(0.002)
            await asyncio.sleep(pause)
            self.server.process.kill()

        crowd(self.server, [*(client.run for client in self.clients), killer], sockets=2)
        self.server.wait_end()
        new = [sent for client, i in zip(self.clients, begun) for sent in client.sent[i:]]
        self.counts["kills"] += 1
        self.counts["answers"] += sum(sent.reply is not None for sent in new)
        self.counts["acknowledged"] += sum(is_effective(sent) for sent in new)
        return begun

    def start_again(self, cycle):
        """Most starts are short. After a loss of power, or after a start that was cut short, the
        server waits some seconds for a predecessor that might still run."""
        # Now and then a server loses with its life what it had written and not synced.
        lossy = {"LD_PRELOAD": self.lossy_disk, "LOSSY_DISK_SYNC_MS": SYNC_MS}
        if cycle % 10 == 4:
            self.server.settings.update(lossy)
            self.counts["losses_of_power"] += 1
        else:
            for name in lossy:
                self.server.settings.pop(name, None)
        if cycle % 8 == 3:
            for _ in range(self.dice.randrange(1, 4)):
                kill_start_up(self.server, self.dice.random() * self.start_seconds * 1.2)
                self.counts["kills_during_start_up"] += 1
        begin = time.monotonic()
        self.server.start()
        self.start_seconds = min(time.monotonic() - begin, 1)

    def settle(self):
        """Every client comes back and hears what became of its unanswered requests."""
        settled = crowd(self.server, [client.settle for client in self.clients])
        self.counts["unanswered"] += sum(map(sum, settled))
        self.counts["unanswered_but_executed"] += sum(executed for executed, _ in settled)

    def compare_entries(self, begun):
        """The entries since the last comparison are those that the answers tell of: none is
        missing, and there is none that nobody was told of."""
        new = [sent for client, i in zip(self.clients, begun) for sent in client.sent[i:]]
        expected = effects(new)
        newest = max([self.lsn, *(sent.reply.json["lsn"] for sent in new if is_effective(sent))])
        self.server.wait_applied(newest)
        recorded = recorded_effects(self.server.database, self.lsn)
        self.lsn = newest
        self.lost += sorted(expected.keys() - recorded.keys())
        self.doubled += sorted(recorded.keys() - expected.keys())
        self.wrong += [
            (lsn, expected[lsn], recorded[lsn])
            for lsn in expected.keys() & recorded.keys()
            if expected[lsn] != recorded[lsn]
        ]
        assert (self.lost, self.doubled, self.wrong) == ([], [], [])

    # ---- all books

    def compare_everything(self):
        """What the answers add up to, the wallets, the ledger in SQL, the audits."""
        accounts, holds = expected_accounts(self.all_sent(), dict.fromkeys(self.wallets, GRANT))
        api = self.server.api()
        for wallet, expected in accounts.items():
            found = api.account(wallet)
            for name in ("posted", "held", "available"):
                assert found[name] == expected[name], f"{wallet} has {found}, expected {expected}"
        totals, recorded_holds = recorded_ledger(self.server.database)
        assert recorded_holds == holds
        assert totals == {
            wallet: {name: account[name] for name in ("issued", "revenue")}
            for wallet, account in accounts.items()
        }
        audit = api.audit()
        (usd,) = [each for each in audit["assets"] if each["asset"] == "USD"]
        for name in ("issued", "revenue", "posted", "held", "breakage"):
            assert usd[name] == text(total(account[name] for account in accounts.values())), name
        self.server.cli("verify")
        self.counts["full_checks"] += 1

    def repeat_since_last_time(self):
        for i, client in enumerate(self.clients):
            self.counts["repeated"] += repeat_all(
                self.server, client.sent[self.full_check_from[i] :]
            )
            self.full_check_from[i] = len(client.sent)

    def summary(self):
        kinds = Counter()
        for client in self.clients:
            kinds.update(client.counts)
        effective = Counter(sent.op for sent in self.all_sent() if is_effective(sent))
        return {
            **self.counts,
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "wrong": len(self.wrong),
            "mutations": dict(effective),
            **kinds,
        }


@pytest.mark.timeout(3600)
def test_what_was_answered_is_there_exactly_once_after_every_kill(own_servers, tmp_path):
    begin = time.monotonic()
    cycles = KillCycles(own_servers.start(), build_lossy_disk(tmp_path))
    done = 0
    try:
        for cycle in range(1, CYCLES + 1):
            begun = cycles.kill_under_load()
            cycles.start_again(cycle)
            cycles.settle()
            cycles.compare_entries(begun)
            done = cycle
            if cycle % 10 == 0 or cycle == CYCLES:
                cycles.compare_everything()
                cycles.repeat_since_last_time()
        # Nothing of all that repeating has left a trace, and the oldest answers are still known.
        cycles.counts["repeated"] += repeat_all(cycles.server, cycles.all_sent())
        cycles.compare_everything()
        cycles.server.stop()
        cycles.server.cli("verify")
    finally:
        write_summary(
            "kill-cycles",
            cycles=done,
            **cycles.summary(),
            seconds=round(time.monotonic() - begin, 1),
        )
    if CYCLES >= 10:
        assert cycles.counts["acknowledged"] > 20 * CYCLES
        assert cycles.counts["unanswered"] > CYCLES
        statuses = Counter(sent.reply.status for sent in cycles.all_sent())
        assert statuses.keys() >= {*SUCCESS, 402, 409}
