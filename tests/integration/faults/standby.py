"""A streaming standby of a cluster, which can be promoted in its place."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.postgres import Database, find_psql


class Standby:
    def __init__(self, cluster):
        # In memory where there is some: a copy of a whole cluster takes its time on a busy disk.
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.socket = Path(tempfile.mkdtemp(prefix="faregate-standby-", dir=memory))
        self.data = self.socket / "data"
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.socket, owner.pw_uid, owner.pw_gid)
        source = ["-h", cluster.socket, "-U", "faregate"]
        self._run("pg_basebackup", *source, "-D", self.data, "-R", "-c", "fast", "--no-sync")
        # What the server inherits would hold a pipe open, so it logs to a file.
        log = self.socket / "log"
        options = f"-c listen_addresses='' -c unix_socket_directories={self.socket} -c fsync=off"
        self._run("pg_ctl", "start", "-D", self.data, "-o", options, "-l", log, "-w")

    def database(self, name):
        return Database(f"postgresql:///{name}?host={self.socket}&user=faregate")

    def stop_following(self):
        """From now on it lacks what its primary commits."""
        postgres = self.database("postgres")
        postgres.execute("ALTER SYSTEM SET primary_conninfo = ''")
        postgres.execute("SELECT pg_reload_conf()")

    def promote(self):
        self._run("pg_ctl", "promote", "-D", self.data, "-w")

    def remove(self):
        self._run("pg_ctl", "stop", "-D", self.data, "-m", "immediate", "-w")
        shutil.rmtree(self.socket, ignore_errors=True)

    def _run(self, program, *arguments):
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        subprocess.run(
            [
                *(user if os.geteuid() == 0 else []),
                Path(find_psql()).parent / program,
                *arguments,
            ],
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
