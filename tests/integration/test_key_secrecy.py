"""No key, secret or password where it does not belong: in a log, a metric, an answer, `ps`."""

import json
import statistics
from pathlib import Path

import pytest

from support.client import fresh
from support.hostile import RawConnection, request
from support.poll import eventually
from support.server import ADMIN_KEY, run_cli

PASSWORD = "hunter2-of-postgres"


def create_key(server, scope="read"):
    name = fresh("key")
    return json.loads(
        server.cli("keys", "create", "--name", name, "--scope", scope, "--json").stdout
    )


def revoked_key(server):
    key = create_key(server)
    reader = server.api(key["secret"])
    assert reader.get("/v1/assets").status == 200
    server.cli("keys", "revoke", key["id"])
    eventually(lambda: reader.get("/v1/assets").status == 401, "the key is refused")
    return key["secret"]


# How keys come to stand where they should not: {key} is one that is not valid.
MALFORMED = [
    "Authorization: {key}\r\n",
    "Authorization: Bearer{key}\r\n",
    "Authorization: Bearer  {key}\r\n",
    "Authorization: Bearer {key} {key}\r\n",
    "Authorization: Basic {key}\r\n",
    "Authorization: Digest username={key}\r\n",
    "Authorization: Bearer {key}\r\nAuthorization: Bearer {key}\r\n",
    "Authorization: Bearer \x01{key}\r\n",
    "Authorization: Bearer {key}\xff\r\n",
    "X-Api-Key: {key}\r\n",
    "Cookie: key={key}\r\n",
    "Idempotency-Key: {key}\r\n",
    "Faregate-Durability: {key}\r\n",
]


def test_no_secret_is_in_logs_metrics_or_errors_whatever_happens(own_servers):
    server = own_servers.make(
        FAREGATE_LOG_LEVEL="trace",
        FAREGATE_REQUEST_MEMORY_BYTES=1 << 20,
        FAREGATE_RATE_LIMIT=1_000,
        PGPASSWORD=PASSWORD,
    )
    server.settings["FAREGATE_DATABASE_URL"] += f"&password={PASSWORD}"
    server.start()
    api = server.api()
    api.asset("USD", 9)
    wallet = api.wallet(grant="100")
    admin, reader, gone = create_key(server, "admin")["secret"], create_key(server)["secret"], None
    gone = revoked_key(server)
    wrong = "fg_wrong_0123456789abcdefghjkmnpqrstvwxyz00"
    secrets = [ADMIN_KEY, admin, reader, gone, wrong, PASSWORD]
    answers = []

    def tell(data):
        with RawConnection(server) as connection:
            connection.send(data)
            connection.half_close()
            answers.extend(connection.read_to_end())

    body = json.dumps({"wallet": wallet, "asset": "USD", "amount": "1"}).encode()
    for key in (admin, reader, gone, wrong):
        for method, path in (("POST", "/v1/debits"), ("GET", "/v1/assets"), ("GET", "/v1/nothing")):
            tell(request(method, path, body if method == "POST" else b"", key=key))
        tell(request("GET", f"/v1/wallets?key={key}", key=key))
        tell(request("POST", "/v1/debits", body[:-1], key=key))
        for header in MALFORMED:
            text = request("GET", "/v1/wallets", key=None, headers="{header}").decode()
            tell(text.replace("{header}", header.format(key=key)).encode("latin-1"))
        # Refused with a warning in the log: it is too large for the shared memory.
        tell(request("POST", "/v1/debits", b'{"wallet":"' + b"x" * 900_000 + b'"}', key=key))
        tell(b"POST /v1/debits HTTP/1.1\r\nAuthorization: Bearer " + key.encode() + b"\r\n\r\n")
        tell(b"Authorization: Bearer " + key.encode() + b"\r\n\r\n")
    # A database that throws the server out, and does not let it in again for a while.
    name = server.database.name
    postgres = type(server.database)(server.database.url.replace(f"/{name}?", "/postgres?"))
    postgres.execute(
        f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false;'
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    eventually(lambda: "PostgreSQL is away" in server.log(), "the server notices")
    for key in (admin, reader, gone, wrong):
        tell(request("GET", f"/v1/wallets/{wallet}/entries", key=key))
        tell(request("POST", "/v1/debits", body, "Faregate-Durability: postgres\r\n", key))
    postgres.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    eventually(lambda: "PostgreSQL is back" in server.log(), "the server notices")
    metrics = api.get("/metrics").content.decode()
    server.stop()

    log = server.log()
    statuses = {status for status, _, _ in answers}
    assert {200, 201, 400, 401, 403, 404, 503} <= statuses, f"the scenario had only {statuses}"
    assert " debug " in log and " warning " in log
    said = "\n".join(head + body.decode() for _, head, body in answers)
    for secret in secrets:
        # A part would be too much.
        part = secret[3:20] if secret.startswith("fg_") else secret
        for where, text in (("log", log), ("metrics", metrics), ("answers", said)):
            assert part not in text, f"{part} is in the {where}"


def test_a_key_that_stands_in_a_path_is_not_logged(own_servers):
    server = own_servers.start(FAREGATE_LOG_LEVEL="trace")
    api = server.api()
    for path in ("/v1/wallets/fg_0123456789abcdef", "/fg_0123456789abcdef/x", "/?fg_0123456789ab"):
        api.get(path)
    server.stop()
    assert "/v1/wallets/fg_..." in server.log()
    assert "0123456789ab" not in server.log()


# ---- the database's password

# libpq quotes what it cannot read.
UNREADABLE_URLS = {
    "bracket": "postgresql://user:{password}@[bad/database",
    "percent": "postgresql://user:{password}%2@127.0.0.1:1/database",
    "zero": "postgresql://user:{password}%00@127.0.0.1:1/database",
    "slash": "postgresql://user:{password}/x@127.0.0.1:1/database",
    "at": "postgresql://user:x@{password}@127.0.0.1:1/database",
    "digits": "postgresql://127.0.0.1:1/{password}@127.0.0.1:1/database",
    "parameter": "postgresql://user@127.0.0.1:1/database?{password}=x",
    "words": "host=127.0.0.1 port=1 password={password} {password}",
    "quote": "host=127.0.0.1 port=1 password='{password}",
}
UNREACHABLE_URLS = {
    "unreachable": "postgresql://user:{password}@127.0.0.1:1/database",
    "unreachable_words": "host=127.0.0.1 port=1 password={password}",
}


URLS = {**UNREADABLE_URLS, **UNREACHABLE_URLS}


@pytest.mark.parametrize("name", URLS)
def test_a_password_is_not_told_whatever_is_wrong_with_the_url(tmp_path, name):
    """A URL that libpq could not parse was printed whole, and a server waited for it for ever."""
    settings = {"FAREGATE_DATABASE_URL": URLS[name].format(password=PASSWORD)}
    for command in (["keys", "list"], ["migrate"], ["verify"]):
        done = run_cli(*command, **settings)
        assert done.returncode != 0
        assert PASSWORD not in done.stdout + done.stderr
    if name in UNREADABLE_URLS:
        done = run_cli("serve", FAREGATE_DATA_DIR=tmp_path, **settings)
        assert done.returncode == 2 and "does not understand the database URL" in done.stderr
        assert PASSWORD not in done.stdout + done.stderr


def test_a_server_that_waits_for_its_database_does_not_tell_the_password(own_servers):
    server = own_servers.make(
        FAREGATE_LOG_LEVEL="trace",
        FAREGATE_DATABASE_URL=UNREACHABLE_URLS["unreachable"].format(password=PASSWORD),
    )
    server.start(wait=False)
    eventually(lambda: server.log().count("waiting for PostgreSQL") >= 2, "it waits")
    server.stop()
    assert PASSWORD not in server.log()


# ---- answers


def test_unknown_and_revoked_keys_get_the_same_answer(server):
    """To the byte, but for the time of day; and a malformed header gets it, too."""
    gone = revoked_key(server)
    unknown = "fg_" + "0" * (len(gone) - 3)

    def answer(method, path, body, key, headers=""):
        with RawConnection(server) as connection:
            connection.send(request(method, path, body, headers, key))
            status, head, said = connection.read_answer()
            head = [line for line in head.split("\r\n") if not line.startswith("Date:")]
            return status, head, said

    calls = [
        ("GET", "/v1/assets", b""),
        ("POST", "/v1/debits", b'{"wallet":"a","asset":"USD","amount":"1"}'),
        ("PATCH", "/v1/wallets/a", b'{"name":"b"}'),
    ]
    for method, path, sent in calls:
        expected = answer(method, path, sent, unknown)
        for key in (gone, "x", "fg_", gone + "x", gone[:-1], gone.upper()):
            assert answer(method, path, sent, key) == expected
        for header in (f"Basic {gone}", gone, f"Bearer{gone}", "Bearer", "Bearer "):
            headers = f"Authorization: {header}\r\n"
            assert answer(method, path, sent, None, headers) == expected
        assert expected[0] == 401


def test_unknown_and_revoked_keys_take_the_same_time(server):
    """Both are looked up once, and then once more in a new list of keys. What is compared is far
    coarser than noise: one way must not skip the wait that the other has."""
    gone = revoked_key(server)
    unknown = "fg_" + "0" * (len(gone) - 3)
    medians = {}
    for name, key in (("unknown", unknown), ("revoked", gone)):
        api = server.api(key)
        times = []
        for _ in range(9):
            response = api.session.get(
                server.url + "/v1/assets", headers={"Authorization": f"Bearer {key}"}, timeout=60
            )
            assert response.status_code == 401
            times.append(response.elapsed.total_seconds())
        medians[name] = statistics.median(times)
    assert max(medians.values()) < 10 * min(medians.values()), medians


# ---- the command line


@pytest.mark.parametrize("form", ["separate", "joined"])
def test_ps_does_not_show_the_secrets_of_flags(own_servers, form):
    server = own_servers.make()
    url = server.settings.pop("FAREGATE_DATABASE_URL") + f"&password={PASSWORD}"
    key = server.settings.pop("FAREGATE_BOOTSTRAP_KEY")
    if form == "separate":
        server.start("--bootstrap-key", key, "--database-url", url)
    else:
        server.start(f"--bootstrap-key={key}", f"--database-url={url}")
    assert server.api(key).get("/v1/assets").status == 200
    command = (Path("/proc") / str(server.process.pid) / "cmdline").read_bytes()
    assert b"serve" in command and b"--bootstrap-key" in command
    assert key.encode() not in command and PASSWORD.encode() not in command
