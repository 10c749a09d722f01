#!/usr/bin/python3
"""Instructions per request, by function, as callgrind counts them: unlike times, they are
the same on a busy machine. The kernel's are not among them, nor PostgreSQL's."""

import argparse
import re
import subprocess
from pathlib import Path

from bench_directory import bench_directory, positive, say
from contestants import ROOT, Faregate, output_of


def count_records(server, kind, seconds):
    """Runs the load with counting switched on; returns the records that it made."""

    def switch(state):
        subprocess.run(
            ["callgrind_control", "-i", state, str(server.process.pid)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    server.load(kind, 3, 16, "w1000")
    server.await_projection()
    before = server.metrics()["faregate_durable_lsn"]
    switch("on")
    server.load(kind, seconds, 16, "w1000")
    server.await_projection()
    switch("off")
    return server.metrics()["faregate_durable_lsn"] - before


def inclusive_costs(profile):
    """(instructions, function) of everything that ran, its callees included."""
    printed = output_of(["callgrind_annotate", "--inclusive=yes", "--threshold=99.5", profile])
    for line in printed.splitlines():
        found = re.match(r"\s*([0-9,]+) \([^)]*\)\s+(.*?)(?: \[[^\]]*\])?$", line)
        if found:
            yield int(found[1].replace(",", "")), found[2].split(":", 1)[-1]


def main():
    parser = argparse.ArgumentParser(prog="./dev bench profile", description=__doc__)
    parser.add_argument("kind", nargs="?", default="authorize", help="authorize, debit or settle")
    parser.add_argument("--seconds", type=positive, default=8)
    parser.add_argument("--top", type=positive, default=60, help="functions to show (default 60)")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    arguments = parser.parse_args()
    with bench_directory() as directory:
        profile = directory / "callgrind.out"
        server = Faregate(directory, arguments.build)
        try:
            server.create_wallets(1_000)
            server.stop()
            server.prefix = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
            server.prefix += [f"--callgrind-out-file={profile}"]
            say("the server runs under callgrind, which is slow")
            server.start()
            records = count_records(server, arguments.kind, arguments.seconds)
        finally:
            server.remove()
        print(f"{records:,.0f} records; instructions for each, callees included:")
        for cost, function in list(inclusive_costs(profile))[: arguments.top]:
            print(f"{cost / records:10,.0f}  {function[:150]}")


if __name__ == "__main__":
    main()
