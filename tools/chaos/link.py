"""The way to a broker, which can be slow, cut, or away: a SOCKS5 proxy, so that the broker's own address may stay."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Self

from tools.services.base import HOST

_NO_PASSWORD, _GRANTED = b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)


class Link:
    """
    A proxy in a thread of this process; ``asked`` counts the connections that were asked for.

    While it is ``down`` every connection is cut and none is granted. ``delay`` holds back what the broker says.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.delay = 0.0
        self._down = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server((HOST, 0))
        self._thread = threading.Thread(target=self._serve, name="link", daemon=True)

    @property
    def url(self) -> str:
        """The address that a client of Kafka takes as ``proxy_url``."""
        return f"socks5://{HOST}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut(self) -> None:
        """Cut every connection and grant no more."""
        self._down = True
        self._loop.call_soon_threadsafe(self._abort)

    def mend(self) -> None:
        """Grant connections again."""
        self._down = False

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._carry, sock=self._socket))
        self._loop.run_forever()
        server.close()
        self._abort()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        mine = {writer}
        self._writers.add(writer)
        try:
            if self._down:
                return
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                host, port = await _requested(reader, writer)
                from_broker, to_broker = await asyncio.open_connection(host, port)
                mine.add(to_broker)
                self._writers.add(to_broker)
                writer.write(_GRANTED)
                await _both(self._pass(reader, to_broker), self._pass(from_broker, writer, held=True))
        finally:
            self._writers -= mine
            for one in mine:
                one.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, held: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if held and self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()


async def _requested(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """Read whom the client wants (RFC 1928: no password, CONNECT, an IPv4 address)."""
    _version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(_NO_PASSWORD)
    _version, _command, _reserved, _kind, address, port = struct.unpack(
        ">BBBB4sH", await reader.readexactly(10)
    )
    return socket.inet_ntoa(address), port


async def _both(one: object, other: object) -> None:
    """Run two directions until either ends."""
    tasks = [asyncio.ensure_future(task) for task in (one, other)]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
