"""What cannot be executed is refused, each in its own way, and changes nothing."""

import http.client
import json
import socket

import pytest

from support.server import ADMIN_KEY
from support.state import fingerprint


@pytest.fixture(scope="module")
def subject(server, api):
    """A wallet with a hold, and the state of the whole server, which no refusal may change."""
    wallet = api.wallet("subject", grant="100")
    hold = api.hold(wallet, "10", ttl_seconds=604800)["id"]
    grant = api.grants(wallet)[0]["id"]
    return {"wallet": wallet, "hold": hold, "grant": grant, "state": fingerprint(server)}


def refused(api, subject, reply, status, code, *words):
    problem = reply.problem(status, code)
    for member in ("type", "title", "detail"):
        assert isinstance(problem[member], str) and problem[member], f"no {member}: {reply}"
    for word in words:
        assert word in problem["detail"], f"{word!r} is not in the detail of {reply}"
    assert fingerprint(api.server) == subject["state"]
    return problem


AMOUNTS = {
    "too_fine": '"1e-30"',
    "too_fine_number": "1e-30",
    "negative": '"-1"',
    "negative_number": "-1",
    "nan": '"NaN"',
    "infinity": '"Infinity"',
    "words": '"abc"',
    "empty": '""',
    "hexadecimal": '"0x10"',
    "spaces": '" 1"',
    "plus": '"+1"',
    "comma": '"1,5"',
    "60_digits": '"' + "1234567890" * 6 + '"',
    "60_digit_number": "1234567890" * 6,
    "60_decimals": '"0.' + "1234567890" * 6 + '"',
    "huge_exponent": "1e999999999",
    "tiny_exponent": "1e-999999999",
    "zero": '"0"',
    "scale_exceeded": '"0.0000000001"',
}


@pytest.mark.parametrize("amount", AMOUNTS.values(), ids=AMOUNTS.keys())
def test_an_amount_that_is_none_is_refused(api, subject, amount):
    body = '{"wallet": "subject", "asset": "USD", "amount": %s}' % amount
    for path in ("/v1/authorize", "/v1/debits"):
        refused(api, subject, api.post(path, body.encode()), 422, "invalid_amount", "USD")
    body = '{"asset": "USD", "amount": %s}' % amount
    refused(
        api, subject, api.post("/v1/wallets/subject/grants", body.encode()), 422, "invalid_amount"
    )


@pytest.mark.parametrize(
    "amount", ["NaN", "abc", "-", "01", "1.", ".5", "+1", "1e", "Infinity", "0x1"]
)
def test_a_bare_word_as_amount_is_no_json(api, subject, amount):
    body = '{"wallet": "subject", "asset": "USD", "amount": %s}' % amount
    refused(api, subject, api.post("/v1/authorize", body.encode()), 400, "malformed_json")


@pytest.mark.parametrize("amount", ["null", "true", "{}", "[]", '["1"]'])
def test_an_amount_of_another_type_is_refused(api, subject, amount):
    body = '{"wallet": "subject", "asset": "USD", "amount": %s}' % amount
    reply = api.post("/v1/authorize", body.encode())
    refused(api, subject, reply, 422, "invalid_request", "amount")


MALFORMED = {
    "truncated": b'{"wallet": "subject", "asset": "USD", "amount": "1"',
    "truncated_text": b'{"wallet": "subj',
    "empty": b"",
    "not_json": b"amount=1",
    "two_values": b'{"wallet": "subject", "asset": "USD", "amount": "1"} {}',
    "trailing_comma": b'{"wallet": "subject", "asset": "USD", "amount": "1",}',
    "comment": b'{"wallet": "subject", /* */ "asset": "USD", "amount": "1"}',
    "single_quotes": b"{'wallet': 'subject', 'asset': 'USD', 'amount': '1'}",
    "bad_utf8": b'{"wallet": "subject", "asset": "USD", "amount": "1", "description": "\xff"}',
    "bad_escape": b'{"wallet": "subject", "asset": "USD", "amount": "1", "description": "\\x"}',
    "deep": b"[" * 100000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_is_no_json_is_refused(api, subject, body):
    refused(api, subject, api.post("/v1/authorize", body), 400, "malformed_json")


GOOD = {"wallet": "subject", "asset": "USD", "amount": "1"}
INVALID = {
    "unknown_member": ({**GOOD, "amuont": "2"}, "amuont"),
    "unknown_member_in_amounts": (
        {"wallet": "subject", "amounts": [{"asset": "USD", "amount": "1", "unit": "cent"}]},
        "unit",
    ),
    "no_wallet": ({"asset": "USD", "amount": "1"}, "wallet"),
    "no_amount": ({"wallet": "subject", "asset": "USD"}, "amount"),
    "no_asset": ({"wallet": "subject", "amount": "1"}, "asset"),
    "amount_and_amounts": ({**GOOD, "amounts": [{"asset": "USD", "amount": "1"}]}, "amounts"),
    "no_amounts": ({"wallet": "subject", "amounts": []}, "amounts"),
    "an_asset_twice": (
        {"wallet": "subject", "amounts": [{"asset": "USD", "amount": "1"}] * 2},
        "USD",
    ),
    "too_many_assets": (
        {"wallet": "subject", "amounts": [{"asset": f"A{i}", "amount": "1"} for i in range(17)]},
        "amounts",
    ),
    "wallet_of_another_type": ({**GOOD, "wallet": 7}, "wallet"),
    "metadata_of_another_type": ({**GOOD, "metadata": "text"}, "metadata"),
    "large_metadata": ({**GOOD, "metadata": {"a": "x" * 20000}}, "metadata"),
    "long_description": ({**GOOD, "description": "x" * 5000}, "description"),
    "dry_run_of_another_type": ({**GOOD, "dry_run": "yes"}, "dry_run"),
    "array": ([GOOD], "object"),
    "text": ("wallet", "object"),
}


@pytest.mark.parametrize(("body", "word"), INVALID.values(), ids=INVALID.keys())
def test_a_request_that_makes_no_sense_is_refused_by_name(api, subject, body, word):
    word = "amounts" if word == "USD" else word
    reply = api.post("/v1/authorize", json.dumps(body).encode())
    refused(api, subject, reply, 422, "invalid_request", word)


def test_a_member_that_comes_twice_is_refused(api, subject):
    body = b'{"wallet": "subject", "asset": "USD", "amount": "1", "amount": "100"}'
    reply = api.post("/v1/authorize", body)
    assert reply.status in (400, 422), reply
    refused(api, subject, reply, reply.status, reply.json["code"])


def test_a_body_of_two_mebibytes_is_refused(api, subject):
    body = json.dumps({**GOOD, "description": "x" * (2 << 20)}).encode()
    refused(api, subject, api.post("/v1/authorize", body), 413, "body_too_large")


def test_a_chunked_body_of_two_mebibytes_is_refused(api, subject):
    connection = http.client.HTTPConnection("127.0.0.1", api.server.port, timeout=60)
    headers = {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"}
    chunks = iter([b'{"description": "'] + [b"x" * 65536] * 32)
    try:
        connection.request("POST", "/v1/authorize", chunks, headers, encode_chunked=True)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server need not read it to the end
    try:
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["code"]) == (413, "body_too_large")
    except (ConnectionResetError, http.client.RemoteDisconnected, BrokenPipeError):
        pass  # the reply may be lost with what the server did not read
    assert fingerprint(api.server) == subject["state"]


def test_another_content_type_is_refused(api, subject):
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "application/xml"):
        reply = api.post("/v1/authorize", GOOD, headers={"Content-Type": content_type})
        refused(api, subject, reply, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "api_key",
    [
        None,
        "",
        "fg_wrong",
        "x" * 2000,
        "fg_integration_admin_key_0123456789abcdeg",
    ],
    ids=["none", "empty", "wrong", "long", "last_letter"],
)
def test_without_a_valid_key_nothing_happens(api, subject, api_key):
    for method, path, body in (
        ("POST", "/v1/authorize", GOOD),
        ("POST", "/v1/debits", GOOD),
        ("POST", "/v1/authorizations/" + subject["hold"] + "/void", {}),
        ("PATCH", "/v1/wallets/subject", {"status": "frozen"}),
        ("GET", "/v1/wallets/subject", None),
        ("GET", "/v1/audit", None),
    ):
        reply = api.call(method, path, body, api_key=api_key)
        refused(api, subject, reply, 401, "unauthenticated")
        assert "Bearer" in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "authorization",
    ["Basic dXNlcjpwYXNz", "Bearer", ADMIN_KEY],
    ids=["basic", "no_secret", "no_scheme"],
)
def test_another_scheme_is_no_key(api, subject, authorization):
    reply = api.post("/v1/debits", GOOD, api_key=None, headers={"Authorization": authorization})
    refused(api, subject, reply, 401, "unauthenticated")


UNKNOWN = {
    "wallet": ("POST", "/v1/authorize", {**GOOD, "wallet": "nobody"}, "wallet_not_found", "nobody"),
    "wallet_of_a_debit": (
        "POST",
        "/v1/debits",
        {**GOOD, "wallet": "nobody"},
        "wallet_not_found",
        "nobody",
    ),
    "wallet_of_a_grant": (
        "POST",
        "/v1/wallets/nobody/grants",
        {"asset": "USD", "amount": "1"},
        "wallet_not_found",
        "nobody",
    ),
    "wallet_read": ("GET", "/v1/wallets/nobody", None, "wallet_not_found", "nobody"),
    "wallet_updated": (
        "PATCH",
        "/v1/wallets/nobody",
        {"status": "frozen"},
        "wallet_not_found",
        "nobody",
    ),
    "impossible_wallet": ("GET", "/v1/wallets/%00", None, "wallet_not_found", "?"),
    "asset": ("POST", "/v1/authorize", {**GOOD, "asset": "usd"}, "asset_not_found", "usd"),
    "capture": (
        "POST",
        "/v1/authorizations/auth_00000000000000000000000000/capture",
        {},
        "authorization_not_found",
        "auth_0",
    ),
    "void": ("POST", "/v1/authorizations/auth_x/void", {}, "authorization_not_found", "auth_x"),
    "increment": (
        "POST",
        "/v1/authorizations/auth_x/increment",
        {"amount": "1"},
        "authorization_not_found",
        "auth_x",
    ),
    "authorization_read": (
        "GET",
        "/v1/authorizations/auth_x",
        None,
        "authorization_not_found",
        "auth_x",
    ),
    "grant": ("POST", "/v1/grants/grant_x/revoke", {}, "grant_not_found", "grant_x"),
    "route": ("GET", "/v1/nothing", None, "route_not_found", "path"),
    "route_below": ("POST", "/v1/authorize/now", {}, "route_not_found", "path"),
    "version": ("POST", "/v2/authorize", GOOD, "route_not_found", "path"),
    "root": ("GET", "/", None, "route_not_found", "path"),
    "trailing_slash": ("POST", "/v1/authorize/", GOOD, "route_not_found", "path"),
    "dots": ("GET", "/v1/../etc/passwd", None, "route_not_found", "path"),
}


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "word"), UNKNOWN.values(), ids=UNKNOWN.keys()
)
def test_what_does_not_exist_is_not_found_by_name(api, subject, method, path, body, code, word):
    refused(api, subject, api.call(method, path, body), 404, code, word)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/authorize", "POST"),
        ("PUT", "/v1/wallets/subject", "PATCH"),
        ("DELETE", "/v1/wallets/subject", "GET"),
        ("DELETE", "/v1/assets", "GET"),
        ("POST", "/healthz", "GET"),
        ("PATCH", "/v1/debits", "POST"),
    ],
)
def test_a_wrong_method_is_refused_and_the_right_ones_are_named(
    api, subject, method, path, allowed
):
    reply = api.call(method, path, {} if method != "GET" else None)
    refused(api, subject, reply, 405, "method_not_allowed", allowed)
    assert allowed in reply.headers["Allow"]


def test_a_bad_durability_is_refused(api, subject):
    reply = api.post("/v1/debits", GOOD, headers={"Faregate-Durability": "maybe"})
    refused(api, subject, reply, 400, "invalid_header", "Faregate-Durability")


def test_a_failing_request_has_the_answer_that_comes_first(api, subject):
    """Malformed, then who asks, then what is there, then the amount, then the funds."""
    frozen_and_broke = {"wallet": "nobody", "asset": "NONE", "amount": "-1"}
    refused(api, subject, api.post("/v1/debits", b"{", api_key="fg_wrong"), 400, "malformed_json")
    refused(
        api,
        subject,
        api.post("/v1/debits", frozen_and_broke, api_key="fg_wrong"),
        401,
        "unauthenticated",
    )
    refused(api, subject, api.post("/v1/debits", frozen_and_broke), 404, "wallet_not_found")
    body = {**frozen_and_broke, "wallet": "subject"}
    refused(api, subject, api.post("/v1/debits", body), 404, "asset_not_found")
    body["asset"] = "USD"
    refused(api, subject, api.post("/v1/debits", body), 422, "invalid_amount")
    body["amount"] = "1000"
    refused(api, subject, api.post("/v1/debits", body), 402, "insufficient_funds")


RAW = {
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "no_target": (b"GET\r\n\r\n", 400),
    "two_lengths": (
        b"POST /v1/debits HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ",
        400,
    ),
    "negative_length": (b"POST /v1/debits HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    "large_headers": (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 70000 + b"\r\n\r\n",
        431,
    ),
}


@pytest.mark.parametrize(("data", "status"), RAW.values(), ids=RAW.keys())
def test_what_is_no_http_is_answered_and_the_connection_closed(api, subject, data, status):
    with socket.create_connection(("127.0.0.1", api.server.port), timeout=60) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass  # the server need not have read everything
    # Where the reply got through it is the right one; in no case does the server hang or die.
    if answer:
        assert answer.split(b" ")[1] == str(status).encode(), answer
    assert fingerprint(api.server) == subject["state"]
