"""A node that answers as it is told, for commands that speak to one; it keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.integration.cli.at_node import Typed, called
from tests.support.program import Finished

from detente.cli.session_file import SavedSession, SessionFile


@dataclass
class FakeNode:
    """What it answers, and what it was asked.

    Attributes:
        answers: by method and path below /api/v1: one after another, the last one for ever. An
            answer is a body, or a status and a body.
        asked: method, path, query and body of each request.
    """

    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    def says(self, request: str, *answers: Any) -> None:
        """From now on it answers a request such as `POST plans` so."""
        self.answers[request] = list(answers)

    def bodies(self, request: str) -> list[Any]:
        """What was sent with such requests."""
        return [body for method, path, _, body in self.asked if f"{method} {path}" == request]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Answer one request."""
        self.asked.append((method, path, query, body))
        queue = self.answers.get(f"{method} {path}")
        if queue is None:
            return 404, {"code": "http.not_found", "message": f"There is no {method} {path}."}
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        return found if isinstance(found, tuple) else (200, found)


@contextmanager
def fake_node(language: str = "en") -> Iterator[FakeNode]:
    """Such a node, listening."""
    node = FakeNode()
    node.says("GET session", {"language": language})

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(size)) if size else None
            path = parts.path.removeprefix("/api/v1/")
            status, said = node.answer(self.command, path, dict(parse_qsl(parts.query)), body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - named by the standard library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    node.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Command:
    """A command of `detente` with a session at the node.

    Args:
        node: where.
        root: a directory of the test's.
        name: of the command.
    """

    def __init__(self, node: FakeNode, root: Path, name: str) -> None:
        self.node = node
        self.name = name
        self._file = root / "session.json"
        SessionFile(self._file).save(SavedSession(node.url, "durand", "a-token"))

    async def __call__(
        self, *arguments: object, typed: Typed = "", terminal: bool = False
    ) -> Finished:
        """Whatever it comes to."""
        more = ("--session-file", self._file)
        return await called(self.name, *arguments, *more, typed=typed, terminal=terminal)
