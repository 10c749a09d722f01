"""The journal's disk fails under a running server: nothing is answered that is not durable, and
what was answered is there after the next start."""

import asyncio
import errno
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from conftest import create_assets
from fault_load import (
    ROUNDS,
    Load,
    postings_of_the_database,
    postings_of_the_journal,
)
from injection import Injection, journal_threads, strace
from support.client import crowd
from support.metrics import metric
from support.poll import PATIENCE_SECONDS, eventually

FATAL = {
    "sync_eio": {"fdatasync": "error=EIO"},
    "sync_enospc": {"fdatasync": "error=ENOSPC"},
    "sync_eintr": {"fdatasync": "error=EINTR"},
    "write_eio": {"pwrite64": "error=EIO"},
    "write_enospc": {"pwrite64": "error=ENOSPC"},
    "write_erofs": {"pwrite64": "error=EROFS"},
}


def check_nothing_undurable_was_answered(server, load, fault):
    """The frame that failed is the last one, if its bytes got into the file at all."""
    answered = max(sent.reply.json.get("lsn", 0) for sent in load.answered())
    last = [line for line in server.journal("--frames") if "frame" in line][-1]
    if "fdatasync" in fault:
        assert last["count"] > 0 and answered < last["frame"], last
    else:
        assert answered < last["frame"] + last["count"], last


@pytest.mark.timeout(600)
def test_a_failed_write_or_sync_ends_the_server_before_anything_is_answered(own_servers):
    server = own_servers.start()
    load = Load(server)
    dice = random.Random(ROUNDS)
    for name, fault in list(FATAL.items()) * ROUNDS:
        (writer, _) = journal_threads(server, load)
        when = dice.randrange(1, 60)
        injected = {call: f"{error}:when={when}" for call, error in fault.items()}
        with Injection(writer, injected, server.directory / f"{name}.strace") as injection:
            load.run(server, lambda load: load.until_end(server))
            assert server.wait_end() == 5, server.log()
            assert injection.count() == 1
        assert "the journal cannot be written" in server.log()
        assert str(server.data / "journal") in server.log()
        check_nothing_undurable_was_answered(server, load, fault)
        server.start()
    load.prove(server)
    assert postings_of_the_database(server) == postings_of_the_journal(server)


SLOW_SECONDS = 2


def test_a_reply_waits_for_a_slow_sync_and_whoever_saw_its_effect_does_too(own_servers):
    server = own_servers.start()
    api = server.api()
    slow, other = api.wallet(grant="100"), api.wallet(grant="7")
    (writer, _) = journal_threads(server, Load(server, wallets=1))
    sent_at = 0
    answered = False
    others = 0

    async def spend(connection):
        nonlocal sent_at, answered
        sent_at = time.monotonic()
        reply = await connection.post("/v1/debits", {"wallet": slow, "asset": "USD", "amount": "1"})
        answered = True
        reply.expect(201)
        assert time.monotonic() - sent_at >= SLOW_SECONDS

    async def look(connection):
        while True:
            reply = await connection.get(f"/v1/wallets/{slow}")
            (account,) = reply.expect(200)["accounts"]
            if account["available"] == "99":
                break
        assert time.monotonic() - sent_at >= SLOW_SECONDS

    async def look_elsewhere(connection):
        nonlocal others
        while not answered:
            reply = await connection.get(f"/v1/wallets/{other}")
            assert reply.expect(200)["accounts"][0]["available"] == "7"
            others += not answered
            await asyncio.sleep(0.05)

    delay = {"fdatasync": f"delay_enter={SLOW_SECONDS}s:when=1"}
    with Injection(writer, delay, server.directory / "slow.strace") as injection:
        crowd(server, [spend, look, look, look_elsewhere])
        assert injection.count() == 1
    assert others > 0, "nothing was answered beside the slow sync"
    api.audit()


def test_load_on_a_disk_of_slow_and_interrupted_calls_loses_nothing(own_servers):
    server = own_servers.start()
    load = Load(server)
    (writer, _) = journal_threads(server, load)
    faults = {"fdatasync": "delay_exit=30ms:when=1+3", "pwrite64": "error=EINTR:when=1+2"}

    async def kill_in_the_middle(load):
        await load.more_answers(300)
        server.kill()

    with Injection(writer, faults, server.directory / "rough.strace") as injection:
        load.run(server, kill_in_the_middle)
        assert injection.count() > 10
    server.start()
    load.prove(server)


@pytest.fixture(scope="module")
def short_writes(tmp_path_factory):
    """A library that lets no write write everything."""
    library = tmp_path_factory.mktemp("short") / "short_writes.so"
    source = Path(__file__).parent / "short_writes.cpp"
    subprocess.run(
        ["c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True
    )
    return library


def test_short_writes_are_carried_on_and_a_kill_between_them_is_a_torn_tail(
    own_servers, short_writes
):
    server = own_servers.start()
    load = Load(server)
    server.stop()
    server.settings["LD_PRELOAD"] = short_writes

    async def kill_in_the_middle(load):
        await load.more_answers(150)
        server.kill()

    for _ in range(3 * ROUNDS):
        server.start()
        load.run(server, kill_in_the_middle)
    server.start()
    load.prove(server)


# ---- the start

# What the start does with the journal's directory and files, each failing at one call or another.
START_FAULTS = {
    "openat": "EACCES",
    "newfstatat": "EIO",
    "flock": "ENOLCK",
    "pread64": "EIO",
    "fallocate": "ENOSPC",
    "pwrite64": "EIO",
    "fdatasync": "EIO",
    "renameat": "EIO",
    "fsync": "EIO",
}
CALLS_MAX = 6 * ROUNDS
# In the order in which the first start makes these calls: each leaves the next one something new.
FIRST_START_FAULTS = [
    ("openat", 1),
    ("openat", 2),
    ("flock", 1),
    ("newfstatat", 1),
    ("newfstatat", 2),
    ("newfstatat", 3),
    ("fallocate", 1),
    ("pwrite64", 2),
    ("pwrite64", 100),
    ("fdatasync", 1),
    ("renameat", 1),
    ("fsync", 1),
    ("pread64", 1),
]


def journal_paths(server):
    journal = server.data / "journal"
    files = [journal / f"{number:016}.journal" for number in (1, 2, 3)]
    return [journal, journal / "LOCK", *files, *(f"{file}.tmp" for file in files)]


def start_with_fault(server, call, error, when):
    """Lets the start fail at the `when`th such call on the journal, if there are as many. Returns
    whether that happened, and the exit code if the start was given up."""
    log = server.directory / "start.strace"
    paths = [option for path in journal_paths(server) for option in ("-P", path)]
    server.prefix = [strace(), "-D", "-f", "-qq", "-o", log, *paths]
    server.prefix += ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"]
    server.start(wait=False)
    server.prefix = []
    eventually(
        lambda: server.process.poll() is not None or "ready at" in server.log(), server.log
    )
    code = server.process.poll()
    server.kill()
    return "(INJECTED)" in log.read_text(errors="replace"), code


def check_start_with_fault(server, call, when):
    error = START_FAULTS[call]
    happened, code = start_with_fault(server, call, error, when)
    if code is not None:
        what = f"{call} {when} gave {code}:\n{server.log()}"
        # Once the journal is open, its reading is the projector's, who ends with 4.
        assert happened and code in (1, 4, 5), what
        assert str(server.data / "journal") in server.log(), what
        assert os.strerror(getattr(errno, error)) in server.log(), what
    return happened, code


# A directory that could be opened and not be listed crashed the server: the stream that fdopendir
# had not made was read.
def test_a_first_start_that_fails_on_the_disk_says_where_and_is_simply_repeated(own_servers):
    server = own_servers.make()
    for call, when in FIRST_START_FAULTS:
        happened, code = check_start_with_fault(server, call, when)
        assert happened, (call, when)
        if code is None:  # The server did without, and the next start is not the first any more.
            server = own_servers.make()
    server.start()
    create_assets(server.api())
    Load(server).prove(server)


def test_a_start_after_a_crash_that_fails_on_the_disk_says_where_and_is_simply_repeated(
    own_servers,
):
    server = own_servers.start()
    load = Load(server)

    async def kill_in_the_middle(load):
        await load.more_answers(100)
        server.kill()

    load.run(server, kill_in_the_middle)
    for call in START_FAULTS:
        for when in range(1, CALLS_MAX + 1):
            happened, _ = check_start_with_fault(server, call, when)
            if not happened:
                break
    server.start()
    load.prove(server)


# ---- the next file

PREPARATION_FAULTS = {
    "openat": "EACCES",
    "fallocate": "ENOSPC",
    "pwrite64": "EIO",
    "fdatasync": "EIO",
    "renameat": "EIO",
    "fsync": "EIO",
}


def fill_current_file(api, wallet):
    """Spends until the journal goes on in its next file; returns how often."""
    used = metric(api, "faregate_journal_files")
    operation = {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "0.000000001"}
    # Nearly a body of 1 MiB, and a journal file holds sixteen of them.
    batch = {"operations": [{**operation, "metadata": {"fill": "x" * 15_000}}] * 60}
    spent = 0
    while metric(api, "faregate_journal_files") == used:
        # Without a look at the contract, which takes its time for a body like this.
        reply = api.session.post(
            f"{api.server.url}/v1/batch",
            json=batch,
            headers={"Authorization": f"Bearer {api.key}"},
            timeout=PATIENCE_SECONDS,
        )
        statuses = [result["status"] for result in reply.json()["results"]]
        assert set(statuses) <= {201, 503}, set(statuses)
        spent += statuses.count(201)
        if 503 in statuses:
            break
    return spent


def wait_prepared(api, what):
    eventually(lambda: metric(api, "faregate_journal_prepared_files") == 1, what)


def test_faults_while_the_next_file_is_made_are_overcome_beside_the_load(own_servers):
    server = own_servers.start()
    api = server.api()
    filled = api.wallet(grant="100")
    load = Load(server)
    wait_prepared(api, "the first next file is ready")
    (_, preparer) = journal_threads(server, load)
    spent = 0

    async def fill_with_faults(load):
        nonlocal spent
        # Each attempt gets as far as the next of them.
        faults = {call: f"error={error}:when=1" for call, error in PREPARATION_FAULTS.items()}
        with Injection(preparer, faults, server.directory / "prepare.strace") as injection:
            spent = await asyncio.to_thread(fill_current_file, api, filled)
            await asyncio.to_thread(wait_prepared, api, "the next file is ready after all")
            assert injection.count() == len(faults)

    load.run(server, fill_with_faults, pause_seconds=0.05)
    assert set(load.statuses()) <= {200, 201, 402}
    server.kill()
    server.start()
    load.prove(server, others=[filled])
    count = server.database.value(f"SELECT count(*) FROM debits WHERE wallet = '{filled}'")
    assert int(count) == spent


# With all file descriptors in use by connections, the projector could not open the journal again
# after PostgreSQL had been away, and the server ended as if the journal were broken.
def test_a_journal_that_cannot_be_opened_for_a_moment_is_read_later(own_servers):
    server = own_servers.start()
    load = Load(server)
    api = server.api()
    faults = {"openat": "error=EMFILE:when=1..3"}

    async def exhaust(load):
        await load.more_answers(20)
        log = server.directory / "open.strace"
        with Injection(
            server.process.pid, faults, log, whole_process=True, paths=journal_paths(server)
        ) as injection:
            await asyncio.to_thread(
                server.database.execute,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            await asyncio.to_thread(
                eventually, lambda: injection.count() >= 3, "the journal is opened again"
            )
            await asyncio.to_thread(
                eventually,
                lambda: metric(api, "faregate_database_up") == 1,
                "the projection goes on",
            )

    load.run(server, exhaust, pause_seconds=0.02)
    assert "Too many open files" in server.log()
    assert set(load.statuses()) <= {200, 201, 402}
    load.prove(server)
