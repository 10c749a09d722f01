"""Backups that are damaged or do not fit are refused, nothing is overwritten, and of two servers on
a restored ledger only one goes on."""

from support.backup import (
    check_answers,
    check_money,
    flip,
    lose_database,
    lose_directory,
    newest_file,
    owner,
    put_in_place,
    run_script,
    spend,
)
from support.server import Server

GRANT = "5000"


def test_damage_in_a_backup_is_named_and_nothing_is_restored(own_servers, cluster, backup):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    spend(server, wallet, 10, "spent")
    run_script("backup", server, backup)
    server.stop()
    lose_directory(server)
    lose_database(cluster, server.database)
    journal_file = newest_file(backup / "journal")

    def expect_refused(path, damage, words):
        content = path.read_bytes()
        damage(path)
        done = run_script("restore", server, backup, check=False)
        assert done.returncode == 1, done.stdout
        for word in words:
            assert word in done.stderr
        assert not (server.data / "journal").exists()
        assert server.database.rows("SELECT FROM pg_tables WHERE schemaname = 'public'") == []
        path.write_bytes(content)

    dump = backup / "database.dump"
    expect_refused(dump, lambda path: flip(path, path.stat().st_size // 2), ["database.dump"])
    expect_refused(dump, lambda path: path.write_bytes(b""), ["database.dump"])
    expect_refused(journal_file, lambda path: flip(path, 2000), [journal_file.name, "at offset"])
    expect_refused(journal_file, lambda path: flip(path, 9), [journal_file.name])

    def lose_last_frames(path):
        frames = server.journal("--frames", "--data-dir", backup)
        last = [frame for frame in frames if "frame" in frame][-2:]
        with path.open("r+b") as file:
            for frame in last:
                file.seek(frame["offset"])
                file.write(bytes(frame["size"]))

    expect_refused(journal_file, lose_last_frames, ["is damaged: it ends with LSN"])
    expect_refused(backup / "manifest", lambda path: flip(path, 100), ["manifest", "checksum"])
    expect_refused(backup / "manifest", lambda path: path.unlink(), ["interrupted"])
    run_script("restore", server, backup)
    server.start()
    check_money(server)


def test_nothing_is_overwritten(own_servers, cluster, backup):
    server = own_servers.start()
    server.api().wallet(grant=GRANT)
    run_script("backup", server, backup)
    again = run_script("backup", server, backup, check=False)
    assert again.returncode == 1 and "exists already" in again.stderr
    server.stop()
    held = run_script("restore", server, backup, check=False)
    assert held.returncode == 1 and "not empty" in held.stderr
    lose_database(cluster, server.database)
    held = run_script("restore", server, backup, check=False)
    assert held.returncode == 1 and "has files" in held.stderr
    assert server.database.rows("SELECT FROM pg_tables WHERE schemaname = 'public'") == []
    missing = run_script(
        "restore", server, backup, check=False, FAREGATE_DATABASE_URL=cluster.url("nowhere")
    )
    assert missing.returncode == 1 and "createdb" in missing.stderr


def test_a_backup_of_the_wrong_directory_is_refused(own_servers, backup):
    server, other = own_servers.start(), own_servers.start()
    for each in (server, other):
        wallet = each.api().wallet(grant=GRANT)
    spend(other, wallet, 30, "other")
    wrong = run_script("backup", server, backup, check=False, FAREGATE_DATA_DIR=other.data)
    assert wrong.returncode == 1 and "set both as for the server" in wrong.stderr
    assert not (backup / "manifest").exists()
    # A stale directory of the same journal, beside a server that has acknowledged more.
    stale = backup.parent / "stale"
    wrong = run_script("backup", server, stale, check=False, FAREGATE_URL=other.url)
    assert wrong.returncode == 1 and "was acknowledged" in wrong.stderr
    assert not (stale / "manifest").exists()


def test_a_copy_never_goes_where_a_server_is(own_servers, backup):
    server, other = own_servers.start(), own_servers.start()
    place = server.data / "journal"
    same = server.cli("journal", "copy", "--to", place, check=False)
    assert same.returncode == 2 and "another directory" in same.stderr
    used = server.cli("journal", "copy", "--to", other.data / "journal", check=False)
    assert used.returncode == 1 and "in use" in used.stderr
    other.stop()
    used = server.cli("journal", "copy", "--to", other.data / "journal", check=False)
    assert used.returncode == 1 and "is the journal of a server" in used.stderr
    nothing = server.cli(
        "journal", "copy", "--to", backup, check=False, FAREGATE_DATA_DIR="/nonexistent"
    )
    assert nothing.returncode == 1 and "/nonexistent" in nothing.stderr


def test_an_old_server_is_fenced_when_another_starts_on_the_restored_database(
    own_servers, cluster, backup
):
    old = own_servers.start()
    wallet = old.api().wallet(grant=GRANT)
    answers = spend(old, wallet, 10, "spent")
    run_script("backup", old, backup)
    put_in_place(cluster, old, backup)
    # The old server takes the restored database for one that lost its last commits.
    old.wait_applied(answers[-1].json["lsn"])

    new = Server(own_servers.directory / "new", old.database)
    own_servers.made.append(new)
    Server.all_alive.append(new)
    run_script("restore", new, "--only", "journal", backup)
    new.start()
    assert old.wait_end() == 3
    check_answers(new, wallet, "spent", answers)
    spend(new, wallet, 5, "new")
    check_money(new)
    # Nor does it come back: its journal lacks what the new one wrote. The new one notices nothing.
    epoch = owner(new)["epoch"]
    old.start(wait=False)
    assert old.wait_end() == 4
    assert owner(new)["epoch"] == epoch
    spend(new, wallet, 5, "still")


def test_a_server_that_is_younger_than_the_restored_dump_is_fenced(own_servers, cluster, backup):
    server = own_servers.start()
    wallet = server.api().wallet(grant=GRANT)
    run_script("backup", server, backup)
    server.stop()
    server.start()
    answers = spend(server, wallet, 10, "spent")
    put_in_place(cluster, server, backup)
    # The epoch of this server is not in the database any more, so nobody can tell who owns it.
    assert server.wait_end() == 3
    server.start()
    check_answers(server, wallet, "spent", answers)
    check_money(server)


def test_the_scripts_explain_themselves(own_servers):
    server = own_servers.make()
    for name in ("backup", "restore"):
        said = run_script(name, server, "--help").stdout
        assert said.startswith(f"usage: scripts/{name}") and "FAREGATE_BINARY" in said
        for wrong in ([], ["--fly", "x"], ["a", "b"]):
            done = run_script(name, server, *wrong, check=False)
            assert done.returncode == 2 and "usage:" in done.stderr
