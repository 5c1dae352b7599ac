"""A service that answers as it is told, for commands that go over HTTP; it keeps what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

SECRET = "a secret of at least thirty-two bytes"
CLOSED = "http://127.0.0.1:9"
"""Where nobody listens."""


class Asked(NamedTuple):
    """A request as it came; `path` with what stands behind the question mark."""

    method: str
    path: str
    authorization: str
    body: str


class Service(ThreadingHTTPServer):
    """`answers`: status and JSON, or text, by method and path; everything else is 404."""

    daemon_threads = True

    def __init__(self, answers: dict[tuple[str, str], tuple[int, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        words = (self.command, self.path)
        told = self.headers.get("Authorization", "")
        self.server.asked.append(Asked(*words, told, self.rfile.read(size).decode()))
        status, body = self.server.answers.get(words, (404, {"reason": "not_found", "detail": "Not Found"}))
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@contextmanager
def service(answers: dict[tuple[str, str], tuple[int, Any]]) -> Iterator[Service]:
    made = Service(answers)
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()
