"""A private PostgreSQL cluster that tests may stop and start, and SQL through psql."""

import csv
import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "postgres-cluster"


def find_psql():
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
    return str(versions[-1]) if versions else "psql"


class Cluster:
    """One PostgreSQL server. Its URLs stay the same over a stop and a start."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="faregate-it-"))
        self.directory.chmod(0o755)
        # Every start has a socket directory of its own; this link always leads to the current one.
        self.socket = self.directory / "socket"
        self.running = False
        self.start()

    def _script(self, command, *options):
        # The server inherits standard output and would hold a pipe open, so it gets a file.
        with tempfile.TemporaryFile("w+") as output:
            subprocess.run(
                [SCRIPT, command, self.directory / "cluster", *options],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
            )
            output.seek(0)
            return output.read().strip()

    def start(self):
        url = self._script("start", "--unsafe-fast")
        host = url.split("host=")[1].split("&")[0]
        link = self.directory / "socket.new"
        link.symlink_to(host)
        link.rename(self.socket)
        self.running = True

    def stop(self):
        self._script("stop")
        self.running = False

    def remove(self):
        self._script("remove")
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database):
        return f"postgresql:///{database}?host={self.socket}&user=faregate"

    def create_database(self, name, template="template1"):
        """A new database, or a copy of one; whoever is connected to that is thrown out."""
        postgres = Database(self.url("postgres"))
        if template != "template1":
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{template}'"
            )
        postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return Database(self.url(name))

    def replace_database(self, name, replacement):
        """Puts one database in the place of another, which is dropped."""
        postgres = Database(self.url("postgres"))
        # Whoever is connected would be in the way, and must not come back in between.
        postgres.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        postgres.execute(f'ALTER DATABASE "{replacement}" RENAME TO "{name}"')


class Database:
    """One database, asked through psql."""

    def __init__(self, url):
        self.url = url

    @property
    def name(self):
        return self.url.removeprefix("postgresql:///").partition("?")[0]

    def _psql(self, sql, *options):
        return subprocess.run(
            [find_psql(), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *options, self.url],
            input=sql,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PGTZ": "UTC"},
        ).stdout

    def execute(self, sql):
        self._psql(sql)

    def rows(self, sql):
        """The rows as dictionaries of texts; NULL is the empty text."""
        return list(csv.DictReader(io.StringIO(self._psql(sql, "--csv"))))

    def value(self, sql):
        (row,) = self.rows(sql)
        (value,) = row.values()
        return value
