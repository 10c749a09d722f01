#!/usr/bin/python3
"""Runs Faregate and what one would use instead, by turns, on this machine; reports the ratios."""

import argparse
import datetime
import json
import platform
import sys
from pathlib import Path

import report
from bench_directory import bench_directory, positive, say
from contestants import (
    ROOT,
    Ceiling,
    Failed,
    Faregate,
    Postgres,
    Redis,
    output_of,
    refuse_early_replies,
    sync_microseconds,
)

WALLETS = 100_000


class Arena:
    """All contestants, running at once: those that get no load cost nothing but memory."""

    def __init__(self):
        self.running = []

    def start(self, directory, build):
        self.faregate = self.started(Faregate(directory, build))
        self.faregate.create_wallets(WALLETS)
        self.ceiling = self.started(Ceiling(directory, build))
        self.redis = self.started(Redis(directory))
        self.postgres = self.started(Postgres(directory))

    def started(self, contestant):
        self.running.append(contestant)
        return contestant

    def stop(self):
        for each in self.running:
            each.remove() if hasattr(each, "remove") else each.stop()

    def loads(self, seconds, burst_seconds):
        """Name of each series, and what measures one sample of it."""
        f, c, r, p = self.faregate, self.ceiling, self.redis, self.postgres
        return {
            "ceiling": lambda: c.load("authorize", burst_seconds),
            "authorize": lambda: f.load("authorize", burst_seconds),
            "authorize, projection stopped": lambda: f.load_without_projection(
                "authorize", seconds
            ),
            "ceiling, 1 connection": lambda: c.load("authorize", seconds, connections=1),
            "authorize, 1 connection": lambda: f.load("authorize", seconds, connections=1),
            "authorize + capture": lambda: f.load("settle", seconds),
            "debit": lambda: f.load("debit", seconds),
            "debit, 100,000 wallets": lambda: f.load("debit", seconds, wallets=f"w{WALLETS}"),
            "debit, 1 wallet": lambda: f.load("debit", seconds, wallets="w1"),
            "batch of 500 debits": lambda: f.load("batch", seconds, connections=8),
            "Redis debit": lambda: r.load(10_000, seconds),
            "PostgreSQL debit": lambda: p.load(10_000, seconds),
            "PostgreSQL debit, 1 wallet": lambda: p.load(1, seconds),
        }


def sustain(arena, seconds, shares):
    """Authorizations for long: the rate at which PostgreSQL keeps up, which the lag shows. Then the
    ceiling, so that both saw the same machine."""
    arena.faregate.await_projection()
    done = []
    lags = []
    slice_seconds = max(5, seconds // shares)
    for _ in range(shares):
        done.append(arena.faregate.load("authorize", slice_seconds))
        lags.append(int(arena.faregate.lag()))
    ceiling = arena.ceiling.load("authorize", slice_seconds)
    rate = sum(each.per_second for each in done) / len(done)
    applied = rate - lags[-1] / (slice_seconds * shares)
    return {
        "per_second": rate,
        "applied_per_second": applied,
        "lag_records": lags,
        "ceiling_per_second": ceiling.per_second,
        "seconds": slice_seconds * shares,
    }


def machine():
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = Path("/proc/meminfo").read_text().splitlines()[0].split()[1]
    return {
        "cpu": cpu[0].split(":")[1].strip() if cpu else platform.processor(),
        "cores": len(cpu),
        "memory_gib": round(int(memory) / 2**20, 1),
        "kernel": platform.release(),
        "system": output_of(["sh", "-c", ". /etc/os-release; echo $PRETTY_NAME"]).strip(),
    }


def versions(build):
    first_line = lambda *command: output_of(command).strip().splitlines()[0]
    pgbench = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))[-1]
    return {
        "faregate": first_line(build / "faregate", "--version"),
        "redis": first_line("redis-server", "--version"),
        "postgresql": first_line(pgbench, "--version").replace("pgbench", "server and pgbench"),
        "wrk": first_line("sh", "-c", "wrk --version 2>&1 || true"),
        "compiler": first_line("g++", "--version"),
    }


def commit():
    try:
        dirty = output_of(["git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no"])
        return output_of(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]).strip() + (
            " with changes" if dirty.strip() else ""
        )
    except (Failed, OSError):
        return "unknown"


def measure(arena, arguments):
    samples = {}
    loads = arena.loads(arguments.seconds, arguments.burst_seconds)
    for turn in range(arguments.rounds):
        for name, load in loads.items():
            # What PostgreSQL still has to take over from the load before is not this one's cost.
            arena.faregate.await_projection()
            sample = load()
            samples.setdefault(name, []).append(sample)
            say(
                f"  {turn + 1}/{arguments.rounds}  {name:30} {sample.per_second:10,.0f}/s"
                f"  p50 {sample.p50_us / 1000:7.2f} ms  p99 {sample.p99_us / 1000:7.2f} ms"
            )
    return samples


def main():
    parser = argparse.ArgumentParser(prog="./dev bench compare", description=__doc__)
    parser.add_argument("--rounds", type=positive, default=5, help="turns of each load (default 5)")
    parser.add_argument("--seconds", type=positive, default=5, help="length of each (default 5)")
    parser.add_argument(
        "--burst-seconds",
        type=positive,
        default=20,
        help="of authorize and the ceiling (default 20)",
    )
    parser.add_argument(
        "--sustained-seconds", type=int, default=120, help="0 leaves it out (default 120)"
    )
    parser.add_argument("--quick", action="store_true", help="one short turn, to see that it runs")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-results")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds, arguments.burst_seconds = 1, 2, 2
        arguments.sustained_seconds = 0

    with bench_directory() as directory:
        early = directory / "early"
        early.mkdir()
        refuse_early_replies(early, arguments.build)
        result = {
            "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine(),
            "versions": versions(arguments.build),
            "command": "./dev bench compare " + " ".join(sys.argv[1:]),
            "connections": 64,
            "wallets": 10_000,
            "fdatasync_us": sync_microseconds(directory),
        }
        arena = Arena()
        try:
            arena.start(directory, arguments.build)
            samples = measure(arena, arguments)
            if arguments.sustained_seconds:
                result["sustained"] = sustain(arena, arguments.sustained_seconds, 6)
        finally:
            arena.stop()
        result["samples"] = {
            name: [vars(each) for each in series] for name, series in samples.items()
        }
        result["fdatasync_us_after"] = sync_microseconds(directory)

    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "compare.json").write_text(json.dumps(result, indent=2) + "\n")
    (arguments.out / "compare.md").write_text(report.table(result))
    report.chart(result, arguments.out / "compare.svg")
    print(report.table(result))
    print(f"In {arguments.out}: compare.json, compare.md, compare.svg", file=sys.stderr)


if __name__ == "__main__":
    main()
