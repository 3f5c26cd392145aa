"""Notifications: whoever subscribed is told of a change, for five seconds at most."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from .bad import Mode, twisted
from .store import Store
from .tokens import SC, Tokens
from .wire import Client, NoAnswer

Json = dict[str, Any]
_TELL_WITHIN_S = 5.0


class Telling:
    """Tells others, each on its own."""

    def __init__(
        self,
        base_url: str,
        client: Client,
        tokens: Tokens,
        store: Store,
        mode: Callable[[], Mode],
    ) -> None:
        self._base_url, self._client = base_url, client
        self._tokens, self._store, self._mode = tokens, store, mode
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, the_id: str, intent: Json | None, subscribers: Sequence[Json]) -> None:
        """Begin to tell all but itself of an intent as it stands, or that it has ended."""
        for subscriber in subscribers:
            if subscriber["uss_base_url"] == self._base_url:
                continue
            task = asyncio.ensure_future(self._tell_one(the_id, intent, subscriber))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell_one(self, the_id: str, intent: Json | None, subscriber: Json) -> None:
        body: Json = {
            "operational_intent_id": the_id,
            "subscriptions": subscriber["subscriptions"],
        }
        lie = self._mode().notices
        if intent is not None:
            body["operational_intent"] = twisted(intent, lie) if lie != "json" else "nonsense"
        url = f"{subscriber['uss_base_url']}/uss/v1/operational_intents"
        version = intent["reference"]["version"] if intent else None
        token = self._tokens.issue(urlsplit(url).hostname or "", SC)
        until, status, problem = time.time() + _TELL_WITHIN_S, 0, ""
        while not status and time.time() < until:
            try:
                answer = await self._client.call("POST", url, token, body, timeout_s=2.0)
                status = answer.status
            except NoAnswer as error:
                problem = str(error)
                await asyncio.sleep(0.2)
        self._store.note(
            "told",
            id=the_id,
            version=version,
            to=url,
            status=status,
            lie=lie if intent is not None else None,
            problem=problem,
            sha256=sha256(json.dumps(body).encode()).hexdigest(),
        )

    async def everybody(self) -> None:
        """Wait until all that was to be told has been, or could not be."""
        while self._telling:
            await asyncio.gather(*self._telling)
