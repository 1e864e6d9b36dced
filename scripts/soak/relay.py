"""A relay before the server, which breaks connections as a bad network does: it resets some, and ends idle ones."""

import asyncio
import socket
import threading
from contextlib import suppress
from random import Random

PIECE = 65536
RESET_SHARE = 0.004  # of the pieces that come by, in either direction
IDLE_SHARE = 0.1  # of the connections at rest, ten times a second
RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # SO_LINGER with no time to linger


class Relay:
    """Passes bytes on between clients and the server, until told to do no more harm."""

    def __init__(self, port: int, random: Random) -> None:
        self.is_calm = False
        self.resets = self.idle_ends = 0
        self._port = port
        self._random = random
        self._at_rest: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        """Serve in a thread, for as long as the process lives."""
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()

    async def _serve(self) -> None:
        await asyncio.start_server(self._link, sock=self._listener)
        while True:
            await asyncio.sleep(0.1)
            for client in [] if self.is_calm else list(self._at_rest):
                if self._random.random() < IDLE_SHARE:
                    self.idle_ends += 1
                    self._at_rest.discard(client)
                    client.close()

    async def _link(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        server_reader, server = await asyncio.open_connection("127.0.0.1", self._port)
        there = asyncio.create_task(self._pump(reader, server, client, is_response=False))
        back = asyncio.create_task(self._pump(server_reader, client, client, is_response=True))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        self._at_rest.discard(client)
        server.close()
        client.close()
        await asyncio.wait({there, back})

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
        *,
        is_response: bool,
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                if not self.is_calm and self._random.random() < RESET_SHARE:
                    self._reset(client)
                    return
                writer.write(piece)
                await writer.drain()
                # A response mostly comes in two pieces; a connection counts as at rest between them too, which is
                # as good a place as any to end it.
                (self._at_rest.add if is_response else self._at_rest.discard)(client)

    def _reset(self, client: asyncio.StreamWriter) -> None:
        self.resets += 1
        connected: socket.socket = client.get_extra_info("socket")
        with suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.transport.abort()
