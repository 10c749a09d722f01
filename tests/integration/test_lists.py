"""Reading: statements, balances, pages. What was just written is in what is read next."""

from urllib.parse import quote

import pytest

from support.client import fresh
from support.times import at, moment


def test_a_statement_shows_what_was_written_a_moment_ago(api):
    wallet = api.wallet(grant="100")
    for number in range(1, 26):
        debit = api.debit(wallet, "1").expect(201)
        newest = api.get(f"/v1/wallets/{wallet}/entries?limit=1000").expect(200)["data"]
        assert len(newest) == number + 1
        assert debit["lsn"] in {entry["lsn"] for entry in newest}
        balances = api.get(f"/v1/wallets/{wallet}/balances").expect(200)
        assert balances["balances"][0]["available"] == str(100 - number)


def test_entries_are_double_entry_and_name_what_they_belong_to(api):
    wallet = api.wallet()
    grant = api.grant(wallet, "10")["id"]
    hold = api.hold(wallet, "4", description="a call")["id"]
    api.capture(hold, "3").expect(200)
    debit = api.debit(wallet, "1").expect(201)["id"]
    entries = sorted(api.entries(wallet), key=lambda entry: (entry["lsn"], entry["sequence"]))
    assert [(entry["source"], entry["destination"], entry["amount"]) for entry in entries] == [
        ("issued", "available", "10"),
        ("available", "held", "4"),
        ("held", "revenue", "3"),
        ("held", "available", "1"),
        ("available", "revenue", "1"),
    ]
    assert {entry["grant"] for entry in entries} == {grant}
    assert [entry.get("authorization") for entry in entries] == [None, hold, hold, hold, None]
    assert [entry.get("debit") for entry in entries] == [None, None, None, None, debit]
    assert [entry["description"] for entry in entries[1:3]] == ["a call", "a call"]


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_of_entries_have_everything_once(api, limit):
    wallet = api.wallet(grant="100")
    api.grant(wallet, "100", "TOKENS")
    lsns = [api.debit(wallet, "1", asset).expect(201)["lsn"] for asset in ("USD", "TOKENS") * 5]
    rows = api.all_pages(f"/v1/wallets/{wallet}/entries", limit)
    places = [(row["lsn"], row["sequence"]) for row in rows]
    assert len(places) == len(set(places)) == 12
    assert places == sorted(places) or places == sorted(places, reverse=True)
    assert set(lsns) < {row["lsn"] for row in rows}
    tokens = api.all_pages(f"/v1/wallets/{wallet}/entries?asset=TOKENS", limit)
    assert len(tokens) == 6 and {row["asset"] for row in tokens} == {"TOKENS"}


def test_a_page_stays_right_while_entries_arrive(api):
    wallet = api.wallet(grant="100")
    for _ in range(6):
        api.debit(wallet, "1").expect(201)
    path = f"/v1/wallets/{wallet}/entries?limit=3"
    first = api.get(path).expect(200)
    api.debit(wallet, "2").expect(201)
    second = api.get(f"{path}&cursor={first['next_cursor']}").expect(200)
    places = [(row["lsn"], row["sequence"]) for row in first["data"] + second["data"]]
    assert len(set(places)) == 6


def test_entries_are_filtered_by_time_from_inclusive_to_exclusive(api):
    wallet = api.wallet(grant="100")
    times = []
    for _ in range(3):
        api.debit(wallet, "1").expect(201)
        newest = max(api.entries(wallet), key=lambda entry: entry["lsn"])
        times.append(newest["at"])
    path = f"/v1/wallets/{wallet}/entries"
    between = api.get(f"{path}?from={times[0]}&to={times[2]}").expect(200)["data"]
    assert sorted(row["at"] for row in between) == times[:2]
    assert [row["at"] for row in api.get(f"{path}?from={times[2]}").expect(200)["data"]] == times[
        2:
    ]
    assert len(api.get(f"{path}?to={times[0]}").expect(200)["data"]) == 1
    assert api.get(f"{path}?from={quote(at(3600))}").expect(200)["data"] == []


def test_pages_of_grants_have_everything_once(api):
    wallet = api.wallet()
    made = [api.grant(wallet, "1")["id"] for _ in range(11)]
    for limit in (1, 4, 11, 100):
        listed = [grant["id"] for grant in api.all_pages(f"/v1/wallets/{wallet}/grants", limit)]
        assert sorted(listed) == made and len(set(listed)) == 11


def test_a_grant_in_a_list_tells_its_whole_story(api):
    wallet = api.wallet()
    expires_at = at(3600)
    made = api.grant(
        wallet,
        "10",
        kind="promotional",
        priority=7,
        expires_at=expires_at,
        metadata={"campaign": "spring"},
    )
    api.debit(wallet, "3").expect(201)
    api.hold(wallet, "2")
    (grant,) = api.grants(wallet)
    assert (grant["id"], grant["wallet"], grant["asset"]) == (made["id"], wallet, "USD")
    assert (grant["amount"], grant["remaining"], grant["held"]) == ("10", "7", "2")
    assert (grant["kind"], grant["priority"], grant["status"]) == ("promotional", 7, "active")
    assert moment(grant["expires_at"]) == moment(expires_at)
    assert grant["metadata"] == {"campaign": "spring"}


def test_pages_of_wallets_have_every_wallet_once_in_order(api):
    prefix = fresh("page")
    made = [api.wallet(f"{prefix}-{number:02}", grant="1") for number in range(12)]
    for limit in (5, 1000):
        rows = api.all_pages("/v1/wallets", limit)
        ids = [row["id"] for row in rows]
        assert len(ids) == len(set(ids)) and ids == sorted(ids)
        assert [id for id in ids if id.startswith(f"{prefix}-")] == made
    row = next(row for row in rows if row["id"] == made[0])
    assert row["accounts"][0]["available"] == "1"


def test_balances_as_of_a_time_are_what_they_were(api):
    wallet = api.wallet()
    path = f"/v1/wallets/{wallet}/balances"
    seen = []
    api.grant(wallet, "10")
    hold = api.hold(wallet, "4")["id"]
    api.capture(hold, "1").expect(200)
    api.debit(wallet, "2").expect(201)
    for entry in sorted(api.entries(wallet), key=lambda entry: (entry["lsn"], entry["sequence"])):
        seen.append(entry["at"])
    expected = {}
    for time, posted, held in zip(seen, ("10", "10", None, "9", "7"), ("0", "4", None, "0", "0")):
        if posted is not None:
            expected[time] = (posted, held)
    for time, (posted, held) in expected.items():
        (balance,) = api.get(f"{path}?at={time}").expect(200)["balances"]
        assert (balance["asset"], balance["posted"], balance["held"]) == ("USD", posted, held)
    before = api.get(f"{path}?at={quote(at(-3600))}").expect(200)["balances"]
    assert all(balance["posted"] == "0" for balance in before)
    (now,) = api.get(path).expect(200)["balances"]
    assert (now["posted"], now["available"]) == ("7", "7")


def test_what_a_list_is_asked_wrongly_is_refused(api):
    wallet = api.wallet()
    for query in (
        "limit=0",
        "limit=1001",
        "limit=ten",
        "from=yesterday",
        "color=blue",
        "limit=1&limit=2",
        # Not UTF-8, and a NUL: once handed to PostgreSQL, which made a 500 of them.
        "asset=%FF",
        "asset=USD%00",
    ):
        api.get(f"/v1/wallets/{wallet}/entries?{query}").problem(422, "invalid_request")
    for path in (f"/v1/wallets/{wallet}/entries", f"/v1/wallets/{wallet}/grants", "/v1/wallets"):
        api.get(f"{path}?cursor=nonsense").problem(422, "invalid_request")
    for path, kind in ((f"/v1/wallets/{wallet}/grants", b"grants"), ("/v1/wallets", b"wallets")):
        cursor = (kind + b" \xff").hex()
        api.get(f"{path}?cursor={cursor}").problem(422, "invalid_request")
    api.get(f"/v1/wallets/{wallet}/balances?at=now").problem(422, "invalid_request")


def test_lists_of_an_unknown_wallet_are_not_found(api):
    for what in ("entries", "grants", "balances"):
        api.get(f"/v1/wallets/nobody/{what}").problem(404, "wallet_not_found")


def test_assets_are_listed(api):
    code = api.asset(scale=3)
    (asset,) = [
        asset for asset in api.get("/v1/assets").expect(200)["data"] if asset["code"] == code
    ]
    assert asset["scale"] == 3


def test_the_audit_shows_conservation_of_every_asset(api):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "4")["id"]
    api.capture(hold, "1", final=False).expect(200)
    audit = api.audit()
    (usd,) = [asset for asset in audit["assets"] if asset["asset"] == "USD"]
    assert usd["ok"] is True
