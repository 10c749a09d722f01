"""Fixtures: one cluster per process, one database and one server per module.

FAREGATE_BINARY names the binary; its default is build/dev/faregate.
"""

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest

from support.postgres import Cluster
from support.server import Server

# The modules that take longest, so that no worker is left with one of them at the end.
SLOW_FIRST = [
    "trace_replay",
    "concurrency",
    "crash",
    "damage",
    "database_outage",
    "backup",
    "backup_refusals",
    "contract",
    "expiry",
]


def pytest_collection_modifyitems(items):
    def rank(item):
        name = Path(item.path).stem.removeprefix("test_")
        return SLOW_FIRST.index(name) if name in SLOW_FIRST else len(SLOW_FIRST)

    items.sort(key=rank)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """What the servers said last stands beside a failure."""
    report = (yield).get_result()
    if report.failed:
        for server in Server.all_alive:
            tail = "\n".join(server.log().splitlines()[-30:])
            report.sections.append((f"log of {server.directory.name}", tail))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A module's tests share a server, so they stay in one worker."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


class Servers:
    """Makes servers, each with a database and a directory of its own, and ends them."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.directory = Path(tempfile.mkdtemp(prefix="faregate-it-"))
        self.made = []
        self.counter = itertools.count(1)

    def make(self, **settings):
        """A server that is not started yet."""
        name = f"{self.directory.name}-{next(self.counter)}"
        database = self.cluster.create_database(name)
        server = Server(self.directory / name, database, **settings)
        self.made.append(server)
        Server.all_alive.append(server)
        return server

    def start(self, **settings):
        """A server with the assets of `create_assets`."""
        server = self.make(**settings).start()
        api = server.api()
        create_assets(api)
        api.session.close()
        return server

    def end(self):
        for server in self.made:
            server.end()
            Server.all_alive.remove(server)
        shutil.rmtree(self.directory, ignore_errors=True)


def create_assets(api):
    for code, scale in (("USD", 9), ("TOKENS", 0), ("GPU_HOURS", 6)):
        api.asset(code, scale)


@pytest.fixture(scope="module")
def servers(cluster):
    servers = Servers(cluster)
    yield servers
    servers.end()


@pytest.fixture
def own_servers(cluster):
    """For tests that kill, stop or reconfigure: servers that live as long as the test."""
    servers = Servers(cluster)
    yield servers
    servers.end()


@pytest.fixture
def backup(own_servers):
    """Where a backup goes: a directory that does not exist yet."""
    return own_servers.directory / "backup"


@pytest.fixture(scope="module")
def server(servers):
    return servers.start()


@pytest.fixture(scope="module")
def api(server):
    return server.api()
