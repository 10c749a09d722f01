"""Who may call what."""

import json

import pytest

from support.client import fresh
from support.poll import eventually
from support.server import ADMIN_KEY

SCOPES = ("authorize", "read", "admin")


def create_key(server, *scopes):
    arguments = [argument for scope in scopes for argument in ("--scope", scope)]
    done = server.cli("keys", "create", "--name", fresh("key"), *arguments, "--json")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def keys(server):
    return {scope: create_key(server, scope)["secret"] for scope in SCOPES}


# What each call needs; admin may do everything.
CALLS = [
    ("POST", "/v1/assets", "admin"),
    ("POST", "/v1/wallets", "admin"),
    ("PATCH", "/v1/wallets/scoped", "admin"),
    ("POST", "/v1/wallets/scoped/grants", "admin"),
    ("POST", "/v1/grants/grant_x/revoke", "admin"),
    ("POST", "/v1/authorize", "authorize"),
    ("POST", "/v1/debits", "authorize"),
    ("POST", "/v1/authorizations/auth_x/capture", "authorize"),
    ("POST", "/v1/authorizations/auth_x/void", "authorize"),
    ("POST", "/v1/authorizations/auth_x/increment", "authorize"),
    ("GET", "/v1/authorizations/auth_x", "read"),
    ("GET", "/v1/assets", "read"),
    ("GET", "/v1/wallets", "read"),
    ("GET", "/v1/wallets/scoped", "read"),
    ("GET", "/v1/wallets/scoped/grants", "read"),
    ("GET", "/v1/wallets/scoped/entries", "read"),
    ("GET", "/v1/wallets/scoped/balances", "read"),
    ("GET", "/v1/audit", "read"),
]
BODIES = {
    "/v1/assets": {"code": "SCOPED", "scale": 0},
    "/v1/wallets": {"id": "scoped"},
    "/v1/wallets/scoped": {"name": "x"},
    "/v1/wallets/scoped/grants": {"asset": "USD", "amount": "1"},
    "/v1/authorize": {"wallet": "scoped", "asset": "USD", "amount": "0.1"},
    "/v1/debits": {"wallet": "scoped", "asset": "USD", "amount": "0.1"},
    "/v1/authorizations/auth_x/increment": {"amount": "1"},
}


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_a_call_needs_its_scope(server, keys, method, path, scope):
    body = None if method == "GET" else BODIES.get(path, {})
    for has in SCOPES:
        reply = server.api(keys[has]).call(method, path, body)
        if has in (scope, "admin"):
            assert reply.status not in (401, 403), reply
        else:
            problem = reply.problem(403, "forbidden")
            assert scope in problem["detail"]


def test_a_forbidden_call_changes_nothing(server, api, keys):
    wallet = api.wallet(grant="10")
    lsn = api.get(f"/v1/wallets/{wallet}").expect(200)["lsn"]
    for has in ("read", "authorize"):
        body = {"asset": "USD", "amount": "1"}
        server.api(keys[has]).post(f"/v1/wallets/{wallet}/grants", body).problem(403, "forbidden")
    server.api(keys["read"]).debit(wallet, "1").problem(403, "forbidden")
    assert api.get(f"/v1/wallets/{wallet}").expect(200)["lsn"] == lsn


def test_a_batch_needs_the_scope_of_each_of_its_operations(server, api, keys):
    wallet = api.wallet(grant="10")
    operations = [
        {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "1"},
        {"op": "grant", "wallet": wallet, "asset": "USD", "amount": "1"},
    ]
    reply = server.api(keys["authorize"]).post("/v1/batch", {"operations": operations})
    results = reply.expect(200)["results"]
    assert [result["status"] for result in results] == [201, 403]
    assert results[1]["body"]["code"] == "forbidden"
    assert api.available(wallet) == "9"
    server.api(keys["read"]).post("/v1/batch", {"operations": operations}).problem(403, "forbidden")
    assert api.available(wallet) == "9"


def test_a_key_may_have_several_scopes(server, api):
    key = create_key(server, "authorize", "read")
    assert sorted(key["scopes"]) == ["authorize", "read"]
    both = server.api(key["secret"])
    wallet = api.wallet(grant="1")
    assert both.authorize(wallet, "1").status == 201
    assert both.get(f"/v1/wallets/{wallet}").status == 200
    both.post("/v1/wallets", {}).problem(403, "forbidden")


def test_a_created_key_works_at_once_and_a_revoked_one_soon_no_more(server, api):
    key = create_key(server, "read")
    reader = server.api(key["secret"])
    assert reader.get("/v1/wallets").status == 200
    assert key["id"] in server.cli("keys", "revoke", key["id"]).stdout
    eventually(lambda: reader.get("/v1/wallets").status == 401, "the key is refused")
    # Revoking twice is fine; and others stay.
    server.cli("keys", "revoke", key["id"])
    assert api.get("/v1/wallets").status == 200
    listed = {each["id"]: each for each in json.loads(server.cli("keys", "list", "--json").stdout)}
    assert listed[key["id"]]["revoked_at"]


def test_keys_are_listed_without_their_secrets(server):
    key = create_key(server, "admin")
    for form in ([], ["--json"]):
        text = server.cli("keys", "list", *form).stdout
        assert key["id"] in text and key["name"] in text
        assert key["secret"] not in text and key["secret"][3:] not in text


def test_a_secret_is_shown_once_and_stored_nowhere(server):
    done = server.cli("keys", "create", "--name", "shown once", "--scope", "read")
    secret = next(word for word in done.stdout.split() if word.startswith("fg_"))
    assert server.api(secret).get("/v1/assets").status == 200
    dump = str(server.database.rows("SELECT * FROM api_keys"))
    assert secret not in dump and secret[3:] not in dump
    assert secret.encode() not in b"".join(
        path.read_bytes() for path in server.data.rglob("*") if path.is_file()
    )


def test_no_secret_is_in_the_log(own_servers):
    server = own_servers.start(FAREGATE_LOG_LEVEL="trace", PGPASSWORD="hunter2-of-postgres")
    key = create_key(server, "authorize")["secret"]
    wallet = server.api().wallet(grant="1")
    server.api(key).authorize(wallet, "1").expect(201)
    server.api("fg_a_wrong_secret").authorize(wallet, "1").problem(401, "unauthenticated")
    server.stop()
    log = server.log()
    assert log
    for secret in (ADMIN_KEY, key, "fg_a_wrong_secret", "hunter2-of-postgres"):
        assert secret not in log


def test_the_scheme_is_read_in_any_case(server, api):
    reply = api.get("/v1/assets", api_key=None, headers={"Authorization": f"bearer {ADMIN_KEY}"})
    assert reply.status == 200


def test_without_a_bootstrap_key_only_made_keys_count(own_servers):
    server = own_servers.make()
    del server.settings["FAREGATE_BOOTSTRAP_KEY"]
    server.start()
    server.api().get("/v1/assets").problem(401, "unauthenticated")
    assert server.api(create_key(server, "read")["secret"]).get("/v1/assets").status == 200


# ---- the rate


def test_a_key_that_asks_too_often_is_told_when_to_come_back(own_servers):
    server = own_servers.make(FAREGATE_RATE_LIMIT=2)
    server.start()
    key = create_key(server, "admin")["secret"]
    api = server.api(key)

    def refused():
        reply = api.post("/v1/wallets", {})
        return reply.status == 429 and reply

    reply = eventually(refused, "the limit is met")
    problem = reply.problem(429, "rate_limited")
    assert problem["executed"] is False
    assert int(reply.headers["Retry-After"]) >= 1
    # Another key has a limit of its own, and what needs no key has none.
    assert server.api().get("/v1/assets").status == 200
    assert all(api.get("/healthz").status == 200 for _ in range(20))
    eventually(lambda: api.get("/v1/assets").status == 200, "the key is served again")


def test_a_refused_request_was_not_executed(own_servers):
    server = own_servers.start(FAREGATE_RATE_LIMIT=20)
    api = server.api()
    wallet = eventually(
        lambda: (reply := api.post("/v1/wallets", {})).status == 201 and reply.json["id"],
        "a wallet",
    )
    eventually(
        lambda: api.post(f"/v1/wallets/{wallet}/grants", {"asset": "USD", "amount": "1000"}).status
        == 201,
        "a grant",
    )
    statuses = [api.debit(wallet, "1").status for _ in range(200)]
    assert set(statuses) <= {201, 429}
    spent = statuses.count(201)
    available = eventually(
        lambda: (reply := api.get(f"/v1/wallets/{wallet}")).status == 200
        and reply.json["accounts"][0]["available"],
        "the balance",
    )
    assert available == str(1000 - spent)
