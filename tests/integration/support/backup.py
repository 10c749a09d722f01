"""scripts/backup and scripts/restore, and the losses that they are for."""

import json
import shutil
import subprocess
from collections import Counter
from decimal import Decimal

from support.metrics import metric
from support.postgres import ROOT, Database
from support.server import binary, clean_environment

LEDGER_TABLES = (
    "assets wallets balances grants authorizations authorization_lines hold_parts debits entries"
    " idempotency_keys"
).split()


def run_script(name, server, *arguments, check=True, **settings):
    """Runs scripts/NAME with the settings of `server`, as its operator would."""
    url = server.url if server.process is not None else "http://127.0.0.1:1"
    environment = {**server.settings, "FAREGATE_BINARY": binary(), "FAREGATE_URL": url, **settings}
    done = subprocess.run(
        [ROOT / "scripts" / name, *map(str, arguments)],
        env=clean_environment(environment),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if check:
        assert done.returncode == 0, f"{name} {arguments}:\n{done.stdout}{done.stderr}"
    return done


def manifest(directory):
    lines = (directory / "manifest").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def lose_database(cluster, database):
    """The database is gone, and an empty one stands in its place."""
    postgres = Database(cluster.url("postgres"))
    postgres.execute(f'DROP DATABASE "{database.name}" WITH (FORCE)')
    postgres.execute(f'CREATE DATABASE "{database.name}"')


def put_in_place(cluster, server, backup):
    """Restores the database beside that of a running server, and then puts it in its place."""
    restored = cluster.create_database(f"{server.database.name}-restored")
    settings = {"FAREGATE_DATABASE_URL": restored.url}
    run_script("restore", server, "--only", "database", backup, **settings)
    cluster.replace_database(server.database.name, restored.name)


def lose_directory(server):
    assert server.process is None, "the server runs"
    shutil.rmtree(server.data)


def cut_off(cluster, database):
    """PostgreSQL is away for this database; `let_in` ends it."""
    postgres = Database(cluster.url("postgres"))
    postgres.execute(f'ALTER DATABASE "{database.name}" WITH ALLOW_CONNECTIONS false')
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{database.name}'"
    )


def let_in(cluster, database):
    postgres = Database(cluster.url("postgres"))
    postgres.execute(f'ALTER DATABASE "{database.name}" WITH ALLOW_CONNECTIONS true')


# ---- what must be there again


def durable_lsn(server):
    return int(metric(server.api(), "faregate_durable_lsn"))


def spend(server, wallet, count, name):
    """Some answers that must hold, each under a key."""
    api = server.api()
    return [
        api.post(
            "/v1/debits", {"wallet": wallet, "asset": "USD", "amount": "0.25"}, key=f"{name}-{i}"
        )
        for i in range(count)
    ]


def check_answers(server, wallet, name, answers):
    """Every request gets its first answer again, byte for byte, and nothing is spent for it."""
    lsn = durable_lsn(server)
    for first, again in zip(answers, spend(server, wallet, len(answers), name), strict=True):
        assert again.replayed, f"forgotten: {first}"
        assert (again.status, again.content) == (first.status, first.content)
    assert durable_lsn(server) == lsn


def check_money(server):
    server.api().audit()
    server.wait_applied(durable_lsn(server))
    server.cli("verify")


def ledger(server):
    """The newest LSN and the rows of all tables, but for those that say who owns the database.
    Numbers are compared as numbers: how many zeros are behind the point depends on the batches."""
    server.wait_applied(durable_lsn(server))
    tables = {}
    for table in LEDGER_TABLES:
        rows = server.database.rows(f"SELECT to_jsonb(t) AS row FROM {table} t")
        tables[table] = Counter(
            frozenset(json.loads(row["row"], parse_float=Decimal, parse_int=Decimal).items())
            for row in rows
        )
    return {"lsn": durable_lsn(server), **tables}


def owner(server):
    (row,) = server.database.rows("SELECT * FROM journals WHERE retired_at IS NULL")
    return {name: row[name] for name in ("journal_id", "epoch", "applied_lsn")}


def newest_file(directory):
    return sorted(directory.glob("*.journal"))[-1]


def flip(path, offset):
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))
