"""Nothing is spent twice, however many connections ask at once."""

import asyncio
import random
from collections import Counter
from decimal import Decimal

import pytest

from support.client import crowd
from support.money import text, total
from support.poll import eventually

CONNECTIONS = 64

# Neither amount divides its grant, nor do the sixteen add up to a divisor of it.
USD_AMOUNTS = [
    "0.37",
    "1.13",
    "2.71",
    "0.000000007",
    "3.3",
    "0.999999999",
    "1.414213562",
    "0.09",
    "4.669201609",
    "0.577215664",
    "1.618033988",
    "2.502907875",
    "0.7",
    "5.01",
    "0.123456789",
    "1.1",
]
TOKEN_AMOUNTS = [101, 7, 997, 13, 1009, 3, 211, 499, 53, 777, 19, 1201, 89, 307, 2, 650]


class Watch:
    """Reads a wallet on a connection of its own for as long as the race lasts."""

    def __init__(self, wallet, runners):
        self.wallet = wallet
        self.running = runners
        self.readings = 0

    async def __call__(self, connection):
        while self.running > 0:
            body = (await connection.get(f"/v1/wallets/{self.wallet}")).expect(200)
            for account in body["accounts"]:
                posted, held = Decimal(account["posted"]), Decimal(account["held"])
                assert Decimal(account["available"]) >= 0, f"overspent: {account}"
                assert Decimal(account["available"]) == posted - held, f"does not add up: {account}"
            self.readings += 1
            await asyncio.sleep(0)

    def runner(self, work):
        async def run(connection):
            try:
                return await work(connection)
            finally:
                self.running -= 1

        return run


def race(server, wallet, works):
    """Runs the works, one connection each, while the wallet is watched; returns their results."""
    watch = Watch(wallet, len(works))
    results = crowd(server, [*(watch.runner(work) for work in works), watch])
    assert watch.readings > 0
    return results[:-1]


def test_a_wallet_of_100_dollars_approves_exactly_100_single_dollars(server, api):
    wallet = api.wallet(grant="100")

    async def spend(connection):
        return [
            await connection.post(
                "/v1/authorize", {"wallet": wallet, "asset": "USD", "amount": "1"}
            )
            for _ in range(4)
        ]

    replies = sum(race(server, wallet, [spend] * CONNECTIONS), [])
    assert Counter(reply.status for reply in replies) == {201: 100, 402: 4 * CONNECTIONS - 100}
    for reply in replies:
        if reply.status == 402:
            problem = reply.problem(402, "insufficient_funds")
            assert (problem["available"], problem["requested"], problem["shortfall"]) == (
                "0",
                "1",
                "1",
            )
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("100", "100", "0")
    ids = {reply.json["id"] for reply in replies if reply.status == 201}
    assert len(ids) == 100
    api.audit()


def test_two_assets_in_amounts_that_do_not_divide_are_reserved_whole_or_not_at_all(server, api):
    wallet = api.wallet(grant="150")
    api.grant(wallet, 40000, "TOKENS")
    pairs = list(zip(USD_AMOUNTS, TOKEN_AMOUNTS))

    def spender(number):
        async def spend(connection):
            results = []
            for turn in range(5):
                usd, tokens = pairs[(number + turn * 5) % len(pairs)]
                amounts = [
                    {"asset": "USD", "amount": usd},
                    {"asset": "TOKENS", "amount": str(tokens)},
                ]
                body = {"wallet": wallet, "amounts": amounts if turn % 2 else amounts[::-1]}
                results.append((usd, tokens, await connection.post("/v1/authorize", body)))
            return results

        return spend

    results = sum(race(server, wallet, [spender(i) for i in range(CONNECTIONS)]), [])
    approved = [(usd, tokens) for usd, tokens, reply in results if reply.status == 201]
    declined = [(usd, tokens, reply) for usd, tokens, reply in results if reply.status == 402]
    assert approved and declined and len(approved) + len(declined) == len(results)

    usd_left = Decimal(150) - total(usd for usd, _ in approved)
    tokens_left = 40000 - sum(tokens for _, tokens in approved)
    assert usd_left >= 0 and tokens_left >= 0
    assert api.available(wallet, "USD") == text(usd_left)
    assert api.available(wallet, "TOKENS") == str(tokens_left)
    # Nothing was given back, so what was declined then cannot fit now either.
    for usd, tokens, reply in declined:
        reply.problem(402, "insufficient_funds")
        assert Decimal(usd) > usd_left or tokens > tokens_left
    api.audit()


def ending(connection, authorization, kind, usd):
    """Ends a hold in one of several ways, or leaves that to time."""
    path = f"/v1/authorizations/{authorization}"
    part = text(Decimal(usd) / 2) if Decimal(usd).as_tuple().exponent > -9 else usd
    if kind == "capture":
        return connection.post(f"{path}/capture", {})
    if kind == "capture_part":
        body = {"amounts": [{"asset": "USD", "amount": part}, {"asset": "TOKENS", "amount": "1"}]}
        return connection.post(f"{path}/capture", body)
    if kind == "capture_and_expire":
        body = {"amounts": [{"asset": "USD", "amount": part}], "final": False}
        return connection.post(f"{path}/capture", body)
    if kind == "void":
        return connection.post(f"{path}/void", {})
    return None


def test_captures_voids_and_expiries_racing_never_overspend(server, api):
    wallet = api.wallet(grant="60")
    api.grant(wallet, 15000, "TOKENS")
    pairs = list(zip(USD_AMOUNTS, TOKEN_AMOUNTS))
    kinds = ["capture", "void", "expire", "capture_part", "capture_and_expire"]

    def spender(number):
        async def spend(connection):
            ids, declines = [], 0
            for turn in range(6):
                usd, tokens = pairs[(number * 3 + turn) % len(pairs)]
                kind = kinds[(number + turn) % len(kinds)]
                reply = await connection.post(
                    "/v1/authorize",
                    {
                        "wallet": wallet,
                        "amounts": [
                            {"asset": "USD", "amount": usd},
                            {"asset": "TOKENS", "amount": tokens},
                        ],
                        "ttl_seconds": 1 if "expire" in kind else 300,
                    },
                )
                if reply.status == 402:
                    declines += 1
                    continue
                ids.append(reply.expect(201)["id"])
                end = ending(connection, ids[-1], kind, usd)
                if end is not None:
                    (await end).expect(200)
            return ids, declines

        return spend

    results = race(server, wallet, [spender(i) for i in range(CONNECTIONS)])
    ids = [id for some, _ in results for id in some]
    assert ids and sum(declines for _, declines in results) > 0

    # No hold is left once the short ones have expired, and what is gone is what was captured.
    eventually(lambda: api.account(wallet)["held"] == "0", "all holds end")
    holds = [api.authorization(id) for id in ids]
    assert {hold["status"] for hold in holds} == {"captured", "voided", "expired"}
    for asset, granted in (("USD", "60"), ("TOKENS", "15000")):
        lines = [line for hold in holds for line in hold["amounts"] if line["asset"] == asset]
        assert all(line["held"] == "0" for line in lines)
        captured = total(line["captured"] for line in lines)
        account = api.account(wallet, asset)
        assert account["posted"] == account["available"] == text(Decimal(granted) - captured)
    api.audit()


@pytest.mark.parametrize("ttl_seconds", [300, 1], ids=["before_expiry", "at_expiry"])
def test_capture_void_and_expiry_of_one_hold_have_one_winner(server, api, ttl_seconds):
    wallet = api.wallet(grant="1000")
    racers, rounds = 8, 12
    holds = [api.hold(wallet, "1", ttl_seconds=ttl_seconds) for _ in range(rounds)]

    def racer(number):
        async def run(connection):
            replies = []
            for turn, hold in enumerate(holds):
                if ttl_seconds == 1 and turn == 0:
                    await asyncio.sleep(0.9 + random.random() * 0.2)
                action = "capture" if (number + turn) % 2 else "void"
                replies.append(
                    await connection.post(f"/v1/authorizations/{hold['id']}/{action}", {})
                )
            return replies

        return run

    results = race(server, wallet, [racer(i) for i in range(racers)])
    captured = 0
    for turn, hold in enumerate(holds):
        replies = [replies[turn] for replies in results]
        winners = [reply for reply in replies if reply.status == 200]
        for reply in replies:
            if reply.status != 200:
                reply.problem(409, "authorization_state")
        state = api.authorization(hold["id"])
        if state["status"] == "expired":
            # Time won; a capture may then still have been paid, once.
            assert ttl_seconds == 1 and len(winners) <= 1
            assert all(winner.json["late"] for winner in winners)
        else:
            (winner,) = winners
            assert state["status"] == ("captured" if winner.path.endswith("capture") else "voided")
        (line,) = state["amounts"]
        expected = sum(reply.path.endswith("capture") for reply in winners)
        assert (line["held"], line["captured"]) == ("0", str(expected))
        captured += expected
    account = api.account(wallet)
    assert account["held"] == "0"
    assert account["posted"] == str(1000 - captured)
