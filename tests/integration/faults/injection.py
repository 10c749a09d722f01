"""Faults of system calls, put into a running server or into its start by strace."""

import contextlib
import re
import shutil
import subprocess
from pathlib import Path

from support.poll import PATIENCE_SECONDS, eventually


def strace():
    found = shutil.which("strace")
    assert found, "strace is missing; it is in scripts/packages.txt"
    return found


def tasks(process):
    return sorted(int(task.name) for task in Path(f"/proc/{process}/task").iterdir())


def tracer(task):
    status = Path(f"/proc/{task}/status").read_text()
    return int(re.search(r"TracerPid:\s+(\d+)", status)[1])


class Injection:
    """While it is entered, the system calls of a thread, or of all threads of a process, fail or
    wait as `faults` say: {"fdatasync": "error=EIO:when=3"}. With an empty fault a call is only
    seen. `when` counts each thread's calls from the moment of entering. `paths` leaves alone what
    is done to anything else."""

    def __init__(self, target, faults, log, *, whole_process=False, paths=()):
        self.target = target
        self.log = Path(log)
        self.whole_process = whole_process
        # Even a call that is only seen needs its trace; an injected one is traced by itself.
        self.options = ["-e", "trace=" + ",".join(faults)]
        self.options += [option for path in paths for option in ("-P", path)]
        for call, fault in faults.items():
            if fault:
                self.options += ["-e", f"inject={call}:{fault}"]

    def __enter__(self):
        follow = ["-f"] if self.whole_process else []
        self.process = subprocess.Popen(
            [strace(), *follow, "-qq", "-o", self.log, *self.options, "-p", str(self.target)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        targets = tasks(self.target) if self.whole_process else [self.target]

        def attached():
            code = self.process.poll()
            assert code is None, f"strace ended with {code}: {self.process.stderr.read()}"
            return all(tracer(task) == self.process.pid for task in targets)

        eventually(attached, "strace holds the threads")
        return self

    def __exit__(self, *_):
        # It lets the threads go on SIGTERM, and ends with the process if that was faster.
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        self.process.wait(timeout=PATIENCE_SECONDS)
        self.process.stderr.close()

    def lines(self):
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    def count(self):
        """How many faults there were so far."""
        return sum("(INJECTED" in line or "(DELAYED)" in line for line in self.lines())


def journal_threads(server, load):
    """The threads that write the journal and that prepare its next file, found by what they do:
    the next file is ready, so only the writer syncs, and the preparer was begun right after it."""
    log = server.directory / "threads.strace"
    api, wallet = server.api(), next(iter(load.granted))
    with Injection(server.process.pid, {"fdatasync": ""}, log, whole_process=True) as seen:
        eventually(
            lambda: api.update(wallet, name="seen") and seen.lines(),
            "the journal's writer syncs",
        )
        writer = int(seen.lines()[0].split()[0])
    all_tasks = tasks(server.process.pid)
    return writer, all_tasks[all_tasks.index(writer) + 1]
