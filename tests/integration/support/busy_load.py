"""Mixed load of clients that outlive the server: they go on after a restart, repeat what was not
answered, and keep a record of everything; support/books.py adds it up."""

import asyncio
import json
from decimal import Decimal

import requests
from requests.structures import CaseInsensitiveDict

from support.client import Reply
from support.history import NO_ANSWER
from support.load import Client, Sent
from support.money import text
from support.server import ADMIN_KEY


class BusyClient(Client):
    """Does everything that a client of one wallet after another can do, with a key each time."""

    def __init__(self, name, wallets, seed):
        super().__init__(name, wallets, seed)
        self.granted = []
        self.checked = 0  # so many of `sent` were settled with the server after a kill
        self.answers = 0  # with replays and refusals, since the start
        self.counts = {"duplicates": 0, "reused_keys": 0, "batches": 0, "revokes": 0}

    async def run(self, connection):
        """Until the server does not answer."""
        try:
            while True:
                await self.step(connection)
        except NO_ANSWER:
            return

    async def step(self, connection):
        dice = self.random.random()
        if dice < 0.06:
            await self.send_batch(connection)
        elif dice < 0.12:
            await self.send_twice_at_once(connection)
        elif dice < 0.16:
            await self.reuse_key(connection)
        elif dice < 0.20:
            await self.repeat(connection, self.some_answered())
        else:
            headers = {"Faregate-Durability": "postgres"} if dice < 0.22 else None
            sent = self.add()
            await self.answered(sent, await self.post(connection, sent, headers=headers))

    # ---- what is sent

    def add(self):
        sent = self.next_request()
        self.sent.append(sent)
        return sent

    def next_request(self):
        key = f"{self.name}-{len(self.sent)}"
        if self.granted and self.random.random() < 0.05:
            wallet, grant = self.granted.pop(self.random.randrange(len(self.granted)))
            self.counts["revokes"] += 1
            return Sent("revoke", wallet, f"/v1/grants/{grant}/revoke", {}, key)
        sent = super().next_request()
        if sent.op == "grant" and self.random.random() < 0.5:
            # Spent after all others, so that there is something left to revoke.
            sent.body["priority"] = 90
        if sent.op in ("capture", "void", "increment") and self.random.random() < 0.1:
            # Not forgotten, so that some requests come for a hold that has ended.
            self.open.append((sent.wallet, authorization_of(sent)))
        return sent

    async def post(self, connection, sent, headers=None):
        reply = await connection.post(sent.path, sent.body, key=sent.key, headers=headers)
        self.answers += 1
        return reply

    async def answered(self, sent, reply):
        sent.reply = reply
        self.learn(sent)

    def learn(self, sent):
        super().learn(sent)
        if sent.op == "grant" and sent.reply.status == 201:
            self.granted.append((sent.wallet, sent.reply.json["id"]))

    async def send_batch(self, connection):
        batch = [self.next_of_batch() for _ in range(self.random.randrange(2, 7))]
        body = {"operations": [operation_of(sent) for sent in batch]}
        reply = await connection.post("/v1/batch", body)
        self.answers += 1
        self.counts["batches"] += 1
        for sent, result in zip(batch, reply.expect(200)["results"], strict=True):
            await self.answered(sent, reply_of(sent, result))

    def next_of_batch(self):
        sent = self.next_request()
        while sent.op == "revoke":  # which a batch does not know
            self.granted.append((sent.wallet, sent.path.split("/")[3]))
            sent = self.next_request()
        self.sent.append(sent)
        return sent

    async def send_twice_at_once(self, connection):
        sent = self.add()
        self.counts["duplicates"] += 1
        replies = await asyncio.gather(
            self.post(connection, sent), self.post(connection, sent), return_exceptions=True
        )
        for reply in replies:
            if isinstance(reply, Reply) and sent.reply is None:
                await self.answered(sent, reply)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        one, other = replies
        assert (one.status, one.content) == (other.status, other.content), f"{one}, {other}"
        if is_kept(sent):
            assert {one.replayed, other.replayed} == {False, True}, f"executed twice: {one}"

    async def reuse_key(self, connection):
        sent = self.some_answered()
        if sent is None or "amount" not in sent.body or not is_kept(sent):
            return
        body = {**sent.body, "amount": text(Decimal(sent.body["amount"]) + 1)}
        reply = await connection.post(sent.path, body, key=sent.key)
        self.answers += 1
        reply.problem(422, "idempotency_key_reused")
        self.counts["reused_keys"] += 1

    def some_answered(self):
        """One of the newest, or of all."""
        if not self.sent:
            return None
        newest = self.sent[-20:] if self.random.random() < 0.7 else self.sent
        sent = self.random.choice(newest)
        return sent if sent.reply is not None else None

    async def repeat(self, connection, sent):
        if sent is None:
            return
        again = await self.post(connection, sent)
        check_same(sent, again.status, again.json)
        assert again.replayed or not is_kept(sent), f"executed a second time: {again}"

    # ---- after a kill

    async def settle(self, connection):
        """Repeats what was not answered, and the newest of what was. Returns how many of the
        former had taken effect, and how many had not."""
        new = self.sent[self.checked :]
        for sent in [sent for sent in new if sent.reply is not None][-5:]:
            await self.repeat(connection, sent)
        counts = [0, 0]
        for sent in new:
            if sent.reply is None:
                await self.answered(sent, await self.post(connection, sent))
                counts[0 if sent.reply.replayed else 1] += 1
        self.checked = len(self.sent)
        return counts


# ---- one request and its answer


def authorization_of(sent):
    return sent.path.split("/")[3]


def operation_of(sent):
    """The request as a line of a batch."""
    operation = {"op": sent.op, "idempotency_key": sent.key, **sent.body}
    if sent.op == "grant":
        operation["wallet"] = sent.wallet
    elif sent.op in ("capture", "void", "increment"):
        operation["authorization"] = authorization_of(sent)
    return operation


def reply_of(sent, result):
    """A line of a batch's reply as the reply of a single call. It does not tell replays."""
    content = json.dumps(result["body"]).encode()
    return Reply("POST", sent.path, result["status"], CaseInsensitiveDict(), content)


def is_kept(sent):
    """Every answer is kept under its key, but for that about a grant which is spent: memory has
    forgotten its wallet."""
    return not (sent.op == "revoke" and sent.reply.status == 409)


def check_same(sent, status, body):
    assert (status, body) == (
        sent.reply.status,
        sent.reply.json,
    ), f"{sent.key} was answered with {sent.reply}, and now with {status} {body}"


def repeat_all(server, all_sent, lines=500):
    """Sends everything again, most of it in large batches, and expects the same answers. Returns
    how many."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {ADMIN_KEY}"
    batched = [sent for sent in all_sent if sent.op != "revoke"]
    for begin in range(0, len(batched), lines):
        part = batched[begin : begin + lines]
        body = {"operations": [operation_of(sent) for sent in part]}
        reply = session.post(f"{server.url}/v1/batch", json=body)
        assert reply.status_code == 200, reply.text
        for sent, result in zip(part, reply.json()["results"], strict=True):
            check_same(sent, result["status"], result["body"])
    for sent in all_sent:
        if sent.op == "revoke":
            headers = {"Idempotency-Key": sent.key}
            reply = session.post(server.url + sent.path, json=sent.body, headers=headers)
            check_same(sent, reply.status_code, reply.json())
    session.close()
    return len(all_sent)
