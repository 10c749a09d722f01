"""Keeps what the clients of one wallet asked and were answered, as a history to be checked.

All clients are in one process, so one monotonic clock orders what they saw.
"""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

from support.client import Reply
from support.linearizability import Operation
from support.wallet_specification import Request, is_read

ASSET = "TOKENS"  # of scale 0, so that every amount is a count

# What a client sees of a server that died.
NO_ANSWER = (aiohttp.ClientError, OSError, asyncio.TimeoutError)


@dataclass
class Attempt:
    """One time that a call was sent."""

    invoked: int
    completed: int | None = None
    reply: Reply | None = None


@dataclass
class Call:
    """One intention of a client, sent once or more often, always with the same key."""

    request: Request
    path: str
    body: dict | None  # None: a read, which has no key
    key: str | None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def answers(self):
        return [attempt for attempt in self.attempts if attempt.reply is not None]

    @property
    def reply(self):
        return self.answers[0].reply if self.answers else None

    async def send(self, connection):
        """False if no answer came."""
        attempt = Attempt(time.monotonic_ns())
        self.attempts.append(attempt)
        try:
            if self.body is None:
                reply = await connection.get(self.path)
            else:
                reply = await connection.post(self.path, self.body, key=self.key)
        except NO_ANSWER:
            return False
        attempt.completed = time.monotonic_ns()
        attempt.reply = reply
        return True

    def operation(self):
        """The call as one operation. All answers are the same, and at most one of them is not a
        replay: that attempt took effect, or else one that has no answer. The effect was there
        before any answer left."""
        answers = self.answers
        if not answers:
            return Operation(self.request, min(attempt.invoked for attempt in self.attempts))
        assert (
            len({(answer.reply.status, answer.reply.content) for answer in answers}) == 1
        ), f"one key, several answers: {[str(answer.reply) for answer in answers]}"
        executed = [answer for answer in answers if not answer.reply.replayed]
        assert len(executed) <= 1, f"executed {len(executed)} times: {self.reply}"
        if not executed:
            executed = [attempt for attempt in self.attempts if attempt.reply is None]
            assert executed, f"a replay of what nobody asked: {self.reply}"
        return Operation(
            self.request,
            min(attempt.invoked for attempt in executed),
            min(answer.completed for answer in answers),
            outcome_of(self.request, self.reply),
            self.reply.json.get("lsn"),
        )


class History:
    """All calls about one wallet, which starts empty."""

    def __init__(self, wallet):
        self.wallet = wallet
        self.calls = []
        self.ids = {}  # a hold's number, and the authorization's id once it is known

    def call(self, kind, amount=None, hold=None, final=True):
        number = len(self.calls)
        if kind == "authorize":
            hold = number
        request = Request(kind, amount, hold, final)
        call = Call(request, *self._route(request), None)
        if call.body is not None:
            call.key = f"{self.wallet}-{number}"
        self.calls.append(call)
        return call

    def _route(self, request):
        spend = {"asset": ASSET, "amount": str(request.amount)}
        hold = f"/v1/authorizations/{self.ids.get(request.hold)}"
        if request.kind == "grant":
            return f"/v1/wallets/{self.wallet}/grants", spend
        if request.kind == "debit":
            return "/v1/debits", {"wallet": self.wallet, **spend}
        if request.kind == "authorize":
            return "/v1/authorize", {"wallet": self.wallet, **spend, "ttl_seconds": 86400}
        if request.kind == "capture":
            amount = {} if request.amount is None else {"amount": str(request.amount)}
            return f"{hold}/capture", {**amount, "final": request.final}
        if request.kind == "increment":
            return f"{hold}/increment", {"amount": str(request.amount)}
        if request.kind == "void":
            return f"{hold}/void", {}
        return (f"/v1/wallets/{self.wallet}" if request.kind == "read" else hold), None

    def learn(self, call):
        """Makes the hold that an answer tells of known to all clients."""
        if call.request.kind == "authorize" and call.reply.status == 201:
            self.ids[call.request.hold] = call.reply.json["id"]

    def operations(self):
        """What was asked and may matter: reads without an answer do not."""
        sent = [call for call in self.calls if call.attempts]
        return [call.operation() for call in sent if call.body is not None or call.answers]

    def operations_with_lsn(self):
        """All reads, and all that changed something. The answer of what was declined has no LSN."""
        return [operation for operation in self.operations() if operation.lsn is not None]


def count(text):
    """An amount of a whole number of units."""
    return int(text)


def outcome_of(request, reply):
    """A reply in the words of the specification."""
    body = reply.json
    if reply.status == 402:
        return ("declined", count(reply.problem(402, "insufficient_funds")["available"]))
    if reply.status == 409:
        return ("ended", reply.problem(409, "authorization_state")["authorization_status"])
    if is_read(request):
        return _outcome_of_read(request, reply.expect(200))
    reply.expect(200 if request.kind in ("capture", "void", "increment") else 201)
    if request.kind == "grant":
        return ("accepted", count(body["available"]))
    (line,) = body["amounts"]
    if request.kind == "debit":
        assert count(line["amount"]) == request.amount, f"another amount: {reply}"
        return ("accepted", count(line["available"]))
    outcome = ("accepted", *(count(line[name]) for name in ("available", "held", "captured")))
    if request.kind == "capture":
        (line,) = body["capture"]["amounts"]
        return (*outcome, count(line["captured"]), count(line["released"]))
    if request.kind == "void":
        (line,) = body["void"]["amounts"]
        return (*outcome, count(line["released"]))
    return outcome


def _outcome_of_read(request, body):
    if request.kind == "read":
        (account,) = body["accounts"] or [{"posted": "0", "held": "0", "available": "0"}]
        return tuple(count(account[name]) for name in ("posted", "held", "available"))
    (line,) = body["amounts"]
    if body["status"] != "authorized":
        return (body["status"],)
    return ("authorized", count(line["held"]), count(line["captured"]))
