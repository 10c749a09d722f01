"""What a reply waits for."""

from support.client import crowd


def applied_lsn(server):
    return int(server.database.value("SELECT applied_lsn FROM journals"))


def test_a_reply_with_postgres_durability_comes_when_postgres_has_it(server, api):
    wallet = api.wallet(grant="1000")
    headers = {"Faregate-Durability": "postgres"}
    for _ in range(10):
        body = {"wallet": wallet, "asset": "USD", "amount": "1"}
        reply = api.post("/v1/authorize", body, headers=headers).expect(201)
        assert applied_lsn(server) >= reply["lsn"]
        count = server.database.value(
            f"SELECT count(*) FROM authorizations WHERE id = '{reply['id']}'"
        )
        assert count == "1"


def test_postgres_durability_covers_declines_and_reads(server, api):
    wallet = api.wallet(grant="5")
    headers = {"Faregate-Durability": "postgres"}
    body = {"wallet": wallet, "asset": "USD", "amount": "6"}
    api.post("/v1/debits", body, headers=headers).problem(402, "insufficient_funds")
    lsn = api.debit(wallet, "1").expect(201)["lsn"]
    read = api.get(f"/v1/wallets/{wallet}", headers=headers).expect(200)
    assert read["accounts"][0]["available"] == "4"
    assert applied_lsn(server) >= lsn


def test_both_durabilities_side_by_side_spend_exactly_once(server, api):
    wallet = api.wallet(grant="100")
    body = {"wallet": wallet, "asset": "USD", "amount": "1"}

    def spender(number):
        headers = {"Faregate-Durability": "postgres"} if number % 2 else None

        async def spend(connection):
            return [await connection.post("/v1/debits", body, headers=headers) for _ in range(5)]

        return spend

    replies = sum(crowd(server, [spender(i) for i in range(32)]), [])
    assert sorted(reply.status for reply in replies) == [201] * 100 + [402] * 60
    assert api.available(wallet) == "0"


def test_a_request_cannot_ask_for_less_than_the_server_promises(own_servers):
    server = own_servers.start(FAREGATE_DURABILITY="postgres")
    api = server.api()
    wallet = api.wallet(grant="10")
    for headers in (None, {"Faregate-Durability": "journal"}, {"Faregate-Durability": "postgres"}):
        body = {"wallet": wallet, "asset": "USD", "amount": "1"}
        lsn = api.post("/v1/debits", body, headers=headers).expect(201)["lsn"]
        assert applied_lsn(server) >= lsn


def test_every_mutation_has_an_lsn_of_its_own_and_they_rise(api):
    wallet = api.wallet(grant="10")
    lsns = [api.debit(wallet, "0.1").expect(201)["lsn"] for _ in range(10)]
    assert lsns == sorted(set(lsns))
    assert api.get(f"/v1/wallets/{wallet}").expect(200)["lsn"] == lsns[-1]
