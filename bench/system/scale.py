#!/usr/bin/python3
"""How the cost of a debit grows with what the server holds: each size is measured by turns with the
smallest one, and reported as a ratio to it."""

import argparse
import statistics
from pathlib import Path

from bench_directory import bench_directory, positive, say
from contestants import ROOT, Faregate


def compare(server, seconds, rounds, small, large, connections=(64, 64)):
    """Medians of the ratio of throughput, and of both p99, of large against small."""
    ratios, p99 = [], []
    for _ in range(rounds):
        server.await_projection()
        base = server.load("debit", seconds, connections[0], small)
        server.await_projection()
        grown = server.load("debit", seconds, connections[1], large)
        ratios.append(grown.per_second / base.per_second)
        p99.append((base.p99_us, grown.p99_us))
    return statistics.median(ratios), [statistics.median(each) for each in zip(*p99)]


def row(rows, what, size, result):
    ratio, (p99_small, p99_large) = result
    rows.append(
        f"| {what} | {size:,} | {ratio:.2f} | {p99_small / 1000:.1f} | {p99_large / 1000:.1f} |"
    )
    say(rows[-1])


def scale_wallets(server, arguments, rows):
    created = 10_000
    sizes = [10_000, 100_000] + ([1_000_000] if arguments.full else [])
    for size in sizes:
        if size > created:
            before = server.resident_bytes()
            server.create_wallets(size, first=created)
            per_wallet = (server.resident_bytes() - before) / (size - created)
            say(f"{per_wallet:.0f} bytes of resident memory for a wallet with a grant")
            rows.append(f"| bytes of a wallet with a grant | {size:,} | {per_wallet:.0f} | | |")
            created = size
        result = compare(server, arguments.seconds, arguments.rounds, "w1", f"w{size}")
        row(rows, "wallets", size, result)


def scale_grants(server, arguments, rows):
    for prefix, size in zip("abc", [10, 100, 1_000]):
        wallet = f"grants{prefix}0"
        grant = {"op": "grant", "wallet": wallet, "asset": "USD", "amount": "1000000000"}
        server.batch([{"op": "create_wallet", "id": wallet}] + [grant] * size)
        result = compare(server, arguments.seconds, arguments.rounds, "w1", f"grants{prefix}1")
        row(rows, "grants in the wallet", size, result)


def scale_holds(server, arguments, rows):
    for prefix, size in zip("ab", [1_000, 100_000]):
        wallet = f"holds{prefix}0"
        grant = {"op": "grant", "wallet": wallet, "asset": "USD", "amount": "1000000000"}
        hold = {"op": "authorize", "wallet": wallet, "asset": "USD", "amount": "0.01"}
        server.batch(
            [{"op": "create_wallet", "id": wallet}, grant]
            + [{**hold, "ttl_seconds": 86_400}] * size
        )
        result = compare(server, arguments.seconds, arguments.rounds, "w1", f"holds{prefix}1")
        row(rows, "open holds in the wallet", size, result)


def scale_connections(server, arguments, rows):
    for size in [1, 8, 256, 1_000]:
        result = compare(
            server, arguments.seconds, arguments.rounds, "w10000", "w10000", (64, size)
        )
        row(rows, "connections, against 64", size, result)


def scale_keys(server, arguments, rows):
    goal = 10_000_000 if arguments.full else 1_000_000
    before = server.metrics()["faregate_idempotency_keys"], server.resident_bytes()
    while server.metrics()["faregate_idempotency_keys"] - before[0] < goal:
        server.load("batch", 10, 8, "w1")
        server.await_projection()
    keys = server.metrics()["faregate_idempotency_keys"] - before[0]
    per_key = (server.resident_bytes() - before[1]) / keys
    rows.append(f"| memory of an idempotency key, bytes | {int(keys):,} | {per_key:.0f} | | |")
    say(rows[-1])
    row(
        rows,
        "wallets, with these keys",
        10_000,
        compare(server, arguments.seconds, arguments.rounds, "w1", "w10000"),
    )


def main():
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__)
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--seconds", type=positive, default=4)
    parser.add_argument("--full", action="store_true", help="1,000,000 wallets, 10,000,000 keys")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    arguments = parser.parse_args()
    rows = ["| what grows | size | throughput, ratio | p99 ms, small | large |"]
    rows.append("|---|---|---|---|---|")
    with bench_directory() as directory:
        server = Faregate(directory, arguments.build)
        try:
            server.create_wallets(10_000)
            server.load("debit", 2)
            for scale in (scale_wallets, scale_grants, scale_holds, scale_connections, scale_keys):
                scale(server, arguments, rows)
        finally:
            server.remove()
    print("\n".join(rows))


if __name__ == "__main__":
    main()
