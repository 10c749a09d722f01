"""PostgreSQL fails in every way that the server can tell apart, and in some that it cannot: money
is served all the while, and PostgreSQL gets every record once."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from conftest import Servers, create_assets
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

    load.run(server, kill, pause_seconds=0.01)
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

    load.run(server, harass, pause_seconds=0.02)
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

    load.run(server, stop_and_continue, pause_seconds=0.01)
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
    # One that gets through after each, or two, so that the pauses between attempts stay short.
    losses = [AFTER, None, BEFORE, None, DURING, None, AFTER, AFTER, None, BEFORE, AFTER] * ROUNDS

    async def lose(load):
        await load.more_answers(50)
        proxy.lose = list(losses)
        while proxy.lose:
            await load.more_answers(5)
        await load.more_answers(50)

    load.run(server, lose, pause_seconds=0.02)
    assert proxy.lost == len(losses) - losses.count(None)
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

    load.run(server, lose, pause_seconds=0.02)
    assert proxy.lost == 3
    server.database.execute("DROP TRIGGER slow_commit ON journals")
    check_served_all_the_while(load)
    check_exactly_once(server, load)


def test_replies_that_wait_for_slow_commits_come_when_postgres_has_them(servers):
    server = servers.start()
    load = Load(server)
    wallet = server.api().wallet(grant="100")
    server.wait_applied(int(metric(server.api(), "faregate_durable_lsn")))
    server.database.execute(SLOW_COMMIT.format(seconds=0.4))

    async def confirm(load):
        for number in range(3):
            body = {"wallet": wallet, "asset": "USD", "amount": "1"}
            reply = await asyncio.to_thread(
                server.api().post,
                "/v1/debits",
                body,
                key=f"slow-{number}",
                headers={"Faregate-Durability": "postgres"},
            )
            applied = await asyncio.to_thread(
                server.database.value, "SELECT applied_lsn FROM journals"
            )
            assert int(applied) >= reply.expect(201)["lsn"]

    load.run(server, confirm, pause_seconds=0.02)
    server.database.execute("DROP TRIGGER slow_commit ON journals")
    check_served_all_the_while(load)
    load.prove(server, others=[wallet])


def test_failovers_to_an_older_state_under_load_are_caught_up(postgres, servers):
    server = servers.start()
    load = Load(server)

    async def fall_back(load):
        for turn in range(2 * ROUNDS):
            await load.more_answers(100)
            name = server.database.name
            # A copy of the database can be made when nobody is connected to it.
            older = await asyncio.to_thread(copy_database, postgres, name, f"{name}-{turn}")
            await load.more_answers(200)
            await asyncio.to_thread(postgres.replace_database, name, older.name)

    load.run(server, fall_back, pause_seconds=0.01)
    check_served_all_the_while(load)
    check_exactly_once(server, load)


def copy_database(cluster, name, copy):
    postgres = Database(cluster.url("postgres"))
    postgres.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    made = cluster.create_database(copy, name)
    for each in (name, copy):
        postgres.execute(f'ALTER DATABASE "{each}" WITH ALLOW_CONNECTIONS true')
    return made


LOCKS = {
    "entries": "LOCK TABLE entries IN ACCESS EXCLUSIVE MODE",
    "journals": "LOCK TABLE journals IN ACCESS EXCLUSIVE MODE",
    "balances": "LOCK TABLE balances IN SHARE MODE",
    "watermark": "SELECT * FROM journals FOR UPDATE",
    "wallets": "SELECT * FROM balances FOR UPDATE",
}
# More than the thirty seconds for which a session of the server waits.
LOCKED_SECONDS = 35 if ROUNDS > 1 else 1


@pytest.mark.timeout(600)
def test_locks_that_a_person_forgot_are_waited_for(servers):
    server = servers.start()
    load = Load(server)

    async def lock(load):
        for sql in LOCKS.values():
            await load.more_answers(30)
            held = f"BEGIN; {sql}; SELECT pg_sleep({LOCKED_SECONDS}); COMMIT;"
            await asyncio.to_thread(server.database.execute, held)

    load.run(server, lock, pause_seconds=0.05)
    check_served_all_the_while(load)
    check_exactly_once(server, load)


PASSING = {
    "08006": "connection failure",
    "25006": "read-only transaction",
    "25P03": "idle in transaction",
    "25P04": "transaction timeout",
    "40001": "serialization failure",
    "40P01": "deadlock",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "53400": "configuration limit",
    "55P03": "lock not available",
    "57014": "query canceled",
    "57P01": "admin shutdown",
    "57P02": "crash shutdown",
    "57P03": "cannot connect now",
    "57P05": "idle session timeout",
    "58000": "system error",
    "58030": "I/O error",
    "58P01": "undefined file",
}

FAILING = """
CREATE TABLE IF NOT EXISTS failing (state text);
TRUNCATE failing;
INSERT INTO failing VALUES ('{state}');
CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted text := (SELECT max(state) FROM failing);
BEGIN
    IF wanted IS NOT NULL THEN RAISE EXCEPTION 'planted' USING ERRCODE = wanted; END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER fail BEFORE UPDATE ON journals FOR EACH ROW EXECUTE FUNCTION fail();
"""


def test_errors_that_may_pass_are_waited_out(servers):
    server = servers.start()
    load = Load(server)
    api = server.api()

    async def fail(load):
        for state, name in PASSING.items():
            await load.more_answers(10)
            await asyncio.to_thread(server.database.execute, FAILING.format(state=state))
            await asyncio.to_thread(
                eventually,
                lambda: metric(api, "faregate_database_up") == 0,
                f"the server notices: {state} {name}",
            )
            await asyncio.to_thread(server.database.execute, "TRUNCATE failing")
            await asyncio.to_thread(
                eventually,
                lambda: metric(api, "faregate_database_up") == 1,
                f"the server goes on after {state} {name}",
            )

    load.run(server, fail, pause_seconds=0.05)
    check_served_all_the_while(load)
    check_exactly_once(server, load)


def test_an_error_that_will_not_pass_ends_the_server_and_nothing_is_lost(servers):
    server = servers.start()
    load = Load(server)

    async def fail(load):
        await load.more_answers(50)
        await asyncio.to_thread(server.database.execute, FAILING.format(state="23514"))
        await load.until_end(server)

    load.run(server, fail)
    assert server.wait_end() == 4
    assert "23514" in server.log() and "planted" in server.log()
    server.database.execute("TRUNCATE failing")
    server.start()
    check_exactly_once(server, load)


def test_a_limit_of_connections_is_waited_out(postgres, servers):
    server = servers.make()
    name = server.database.name
    admin = Database(postgres.url("postgres"))
    role = f"limited-{os.getpid()}"
    admin.execute(f'CREATE ROLE "{role}" LOGIN; ALTER DATABASE "{name}" OWNER TO "{role}"')
    admin.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT 20')
    url = f"postgresql:///{name}?host={postgres.socket}&user={role}"
    server.settings["FAREGATE_DATABASE_URL"] = url
    server.start()
    create_assets(server.api())
    load = Load(server)
    api = server.api()

    async def limit(load):
        await load.more_answers(50)
        await asyncio.to_thread(
            admin.execute,
            f'ALTER ROLE "{role}" CONNECTION LIMIT 0;'
            f" SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'",
        )
        await asyncio.to_thread(
            eventually, lambda: metric(api, "faregate_database_up") == 0, "it is noticed"
        )
        await load.more_answers(100)
        api.get(f"/v1/wallets/{next(iter(load.granted))}/entries").problem(
            503, "database_unavailable"
        )
        await asyncio.to_thread(admin.execute, f'ALTER ROLE "{role}" CONNECTION LIMIT 20')

    load.run(server, limit)
    check_served_all_the_while(load)
    check_exactly_once(server, load)
