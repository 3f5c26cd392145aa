"""`python -m tests.support.small_uss CONFIG.json`: run it until it is killed.

The configuration names `name`, `directory`, `dss`, `host`, `port`, `audience`, `private_pem`,
`public_pem`, and what else `planning.Config` has. A line of JSON on standard output says where it
listens. What tests tell it to do goes to `/control/…` there, without a token.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from .bad import Mode
from .peers import Peers
from .planning import Config, Uss
from .store import Store
from .tokens import Tokens
from .wire import Request, Response, answer, serve


class Control:
    """What the test asks of it."""

    def __init__(self, uss: Uss, peers: Peers) -> None:
        self._uss, self._peers = uss, peers

    async def handle(self, request: Request) -> Response:
        """The test's requests here, the peers' there."""
        if not request.path.startswith("/control/"):
            return await self._peers.handle(request)
        asked = request.json() if request.body else {}
        return answer(200, await self._do(request.path.removeprefix("/control/"), asked))

    async def _do(self, what: str, asked: dict[str, Any]) -> Any:
        if what == "change":
            return dataclasses.asdict(await self._uss.change(**asked))
        if what == "end":
            return dataclasses.asdict(await self._uss.end(**asked))
        if what == "mode":
            # A stall under way sees the old mode end.
            self._uss.mode.stall_s = 0.0
            self._uss.mode = Mode(**asked)
            return {}
        if what == "settle":
            await self._uss.telling.everybody()
            return {}
        return {"intents": self._uss.store.intents, "heard": self._uss.store.heard}


async def run(settings: dict[str, Any]) -> None:
    """Serve until the end."""
    directory = Path(settings.pop("directory"))
    host, port = settings.pop("host"), settings.pop("port")
    tokens = Tokens(
        settings.pop("private_pem"),
        settings.pop("public_pem"),
        settings["name"],
        settings.pop("audience"),
    )
    ready = asyncio.Event()
    control: Control | None = None

    async def handler(request: Request) -> Response:
        await ready.wait()
        assert control is not None
        return await control.handle(request)

    server = await serve(handler, host, port)
    url = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    uss = Uss(Config(base_url=url, **settings), Store(directory), tokens)
    control = Control(uss, Peers(uss))
    await uss.recover()
    ready.set()
    print(json.dumps({"url": url}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    settings = json.loads(Path(sys.argv[1]).read_text())
    Path(settings["directory"]).mkdir(parents=True, exist_ok=True)
    asyncio.run(run(settings))
