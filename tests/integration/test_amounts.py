"""Amounts are exact, however they are written."""

import pytest

from support.client import fresh


def debit_raw(api, wallet, amount):
    """A debit whose amount stands in the JSON exactly as given."""
    body = '{"wallet": "%s", "asset": "USD", "amount": %s}' % (wallet, amount)
    return api.post("/v1/debits", body.encode())


@pytest.mark.parametrize("amount", ['"0.1"', "0.1", "1e-1", "0.10000000000000000000", "100E-3"])
def test_a_tenth_thirty_times_is_exactly_three(api, amount):
    wallet = api.wallet(grant="10")
    for _ in range(30):
        assert debit_raw(api, wallet, amount).expect(201)["amounts"][0]["amount"] == "0.1"
    account = api.account(wallet)
    assert (account["posted"], account["available"]) == ("7", "7")
    entries = [entry for entry in api.entries(wallet) if entry["destination"] == "revenue"]
    assert [entry["amount"] for entry in entries] == ["0.1"] * 30
    api.grant(wallet, "0.1")
    assert api.available(wallet) == "7.1"


def test_thirty_grants_of_a_tenth_make_exactly_three(api):
    wallet = api.wallet()
    for _ in range(30):
        last = api.grant(wallet, "0.1")
    assert last["available"] == "3"
    assert api.account(wallet)["posted"] == "3"


def test_a_json_number_is_read_from_its_digits(api):
    # 0.1 + 0.2 and these digits are what binary floating point cannot keep apart.
    wallet = api.wallet()
    asset = api.asset(scale=18)
    for amount in ("0.1", "0.2", "123456789.123456789123456789"):
        body = '{"asset": "%s", "amount": %s}' % (asset, amount)
        assert (
            api.post(f"/v1/wallets/{wallet}/grants", body.encode()).expect(201)["amount"] == amount
        )
    assert api.available(wallet, asset) == "123456789.423456789123456789"


def test_the_smallest_unit_of_the_finest_asset_is_kept(api):
    asset = api.asset(scale=18)
    wallet = api.wallet()
    api.grant(wallet, "1", asset)
    assert api.debit(wallet, "0.000000000000000001", asset).status == 201
    assert api.available(wallet, asset) == "0.999999999999999999"


def test_the_largest_amount_of_an_asset_is_kept_to_the_last_digit(api):
    asset = api.asset(scale=0)
    wallet = api.wallet()
    largest = "1" + "0" * 30
    api.grant(wallet, largest, asset)
    assert api.debit(wallet, "1", asset).status == 201
    assert api.available(wallet, asset) == "9" * 30
    api.post(f"/v1/wallets/{wallet}/grants", {"asset": asset, "amount": largest + "0"}).problem(
        422, "invalid_amount"
    )


def test_a_balance_that_would_become_too_large_is_refused(api):
    asset = api.asset(scale=0)
    wallet = api.wallet()
    for _ in range(10):
        api.grant(wallet, "1" + "0" * 30, asset)
    body = {"asset": asset, "amount": "1"}
    api.post(f"/v1/wallets/{wallet}/grants", body).problem(422, "balance_too_large")
    assert api.available(wallet, asset) == "1" + "0" * 31


@pytest.mark.parametrize(
    ("amount", "scale"),
    [
        ("0.0000000001", 9),
        ("1.5", 0),
        ("1e-10", 9),
        ("0.1234567", 6),
    ],
)
def test_more_decimals_than_the_scale_are_refused_and_never_rounded(api, amount, scale):
    asset = api.asset(scale=scale)
    wallet = api.wallet()
    api.grant(wallet, "100", asset)
    for written in (f'"{amount}"', amount):
        body = '{"wallet": "%s", "asset": "%s", "amount": %s}' % (wallet, asset, written)
        problem = api.post("/v1/authorize", body.encode()).problem(422, "invalid_amount")
        assert "decimals" in problem["detail"] and problem["asset"] == asset
    assert api.available(wallet, asset) == "100"


def test_trailing_zeros_are_no_decimals(api):
    asset = api.asset(scale=0)
    wallet = api.wallet()
    assert api.grant(wallet, "5.000000000000", asset)["amount"] == "5"
    assert api.grant(wallet, "5e0", asset)["available"] == "10"


def test_amounts_come_back_without_exponent_or_trailing_zeros(api):
    wallet = api.wallet()
    for written, canonical in (("1E2", "100"), ("0100e-2", None), ("12.500", "12.5"), ("1.0", "1")):
        reply = api.post(f"/v1/wallets/{wallet}/grants", {"asset": "USD", "amount": written})
        if canonical is None:
            reply.problem(422, "invalid_amount")  # JSON has no leading zeros
        else:
            assert reply.expect(201)["amount"] == canonical


def test_sums_over_many_odd_amounts_have_no_error(api):
    amounts = ["0.000000001", "999999999.999999999", "0.1", "0.2", "0.3", "1.000000007"]
    wallet = api.wallet(grant="3000000000")
    operations = [
        {"op": "debit", "wallet": wallet, "asset": "USD", "amount": amounts[i % len(amounts)]}
        for i in range(12)
    ]
    results = api.post("/v1/batch", {"operations": operations}).expect(200)["results"]
    assert [result["status"] for result in results] == [201] * 12
    assert api.available(wallet) == "999999996.799999986"


def test_an_amount_of_zero_moves_nothing_and_is_refused(api):
    wallet = api.wallet(grant="1")
    for amount in ("0", "0.000", "-0", 0):
        api.authorize(wallet, amount).problem(422, "invalid_amount")
        api.debit(wallet, amount).problem(422, "invalid_amount")
    assert api.available(wallet) == "1"


def test_an_asset_keeps_its_scale_for_ever(api):
    code = fresh("FIXED")
    api.asset(code, 4)
    problem = api.post("/v1/assets", {"code": code, "scale": 5}).problem(409, "asset_exists")
    assert code in problem["detail"]
    (asset,) = [
        asset for asset in api.get("/v1/assets").expect(200)["data"] if asset["code"] == code
    ]
    assert asset["scale"] == 4
