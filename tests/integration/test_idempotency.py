"""One idempotency key: one effect, one answer."""

import json
from collections import Counter

import pytest

from support.client import crowd, fresh
from support.poll import eventually


def same(first, again):
    """The answer came a second time, byte for byte, and says so."""
    assert not first.replayed and again.replayed
    assert (again.status, again.content) == (first.status, first.content)


def requests_of_every_kind(api):
    """(path, body) of every POST, each with something to act upon and accepted when executed."""
    wallet = api.wallet(grant="100")
    grant = api.grant(wallet, "1")["id"]
    holds = [api.hold(wallet, "1")["id"] for _ in range(3)]
    metadata = {"unicode": "é ☕", "nested": {"b": 1, "a": [1.50, None, True]}}
    return [
        ("/v1/assets", {"code": fresh("CODE"), "scale": 2, "name": "An asset"}),
        ("/v1/wallets", {"id": fresh("made"), "name": "Née", "metadata": metadata}),
        ("/v1/wallets", {"name": "with a generated id"}),
        (f"/v1/wallets/{wallet}/grants", {"asset": "USD", "amount": "5", "metadata": metadata}),
        (f"/v1/grants/{grant}/revoke", {}),
        (
            "/v1/authorize",
            {
                "wallet": wallet,
                "asset": "USD",
                "amount": "2",
                "description": "x",
                "metadata": metadata,
            },
        ),
        (f"/v1/authorizations/{holds[0]}/capture", {"amount": "0.5"}),
        (f"/v1/authorizations/{holds[1]}/void", {}),
        (f"/v1/authorizations/{holds[2]}/increment", {"amount": "0.5", "ttl_seconds": 600}),
        ("/v1/debits", {"wallet": wallet, "asset": "USD", "amount": "3", "metadata": metadata}),
    ]


def test_every_kind_of_request_is_replayed_byte_by_byte(api):
    for path, body in requests_of_every_kind(api):
        key = fresh("key")
        first = api.post(path, body, key=key)
        assert first.status in (200, 201), first
        same(first, api.post(path, body, key=key))


def test_replays_are_the_same_after_a_restart_and_after_kill_9(own_servers):
    server = own_servers.start()
    api = server.api()
    sent = [(path, body, fresh("key")) for path, body in requests_of_every_kind(api)]
    wallet = api.wallet(grant="1")
    declined = {"wallet": wallet, "asset": "USD", "amount": "2"}
    sent += [("/v1/authorize", declined, fresh("key")), ("/v1/debits", declined, fresh("key"))]
    first = [api.post(path, body, key=key) for path, body, key in sent]
    for end in (server.stop, server.kill, server.stop):
        end()
        server.start()
        for (path, body, key), reply in zip(sent, first):
            same(reply, server.api().post(path, body, key=key))
    server.api().audit()


def test_a_decline_is_an_answer_too(api):
    wallet = api.wallet(grant="1")
    body = {"wallet": wallet, "asset": "USD", "amount": "2"}
    for path in ("/v1/authorize", "/v1/debits"):
        key = fresh("key")
        first = api.post(path, body, key=key)
        first.problem(402, "insufficient_funds")
        # Money that arrives later does not turn the answer around.
        api.grant(wallet, "10")
        same(first, api.post(path, body, key=key))
        api.debit(wallet, "10").expect(201)
    assert api.available(wallet) == "1"


def test_declines_of_every_kind_are_kept(api):
    wallet = api.wallet(grant="10", over_capture="reject")
    hold, ended = api.hold(wallet, "1")["id"], api.hold(wallet, "1")["id"]
    api.void(ended).expect(200)
    for path, body, status, code in (
        (f"/v1/authorizations/{hold}/capture", {"amount": "2"}, 402, "capture_exceeds_hold"),
        (f"/v1/authorizations/{ended}/capture", {}, 409, "authorization_state"),
        (f"/v1/authorizations/{ended}/void", {}, 409, "authorization_state"),
        ("/v1/authorize", {"wallet": wallet, "asset": "USD", "amount": "0"}, 422, "invalid_amount"),
        (
            "/v1/authorize",
            {"wallet": wallet, "asset": "NONE", "amount": "1"},
            404,
            "asset_not_found",
        ),
    ):
        key = fresh("key")
        first = api.post(path, body, key=key)
        first.problem(status, code)
        same(first, api.post(path, body, key=key))


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "2"},
        {"asset": "TOKENS"},
        {"description": "other"},
        {"metadata": {"a": 2}},
        {"ttl_seconds": 301},
    ],
)
def test_the_same_key_with_another_body_is_refused_and_has_no_effect(api, change):
    wallet = api.wallet(grant="10")
    key = fresh("key")
    body = {"wallet": wallet, "asset": "USD", "amount": "1", "metadata": {"a": 1}}
    first = api.post("/v1/authorize", body, key=key)
    assert first.status == 201
    api.post("/v1/authorize", {**body, **change}, key=key).problem(422, "idempotency_key_reused")
    assert api.available(wallet) == "9"
    same(first, api.post("/v1/authorize", body, key=key))


def test_a_key_used_for_one_call_is_refused_for_another(api):
    wallet = api.wallet(grant="10")
    key = fresh("key")
    body = {"wallet": wallet, "asset": "USD", "amount": "1"}
    hold = api.post("/v1/authorize", body, key=key).expect(201)["id"]
    api.post("/v1/debits", body, key=key).problem(422, "idempotency_key_reused")
    api.void(hold, key=key).problem(422, "idempotency_key_reused")
    assert api.account(wallet)["held"] == "1"


def test_how_the_body_is_written_does_not_matter(api):
    wallet = api.wallet(grant="10")
    key = fresh("key")
    body = {"wallet": wallet, "asset": "USD", "amount": "1"}
    first = api.post("/v1/authorize", body, key=key)
    for written in (
        json.dumps(dict(reversed(body.items()))),
        json.dumps(body, indent=4) + "\n\n",
        '{"wallet":"%s","asset":"\\u0055SD","amount":"1"}' % wallet,
    ):
        same(first, api.post("/v1/authorize", written.encode(), key=key))
    assert api.available(wallet) == "9"


def test_keys_of_different_wallets_are_different_keys(api):
    wallets = [api.wallet(grant="10") for _ in range(2)]
    key = fresh("key")
    replies = [api.authorize(wallet, "1", key=key) for wallet in wallets]
    assert [reply.status for reply in replies] == [201, 201]
    assert [api.available(wallet) for wallet in wallets] == ["9", "9"]


@pytest.mark.parametrize("kind", ["authorize", "debit", "capture", "grant", "decline", "wallet"])
def test_64_concurrent_duplicates_have_one_effect_and_one_answer(server, api, kind):
    wallet = api.wallet(grant="10")
    hold = api.hold(wallet, "1")["id"]
    spend = {"wallet": wallet, "asset": "USD", "amount": "1"}
    path, body = {
        "authorize": ("/v1/authorize", spend),
        "debit": ("/v1/debits", spend),
        "capture": (f"/v1/authorizations/{hold}/capture", {}),
        "grant": (f"/v1/wallets/{wallet}/grants", {"asset": "USD", "amount": "1"}),
        "decline": ("/v1/authorize", {**spend, "amount": "11"}),
        "wallet": ("/v1/wallets", {"name": "generated"}),
    }[kind]
    key = fresh("key")

    async def send(connection):
        return await connection.post(path, body, key=key)

    replies = crowd(server, [send] * 64)
    assert len({(reply.status, reply.content) for reply in replies}) == 1
    assert Counter(reply.replayed for reply in replies) == {False: 1, True: 63}
    expected = {"authorize": "8", "debit": "8", "capture": "9", "grant": "10"}.get(kind, "9")
    assert api.available(wallet) == expected


def test_a_key_may_be_used_again_when_its_time_is_over(own_servers):
    server = own_servers.start(FAREGATE_RETENTION_SECONDS=1)
    api = server.api()
    wallet = api.wallet(grant="10")
    first = api.debit(wallet, "1", key="again")
    assert first.status == 201

    def executed_anew():
        reply = api.debit(wallet, "1", key="again")
        assert reply.status == 201
        return not reply.replayed and reply.json["id"] != first.json["id"]

    eventually(executed_anew, "the key is forgotten")
    assert api.available(wallet) == "8"


@pytest.mark.parametrize(
    "key", ["", "x" * 256, "two words", "caf\u00e9"], ids=["empty", "long", "words", "not_ascii"]
)
def test_a_key_that_is_none_is_refused(api, key):
    wallet = api.wallet(grant="10")
    headers = {"Idempotency-Key": key.encode("latin-1")}
    body = {"wallet": wallet, "asset": "USD", "amount": "1"}
    problem = api.post("/v1/debits", body, headers=headers).problem(400, "invalid_header")
    assert "Idempotency-Key" in problem["detail"]
    assert api.available(wallet) == "10"


def test_two_keys_in_one_request_are_refused(server, api):
    wallet = api.wallet(grant="10")
    body = {"wallet": wallet, "asset": "USD", "amount": "1"}
    # requests joins equal names; what arrives is one header with a comma and a space.
    api.post("/v1/debits", body, headers={"Idempotency-Key": "one, two"}).problem(
        400, "invalid_header"
    )
    assert api.available(wallet) == "10"


def test_answers_that_have_left_memory_come_from_postgres(own_servers):
    server = own_servers.start(FAREGATE_ANSWER_MEMORY_BYTES=0)
    api = server.api()
    sent = [(path, body, fresh("key")) for path, body in requests_of_every_kind(api)]
    poor = api.wallet(grant="1")
    declined = {"wallet": poor, "asset": "USD", "amount": "2"}
    sent.append(("/v1/debits", declined, fresh("key")))
    first = [api.post(path, body, key=key) for path, body, key in sent]
    # An answer leaves with the next one that its stripe keeps; a start leaves none in memory.
    server.stop()
    server.start()
    for (path, body, key), answer in zip(sent, first):
        same(answer, api.post(path, body, key=key))
    api.debit(poor, "0.5", key=sent[-1][2]).problem(422, "idempotency_key_reused")
    assert api.available(poor) == "1"


def test_a_batch_fetches_the_answers_that_have_left_memory_at_once(own_servers):
    server = own_servers.start(FAREGATE_ANSWER_MEMORY_BYTES=0)
    api = server.api()
    wallet = api.wallet(grant="100")
    debit = {"op": "debit", "wallet": wallet, "asset": "USD", "amount": "1"}
    lines = [{**debit, "idempotency_key": f"line-{number}"} for number in range(50)]
    first = api.post("/v1/batch", {"operations": lines}).expect(200)["results"]
    server.stop()
    server.start()
    new = [{**debit, "idempotency_key": f"new-{number}"} for number in range(50)]
    mixed = [line for pair in zip(lines, new) for line in pair]
    again = api.post("/v1/batch", {"operations": mixed}).expect(200)["results"]
    assert again[0::2] == first
    assert {line["status"] for line in again[1::2]} == {201}
    assert api.available(wallet) == "0"
