"""The wall clock jumps by hours, both ways, while the server runs and between two starts: nothing
happens before its time, and no stamp ever goes back."""

import asyncio
import glob
from datetime import timedelta

import pytest

from conftest import create_assets
from fault_load import Load
from support.metrics import metric
from support.poll import eventually
from support.server import wait_seconds
from support.times import moment

HOUR = 3600


class FakeClock:
    """The wall clock of a server: the real one, and an offset that a file holds."""

    def __init__(self, directory):
        self.file = directory / "clock"
        self.set(0)

    def set(self, seconds):
        # Renamed into place, since the server reads it at every look at the clock.
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.file)

    def settings(self):
        return {
            "LD_PRELOAD": find_library(),
            "FAKETIME_TIMESTAMP_FILE": self.file,
            "FAKETIME_NO_CACHE": "1",
            # What measures how long something takes goes on as it is.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # its name in older versions
        }


def find_library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert found, "libfaketime is missing; its package, faketime, is in scripts/packages.txt"
    return found[0]


@pytest.fixture
def clock(own_servers):
    return FakeClock(own_servers.directory)


@pytest.fixture
def server(own_servers, clock):
    server = own_servers.make(**clock.settings()).start()
    create_assets(server.api())
    return server


def stamp(reply):
    return moment(reply["created_at"])


def check_stamps(load, server):
    """Of what was made in one wallet, in the order of LSNs, no stamp is older than the last."""
    for wallet in load.granted:
        made = [
            (sent.reply.json["lsn"], stamp(sent.reply.json))
            for sent in load.answered()
            if sent.wallet == wallet
            and sent.reply.status == 201
            and sent.op in ("authorize", "debit", "grant")
        ]
        stamps = [at for _, at in sorted(made)]
        assert stamps == sorted(stamps)
    back = server.database.rows(
        """
        SELECT * FROM (
            SELECT *, lag(at) OVER (PARTITION BY wallet ORDER BY lsn, sequence) AS before
            FROM entries
        ) ordered WHERE at < before"""
    )
    assert back == []


class Holds:
    """Holds of a wallet that nobody else spends from, and whether each ended when it should."""

    def __init__(self, api):
        self.api = api
        self.wallet = api.wallet(grant="1000000")
        self.open = []
        self.expired = 0

    def make(self):
        for ttl_seconds in (1, HOUR // 2, HOUR, 3 * HOUR, 7 * HOUR):
            hold = self.api.hold(self.wallet, "1", ttl_seconds=ttl_seconds)
            assert moment(hold["expires_at"]) - stamp(hold) == timedelta(seconds=ttl_seconds)
            self.open.append(hold)

    def check(self):
        """An early end is seen by the stamp that the wallet got after it, a late one by the stamp
        that it got before."""
        before = stamp(self.api.debit(self.wallet, "0.01").expect(201))
        status = {
            hold["id"]: self.api.authorization(hold["id"])["status"] for hold in self.open
        }
        after = stamp(self.api.debit(self.wallet, "0.01").expect(201))
        for hold in list(self.open):
            expires_at = moment(hold["expires_at"])
            if status[hold["id"]] == "expired":
                assert after >= expires_at, f"{hold} expired early, at {after}"
                self.open.remove(hold)
                self.expired += 1
            else:
                assert status[hold["id"]] == "authorized"
                assert before < expires_at, f"{hold} has not expired at {before}"


# Far enough for every hold of `Holds`, and near enough for every idempotency key and for the holds
# of the load, which live a day.
JUMPS_HOURS = [2, -3, 0.4, 5, -8, -7.9, 6, 0, 9, -9]


def test_holds_keys_and_stamps_under_a_clock_that_jumps_beside_the_load(server, clock):
    load = Load(server)
    holds = Holds(server.api())

    async def jump(load):
        for hours in JUMPS_HOURS:
            await asyncio.to_thread(holds.make)
            await load.more_answers(20)
            clock.set(int(hours * HOUR))
            await load.more_answers(20)
            await asyncio.to_thread(holds.check)

    load.run(server, jump, pause_seconds=0.02)
    assert set(load.statuses()) <= {200, 201, 402}
    assert holds.expired > 10 and holds.open
    load.settle(server)
    clock.set(8 * HOUR)
    load.settle(server)
    check_stamps(load, server)
    load.prove(server, others=[holds.wallet])
    assert "did not run" not in server.log(), "the fake clock is faked where it should not be"


@pytest.mark.parametrize("hours", [-9, 9])
def test_a_restart_with_the_clock_set_wrong_keeps_holds_keys_and_stamps(server, clock, hours):
    load = Load(server)
    holds = Holds(server.api())
    holds.make()
    load.run(server, lambda load: load.more_answers(100), pause_seconds=0.02)
    for offset, end in ((hours, server.kill), (-hours, server.stop), (0, server.kill)):
        end()
        clock.set(offset * HOUR)
        server.start()
        holds.check()
        holds.make()
        load.run(server, lambda load: load.more_answers(50), pause_seconds=0.02)
        holds.check()
        load.settle(server)
    check_stamps(load, server)
    load.prove(server, others=[holds.wallet])


def test_idle_wallets_expire_when_the_clock_jumps_ahead_and_not_before(server, clock):
    api = server.api()
    wallet = api.wallet(grant="10")
    held = [api.hold(wallet, "1", ttl_seconds=HOUR)["id"] for _ in range(3)]

    def open_holds():
        return metric(api, "faregate_open_authorizations")

    clock.set(-5 * HOUR)
    other = api.wallet(grant="10")
    api.hold(other, "1", ttl_seconds=HOUR)
    assert open_holds() == 4
    clock.set(HOUR // 2)
    wait_seconds(0.6)  # the sweeper looks twice
    assert open_holds() == 4
    clock.set(2 * HOUR)
    eventually(lambda: open_holds() == 0, "the sweeper lets all holds expire")
    clock.set(0)
    assert [api.authorization(id)["status"] for id in held] == ["expired"] * 3
    assert api.available(wallet) == "10"
    server.wait_applied(int(metric(api, "faregate_durable_lsn")))
    api.audit()
    server.cli("verify")
