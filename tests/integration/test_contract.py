"""docs/openapi.yaml and the server are the same thing. Every client of these tests holds each reply
to the document; here every status that it names is brought about, for every operation."""

import json
import subprocess

import pytest

from conftest import Servers
from support.client import fresh
from support.contract import contract
from support.metrics import metric
from support.poll import eventually
from support.postgres import Cluster, find_psql

# What cannot be brought about from outside, and why.
NOT_REACHABLE = {
    500: "only a bug in the server, or a database that contradicts it, is answered so",
}

NOBODY = "nobody"
NO_HOLD = "auth_00000000000000000000000000"
NO_GRANT = "grant_00000000000000000000000000"
POSTGRES = {"Faregate-Durability": "postgres"}


class Stage:
    """A server with every sort of thing to ask for, and keys of every scope."""

    def __init__(self, servers, **settings):
        self.server = servers.start(FAREGATE_DURABILITY_TIMEOUT_SECONDS=1, **settings)
        self.api = self.server.api()
        self.keys = {scope: self.key(scope) for scope in ("authorize", "read")}
        self.rich = self.api.wallet(grant="1000000")
        self.strict = self.api.wallet(grant="10", over_capture="reject")
        self.frozen = self.api.wallet(grant="10")
        self.api.update(self.frozen, status="frozen")
        self.indebted = self.api.wallet()
        self.api.update(self.indebted, overdraft_limits={"USD": "10"})
        self.api.debit(self.indebted, "10").expect(201)
        self.holds = {
            end: self.api.hold(self.rich, "1", ttl_seconds=604800)["id"]
            for end in ("open", "ended")
        }
        self.api.void(self.holds["ended"]).expect(200)
        self.strict_hold = self.api.hold(self.strict, "5", ttl_seconds=604800)["id"]
        self.revoked = self.api.grant(self.rich, "1")["id"]
        self.api.revoke(self.revoked).expect(200)

    def key(self, scope):
        done = self.server.cli("keys", "create", "--name", scope, "--scope", scope, "--json")
        return json.loads(done.stdout)["secret"]

    def hold(self):
        return self.api.hold(self.rich, "1", ttl_seconds=604800)["id"]


def spend(wallet, amount="1"):
    return {"wallet": wallet, "asset": "USD", "amount": amount}


# For each operation its scope, a request that is accepted, and by status those that are answered in
# a way of their own. What all operations have in common is below.
OPERATIONS = {
    ("POST", "/v1/assets"): (
        "admin",
        lambda s: ("", {"code": fresh("CODE"), "scale": 2}),
        {
            409: lambda s: ("", {"code": "USD", "scale": 2}),
        },
    ),
    ("GET", "/v1/assets"): ("read", lambda s: ("", None), {}),
    ("POST", "/v1/wallets"): (
        "admin",
        lambda s: ("", {}),
        {
            409: lambda s: ("", {"id": s.rich}),
        },
    ),
    ("GET", "/v1/wallets"): ("read", lambda s: ("", None), {}),
    ("GET", "/v1/wallets/{id}"): (
        "read",
        lambda s: (s.rich, None),
        {
            404: lambda s: (NOBODY, None),
        },
    ),
    ("PATCH", "/v1/wallets/{id}"): (
        "admin",
        lambda s: (s.rich, {"name": fresh("name")}),
        {
            404: lambda s: (NOBODY, {"name": "x"}),
            409: lambda s: (s.indebted, {"overdraft_limits": {"USD": "1"}}),
        },
    ),
    ("POST", "/v1/wallets/{id}/grants"): (
        "admin",
        lambda s: (s.rich, {"asset": "USD", "amount": "1"}),
        {
            404: lambda s: (NOBODY, {"asset": "USD", "amount": "1"}),
        },
    ),
    ("GET", "/v1/wallets/{id}/grants"): (
        "read",
        lambda s: (s.rich, None),
        {
            404: lambda s: (NOBODY, None),
        },
    ),
    ("GET", "/v1/wallets/{id}/entries"): (
        "read",
        lambda s: (s.rich, None),
        {
            404: lambda s: (NOBODY, None),
        },
    ),
    ("GET", "/v1/wallets/{id}/balances"): (
        "read",
        lambda s: (s.rich, None),
        {
            404: lambda s: (NOBODY, None),
        },
    ),
    ("POST", "/v1/grants/{id}/revoke"): (
        "admin",
        lambda s: (s.api.grant(s.rich, "1")["id"], {}),
        {
            404: lambda s: (NO_GRANT, {}),
            409: lambda s: (s.revoked, {}),
        },
    ),
    ("POST", "/v1/authorize"): (
        "authorize",
        lambda s: ("", spend(s.rich)),
        {
            200: lambda s: ("", {**spend(s.rich), "dry_run": True}),
            402: lambda s: ("", spend(s.strict, "1000")),
            403: lambda s: ("", spend(s.frozen)),
            404: lambda s: ("", spend(NOBODY)),
        },
    ),
    ("POST", "/v1/authorizations/{id}/capture"): (
        "authorize",
        lambda s: (s.hold(), {}),
        {
            402: lambda s: (s.strict_hold, {"amount": "6"}),
            404: lambda s: (NO_HOLD, {}),
            409: lambda s: (s.holds["ended"], {}),
        },
    ),
    ("POST", "/v1/authorizations/{id}/void"): (
        "authorize",
        lambda s: (s.hold(), {}),
        {
            404: lambda s: (NO_HOLD, {}),
            409: lambda s: (s.holds["ended"], {}),
        },
    ),
    ("POST", "/v1/authorizations/{id}/increment"): (
        "authorize",
        lambda s: (s.holds["open"], {"amount": "1"}),
        {
            402: lambda s: (s.strict_hold, {"amount": "6"}),
            404: lambda s: (NO_HOLD, {"amount": "1"}),
            409: lambda s: (s.holds["ended"], {"amount": "1"}),
        },
    ),
    ("GET", "/v1/authorizations/{id}"): (
        "read",
        lambda s: (s.holds["open"], None),
        {
            404: lambda s: (NO_HOLD, None),
        },
    ),
    ("POST", "/v1/debits"): (
        "authorize",
        lambda s: ("", spend(s.rich)),
        {
            402: lambda s: ("", spend(s.strict, "1000")),
            403: lambda s: ("", spend(s.frozen)),
            404: lambda s: ("", spend(NOBODY)),
        },
    ),
    ("POST", "/v1/batch"): (
        "authorize",
        lambda s: ("", {"operations": [{"op": "debit", **spend(s.rich)}]}),
        {},
    ),
    ("GET", "/v1/audit"): ("read", lambda s: ("", None), {}),
    ("GET", "/healthz"): (None, lambda s: ("", None), {}),
    ("GET", "/readyz"): (None, lambda s: ("", None), {}),
    ("GET", "/metrics"): (None, lambda s: ("", None), {}),
    ("GET", "/openapi.yaml"): (None, lambda s: ("", None), {}),
}
GUARDED = [operation for operation, (scope, _, _) in OPERATIONS.items() if scope is not None]
MUTATIONS = [operation for operation in GUARDED if operation[0] != "GET"]


def send(stage, operation, request=None, **options):
    method, template = operation
    id, body = (request or OPERATIONS[operation][1])(stage)
    return stage.api.call(
        method, template.replace("{id}", id) + options.pop("query", ""), body, **options
    )


def raw_body(request, data):
    return lambda stage: (request(stage)[0], data)


@pytest.fixture(scope="module")
def own_cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def stage(own_cluster):
    contract().seen.clear()
    servers = Servers(own_cluster)
    try:
        yield Stage(servers)
    finally:
        if not own_cluster.running:
            own_cluster.start()
        servers.end()


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_every_operation_is_documented_and_accepted(stage, operation):
    assert operation in {(each.method, each.template) for each in contract().operations}
    reply = send(stage, operation)
    assert reply.status in (200, 201), reply


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        pytest.param(operation, status, id=f"{' '.join(operation)} {status}")
        for operation, (_, _, refusals) in OPERATIONS.items()
        for status in refusals
    ],
)
def test_a_status_of_the_operations_own_is_documented(stage, operation, status):
    reply = send(stage, operation, OPERATIONS[operation][2][status])
    assert reply.status == status, reply


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_headers_that_are_too_large_are_documented(stage, operation):
    assert send(stage, operation, headers={"X-Large": "x" * 20000}).status == 431


@pytest.mark.parametrize("operation", GUARDED, ids=" ".join)
def test_the_refusals_that_all_operations_have_are_documented(stage, operation):
    scope, good, _ = OPERATIONS[operation]
    with_body = operation[0] != "GET"

    def status(**options):
        return send(stage, operation, **options).status

    assert status(headers={"Faregate-Durability": "maybe"}) == 400
    assert status(api_key=None) == 401
    assert status(api_key=stage.keys["authorize" if scope == "read" else "read"]) == 403
    if with_body:
        assert status(request=raw_body(good, b"{")) == 400
        assert status(request=raw_body(good, b" " * (2 << 20))) == 413
        assert status(headers={"Content-Type": "text/plain"}) == 415
        assert status(request=raw_body(good, b'{"colour": "blue"}')) == 422
    else:
        assert status(query="?colour=blue") == 422


def test_the_rate_limit_is_documented_for_every_operation(stage, own_cluster):
    servers = Servers(own_cluster)
    try:
        limited = servers.make(FAREGATE_RATE_LIMIT=1).start()
        for method, template in GUARDED:
            path = template.replace("{id}", "x")
            # What is malformed is refused before the rate counts, so each needs a body that is not.
            body = None if method == "GET" else OPERATIONS[method, template][1](stage)[1]
            eventually(
                lambda: limited.api().call(method, path, body).status == 429,
                f"{method} {path} is limited",
            )
    finally:
        servers.end()


def test_a_database_that_does_not_confirm_is_documented_for_every_mutation(stage):
    lock = subprocess.Popen(
        [
            find_psql(),
            "--no-psqlrc",
            "--quiet",
            "--no-align",
            "--tuples-only",
            stage.server.database.url,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lock.stdin.write("BEGIN; LOCK TABLE journals IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
        lock.stdin.flush()
        assert lock.stdout.readline().strip() == "locked"
        for operation in MUTATIONS:
            reply = send(stage, operation, headers=POSTGRES)
            problem = reply.problem(504, "durability_timeout")
            assert problem["executed"] is True and problem["lsn"] > 0
    finally:
        lock.communicate("ROLLBACK;\n")
    eventually(
        lambda: metric(stage.api, "faregate_projection_lag_records") == 0, "the projection goes on"
    )


def test_a_database_that_is_away_is_documented_for_every_operation(stage, own_cluster):
    # What the requests need is made while PostgreSQL is there.
    requests = {operation: OPERATIONS[operation][1](stage) for operation in GUARDED}
    own_cluster.stop()
    eventually(
        lambda: metric(stage.api, "faregate_database_up") == 0, "the server notices the outage"
    )
    for operation, request in requests.items():
        reply = send(stage, operation, lambda _, request=request: request, headers=POSTGRES)
        reply.problem(503, "database_unavailable")
    own_cluster.start()
    eventually(lambda: metric(stage.api, "faregate_database_up") == 1, "PostgreSQL is back")


def test_a_server_that_is_not_ready_is_documented(own_cluster):
    servers = Servers(own_cluster)
    try:
        server = servers.start(FAREGATE_JOURNAL_BACKLOG_MAX=50)
        api = server.api()
        own_cluster.stop()
        eventually(lambda: api.post("/v1/wallets", {}).status == 503, "the backlog is full")
        assert api.get("/readyz").expect(503)["ready"] is False
    finally:
        own_cluster.start()
        servers.end()


def test_every_documented_status_was_seen(stage):
    missing = {
        each for each in contract().documented() - contract().seen if each[2] not in NOT_REACHABLE
    }
    assert not missing, "documented, and never seen:\n" + "\n".join(
        f"  {method} {template} {status}" for method, template, status in sorted(missing)
    )


def test_what_is_said_to_be_out_of_reach_is(stage):
    assert not {each for each in contract().seen if each[2] in NOT_REACHABLE}
