#!/usr/bin/python3
"""How long a server with much to load needs to start, beside a plain COPY of the same tables."""

import argparse
import statistics
import time
from pathlib import Path

from bench_directory import bench_directory, positive, say
from contestants import ROOT, Faregate

TABLES = [
    "assets",
    "wallets",
    "balances",
    "grants",
    "authorizations",
    "authorization_lines",
    "hold_parts",
    "idempotency_keys",
]


def fill(server, wallets, holds):
    server.create_wallets(wallets)
    grant = {"op": "grant", "asset": "USD", "amount": "10"}
    hold = {"op": "authorize", "asset": "USD", "amount": "0.01", "ttl_seconds": 86_400}
    for begin in range(0, wallets, 500):
        names = [f"w{n}" for n in range(begin, min(begin + 500, wallets))]
        server.batch([{**grant, "wallet": name} for name in names])
    for begin in range(0, holds, 500):
        server.batch([{**hold, "wallet": f"w{n % wallets}"} for n in range(begin, begin + 500)])
    server.await_projection()


def copy_seconds(server, directory):
    began = time.monotonic()
    for table in TABLES:
        server.cluster.sql(f"\\copy {table} TO '{directory}/copy.txt'")
    return time.monotonic() - began


def start_seconds(server):
    server.stop()
    began = time.monotonic()
    server.start()
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(prog="./dev bench restart", description=__doc__)
    parser.add_argument("--wallets", type=positive, default=1_000_000, help="with 2 grants each")
    parser.add_argument("--holds", type=positive, default=100_000, help="open ones")
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    arguments = parser.parse_args()
    with bench_directory() as directory:
        server = Faregate(directory, arguments.build)
        try:
            say(f"filling: {arguments.wallets:,} wallets, {arguments.holds:,} open holds")
            fill(server, arguments.wallets, arguments.holds)
            starts, copies = [], []
            for _ in range(arguments.rounds):
                starts.append(start_seconds(server))
                copies.append(copy_seconds(server, directory))
                say(f"start {starts[-1]:.1f} s, COPY of the same tables {copies[-1]:.1f} s")
            ratio = statistics.median(a / b for a, b in zip(starts, copies))
            print(
                f"{arguments.wallets:,} wallets with 2 grants, {arguments.holds:,} open holds: "
                f"ready after {statistics.median(starts):.1f} s, {ratio:.2f} times a COPY of the "
                f"same tables to a file; {server.resident_bytes() / 2**20:,.0f} MiB resident"
            )
        finally:
            server.remove()


if __name__ == "__main__":
    main()
