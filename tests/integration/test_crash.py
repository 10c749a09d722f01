"""What a client was told stays true, whatever moment the process dies at."""

import asyncio
import subprocess

import pytest

from conftest import create_assets
from support.client import crowd
from support.load import Client, expected_ledger, recorded_ledger
from support.lossy_disk import build_lossy_disk

CONNECTIONS = 16
GRANT = "5000"


def load_until_killed(server, clients, answers):
    """Runs the clients, and kills the server in the middle once they have so many answers."""

    async def killer(connection):
        while sum(len(client.sent) for client in clients) < answers:
            await asyncio.sleep(0.005)
        server.process.kill()

    crowd(server, [*(client.run for client in clients), killer])
    server.wait_end()


def repeat(server, clients):
    """Sends everything again, each client's requests in their order. An answer that was received
    must come again, byte for byte; one that was not is new or a replay, and is recorded."""

    def repeater(client):
        async def run(connection):
            for sent in client.sent:
                again = await connection.post(sent.path, sent.body, key=sent.key)
                if sent.reply is None:
                    sent.reply = again
                    client.learn(sent)
                    continue
                assert again.replayed, f"executed a second time: {again}"
                assert (again.status, again.content) == (sent.reply.status, sent.reply.content)

        return run

    crowd(server, [repeater(client) for client in clients])


def check_answers_hold(api, clients):
    """Before anything is repeated: the state is at least what the answers say."""
    for client in clients:
        last = {}
        for sent in client.sent:
            if (
                sent.reply is not None
                and sent.reply.status in (200, 201)
                and "status" in sent.reply.json
            ):
                if sent.reply.json["id"].startswith("auth_"):
                    last[sent.reply.json["id"]] = sent
        unanswered = client.sent[-1].path if client.sent[-1].reply is None else ""
        for id, sent in list(last.items())[-20:]:
            if id in unanswered:
                continue
            now = api.authorization(id)
            for member in ("status", "expires_at", "created_at"):
                assert now[member] == sent.reply.json[member], f"{sent.reply} and now {now}"
            (then,) = sent.reply.json["amounts"]
            for member in ("authorized", "captured", "held"):
                assert now["amounts"][0][member] == then[member], f"{sent.reply} and now {now}"


@pytest.mark.timeout(600)
def test_after_kill_9_every_answer_holds_and_repeating_doubles_nothing(own_servers):
    server = own_servers.start()
    api = server.api()
    wallets = [api.wallet(grant=GRANT) for _ in range(6)]
    clients = []
    for round in range(3):
        new = [
            Client(f"round{round}-{i}", wallets, seed=round * 1000 + i) for i in range(CONNECTIONS)
        ]
        # The first kill hits a young journal, the last one a journal of three servers.
        load_until_killed(server, new, answers=300 + 400 * round)
        clients += new
        answered = [sent for client in new for sent in client.sent if sent.reply is not None]
        assert {sent.reply.status for sent in answered} >= {200, 201, 402}
        server.start()
        check_answers_hold(server.api(), new)
        repeat(server, clients)

    api = server.api()
    sent = [sent for client in clients for sent in client.sent]
    repeat(server, clients)
    server.wait_applied(max(sent.reply.json.get("lsn", 0) for sent in sent))
    assert recorded_ledger(server.database) == expected_ledger(sent, dict.fromkeys(wallets, GRANT))
    doubled = server.database.rows(
        "SELECT lsn, sequence FROM entries GROUP BY lsn, sequence HAVING count(*) > 1"
    )
    assert doubled == []
    api.audit()
    server.cli("verify")


@pytest.fixture(scope="module")
def lossy_disk(tmp_path_factory):
    """A library that makes a kill lose whatever was written and not synced."""
    return build_lossy_disk(tmp_path_factory.mktemp("lossy"))


def test_no_answer_leaves_before_the_disk_has_it(own_servers, lossy_disk):
    server = own_servers.make(LD_PRELOAD=lossy_disk, LOSSY_DISK_SYNC_MS=20).start()
    create_assets(server.api())
    wallets = [server.api().wallet(grant=GRANT) for _ in range(3)]
    clients = []
    for turn in range(3):
        new = [Client(f"turn{turn}-{i}", wallets, seed=turn * 100 + i) for i in range(CONNECTIONS)]
        load_until_killed(server, new, answers=400)
        clients += new
        server.start()
        check_answers_hold(server.api(), new)
        repeat(server, clients)
    server.api().audit()
    server.stop()
    server.cli("verify")


def test_kill_9_at_every_stage_of_start_up_loses_nothing(own_servers):
    server = own_servers.start()
    wallet = server.api().wallet(grant="100")
    holds = [server.api().hold(wallet, "1", key=f"key-{i}") for i in range(10)]
    server.kill()
    for pause in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4):
        server.start(wait=False)
        try:
            server.process.wait(timeout=pause)
        except subprocess.TimeoutExpired:
            server.kill()
    server.start()
    api = server.api()
    assert [api.authorization(hold["id"])["status"] for hold in holds] == ["authorized"] * 10
    assert api.available(wallet) == "90"
    api.audit()
