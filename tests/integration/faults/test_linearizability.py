"""Whatever many clients are told about one wallet, one request at a time could have told them, in
an order that agrees with the clock: also when the server is killed in between."""

import asyncio
import random
import time

import pytest

from support.client import crowd, fresh
from support.history import NO_ANSWER, History
from support.linearizability import check_lsn_order, linearize
from support.lossy_disk import build_lossy_disk
from support.restarts import Restarts, write_summary
from support.wallet_specification import WalletState, is_read, perform

CLIENTS = 24
WALLETS = 3
GRANT = 12
CALLS_PER_CLIENT = 40
QUIET_ROUNDS = 6
KILL_ROUNDS = {"of_the_process": 5, "of_power": 2}

WEIGHTS = {
    "authorize": 20,
    "capture": 14,
    "void": 8,
    "increment": 6,
    "debit": 12,
    "grant": 12,
    "read": 18,
    "read_hold": 8,
}


class Client:
    """One client of all wallets. Its amounts are as large as what the wallets have, so that most
    answers depend on what others did just before."""

    def __init__(self, histories, restarts, seed):
        self.histories = histories
        self.restarts = restarts
        self.dice = random.Random(seed)
        self.reused = 0

    async def run(self, connection):
        for _ in range(CALLS_PER_CLIENT):
            history = self.dice.choice(self.histories)
            call = self.next_call(history)
            await self.send(connection, call)
            if call.reply is None:
                await self.restarts.up.wait()
                # Every other one is left alone: its outcome stays unknown.
                if self.dice.random() < 0.5:
                    await call.send(connection)
            if call.reply is None:
                continue
            history.learn(call)
            if call.key is not None and self.dice.random() < 0.1:
                await call.send(connection)
            if call.request.amount is not None and self.dice.random() < 0.1:
                await self.reuse_key(connection, call)

    async def send(self, connection, call):
        if call.key is not None and self.dice.random() < 0.15:
            await asyncio.gather(call.send(connection), call.send(connection))
        else:
            await call.send(connection)

    async def reuse_key(self, connection, call):
        """The same key with another body is refused. It is not in the history: had it an effect,
        nothing would explain that."""
        body = {**call.body, "amount": str(call.request.amount + 1)}
        try:
            reply = await connection.post(call.path, body, key=call.key)
        except NO_ANSWER:
            return
        reply.problem(422, "idempotency_key_reused")
        self.reused += 1

    def next_call(self, history):
        (kind,) = self.dice.choices(list(WEIGHTS), WEIGHTS.values())
        amount = self.dice.randrange(1, 7)
        if kind in ("read", "grant", "debit"):
            return history.call(kind, None if kind == "read" else amount)
        if kind == "authorize" or not history.ids:
            return history.call("authorize", amount)
        # One of the newest, which others are after, too.
        hold = self.dice.choice(list(history.ids)[-4:])
        if kind in ("void", "read_hold"):
            return history.call(kind, hold=hold)
        if kind == "increment":
            return history.call(kind, amount, hold)
        whole = self.dice.random() < 0.3
        final = self.dice.random() < 0.5
        return history.call(kind, None if whole else amount, hold, final)


async def start_history(connection):
    history = History(fresh("wallet"))
    (await connection.post("/v1/wallets", {"id": history.wallet})).expect(201)
    await history.call("grant", GRANT).send(connection)
    return history


def play(server, seed, kills=()):
    """Runs one round on fresh wallets, with a kill each time that so many calls were answered.
    Returns the histories, and how many keys came with another body."""
    (histories,) = crowd(server, [start_histories])
    restarts = Restarts(server)
    clients = [Client(histories, restarts, seed * 1000 + number) for number in range(CLIENTS)]
    dice = random.Random(seed)

    def answered():
        return sum(bool(call.answers) for history in histories for call in history.calls)

    async def killer(connection):
        for calls, start_ups in kills:
            while answered() < calls:
                server.assert_alive()
                await asyncio.sleep(0.001)
            await asyncio.sleep(dice.random() * 0.01)
            await restarts.kill(start_ups)

    crowd(server, [*(client.run for client in clients), killer], sockets=2)
    assert restarts.count >= len(kills)
    return histories, sum(client.reused for client in clients)


async def start_histories(connection):
    return [await start_history(connection) for _ in range(WALLETS)]


def check(operations):
    assert linearize(operations, WalletState(), perform)
    return len(operations)


def check_lsns(history):
    operations = history.operations_with_lsn()
    check_lsn_order(operations, WalletState(), perform, is_read)
    return len(operations)


def kinds_of_answers(histories):
    return {
        (operation.request.kind, operation.outcome[0])
        for history in histories
        for operation in history.operations()
        if operation.answered and not is_read(operation.request)
    }


EVERY_ANSWER = {
    ("grant", "accepted"),
    ("debit", "accepted"),
    ("debit", "declined"),
    ("authorize", "accepted"),
    ("authorize", "declined"),
    ("capture", "accepted"),
    ("capture", "ended"),
    ("void", "accepted"),
    ("void", "ended"),
    ("increment", "accepted"),
    ("increment", "declined"),
    ("increment", "ended"),
}


@pytest.fixture(scope="module")
def numbers():
    """What the tests of this file counted."""
    numbers = {}
    yield numbers
    write_summary("linearizability", **numbers)


def test_the_answers_of_many_clients_are_linearizable(server, numbers):
    begin = time.monotonic()
    searched = by_lsn = reused = 0
    seen = set()
    for round in range(QUIET_ROUNDS):
        histories, keys = play(server, seed=round)
        reused += keys
        seen |= kinds_of_answers(histories)
        for history in histories:
            searched += check(history.operations())
            by_lsn += check_lsns(history)
    assert seen == EVERY_ANSWER
    assert reused > 0
    server.api().audit()
    numbers["without_kill"] = {
        "operations_searched": searched,
        "operations_in_lsn_order": by_lsn,
        "seconds": seconds_since(begin),
    }


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("loss", KILL_ROUNDS)
def test_the_answers_of_many_clients_are_linearizable_across_kill_9(
    own_servers, numbers, tmp_path, loss
):
    server = own_servers.start()
    if loss == "of_power":
        server.stop()
        server.settings.update(LD_PRELOAD=build_lossy_disk(tmp_path), LOSSY_DISK_SYNC_MS=5)
        server.start()
    begin = time.monotonic()
    searched = by_lsn = unknown = effective = 0
    dice = random.Random(loss)
    for round in range(KILL_ROUNDS[loss]):
        start_ups = [dice.random() * 0.2] if round % 3 == 1 else []
        kills = [(dice.randrange(150, 350), []), (dice.randrange(450, 700), start_ups)]
        histories, _ = play(server, seed=100 + round, kills=kills)
        for history in histories:
            operations = history.operations()
            searched += check(operations)
            unknown += sum(not operation.answered for operation in operations)
        # Now the clients that had not come back do, and hear what had become of their calls.
        (late,) = crowd(server, [lambda connection: come_back(connection, histories)])
        effective += late
        for history in histories:
            check(history.operations())
            by_lsn += check_lsns(history)
    assert unknown > 0
    server.api().audit()
    server.stop()
    server.cli("verify")
    numbers[f"across_loss_{loss}"] = {
        "rounds_of_two_kills": KILL_ROUNDS[loss],
        "operations_searched": searched,
        "operations_in_lsn_order": by_lsn,
        "unknown_outcomes": unknown,
        "of_these_had_taken_effect": effective,
        "seconds": seconds_since(begin),
    }


async def come_back(connection, histories):
    """Repeats every call without an answer, and reads the wallets once more. Returns how many
    calls had taken effect."""
    effective = 0
    for history in histories:
        for call in history.calls:
            if call.attempts and not call.answers and call.key is not None:
                assert await call.send(connection)
                effective += call.reply.replayed
        await history.call("read").send(connection)
    return effective


def seconds_since(begin):
    return round(time.monotonic() - begin, 1)
