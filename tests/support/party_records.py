"""Two or three parties, their keys and agreement, for tests of the record."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from detente.record import (
    CosignatureVerifier,
    Draft,
    Ed25519Signer,
    JsonValue,
    Member,
    Officer,
    PartyRecord,
    Policy,
    Projection,
    RecordPlace,
    TableSet,
    Terms,
)

AGREEMENT = "ab-2026"
START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def key(name: str, number: int = 0) -> Ed25519Signer:
    """The same key for the same name and number."""
    return Ed25519Signer(name, hashlib.sha256(f"{name}/{number}".encode()).digest())


@dataclass(frozen=True)
class Party:
    """A party's private keys."""

    id: str

    @property
    def log(self) -> Ed25519Signer:
        return key(f"{self.id}.example/log/{AGREEMENT}")

    @property
    def witness(self) -> Ed25519Signer:
        return key(f"{self.id}.example/witness")

    @property
    def node(self) -> Ed25519Signer:
        return key(f"{self.id}.example/node")

    @property
    def officer(self) -> Ed25519Signer:
        return key(f"{self.id}.example/officer")

    @property
    def second(self) -> Ed25519Signer:
        return key(f"{self.id}.example/second")

    @property
    def signers(self) -> list[Ed25519Signer]:
        return [self.log, self.node]

    def member(self) -> Member:
        return Member(
            self.id,
            {"en": f"Party {self.id.upper()}"},
            self.log.verifier,
            CosignatureVerifier.of(self.witness),
            (self.node.verifier,),
            (
                Officer(f"{self.id}-1", self.officer.verifier),
                Officer(f"{self.id}-2", self.second.verifier),
            ),
        )


A, B, C = Party("a"), Party("b"), Party("c")
NEUTRAL = key("neutral.example/witness")


def terms(*parties: Party, version: int = 1, neutral: bool = False) -> Terms:
    """An agreement between them."""
    members = tuple(party.member() for party in parties or (A, B))
    witnesses = (CosignatureVerifier.of(NEUTRAL),) if neutral else ()
    policies = {
        member.origin: Policy.build(
            member.log,
            {other.id: other.witness for other in members if other.id != member.id},
            dict.fromkeys(["neutral"], witnesses[0]) if witnesses else {},
        ).to_text()
        for member in members
    }
    return Terms(
        AGREEMENT,
        hashlib.sha256(f"{AGREEMENT} {version}".encode()).hexdigest(),
        version,
        members,
        witnesses,
        policies,
    )


@dataclass
class Ticking:
    """A clock that goes on by a second each time it is read."""

    now: datetime = START
    step: timedelta = timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@dataclass
class Bytes:
    """Random bytes that are the same in every run."""

    seed: str = ""
    count: itertools.count[int] = field(default_factory=itertools.count)

    def __call__(self, number: int) -> bytes:
        return hashlib.shake_256(f"{self.seed} {next(self.count)}".encode()).digest(number)


async def create(
    place: RecordPlace,
    party: Party = A,
    agreed: Terms | None = None,
    clock: Callable[[], datetime] | None = None,
    *,
    projections: Sequence[Projection] = (),
    tables: Sequence[TableSet] = (),
) -> PartyRecord:
    """A new record."""
    return await PartyRecord.create(
        place,
        agreed or terms(),
        party.id,
        signers=party.signers,
        clock=clock or Ticking(),
        random=Bytes(f"{party.id} {place.directory}"),
        files=[("application/json", b'{"agreement":"text"}')],
        projections=projections,
        tables=tables,
    )


async def reopen(
    place: RecordPlace,
    party: Party = A,
    agreed: Terms | list[Terms] | None = None,
    *,
    read_only: bool = False,
    projections: Sequence[Projection] = (),
    tables: Sequence[TableSet] = (),
) -> PartyRecord:
    """The same one again."""
    return await PartyRecord.open(
        place,
        agreed or terms(),
        party.id,
        signers=party.signers,
        clock=Ticking(START + timedelta(hours=1)),
        random=secrets.token_bytes,  # ids must not come again
        read_only=read_only,
        projections=projections,
        tables=tables,
    )


def draft(text: str = "hello", *, to: tuple[str, ...] = ("b",), channel: str = "line") -> Draft:
    """Something said."""
    body: dict[str, JsonValue] = {"text": text}
    return Draft("message", channel, to, body)
