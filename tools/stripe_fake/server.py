"""The sockets: HTTP/1.1 on the loopback address, one thread a connection."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tools.stripe_fake.http import Answer, Request, json_answer

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"
MAX_BODY = 1 << 20
Application = Callable[[Request], Answer]


class Server(ThreadingHTTPServer):
    """Serves one application, and can end its open connections."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, application: Application) -> None:
        self.application = application
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((HOST, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("The connection of %s broke: %s", client_address, sys.exception())

    def close_connections(self) -> None:
        """End kept-alive connections; their clients would else talk to a server that is gone."""
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """Turns bytes into a `Request` and an `Answer` into bytes."""

    protocol_version = "HTTP/1.1"
    server_version = "StripeFake/1.0"
    disable_nagle_algorithm = True
    # Head and body leave in one write: two small ones would wait for each other's acknowledgement.
    wbufsize = -1
    timeout = 300
    server: Server

    def serve(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            error = {"type": "invalid_request_error", "message": "The length of the body is bad."}
            self._write(json_answer(413, {"error": error}))
            return
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.application(Request(self.command, path, query, headers, body))
        if answer.is_cut:
            self.close_connection = True
            return
        self._write(answer)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status != 204:
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


# The base class looks for one method a verb.
for _verb in ("GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT", "PATCH"):
    setattr(Handler, f"do_{_verb}", Handler.serve)
