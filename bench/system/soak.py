#!/usr/bin/python3
"""Authorizations and captures for minutes. Retention is so short that memory must come to rest."""

import argparse
from pathlib import Path

from bench_directory import bench_directory, positive, say
from contestants import ROOT, Failed, Faregate


def main():
    parser = argparse.ArgumentParser(prog="./dev bench soak", description=__doc__)
    parser.add_argument("--minutes", type=positive, default=10)
    parser.add_argument("--connections", type=positive, default=64)
    parser.add_argument("--retention-seconds", type=positive, default=60)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    arguments = parser.parse_args()
    with bench_directory() as directory:
        server = Faregate(
            directory,
            arguments.build,
            FAREGATE_RETENTION_SECONDS=str(arguments.retention_seconds),
        )
        try:
            server.create_wallets(10_000)
            rows = ["| minute | requests/s | p99 ms | resident MiB | lag, records |"]
            rows.append("|---|---|---|---|---|")
            memory, lags = [], []
            for half in range(2 * arguments.minutes):
                done = server.load("settle", 30, arguments.connections)
                memory.append(server.resident_bytes() / 2**20)
                lags.append(server.lag())
                rows.append(
                    f"| {(half + 1) / 2} | {done.per_second:,.0f} | {done.p99_us / 1000:.1f} "
                    f"| {memory[-1]:,.0f} | {lags[-1]:,.0f} |"
                )
                say(rows[-1])
        finally:
            server.remove()
        print("\n".join(rows))
        middle = len(memory) // 2
        growth = memory[-1] / memory[middle]
        print(f"\nMemory in the second half: {growth:.2f} times; highest lag {max(lags):,.0f}")
        if growth > 1.1:
            raise Failed("memory does not come to rest")


if __name__ == "__main__":
    main()
