"""The command line: help, errors that say what to do, and tools that find what is wrong."""

import json
import re
import shutil
import subprocess

import pytest

from support.poll import eventually
from support.server import Server, binary, run_cli
from support.times import moment

COMMANDS = {
    "serve": ["--listen", "--database-url", "--data-dir", "FAREGATE_LISTEN", "FAREGATE_RATE_LIMIT"],
    "migrate": ["--database-url"],
    "keys": ["create", "list", "revoke"],
    "keys create": ["--name", "--scope"],
    "keys list": ["--json"],
    "keys revoke": ["id"],
    "journal": ["inspect", "copy"],
    "journal copy": ["--to", "--from", "--up-to", "--data-dir", "--json"],
    "journal inspect": ["--data-dir", "--from"],
    "verify": ["--database-url", "--json", "--journal", "--data-dir"],
    "replay": ["--wallets", "--prices", "--url", "--key", "--connections"],
}


def test_help_lists_every_command():
    text = run_cli("--help").stdout
    for command in COMMANDS:
        assert command.split()[0] in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    done = run_cli(*command.split(), "--help")
    assert done.returncode == 0 and done.stderr == ""
    for word in COMMANDS[command]:
        assert word in done.stdout


def test_the_version_is_told():
    done = run_cli("--version")
    assert done.returncode == 0 and done.stdout.startswith("faregate ")


NOWHERE = "postgresql:///none?host=/nonexistent"
MISTAKES = {
    "no_command": ([], {}, ["--help"]),
    "unknown_command": (["fly"], {}, ["fly"]),
    "unknown_flag": (["serve", "--fly"], {}, ["--fly"]),
    "serve_without_database": (["serve"], {}, ["FAREGATE_DATABASE_URL"]),
    "verify_without_database": (["verify"], {}, ["FAREGATE_DATABASE_URL"]),
    "migrate_without_database": (["migrate"], {}, ["FAREGATE_DATABASE_URL"]),
    "keys_without_database": (["keys", "list"], {}, ["FAREGATE_DATABASE_URL"]),
    "bad_listen": (["serve", "--listen", "here"], {}, ["--listen", "here"]),
    "bad_variable": (["serve"], {"FAREGATE_STRIPES": "17"}, ["FAREGATE_STRIPES"]),
    "bad_rate": (["serve"], {"FAREGATE_RATE_LIMIT": "fast"}, ["FAREGATE_RATE_LIMIT"]),
    "missing_config": (["serve", "--config", "/nonexistent.toml"], {}, ["/nonexistent.toml"]),
    "bad_scope": (["keys", "create", "--name", "x", "--scope", "all"], {}, ["--scope", "admin"]),
    "key_without_scope": (["keys", "create", "--name", "x"], {}, ["--scope"]),
    "replay_without_key": (["replay", "/nonexistent.csv"], {}, ["FAREGATE_KEY", "keys create"]),
    "replay_without_prices": (
        ["replay", "/nonexistent.csv", "--key", "fg_x", "--prices", "/nonexistent.json"],
        {},
        ["/nonexistent.json"],
    ),
    "replay_without_trace": (["replay"], {}, ["trace"]),
    "inspect_nothing": (["journal", "inspect", "--data-dir", "/nonexistent"], {}, ["/nonexistent"]),
    "verify_without_postgres": (["verify", "--database-url", NOWHERE], {}, ["/nonexistent"]),
    "revoke_without_postgres": (
        ["keys", "revoke", "key_x", "--database-url", NOWHERE],
        {},
        ["/nonexistent"],
    ),
}


@pytest.mark.parametrize(("arguments", "settings", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_answered_with_what_to_do(arguments, settings, words):
    done = run_cli(*arguments, **settings)
    assert done.returncode in (1, 2), done
    message = done.stderr
    for word in words:
        assert word in message, f"{word!r} is not in: {message}"
    assert "terminate called" not in message and "what():" not in message


def test_an_unknown_key_cannot_be_revoked(server):
    done = server.cli("keys", "revoke", "key_nobody", check=False)
    assert done.returncode == 1 and "key_nobody" in done.stderr


def test_settings_come_from_flags_then_variables_then_the_file(own_servers):
    server = own_servers.make()
    config = server.directory / "faregate.toml"
    config.write_text('rate_limit = 1\nlog_format = "json"\nbody_bytes_max = 2048\n')
    server.settings["FAREGATE_RATE_LIMIT"] = "0"
    server.start("--config", config, "--body-bytes-max", "4096")
    assert json.loads(server.log().splitlines()[0])  # the file's
    api = server.api()
    assert all(api.get("/v1/assets").status == 200 for _ in range(20))  # the variable's
    api.post("/v1/wallets", {"metadata": {"a": "x" * 3000}}).expect(201)  # the flag's
    api.post("/v1/wallets", {"metadata": {"a": "x" * 5000}}).problem(413, "body_too_large")


def test_a_line_of_the_file_that_is_no_setting_is_named(own_servers):
    server = own_servers.make()
    config = server.directory / "faregate.toml"
    config.write_text("# one\nlistne = '127.0.0.1:1'\n")
    done = server.cli("serve", "--config", config, check=False)
    assert done.returncode == 2
    assert f"{config}:2" in done.stderr and "listne" in done.stderr


def test_migrate_brings_a_database_up_to_date_and_says_what_it_did(own_servers):
    server = own_servers.make()
    first = server.cli("migrate").stdout
    assert first.count("applied") >= 1
    assert "up to date" in server.cli("migrate").stdout
    server.start()
    assert "applied migration" not in server.log()


# ---- the journal


def test_journal_inspect_prints_every_record_as_a_json_line(own_servers):
    server = own_servers.start()
    api = server.api()
    wallet = api.wallet(grant="10", name="Inspected", metadata={"a": [1]})
    hold = api.hold(wallet, "4", description="a call", key="a-key")
    api.capture(hold["id"], "1").expect(200)
    declined = api.debit(wallet, "100", key="b-key")
    declined.problem(402, "insufficient_funds")
    last = api.update(wallet, status="frozen")["lsn"]
    server.stop()

    records = server.journal()
    assert [record["lsn"] for record in records] == list(range(1, last + 1))
    by_change = {record["change"]: record for record in records}
    assert by_change["wallet_created"]["wallet"] == wallet
    assert by_change["wallet_created"]["metadata"] == {"a": [1]}
    opened = by_change["authorization_opened"]
    assert (opened["authorization"], opened["description"]) == (hold["id"], "a call")
    assert moment(opened["expires_at"]) == moment(hold["expires_at"])
    (posting,) = opened["postings"]
    assert (posting["source"], posting["destination"], posting["asset"], posting["amount"]) == (
        "available",
        "held",
        "USD",
        "4",
    )
    captured = by_change["authorization_changed"]
    assert captured["status"] == "captured"
    assert [(p["destination"], p["amount"]) for p in captured["postings"]] == [
        ("revenue", "1"),
        ("available", "3"),
    ]
    assert by_change["declined"]["idempotency"]["outcome"] == "insufficient_funds"
    assert by_change["wallet_updated"]["status"] == "frozen"
    assert [record["lsn"] for record in server.journal("--from", 2, "--to", 3)] == [2, 3]
    frames = [line for line in server.journal("--frames") if "frame" in line]
    assert frames and all(frame["hash"] for frame in frames)


def test_journal_inspect_works_while_the_server_runs(server, api):
    wallet = api.wallet(grant="10")
    lsn = api.debit(wallet, "1").expect(201)["lsn"]
    assert lsn in {record["lsn"] for record in server.journal()}


def flip_byte_of(server, needle):
    """Changes one byte of the journal, in the first record that contains `needle`."""
    for path in sorted((server.data / "journal").iterdir()):
        data = bytearray(path.read_bytes())
        place = data.find(needle)
        if place >= 0:
            data[place] ^= 1
            path.write_bytes(data)
            return path.name
    raise AssertionError(f"{needle} is not in the journal")


def test_a_changed_byte_in_the_journal_is_found_named_and_not_served(own_servers):
    server = own_servers.start()
    api = server.api()
    for name in ("first-wallet", "middle-wallet", "last-wallet"):
        api.wallet(name, grant="10")
    server.stop()
    file = flip_byte_of(server, b"middle-wallet")
    done = server.cli("journal", "inspect", check=False)
    assert done.returncode == 1
    damage = [json.loads(line)["damage"] for line in done.stdout.splitlines() if '"damage"' in line]
    assert damage and damage[0]["file"] == file and damage[0]["offset"] >= 0
    server.start(wait=False)
    assert server.wait_end() != 0
    assert file in server.log()


# ---- verify

CHANGES = {
    "balance": "UPDATE balances SET posted = posted + 1, issued = issued + 1"
    " WHERE wallet = 'victim'",
    "held": "UPDATE balances SET held = held - 1 WHERE wallet = 'victim'",
    "grant": "UPDATE grants SET remaining = remaining - 1 WHERE wallet = 'victim'",
    "entry_amount": "UPDATE entries SET amount = amount + 1"
    " WHERE wallet = 'victim' AND destination = 'revenue'",
    "entry_deleted": "DELETE FROM entries WHERE wallet = 'victim' AND destination = 'revenue'",
    "entry_moved": "UPDATE entries SET wallet = 'bystander'"
    " WHERE wallet = 'victim' AND destination = 'revenue'",
    "hold_line": "UPDATE authorization_lines SET held = held - 1 WHERE held > 0",
    "hold_part": "DELETE FROM hold_parts",
    "wallet_deleted": "DELETE FROM wallets WHERE id = 'victim'",
}


@pytest.fixture(scope="module")
def audited(servers):
    server = servers.start()
    api = server.api()
    api.wallet("victim", grant="100")
    api.wallet("bystander", grant="100")
    api.hold("victim", "10", ttl_seconds=604800)
    api.debit("victim", "5").expect(201)
    server.stop()
    return server


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_verify_finds_a_row_that_was_changed_by_hand(audited, cluster, change):
    ok = json.loads(audited.cli("verify", "--json").stdout)
    assert ok["ok"] is True and ok["discrepancies"] == []
    # On a copy, so that each change stands alone.
    name = audited.database.name
    copy = cluster.create_database(f"{name}-{abs(hash(change)) % 10**9}", template=name)
    copy.execute(change)
    done = audited.cli("verify", "--json", "--database-url", copy.url, check=False)
    assert done.returncode == 1, done.stdout
    found = json.loads(done.stdout)
    assert found["ok"] is False and found["discrepancies"]
    text = json.dumps(found["discrepancies"])
    assert any(name in text for name in ("victim", "auth_", "grant_")), text
    done = audited.cli("verify", "--database-url", copy.url, check=False)
    assert done.returncode == 1 and "NOT OK" in done.stdout


# ---- who may serve what


def test_a_second_server_on_the_same_directory_is_refused(own_servers, cluster):
    server = own_servers.start()
    second = Server(server.directory, server.database)
    done = second.cli("serve", "--listen", "127.0.0.1:0", check=False)
    assert done.returncode == 1
    assert str(server.data) in done.stderr
    assert server.api().get("/healthz").status == 200


def test_the_journal_of_another_database_is_refused(own_servers):
    one, two = own_servers.start(), own_servers.start()
    one.api().wallet(grant="1")
    one.stop()
    two.stop()
    done = one.cli("serve", check=False, FAREGATE_DATABASE_URL=two.database.url)
    assert done.returncode != 0
    assert "FAREGATE_DATABASE_URL" in done.stderr and str(one.data) in done.stderr
    # Each with its own is as it was.
    one.start()
    two.start()


def test_a_lost_journal_is_not_replaced_by_accident(own_servers):
    server = own_servers.start()
    wallet = server.api().wallet(grant="5")
    server.stop()
    shutil.rmtree(server.data)
    done = server.cli("serve", check=False)
    assert done.returncode != 0 and "--new-journal" in done.stderr
    server.start("--new-journal")
    assert server.api().available(wallet) == "5"
    server.api().debit(wallet, "1").expect(201)
    server.api().audit()
    server.cli("verify")


def test_a_new_database_under_an_old_journal_is_refused(own_servers):
    server, empty = own_servers.start(), own_servers.make()
    server.api().wallet(grant="5")
    server.stop()
    done = server.cli("serve", check=False, FAREGATE_DATABASE_URL=empty.database.url)
    assert done.returncode != 0 and "FAREGATE_DATABASE_URL" in done.stderr


def test_a_server_that_was_taken_over_stops_at_once(own_servers):
    server = own_servers.start()
    wallet = server.api().wallet(grant="10")
    server.stop()
    # A copy of the directory is how a second owner of one database could come about.
    shutil.copytree(server.data, server.directory / "copy")
    server.start()
    usurper = Server(server.directory / "second", server.database)
    usurper.settings["FAREGATE_DATA_DIR"] = server.directory / "copy"
    try:
        usurper.start()
        assert server.wait_end() == 3, server.log()
        assert usurper.api().available(wallet) == "10"
        usurper.api().audit()
    finally:
        usurper.end()


def test_an_address_in_use_is_named(own_servers):
    server = own_servers.start()
    other = own_servers.make()
    done = other.cli("serve", "--listen", f"127.0.0.1:{server.port}", check=False)
    assert done.returncode == 1 and str(server.port) in done.stderr


def test_port_0_takes_a_free_port_and_says_which(own_servers):
    server = own_servers.make()
    server.start("--listen", "127.0.0.1:0", wait=False)
    found = eventually(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", server.log()), server.log)
    server.port = int(found[1])
    assert server.api().get("/healthz").status == 200


def test_the_binary_is_one_file_without_a_source_tree(tmp_path, own_servers):
    # Migrations and contract are inside: nothing of the clone is needed beside it.
    copy = tmp_path / "faregate"
    shutil.copy(binary(), copy)
    done = subprocess.run([copy, "--version"], cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout.startswith("faregate")
