"""While PostgreSQL is away, money is served from memory and journal; when it is back, it gets
everything exactly once."""

import asyncio
from decimal import Decimal

import pytest

from conftest import Servers
from support.client import crowd
from support.metrics import metric
from support.money import text
from support.poll import eventually
from support.postgres import Cluster


@pytest.fixture(scope="module")
def outage_cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def postgres(outage_cluster):
    """A cluster that tests may stop; it runs again afterwards."""
    if not outage_cluster.running:
        outage_cluster.start()
    yield outage_cluster
    if not outage_cluster.running:
        outage_cluster.start()


@pytest.fixture
def away(postgres):
    servers = Servers(postgres)
    yield servers
    if not postgres.running:
        postgres.start()
    servers.end()


def wait_noticed(api):
    eventually(lambda: metric(api, "faregate_database_up") == 0, "the server notices the outage")


def check_exactly_once(server, wallets):
    """Every record of the journal is in PostgreSQL once: by place, by sum, and by verify."""
    api = server.api()
    server.wait_applied(int(metric(api, "faregate_durable_lsn")))
    doubled = server.database.rows(
        "SELECT lsn, sequence FROM entries GROUP BY lsn, sequence HAVING count(*) <> 1"
    )
    assert doubled == []
    postings = {
        (record["lsn"], sequence)
        for record in server.journal()
        for sequence in range(len(record.get("postings", [])))
    }
    recorded = {
        (int(row["lsn"]), int(row["sequence"]))
        for row in server.database.rows("SELECT lsn, sequence FROM entries")
    }
    assert recorded == postings
    for wallet in wallets:
        (row,) = server.database.rows(
            f"SELECT posted, held, available FROM balances WHERE wallet = '{wallet}'"
        )
        account = api.account(wallet)
        assert {name: text(row[name]) for name in row} == {name: account[name] for name in row}
    api.audit()
    server.cli("verify")


def spend_everything(api, wallet, count):
    """A mix of all that can be done without PostgreSQL."""
    for number in range(count):
        hold = api.hold(wallet, "1", key=f"{wallet}-{number}")["id"]
        if number % 3 == 0:
            api.capture(hold, "0.5").expect(200)
        elif number % 3 == 1:
            api.void(hold).expect(200)
        api.debit(wallet, "0.25").expect(201)


def test_authorizations_go_on_while_postgres_is_away_and_arrive_exactly_once(postgres, away):
    server = away.start()
    api = server.api()
    wallet = api.wallet(grant="100")
    server.wait_applied(api.debit(wallet, "1").expect(201)["lsn"])
    before = int(server.database.value("SELECT count(*) FROM entries"))

    postgres.stop()
    spend_everything(api, wallet, 30)
    new = api.wallet(grant="5")
    api.authorize(new, "6").problem(402, "insufficient_funds")
    api.update(wallet, overdraft_limits={"USD": "10"}, name="changed")
    assert api.authorize(wallet, "1", key=f"{wallet}-0").replayed
    wait_noticed(api)
    assert api.get("/healthz").status == 200
    assert metric(api, "faregate_projection_lag_records") > 60
    available = api.available(wallet)

    postgres.start()
    eventually(
        lambda: metric(api, "faregate_projection_lag_records") == 0, "the projection catches up"
    )
    assert metric(api, "faregate_database_up") == 1
    # 30 holds, 20 ends (a partial capture has two postings), 30 debits, and one grant.
    assert int(server.database.value("SELECT count(*) FROM entries")) == before + 30 + 30 + 30 + 1
    assert api.available(wallet) == available
    check_exactly_once(server, [wallet, new])


def test_an_answer_that_only_postgres_has_is_refused_until_it_is_back(postgres, away):
    server = away.start(FAREGATE_ANSWER_MEMORY_BYTES=0)
    api = server.api()
    wallet = api.wallet(grant="100")
    first = api.debit(wallet, "1", key="before")
    first.expect(201)
    declined = api.debit(wallet, "1000", key="declined")
    declined.problem(402, "insufficient_funds")
    server.wait_applied(int(metric(api, "faregate_durable_lsn")))
    server.stop()
    server.start()
    postgres.stop()
    wait_noticed(api)

    for amount, key in (("1", "before"), ("1000", "declined")):
        problem = api.debit(wallet, amount, key=key).problem(503, "database_unavailable")
        assert problem["answered_before"] is True and "executed" not in problem
    line = {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "1"}
    lines = [{**line, "idempotency_key": key} for key in ("before", "during")]
    results = api.post("/v1/batch", {"operations": lines}).expect(200)["results"]
    assert [result["status"] for result in results] == [503, 201]
    # What the database lacks is in memory, however little of that there is.
    assert api.debit(wallet, "1", key="during").replayed
    assert api.available(wallet) == "98"

    postgres.start()
    eventually(lambda: metric(api, "faregate_database_up") == 1, "the server notices the end")
    again = api.debit(wallet, "1", key="before")
    assert again.status == 201 and again.replayed and again.content == first.content
    again = api.debit(wallet, "1000", key="declined")
    assert again.status == 402 and again.replayed and again.content == declined.content


def test_requests_that_need_postgres_are_refused_and_not_executed(postgres, away):
    server = away.start(FAREGATE_DURABILITY_TIMEOUT_SECONDS=1)
    api = server.api()
    wallet = api.wallet(grant="100")
    grant = api.grants(wallet)[0]["id"]
    server.wait_applied(api.debit(wallet, "1").expect(201)["lsn"])
    postgres.stop()
    wait_noticed(api)

    lsn = metric(api, "faregate_durable_lsn")
    headers = {"Faregate-Durability": "postgres"}
    body = {"wallet": wallet, "asset": "USD", "amount": "1"}
    for method, path, content in (
        ("POST", "/v1/authorize", body),
        ("POST", "/v1/debits", body),
        ("POST", f"/v1/wallets/{wallet}/grants", {"asset": "USD", "amount": "1"}),
        ("POST", f"/v1/grants/{grant}/revoke", {}),
        ("PATCH", f"/v1/wallets/{wallet}", {"status": "frozen"}),
        ("POST", "/v1/wallets", {}),
        ("POST", "/v1/assets", {"code": "AWAY", "scale": 2}),
        ("POST", "/v1/batch", {"operations": [{"op": "debit", **body}]}),
    ):
        reply = api.call(method, path, content, headers=headers)
        problem = reply.problem(503, "database_unavailable")
        assert problem["executed"] is False and "not executed" in problem["detail"]
        assert int(reply.headers["Retry-After"]) >= 1
    assert metric(api, "faregate_durable_lsn") == lsn
    assert api.available(wallet) == "99"

    # Reads that only PostgreSQL can answer say so too; all others go on.
    for path in (f"/v1/wallets/{wallet}/entries", f"/v1/wallets/{wallet}/grants", "/v1/wallets"):
        api.get(path).problem(503, "database_unavailable")
    assert api.get("/v1/assets").status == 200
    assert api.post("/v1/debits", body).status == 201

    postgres.start()

    def confirmed():
        reply = api.post("/v1/debits", body, headers=headers)
        assert reply.status in (201, 503, 504), reply
        return reply.status == 201

    eventually(confirmed, "postgres durability is served again")
    check_exactly_once(server, [wallet])


def test_a_restart_without_postgres_says_what_it_waits_for_and_then_goes_on(postgres, away):
    server = away.start()
    wallet = server.api().wallet(grant="100")
    postgres.stop()
    spend_everything(server.api(), wallet, 10)
    available = server.api().available(wallet)
    server.kill()  # PostgreSQL has none of what was just spent

    server.start(wait=False)
    eventually(lambda: "waiting for PostgreSQL" in server.log(), server.log)
    assert str(postgres.socket) in server.log()
    assert server.process.poll() is None
    postgres.start()
    server.wait_ready()
    api = server.api()
    assert api.available(wallet) == available
    assert api.authorize(wallet, "1", key=f"{wallet}-3").replayed
    check_exactly_once(server, [wallet])


def test_a_server_that_waits_for_postgres_ends_on_sigterm(postgres, away):
    server = away.make()
    postgres.stop()
    server.start(wait=False)
    eventually(lambda: "waiting for PostgreSQL" in server.log(), server.log)
    server.stop()


def test_sigterm_without_postgres_exits_with_0_and_loses_nothing(postgres, away):
    server = away.start(FAREGATE_SHUTDOWN_TIMEOUT_SECONDS=2)
    wallet = server.api().wallet(grant="100")
    postgres.stop()
    spend_everything(server.api(), wallet, 6)
    available = server.api().available(wallet)
    server.stop()
    assert "next start" in server.log()
    postgres.start()
    server.start()
    assert server.api().available(wallet) == available
    check_exactly_once(server, [wallet])


def test_beyond_the_backlog_requests_are_refused_before_anything_changes(postgres, away):
    server = away.start(FAREGATE_JOURNAL_BACKLOG_MAX=50)
    api = server.api()
    wallet = api.wallet(grant="1000")
    server.wait_applied(int(metric(api, "faregate_durable_lsn")))
    postgres.stop()
    spent = 0
    while (reply := api.debit(wallet, "1")).status == 201:
        spent += 1
        assert spent < 1000
    problem = reply.problem(503, "unavailable")
    assert problem["executed"] is False and "not executed" in problem["detail"]
    assert spent >= 50
    # Refused means unchanged, and reads go on.
    lsn = metric(api, "faregate_durable_lsn")
    for reply in (api.authorize(wallet, "1"), api.post("/v1/wallets", {})):
        reply.problem(503, "unavailable")
    assert api.available(wallet) == str(1000 - spent)
    assert metric(api, "faregate_durable_lsn") == lsn
    assert api.get("/readyz").status == 503

    postgres.start()
    eventually(lambda: api.debit(wallet, "1").status == 201, "spending goes on")
    eventually(lambda: api.get("/readyz").status == 200, "the server is ready again")
    check_exactly_once(server, [wallet])


def test_a_failover_that_lost_its_last_commits_is_caught_up(postgres, away):
    server = away.start()
    api = server.api()
    wallet = api.wallet(grant="100")
    server.wait_applied(api.debit(wallet, "1").expect(201)["lsn"])
    replica = postgres.create_database(f"{server.database.name}-replica", server.database.name)
    spend_everything(api, wallet, 10)
    server.wait_applied(api.debit(wallet, "1").expect(201)["lsn"])
    postgres.replace_database(server.database.name, replica.name)

    # Without a further request: the server sees by itself that commits are missing.
    lsn = int(metric(api, "faregate_durable_lsn"))
    server.wait_applied(lsn)
    assert api.debit(wallet, "1").status == 201
    check_exactly_once(server, [wallet])


def test_postgres_coming_and_going_under_load_gets_everything_exactly_once(postgres, away):
    server = away.start()
    api = server.api()
    wallets = [api.wallet(grant="100000") for _ in range(4)]
    done = False
    answers = []

    def spender(number):
        async def spend(connection):
            turn = 0
            while not done:
                body = {"wallet": wallets[(number + turn) % 4], "asset": "USD", "amount": "0.01"}
                answers.append(await connection.post("/v1/debits", body, key=f"{number}-{turn}"))
                turn += 1

        return spend

    async def interrupter(connection):
        nonlocal done
        try:
            for _ in range(3):
                await asyncio.sleep(0.3)
                await asyncio.to_thread(postgres.stop)
                await asyncio.sleep(0.3)
                await asyncio.to_thread(postgres.start)
        finally:
            done = True

    crowd(server, [*(spender(i) for i in range(8)), interrupter])
    assert {reply.status for reply in answers} == {201}
    available = sum(Decimal(api.available(wallet)) for wallet in wallets)
    assert available == 4 * 100000 - Decimal(len(answers)) / 100
    server.wait_applied(max(reply.json["lsn"] for reply in answers))
    assert int(server.database.value("SELECT count(*) FROM debits")) == len(answers)
    check_exactly_once(server, wallets)
