"""Time ends holds and grants by itself, in a running server and across restarts."""

import pytest

from support.poll import eventually
from support.server import wait_seconds
from support.times import at, moment


def test_a_hold_expires_at_its_moment_and_never_early(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4", ttl_seconds=1)
    assert (moment(hold["expires_at"]) - moment(hold["created_at"])).total_seconds() == 1
    eventually(lambda: api.authorization(hold["id"])["status"] == "expired", "the hold expires")
    assert api.available(wallet) == "10"
    (released,) = [entry for entry in api.entries(wallet) if entry["source"] == "held"]
    assert moment(released["at"]) == moment(hold["expires_at"])
    for reply in (api.void(hold["id"]), api.increment(hold["id"], "1")):
        assert reply.problem(409, "authorization_state")["authorization_status"] == "expired"
    api.audit()


def test_idle_wallets_expire_without_being_asked(server, api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4", ttl_seconds=1)["id"]

    # Nobody touches the wallet; the database hears of the expiry all the same.
    def expired():
        rows = server.database.rows(f"SELECT status FROM authorizations WHERE id = '{hold}'")
        return rows and rows[0]["status"] == "expired"

    eventually(expired, "the sweeper expires the hold")
    (row,) = server.database.rows(f"SELECT available, held FROM balances WHERE wallet = '{wallet}'")
    assert (row["available"], row["held"]) == ("10", "0")


def test_what_a_hold_captured_before_it_expired_stays_captured(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4", ttl_seconds=1)["id"]
    if api.capture(hold, "1", final=False).expect(200)["late"]:
        pytest.skip("the machine is so slow that the hold had expired already")
    eventually(lambda: api.authorization(hold)["status"] == "expired", "the hold expires")
    assert api.account(wallet)["posted"] == api.available(wallet) == "9"


def test_money_of_an_expired_hold_can_be_spent_in_the_next_request(api):
    wallet = api.wallet(grant="1")
    api.hold(wallet, "1", ttl_seconds=1)
    # No matter whether anybody has looked: the request itself sees that the hold is over.
    reply = eventually(
        lambda: (reply := api.authorize(wallet, "1")).status == 201 and reply,
        "the money comes back",
    )
    assert reply.json["amounts"][0]["available"] == "0"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_expiries_happen_across_a_restart(own_servers, end):
    server = own_servers.start()
    api = server.api()
    wallet = api.wallet()
    forever = api.grant(wallet, "10")["id"]
    short = api.grant(wallet, "3", expires_at=at(4), priority=90)
    later = api.grant(wallet, "5", effective_at=at(4))
    expiring = api.hold(wallet, "4", ttl_seconds=3)
    staying = api.hold(wallet, "2", ttl_seconds=3600)
    getattr(server, end)()
    wait_seconds(4.5)
    server.start()

    api = server.api()
    assert api.authorization(expiring["id"])["status"] == "expired"
    now = api.authorization(staying["id"])
    assert (now["status"], now["expires_at"]) == ("authorized", staying["expires_at"])
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("15", "2", "13")
    statuses = {grant["id"]: grant["status"] for grant in api.grants(wallet)}
    assert statuses == {forever: "active", short["id"]: "expired", later["id"]: "active"}
    # Each has the moment at which it was due, not the one at which the server came back.
    entries = api.entries(wallet)

    def time_of(destination, **members):
        (found,) = [
            entry
            for entry in entries
            if entry["destination"] == destination
            and all(entry.get(name) == value for name, value in members.items())
        ]
        return moment(found["at"])

    assert time_of("available", authorization=expiring["id"]) == moment(expiring["expires_at"])
    assert time_of("breakage", grant=short["id"]) == moment(short["expires_at"])
    assert time_of("available", grant=later["id"]) == moment(later["effective_at"])
    assert api.capture(expiring["id"], "1").expect(200)["late"] is True
    api.audit()
    server.cli("verify")
