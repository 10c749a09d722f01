"""Clients of the API. Every reply of theirs is held to docs/openapi.yaml."""

import asyncio
import itertools
import json
import os
from dataclasses import dataclass, field
from functools import cached_property

import aiohttp
import requests
from requests.structures import CaseInsensitiveDict

from support.contract import PROBLEM, contract
from support.poll import PATIENCE_SECONDS, eventually

_counter = itertools.count(1)


def fresh(name):
    """A name that no other test of this run uses."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return f"{name}-{worker}-{next(_counter)}"


@dataclass
class Reply:
    method: str
    path: str
    status: int
    headers: CaseInsensitiveDict
    content: bytes
    request: object = field(default=None, repr=False)

    @cached_property
    def json(self):
        return json.loads(self.content)

    @property
    def replayed(self):
        return self.headers.get("Idempotency-Replayed") == "true"

    def expect(self, status):
        """The body, if the status is this one."""
        assert self.status == status, f"expected {status}, got {self}"
        return self.json

    def problem(self, status, code):
        """The problem details, if they are these."""
        assert self.status == status, f"expected {status} {code}, got {self}"
        assert self.headers["Content-Type"] == PROBLEM, f"not a problem: {self}"
        assert self.json["code"] == code, f"expected {code}, got {self}"
        return self.json

    def __str__(self):
        text = self.content[:2000].decode(errors="replace")
        return f"{self.status} to {self.method} {self.path}: {text}"


def encode(body):
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def headers_of(key, body, idempotency_key, headers):
    result = {}
    if key is not None:
        result["Authorization"] = f"Bearer {key}"
    if body is not None:
        result["Content-Type"] = "application/json"
    if idempotency_key is not None:
        result["Idempotency-Key"] = idempotency_key
    return {**result, **(headers or {})}


class Api:
    """A client with one connection, and short names for the calls that every test makes."""

    def __init__(self, server, key):
        self.server = server
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method, path, body=None, *, key=None, headers=None, api_key=...):
        """`body` is an object for JSON, or the very bytes; `key` is the idempotency key."""
        data = encode(body)
        response = self.session.request(
            method,
            self.server.url + path,
            data=data,
            timeout=PATIENCE_SECONDS,
            headers=headers_of(self.key if api_key is ... else api_key, data, key, headers),
        )
        reply = Reply(method, path, response.status_code, response.headers, response.content)
        contract().check(reply)
        return reply

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def patch(self, path, body, **options):
        return self.call("PATCH", path, body, **options)

    # ---- calls that succeed, or are returned to be looked at

    def asset(self, code=None, scale=9):
        code = code or fresh("ASSET")
        self.post("/v1/assets", {"code": code, "scale": scale}).expect(201)
        return code

    def wallet(self, id=None, *, grant=None, asset="USD", **members):
        id = id or fresh("wallet")
        self.post("/v1/wallets", {"id": id, **members}).expect(201)
        if grant is not None:
            self.grant(id, grant, asset)
        return id

    def grant(self, wallet, amount, asset="USD", **members):
        body = {"asset": asset, "amount": amount, **members}
        return self.post(f"/v1/wallets/{wallet}/grants", body).expect(201)

    def update(self, wallet, **members):
        return self.patch(f"/v1/wallets/{wallet}", members).expect(200)

    def authorize(self, wallet, amount=None, asset="USD", *, amounts=None, key=None, **members):
        wanted = {"amounts": amounts} if amounts is not None else {"asset": asset, "amount": amount}
        return self.post("/v1/authorize", {"wallet": wallet, **wanted, **members}, key=key)

    def hold(self, wallet, amount=None, asset="USD", **options):
        """An authorization that is approved."""
        return self.authorize(wallet, amount, asset, **options).expect(201)

    def capture(self, authorization, amount=None, *, key=None, **members):
        body = {**({} if amount is None else {"amount": amount}), **members}
        return self.post(f"/v1/authorizations/{authorization}/capture", body, key=key)

    def void(self, authorization, *, key=None):
        return self.post(f"/v1/authorizations/{authorization}/void", {}, key=key)

    def increment(self, authorization, amount=None, *, key=None, **members):
        body = {**({} if amount is None else {"amount": amount}), **members}
        return self.post(f"/v1/authorizations/{authorization}/increment", body, key=key)

    def debit(self, wallet, amount=None, asset="USD", *, amounts=None, key=None, **members):
        wanted = {"amounts": amounts} if amounts is not None else {"asset": asset, "amount": amount}
        return self.post("/v1/debits", {"wallet": wallet, **wanted, **members}, key=key)

    def revoke(self, grant):
        return self.post(f"/v1/grants/{grant}/revoke", {})

    # ---- reads

    def account(self, wallet, asset="USD"):
        """posted, held, available and overdraft_limit of one account."""
        accounts = self.get(f"/v1/wallets/{wallet}").expect(200)["accounts"]
        (found,) = [account for account in accounts if account["asset"] == asset]
        return found

    def available(self, wallet, asset="USD"):
        return self.account(wallet, asset)["available"]

    def authorization(self, id):
        return self.get(f"/v1/authorizations/{id}").expect(200)

    def all_pages(self, path, limit=100):
        """Everything that a list has, page by page."""
        separator = "&" if "?" in path else "?"
        rows, cursor = [], None
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            page = self.get(f"{path}{separator}limit={limit}{more}").expect(200)
            assert len(page["data"]) <= limit
            rows += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows

    def entries(self, wallet, asset=None):
        return self.all_pages(
            f"/v1/wallets/{wallet}/entries" + (f"?asset={asset}" if asset else "")
        )

    def grants(self, wallet):
        return self.all_pages(f"/v1/wallets/{wallet}/grants")

    def audit(self):
        """The audit, clean, and of memory and database at the same LSN."""

        def compared():
            body = self.get("/v1/audit").expect(200)
            assert body["ok"] is True, f"the audit found something: {body}"
            return body["memory_compared"] and body

        return eventually(compared, "memory and database are compared")


class Connection:
    """One connection of a crowd; see `crowd`."""

    def __init__(self, server, key, session):
        self.server = server
        self.key = key
        self.session = session

    async def call(self, method, path, body=None, *, key=None, headers=None):
        data = encode(body)
        async with self.session.request(
            method,
            self.server.url + path,
            data=data,
            headers=headers_of(self.key, data, key, headers),
        ) as response:
            reply = Reply(
                method,
                path,
                response.status,
                CaseInsensitiveDict(response.headers),
                await response.read(),
            )
        contract().check(reply)
        return reply

    async def post(self, path, body=None, **options):
        return await self.call("POST", path, body, **options)

    async def get(self, path, **options):
        return await self.call("GET", path, **options)


def crowd(server, works, key=None, sockets=1):
    """Runs one coroutine function per connection, all at once, and returns their results. Each is
    called with a Connection that is open before the first of them starts. A connection carries as
    many requests at once as it has sockets."""
    from support.server import ADMIN_KEY

    async def run():
        start = asyncio.Barrier(len(works))

        async def one(work):
            timeout = aiohttp.ClientTimeout(total=None, sock_read=PATIENCE_SECONDS)
            connector = aiohttp.TCPConnector(limit=sockets)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                connection = Connection(server, key or ADMIN_KEY, session)
                # /healthz needs nothing and opens the connection, which then is kept.
                await connection.get("/healthz")
                await start.wait()
                return await work(connection)

        return await asyncio.gather(*(one(work) for work in works))

    return asyncio.run(run())
