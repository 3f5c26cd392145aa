"""Which key of whom is good at which entry of one log.

A key is in force from the entry after the one that brings it: the agreement at index 0 (its keys
are good at once), a later version of it, or a rotation. A revocation says up to which entry of
which log a key was good. All of this stands in the log itself, so whoever has the log knows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .cosignature import CosignatureVerifier
from .entries import RecordRefused
from .envelope import Payload
from .keys import Verifier
from .members import Member, Terms


class KeyChangeRefused(RecordRefused):
    """A rotation or revocation of a key that its rules forbid."""

    code = "record.key_change"


@dataclass(frozen=True, slots=True)
class Author:
    """A key that may sign envelopes in a party's name.

    Attributes:
        party: the party's id.
        purpose: `signing` or `officer`.
        holder: the officer's id; empty for a node's key.
        key: the public key.
    """

    party: str
    purpose: str
    holder: str
    key: Verifier


class KeyRing:
    """The keys of an agreement, as they change along one log.

    Args:
        terms: of the agreement at index 0.
        origin: the log whose indices count.
    """

    def __init__(self, terms: Terms, origin: str) -> None:
        self._terms = terms
        self._origin = origin

    @property
    def terms(self) -> Terms:
        """The newest version in force."""
        return self._terms

    @property
    def origin(self) -> str:
        """The log whose indices count."""
        return self._origin

    def copy(self) -> KeyRing:
        """An independent copy."""
        raise NotImplementedError

    def author(self, party: str, key_name: str, index: int) -> Author | None:
        """The key of that name that may sign for a party in the entry at `index`, if any."""
        raise NotImplementedError

    def authors(self, party: str, index: int) -> list[Author]:
        """All keys that may sign for a party in the entry at `index`."""
        raise NotImplementedError

    def member(self, party: str, index: int) -> Member:
        """A party with the keys that are in force at `index`.

        Raises:
            KeyError: there is no such party.
        """
        raise NotImplementedError

    def log_key(self, party: str, size: int) -> Verifier:
        """The key that signs a party's checkpoint of `size` entries, by its own log's count."""
        raise NotImplementedError

    def witnesses(self, index: int) -> list[CosignatureVerifier]:
        """Keys whose cosignatures count at `index`: of every other party, and neutral ones."""
        raise NotImplementedError

    def check(self, payload: Payload, author: Author, index: int) -> None:
        """Refuse a rotation or revocation that may not be recorded at `index`.

        Raises:
            KeyChangeRefused: says which rule it breaks.
        """
        raise NotImplementedError

    def apply(self, payload: Payload, author: Author, index: int) -> None:
        """Take a `key-rotation` or `key-revocation` at `index` into account; others do nothing.

        Raises:
            KeyChangeRefused: as `check`; nothing has changed.
        """
        raise NotImplementedError

    def adopt(self, terms: Terms, index: int) -> None:
        """Take a new version of the agreement into account, whose entry is at `index`.

        Raises:
            KeyChangeRefused: it is of another agreement, not the next version, or brings back a
                key that was revoked.
        """
        raise NotImplementedError
