"""The listener for other USSs in memory: real record, real server, no sockets."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from tests.model.tokens import authorization, public_key_pem
from tests.support import planned
from tests.support.party_records import A
from tests.support.recording import Recording, recording

from detente.errors import DetenteError
from detente.f3548 import scopes
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.http import TokenAuthenticator, TokenRules, build_app, load_pem_key
from detente.node.uss.log_sets import LogSets
from detente.node.uss.notified import Notified
from detente.node.uss.quotas import uss_lanes
from detente.node.uss.server import USS_STATUSES, UssServer
from detente.node.uss.witnessed import NamedCallers, WitnessedApp
from detente.planning import HeardIntent, Neighbour, details_on_wire

AUDIENCE = "uss.a.example"
BASE = "https://uss.a.example"


class Unreachable(DetenteError):
    """An exchange that does not answer."""

    code = "test.unreachable"


@dataclass
class Ears:
    """Who hears of others' intents, and asks exchanges."""

    standing: dict[tuple[str, str], wire.OperationalIntentReference] = field(default_factory=dict)
    heard_of: list[HeardIntent] = field(default_factory=list)
    neighbours: dict[tuple[str, str], Neighbour] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    def known(self, exchange: str, intent_id: str) -> Neighbour | None:
        return self.neighbours.get((exchange, intent_id))

    async def ask_reference(
        self, exchange: str, intent_id: str
    ) -> wire.OperationalIntentReference | None:
        self.asked.append(intent_id)
        if self.away:
            raise Unreachable("nobody is there")
        return self.standing.get((exchange, intent_id))

    async def heard(self, heard: HeardIntent) -> None:
        self.heard_of.append(heard)
        key = (heard.exchange, heard.intent_id)
        if heard.neighbour is None:
            self.neighbours.pop(key, None)
        else:
            self.neighbours[key] = heard.neighbour


@dataclass
class Served:
    """What a test works with."""

    node: Recording
    ears: Ears
    http: httpx.AsyncClient
    app: WitnessedApp
    server: UssServer

    async def get(
        self, path: str, *, sub: str = "b", scope: str = scopes.STRATEGIC_COORDINATION
    ) -> httpx.Response:
        return await self.http.get(path, headers=token(sub, scope))

    async def post(
        self,
        path: str,
        body: msgspec.Struct | bytes,
        *,
        sub: str = "b",
        scope: str = scopes.STRATEGIC_COORDINATION,
    ) -> httpx.Response:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.http.post(path, content=data, headers=token(sub, scope))

    async def exchanges(self) -> list[Mapping[str, Any]]:
        """Bodies of the entries of exchanges, in their order."""
        await self.node.recorder.flush()
        rows = await self.node.record.query("SELECT position FROM plans_exchanges")
        found: list[Mapping[str, Any]] = []
        for (position,) in sorted(rows):
            assert isinstance(position, int)
            payload = (await self.node.record.entry(position)).payload
            assert payload is not None
            found.append(payload.body)
        return found


def token(sub: str, *scopes_given: str) -> dict[str, str]:
    """Headers that bring a good token."""
    value = authorization(
        "valid", sub=sub, scopes=scopes_given, now_us=time.time_ns() // 1000, audience=AUDIENCE
    )
    assert value is not None
    return {"authorization": value}


def change(
    of: Neighbour, *, ended: bool = False, intent_id: str | None = None
) -> wire.PutOperationalIntentDetailsParameters:
    """The notification of a neighbour's USS."""
    assert of.details is not None
    intent = wire.OperationalIntent(of.reference, details_on_wire(of.details))
    state = wire.SubscriptionState("00000000-0000-4000-8000-0000000000aa", 1)
    return wire.PutOperationalIntentDetailsParameters(
        intent_id or of.id, [state], None if ended else intent
    )


@asynccontextmanager
async def served(
    directory: Path,
    *,
    bases: Mapping[str, str] | None = None,
    log_sets: LogSets | None = None,
    constraints: Any = None,
    requests_per_s: float = 1000.0,
) -> AsyncIterator[Served]:
    """A server over a record of Party A; the exchange is called `main`."""
    async with recording(directory) as node:
        ears = Ears()
        context = node.context
        server = UssServer(
            node.book,
            context.clock,
            bases or {"main": BASE},
            Notified(node.book, node.recorder, ears, constraints),
            constraints,
            log_sets,
        )
        pem = directory / "auth.pem"
        pem.write_bytes(public_key_pem())
        rules = TokenRules(audiences=frozenset({AUDIENCE}))
        inner = build_app(
            server.endpoints(),
            authenticator=NamedCallers(TokenAuthenticator(rules, pem_keys=[load_pem_key(pem)])),
            statuses=USS_STATUSES,
            lanes=uss_lanes(requests_per_s),
        )
        app = WitnessedApp(inner, node.recorder, lambda: A.node, context.clock, quiet=("/health",))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            yield Served(node, ears, http, app, server)


__all__ = ["AUDIENCE", "BASE", "Ears", "Served", "change", "planned", "served", "token", "uss"]
