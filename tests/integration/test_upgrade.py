"""A server that starts on what an older one left, and the way back.

tests/data/make-journal-v1 made the old server's directory, its database and its answers: it was
killed while the database, a backup from the middle, lacked the newer half of the journal.
"""

import json
import os
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest

from support import journal_files
from support.postgres import ROOT
from support.server import binary
from support.times import moment

OLD = ROOT / "tests" / "data" / "journal-v1" / "server"
ANSWERS = json.loads((OLD / "answers.json").read_text())
RECORDS = [json.loads(line) for line in (OLD / "inspect.jsonl").read_text().splitlines()]
# An older binary, for the way back. Without it, today's stands in.
OLDER_BINARY = "FAREGATE_OLDER_BINARY"


@pytest.fixture(scope="module")
def date_of_the_data(tmp_path_factory):
    """Settings that let a server believe that the old one ended a minute ago: keys are forgotten
    after a day, and holds expire."""
    library = tmp_path_factory.mktemp("date") / "fixed_date.so"
    source = Path(__file__).parent / "support" / "fixed_date.cpp"
    subprocess.run(
        ["c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True
    )
    age = datetime.now(timezone.utc) - moment(RECORDS[-1]["at"])
    return {"LD_PRELOAD": library, "FIXED_DATE_OFFSET": 60 - int(age.total_seconds())}


@pytest.fixture
def old(own_servers, date_of_the_data):
    """The old server's directory and database, not started."""
    server = own_servers.make(**date_of_the_data)
    server.database.execute((OLD / "database.dump").read_text())
    journal_files.unpack(OLD / "journal", server.data / "journal")
    return server


def check_answers(api):
    """Every request gets its first answer again, byte for byte, and has no effect."""
    for sent in ANSWERS:
        again = api.post(sent["path"], sent["body"], key=sent["key"])
        assert again.replayed, again
        assert (again.status, again.content.decode()) == (sent["status"], sent["answer"])


def check_balances(api, spent="0"):
    assert api.account("acme") == {
        "asset": "USD",
        "posted": {"0": "968.500000001", "1": "967.500000001"}[spent],
        "held": "12.25",
        "available": {"0": "956.250000001", "1": "955.250000001"}[spent],
        "overdraft_limit": "0",
    }
    assert api.available("acme", "TOKENS") == "123456789012345678901234567881"
    assert api.available("beta") == "37.25"
    assert api.available("gamma") == "1"
    assert api.get("/v1/wallets/gamma").expect(200)["status"] == "frozen"


def versions(server):
    """Of each file in use, and of all frames in it."""
    found = {}
    for line in server.journal("--frames"):
        if "frame" in line:
            assert line["version"] == found[line["file"]]
            assert ("zero_sectors" in line) == (line["version"] > 1)
        elif line.get("in_use"):
            found[line["file"]] = line["version"]
    return list(found.values())


def test_the_journal_reads_as_it_did(old):
    assert old.journal() == RECORDS
    assert versions(old) == [1]


def test_everything_that_was_acknowledged_is_there_and_it_goes_on(old):
    # The backup has a half, so the rest comes from the old journal.
    assert 0 < int(old.database.value("SELECT applied_lsn FROM journals")) < RECORDS[-1]["lsn"]
    old.start()
    api = old.api()
    check_balances(api)
    check_answers(api)
    check_balances(api)
    api.audit()
    kept = next(sent for sent in ANSWERS if "kept open" in str(sent["body"]))
    kept = json.loads(kept["answer"])["id"]
    assert api.authorization(kept)["status"] == "authorized"

    # New records, in a new file, and then starts after both kinds of end.
    debit = api.debit("acme", "1", key="new").expect(201)
    assert debit["lsn"] == RECORDS[-1]["lsn"] + 1
    for end in (old.kill, old.stop):
        end()
        assert versions(old) == [1, 2]
        old.start()
        api = old.api()
        check_balances(api, spent="1")
        check_answers(api)
        assert api.debit("acme", "1", key="new").expect(201) == debit
    api.capture(kept).expect(200)
    assert api.account("acme")["held"] == "0"
    api.audit()
    old.stop()
    old.cli("verify")
    assert old.journal()[: len(RECORDS)] == RECORDS


def test_a_newer_journal_is_refused_and_left_alone(old):
    (path, *_) = journal_files.paths(old.data / "journal")
    with path.open("r+b") as file:
        header = file.read(journal_files.SECTOR)
        file.seek(0)
        file.write(journal_files.with_version(header, 3))
    before = journal_files.Contents(old.data / "journal")
    done = old.cli("serve", check=False)
    assert done.returncode == 4
    assert f"{path} has at offset 0 format version 3: a newer Faregate wrote it" in done.stderr
    assert "Upgrading" in done.stderr
    assert journal_files.Contents(old.data / "journal") == before
    shown = old.cli("journal", "inspect", check=False)
    assert shown.returncode == 1 and "a newer Faregate wrote it" in shown.stdout


@pytest.fixture
def older_binary(monkeypatch):
    """Lets the servers that start from now on be older ones."""

    def use():
        monkeypatch.setenv("FAREGATE_BINARY", os.environ.get(OLDER_BINARY, str(binary())))

    return use


def test_the_way_back_is_a_drained_journal_and_a_new_directory(old, older_binary):
    old.start()
    debit = old.api().debit("acme", "1", key="new").expect(201)
    old.stop()
    # A clean end leaves nothing in the journal that PostgreSQL has not got.
    applied = int(old.database.value("SELECT applied_lsn FROM journals"))
    assert applied == old.journal()[-1]["lsn"] == debit["lsn"]

    older_binary()
    if OLDER_BINARY in os.environ:
        done = old.cli("serve", check=False)
        assert done.returncode == 4 and "format version 2" in done.stderr
        assert "Nothing was changed" in done.stderr
    shutil.move(old.data, old.directory / "kept")
    assert "--new-journal" in old.cli("serve", check=False).stderr
    old.start("--new-journal")
    api = old.api()
    check_balances(api, spent="1")
    check_answers(api)
    assert api.debit("acme", "1", key="new").expect(201) == debit
    assert api.debit("acme", "1").expect(201)["lsn"] == applied + 1
    api.audit()
    old.stop()
    old.start()
    old.cli("verify")
