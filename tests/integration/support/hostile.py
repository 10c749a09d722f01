"""What clients of bad will need: raw connections, and the server's memory, files and time."""

import contextlib
import os
import resource
import socket
import struct
import threading
from pathlib import Path

from support.poll import PATIENCE_SECONDS, eventually
from support.server import ADMIN_KEY

KIB, MIB = 1 << 10, 1 << 20
# docs/operations.md promises this: what a connection takes at most beside the shared memory of
# large requests, and what the process takes for the work that its threads do at one moment.
CONNECTION_BYTES_MAX = 128 * KIB
PROCESS_BYTES_MAX = 64 * MIB


class RawConnection:
    """A connection that sends the bytes it is told to, and reads only when it is told to."""

    def __init__(self, server, receive_bytes=None):
        """`receive_bytes`: how much the kernel takes while nobody reads; else some megabytes."""
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(("127.0.0.1", server.port))
        self.input = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """Sends all, or until the server has closed; true if all was taken."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)
            return True
        return False

    def send_what_fits(self, data):
        """Sends what the buffers take without anybody reading."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while data:
                data = data[self.socket.send(data) :]
        self.socket.settimeout(PATIENCE_SECONDS)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def _fill(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.input += data
        return bool(data)

    def read_answer(self):
        """(status, headers as text, body), or None when the connection ends before one."""
        while b"\r\n\r\n" not in self.input:
            if not self._fill():
                return None
        head, self.input = self.input.split(b"\r\n\r\n", 1)
        status = int(head.split(b" ")[1])
        size = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        while len(self.input) < size:
            if not self._fill():
                return None
        body, self.input = self.input[:size], self.input[size:]
        return status, head.decode(), body

    def read_to_end(self):
        """All answers until the server closes; fails if it does not."""
        answers = []
        while (answer := self.read_answer()) is not None:
            answers.append(answer)
        return answers


def request(method, path, body=b"", headers="", key=ADMIN_KEY):
    """A request as bytes. `headers` are whole lines."""
    text = f"{method} {path} HTTP/1.1\r\nHost: faregate\r\n"
    if key:
        text += f"Authorization: Bearer {key}\r\n"
    if body:
        text += f"Content-Length: {len(body)}\r\n"
    return (text + headers + "\r\n").encode() + body


class Process:
    """What the kernel says about the server's process."""

    def __init__(self, server):
        self.directory = Path("/proc") / str(server.process.pid)

    def memory_bytes(self):
        pages = int((self.directory / "statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def descriptors(self):
        return len(list((self.directory / "fd").iterdir()))

    def cpu_seconds(self):
        fields = (self.directory / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Guard:
    """Watches a server under attack: it goes on answering others, its memory stays below what the
    documented limits add up to, and in the end it has given back every descriptor."""

    def __init__(self, server, connections, request_memory=0):
        self.server = server
        self.process = Process(server)
        self.api = server.api()
        self.wallet = self.api.wallet(grant="1000000")
        # Connections to PostgreSQL are made when they are first needed, and kept.
        pool = int(server.settings.get("FAREGATE_DATABASE_CONNECTIONS", 8))
        self.descriptors_max = self.process.descriptors() + pool
        self.bytes_max = (
            self.process.memory_bytes()
            + connections * CONNECTION_BYTES_MAX
            + request_memory
            + PROCESS_BYTES_MAX
        )

    def check(self, answers=10):
        """In the middle of the attack. Its connections last longer than the patience of these
        calls, so that an answer means that they are not in the way."""
        for _ in range(answers):
            self.api.debit(self.wallet, "1").expect(201)
        with RawConnection(self.server) as other:
            other.send(request("GET", "/healthz"))
            assert other.read_answer()[0] == 200
        self.check_memory()

    def check_memory(self):
        used = self.process.memory_bytes()
        assert used <= self.bytes_max, (
            f"{used / MIB:.0f} MiB in memory, where the limits add up to "
            f"{self.bytes_max / MIB:.0f} MiB"
        )

    def wait_given_back(self):
        """Until the descriptors of all the attack's connections are closed."""
        eventually(
            lambda: self.process.descriptors() <= self.descriptors_max,
            lambda: f"{self.process.descriptors()} descriptors fall to {self.descriptors_max}",
        )

    def check_end(self):
        """After the attack, when all its connections are closed."""
        assert self.server.process.poll() is None, self.server.log()
        self.wait_given_back()
        self.check()


@contextlib.contextmanager
def many(server, count, data=b"", **options):
    """That many connections at once, each of which has sent `data`."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connections.append(stack.enter_context(RawConnection(server, **options)))
            connections[-1].send(data)
        yield connections


def raise_descriptor_limit(wanted):
    """For the test's own process; returns what it may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, hard), max(wanted, hard)))
        return max(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def in_threads(count, work):
    """Runs work(number) on that many threads and passes on the first failure."""
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as failure:  # for the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
