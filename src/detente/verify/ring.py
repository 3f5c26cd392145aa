"""Which key of whom is good where in the log.

Keys change along the log: a rotation puts a new key in the place of an old one from the next entry
on, a revocation says up to which entry a key is believed, and a new version of the agreement may
bring others. Every question is therefore asked for an index.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from detente.formats import ROTATION_CONTEXT

from .agreement import SIGNING, Agreement, PartyKey
from .encodings import unb64
from .errors import VerifyError
from .keys import PublicKey, algorithm_of
from .payload import Item, is_whole


@dataclass(slots=True)
class Slot:
    """A key and the entries it is good for.

    Attributes:
        since, until: first and last index, `until` None while it is in force.
        place: the first key of its line of rotations, so that a policy's name keeps its meaning.
        good_until, revoked_at: what a revocation says, and the index where it says so.
    """

    entry: PartyKey
    since: int
    place: bytes
    until: int | None = None
    good_until: int | None = None
    revoked_at: int | None = None

    def good_at(self, index: int) -> bool:
        """Whether an entry at that index may bear this key, revocations aside."""
        return self.since <= index and (self.until is None or index <= self.until)

    def covers(self, size: int) -> bool:
        """Whether a checkpoint of that size may bear this key.

        At the size where the keys change hands, both are good: it may be signed before and after.
        """
        if self.good_until is not None and size - 1 > self.good_until:
            return False
        return self.since <= size and (self.until is None or size - 1 <= self.until)


class KeyRing:
    """All keys that ever stood in the agreement or in a rotation."""

    def __init__(self, agreement: Agreement) -> None:
        # By what each is asked for, as there may be ten thousands; `_open` has those in force.
        self._by_author: dict[tuple[str, str, bytes], list[Slot]] = {}
        self._by_purpose: dict[tuple[str, str], list[Slot]] = {}
        self._by_vkey: dict[str, list[Slot]] = {}
        self._by_raw: dict[bytes, list[Slot]] = {}
        self._by_place: dict[bytes, list[Slot]] = {}
        self._open: dict[int, Slot] = {}
        self._raw: set[bytes] = {key.raw for key in agreement.witnesses.values()}
        self.versions: list[tuple[int, Agreement]] = [(0, agreement)]
        for entry in agreement.keys:
            self._add(Slot(entry, 0, entry.key.raw))

    def _add(self, slot: Slot) -> None:
        entry, key = slot.entry, slot.entry.key
        self._raw.add(key.raw)
        self._by_author.setdefault((entry.party, key.name, key.raw), []).append(slot)
        self._by_purpose.setdefault((entry.party, entry.purpose), []).append(slot)
        self._by_vkey.setdefault(key.vkey, []).append(slot)
        self._by_raw.setdefault(key.raw, []).append(slot)
        self._by_place.setdefault(slot.place, []).append(slot)
        self._open[id(slot)] = slot

    def _close(self, slot: Slot, index: int) -> None:
        slot.until = index
        del self._open[id(slot)]

    def agreement_at(self, index: int) -> Agreement:
        """The version in force for the entry at that index."""
        return self.versions[bisect_right(self.versions, index, key=itemgetter(0)) - 1][1]

    def author(self, party: str, name: str, raw: bytes, index: int) -> Slot | None:
        """The signing or officer key of that party and name that may sign at that index."""
        for slot in self._by_author.get((party, name, raw), ()):
            if slot.entry.purpose in SIGNING and slot.good_at(index):
                return slot
        return None

    def slots(self, party: str, purpose: str) -> Iterator[Slot]:
        """Every key that the party ever had for the purpose."""
        return iter(self._by_purpose.get((party, purpose), ()))

    def line_of(self, raw: bytes) -> list[Slot]:
        """The key of a policy and all that came in its place; empty for keys of no party."""
        places = {slot.place for slot in self._by_raw.get(raw, ())}
        return [slot for place in places for slot in self._by_place[place]]

    def in_force(self, index: int) -> list[PartyKey]:
        """The signing keys that are good at an index, as far as the log has been followed."""
        return [
            slot.entry
            for slot in self._open.values()
            if slot.entry.purpose in SIGNING
            and slot.good_at(index)
            and (slot.good_until is None or index <= slot.good_until)
        ]

    def amend(self, index: int, agreement: Agreement) -> None:
        """A new version is in force from the next entry on."""
        self.versions.append((index + 1, agreement))
        self._raw.update(key.raw for key in agreement.witnesses.values())
        kept = {(key.party, key.purpose, key.key.raw): key for key in agreement.keys}
        for slot in list(self._open.values()):
            entry = slot.entry
            place = (entry.party, entry.purpose, entry.key.raw)
            if kept.pop(place, None) is None:
                self._close(slot, index)
        for entry in kept.values():
            self._add(Slot(entry, index + 1, entry.key.raw))

    def rotate(self, item: Item) -> None:
        """Apply a key-rotation.

        Raises:
            VerifyError: key.rotation, key.unusable, key.duplicate.
        """
        where = f"entry {item.position}"
        words = [item.body.get(name) for name in ("party", "purpose", "old", "new", "proof")]
        party, purpose, old_vkey, new_vkey, proof = (
            word if isinstance(word, str) else "" for word in words
        )
        if party != item.sender:
            raise VerifyError("key.rotation", where, "of another party's key")
        old = next(
            (
                slot
                for slot in self._by_vkey.get(old_vkey, ())
                if (slot.entry.party, slot.entry.purpose, slot.until) == (party, purpose, None)
            ),
            None,
        )
        author = self.author(item.sender, item.author, item.key, item.position)
        if old is None or author is None:
            raise VerifyError("key.rotation", where, "the old key or the author is not in force")
        if old.good_until is not None and item.position > old.good_until:
            raise VerifyError("key.rotation", where, "the old key is revoked")
        if author.good_until is not None and item.position > author.good_until:
            raise VerifyError("key.rotation", where, "by a key that is revoked")
        new = PublicKey.read(new_vkey, where)
        if new.algorithm != algorithm_of(purpose):
            raise VerifyError("key.rotation", where, "signature type of the new key")
        if new.raw in self._raw:
            raise VerifyError("key.duplicate", where, new.name)
        text = (
            f"{ROTATION_CONTEXT}\n{item.agreement}\n{party}\n{purpose}\n{old_vkey}\n{new_vkey}\n"
        ).encode()
        if not new.verifies(text, unb64(proof) or b""):
            raise VerifyError("key.rotation", where, "proof by the new key")
        if purpose in SIGNING:
            if author is not old:
                raise VerifyError("key.rotation", where, "not signed by the old key")
        else:
            old_proof = item.body.get("old_proof")
            data = unb64(old_proof) if isinstance(old_proof, str) else None
            if author.entry.purpose != "signing" or not old.entry.key.verifies(text, data or b""):
                raise VerifyError("key.rotation", where, "proof by the old key")
        self._close(old, item.position)
        entry = PartyKey(party, purpose, new, old.entry.holder)
        self._add(Slot(entry, item.position + 1, old.place))

    def revoke(self, item: Item, origin: str) -> None:
        """Apply a key-revocation found in the log `origin`.

        One that counts by another log says nothing of the entries before it; after it, nobody who
        reads this log can believe the key either.

        Raises:
            VerifyError: key.revoked; it is not by another valid key of that party.
        """
        where = f"entry {item.position}"
        party, vkey, until = (item.body.get(name) for name in ("party", "key", "good_until_index"))
        author = self.author(item.sender, item.author, item.key, item.position)
        slots = self._by_vkey.get(vkey, []) if isinstance(vkey, str) else []
        if author is None or party != item.sender or not is_whole(until) or until < 0:
            raise VerifyError("key.revoked", where, "not a revocation by that party")
        if not slots or any(slot is author or slot.entry.party != party for slot in slots):
            raise VerifyError("key.revoked", where, "not by another key of that party")
        if author.good_until is not None and item.position > author.good_until:
            raise VerifyError("key.revoked", where, "by a key that is revoked itself")
        last = until if item.body.get("origin") == origin else item.position
        for slot in slots:
            if slot.good_until is None or last < slot.good_until:
                slot.good_until, slot.revoked_at = last, item.position
