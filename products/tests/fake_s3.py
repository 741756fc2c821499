"""A store that speaks as much of S3 as pictures need, over HTTP on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

DENIED = b"<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"


class FakeS3:
    """What was stored by path, with its headers; ``refuses_from`` is the number of the first PUT it refuses."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.puts = 0
        self.refuses_from = 1000
        self.address = ""


class _Server(ThreadingHTTPServer):
    def __init__(self, store: FakeS3) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        store.address = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_PUT(self) -> None:
        store, content = self.server.store, self.rfile.read(int(self.headers["Content-Length"]))
        store.puts += 1
        signed = "Credential=the-id/" in self.headers.get("Authorization", "")
        if store.puts >= store.refuses_from or not signed:
            self.answer(403, DENIED)
            return
        store.objects[self.path] = content
        store.headers[self.path] = dict(self.headers.items())
        self.answer(200)

    def do_GET(self) -> None:
        found = self.server.store.objects.get(self.path)
        self.answer(404 if found is None else 200, found or b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.server.store.objects.pop(self.path, None)
        self.answer(204)

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def fake_s3() -> Iterator[FakeS3]:
    """Run a store while the block runs."""
    store = FakeS3()
    server = _Server(store)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
