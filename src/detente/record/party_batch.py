"""What one transaction adds to a party's record, put together step by step. No I/O.

Whatever a step needs to know from the database is looked up before, and given to the batch. A step
that fails is undone; those before it stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from .answers import receipt_draft, subject_of
from .blobs import BlobStore
from .channels import channel_in_use
from .dsse import Envelope
from .entries import (
    BlobMissing,
    ChainBroken,
    Clock,
    Entry,
    EnvelopeUnverified,
    IdentityReused,
    Random,
    RecordRefused,
)
from .envelope import Draft, chain_hash, seal_and_read
from .keyring import KeyRing
from .keys import Signer
from .kinds import ANSWERS, KEY_CHANGES, OWN_AFFAIRS, OWN_DUTIES
from .leaf import leaf_of, read_leaf
from .party_tables import Place, Planned, rows_of
from .payload import EnvelopeMalformed, Payload
from .projections import Projections, joined
from .statements import Statement
from .tenures import Author
from .uuids import uuid7

Channel = tuple[str, str]
"""Sender and name."""

ChainEnd = tuple[int, bytes | None]
"""Number and chain hash of the newest envelope of a channel."""


@dataclass(slots=True)
class Known:
    """What was looked up for a batch.

    Attributes:
        ends: what the writer knows of channels without asking; not changed here.
        chains: the newest envelope of each channel that is written to.
        places: entries that have the ids that came, or are meant by what came.
    """

    ends: Mapping[Channel, ChainEnd] = field(default_factory=dict)
    chains: dict[Channel, ChainEnd] = field(default_factory=dict)
    places: dict[UUID, Place] = field(default_factory=dict)


class Batch:
    """Entries that are to be written together.

    Args:
        party: whose record it is.
        keyring: as it is before them.
        signers: private keys of the party, by public key.
        size: entries that the log has.
        known: what was looked up.

    Attributes:
        keyring: as it is after them.
        planned: the entries.
    """

    def __init__(
        self,
        party: str,
        keyring: KeyRing,
        signers: Mapping[bytes, Signer],
        size: int,
        known: Known,
        blobs: BlobStore,
        clock: Clock,
        random: Random,
        projections: Projections,
        suffix: str = "",
    ) -> None:
        self.keyring = keyring
        self.planned: list[Planned] = []
        self._party = party
        self._signers = signers
        self._size = size
        self._known = known
        self._blobs = blobs
        self._clock = clock
        self._random = random
        self._projections = projections
        self._suffix = suffix
        self._projected: list[Statement] = []
        self._erased: dict[int, list[Statement]] = {}

    @property
    def next_index(self) -> int:
        """Where the next entry will stand."""
        return self._size + len(self.planned)

    @property
    def chains(self) -> Mapping[Channel, ChainEnd]:
        """The newest envelope of each channel that was looked up or written to."""
        return self._known.chains

    @property
    def leaves(self) -> list[bytes]:
        """What is appended to the log."""
        return [each.entry.leaf for each in self.planned]

    @property
    def statements(self) -> list[Statement]:
        """What is written beside it."""
        erasing = [statement for each in self._erased.values() for statement in each]
        rows = [*rows_of(self.planned), *erasing]
        if not self._projected and not self._projections:
            return rows
        return [*rows, *joined(self._projected), *self._projections.moved(self.next_index)]

    @property
    def erases(self) -> bool:
        """Whether it changes what is there already."""
        return bool(self._erased)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Undo what is done within if it fails."""
        count, erased, keyring = len(self.planned), self._erased.copy(), self.keyring
        projected = len(self._projected)
        chains, places = self._known.chains.copy(), self._known.places.copy()
        try:
            yield
        except BaseException:
            del self.planned[count:]
            del self._projected[projected:]
            self._erased, self.keyring = erased, keyring
            self._known.chains, self._known.places = chains, places
            raise

    def lacks(self, sha256: str) -> bool:
        """Whether a blob is not there."""
        return self._blobs.size(sha256) is None

    def erasing(self, index: int) -> bool:
        """Whether an erasure of that entry is in the batch already."""
        return index in self._erased

    def erase(self, entry: Entry, statements: Sequence[Statement]) -> None:
        """Erase an entry, which is whole still, by these statements, when all is written."""
        self._erased[entry.index] = list(statements)
        self._projected += self._projections.forget(entry)

    def beside(self, index: int, statements: Sequence[Statement]) -> None:
        """Execute these statements about the entry at `index`, when all is written."""
        self._erased[index] = list(statements)

    def place(self, identity: UUID) -> Place | None:
        """The entry of that id, written or planned."""
        return self._known.places.get(identity)

    def state(self, draft: Draft, signer: Signer | None = None, *, duty: bool = False) -> Entry:
        """Add what the party says itself.

        Args:
            signer: one of its keys; None for its node's.
            duty: whether the record states it by itself.

        Raises:
            RecordRefused: a rule forbids it.
        """
        where = f"{draft.kind} in channel {draft.channel}"
        if draft.kind in OWN_DUTIES and not duty:
            raise RecordRefused("The record states this by itself only.", where=where)
        signer, author = self._author(signer, where)
        for party in draft.to:
            self._check_member(party, where)
        if self._suffix:
            draft = replace(draft, channel=channel_in_use(draft.channel, self._suffix))
        seq, previous = self._known.chains[self._party, draft.channel]
        now = self._clock()
        try:
            envelope, payload = seal_and_read(
                draft,
                signer=signer,
                agreement=self.keyring.terms.agreement,
                sender=self._party,
                sequence=seq + 1,
                previous=previous,
                created=now,
                identity=draft.identity or uuid7(_milliseconds(now), self._random(10)),
                salt=self._random(16),
            )
        except EnvelopeMalformed as error:
            raise RecordRefused(f"It cannot be stated: {error}", where=where) from error
        return self._add(envelope, payload, author, where)

    def skip(self, channel: Channel, end: ChainEnd) -> None:
        """Go on in a channel after an envelope that its author has erased before it came."""
        self._known.chains[channel] = end

    def receive(
        self,
        envelope: Envelope,
        payload: Payload,
        where: str,
        absent: Collection[str] = frozenset(),
    ) -> Entry:
        """Add what another party says, once all about it is right.

        Args:
            absent: hexadecimal SHA-256 of the blobs that need not be there.

        Raises:
            RecordRefused: something is not; the subclass tells what.
        """
        if payload.sender == self._party:
            raise RecordRefused("It says that it is from us, and is not known here.", where=where)
        if payload.kind in OWN_AFFAIRS:
            raise RecordRefused(
                f"An entry of kind {payload.kind!r} belongs into its author's record only.",
                where=where,
            )
        if payload.to and self._party not in payload.to:
            raise RecordRefused("It is not addressed to us.", where=where)
        return self._add_sealed(envelope, payload, where, absent)

    def adopt(self, envelope: Envelope, payload: Payload, where: str) -> Entry:
        """Add what the party itself has sealed elsewhere, once all about it is right.

        Raises:
            RecordRefused: something is not; the subclass tells what.
        """
        if payload.sender != self._party:
            raise RecordRefused("It is not from us: what others say is received.", where=where)
        if payload.kind in OWN_DUTIES | OWN_AFFAIRS:
            raise RecordRefused("The record states this by itself only.", where=where)
        for party in payload.to:
            self._check_member(party, where)
        return self._add_sealed(envelope, payload, where)

    def take_back(
        self,
        envelope: Envelope,
        payload: Payload,
        where: str,
        absent: Collection[str] = frozenset(),
    ) -> Entry:
        """Add what the party has sealed and lost, and others had of it, once all is right.

        Raises:
            RecordRefused: something is not; the subclass tells what.
        """
        if payload.sender != self._party or payload.kind in OWN_AFFAIRS:
            raise RecordRefused("Others cannot have had this from us.", where=where)
        return self._add_sealed(envelope, payload, where, absent)

    def _add_sealed(
        self,
        envelope: Envelope,
        payload: Payload,
        where: str,
        absent: Collection[str] = frozenset(),
    ) -> Entry:
        if payload.agreement != self.keyring.terms.agreement:
            raise RecordRefused(
                f"It is of the agreement {payload.agreement!r}, not of ours.", where=where
            )
        self._check_member(payload.sender, where)
        author = self.keyring.author(payload.sender, payload.author, self.next_index)
        if author is None:
            raise EnvelopeUnverified(
                f"{payload.sender} has no key {payload.author!r} that may sign now.", where=where
            )
        if not author.key.verify(envelope.pae(), envelope.signatures[0].sig):
            raise EnvelopeUnverified("The signature is wrong.", where=where)
        seq, previous = self._known.chains[payload.sender, payload.channel]
        if (payload.seq, payload.prev) != (seq + 1, previous):
            why = (
                "does not name the envelope before it"
                if payload.seq == seq + 1
                else f"has number {payload.seq}, and {seq + 1} is next"
            )
            raise ChainBroken(
                f"In the channel {payload.channel!r} of {payload.sender} it {why}.",
                where=where,
                expected=seq + 1,
                previous=None if previous is None else previous.hex(),
            )
        return self._add(envelope, payload, author, where, absent)

    def same(self, envelope: Envelope, payload: Payload, chain: bytes, where: str) -> Place | None:
        """The entry that this envelope is already, if it is.

        Raises:
            IdentityReused: there is an entry of that id with other bytes.
        """
        place = self._known.places.get(payload.id)
        if place is None:
            return None
        if place.chain != chain or read_leaf(place.leaf).signature != envelope.signatures[0].sig:
            raise IdentityReused(
                f"Entry {place.index} has the same id and other bytes.", where=where
            )
        return place

    def acknowledge_receipt(self, of: Entry, now: datetime) -> Entry:
        """Add our node's receipt for what was received."""
        return self.state(receipt_draft(of, self.keyring.origin, now), duty=True)

    def _author(self, signer: Signer | None, where: str) -> tuple[Signer, Author]:
        authors = self.keyring.authors(self._party, self.next_index)
        for author in authors:
            if signer is None and author.purpose == "signing":
                held = self._signers.get(author.key.public_key)
                if held is not None:
                    return held, author
            elif signer is not None and signer.public_key == author.key.public_key:
                return signer, author
        if signer is None:
            raise RecordRefused("The node has no key at hand that may sign now.", where=where)
        raise RecordRefused(
            f"The key {signer.name!r} may not sign for {self._party} now.", where=where
        )

    def _check_member(self, party: str, where: str) -> None:
        try:
            self.keyring.terms.member(party)
        except KeyError:
            raise RecordRefused(f"The agreement has no party {party!r}.", where=where) from None

    def _add(
        self,
        envelope: Envelope,
        payload: Payload,
        author: Author,
        where: str,
        absent: Collection[str] = frozenset(),
    ) -> Entry:
        for blob in payload.blobs:
            size = self._blobs.size(blob.sha256.hex())
            if size != blob.size and not (size is None and blob.sha256.hex() in absent):
                raise BlobMissing(
                    "It is not there." if size is None else f"It has {size} bytes.",
                    where=f"{where}: blob {blob.sha256.hex()}",
                    advice="Hand over its bytes first.",
                )
        index = self.next_index
        subject = None
        if payload.kind in ANSWERS:
            subject = subject_of(payload, author, self._known.places, self.keyring.terms, where)
        if payload.kind in KEY_CHANGES:
            changed = self.keyring.copy()
            changed.apply(payload, author, index)
            key = changed.log_key(self._party, index + 2)
            if key.public_key not in self._signers:
                raise RecordRefused(
                    "The private key of the log that comes in force is not at hand.",
                    where=where,
                    advice="Give it first.",
                )
            self.keyring = changed
        chain = chain_hash(envelope)
        entry = Entry(index, leaf_of(envelope, author.key.public_key), envelope, payload)
        if self._projections:
            self._projected += self._projections.apply(entry)
        self.planned.append(Planned(entry, chain, subject))
        self._known.chains[payload.sender, payload.channel] = (payload.seq, chain)
        self._known.places[payload.id] = Place(
            index, payload.sender, chain, entry.leaf, payload.kind
        )
        return entry


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
