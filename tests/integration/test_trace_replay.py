"""An hour of real traffic: authorized and captured call by call, and right to the last digit."""

import json
import subprocess
import sys

import pytest

from support.client import fresh
from support.documents import blocks, conservation_query
from support.money import text
from support.postgres import ROOT
from support.server import ADMIN_KEY

EXAMPLES = ROOT / "examples"
TRACE = EXAMPLES / "azure_llm_conv_2023.csv"
PRICES = EXAMPLES / "prices.json"


def expected_total(*options):
    done = subprocess.run(
        [
            sys.executable,
            EXAMPLES / "expected_total.py",
            TRACE,
            "--prices",
            PRICES,
            *map(str, options),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def replay(server, *options, check=True):
    done = server.cli(
        "replay",
        TRACE,
        "--prices",
        PRICES,
        "--url",
        server.url,
        "--json",
        *options,
        check=False,
        FAREGATE_KEY=ADMIN_KEY,
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def revenue(server):
    """What the entries in PostgreSQL say was spent."""
    return text(
        server.database.value(
            "SELECT coalesce(sum(change), 0) FROM entry_sides"
            " WHERE side = 'revenue' AND asset = 'USD'"
        )
    )


@pytest.fixture(scope="module")
def replayed(servers):
    """The whole trace over 200 wallets; the server and the summary."""
    server = servers.make().start()
    return server, replay(server, "--wallets", 200)


def test_every_call_of_the_trace_is_approved(replayed):
    _, report = replayed
    rows = sum(1 for _ in TRACE.open()) - 1
    assert (report["rows"], report["rows_done"], report["approved"]) == (rows, rows, rows)
    assert (report["declined"], report["errors"], report["ok"]) == (0, 0, True)


def test_the_captured_total_equals_the_sum_computed_outside_to_the_last_digit(replayed):
    server, report = replayed
    expected = expected_total()
    assert "." in expected and float(expected) > 0
    assert report["captured_total"] == report["expected_total"] == expected
    assert revenue(server) == expected


def test_the_audit_is_clean_and_verify_agrees(replayed):
    server, report = replayed
    assert report["audit_ok"] is True
    audit = server.api().audit()
    (usd,) = [asset for asset in audit["assets"] if asset["asset"] == "USD"]
    assert (usd["revenue"], usd["held"]) == (expected_total(), "0")
    server.cli("verify")


@pytest.mark.parametrize("document", ["operations.md", "sql.md"])
def test_the_documented_conservation_query_returns_zero_rows(replayed, document):
    server, _ = replayed
    assert server.database.rows(conservation_query(document)) == []


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM entries WHERE {one} AND destination = 'revenue'",
        "UPDATE entries SET amount = amount + 0.000000001 WHERE {one} AND destination = 'revenue'",
        "UPDATE authorization_lines SET held = held + 0.000000001, authorized = authorized + 1"
        " WHERE authorization_id = (SELECT max(authorization_id) FROM authorization_lines)",
    ],
    ids=["entry_lost", "entry_changed", "hold_changed"],
)
def test_the_documented_conservation_query_finds_a_wrong_row(replayed, cluster, change):
    server, _ = replayed
    name = server.database.name
    copy = cluster.create_database(fresh(f"{name}-wrong"), template=name)
    one = "(wallet, lsn) = (SELECT wallet, lsn FROM entries WHERE destination = 'revenue' LIMIT 1)"
    copy.execute(change.format(one=one))
    for document in ("operations.md", "sql.md"):
        assert len(copy.rows(conservation_query(document))) == 1


@pytest.mark.parametrize("document", ["operations.md", "sql.md"])
def test_every_documented_query_runs(replayed, document):
    server, _ = replayed
    queries = [query for _, query in blocks(document, "sql")]
    assert queries
    for query in queries:
        server.database.execute("BEGIN READ ONLY;\n" + query + "\n;ROLLBACK;")


def test_the_trace_is_spread_over_the_wallets(replayed):
    server, _ = replayed
    used = server.database.rows(
        "SELECT wallet, count(*) AS n FROM authorizations GROUP BY wallet ORDER BY wallet"
    )
    assert len(used) == 200
    assert max(int(row["n"]) for row in used) - min(int(row["n"]) for row in used) <= 1


def test_repeating_the_replay_spends_nothing_again(replayed):
    server, first = replayed
    again = replay(server, "--wallets", 200, "--limit", 1500)
    assert again["replayed"] >= 3000 and again["errors"] == 0
    assert again["captured_total"] == expected_total("--limit", 1500)
    assert revenue(server) == first["captured_total"]


def test_declines_are_counted_and_nobody_overspends(servers):
    server = servers.make().start()
    report = replay(
        server, "--wallets", 3, "--limit", 600, "--grant", "0.5", "--prefix", "poor", check=False
    )
    assert report["declined"] > 0 and report["declines"] == {
        "insufficient_funds": report["declined"]
    }
    assert report["approved"] + report["declined"] == 600
    assert report["captured_total"] == revenue(server)
    for number in range(3):
        account = server.api().account(f"poor-{number}")
        assert float(account["available"]) >= 0
    server.api().audit()


def test_the_summary_for_people_has_everything(servers):
    server = servers.make().start()
    done = server.cli(
        "replay",
        TRACE,
        "--prices",
        PRICES,
        "--url",
        server.url,
        "--limit",
        200,
        FAREGATE_KEY=ADMIN_KEY,
    )
    for word in (
        "throughput",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "approved",
        "declined",
        "captured",
        "audit",
    ):
        assert word in done.stdout, done.stdout
    assert expected_total("--limit", 200) in done.stdout
