"""faregate verify --journal: what was changed by hand so well that all sums agree."""

import json

import pytest

from support.client import crowd
from support.load import Client
from support.metrics import metric


@pytest.fixture(scope="module")
def world(servers):
    """A stopped server with something of every sort, all of it in PostgreSQL."""
    server = servers.start()
    api = server.api()
    wallets = [api.wallet(grant="100") for _ in range(3)]
    clients = [Client(f"c{i}", wallets, seed=i) for i in range(4)]

    async def stopper(connection):
        for client in clients:
            while len(client.sent) < 40:
                await connection.get("/healthz")
        for client in clients:
            client.stopping = True

    crowd(server, [*(client.run for client in clients), stopper])
    api.update(wallets[0], overdraft_limits={"USD": "25"}, over_capture="reject")
    api.debit(wallets[1], "0.5", description="as it was", key="of-its-own").expect(201)
    server.wait_applied(int(metric(api, "faregate_durable_lsn")))
    server.stop()
    return server


def verify(server, *options):
    done = server.cli("verify", "--json", *options, check=False)
    body = json.loads(done.stdout)
    assert done.returncode == (0 if body["ok"] else 1)
    return body


def test_every_record_of_an_untouched_database_agrees(world):
    body = verify(world, "--journal")
    assert body["ok"], body
    records = world.journal()
    assert body["journal"]["records"] == len(records)
    assert body["journal"]["first_lsn"] == 1 and body["journal"]["last_lsn"] == len(records)
    postings = sum(len(record.get("postings", [])) for record in records)
    assert body["journal"]["entries"] == postings
    assert str(postings) in world.cli("verify", "--journal").stdout


CHANGES = {
    "entries": [
        # Two debits of one wallet change their amounts, and the sums stay.
        """WITH two AS (SELECT wallet, lsn, sequence, amount, row_number() OVER (ORDER BY lsn) AS n
               FROM entries WHERE debit_id IS NOT NULL AND wallet = (SELECT wallet FROM entries
                   WHERE debit_id IS NOT NULL GROUP BY wallet, grant_id
                   HAVING count(DISTINCT amount) > 1 LIMIT 1) ORDER BY lsn LIMIT 2)
           UPDATE entries e SET amount = o.amount FROM two t JOIN two o ON o.n = 3 - t.n
           WHERE e.wallet = t.wallet AND e.lsn = t.lsn AND e.sequence = t.sequence""",
    ],
    "wallets": ["UPDATE wallets SET over_capture = 'debt' WHERE over_capture = 'reject'"],
    "balances": ["UPDATE balances SET overdraft_limit = 26 WHERE overdraft_limit = 25"],
    "grants": [
        "UPDATE grants SET priority = 1 WHERE kind = 'promotional'",
        "UPDATE grants SET expires_at = now() + interval '1 year'",
    ],
    "debits": ["UPDATE debits SET description = 'changed' WHERE description = 'as it was'"],
    "idempotency_keys": ["UPDATE idempotency_keys SET receipt = receipt || '\\x00'"],
}


@pytest.mark.parametrize("table", CHANGES)
def test_a_change_that_nothing_in_the_tables_contradicts_is_named(world, cluster, table):
    for number, change in enumerate(CHANGES[table]):
        name = f"{world.database.name}-{table}-{number}"
        changed = cluster.create_database(name, world.database.name)
        changed.execute(change)
        settings = {"FAREGATE_DATABASE_URL": changed.url}
        done = world.cli("verify", "--json", "--journal", check=False, **settings)
        assert done.returncode == 1, done.stdout
        body = json.loads(done.stdout)
        named = [found["what"] for found in body["discrepancies"] if found["table"] == table]
        assert any("in the journal" in what for what in named), body


def test_the_rows_of_a_deleted_and_of_an_invented_debit_are_named(world, cluster):
    changed = cluster.create_database(f"{world.database.name}-debit", world.database.name)
    changed.execute(
        """DELETE FROM debits WHERE description = 'as it was';
           INSERT INTO debits SELECT id || 'x', wallet, at, null, null, lsn FROM debits LIMIT 1"""
    )
    settings = {"FAREGATE_DATABASE_URL": changed.url}
    done = world.cli("verify", "--json", "--journal", check=False, **settings)
    said = [found["what"] for found in json.loads(done.stdout)["discrepancies"]]
    assert any("is missing, and the journal has it" in what for what in said)
    assert any("is not in the journal" in what for what in said)


def test_the_journal_of_another_ledger_is_refused(world, own_servers):
    other = own_servers.start()
    other.stop()
    done = other.cli(
        "verify", "--journal", check=False, FAREGATE_DATABASE_URL=world.database.url
    )
    assert done.returncode == 2 and "FAREGATE_DATA_DIR" in done.stderr
