"""The real binary on a journal that was damaged: it starts with everything, or says where and why
it does not. tests/unit/journal/damage_test.cpp does the same to every byte of small journals."""

import json
import random
import re

from conftest import create_assets
from support.journal_files import SECTOR, Contents, paths

CASES = 30
ADVICE = ["Nothing was changed", "faregate journal inspect", "restore the directory"]


def traffic(api, name):
    """Requests with keys, and their answers."""
    wallet = api.wallet(name, grant="100")
    sent = []
    for i in range(12):
        path, key = "/v1/debits", f"{name}-{i}"
        body = {"wallet": wallet, "asset": "USD", "amount": "1", "description": "x" * (i * 40)}
        sent.append((path, body, key, api.post(path, body, key=key).expect(201)))
    return sent


def check_everything(api, sent):
    for path, body, key, answer in sent:
        again = api.post(path, body, key=key)
        assert again.replayed and again.json == answer
    for wallet in {body["wallet"] for _, body, _, _ in sent}:
        assert api.available(wallet) == "88"
    api.audit()


def frames(server):
    return [line for line in server.journal("--frames") if "frame" in line]


class Damage:
    """One place of the journal, and one kind of damage to it."""

    def __init__(self, server, chance, all_frames):
        self.path = server.data / "journal" / chance.choice(all_frames)["file"]
        last = all_frames[-1]
        used = last["offset"] + last["size"]
        self.kind = chance.choice(["flip", "invert", "cut", "zeros", "anywhere", "missing"])
        if self.kind == "anywhere":
            # The rest of the file, or one that is prepared: found all the same, or mended.
            self.path = chance.choice(paths(server.data / "journal"))
            self.offset = chance.randrange(self.path.stat().st_size)
        elif self.kind == "zeros":
            # Of all frames but the last one: sectors of zeros there look like a write that never
            # finished, which is the one thing that nothing can tell (docs/journal-format.md).
            frame = chance.choice(all_frames[:-1])
            self.path = server.data / "journal" / frame["file"]
            self.offset = frame["offset"] + chance.randrange(frame["size"] // SECTOR) * SECTOR
        else:
            self.offset = chance.randrange(used)

    def __str__(self):
        return f"{self.kind} at {self.path.name} {self.offset}"

    def inflict(self):
        if self.kind == "missing":
            self.path.unlink()
            return
        with self.path.open("r+b") as file:
            if self.kind == "cut":
                file.truncate(self.offset)
                return
            file.seek(self.offset)
            (byte,) = file.read(1)
            file.seek(self.offset)
            if self.kind == "zeros":
                file.write(bytes(SECTOR))
            else:
                file.write(bytes([byte ^ (0xFF if self.kind == "invert" else 0x10)]))


def test_a_journal_that_was_damaged_is_refused_by_place_or_complete(own_servers, cluster):
    server = own_servers.make().start()
    create_assets(server.api())
    sent = traffic(server.api(), "first")
    server.stop()
    # A backup, so that the journal has records that PostgreSQL has not got.
    backup = server.database
    server.database = cluster.create_database(f"{backup.name}-live", template=backup.name)
    server.settings["FAREGATE_DATABASE_URL"] = server.database.url
    server.start()
    sent += traffic(server.api(), "second")
    server.kill()

    whole = Contents(server.data / "journal")
    all_frames = frames(server)
    chance = random.Random(20)
    refused, used = 0, True
    for case in range(CASES):
        damage = Damage(server, chance, all_frames)
        if used:
            name = f"{backup.name}-{case}"
            server.database = cluster.create_database(name, template=backup.name)
            server.settings["FAREGATE_DATABASE_URL"] = server.database.url
        damage.inflict()
        damaged = Contents(server.data / "journal")
        shown = server.cli("journal", "inspect", check=False)
        assert shown.returncode == (0 if damaged == whole else 1) or damage.kind == "missing"
        for line in shown.stdout.splitlines():
            json.loads(line)

        server.start(wait=False)
        try:
            server.wait_ready()
        except AssertionError:
            refused, used = refused + 1, False
            code = server.wait_end()
            log = server.log()
            assert damaged == Contents(server.data / "journal"), f"{damage}: it was changed"
            if damage.kind == "missing":
                # Of the only file in use, or of all that there is.
                assert code in (1, 4) and str(server.data) in log, f"{damage}: {code}\n{log}"
            else:
                assert code == 4, f"{damage}: {code}\n{log}"
                found = re.search(r"journal file (\S+) is damaged at offset (\d+): ", log)
                assert found and found[1] == str(damage.path), f"{damage}:\n{log}"
                assert int(found[2]) <= max(damage.offset, damage.path.stat().st_size), log
                for advice in ADVICE:
                    assert advice in log, f"{damage}:\n{log}"
        else:
            used = True
            check_everything(server.api(), sent)
            server.kill()
        whole.restore()
    assert refused > CASES // 2
