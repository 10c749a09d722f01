"""A proxy on 127.0.0.1 between a server and PostgreSQL that loses what it is told to lose."""

import asyncio
import contextlib
import threading

from support.poll import PATIENCE_SECONDS

# What happens to a COMMIT that is to be lost.
BEFORE = "before"  # it never arrives
DURING = "during"  # it arrives, and the connection ends while PostgreSQL works on it
AFTER = "after"  # PostgreSQL has committed, and its answer is lost


class DatabaseProxy:
    """Runs on a thread of its own. The attributes may be changed at any time."""

    def __init__(self, socket_directory):
        self.socket_directory = socket_directory
        self.answering = True  # otherwise connections are accepted, and nothing comes
        self.lose = []  # what happens to the next commits, first to last; None is nothing
        self.lost = 0
        self.commits = 0
        self.connections = set()
        self.passing = set()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=[started], daemon=True)
        self.thread.start()
        assert started.wait(PATIENCE_SECONDS)

    def url(self, database):
        return f"postgresql://faregate@127.0.0.1:{self.port}/{database}"

    def cut(self):
        """Ends all connections."""

        def close():
            for writer in list(self.connections):
                writer.transport.abort()

        self.loop.call_soon_threadsafe(close)

    def silence(self, projector=True):
        """Nothing passes any more on the connections that there are, or on all but the projector's:
        they stay, like those to a peer that is gone. New ones are as good as ever."""
        for connection in list(self.passing):
            connection.silent = projector or not connection.of_projector

    def stop(self):
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE_SECONDS)

    def _run(self, started):
        async def listen():
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]

        self.loop.run_until_complete(listen())
        started.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self.loop.run_until_complete(task)
        self.loop.close()

    async def _serve(self, reader, writer):
        self.connections.add(writer)
        upstream = None
        try:
            while not self.answering:
                await asyncio.sleep(0.02)
            path = f"{self.socket_directory}/.s.PGSQL.5432"
            upstream_reader, upstream = await asyncio.open_unix_connection(path)
            connection = Connection(self, reader, writer, upstream_reader, upstream)
            self.passing.add(connection)
            await asyncio.gather(connection.forward(), connection.answer())
        except (OSError, EOFError):
            pass
        finally:
            self.connections.discard(writer)
            self.passing = {each for each in self.passing if each.writer is not writer}
            writer.transport.abort()
            # Not aborted: what PostgreSQL was told before is to reach it.
            if upstream is not None:
                upstream.close()


class Connection:
    def __init__(self, proxy, reader, writer, upstream_reader, upstream):
        self.proxy = proxy
        self.reader = reader
        self.writer = writer
        self.upstream_reader = upstream_reader
        self.upstream = upstream
        self.losing = None
        self.silent = False
        self.of_projector = False

    async def _while_silent(self):
        while self.silent:
            await asyncio.sleep(0.02)

    async def forward(self):
        """Messages of the server, whole ones, to PostgreSQL."""
        while True:
            message = await self._message()
            await self._while_silent()
            if b"UPDATE journals SET applied_lsn" in message:
                self.of_projector = True
            if message.startswith(b"Q") and message[5:].upper().startswith(b"COMMIT"):
                self.proxy.commits += 1
                if self.proxy.lose:
                    self.losing = self.proxy.lose.pop(0)
                    self.proxy.lost += self.losing is not None
                    if self.losing == BEFORE:
                        raise EOFError
            self.upstream.write(message)
            await self.upstream.drain()
            if self.losing == DURING:
                self.writer.transport.abort()

    async def answer(self):
        while True:
            data = await self.upstream_reader.read(1 << 16)
            await self._while_silent()
            if not data or self.losing == AFTER:
                raise EOFError
            if self.losing is None:
                self.writer.write(data)
                await self.writer.drain()

    async def _message(self):
        # Only what begins a session has no type; its length begins with a zero byte.
        kind = await self.reader.readexactly(1)
        if kind == b"\0":
            length = kind + await self.reader.readexactly(3)
            return length + await self.reader.readexactly(int.from_bytes(length, "big") - 4)
        length = await self.reader.readexactly(4)
        return kind + length + await self.reader.readexactly(int.from_bytes(length, "big") - 4)
