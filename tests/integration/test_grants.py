"""Grants: in which order they are spent, when they begin and end, and how they are taken back."""

from support.poll import eventually
from support.times import at, moment


def sources(api, wallet, destination):
    """The grants that gave to `destination`, in the order of the entries."""
    entries = sorted(api.entries(wallet), key=lambda entry: (entry["lsn"], entry["sequence"]))
    return [entry.get("grant") for entry in entries if entry["destination"] == destination]


def grant_in_list(api, wallet, id):
    (found,) = [grant for grant in api.grants(wallet) if grant["id"] == id]
    return found


def test_grants_burn_by_priority_expiry_kind_effective_time_and_age(api):
    soon, later, before = at(3600), at(7200), at(-100)
    # In the order in which they must be spent.
    burn_order = [
        {"priority": 0, "kind": "paid"},
        {"priority": 10, "kind": "paid"},
        {"expires_at": soon, "kind": "paid"},
        {"expires_at": later, "kind": "promotional"},
        {"expires_at": later, "kind": "paid"},
        {"kind": "recurring", "effective_at": at(-1200)},
        {"kind": "promotional", "effective_at": at(-600)},
        {"kind": "paid", "effective_at": at(-1800)},
        {"kind": "paid", "effective_at": before, "metadata": {"made": "first"}},
        {"priority": 51, "kind": "promotional", "expires_at": later},
        {"priority": 100, "kind": "promotional", "expires_at": soon},
    ]
    wallet = api.wallet()
    ids = {}
    for position in (7, 3, 10, 0, 8, 5, 9, 1, 6, 4, 2):
        ids[position] = api.grant(wallet, "1", **burn_order[position])["id"]
    # The same in everything that the ninth is; only younger.
    twin = api.grant(wallet, "1", kind="paid", effective_at=before)["id"]
    expected = [ids[position] for position in range(9)] + [twin, ids[9], ids[10]]

    hold = api.hold(wallet, "12")
    assert sources(api, wallet, "held") == expected
    api.void(hold["id"]).expect(200)
    api.debit(wallet, "12").expect(201)
    assert sources(api, wallet, "revenue") == expected


def test_the_default_priority_is_50_and_the_default_kind_is_paid(api):
    wallet = api.wallet()
    grant = api.grant(wallet, "1")
    assert (grant["priority"], grant["kind"], grant["status"]) == (50, "paid", "active")
    assert grant["expires_at"] is None


def test_a_capture_takes_from_the_grants_in_the_order_of_the_hold(api):
    wallet = api.wallet()
    late = api.grant(wallet, "5", priority=90)["id"]
    early = api.grant(wallet, "5", priority=10)["id"]
    hold = api.hold(wallet, "8")
    api.capture(hold["id"], "6").expect(200)
    entries = [entry for entry in api.entries(wallet) if entry["destination"] == "revenue"]
    assert {entry["grant"]: entry["amount"] for entry in entries} == {early: "5", late: "1"}
    assert grant_in_list(api, wallet, early)["remaining"] == "0"
    assert grant_in_list(api, wallet, late)["remaining"] == "4"


def test_a_scheduled_grant_cannot_be_spent_before_it_is_effective(api):
    wallet = api.wallet()
    grant = api.grant(wallet, "10", effective_at=at(3600))
    assert (grant["status"], grant["available"]) == ("scheduled", "0")
    api.authorize(wallet, "1").problem(402, "insufficient_funds")
    assert api.account(wallet)["posted"] == "0"
    listed = grant_in_list(api, wallet, grant["id"])
    assert (listed["status"], listed["remaining"]) == ("scheduled", "10")
    assert api.entries(wallet) == []


def test_a_scheduled_grant_becomes_spendable_by_itself(api):
    wallet = api.wallet()
    grant = api.grant(wallet, "10", effective_at=at(1.5))
    eventually(lambda: api.available(wallet) == "10", "the grant becomes effective")
    api.debit(wallet, "10").expect(201)
    issued, spent = sorted(api.entries(wallet), key=lambda entry: entry["lsn"])
    assert (issued["source"], issued["destination"]) == ("issued", "available")
    assert moment(issued["at"]) == moment(grant["effective_at"]) <= moment(spent["at"])
    assert grant_in_list(api, wallet, grant["id"])["status"] == "exhausted"


def test_an_expired_grant_goes_to_breakage_at_the_moment_it_was_due(api):
    wallet = api.wallet(grant="1")
    grant = api.grant(wallet, "10", expires_at=at(1.5))
    eventually(lambda: api.available(wallet) == "1", "the grant expires")
    api.authorize(wallet, "2").problem(402, "insufficient_funds")
    (broken,) = [entry for entry in api.entries(wallet) if entry["destination"] == "breakage"]
    assert (broken["grant"], broken["amount"]) == (grant["id"], "10")
    assert moment(broken["at"]) == moment(grant["expires_at"])
    assert grant_in_list(api, wallet, grant["id"])["status"] == "expired"
    api.audit()


def pinned(api):
    """A wallet whose only grant has expired with 6 of its 10 held; the rest is gone."""
    wallet = api.wallet()
    grant = api.grant(wallet, "10", expires_at=at(2.5))
    hold = api.hold(wallet, "6", ttl_seconds=3600)
    eventually(lambda: api.account(wallet)["posted"] == "6", "the grant expires")
    account = api.account(wallet)
    assert (account["held"], account["available"]) == ("6", "0")
    listed = grant_in_list(api, wallet, grant["id"])
    assert (listed["status"], listed["remaining"], listed["held"]) == ("expired", "6", "6")
    return wallet, hold["id"]


def test_a_grant_that_expires_while_pinned_stays_usable_for_its_hold(api):
    wallet, hold = pinned(api)
    captured = api.capture(hold, "6").expect(200)
    assert captured["status"] == "captured" and captured["late"] is False
    account = api.account(wallet)
    assert (account["posted"], account["available"]) == ("0", "0")
    assert captured["amounts"][0]["captured"] == "6"


def test_what_a_partial_capture_gives_back_to_an_expired_grant_expires_at_once(api):
    wallet, hold = pinned(api)
    captured = api.capture(hold, "2.5").expect(200)
    assert captured["capture"]["amounts"][0]["released"] == "3.5"
    assert captured["amounts"][0]["available"] == "0"
    entries = [
        entry["amount"] for entry in api.entries(wallet) if entry["destination"] == "breakage"
    ]
    assert sorted(entries) == ["3.5", "4"]
    api.audit()


def test_what_a_void_gives_back_to_an_expired_grant_expires_at_once(api):
    wallet, hold = pinned(api)
    voided = api.void(hold).expect(200)
    assert voided["void"]["amounts"][0]["released"] == "6"
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("0", "0", "0")
    api.audit()


def test_revoking_takes_what_is_not_held_and_leaves_the_holds(api):
    wallet = api.wallet(grant="1")
    grant = api.grant(wallet, "10", priority=1)["id"]
    hold = api.hold(wallet, "4")["id"]
    api.debit(wallet, "1").expect(201)

    revoked = api.revoke(grant).expect(200)
    assert (revoked["revoked"], revoked["held"], revoked["available"]) == ("5", "4", "1")
    assert revoked["status"] == "revoked"
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("5", "4", "1")

    # The hold can still spend; what it gives back is revoked too.
    captured = api.capture(hold, "3").expect(200)
    assert captured["amounts"][0]["available"] == "1"
    assert api.account(wallet)["posted"] == "1"
    entries = [entry for entry in api.entries(wallet) if entry["destination"] == "breakage"]
    assert sorted(entry["amount"] for entry in entries) == ["1", "5"]
    api.audit()


def test_a_grant_is_revoked_once(api):
    wallet = api.wallet()
    grant = api.grant(wallet, "10")["id"]
    api.hold(wallet, "1")
    api.revoke(grant).expect(200)
    problem = api.revoke(grant).problem(409, "grant_state")
    assert "revoked" in problem["detail"]


def test_a_grant_that_is_spent_cannot_be_revoked(api):
    wallet = api.wallet()
    grant = api.grant(wallet, "10")["id"]
    api.debit(wallet, "10").expect(201)
    api.revoke(grant).problem(409, "grant_state")
    other = api.wallet()
    empty = api.grant(other, "10")["id"]
    api.revoke(empty).expect(200)
    api.revoke(empty).problem(409, "grant_state")


def test_a_scheduled_grant_can_be_revoked_before_it_begins(api):
    wallet = api.wallet()
    grant = api.grant(wallet, "10", effective_at=at(3600))["id"]
    assert api.revoke(grant).expect(200)["status"] == "revoked"
    assert grant_in_list(api, wallet, grant)["status"] == "revoked"
    assert api.account(wallet)["posted"] == "0"
    api.audit()


def test_a_grant_that_would_end_before_it_begins_is_refused(api):
    wallet = api.wallet()
    for times in (
        {"expires_at": at(-1)},
        {"effective_at": at(7200), "expires_at": at(3600)},
        {"effective_at": at(-7200), "expires_at": at(-3600)},
    ):
        body = {"asset": "USD", "amount": "1", **times}
        api.post(f"/v1/wallets/{wallet}/grants", body).problem(422, "invalid_expiry")
    assert api.grants(wallet) == []
