"""What the server must know, added up from the answers that clients were given, and what it does
know, from the entries in PostgreSQL."""

from decimal import Decimal

from support.load import expected_ledger
from support.money import text, total

SUCCESS = (200, 201)


def is_effective(sent):
    return sent.reply is not None and sent.reply.status in SUCCESS


def available_after(sent):
    body = sent.reply.json
    return body["available"] if "available" in body else body["amounts"][0]["available"]


def effects(all_sent):
    """What each answer says that its LSN has brought: {lsn: (wallet, issued, revenue)}. Those that
    moved nothing are left out."""
    result = {}
    for sent in filter(is_effective, all_sent):
        body = sent.reply.json
        issued = revenue = moved = Decimal(0)
        if sent.op == "grant":
            issued = moved = Decimal(body["amount"])
        elif sent.op == "debit":
            revenue = moved = total(line["amount"] for line in body["amounts"])
        elif sent.op == "capture":
            (line,) = body["capture"]["amounts"]
            revenue, moved = Decimal(line["captured"]), total([line["captured"], line["released"]])
        elif sent.op == "revoke":
            moved = Decimal(body["revoked"])
        elif sent.op == "void":
            moved = Decimal(body["void"]["amounts"][0]["released"])
        else:
            moved = Decimal(body["amounts"][0]["held"])
        lsn = body["lsn"]
        assert lsn not in result, f"two answers have LSN {lsn}: {sent.reply}"
        if moved:
            result[lsn] = (sent.wallet, text(issued), text(revenue))
    return result


def recorded_effects(database, after_lsn):
    """The same from the entries in PostgreSQL. A row that is there twice counts twice."""
    rows = database.rows(
        f"""
        SELECT lsn, min(wallet) AS wallet,
               coalesce(-sum(change) FILTER (WHERE side = 'issued'), 0) AS issued,
               coalesce(sum(change) FILTER (WHERE side = 'revenue'), 0) AS revenue
        FROM entry_sides WHERE lsn > {after_lsn} GROUP BY lsn"""
    )
    return {
        int(row["lsn"]): (row["wallet"], text(row["issued"]), text(row["revenue"])) for row in rows
    }


def expected_accounts(all_sent, granted):
    """Per wallet: issued, revenue, held, available, and what is gone otherwise, from the answers
    alone."""
    effective = [sent for sent in all_sent if is_effective(sent)]
    totals, holds = expected_ledger([sent for sent in effective if sent.op != "revoke"], granted)
    newest, held, of_hold = {}, {}, {}
    for sent in effective:
        lsn, wallet = sent.reply.json["lsn"], sent.wallet
        if wallet not in newest or lsn > newest[wallet][0]:
            newest[wallet] = (lsn, available_after(sent))
        if sent.op in ("authorize", "capture", "void", "increment"):
            of_hold[sent.reply.json["id"]] = wallet
    for id, (_, amount) in holds.items():
        held.setdefault(of_hold[id], []).append(amount)
    accounts = {}
    for wallet, (_, available) in newest.items():
        amounts = totals[wallet]
        posted = total([available, *held.get(wallet, [])])
        accounts[wallet] = {
            **amounts,
            "held": text(total(held.get(wallet, []))),
            "available": available,
            "posted": text(posted),
            "breakage": text(Decimal(amounts["issued"]) - Decimal(amounts["revenue"]) - posted),
        }
    return accounts, holds
