"""What can be asked of a party's record, as jobs for its writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from .answers import answered
from .arrived import Arrived
from .entries import Clock, Entry, ErasureRefused, NoSuchEntry, Received, RecordRefused
from .envelope import Draft
from .keyring import KeyChangeRefused, KeyRing
from .keys import Signer
from .kinds import ANSWERS, INDELIBLE
from .log import LogDamaged
from .members import Terms
from .party_batch import Batch, Known
from .party_gaps import (
    OWN_CHANNEL,
    ErasedElsewhere,
    Number,
    bridge,
    gone_envelope,
    state_withheld,
)
from .party_tables import PartyRows, Place, erase_rows, receipt_channel
from .payload import Blob


@dataclass(slots=True)
class AppendJob:
    """What the party says."""

    rows: PartyRows
    party: str
    drafts: Sequence[tuple[Draft, Signer | None]]
    duty: bool = False
    terms: Terms | None = None
    entries: list[Entry] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """See `Job`."""
        return len(self.drafts)

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        own = self.rows.own_channel
        channels = {(self.party, own(draft.channel)) for draft, _ in self.drafts}
        await chains_of(self.rows, known, channels)
        meant = [ref.id for draft, _ in self.drafts if draft.kind in ANSWERS for ref in draft.refs]
        await places_of(self.rows, known, meant)

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        self.entries.clear()
        for draft, signer in self.drafts:
            self.entries.append(batch.state(draft, signer, duty=self.duty))
        if self.terms is not None:
            changed = batch.keyring.copy()
            changed.adopt(self.terms, self.entries[-1].index)
            batch.keyring = changed

    def result(self) -> list[Entry]:
        """See `Job`."""
        return self.entries


@dataclass(slots=True)
class AdoptJob:
    """What the party has sealed elsewhere."""

    rows: PartyRows
    party: str
    arrived: Sequence[Arrived]
    indices: list[int] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """See `Job`."""
        return len(self.arrived)

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        payloads = [each.payload for each in self.arrived]
        meant = [of for each in payloads if each.kind in ANSWERS and (of := answered(each))]
        await places_of(self.rows, known, [*(each.id for each in payloads), *meant])
        await chains_of(self.rows, known, {(each.sender, each.channel) for each in payloads})

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        self.indices.clear()
        for each in self.arrived:
            place = batch.same(each.envelope, each.payload, each.chain, each.where)
            if place is None:
                self.indices.append(batch.adopt(each.envelope, each.payload, each.where).index)
            else:
                self.indices.append(place.index)

    def result(self) -> list[int]:
        """See `Job`."""
        return self.indices


@dataclass(slots=True)
class ReceiveJob:
    """What came from others."""

    rows: PartyRows
    party: str
    arrived: Sequence[Arrived]
    clock: Clock
    erased: Mapping[Number, ErasedElsewhere] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()
    entries: dict[UUID, Entry] = field(default_factory=dict)
    receipts: dict[UUID, Entry] = field(default_factory=dict)
    before: dict[UUID, Place] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """See `Job`."""
        return 2 * len(self.arrived)

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        ids: list[UUID] = []
        own = self.rows.own_channel
        channels: set[tuple[str, str]] = {(self.party, own(OWN_CHANNEL))}
        for each in self.arrived:
            payload = each.payload
            ids.append(payload.id)
            channels.add((payload.sender, payload.channel))
            channels.add((self.party, own(receipt_channel(payload.sender))))
            if payload.kind in ANSWERS and (of := answered(payload)) is not None:
                ids.append(of)
        await places_of(self.rows, known, ids)
        await chains_of(self.rows, known, channels)

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        for made in (self.entries, self.receipts, self.before):
            made.clear()
        for each in self.arrived:
            payload = each.payload
            if payload.id in self.entries:
                batch.same(each.envelope, payload, each.chain, each.where)
                continue
            place = batch.same(each.envelope, payload, each.chain, each.where)
            if place is not None:
                self.before[payload.id] = place
                continue
            bridge(batch, payload, self.erased)
            absent = [sha256 for sha256 in self.withheld if batch.lacks(sha256)]
            entry = batch.receive(each.envelope, payload, each.where, absent)
            self.entries[payload.id] = entry
            state_withheld(batch, payload, absent)
            if payload.kind != "receipt":
                self.receipts[payload.id] = batch.acknowledge_receipt(entry, self.clock())

    def result(self) -> ReceiveJob:
        """Itself: what was there before has to be read."""
        return self

    async def received(self) -> list[Received]:
        """What became of each."""
        places = {identity: place.index for identity, place in self.before.items()}
        answered_by = await self.rows.receipts_by(self.party, list(places.values()))
        found = await self.rows.at([*places.values(), *answered_by.values()])
        outcome = []
        seen: set[UUID] = set()
        for each in self.arrived:
            identity = each.payload.id
            if identity in places:
                index = places[identity]
                receipt = answered_by.get(index)
                outcome.append(
                    Received(found[index], None if receipt is None else found[receipt], True)
                )
                continue
            outcome.append(
                Received(self.entries[identity], self.receipts.get(identity), identity in seen)
            )
            seen.add(identity)
        return outcome


@dataclass(slots=True)
class EraseJob:
    """An entry whose payload is to go."""

    rows: PartyRows
    party: str
    index: int
    ground: str
    signer: Signer | None
    target: Entry | None = None
    doomed: list[bytes] = field(default_factory=list)
    stated: Entry | None = None

    @property
    def weight(self) -> int:
        """See `Job`."""
        return 1

    async def look_up(self, known: Known) -> None:
        """See `Job`."""
        where = f"entry {self.index}"
        self.target = (await self.rows.at([self.index])).get(self.index)
        if self.target is None:
            raise NoSuchEntry("There is no such entry.", where=where)
        self.doomed = await self.rows.blobs_needed_only_by(self.index)
        await chains_of(self.rows, known, {(self.party, self.rows.own_channel(OWN_CHANNEL))})

    def build(self, batch: Batch) -> None:
        """See `Job`."""
        where = f"entry {self.index}"
        target = self.target
        payload = None if target is None else target.payload
        envelope = None if target is None else target.envelope
        if target is None or payload is None or envelope is None or batch.erasing(self.index):
            raise ErasureRefused("Its payload is gone already.", where=where)
        if payload.kind in INDELIBLE:
            raise ErasureRefused(
                f"Other entries cannot be checked without one of kind {payload.kind!r}.",
                where=where,
            )
        self.stated = batch.state(
            Draft(
                "erasure",
                OWN_CHANNEL,
                (),
                {
                    "origin": batch.keyring.origin,
                    "index": self.index,
                    "payload_sha256": payload.sha256.hex(),
                    "ground": self.ground,
                    "envelope": gone_envelope(payload, envelope),
                },
            ),
            self.signer,
            duty=True,
        )
        # A blob that a new entry of the same batch names stays.
        named = {blob.sha256 for each in batch.planned for blob in blobs_of(each.entry)}
        doomed = [sha256 for sha256 in self.doomed if sha256 not in named]
        batch.erase(target, erase_rows(self.index, self.stated.index, doomed))

    def result(self) -> Entry:
        """See `Job`."""
        if self.stated is None:
            raise RuntimeError("nothing was built")
        return self.stated


def agreement_draft(terms: Terms, files: Sequence[Blob]) -> Draft:
    """The entry that states which agreement is in force."""
    return Draft(
        "agreement",
        OWN_CHANNEL,
        (),
        {"sha256": terms.sha256, "version": terms.version},
        (),
        tuple(files),
    )


async def replayed_keys(rows: PartyRows, versions: Sequence[Terms], origin: str) -> KeyRing:
    """The keys as the record's own entries have changed them.

    Raises:
        LogDamaged: an entry says what cannot have been recorded.
        RecordRefused: a version of the agreement is not among `versions`.
    """
    by_hash = {terms.sha256: terms for terms in versions}
    positions = await rows.of_kinds(("agreement", "key-rotation", "key-revocation"))
    entries = await rows.at(positions)
    keyring: KeyRing | None = None
    for index in positions:
        payload = entries[index].payload
        where = f"entry {index}"
        if payload is None:
            raise LogDamaged("What the keys follow from has been erased.", where=where)
        if payload.kind == "agreement":
            own = keyring is None or payload.sender == _party_of(keyring, origin)
            terms = by_hash.get(str(payload.body.get("sha256")))
            if keyring is None:
                keyring = KeyRing(_found(terms, where), origin)
            elif own:
                keyring.adopt(_found(terms, where), index)
            continue
        if keyring is None:
            raise LogDamaged("It does not begin with an agreement.", where=where)
        author = keyring.author(payload.sender, payload.author, index)
        try:
            if author is None:
                raise KeyChangeRefused("Its author may not sign.", where=where)
            keyring.apply(payload, author, index)
        except KeyChangeRefused as error:
            raise LogDamaged(f"It cannot have been recorded: {error}", where=where) from error
    if keyring is None:
        raise LogDamaged("It has no agreement.", where="entry 0")
    return keyring


def _found(terms: Terms | None, where: str) -> Terms:
    if terms is None:
        raise RecordRefused(
            "The version of the agreement that it names was not given.",
            where=where,
            advice="Give every version that the record has been under.",
        )
    return terms


def _party_of(keyring: KeyRing, origin: str) -> str:
    return next(member.id for member in keyring.terms.members if member.origin == origin)


def blobs_of(entry: Entry) -> tuple[Blob, ...]:
    """The blobs that an entry names; none once it is erased."""
    return () if entry.payload is None else entry.payload.blobs


async def chains_of(rows: PartyRows, known: Known, channels: set[tuple[str, str]]) -> None:
    """Look up the ends of channels, unless they are known."""
    for channel in channels - known.chains.keys():
        known.chains[channel] = known.ends.get(channel) or await rows.chain_end(*channel)


async def places_of(rows: PartyRows, known: Known, identities: Sequence[UUID]) -> None:
    """Look up where the entries of these ids are, unless it is known."""
    known.places.update(
        await rows.places({each for each in identities if each not in known.places})
    )
