"""Which key of whom is good at which entry of one log.

A key is in force from the entry after the one that brings it: the agreement at index 0 (its keys
are good at once), a later version of it, or a rotation. A revocation says up to which entry of
which log a key was good. All of this stands in the log itself, so whoever has the log knows it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from detente import formats

from .cosignature import CosignatureVerifier
from .entries import RecordRefused
from .keys import KeyInvalid, Verifier
from .members import Member, Officer, Terms
from .payload import Payload
from .tenures import AUTHORS, AnyKey, Author, Tenure, office_of, proves, rotation_text, tenures_of


class KeyChangeRefused(RecordRefused):
    """A rotation or revocation of a key that its rules forbid."""

    code: ClassVar[str] = "record.key_change"


class KeyRing:
    """The keys of an agreement, as they change along one log.

    Args:
        terms: of the agreement at index 0.
        origin: the log whose indices count.
    """

    def __init__(self, terms: Terms, origin: str) -> None:
        self._versions: list[tuple[int, Terms]] = [(0, terms)]
        self._origin = origin
        self._tenures: list[Tenure] = list(tenures_of(terms, 0))
        self._replaced: dict[bytes, bytes] = {}

    @property
    def terms(self) -> Terms:
        """The newest version in force."""
        return self._versions[-1][1]

    @property
    def origin(self) -> str:
        """The log whose indices count."""
        return self._origin

    def copy(self) -> KeyRing:
        """An independent copy."""
        twin = KeyRing.__new__(KeyRing)
        twin._versions = self._versions.copy()
        twin._origin = self._origin
        twin._tenures = self._tenures.copy()
        twin._replaced = self._replaced.copy()
        return twin

    def terms_at(self, index: int) -> Terms:
        """The version in force for the entry at `index`."""
        return next(terms for since, terms in reversed(self._versions) if since <= index)

    def author(self, party: str, key_name: str, index: int) -> Author | None:
        """The key of that name that may sign for a party in the entry at `index`, if any."""
        for author in self.authors(party, index):
            if author.key.name == key_name:
                return author
        return None

    def authors(self, party: str, index: int) -> list[Author]:
        """All keys that may sign for a party in the entry at `index`, in the agreement's order."""
        return [
            Author(each.party, each.purpose, each.holder, each.key)
            for each in self._tenures
            if each.party == party
            and each.purpose in AUTHORS
            and each.good_at(index)
            and isinstance(each.key, Verifier)
        ]

    def ever(self, party: str) -> list[Author]:
        """All keys that could ever sign for a party, revoked ones too."""
        return [
            Author(each.party, each.purpose, each.holder, each.key)
            for each in self._tenures
            if each.party == party and each.purpose in AUTHORS and isinstance(each.key, Verifier)
        ]

    def before(self, key: Verifier) -> Verifier | None:
        """The key that a rotation replaced by this one; None if there was none, or it was revoked.

        It signs no entries any more. Who has not heard of the rotation knows its owner by it.
        """
        old = self._replaced.get(key.public_key)
        for each in self._tenures:
            if each.key.public_key == old and isinstance(each.key, Verifier):
                return each.key if each.good_until is None else None
        return None

    def member(self, party: str, index: int) -> Member:
        """A party with the keys that are in force at `index`.

        A log or witness key that was revoked and not replaced is still named: there is no other.

        Raises:
            KeyError: there is no such party.
        """
        listed = self.terms_at(index).member(party)
        authors = self.authors(party, index)
        witness = self._office(party, "witness", index)
        return replace(
            listed,
            log=self.log_key(party, index + 1),
            witness=witness if isinstance(witness, CosignatureVerifier) else listed.witness,
            signing=tuple(each.key for each in authors if each.purpose == "signing"),
            officers=tuple(
                Officer(each.holder, each.key) for each in authors if each.purpose == "officer"
            ),
        )

    def log_key(self, party: str, size: int) -> Verifier:
        """The key that signs a party's checkpoint of `size` entries, by its own log's count.

        Raises:
            KeyError: there is no such party.
        """
        key = self._office(party, "log", max(0, size - 1))
        if isinstance(key, Verifier):
            return key
        return self.terms_at(max(0, size - 1)).member(party).log

    def witness_revoked(self, party: str, index: int) -> bool:
        """Whether a party's witness key was revoked and has no successor."""
        return self._office(party, "witness", index) is None

    def log_keys(self, party: str) -> list[Verifier]:
        """Every log key that a party ever had."""
        return [
            each.key
            for each in self._tenures
            if each.party == party and each.purpose == "log" and isinstance(each.key, Verifier)
        ]

    def witness_keys(self, party: str) -> list[CosignatureVerifier]:
        """Every witness key that a party ever had."""
        return [
            each.key
            for each in self._tenures
            if each.party == party
            and each.purpose == "witness"
            and isinstance(each.key, CosignatureVerifier)
        ]

    def witnesses(self, index: int) -> list[CosignatureVerifier]:
        """Keys whose cosignatures count at `index`: of every other party, and neutral ones."""
        return [*self.peers(index).values(), *self.terms_at(index).neutral_witnesses]

    def peers(self, index: int) -> dict[str, CosignatureVerifier]:
        """Id of every other party to its witness key, at `index`; revoked keys are left out."""
        return {
            each.party: each.key
            for each in self._tenures
            if each.purpose == "witness"
            and each.good_at(index)
            and isinstance(each.key, CosignatureVerifier)
            and self.terms_at(index).member(each.party).origin != self._origin
        }

    def check(self, payload: Payload, author: Author, index: int) -> None:
        """Refuse a rotation or revocation that may not be recorded at `index`.

        Raises:
            KeyChangeRefused: says which rule it breaks.
        """
        self.copy().apply(payload, author, index)

    def apply(self, payload: Payload, author: Author, index: int) -> None:
        """Take a `key-rotation` or `key-revocation` at `index` into account; others do nothing.

        Raises:
            KeyChangeRefused: as `check`; nothing has changed.
        """
        if payload.kind == "key-rotation":
            self._rotate(payload, author, index)
        elif payload.kind == "key-revocation":
            self._revoke(payload, author, index)

    def adopt(self, terms: Terms, index: int) -> None:
        """Take a new version of the agreement into account, whose entry is at `index`.

        Its keys are in force from the next entry on; keys that it has no more end with this one.

        Raises:
            KeyChangeRefused: it is of another agreement, not the next version, or brings back a
                key that was replaced or revoked.
        """
        now = self.terms
        if terms.agreement != now.agreement or terms.version != now.version + 1:
            raise KeyChangeRefused(
                f"Version {now.version} of {now.agreement!r} is followed by its next version only."
            )
        wanted = {office_of(each): each for each in tenures_of(terms, index + 1)}
        kept: list[Tenure] = []
        for each in self._tenures:
            if each.until is None and each.good_until is None and office_of(each) in wanted:
                del wanted[office_of(each)]
                kept.append(each)
            else:
                kept.append(each if each.until is not None else replace(each, until=index))
        gone = {each.key.public_key for each in self._tenures}
        for each in wanted.values():
            if each.key.public_key in gone:
                raise KeyChangeRefused(
                    "A key that was revoked, replaced or meant for something else comes back.",
                    where=each.key.name,
                    advice="Make a new key.",
                )
        self._tenures = [*kept, *wanted.values()]
        self._versions.append((index + 1, terms))

    def _office(self, party: str, purpose: str, index: int) -> AnyKey | None:
        for each in self._tenures:
            if (each.party, each.purpose) == (party, purpose) and each.good_at(index):
                return each.key
        return None

    def _rotate(self, payload: Payload, author: Author, index: int) -> None:
        where = f"key-rotation {payload.id}"
        party, purpose = _text(payload, "party", where), _text(payload, "purpose", where)
        old_vkey, new_vkey = _text(payload, "old", where), _text(payload, "new", where)
        if party != payload.sender:
            raise KeyChangeRefused("A party rotates its own keys only.", where=where)
        if purpose not in formats.PURPOSES:
            raise KeyChangeRefused(
                f"The purpose is one of {', '.join(formats.PURPOSES)}.", where=where
            )
        at, old = self._in_force(party, purpose, old_vkey, index, where)
        try:
            new: AnyKey = (
                CosignatureVerifier.from_vkey(new_vkey)
                if purpose == "witness"
                else Verifier.from_vkey(new_vkey)
            )
        except KeyInvalid as error:
            raise KeyChangeRefused(f"The new key cannot be used: {error}", where=where) from error
        if new.public_key in self._known_keys():
            raise KeyChangeRefused("The new key is or was used already.", where=where)
        if any(each.party != party and each.key.name == new.name for each in self._tenures):
            raise KeyChangeRefused("Another party's key has that name.", where=where)
        if any(
            each.party == party
            and each.until is None
            and each.key.name == new.name
            and each.key.public_key != old.key.public_key
            for each in self._tenures
        ):
            raise KeyChangeRefused("Another key of the party has that name.", where=where)
        if purpose == "log" and new.name != old.key.name:
            raise KeyChangeRefused("A log key's name is the log's origin: that stays.", where=where)
        text = rotation_text(payload.agreement, party, purpose, old_vkey, new_vkey)
        if not proves(new, text, _text(payload, "proof", where)):
            raise KeyChangeRefused("The proof is not by the new key.", where=where)
        if purpose in AUTHORS:
            if author.key.public_key != old.key.public_key:
                raise KeyChangeRefused("The old key has not signed it.", where=where)
        elif author.purpose != "signing":
            raise KeyChangeRefused("It is not signed by a key of the party's node.", where=where)
        elif not proves(old.key, text, _text(payload, "old_proof", where)):
            raise KeyChangeRefused("The old proof is not by the old key.", where=where)
        self._tenures[at] = replace(old, until=index)
        self._tenures.append(Tenure(party, purpose, old.holder, new, index + 1))
        self._replaced[new.public_key] = old.key.public_key

    def _revoke(self, payload: Payload, author: Author, index: int) -> None:
        where = f"key-revocation {payload.id}"
        until = payload.body.get("good_until_index")
        if not isinstance(until, int) or isinstance(until, bool) or until < 0:
            raise KeyChangeRefused("`good_until_index` is a number from 0 on.", where=where)
        _text(payload, "origin", where)
        vkey, party = _text(payload, "key", where), _text(payload, "party", where)
        if party != payload.sender:
            raise KeyChangeRefused("A party revokes its own keys only.", where=where)
        found = [
            at
            for at, each in enumerate(self._tenures)
            if each.party == party and each.key.to_vkey() == vkey
        ]
        if not found:
            raise KeyChangeRefused("The party has never had that key.", where=where)
        if any(self._tenures[at].key.public_key == author.key.public_key for at in found):
            raise KeyChangeRefused("A key cannot revoke itself.", where=where)
        if any(self._signs_this_log(self._tenures[at]) for at in found):
            raise KeyChangeRefused(
                "It signs this log: without it there would be no more checkpoints.",
                where=where,
                advice="Replace it first, then revoke it.",
            )
        # Whichever log it counts by, the key is not to be used any more once this is known.
        last = min(until, index) if payload.body["origin"] == self._origin else index
        for at in found:
            each = self._tenures[at]
            earlier = last if each.good_until is None else min(last, each.good_until)
            self._tenures[at] = replace(each, good_until=earlier)

    def _signs_this_log(self, each: Tenure) -> bool:
        return each.purpose == "log" and each.key.name == self._origin and each.until is None

    def _in_force(
        self, party: str, purpose: str, vkey: str, index: int, where: str
    ) -> tuple[int, Tenure]:
        for at, each in enumerate(self._tenures):
            if (each.party, each.purpose) != (party, purpose) or each.key.to_vkey() != vkey:
                continue
            # Replaced within the same batch of entries is replaced, too.
            if each.until is None and each.good_at(index):
                return at, each
        raise KeyChangeRefused("The old key is not in force for that purpose.", where=where)

    def _known_keys(self) -> set[bytes]:
        neutral = (key for _, terms in self._versions for key in terms.neutral_witnesses)
        return {
            *(each.key.public_key for each in self._tenures),
            *(key.public_key for key in neutral),
        }


def _text(payload: Payload, name: str, where: str) -> str:
    value = payload.body.get(name)
    if not isinstance(value, str):
        raise KeyChangeRefused(f"`{name}` is a text.", where=where)
    return value
