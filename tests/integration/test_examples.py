"""What a newcomer pastes works as it stands."""

import json
import os
import subprocess

import pytest

from support.documents import blocks
from support.postgres import ROOT
from support.server import ADMIN_KEY


@pytest.fixture(scope="module")
def newcomer(servers):
    """A server without anything in it."""
    return servers.make().start()


def shell(server, script):
    environment = {**os.environ, "FAREGATE_URL": server.url, "FAREGATE_KEY": ADMIN_KEY}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_walk_through_the_api_can_be_run_and_repeated(newcomer):
    for _ in range(2):
        done = shell(newcomer, "examples/walkthrough.sh")
        assert done.returncode == 0, done.stdout + done.stderr
    newcomer.api().audit()


def test_the_first_authorization_of_the_readme_works(servers):
    server = servers.make().start()
    (script,) = [
        code for before, code in blocks("../README.md", "sh") if "first authorization" in before
    ]
    # The key is as printed by ./dev run, and the id as answered by the call before.
    lines = [line for line in script.splitlines() if not line.startswith(("export", "#"))]
    capture = next(i for i, line in enumerate(lines) if "auth_..." in line)
    done = shell(server, "\n".join(lines[:capture]))
    assert done.returncode == 0, done.stderr
    hold = json.loads(done.stdout.splitlines()[-1])
    assert hold["status"] == "authorized"
    functions = [line for line in lines[:capture] if not line.startswith("api /")]
    rest = [line.replace("auth_...", hold["id"]) for line in lines[capture:]]
    done = shell(server, "\n".join(functions + rest))
    assert done.returncode == 0, done.stderr
    captured, wallet, audit = map(json.loads, done.stdout.splitlines())
    assert captured["status"] == "captured"
    assert wallet["accounts"][0]["available"] == "9.8201"
    assert audit["ok"] is True
