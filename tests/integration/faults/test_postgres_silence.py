"""A PostgreSQL that is silent, replaced by its standby, or out of space."""

import asyncio
import json
import os
import pwd
import tempfile
from pathlib import Path

import pytest

from conftest import create_assets
from fault_load import ROUNDS, Load
from small_disk import fill, mount, unmount
from standby import Standby
from support.metrics import metric
from support.poll import eventually
from support.postgres import Database
from test_postgres_faults import (  # noqa: F401, some are fixtures
    check_exactly_once,
    check_served_all_the_while,
    faulty_cluster,
    postgres,
    proxy,
    servers,
    start_through,
)


def spend_for_postgres(api, wallet):
    headers = {"Faregate-Durability": "postgres"}
    return api.post(
        "/v1/debits", {"wallet": wallet, "asset": "USD", "amount": "1"}, headers=headers
    )


# A peer that was gone without a word, or PostgreSQL standing still, held its caller for ever:
# queries got no answer any more, and a key that was revoked stayed in force.
@pytest.mark.timeout(600)
def test_a_peer_that_is_gone_without_a_word_is_given_up(proxy, servers):
    server = start_through(proxy, servers, FAREGATE_DURABILITY_TIMEOUT_SECONDS=1)
    load = Load(server)
    api = server.api()
    secret = server.cli("keys", "create", "--name", "k", "--scope", "read").stdout.split()[-1]
    (key,) = json.loads(server.cli("keys", "list", "--json").stdout)
    reader = server.api(secret)
    eventually(lambda: reader.get("/v1/assets").status == 200, "the key is known")
    eventually(lambda: api.get("/v1/audit").status == 200, "a connection for queries is open")

    async def silence(load):
        await load.more_answers(50)
        proxy.silence(projector=False)
        # It finds a new connection by itself, and so does the refresh of the keys.
        audit = asyncio.to_thread(api.get, "/v1/audit")
        await asyncio.to_thread(server.cli, "keys", "revoke", key["id"])
        await asyncio.to_thread(
            eventually,
            lambda: reader.get("/v1/assets").status == 401,
            "the revocation is heard of",
        )
        assert (await audit).expect(200)["ok"] is True

    load.run(server, silence, count=2, pause_seconds=0.1)
    assert "its connection is given up" in server.log()
    check_served_all_the_while(load)
    load.prove(server)


@pytest.mark.skipif(ROUNDS == 1, reason="takes two minutes; FAREGATE_FAULT_ROUNDS=2 runs it")
@pytest.mark.timeout(600)
def test_the_projection_goes_on_after_a_peer_was_gone_without_a_word(proxy, servers):
    server = start_through(proxy, servers, FAREGATE_DURABILITY_TIMEOUT_SECONDS=1)
    load = Load(server)
    api = server.api()
    wallet = api.wallet(grant="100")

    async def silence(load):
        await load.more_answers(50)
        proxy.silence()
        reply = await asyncio.to_thread(spend_for_postgres, api, wallet)
        reply.problem(504, "durability_timeout")

    load.run(server, silence)
    eventually(
        lambda: metric(api, "faregate_projection_lag_records") == 0,
        "the projection goes on",
        timeout=300,
    )
    assert spend_for_postgres(api, wallet).status == 201
    check_served_all_the_while(load)
    load.prove(server, others=[wallet])


def test_sigterm_ends_a_server_whose_postgres_is_gone_without_a_word(proxy, servers):
    server = start_through(proxy, servers, FAREGATE_SHUTDOWN_TIMEOUT_SECONDS=2)
    load = Load(server)

    async def silence(load):
        await load.more_answers(50)
        proxy.silence()
        proxy.answering = False
        await load.more_answers(50)

    load.run(server, silence)
    check_served_all_the_while(load)
    server.stop()
    assert "next start" in server.log()
    proxy.answering = True
    server.start()
    check_exactly_once(server, load)


def test_a_start_waits_for_a_postgres_that_accepts_and_says_nothing(proxy, servers):
    server = start_through(proxy, servers)
    load = Load(server)
    load.run(server, lambda load: load.more_answers(50))
    server.stop()
    proxy.answering = False
    server.start(wait=False)
    eventually(lambda: "waiting for PostgreSQL" in server.log(), server.log)
    proxy.answering = True
    server.wait_ready()
    check_exactly_once(server, load)


def test_a_failover_to_a_standby_that_lacks_the_last_commits(postgres, proxy, servers):
    server = start_through(proxy, servers)
    load = Load(server)
    api = server.api()
    name = server.database.name
    standby = Standby(postgres)
    try:

        async def fail_over(load):
            await load.more_answers(50)
            await asyncio.to_thread(standby.stop_following)
            await load.more_answers(100)
            # It can be read and not written to, until somebody promotes it.
            proxy.socket_directory = standby.socket
            proxy.cut()
            await asyncio.to_thread(
                eventually, lambda: metric(api, "faregate_database_up") == 0, "it is noticed"
            )
            await load.more_answers(100)
            await asyncio.to_thread(standby.promote)
            await load.more_answers(50)

        load.run(server, fail_over, pause_seconds=0.01)
        check_served_all_the_while(load)
        server.database = standby.database(name)
        check_exactly_once(server, load)
    finally:
        standby.remove()


def test_a_full_disk_of_postgres_is_waited_out(postgres, servers):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk for PostgreSQL")
    directory = Path(tempfile.mkdtemp(prefix="faregate-tablespace-"))
    directory.chmod(0o755)
    disk = directory / "disk"
    disk.mkdir()
    owner = pwd.getpwnam("postgres")
    mount(disk, 32 << 20, mode="0700", uid=owner.pw_uid, gid=owner.pw_gid)
    admin = Database(postgres.url("postgres"))
    server = servers.make()
    name = server.database.name
    try:
        admin.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        admin.execute(f'ALTER DATABASE "{name}" SET TABLESPACE small')
        server.start()
        create_assets(server.api())
        load = Load(server)
        api = server.api()

        async def fill_up(load):
            await load.more_answers(50)
            fill(disk / "filler")
            await asyncio.to_thread(
                eventually, lambda: metric(api, "faregate_database_up") == 0, "it is noticed"
            )
            assert "No space left on device" in server.log()
            await load.more_answers(100)
            (disk / "filler").unlink()

        load.run(server, fill_up)
        check_served_all_the_while(load)
        check_exactly_once(server, load)
    finally:
        server.end()
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.execute("DROP TABLESPACE small")
        unmount(disk)
