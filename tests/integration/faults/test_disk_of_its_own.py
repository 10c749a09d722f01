"""A journal's disk that is full, read-only or somebody else's: it is said, and nothing is lost."""

import asyncio
import os
import shutil
import subprocess

import pytest

from conftest import create_assets
from fault_load import Load
from small_disk import fill, mount, unmount
from support.metrics import metric
from support.poll import eventually
from support.server import binary
from test_disk_faults import fill_current_file, wait_prepared


@pytest.fixture
def small_disk():
    """Mounts a file system of some size on a directory; it is gone with the test."""
    mounted = []

    def mount_on(directory, size):
        directory.mkdir(parents=True)
        mount(directory, size, mode="0700")
        mounted.append(directory)

    yield mount_on
    for directory in mounted:
        unmount(directory)


def test_a_full_disk_refuses_mutations_before_they_change_anything_and_then_goes_on(
    own_servers, small_disk
):
    server = own_servers.make()
    small_disk(server.data, size=96 << 20)
    server.start()
    create_assets(server.api())
    api = server.api()
    filled = api.wallet(grant="100")
    load = Load(server)
    wait_prepared(api, "the first next file is ready")
    filler = server.data / "filler"
    fill(filler)

    async def go_on(load):
        await load.more_answers(50)
        # What is left of the current file, and all of the one that was ready.
        for _ in range(2):
            await asyncio.to_thread(fill_current_file, api, filled)
        await asyncio.to_thread(
            eventually, lambda: 503 in load.statuses(), "the load is refused as well"
        )

    load.run(server, go_on, pause_seconds=0.02)
    assert set(load.statuses()) <= {200, 201, 402, 503}
    lsn = metric(api, "faregate_durable_lsn")
    available = api.available(filled)
    requests = [
        ("/v1/wallets", {}),
        ("/v1/debits", {"wallet": filled, "asset": "USD", "amount": "1"}),
        ("/v1/authorize", {"wallet": filled, "asset": "USD", "amount": "1"}),
        (f"/v1/wallets/{filled}/grants", {"asset": "USD", "amount": "1"}),
    ]
    for path, body in requests:
        large = {**body, "metadata": {"fill": "x" * 15_000}}
        problem = api.post(path, large).problem(503, "unavailable")
        assert problem["executed"] is False and "not executed" in problem["detail"]
    assert metric(api, "faregate_durable_lsn") == lsn
    assert api.available(filled) == available

    def not_ready():
        reply = api.get("/readyz")
        return reply.status == 503 and "journal file" in reply.content.decode()

    eventually(not_ready, "/readyz tells of the disk")
    assert "no journal file can be prepared" in server.log()
    assert api.get("/healthz").status == 200

    filler.unlink()
    eventually(lambda: api.get("/readyz").status == 200, "the server is ready again")
    for path, body in requests:
        api.post(path, {**body, "metadata": {"fill": "x" * 15_000}}).expect(201)
    server.kill()
    server.start()
    load.prove(server, others=[filled])


def test_a_full_disk_at_the_start_is_named(own_servers, small_disk):
    server = own_servers.make()
    small_disk(server.data, size=8 << 20)
    server.start(wait=False)
    assert server.wait_end() in (1, 5)
    assert "No space left on device" in server.log() and str(server.data) in server.log()
    # Nothing that takes the space is left behind.
    assert [path.name for path in (server.data / "journal").iterdir()] == ["LOCK"]


def test_a_file_system_that_became_read_only_is_named_at_the_start(own_servers, small_disk):
    server = own_servers.make()
    small_disk(server.data, size=64 << 20)
    server.start()
    create_assets(server.api())
    load = Load(server)
    server.stop()
    subprocess.run(["mount", "-o", "remount,ro", server.data], check=True)
    server.start(wait=False)
    assert server.wait_end() in (1, 5)
    assert "Read-only file system" in server.log() and str(server.data) in server.log()
    subprocess.run(["mount", "-o", "remount,rw", server.data], check=True)
    server.start()
    load.prove(server)


@pytest.fixture
def as_nobody(own_servers, monkeypatch):
    """Starts a server, whose directory can be reached, as a user who owns nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a server as somebody else")
    copy = own_servers.directory / "faregate"
    shutil.copy(binary(), copy)
    monkeypatch.setenv("FAREGATE_BINARY", str(copy))
    own_servers.directory.chmod(0o755)

    def start(server):
        server.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        server.start(wait=False)
        server.prefix = []
        code = server.wait_end()
        assert code == 1, (code, server.log())
        return server.log()

    return start


NOBODY = 65534


def test_a_directory_of_another_user_is_named(own_servers, as_nobody):
    server = own_servers.start()
    load = Load(server)
    server.stop()
    journal = server.data / "journal"
    for path in (server.data, journal):
        message = as_nobody(server)
        assert "Permission denied" in message and str(server.data) in message, message
        os.chown(path, NOBODY, NOBODY)
    # What remains is the usual slip: a file that was made when root ran the server once.
    message = as_nobody(server)
    assert f"{journal}/LOCK: Permission denied" in message, message
    os.chown(journal / "LOCK", NOBODY, NOBODY)
    message = as_nobody(server)
    assert f"{journal}/0000000000000001.journal: Permission denied" in message, message
    server.start()
    load.prove(server)


def test_a_path_that_cannot_be_a_directory_is_named(own_servers):
    server = own_servers.make()
    file = server.directory / "file"
    file.touch()
    for path in (file, file / "below"):
        server.settings["FAREGATE_DATA_DIR"] = path
        server.start(wait=False)
        assert server.wait_end() == 1
        assert str(path) in server.log() and "Not a directory" in server.log(), server.log()
