"""Keys of the parties, each with the entries at which it is in force."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from detente import formats

from .cosignature import CosignatureVerifier
from .keys import Verifier
from .members import Terms

AUTHORS: Final = ("signing", "officer")
"""Purposes of keys that sign envelopes."""
AnyKey: TypeAlias = Verifier | CosignatureVerifier


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


@dataclass(frozen=True, slots=True)
class Tenure:
    """A key in its office: the entries from `since` to `until` (None: still in force).

    `good_until` is what a revocation says; the key may then sign nothing any more either.
    """

    party: str
    purpose: str
    holder: str
    key: AnyKey
    since: int
    until: int | None = None
    good_until: int | None = None

    def good_at(self, index: int) -> bool:
        """Whether it is in force for the entry at `index`."""
        return (
            self.since <= index
            and (self.until is None or index <= self.until)
            and (self.good_until is None or index <= self.good_until)
        )


def rotation_text(agreement: str, party: str, purpose: str, old: str, new: str) -> bytes:
    """What the keys sign to prove a rotation; `old` and `new` are vkeys."""
    words = (formats.ROTATION_CONTEXT, agreement, party, purpose, old, new)
    return "".join(f"{word}\n" for word in words).encode()


def tenures_of(terms: Terms, since: int) -> Iterator[Tenure]:
    """Every key that an agreement names, in its office from an entry on."""
    for member in terms.members:
        yield Tenure(member.id, "log", "", member.log, since)
        yield Tenure(member.id, "witness", "", member.witness, since)
        for key in member.signing:
            yield Tenure(member.id, "signing", "", key, since)
        for officer in member.officers:
            yield Tenure(member.id, "officer", officer.holder, officer.key, since)


def office_of(each: Tenure) -> tuple[str, str, str]:
    """Whose key it is, for what, and which."""
    return each.party, each.purpose, each.key.to_vkey()


def proves(key: AnyKey, text: bytes, proof: str) -> bool:
    """Whether the base64 is the key's plain Ed25519 signature over the text."""
    try:
        signature = binascii.a2b_base64(proof, strict_mode=True)
    except ValueError:
        return False
    # One spelling only: Python lets bits to spare be set, and a verifier of bundles refuses that.
    if binascii.b2a_base64(signature, newline=False).decode() != proof:
        return False
    return Verifier(key.name, key.public_key).verify(text, signature)
