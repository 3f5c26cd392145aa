"""Three parties with a record each, their rooms and conferences, exchanging in memory."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.support.party_records import A, B, Bytes, C, Party, Ticking, create, terms

from detente.http import Application, Caller, RequestHead, build_app
from detente.line import CONFERENCE_PROJECTION, ROOM_PROJECTION
from detente.node.approval_tables import APPROVAL_PROJECTION
from detente.node.approvals import Approvals
from detente.node.conference_desk import ConferenceDesk
from detente.node.conferences_api import CONFERENCE_STATUSES, conferences_endpoints
from detente.node.desk import OFFICER_STATUSES
from detente.node.roles import PERMISSIONS, Role
from detente.node.room_desk import RoomDesk
from detente.node.rooms_api import ROOM_STATUSES, rooms_endpoints
from detente.record import (
    JsonValue,
    KeyFileUnusable,
    PartyRecord,
    RecordPlace,
    Signer,
)

PARTIES = (A, B, C)
PROJECTIONS = (ROOM_PROJECTION, CONFERENCE_PROJECTION, APPROVAL_PROJECTION)


def chief(holder: str, session: str = "s1") -> Caller:
    """A duty chief who has just proved who he is."""
    scopes = PERMISSIONS[Role.DUTY_CHIEF] | {"step-up"}
    return Caller(holder, scopes, "session", 0, session)


def officer(holder: str) -> Caller:
    """An officer."""
    return Caller(holder, PERMISSIONS[Role.OFFICER], "session", 0, "s3")


class ByName:
    """`Authorization: Bearer <holder> <role> [stale]`, believed."""

    async def authenticate(self, head: RequestHead, now_us: int) -> Caller:
        _, holder, role, *stale = head.headers["authorization"].split()
        scopes = PERMISSIONS[Role(role)] | (set() if stale else {"step-up"})
        return Caller(holder, scopes, "session", 0, f"session of {holder}")


@dataclass
class Context:
    """What rooms and conferences need of a node."""

    of: Party
    record: PartyRecord
    clock: Ticking
    random: Bytes
    notes: list[str] = field(default_factory=list)

    @property
    def party(self) -> str:
        return self.of.id

    def agreement(self) -> Any:
        return _Agreed()

    def officer_signer(self, holder: str) -> Signer:
        keys = {f"{self.of.id}-1": self.of.officer, f"{self.of.id}-2": self.of.second}
        if holder not in keys:
            raise KeyFileUnusable("No such key.", where=holder)
        return keys[holder]

    async def note_security(self, what: str, officer: str | None, **facts: JsonValue) -> None:
        self.notes.append(what)


class _Agreed:
    @staticmethod
    def terms() -> Any:
        return terms(A, B, C)


class Node:
    """One party's rooms, conferences and their endpoints."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.party = context.party
        self.record = context.record
        self.approvals = Approvals(context)
        self.rooms = RoomDesk(context)
        self.conferences = ConferenceDesk(context, self.rooms, self.approvals)
        self.app: Application = build_app(
            [*rooms_endpoints(self.rooms), *conferences_endpoints(self.conferences)],
            authenticator=ByName(),
            statuses={**OFFICER_STATUSES, **ROOM_STATUSES, **CONFERENCE_STATUSES},
        )
        self.chief = chief(f"{self.party}-1")

    def client(
        self, role: str = "duty-chief", number: int = 1, *, stale: bool = False
    ) -> httpx.AsyncClient:
        """An officer's program; `stale`: identity was proved too long ago."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="https://node.example",
            headers={"authorization": f"Bearer {self.party}-{number} {role}{' stale' * stale}"},
        )

    async def sign(self, conference: str, sha256: str) -> None:
        """Sign minutes, as two persons."""
        second = chief(f"{self.party}-2", "s2")
        action: dict[str, JsonValue] = {
            "do": "sign",
            "conference": conference,
            "document": sha256,
        }
        asked = await self.approvals.propose(self.chief, "minutes", action)
        await self.approvals.approve(second, asked.id, asked.sha256)
        await self.conferences.sign_minutes(conference, self.chief, sha256, asked.id)


@dataclass
class Three:
    """The nodes, and a line between any two of them."""

    nodes: dict[str, Node]

    def __getitem__(self, party: str) -> Node:
        return self.nodes[party]

    async def carry(self, sender: str, receiver: str) -> int:
        """Bring what is waiting for a party there, and its receipts back; tells how much it was."""
        a, b = self.nodes[sender].record, self.nodes[receiver].record
        waiting = await a.unanswered(receiver, named_only=True)
        envelopes = [each.envelope.to_json() for each in waiting if each.envelope]
        receipts = [
            got.receipt.envelope.to_json()
            for got in await b.receive(envelopes)
            if got.receipt and got.receipt.envelope
        ]
        await a.receive(receipts)
        return len(envelopes)

    async def settle(self, but: Sequence[tuple[str, str]] = ()) -> None:
        """Carry everything, and do the nodes' duties, until nothing moves."""
        moved = True
        while moved:
            moved = False
            for sender in self.nodes:
                for receiver in self.nodes:
                    if sender != receiver and (sender, receiver) not in but:
                        moved = bool(await self.carry(sender, receiver)) or moved
            for node in self.nodes.values():
                moved = bool(await node.rooms.do_duties()) or moved


@asynccontextmanager
async def three(directory: Path, database: str | None = None) -> AsyncIterator[Three]:
    """Parties a, b and c, under one agreement; their records in a PostgreSQL database if given."""
    nodes = {}
    agreed = terms(*PARTIES)
    try:
        for party in PARTIES:
            clock = Ticking()
            record = await create(
                RecordPlace(
                    directory / party.id, database, f"three_{party.id}_{secrets.token_hex(6)}"
                ),
                party,
                agreed,
                clock,
                projections=PROJECTIONS,
            )
            nodes[party.id] = Node(Context(party, record, clock, Bytes(f"desk {party.id}")))
        yield Three(nodes)
    finally:
        for node in nodes.values():
            await node.record.close()
