"""Mixed load that keeps a record of every request and of the answer that was received, if any."""

import asyncio
import random
from dataclasses import dataclass
from decimal import Decimal

import aiohttp

from support.client import Reply
from support.money import text, total


@dataclass
class Sent:
    """One request with its idempotency key, and the answer if one arrived."""

    op: str
    wallet: str
    path: str
    body: dict
    key: str
    reply: Reply = None


class Client:
    """One connection's share of the load. Ends when the server does not answer any more."""

    def __init__(self, name, wallets, seed):
        self.name = name
        self.wallets = wallets
        self.random = random.Random(seed)
        self.sent = []
        self.open = []
        self.stopping = False

    async def run(self, connection):
        while not self.stopping:
            sent = self.next_request()
            self.sent.append(sent)
            try:
                sent.reply = await connection.post(sent.path, sent.body, key=sent.key)
            except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
                return
            self.learn(sent)

    def next_request(self):
        key = f"{self.name}-{len(self.sent)}"
        wallet = self.random.choice(self.wallets)
        amount = text(Decimal(self.random.randrange(1, 2_000_000_000)).scaleb(-9))
        dice = self.random.random()
        if self.open and dice < 0.45:
            wallet, hold = self.open.pop(self.random.randrange(len(self.open)))
            op = self.random.choice(["capture", "capture_part", "void", "increment"])
            path = f"/v1/authorizations/{hold}/{op.removesuffix('_part')}"
            # An increment and a part keep the hold open; the answer says so, and `learn` reads it.
            body = {"amount": amount} if op in ("capture_part", "increment") else {}
            if op == "capture_part":
                body["final"] = False
            return Sent(op.removesuffix("_part"), wallet, path, body, key)
        if dice < 0.55:
            body = {
                "asset": "USD",
                "amount": amount,
                "kind": "promotional",
                "metadata": {"key": key},
            }
            return Sent("grant", wallet, f"/v1/wallets/{wallet}/grants", body, key)
        body = {"wallet": wallet, "asset": "USD", "amount": amount, "description": f"call {key}"}
        if dice < 0.65:
            return Sent("debit", wallet, "/v1/debits", body, key)
        if dice < 0.72:
            body["amount"] = "1000000"  # declined, and the decline is kept under its key
        body["ttl_seconds"] = 86400
        return Sent("authorize", wallet, "/v1/authorize", body, key)

    def learn(self, sent):
        if sent.op in ("authorize", "increment", "capture") and sent.reply.status in (200, 201):
            if sent.reply.json["status"] == "authorized":
                self.open.append((sent.wallet, sent.reply.json["id"]))


def expected_ledger(sent, granted):
    """What the answers say: per wallet the totals of issued and revenue, and per authorization
    what was captured. `granted` is what the wallets had before the load."""
    wallets = {wallet: {"issued": [amount], "revenue": []} for wallet, amount in granted.items()}
    captured = {}
    for request in sent:
        if request.reply.status not in (200, 201):
            continue
        body, wallet = request.reply.json, wallets[request.wallet]
        if request.op == "grant":
            wallet["issued"].append(body["amount"])
        elif request.op == "debit":
            wallet["revenue"] += [line["amount"] for line in body["amounts"]]
        else:
            # Answers of one authorization are ordered by their LSN; the last says it all.
            last = captured.get(body["id"])
            if last is None or last[0] < body["lsn"]:
                (line,) = body["amounts"]
                captured[body["id"]] = (body["lsn"], request.wallet, line["captured"], line["held"])
    for _, wallet, amount, _ in captured.values():
        wallets[wallet]["revenue"].append(amount)
    return {
        wallet: {side: text(total(amounts)) for side, amounts in sides.items()}
        for wallet, sides in wallets.items()
    }, {id: (text(amount), text(held)) for id, (_, _, amount, held) in captured.items()}


def recorded_ledger(database):
    """The same, from the entries in PostgreSQL."""
    wallets = {
        row["wallet"]: {"issued": text(row["issued"]), "revenue": text(row["revenue"])}
        for row in database.rows(
            """
            SELECT wallet,
                   coalesce(-sum(change) FILTER (WHERE side = 'issued'), 0) AS issued,
                   coalesce(sum(change) FILTER (WHERE side = 'revenue'), 0) AS revenue
            FROM entry_sides GROUP BY wallet"""
        )
    }
    holds = {
        row["authorization_id"]: (text(row["captured"]), text(row["held"]))
        for row in database.rows(
            """
            SELECT authorization_id,
                   coalesce(sum(change) FILTER (WHERE side = 'revenue'), 0) AS captured,
                   coalesce(sum(change) FILTER (WHERE side = 'held'), 0) AS held
            FROM entry_sides WHERE authorization_id IS NOT NULL GROUP BY authorization_id"""
        )
    }
    return wallets, holds
