"""Looking at everything that a party's record has stored, for what contradicts what."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final, cast

from detente.errors import DetenteError

from .blobs import BlobStore, BlobUnusable
from .checkpoint import Checkpoint, NoteMalformed, NoteUnverified, open_checkpoint
from .dsse import Envelope, Signature
from .entries import Fault, Progress
from .envelope import chain_hash, read_payload
from .keyring import KeyRing
from .leaf import read_leaf
from .log import Head, SqlLog
from .merkle import Frontier, leaf_hash
from .nodes import NodeFile, NodesUnusable
from .party_gaps import read_gap
from .party_tables import LOST
from .payload import Payload, payload_type_of
from .statements import SqlRow

_PAGE: Final = 500
_FAULTS_MAX: Final = 1000

_ROWS: Final = (
    "SELECT e.position, e.leaf_hash, e.body, p.id, p.kind, p.sender, p.channel, p.seq, p.chain, "
    "p.author, p.payload, p.erased_by FROM entries AS e LEFT JOIN party_entries AS p "
    "ON p.position = e.position WHERE e.position >= ? ORDER BY e.position LIMIT ?"
)


class RecordCheck:
    """One look at a whole record. Collects at most a thousand faults."""

    def __init__(
        self, log: SqlLog, nodes: NodeFile, blobs: BlobStore, keyring: KeyRing, party: str
    ) -> None:
        self._log = log
        self._nodes = nodes
        self._blobs = blobs
        self._keyring = keyring
        self._party = party
        self._tree = Frontier()
        self._chains: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._seen_blobs: set[str] = set()
        self._erasures: dict[int, int] = {}
        self._stated: dict[int, tuple[int, str]] = {}
        self._digests: dict[int, str] = {}
        self._absent: dict[str, Fault] = {}
        self._withheld: set[str] = set()
        self._lost = 0
        self.faults: list[Fault] = []

    async def run(self, progress: Progress | None, upto: Head | None = None) -> list[Fault]:
        """Look at the entries up to the head as it is now, then at the checkpoints and the head.

        Args:
            upto: the head to look up to instead: of a record that another process is writing, whose
                hashes are read as far as they went when it was opened.

        Raises:
            LogUnavailable: the log could not be read.
        """
        head = await self._log.head() if upto is None else upto
        notes: dict[int, str] = {}
        noted_to = 0
        while self._tree.size < head.size and len(self.faults) < _FAULTS_MAX:
            begin = self._tree.size
            rows = await self._log.query(_ROWS, (begin, min(_PAGE, head.size - begin)))
            if noted_to <= begin:
                stored = await self._log.checkpoints(begin + 1, _PAGE)
                notes = {each.size: each.note for each in stored}
                noted_to = head.size if len(stored) < _PAGE else stored[-1].size
            if not await asyncio.to_thread(self._rows, rows, notes):
                break
            if progress is not None:
                progress(self._tree.size, head.size)
        if self._tree.size == head.size:
            if self._tree.root() != head.root:
                self._fault("head", "Its root is not that of the entries.")
            self._check_erasures()
            # A later entry may say that they never came.
            self.faults += [f for sha, f in self._absent.items() if sha not in self._withheld]
        else:
            self._fault(f"entry {self._tree.size}", f"It is missing; the head counts {head.size}.")
        return self.faults[:_FAULTS_MAX]

    def _rows(self, rows: Sequence[SqlRow], notes: dict[int, str]) -> bool:
        for row in rows:
            index = cast(int, row[0])
            if index != self._tree.size:
                return False
            stored_hash, body = cast(tuple[bytes, bytes], row[1:3])
            digest = leaf_hash(body)
            if digest != stored_hash:
                self._fault(f"entry {index}", "The leaf does not have the hash stored with it.")
            self._tree.append(digest)
            self._check_node(index, digest)
            if row[3] is None:
                self._fault(f"entry {index}", "Nothing is stored beside the leaf.")
            else:
                self._check_entry(index, body, row[3:])
            note = notes.get(index + 1)
            if note is not None:
                self._check_note(index + 1, note)
        return bool(rows)

    def _check_node(self, index: int, digest: bytes) -> None:
        try:
            same = self._nodes.read(0, index) == digest
            size = index + 1
            level = (size & -size).bit_length() - 1
            if same and level:
                # The largest subtree that this leaf completes: all below have their part in it.
                root = self._nodes.read(level, index >> level)
                same = root == self._tree.to_bytes()[-32:]
        except (ValueError, NodesUnusable) as error:
            self._fault(f"entry {index}", f"The file of hashes does not have it: {error}")
            return
        if not same:
            self._fault(f"entry {index}", "The file of hashes has another one for it.")

    def _check_entry(self, index: int, body: bytes, row: SqlRow) -> None:
        where = f"entry {index}"
        identity, kind, sender, channel, seq, chain, author, payload, erased_by = cast(
            tuple[bytes, str, str, str, int, bytes, str | None, bytes | None, int | None], row
        )
        number, previous = self._chains.get((sender, channel), (0, None))
        # What was lost, and then followed by what was not, leaves a gap in a channel.
        jumped = 0 < seq - number - 1 <= self._lost
        if jumped:
            self._lost -= seq - number - 1
        elif seq != number + 1:
            self._fault(where, f"It has number {seq} in its channel; {number + 1} is next.")
        self._chains[sender, channel] = (seq, chain)
        if kind == LOST:
            self._lost += 1
        try:
            leaf = read_leaf(body)
        except DetenteError as error:
            self._fault(where, f"The leaf cannot be read: {error}")
            return
        if erased_by is not None:
            self._erasures[index] = erased_by
            self._digests[index] = leaf.payload_sha256.hex()
            if payload is not None:
                self._fault(where, "It was erased, and its payload is there.")
            return
        if payload is None or author is None:
            self._fault(where, "Its payload is gone, and no entry says why.")
            return
        if hashlib.sha256(payload).digest() != leaf.payload_sha256:
            self._fault(where, "Its payload is not the one that the leaf has the hash of.")
            return
        try:
            envelope = Envelope(
                payload, payload_type_of(kind), (Signature(author, leaf.signature),)
            )
            said = read_payload(envelope)
        except DetenteError as error:
            self._fault(where, f"Its payload cannot be read: {error}")
            return
        if (said.id.bytes, said.sender, said.channel, said.seq) != (identity, sender, channel, seq):
            self._fault(where, "What stands beside it is not what it says.")
        if said.prev != previous and not jumped:
            self._fault(where, "It does not name the envelope before it in its channel.")
        if chain_hash(envelope) != chain:
            self._fault(where, "Its hash in the chain of its channel is another one.")
        self._check_author(index, envelope, said, leaf.public_key)
        self._check_blobs(index, said)
        if kind == "gap" and sender == self._party:
            self._check_gap(where, said)
        if kind == "withheld" and sender == self._party:
            self._withheld.update(map(str, cast(list[object], said.body.get("blobs") or [])))
        if kind == "erasure" and sender == self._party:
            target, digest = said.body.get("index"), said.body.get("payload_sha256")
            if isinstance(target, int):
                self._stated[target] = (index, str(digest))

    def _check_author(
        self, index: int, envelope: Envelope, said: Payload, public_key: bytes
    ) -> None:
        where = f"entry {index}"
        authors = self._keyring.ever(said.sender)
        author = next(
            (
                each
                for each in authors
                if each.key.name == said.author and each.key.public_key == public_key
            ),
            None,
        )
        if author is None:
            self._fault(where, f"{said.sender} has never had the key that its leaf names.")
        elif not author.key.verify(envelope.pae(), envelope.signatures[0].sig):
            self._fault(where, "The signature is wrong.")

    def _check_gap(self, where: str, said: Payload) -> None:
        sender = said.body.get("from")
        authors = self._keyring.ever(sender) if isinstance(sender, str) else []
        gap = read_gap(said, authors)
        if gap is None:
            self._fault(where, "No erasure by its author justifies the gap.")
            return
        channel, seq = gap.number[:2], gap.number[2]
        if self._chains.get(channel, (0, None))[0] + 1 != seq:
            self._fault(where, f"The gap is at number {seq}; that is not next.")
        self._chains[channel] = (seq, gap.chain)

    def _check_blobs(self, index: int, said: Payload) -> None:
        for blob in said.blobs:
            sha256 = blob.sha256.hex()
            if sha256 in self._seen_blobs:
                continue
            self._seen_blobs.add(sha256)
            try:
                self._blobs.open(sha256).close()
            except BlobUnusable as error:
                fault = Fault(f"entry {index}: blob {sha256}", error.message)
                if self._blobs.size(sha256) is None:
                    self._absent[sha256] = fault
                else:
                    self.faults.append(fault)

    def _check_note(self, size: int, note: str) -> None:
        where = f"checkpoint {size}"
        try:
            checkpoint = open_checkpoint(note, self._keyring.log_keys(self._party))
        except (NoteMalformed, NoteUnverified) as error:
            self._fault(where, f"It cannot be believed: {error}")
            return
        if checkpoint != Checkpoint(self._keyring.origin, size, self._tree.root()):
            self._fault(where, "It is not about the entries that are there.")

    def _check_erasures(self) -> None:
        for index, erased_by in self._erasures.items():
            if self._stated.get(index) != (erased_by, self._digests[index]):
                self._fault(f"entry {index}", f"Entry {erased_by} does not state its erasure.")
        for index, (stated, _) in self._stated.items():
            if index not in self._erasures:
                self._fault(f"entry {index}", f"Entry {stated} says it was erased; it was not.")

    def _fault(self, where: str, what: str) -> None:
        self.faults.append(Fault(where, what))
