"""A batch: many operations in one request, each for itself."""

import json

from support.client import crowd, fresh


def statuses(results):
    return [result["status"] for result in results]


def test_operations_run_in_their_order_each_for_itself(api):
    wallet = fresh("batch")
    results = api.post(
        "/v1/batch",
        {
            "operations": [
                {"op": "create_wallet", "id": wallet, "name": "From a batch"},
                {"op": "grant", "wallet": wallet, "asset": "USD", "amount": "10"},
                {"op": "authorize", "wallet": wallet, "asset": "USD", "amount": "4"},
                {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "7"},
                {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "6"},
                {"op": "debit", "wallet": "nobody", "asset": "USD", "amount": "6"},
                {"op": "create_wallet", "id": wallet},
            ]
        },
    ).expect(200)["results"]
    assert statuses(results) == [201, 201, 201, 402, 201, 404, 409]
    assert results[3]["body"]["code"] == "insufficient_funds"
    assert results[3]["body"]["shortfall"] == "1"
    assert results[5]["body"]["code"] == "wallet_not_found"
    account = api.account(wallet)
    assert (account["posted"], account["held"], account["available"]) == ("4", "4", "0")


def test_holds_are_captured_voided_and_grown_by_id(api):
    wallet = api.wallet(grant="10")
    one, two, three = (api.hold(wallet, "1")["id"] for _ in range(3))
    results = api.post(
        "/v1/batch",
        {
            "operations": [
                {"op": "capture", "authorization": one, "amount": "0.5"},
                {"op": "void", "authorization": two},
                {"op": "increment", "authorization": three, "amount": "2", "ttl_seconds": 3600},
                {"op": "capture", "authorization": one},
                {"op": "void", "authorization": "auth_00000000000000000000000000"},
            ]
        },
    ).expect(200)["results"]
    assert statuses(results) == [200, 200, 200, 409, 404]
    assert results[0]["body"]["capture"]["amounts"][0]["released"] == "0.5"
    assert (results[1]["body"]["status"], results[2]["body"]["amounts"][0]["held"]) == (
        "voided",
        "3",
    )
    account = api.account(wallet)
    assert (account["posted"], account["held"]) == ("9.5", "3")


def test_a_malformed_operation_fails_alone(api):
    wallet = api.wallet(grant="10")
    good = {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "1"}
    results = api.post(
        "/v1/batch",
        {
            "operations": [
                good,
                {**good, "amuont": "1"},
                {**good, "amount": "NaN"},
                {"op": "transfer", "wallet": wallet},
                {"wallet": wallet},
                {"op": "debit"},
                good,
            ]
        },
    ).expect(200)["results"]
    assert statuses(results) == [201, 422, 422, 422, 422, 422, 201]
    assert "amuont" in results[1]["body"]["detail"]
    assert results[2]["body"]["code"] == "invalid_amount"
    assert api.available(wallet) == "8"


def test_every_operation_may_have_a_key_of_its_own(api):
    wallet = api.wallet(grant="100")
    operations = [
        {
            "op": "debit",
            "wallet": wallet,
            "asset": "USD",
            "amount": "1",
            "idempotency_key": fresh("b"),
        }
        for _ in range(5)
    ]
    first = api.post("/v1/batch", {"operations": operations}).expect(200)["results"]
    again = api.post("/v1/batch", {"operations": operations}).expect(200)["results"]
    assert [result["body"] for result in again] == [result["body"] for result in first]
    assert api.available(wallet) == "95"
    # The same key in a call of its own means the same.
    body = {name: operations[0][name] for name in ("wallet", "asset", "amount")}
    single = api.post("/v1/debits", body, key=operations[0]["idempotency_key"])
    assert single.replayed and single.json == first[0]["body"]
    operations[0]["amount"] = "2"
    reused = api.post("/v1/batch", {"operations": operations[:1]}).expect(200)["results"]
    assert (reused[0]["status"], reused[0]["body"]["code"]) == (422, "idempotency_key_reused")
    assert api.available(wallet) == "95"


def test_the_key_of_a_batch_covers_all_of_its_operations(api):
    wallet = api.wallet(grant="100")
    operations = [
        {"op": "debit", "wallet": wallet, "asset": "USD", "amount": str(amount)}
        for amount in (1, 2, 200, 2)
    ]
    key = fresh("batch")
    first = api.post("/v1/batch", {"operations": operations}, key=key).expect(200)
    assert statuses(first["results"]) == [201, 201, 402, 201]
    assert api.post("/v1/batch", {"operations": operations}, key=key).expect(200) == first
    assert api.available(wallet) == "95"


def test_a_thousand_operations_are_taken_and_one_more_is_not(api):
    wallet = api.wallet(grant="2000")
    operation = {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "1"}
    results = api.post("/v1/batch", {"operations": [operation] * 1000}).expect(200)["results"]
    assert statuses(results) == [201] * 1000
    assert [result["body"]["amounts"][0]["available"] for result in results[:3]] == [
        "1999",
        "1998",
        "1997",
    ]
    api.post("/v1/batch", {"operations": [operation] * 1001}).problem(422, "invalid_request")
    api.post("/v1/batch", {"operations": []}).problem(422, "invalid_request")
    assert api.available(wallet) == "1000"


def test_concurrent_batches_approve_exactly_what_there_is(server, api):
    wallet = api.wallet(grant="100")
    operations = [{"op": "authorize", "wallet": wallet, "asset": "USD", "amount": "1"}] * 10

    async def send(connection):
        return (await connection.post("/v1/batch", {"operations": operations})).expect(200)[
            "results"
        ]

    results = sum(crowd(server, [send] * 16), [])
    assert sorted(statuses(results)) == [201] * 100 + [402] * 60
    assert api.available(wallet) == "0"
    api.audit()


def test_numbers_in_a_batch_are_exact_too(api):
    wallet = api.wallet(grant="10")
    operation = '{"op": "debit", "wallet": "%s", "asset": "USD", "amount": 0.1}' % wallet
    body = '{"operations": [%s]}' % ", ".join([operation] * 30)
    assert json.loads(body)
    results = api.post("/v1/batch", body.encode()).expect(200)["results"]
    assert statuses(results) == [201] * 30
    assert api.available(wallet) == "7"
