"""Runs a server through every kind of change and keeps what it was, said and left.

Writes to the directory of the first argument: `database.dump`, a dump made in the middle;
`answers.json`, every request that had a key, with its answer; `server/`, with what kill -9 left;
`inspect.jsonl`, what that binary prints of it. FAREGATE_BINARY names the binary.
"""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "integration"))

from support.poll import eventually  # noqa: E402
from support.postgres import Cluster, find_psql  # noqa: E402
from support.server import Server  # noqa: E402

WEEK = 604800


class Traffic:
    """Sends with an idempotency key and writes down what came back."""

    def __init__(self, server):
        self.api = server.api()
        self.answers = []

    def post(self, path, body, status):
        key = f"key-{len(self.answers) + 1}"
        reply = self.api.post(path, body, key=key)
        assert reply.status == status, reply
        self.answers.append(
            {
                "path": path,
                "body": body,
                "key": key,
                "status": reply.status,
                "answer": reply.content.decode(),
            }
        )
        return reply.json

    def hold(self, wallet, amount, status=201, **members):
        body = {"wallet": wallet, "asset": "USD", "amount": amount, **members}
        return self.post("/v1/authorize", body, status)

    def end(self, hold, how, body):
        return self.post(f"/v1/authorizations/{hold['id']}/{how}", body, 200)


def first_half(traffic):
    for code, scale in (("USD", 9), ("TOKENS", 0)):
        traffic.post("/v1/assets", {"code": code, "scale": scale, "name": f"The {code}"}, 201)
    for wallet, policy in (("acme", "cap"), ("beta", "debt")):
        body = {"id": wallet, "name": wallet.title(), "over_capture": policy, "metadata": {"a": 1}}
        traffic.post("/v1/wallets", body, 201)
    traffic.post("/v1/wallets/acme/grants", {"asset": "USD", "amount": "1000.000000001"}, 201)
    # More than 64 bits hold.
    wide = {"asset": "TOKENS", "amount": "123456789012345678901234567890", "kind": "recurring"}
    traffic.post("/v1/wallets/acme/grants", wide, 201)
    doomed = {"asset": "USD", "amount": "7", "kind": "promotional", "priority": 3}
    doomed = traffic.post("/v1/wallets/beta/grants", doomed, 201)
    traffic.post(f"/v1/grants/{doomed['id']}/revoke", {}, 200)
    traffic.api.update("beta", overdraft_limits={"USD": "50"})
    kept = traffic.hold("acme", "10", ttl_seconds=WEEK, description="kept open")
    captured = traffic.hold("acme", "20", ttl_seconds=WEEK)
    traffic.end(captured, "capture", {"amount": "5", "final": False})
    traffic.end(captured, "capture", {"amount": "25"})
    traffic.post("/v1/debits", {"wallet": "beta", "asset": "USD", "amount": "12.5"}, 201)
    return kept


def second_half(traffic, kept):
    voided = traffic.hold("acme", "30", ttl_seconds=WEEK)
    traffic.end(voided, "void", {})
    traffic.end(kept, "increment", {"amount": "2.25", "ttl_seconds": WEEK})
    traffic.hold("beta", "1000", status=402)
    short = traffic.hold("acme", "1", ttl_seconds=1)
    expired = f"/v1/authorizations/{short['id']}"
    eventually(lambda: traffic.api.get(expired).json["status"] == "expired", "the hold expires")
    traffic.end(short, "capture", {"amount": "0.5"})
    operations = [
        {"op": "debit", "wallet": "acme", "asset": "TOKENS", "amount": "7"},
        {"op": "create_wallet", "id": "gamma"},
        {"op": "grant", "wallet": "gamma", "asset": "USD", "amount": "1"},
    ]
    traffic.api.post("/v1/batch", {"operations": operations}).expect(200)
    both = [{"asset": "USD", "amount": "1"}, {"asset": "TOKENS", "amount": "2"}]
    traffic.post("/v1/debits", {"wallet": "acme", "amounts": both, "metadata": {"b": [2]}}, 201)
    traffic.api.update("gamma", status="frozen")
    traffic.post("/v1/debits", {"wallet": "beta", "asset": "USD", "amount": "0.25"}, 201)


def dump(database, path):
    program = Path(find_psql()).with_name("pg_dump")
    command = [program, "--no-owner", "--no-privileges", database.url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Commands that only the newest psql knows.
    lines = [line for line in text.splitlines() if not line.startswith("\\restrict")]
    lines = [line for line in lines if not line.startswith("\\unrestrict")]
    path.write_text("\n".join(lines) + "\n")


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    cluster = Cluster()
    try:
        server = Server(out / "server", cluster.create_database("faregate-v1")).start()
        traffic = Traffic(server)
        kept = first_half(traffic)
        server.wait_applied(json.loads(traffic.answers[-1]["answer"])["lsn"])
        dump(server.database, out / "database.dump")
        second_half(traffic, kept)
        server.kill()
        (out / "answers.json").write_text(json.dumps(traffic.answers, indent=1) + "\n")
        (out / "inspect.jsonl").write_text(server.cli("journal", "inspect").stdout)
    finally:
        cluster.remove()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
