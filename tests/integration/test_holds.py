"""Authorizations: holding, capturing, voiding, growing."""

from support.times import moment


def only_line(authorization):
    (line,) = authorization["amounts"]
    return line


def test_an_authorization_reserves_and_spends_nothing(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4", description="chat 17", metadata={"model": "small", "n": [1, {}]})
    assert hold["id"].startswith("auth_") and len(hold["id"]) == len("auth_") + 26
    assert (hold["wallet"], hold["status"]) == (wallet, "authorized")
    assert (moment(hold["expires_at"]) - moment(hold["created_at"])).total_seconds() == 300
    assert (hold["description"], hold["metadata"]) == ("chat 17", {"model": "small", "n": [1, {}]})
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("10", "4", "6")
    read = api.authorization(hold["id"])
    assert (read["status"], read["description"], read["metadata"]) == (
        "authorized",
        "chat 17",
        {"model": "small", "n": [1, {}]},
    )
    assert (only_line(read)["authorized"], only_line(read)["held"]) == ("4", "4")


def test_ids_are_ordered_by_time(api):
    wallet = api.wallet(grant="100")
    ids = [api.hold(wallet, "1")["id"] for _ in range(20)]
    assert ids == sorted(ids) and len(set(ids)) == 20


def test_a_decline_says_what_is_available_requested_and_missing(api):
    wallet = api.wallet(grant="3")
    problem = api.authorize(wallet, "5.5").problem(402, "insufficient_funds")
    assert (problem["available"], problem["requested"], problem["shortfall"]) == ("3", "5.5", "2.5")
    assert problem["asset"] == "USD"


def test_several_assets_are_reserved_whole_or_not_at_all(api):
    wallet = api.wallet(grant="10")
    api.grant(wallet, "100", "TOKENS")
    amounts = [{"asset": "USD", "amount": "1"}, {"asset": "TOKENS", "amount": "101"}]
    problem = api.authorize(wallet, amounts=amounts).problem(402, "insufficient_funds")
    assert (problem["asset"], problem["shortfall"]) == ("TOKENS", "1")
    assert (api.available(wallet), api.available(wallet, "TOKENS")) == ("10", "100")

    amounts[1]["amount"] = "100"
    hold = api.authorize(wallet, amounts=amounts).expect(201)
    assert [line["asset"] for line in hold["amounts"]] == ["USD", "TOKENS"]
    assert (api.available(wallet), api.available(wallet, "TOKENS")) == ("9", "0")
    body = {"amounts": [{"asset": "TOKENS", "amount": "40"}, {"asset": "USD", "amount": "0.5"}]}
    api.post(f"/v1/authorizations/{hold['id']}/capture", body).expect(200)
    assert (api.available(wallet), api.available(wallet, "TOKENS")) == ("9.5", "60")


def test_a_declined_asset_among_several_names_every_one_that_lacks(api):
    wallet = api.wallet(grant="1")
    amounts = [{"asset": asset, "amount": "2"} for asset in ("USD", "TOKENS", "GPU_HOURS")]
    problem = api.authorize(wallet, amounts=amounts).problem(402, "insufficient_funds")
    assert [line["asset"] for line in problem["amounts"]] == ["USD", "TOKENS", "GPU_HOURS"]
    assert [line["shortfall"] for line in problem["amounts"]] == ["1", "2", "2"]


def test_a_capture_without_amount_takes_all_that_is_held(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")
    captured = api.capture(hold["id"]).expect(200)
    assert (captured["status"], captured["late"]) == ("captured", False)
    line = only_line(captured)
    assert (line["authorized"], line["captured"], line["held"]) == ("4", "4", "0")
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("6", "0", "6")


def test_a_final_partial_capture_releases_the_rest(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")
    captured = api.capture(hold["id"], "1.25").expect(200)
    assert captured["status"] == "captured"
    (line,) = captured["capture"]["amounts"]
    assert (line["requested"], line["captured"], line["released"], line["shortfall"]) == (
        "1.25",
        "1.25",
        "2.75",
        "0",
    )
    assert api.available(wallet) == "8.75"


def test_a_hold_is_settled_in_several_captures(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")["id"]
    for number in range(1, 4):
        captured = api.capture(hold, "1", final=False).expect(200)
        assert captured["status"] == "authorized"
        assert (only_line(captured)["captured"], only_line(captured)["held"]) == (
            str(number),
            str(4 - number),
        )
        assert api.available(wallet) == "6"
    last = api.capture(hold, "0.5").expect(200)
    assert (last["status"], only_line(last)["captured"]) == ("captured", "3.5")
    assert api.available(wallet) == "6.5"
    revenue = [
        entry["amount"] for entry in api.entries(wallet) if entry["destination"] == "revenue"
    ]
    assert sorted(revenue) == ["0.5", "1", "1", "1"]


def test_a_capture_of_zero_ends_the_hold_and_takes_nothing(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")["id"]
    assert api.capture(hold, "0").expect(200)["status"] == "captured"
    assert api.account(wallet)["posted"] == api.available(wallet) == "10"


def test_a_void_gives_everything_back(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")["id"]
    voided = api.void(hold).expect(200)
    assert (voided["status"], voided["void"]["amounts"][0]["released"]) == ("voided", "4")
    assert api.available(wallet) == "10"


def test_a_void_after_a_partial_capture_gives_back_what_is_left(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")["id"]
    api.capture(hold, "3", final=False).expect(200)
    voided = api.void(hold).expect(200)
    assert (only_line(voided)["captured"], voided["void"]["amounts"][0]["released"]) == ("3", "1")
    assert api.account(wallet)["posted"] == api.available(wallet) == "7"


def test_an_authorization_ends_once(api):
    wallet = api.wallet(grant="10")
    captured, voided = api.hold(wallet, "1")["id"], api.hold(wallet, "1")["id"]
    api.capture(captured).expect(200)
    api.void(voided).expect(200)
    for ended, status in ((captured, "captured"), (voided, "voided")):
        for reply in (api.capture(ended), api.void(ended), api.increment(ended, "1")):
            problem = reply.problem(409, "authorization_state")
            assert problem["authorization_status"] == status
    assert api.available(wallet) == "9"


def test_an_increment_grows_the_hold(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")
    grown = api.increment(hold["id"], "2.5").expect(200)
    assert (only_line(grown)["authorized"], only_line(grown)["held"]) == ("6.5", "6.5")
    assert grown["increment"]["amounts"][0]["added"] == "2.5"
    assert grown["expires_at"] == hold["expires_at"]
    assert api.available(wallet) == "3.5"
    api.increment(hold["id"], "3.6").problem(402, "insufficient_funds")
    assert api.available(wallet) == "3.5"
    api.capture(hold["id"]).expect(200)
    assert api.account(wallet)["posted"] == "3.5"


def test_an_increment_of_the_ttl_extends_and_never_shortens(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4", ttl_seconds=600)
    longer = api.increment(hold["id"], ttl_seconds=3600).expect(200)
    assert moment(longer["expires_at"]) > moment(hold["expires_at"])
    same = api.increment(hold["id"], ttl_seconds=1).expect(200)
    assert same["expires_at"] == longer["expires_at"]
    assert only_line(same)["held"] == "4"
    assert api.authorization(hold["id"])["expires_at"] == longer["expires_at"]


def test_an_asset_that_is_not_held_cannot_be_captured(api):
    wallet = api.wallet(grant="10")
    api.grant(wallet, "10", "TOKENS")
    hold = api.hold(wallet, "4")["id"]
    body = {"amounts": [{"asset": "TOKENS", "amount": "1"}]}
    for action in ("capture", "increment"):
        api.post(f"/v1/authorizations/{hold}/{action}", body).problem(422, "asset_not_held")
    both = api.authorize(
        wallet, amounts=[{"asset": "USD", "amount": "1"}, {"asset": "TOKENS", "amount": "1"}]
    ).expect(201)["id"]
    # An amount without an asset says nothing where there are two.
    api.capture(both, "1").problem(422, "asset_not_held")
    api.void(both).expect(200)
    api.void(hold).expect(200)
    assert (api.available(wallet), api.available(wallet, "TOKENS")) == ("10", "10")


def test_a_debit_checks_and_spends_in_one_step(api):
    wallet = api.wallet(grant="10")
    api.grant(wallet, "5", "TOKENS")
    amounts = [{"asset": "USD", "amount": "4"}, {"asset": "TOKENS", "amount": "5"}]
    debit = api.debit(wallet, amounts=amounts, description="one call", metadata={"a": 1}).expect(
        201
    )
    assert debit["id"].startswith("debit_")
    assert [(line["amount"], line["available"]) for line in debit["amounts"]] == [
        ("4", "6"),
        ("5", "0"),
    ]
    problem = api.debit(wallet, amounts=amounts).problem(402, "insufficient_funds")
    assert (problem["asset"], problem["shortfall"]) == ("TOKENS", "5")
    assert (api.account(wallet)["posted"], api.account(wallet)["held"]) == ("6", "0")
    entries = [entry for entry in api.entries(wallet) if entry["destination"] == "revenue"]
    assert {entry["debit"] for entry in entries} == {debit["id"]}
    assert {entry["description"] for entry in entries} == {"one call"}


def test_a_dry_run_decides_and_changes_nothing(api):
    wallet = api.wallet(grant="10")
    lsn = api.get(f"/v1/wallets/{wallet}").expect(200)["lsn"]
    approved = api.authorize(wallet, "10", dry_run=True).expect(200)
    assert approved["decision"] == "approved"
    declined = api.authorize(wallet, "10.5", dry_run=True).expect(200)
    assert (declined["decision"], declined["code"]) == ("declined", "insufficient_funds")
    (line,) = declined["amounts"]
    assert (line["available"], line["requested"], line["shortfall"]) == ("10", "10.5", "0.5")
    # A key binds nothing either: the real request may come under the same one.
    api.authorize(wallet, "10", dry_run=True, key="dry").expect(200)
    after = api.get(f"/v1/wallets/{wallet}").expect(200)
    assert after["lsn"] == lsn and after["accounts"][0]["available"] == "10"
    api.authorize(wallet, "10", key="dry").expect(201)


def test_the_ttl_has_bounds(api):
    wallet = api.wallet(grant="10")
    for seconds in (1, 604800):
        assert api.authorize(wallet, "0.1", ttl_seconds=seconds).status == 201
    for seconds in (0, -1, 604801, "60", 1.5):
        problem = api.authorize(wallet, "0.1", ttl_seconds=seconds).problem(422, "invalid_request")
        assert "ttl_seconds" in problem["detail"]
