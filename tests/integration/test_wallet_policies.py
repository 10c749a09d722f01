"""What a wallet's own settings decide: over-capture, overdraft, freezing."""

import pytest

from support.poll import eventually
from support.times import at


# ---- capturing more than is held


def test_the_policy_reject_declines_a_capture_beyond_the_hold(api):
    wallet = api.wallet(grant="10", over_capture="reject")
    hold = api.hold(wallet, "4")["id"]
    problem = api.capture(hold, "4.5").problem(402, "capture_exceeds_hold")
    assert problem["shortfall"] == "0.5"
    assert api.authorization(hold)["status"] == "authorized"
    assert api.account(wallet)["held"] == "4"
    api.capture(hold, "4").expect(200)


def test_the_policy_cap_takes_what_is_available_and_reports_the_shortfall(api):
    wallet = api.wallet(grant="10")  # cap is the default
    assert api.get(f"/v1/wallets/{wallet}").expect(200)["over_capture"] == "cap"
    hold = api.hold(wallet, "4")["id"]
    captured = api.capture(hold, "7").expect(200)
    (line,) = captured["capture"]["amounts"]
    assert (line["captured"], line["shortfall"], line["released"]) == ("7", "0", "0")
    assert api.available(wallet) == "3"
    hold = api.hold(wallet, "2")["id"]
    captured = api.capture(hold, "5.5").expect(200)
    (line,) = captured["capture"]["amounts"]
    assert (line["captured"], line["shortfall"]) == ("3", "2.5")
    account = api.account(wallet)
    assert (account["posted"], account["available"]) == ("0", "0")


def test_the_policy_cap_leaves_the_holds_of_others_alone(api):
    wallet = api.wallet(grant="10")
    other = api.hold(wallet, "6")["id"]
    hold = api.hold(wallet, "4")["id"]
    captured = api.capture(hold, "9").expect(200)
    (line,) = captured["capture"]["amounts"]
    assert (line["captured"], line["shortfall"]) == ("4", "5")
    assert api.capture(other).expect(200)["amounts"][0]["captured"] == "6"


def test_the_policy_debt_takes_everything_and_flags_the_account(api):
    wallet = api.wallet(grant="10", over_capture="debt")
    hold = api.hold(wallet, "4")["id"]
    captured = api.capture(hold, "15").expect(200)
    (line,) = captured["capture"]["amounts"]
    assert (line["captured"], line["shortfall"]) == ("15", "0")
    account = api.account(wallet)
    assert (account["posted"], account["available"]) == ("-5", "-5")
    assert account["over_limit"] is True
    api.authorize(wallet, "0.000000001").problem(402, "insufficient_funds")
    api.audit()
    # Debt is settled first when a grant arrives.
    assert api.grant(wallet, "7")["available"] == "2"
    assert "over_limit" not in api.account(wallet)
    settled = [entry["amount"] for entry in api.entries(wallet) if entry["destination"] == "debt"]
    assert settled == ["5"]
    api.audit()


def test_a_policy_can_be_changed(api):
    wallet = api.wallet(grant="10", over_capture="reject")
    hold = api.hold(wallet, "4")["id"]
    api.capture(hold, "5").problem(402, "capture_exceeds_hold")
    assert api.update(wallet, over_capture="cap")["over_capture"] == "cap"
    api.capture(hold, "5").expect(200)


# ---- capturing after the hold has expired


def expired_hold(api, wallet, amount):
    hold = api.hold(wallet, amount, ttl_seconds=1)["id"]
    eventually(lambda: api.authorization(hold)["status"] == "expired", "the hold expires")
    return hold


def test_a_late_capture_is_paid_for_and_says_so(api):
    wallet = api.wallet(grant="10")
    hold = expired_hold(api, wallet, "4")
    assert api.available(wallet) == "10"
    captured = api.capture(hold, "3").expect(200)
    assert (captured["late"], captured["status"]) == (True, "expired")
    assert captured["amounts"][0]["captured"] == "3"
    assert api.account(wallet)["posted"] == api.available(wallet) == "7"
    assert api.authorization(hold)["late"] is True
    # It was final: a second one has nothing left to settle.
    api.capture(hold, "1").problem(409, "authorization_state")
    assert api.available(wallet) == "7"
    api.audit()


def test_a_late_capture_without_amount_takes_what_was_authorized(api):
    wallet = api.wallet(grant="10")
    hold = expired_hold(api, wallet, "4")
    assert api.capture(hold).expect(200)["amounts"][0]["captured"] == "4"
    assert api.available(wallet) == "6"


def test_a_late_capture_in_parts_goes_on_until_the_final_one(api):
    wallet = api.wallet(grant="10")
    hold = expired_hold(api, wallet, "4")
    for captured in ("1", "2"):
        reply = api.capture(hold, "1", final=False).expect(200)
        assert reply["amounts"][0]["captured"] == captured
    api.capture(hold, "1").expect(200)
    api.capture(hold, "1").problem(409, "authorization_state")
    assert api.available(wallet) == "7"


@pytest.mark.parametrize(
    ("policy", "captured", "available"),
    [
        ("reject", None, "1"),
        ("cap", "1", "0"),
        ("debt", "4", "-3"),
    ],
)
def test_a_late_capture_that_is_not_covered_follows_the_policy(api, policy, captured, available):
    wallet = api.wallet(grant="5", over_capture=policy)
    hold = expired_hold(api, wallet, "4")
    api.debit(wallet, "4").expect(201)
    reply = api.capture(hold, "4")
    if captured is None:
        assert reply.problem(402, "insufficient_funds")["shortfall"] == "3"
    else:
        (line,) = reply.expect(200)["capture"]["amounts"]
        assert (line["captured"], reply.json["late"]) == (captured, True)
    assert api.available(wallet) == available
    api.audit()


def test_a_late_capture_beyond_what_was_authorized_is_rejected_by_policy(api):
    wallet = api.wallet(grant="10", over_capture="reject")
    hold = expired_hold(api, wallet, "4")
    api.capture(hold, "4.1").problem(402, "capture_exceeds_hold")
    api.capture(hold, "4").expect(200)


# ---- freezing


def test_a_frozen_wallet_spends_nothing_new_and_settles_what_is_held(api):
    wallet = api.wallet(grant="10")
    first, second = api.hold(wallet, "2")["id"], api.hold(wallet, "3")["id"]
    assert api.update(wallet, status="frozen")["status"] == "frozen"
    for reply in (api.authorize(wallet, "1"), api.debit(wallet, "1"), api.increment(first, "1")):
        reply.problem(403, "wallet_frozen")
    assert api.authorize(wallet, "1", dry_run=True).expect(200)["code"] == "wallet_frozen"
    api.capture(first, "1").expect(200)
    api.void(second).expect(200)
    api.grant(wallet, "1")
    assert api.available(wallet) == "10"
    assert api.update(wallet, status="active")["status"] == "active"
    api.hold(wallet, "10")


def test_frozen_comes_after_a_bad_amount_and_before_the_funds(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "1")["id"]
    api.void(hold).expect(200)
    api.update(wallet, status="frozen")
    api.debit(wallet, "-1").problem(422, "invalid_amount")
    api.debit(wallet, "1000").problem(403, "wallet_frozen")
    api.increment(hold, "1").problem(403, "wallet_frozen")  # before the state of the hold


# ---- overdraft


def test_an_overdraft_limit_is_a_credit_line(api):
    wallet = api.wallet()
    updated = api.update(wallet, overdraft_limits={"USD": "100", "TOKENS": 50})
    limits = {account["asset"]: account["overdraft_limit"] for account in updated["accounts"]}
    assert limits == {"USD": "100", "TOKENS": "50"}
    assert api.available(wallet) == "100"

    hold = api.hold(wallet, "60")["id"]
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("0", "60", "40")
    api.debit(wallet, "40").expect(201)
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("-40", "60", "0")
    problem = api.authorize(wallet, "0.000000001").problem(402, "insufficient_funds")
    assert problem["available"] == "0"

    # The debt that is spent is settled first; what is left can be spent again.
    assert api.grant(wallet, "70")["available"] == "70"
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("30", "60", "70")
    api.capture(hold).expect(200)
    assert api.account(wallet)["available"] == "70"
    assert api.account(wallet)["posted"] == "-30"
    api.audit()


def test_a_released_hold_on_credit_owes_nothing(api):
    wallet = api.wallet()
    api.update(wallet, overdraft_limits={"USD": "10"})
    hold = api.hold(wallet, "10")["id"]
    api.void(hold).expect(200)
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("0", "0", "10")
    expiring = api.hold(wallet, "10", ttl_seconds=1)["id"]
    eventually(lambda: api.available(wallet) == "10", "the hold expires")
    assert api.authorization(expiring)["status"] == "expired"
    api.audit()


def test_grants_are_spent_before_credit(api):
    wallet = api.wallet(grant="5")
    api.update(wallet, overdraft_limits={"USD": "10"})
    api.debit(wallet, "7").expect(201)
    assert api.account(wallet)["posted"] == "-2"
    sides = [
        (entry["source"], entry["amount"], "grant" not in entry)
        for entry in api.entries(wallet)
        if entry["destination"] == "revenue"
    ]
    assert sorted(sides) == [("available", "5", False), ("debt", "2", True)]


def test_a_limit_below_what_is_drawn_is_refused(api):
    wallet = api.wallet()
    api.update(wallet, overdraft_limits={"USD": "10"})
    api.debit(wallet, "6").expect(201)
    body = {"overdraft_limits": {"USD": "5"}, "status": "frozen"}
    problem = api.patch(f"/v1/wallets/{wallet}", body).problem(409, "overdraft_in_use")
    assert problem["shortfall"] == "1"
    # Whole or not at all: the status stayed too.
    assert api.get(f"/v1/wallets/{wallet}").expect(200)["status"] == "active"
    assert api.update(wallet, overdraft_limits={"USD": "6"})["accounts"][0]["available"] == "0"


def test_a_scheduled_grant_settles_debt_when_it_becomes_effective(api):
    wallet = api.wallet()
    api.update(wallet, overdraft_limits={"USD": "10"})
    api.debit(wallet, "6").expect(201)
    api.grant(wallet, "8", effective_at=at(1.5))
    eventually(lambda: api.account(wallet)["posted"] == "2", "the grant becomes effective")
    assert api.available(wallet) == "12"
    api.audit()


def test_an_account_says_what_it_is(api):
    wallet = api.wallet(name="Acme", metadata={"plan": "pro"})
    body = api.get(f"/v1/wallets/{wallet}").expect(200)
    assert (body["id"], body["name"], body["status"], body["metadata"]) == (
        wallet,
        "Acme",
        "active",
        {"plan": "pro"},
    )
    assert body["accounts"] == []
    assert api.update(wallet, name="Acme Inc", metadata={})["name"] == "Acme Inc"


def test_a_wallet_id_is_generated_where_none_is_chosen(api):
    made = [api.post("/v1/wallets", {}).expect(201)["id"] for _ in range(2)]
    assert len(set(made)) == 2
    for id in made:
        assert api.get(f"/v1/wallets/{id}").expect(200)["id"] == id


def test_a_wallet_is_created_once(api):
    wallet = api.wallet(name="first")
    api.post("/v1/wallets", {"id": wallet, "name": "second"}).problem(409, "wallet_exists")
    assert api.get(f"/v1/wallets/{wallet}").expect(200)["name"] == "first"
