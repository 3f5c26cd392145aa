"""Another USS in the test's own process: it answers for its intents, or does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from tests.support.instance import HOST, key_pair

from detente.http import (
    Application,
    Endpoint,
    Request,
    Response,
    ServerOptions,
    TokenAuthenticator,
    TokenRules,
    any_of,
    build_app,
    load_pem_key,
    serve,
)

Answering = Callable[[], Awaitable[Response]]


class Peer:
    """A USS. `intents` holds what it tells of each intent, or how it fails to."""

    def __init__(self) -> None:
        self.base_url = ""
        self.intents: dict[str, Any | Answering] = {}
        self.asked: list[tuple[str, str]] = []
        self._leaving = asyncio.Event()

    async def silent(self) -> Response:
        """For `intents`: no answer, for as long as the peer lives."""
        await self._leaving.wait()
        return Response(500, b'{"message": "gone"}')

    def tells(self, reference: dict[str, Any], volumes: list[Any], **more: Any) -> None:
        """Answer for an intent as F3548-21 wants it."""
        details = {"volumes": volumes, "off_nominal_volumes": [], "priority": 0, **more}
        intent = {"reference": reference, "details": details}
        self.intents[reference["id"]] = {"operational_intent": intent}

    async def _answer(self, request: Request[None]) -> Response:
        identifier = request.path["entityid"]
        self.asked.append((request.caller.sub, identifier))
        found = self.intents.get(identifier)
        if found is None:
            return Response(404, b'{"message": "no such intent"}')
        if callable(found):
            response: Response = await found()
            return response
        return Response(200, msgspec.json.encode(found))

    def _application(self, public_key: Path) -> Application:
        return build_app(
            [
                Endpoint(
                    method="GET",
                    path="/uss/v1/operational_intents/{entityid}",
                    handler=self._answer,
                    operation_id="getOperationalIntentDetails",
                    summary="Details.",
                    responses={200: None},
                    scopes=any_of("utm.strategic_coordination"),
                )
            ],
            authenticator=TokenAuthenticator(
                TokenRules(audiences=frozenset({HOST})), pem_keys=[load_pem_key(public_key)]
            ),
        )

    @asynccontextmanager
    async def up(self, directory: Path) -> AsyncIterator[Peer]:
        """Serve on a port of its own."""
        public_key = directory / "peer.pem"
        public_key.write_bytes(key_pair()[1])
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            options = ServerOptions(host=HOST, shutdown_timeout_s=1)
            app = self._application(public_key)
            group.create_task(serve(app, options, stop=stop, on_ready=ready.set_result))
            self.base_url = await ready
            try:
                yield self
            finally:
                self._leaving.set()
                stop.set()
