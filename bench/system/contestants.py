"""The servers that are compared: each starts on a directory of its own, takes load from a public
tool, and says how many requests it answered."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ADMIN_KEY = "fg_bench_admin_key_0123456789abcdefghij"


@dataclass
class Sample:
    """One run of one load."""

    per_second: float
    p50_us: float
    p99_us: float


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def output_of(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def await_true(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not happen in {seconds} s")
        time.sleep(0.05)


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def end(process):
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wrk(port, kind, seconds, connections, wallets="w10000"):
    """Load of one kind (see load.lua) on a server with Faregate's routes."""
    printed = output_of(
        ["wrk", "--threads", str(min(2, connections)), "--connections", str(connections)]
        + ["--duration", f"{seconds}s", "--timeout", "30s", "--script", HERE / "load.lua"]
        + [f"http://127.0.0.1:{port}", "--", kind, uuid.uuid4().hex[:12], wallets, ADMIN_KEY]
    )
    done = json.loads(printed.strip().splitlines()[-1])
    if done["bad_status"] or done["broken"] or not done["requests"]:
        raise Failed(f"load '{kind}' was not answered as it should: {done}\n{printed}")
    return Sample(done["requests"] / (done["microseconds"] / 1e6), done["p50_us"], done["p99_us"])


class Ceiling:
    """A Beast server that only answers."""

    def __init__(self, directory, build):
        self.port = free_port()
        self.log = (directory / "ceiling.log").open("w")
        answer_bytes = 330  # what an authorization's answer has
        self.process = subprocess.Popen(
            [build / "ceiling", str(self.port), str(os.cpu_count()), str(answer_bytes)],
            stdout=self.log,
            stderr=self.log,
        )
        await_true(lambda: accepts(self.port), "the ceiling listens")

    def load(self, kind, seconds, connections=64):
        return wrk(self.port, kind, seconds, connections)

    def stop(self):
        end(self.process)


class Cluster:
    """A PostgreSQL of its own, as durable as it is by default."""

    # What a dedicated machine of this size would get; none of it weakens durability.
    SETTINGS = {
        "shared_buffers": "2GB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
    }

    def __init__(self, directory):
        self.directory = directory
        self.script("start")
        for name, value in self.SETTINGS.items():
            self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.script("stop")
        self.script("start")

    def script(self, command):
        with (self.directory.parent / "cluster.out").open("w+") as out:
            script = ROOT / "scripts" / "postgres-cluster"
            subprocess.run([script, command, self.directory], check=True, stdout=out)
            out.seek(0)
            return out.read().strip()

    @property
    def url(self):
        return self.script("url")

    @property
    def host(self):
        return re.search("host=([^&]+)", self.url)[1]

    def sql(self, *statements, file=None):
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.url]
        for each in statements:
            command += ["-c", each]
        if file:
            command += ["-f", str(file)]
        return output_of(command).strip()

    def remove(self):
        self.script("remove")


class Faregate:
    """`faregate serve` with a PostgreSQL of its own."""

    def __init__(self, directory, build, **settings):
        self.directory = directory
        self.binary = build / "faregate"
        self.cluster = Cluster(directory / "faregate-postgres")
        self.settings = settings
        self.prefix = []
        self.process = None
        self.start()

    def start(self):
        self.port = free_port()
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("FAREGATE_")},
            "FAREGATE_DATA_DIR": str(self.directory / "faregate-data"),
            "FAREGATE_DATABASE_URL": self.cluster.url,
            "FAREGATE_BOOTSTRAP_KEY": ADMIN_KEY,
            "FAREGATE_LISTEN": f"127.0.0.1:{self.port}",
            **self.settings,
        }
        self.log = (self.directory / "faregate.log").open("a")
        self.process = subprocess.Popen(
            [*self.prefix, self.binary, "serve"], env=environment, stdout=self.log, stderr=self.log
        )
        await_true(self.is_ready, "Faregate gets ready", 1200)

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failed(f"Faregate ended: see {self.log.name}")
        try:
            return self.get("/readyz") is not None
        except OSError:
            return False

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read().decode()

    def post(self, path, body, key=None):
        headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def batch(self, operations):
        for begin in range(0, len(operations), 500):
            done = self.post("/v1/batch", {"operations": operations[begin : begin + 500]})
            bad = [each for each in done["results"] if each["status"] >= 300]
            if bad:
                raise Failed(f"a batch failed: {bad[0]}")

    def create_wallets(self, count, first=0):
        """Wallets w0, w1, ... with a grant each that no load can use up."""
        if first == 0:
            self.post("/v1/assets", {"code": "USD", "scale": 9})
        for begin in range(first, count, 250):
            names = [f"w{n}" for n in range(begin, min(begin + 250, count))]
            self.batch(
                [{"op": "create_wallet", "id": name} for name in names]
                + [
                    {"op": "grant", "wallet": name, "asset": "USD", "amount": "1000000000"}
                    for name in names
                ]
            )
        self.await_projection()

    def metrics(self):
        found = {}
        for line in self.get("/metrics").splitlines():
            if line.startswith("faregate_") and "{" not in line:
                name, value = line.split()
                found[name] = float(value)
        return found

    def lag(self):
        return self.metrics()["faregate_projection_lag_records"]

    def await_projection(self):
        await_true(lambda: self.lag() == 0, "the projection catches up", 3600)

    def load(self, kind, seconds, connections=64, wallets="w10000"):
        return wrk(self.port, kind, seconds, connections, wallets)

    def load_without_projection(self, kind, seconds):
        """While PostgreSQL's process for the projection is stopped, as if it had cores of its own
        and nothing were in the way: what the requests alone cost."""
        processes = self.cluster.sql(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'faregate'"
        ).split()
        for process in processes:
            os.kill(int(process), signal.SIGSTOP)
        try:
            return self.load(kind, seconds)
        finally:
            for process in processes:
                os.kill(int(process), signal.SIGCONT)

    def resident_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def stop(self):
        if self.process is None:
            return
        if self.prefix[:1] == ["strace"]:
            # It would only let go of the server; it ends after it.
            subprocess.run(["pkill", "--parent", str(self.process.pid)])
            self.process.wait(60)
        else:
            end(self.process)
        self.process = None

    def remove(self):
        self.stop()
        self.cluster.remove()


def refuse_early_replies(directory, build):
    """Ends the comparison if the server answers before its sync has come back: every fdatasync is
    held up, and no answer may come sooner."""
    held_up = 0.3
    server = Faregate(directory, build)
    try:
        server.post("/v1/assets", {"code": "USD", "scale": 2})
        server.stop()
        server.prefix = ["strace", "--follow-forks", "--output", "/dev/null"]
        server.prefix += ["--trace", "fdatasync", "--inject"]
        server.prefix += [f"fdatasync:delay_enter={int(held_up * 1e6)}"]
        server.start()
        for n in range(3):
            began = time.monotonic()
            server.post("/v1/wallets", {"id": f"early{n}"})
            took = time.monotonic() - began
            if took < held_up:
                raise Failed(
                    f"this build answers before its sync: after {took:.3f} s, while every sync "
                    f"was held up for {held_up} s. Its figures would mean nothing"
                )
    finally:
        server.remove()
        shutil.rmtree(directory / "faregate-data", ignore_errors=True)


class Redis:
    """Redis, every answer after its append-only file is synced, and a script as the debit."""

    def __init__(self, directory):
        self.port = free_port()
        self.directory = directory / "redis"
        self.directory.mkdir()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
            + ["--dir", self.directory, "--appendonly", "yes", "--appendfsync", "always"]
            + ["--auto-aof-rewrite-percentage", "0"],
            stdout=(directory / "redis.log").open("w"),
        )
        await_true(lambda: accepts(self.port), "Redis listens")
        self.cli = ["redis-cli", "-p", str(self.port)]
        self.digest = output_of(
            [*self.cli, "SCRIPT", "LOAD", (HERE / "spend.lua").read_text()]
        ).strip()
        create = "redis.call('HSET', 'wallet:' .. n, 'available', '1000000000000000')"
        output_of([*self.cli, "EVAL", f"for n = 0, 9999 do {create} end", "0"])
        self.rate = 3000.0

    def load(self, wallets, seconds, connections=64):
        count = max(1000, int(self.rate * seconds))
        printed = output_of(
            ["redis-benchmark", "-p", str(self.port), "-c", str(connections), "-n", str(count)]
            + ["-r", "2000000000", "--csv"]
            + ["EVALSHA", self.digest, "0", "__rand_int__", str(wallets), "16400000"]
        )
        # "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95","p99","max"
        fields = [each.strip('"') for each in printed.strip().splitlines()[-1].split('","')]
        self.rate = float(fields[1])
        return Sample(self.rate, float(fields[4]) * 1000, float(fields[6]) * 1000)

    def stop(self):
        end(self.process)


class Postgres:
    """PostgreSQL, and a function as the debit."""

    def __init__(self, directory):
        self.directory = directory
        self.cluster = Cluster(directory / "function-postgres")
        self.cluster.sql(file=HERE / "spend.sql")

    def load(self, wallets, seconds, connections=64):
        script = self.directory / f"debit-{wallets}.pgbench"
        script.write_text(
            f"\\set wallet random(0, {wallets - 1})\n"
            "\\set key random(1, 9000000000000000000)\n"
            "SELECT debit(:wallet, 16400000, :key);\n"
        )
        pgbench = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))[-1]
        prefix = str(self.directory / f"pgbench-{uuid.uuid4().hex[:8]}")
        printed = output_of(
            [pgbench, "--no-vacuum", "--protocol", "prepared", "--client", str(connections)]
            + ["--jobs", str(min(2, connections)), "--time", str(seconds), "--file", script]
            + ["--log", "--log-prefix", prefix, self.cluster.url]
        )
        latencies = []
        for log in self.directory.glob(Path(prefix).name + "*"):
            latencies += [int(line.split()[2]) for line in log.read_text().splitlines()]
            log.unlink()
        latencies.sort()
        rate = float(re.search(r"tps = ([0-9.]+)", printed)[1])
        return Sample(rate, percentile(latencies, 50), percentile(latencies, 99))

    def stop(self):
        self.cluster.remove()


def percentile(ordered, percent):
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def sync_microseconds(directory, count=500):
    """The median of one write of a sector and its fdatasync, in the same file system."""
    path = directory / "sync"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        os.posix_fallocate(descriptor, 0, 512 * count)
        os.pwrite(descriptor, b"\0" * 512 * count, 0)
        os.fsync(descriptor)
        took = []
        for n in range(count):
            began = time.monotonic()
            os.pwrite(descriptor, b"x" * 512, 512 * n)
            os.fdatasync(descriptor)
            took.append((time.monotonic() - began) * 1e6)
    finally:
        os.close(descriptor)
        path.unlink()
    return percentile(sorted(took), 50)
