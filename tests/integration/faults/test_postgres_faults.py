"""PostgreSQL fails in every way that the server can tell apart, and in some that it cannot: money is
served all the while, and PostgreSQL gets every record once."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from conftest import Servers
from database_proxy import AFTER, BEFORE, DURING, DatabaseProxy
from fault_load import (
    ROUNDS,
    Load,
    postings_of_the_database,
    postings_of_the_journal,
)
from support.metrics import metric
from support.poll import eventually
from support.postgres import Cluster, Database


@pytest.fixture(scope="module")
def faulty_cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def postgres(faulty_cluster):
    """A cluster that tests may harm; it runs again afterwards."""
    yield faulty_cluster
    for process in processes(faulty_cluster):
        os.kill(process, signal.SIGCONT)
    faulty_cluster.start()


@pytest.fixture
def servers(postgres):
    servers = Servers(postgres)
    yield servers
    postgres.start()
    servers.end()


@pytest.fixture
def proxy(postgres):
    proxy = DatabaseProxy(postgres.socket)
    yield proxy
    proxy.stop()


def start_through(proxy, servers, **settings):
    """A server that reaches PostgreSQL through the proxy only."""
    from conftest import create_assets

    server = servers.make(**settings)
    server.settings["FAREGATE_DATABASE_URL"] = proxy.url(server.database.name)
    server.start()
    create_assets(server.api())
    return server


def postmaster(cluster):
    return int((cluster.directory / "cluster/cluster/data/postmaster.pid").read_text().split()[0])


def processes(cluster):
    """The postmaster and all that it has begun."""
    try:
        first = postmaster(cluster)
    except FileNotFoundError:
        return []
    children = Path(f"/proc/{first}/task/{first}/children")
    return [first, *map(int, children.read_text().split())] if children.exists() else []


def kill_everything(cluster):
    """SIGKILL to the postmaster and to all that it has begun."""
    killed = processes(cluster)
    for process in killed:
        os.kill(process, signal.SIGKILL)
    eventually(
        lambda: not any(Path(f"/proc/{process}").exists() for process in killed),
        "PostgreSQL's processes are gone",
    )


def backends(server):
    rows = server.database.rows(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    return [int(row["pid"]) for row in rows]


def check_exactly_once(server, load):
    load.prove(server)
    assert postings_of_the_database(server) == postings_of_the_journal(server)


def check_served_all_the_while(load):
    assert set(load.statuses()) <= {200, 201, 402}, load.statuses()


def test_postgres_killed_with_all_its_processes_under_load(postgres, servers):
    server = servers.start()
    load = Load(server)

    async def kill(load):
        for _ in range(2 * ROUNDS):
            await load.more_answers(100)
            await asyncio.to_thread(kill_everything, postgres)
            await load.more_answers(100)
            # Without fsync and synchronous commits it comes back without its last ones.
            await asyncio.to_thread(postgres.start)

    load.run(server, kill)
    check_served_all_the_while(load)
    check_exactly_once(server, load)


def test_backends_killed_canceled_and_terminated_under_load(servers):
    server = servers.start()
    load = Load(server)

    async def harass(load):
        for turn in range(30 * ROUNDS):
            await load.more_answers(10)
            if turn % 10 == 9:
                # PostgreSQL ends all sessions when one of them dies like that.
                for backend in (await asyncio.to_thread(backends_or_none, server))[:1]:
                    os.kill(backend, signal.SIGKILL)
            else:
                function = ("pg_cancel_backend", "pg_terminate_backend")[turn % 2]
                await asyncio.to_thread(
                    try_sql,
                    server.database,
                    f"SELECT {function}(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
                )

    load.run(server, harass)
    check_served_all_the_while(load)
    check_exactly_once(server, load)


def try_sql(database, sql):
    """PostgreSQL may be about to recover."""
    try:
        database.execute(sql)
        return True
    except Exception:
        return False


def backends_or_none(server):
    try:
        return backends(server)
    except Exception:
        return []


def test_backends_that_stop_for_seconds_are_waited_for(servers):
    server = servers.start()
    load = Load(server)

    async def stop_and_continue(load):
        for _ in range(2 * ROUNDS):
            await load.more_answers(100)
            stopped = await asyncio.to_thread(backends, server)
            for backend in stopped:
                os.kill(backend, signal.SIGSTOP)
            await load.more_answers(200)
            await asyncio.sleep(1)
            for backend in stopped:
                os.kill(backend, signal.SIGCONT)

    load.run(server, stop_and_continue)
    check_served_all_the_while(load)
    check_exactly_once(server, load)


SLOW_COMMIT = """
CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON journals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit();
"""


def test_the_answers_to_commits_are_lost_and_nothing_is_doubled_or_left_out(proxy, servers):
    server = start_through(proxy, servers)
    load = Load(server)
    losses = [AFTER, BEFORE, DURING, AFTER, AFTER, DURING, BEFORE, BEFORE, AFTER] * ROUNDS

    async def lose(load):
        await load.more_answers(50)
        proxy.lose = list(losses)
        while proxy.lose:
            await load.more_answers(5)
        await load.more_answers(50)

    load.run(server, lose)
    assert proxy.lost == len(losses)
    check_served_all_the_while(load)
    check_exactly_once(server, load)


def test_a_commit_that_goes_on_after_its_connection_was_lost_is_waited_for(proxy, servers):
    server = start_through(proxy, servers)
    load = Load(server)
    server.wait_applied(int(metric(server.api(), "faregate_durable_lsn")))
    server.database.execute(SLOW_COMMIT.format(seconds=0.5))

    async def lose(load):
        proxy.lose = [DURING, DURING, AFTER]
        while proxy.lose:
            await load.more_answers(5)

    load.run(server, lose)
    assert proxy.lost == 3
    server.database.execute("DROP TRIGGER slow_commit ON journals")
    check_served_all_the_while(load)
    check_exactly_once(server, load)
