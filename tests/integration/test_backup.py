"""Backups of a running server, and what comes back from them after every sort of loss."""

import asyncio
import signal
import subprocess

from support.backup import (
    check_answers,
    check_money,
    cut_off,
    durable_lsn,
    ledger,
    let_in,
    lose_database,
    lose_directory,
    manifest,
    newest_file,
    owner,
    run_script,
    spend,
)
from support.client import crowd
from support.load import Client
from support.server import binary, clean_environment

CONNECTIONS = 8
GRANT = "5000"


def test_a_backup_under_load_brings_back_everything_that_was_acknowledged_before_it(
    own_servers, cluster, backup
):
    server = own_servers.start()
    wallets = [server.api().wallet(grant=GRANT) for _ in range(4)]
    clients = [Client(f"c{i}", wallets, seed=i) for i in range(CONNECTIONS)]
    acknowledged = []

    def answered():
        return [sent for client in clients for sent in client.sent if sent.reply is not None]

    async def operator(connection):
        while len(answered()) < 300:
            await asyncio.sleep(0.005)
        acknowledged.extend(answered())
        await asyncio.to_thread(run_script, "backup", server, backup)
        enough = len(answered()) + 100
        while len(answered()) < enough:
            await asyncio.sleep(0.005)
        for client in clients:
            client.stopping = True

    crowd(server, [*(client.run for client in clients), operator])
    server.kill()
    records = server.journal()
    lose_directory(server)
    lose_database(cluster, server.database)

    said = run_script("restore", server, backup).stdout
    assert "faregate serve" in said and manifest(backup)["last_lsn"] in said
    server.start()
    held = {sent.key: sent for sent in acknowledged}
    assert len(held) >= 300

    def repeater(client):
        async def run(connection):
            for sent in client.sent:
                if sent.key in held:
                    again = await connection.post(sent.path, sent.body, key=sent.key)
                    assert again.replayed, f"lost: {sent.reply}"
                    assert (again.status, again.content) == (sent.reply.status, sent.reply.content)

        return run

    crowd(server, [repeater(client) for client in clients])
    check_money(server)
    # What came back is a beginning of what was, record for record.
    last = int(manifest(backup)["last_lsn"])
    assert max(sent.reply.json.get("lsn", 0) for sent in acknowledged) <= last
    first = int(manifest(backup)["first_lsn"])
    expected = [record for record in records if first <= record["lsn"] <= last]
    assert [record for record in server.journal() if record["lsn"] <= last] == expected


def test_the_journal_is_copied_over_and_over_while_it_is_written(own_servers, backup):
    server = own_servers.start()
    wallets = [server.api().wallet(grant=GRANT) for _ in range(4)]
    clients = [Client(f"c{i}", wallets, seed=i) for i in range(CONNECTIONS)]
    backup.mkdir()

    def copy():
        durable = durable_lsn(server)
        server.cli("journal", "copy", "--to", backup / "journal")
        inspected = server.cli("journal", "inspect", FAREGATE_DATA_DIR=backup).stdout
        assert inspected.count("\n") >= durable
        return inspected

    async def operator(connection):
        try:
            before = ""
            for _ in range(15):
                now = await asyncio.to_thread(copy)
                assert now.startswith(before), "the copy does not go on where it ended"
                before = now
        finally:
            for client in clients:
                client.stopping = True

    crowd(server, [*(client.run for client in clients), operator])
    server.stop()
    server.cli("journal", "copy", "--to", backup / "journal")
    newest = newest_file(backup / "journal")
    assert newest.read_bytes() == (server.data / "journal" / newest.name).read_bytes()


def test_a_copy_that_is_killed_is_a_good_one_and_goes_on(own_servers, backup):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    backup.mkdir()
    for turn in range(12):
        spend(server, wallet, 20, f"turn{turn}")
        process = subprocess.Popen(
            [binary(), "journal", "copy", "--to", backup / "journal"],
            env=clean_environment(server.settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=0.004 * turn)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if (backup / "journal").exists():
            server.cli("journal", "inspect", FAREGATE_DATA_DIR=backup)
    server.cli("journal", "copy", "--to", backup / "journal")
    records = server.cli("journal", "inspect", FAREGATE_DATA_DIR=backup).stdout
    assert records == server.cli("journal", "inspect").stdout
    assert not list((backup / "journal").glob("*.tmp"))


def test_a_lost_database_is_caught_up_from_an_older_dump_and_the_journal(
    own_servers, cluster, backup
):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    before = spend(server, wallet, 20, "before")
    run_script("backup", server, backup)
    # The dump's epoch is older than the journal's newest by two servers.
    server.stop()
    server.start()
    server.kill()
    server.start()
    after = spend(server, wallet, 20, "after")
    there = ledger(server)
    epoch = int(owner(server)["epoch"])
    server.kill()
    lose_database(cluster, server.database)

    run_script("restore", server, "--only", "database", backup)
    assert int(owner(server)["epoch"]) < epoch
    assert int(owner(server)["applied_lsn"]) < there["lsn"]
    server.start()
    assert int(owner(server)["epoch"]) > epoch
    assert ledger(server) == there
    check_answers(server, wallet, "before", before)
    check_answers(server, wallet, "after", after)
    check_money(server)


def test_a_lost_journal_comes_back_with_what_postgres_had_not_got(own_servers, cluster, backup):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    run_script("backup", server, backup)
    cut_off(cluster, server.database)
    answers = spend(server, wallet, 20, "away")
    run_script("backup", server, "--journal-only", backup, FAREGATE_DATABASE_URL="")
    server.kill()
    lose_directory(server)
    let_in(cluster, server.database)
    assert int(owner(server)["applied_lsn"]) < answers[-1].json["lsn"]

    run_script("restore", server, "--only", "journal", backup)
    server.start()
    check_answers(server, wallet, "away", answers)
    check_money(server)


def test_a_copy_of_the_journal_that_is_behind_postgres_is_refused_with_what_to_do(
    own_servers, backup
):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    run_script("backup", server, backup)
    answers = spend(server, wallet, 20, "later")
    server.wait_applied(durable_lsn(server))
    there = ledger(server)
    server.kill()
    lose_directory(server)

    refused = run_script("restore", server, "--only", "journal", backup, check=False)
    assert refused.returncode == 1 and "--new-journal" in refused.stderr
    assert not (server.data / "journal").exists()
    # PostgreSQL alone has it all, and goes on.
    server.start("--new-journal")
    assert ledger(server) == there
    check_answers(server, wallet, "later", answers)
    check_money(server)


def test_copying_only_the_journal_brings_back_what_came_after_the_dump(
    own_servers, cluster, backup
):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    run_script("backup", server, backup)
    dumped = manifest(backup)
    turns = []
    for turn in range(3):
        turns.append(spend(server, wallet, 10, f"turn{turn}"))
        run_script("backup", server, "--journal-only", backup)
    assert manifest(backup)["applied_lsn"] == dumped["applied_lsn"]
    assert manifest(backup)["taken_at"] == dumped["taken_at"]
    assert int(manifest(backup)["last_lsn"]) >= turns[-1][-1].json["lsn"]
    server.kill()
    lose_directory(server)
    lose_database(cluster, server.database)
    run_script("restore", server, backup)
    server.start()
    for turn, answers in enumerate(turns):
        check_answers(server, wallet, f"turn{turn}", answers)
    check_money(server)


def test_the_state_at_an_earlier_lsn_comes_back(own_servers, cluster, backup):
    server = own_servers.start()
    wallet = server.api().wallet(grant="100")
    run_script("backup", server, backup)
    good = spend(server, wallet, 8, "good")
    (mistake,) = spend(server, wallet, 1, "mistake")
    run_script("backup", server, "--journal-only", backup)
    server.kill()
    lose_directory(server)
    lose_database(cluster, server.database)

    too_early = str(int(manifest(backup)["applied_lsn"]) - 1)
    refused = run_script("restore", server, "--up-to", too_early, backup, check=False)
    assert refused.returncode == 1 and "older backup" in refused.stderr
    run_script("restore", server, "--up-to", mistake.json["lsn"] - 1, backup)
    server.start()
    assert server.api().available(wallet) == "98"
    check_answers(server, wallet, "good", good)
    assert not spend(server, wallet, 1, "mistake")[0].replayed
    check_money(server)


def fill_a_file(api, wallet):
    """More than the 16 MiB of one journal file."""
    padding = {"padding": "p" * 16_000}
    operation = {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "0.01"}
    for _ in range(18):
        operations = [{**operation, "metadata": padding} for _ in range(60)]
        body = api.post("/v1/batch", {"operations": operations}).expect(200)
        assert {result["status"] for result in body["results"]} == {201}


def test_a_dump_that_is_older_than_the_kept_journal_is_refused_with_what_to_do(
    own_servers, cluster, backup
):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    run_script("backup", server, backup)
    fill_a_file(server.api(), wallet)
    answers = spend(server, wallet, 10, "later")
    run_script("backup", server, "--journal-only", backup)
    there = ledger(server)
    server.stop()
    lose_database(cluster, server.database)
    run_script("restore", server, "--only", "database", backup)
    # As the server does with files that were kept long enough.
    oldest = sorted((server.data / "journal").glob("*.journal"))[0]
    oldest.unlink()

    server.start(wait=False)
    assert server.wait_end() == 4
    said = server.log()
    assert "Restore a younger backup" in said and oldest.name < newest_file(oldest.parent).name
    assert f"only up to LSN {manifest(backup)['applied_lsn']}" in said
    # The backup's own journal goes back to the dump.
    lose_directory(server)
    run_script("restore", server, "--only", "journal", backup)
    server.start()
    assert ledger(server) == there
    check_answers(server, wallet, "later", answers)
    check_money(server)
