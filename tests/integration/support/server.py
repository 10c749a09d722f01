"""The real binary as a process: `faregate serve`, and its other commands."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

from support.client import Api
from support.poll import PATIENCE_SECONDS, eventually
from support.postgres import ROOT

ADMIN_KEY = "fg_integration_admin_key_0123456789abcdef"


def binary():
    path = Path(os.environ.get("FAREGATE_BINARY", ROOT / "build" / "dev" / "faregate")).resolve()
    assert path.is_file(), f"{path} does not exist; build it, or name another in FAREGATE_BINARY"
    return path


def clean_environment(settings):
    """The caller's environment without its own Faregate settings, plus `settings`."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FAREGATE_")}
    return {**kept, **{name: str(value) for name, value in settings.items()}}


# Below the ports that the kernel gives to outgoing connections, another range per worker.
_ports = None


def free_port():
    global _ports
    if _ports is None:
        worker = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))) or 0)
        start = 20000 + (worker * 1000 + os.getpid() * 37) % 10000
        _ports = iter(range(start, start + 2000))
    for port in _ports:
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise AssertionError("no free port")


class Server:
    """One data directory and one database, and the process that serves them, if any."""

    all_alive = []  # those of fixtures, for the reports of failures

    def __init__(self, directory, database, **settings):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = self.directory / "data"
        self.database = database
        self.settings = {
            "FAREGATE_DATA_DIR": self.data,
            "FAREGATE_DATABASE_URL": database.url,
            "FAREGATE_BOOTSTRAP_KEY": ADMIN_KEY,
            "FAREGATE_JOURNAL_FILE_BYTES": 16 << 20,
            **settings,
        }
        self.log_path = self.directory / "server.log"
        self.log_start = 0
        self.process = None
        self.port = None
        self.prefix = []  # a command that starts the binary, such as strace

    # ---- the process

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, *arguments, wait=True, preexec=None):
        assert self.process is None, "the server runs already"
        self.port = free_port()
        environment = clean_environment(
            {**self.settings, "FAREGATE_LISTEN": f"127.0.0.1:{self.port}"}
        )
        self.log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, binary(), "serve", *arguments],
                env=environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=preexec,
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            self.assert_alive()
            with contextlib.suppress(requests.RequestException):
                return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
            return False

        eventually(ready, lambda: f"the server gets ready:\n{self.log()}")

    def assert_alive(self):
        code = self.process.poll()
        assert code is None, f"the server ended with {code}:\n{self.log()}"

    def log(self):
        """What the process printed since it was started last."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def wait_end(self):
        """Waits for the process to end by itself and returns its exit code."""
        code = self.process.wait(timeout=PATIENCE_SECONDS)
        self.process = None
        return code

    def stop(self):
        """A graceful end; fails if the server does not exit with 0."""
        self.process.send_signal(signal.SIGTERM)
        code = self.wait_end()
        assert code == 0, f"SIGTERM ended the server with {code}:\n{self.log()}"

    def kill(self):
        self.process.kill()
        self.wait_end()

    def end(self):
        """For fixtures: whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    # ---- its clients

    def api(self, key=ADMIN_KEY):
        return Api(self, key)

    def cli(self, *arguments, check=True, **settings):
        """Runs `faregate ARGUMENTS` on this server's directory and database."""
        done = run_cli(*arguments, **{**self.settings, **settings})
        if check:
            assert (
                done.returncode == 0
            ), f"faregate {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}"
        return done

    def journal(self, *options):
        """All records of the journal, as `faregate journal inspect` prints them."""
        lines = self.cli("journal", "inspect", *options).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def wait_applied(self, lsn):
        """Until PostgreSQL has everything up to `lsn`."""

        def applied():
            return int(self.database.value("SELECT max(applied_lsn) FROM journals") or 0) >= lsn

        eventually(applied, f"LSN {lsn} is applied to PostgreSQL")


def run_cli(*arguments, **settings):
    return subprocess.run(
        [binary(), *map(str, arguments)],
        env=clean_environment(settings),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def wait_seconds(seconds):
    """For what only time brings about, such as an expiry. Never a guess at a duration of work."""
    time.sleep(seconds)
