"""Ends a server and starts it again while clients in the same event loop go on."""

import asyncio
import json
import subprocess

from support.postgres import ROOT


class Restarts:
    """Give it to clients, which wait for `up` when they got no answer."""

    def __init__(self, server):
        self.server = server
        self.up = asyncio.Event()
        self.up.set()
        self.count = 0

    async def kill(self, start_ups=()):
        """kill -9, and a start. For each of `start_ups`, a start is cut short by another kill -9
        after so many seconds."""
        self.up.clear()
        await asyncio.to_thread(self._kill, start_ups)
        self.up.set()

    async def stop(self):
        """SIGTERM, and a start."""
        self.up.clear()
        await asyncio.to_thread(self.server.stop)
        await asyncio.to_thread(self.server.start)
        self.count += 1
        self.up.set()

    def _kill(self, start_ups):
        self.server.kill()
        self.count += 1
        for seconds in start_ups:
            kill_start_up(self.server, seconds)
            self.count += 1
        self.server.start()


def kill_start_up(server, seconds):
    """Starts the server and kills it after a while, which may be before or after it is ready."""
    server.start(wait=False)
    try:
        code = server.process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        return
    raise AssertionError(f"the server ended with {code}:\n{server.log()}")


def write_summary(name, **numbers):
    """Prints what a long test counted, and keeps it as build/log/NAME.json."""
    text = json.dumps(numbers, indent=2)
    print(f"{name}: {text}")
    directory = ROOT / "build" / "log"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(text + "\n")
