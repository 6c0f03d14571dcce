"""A service of AWS that answers what a test has scripted, over HTTP on 127.0.0.1.

with AwsServer() as server:
    server.script(refusal("ThrottlingException"), answer({"Item": {}}))   # in this order
"""

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """A status (0: hang up without an answer), a body, headers; all after some seconds."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0


HANGS_UP = Reply(0)


def answer(value: Mapping[str, Any]) -> Reply:
    """Return what a JSON service answers when all is well."""
    return Reply(body=json.dumps(value).encode())


def refusal(code: str, status: int = 400, **more: Any) -> Reply:
    """Return what a JSON service answers when it refuses."""
    name = f"com.amazonaws.dynamodb.v20120810#{code}"
    return Reply(status, json.dumps({"__type": name, **more}).encode())


@dataclass(frozen=True)
class Asked:
    """A request as it came; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)


class AwsServer:
    """Serves until its block ends; what nothing was scripted for is answered with `default`."""

    def __init__(self) -> None:
        self.default = Reply()
        self.asked: list[Asked] = []
        self.connections = 0
        self._script: deque[Reply] = deque()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def script(self, *replies: Reply) -> None:
        """Answer the next requests so."""
        self._script.extend(replies)

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self._script.popleft() if self._script else self.default

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # clients keep their connections

    def __init__(self, owner: AwsServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.owner.connections += 1

    def do_POST(self) -> None:  # noqa: N802 - the name that is looked up
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.owner.reply(Asked(self.path, headers, body))
        time.sleep(reply.after)
        if not reply.status:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: Any) -> None:
        pass
