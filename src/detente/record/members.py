"""What the record must know of an agreement: who takes part, with which keys, under what policy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .cosignature import CosignatureVerifier
from .keys import KeyInvalid, Verifier


@dataclass(frozen=True, slots=True)
class Officer:
    """A person who signs in a party's name.

    Attributes:
        holder: the officer's id within the party.
        key: the officer's public key.
    """

    holder: str
    key: Verifier


@dataclass(frozen=True, slots=True)
class Member:
    """A party and its keys, as they stand in the agreement.

    Attributes:
        id: short name within the agreement.
        names: language tag to the party's name in that language.
        log: signs the checkpoints of its log; the key's name is the log's origin.
        witness: cosigns the checkpoints of others.
        signing: keys of its node.
        officers: keys of its people.
    """

    id: str
    names: Mapping[str, str]
    log: Verifier
    witness: CosignatureVerifier
    signing: tuple[Verifier, ...]
    officers: tuple[Officer, ...] = ()

    @property
    def origin(self) -> str:
        """Name of its log."""
        return self.log.name

    def keys(self) -> Iterator[tuple[str, bytes]]:
        """Purpose and public key of each of its keys."""
        yield "log", self.log.public_key
        yield "witness", self.witness.public_key
        for key in self.signing:
            yield "signing", key.public_key
        for officer in self.officers:
            yield "officer", officer.key.public_key


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of an agreement, as far as it concerns the record.

    Attributes:
        agreement: its id.
        sha256: the agreement's hash, hexadecimal.
        version: counts from 1.
        members: the parties, in the agreement's order.
        neutral_witnesses: witnesses that are none of them.
        policies: origin of each log to the text of its policy (C2SP tlog-policy).

    Raises:
        KeyInvalid: a public key, a party or an origin stands in it twice, or a policy is missing.
    """

    agreement: str
    sha256: str
    version: int
    members: tuple[Member, ...]
    neutral_witnesses: tuple[CosignatureVerifier, ...]
    policies: Mapping[str, str]

    def __post_init__(self) -> None:
        seen: dict[bytes, str] = {}
        for owner, key in self._all_keys():
            if key in seen:
                raise KeyInvalid(
                    f"The public key {hashlib.sha256(key).hexdigest()[:16]}… (SHA-256) is also "
                    f"that of {seen[key]}.",
                    where=owner,
                    advice="Every purpose needs a key of its own: make a new one.",
                )
            seen[key] = owner
        ids = [member.id for member in self.members]
        origins = [member.origin for member in self.members]
        if len(set(ids)) != len(ids) or len(set(origins)) != len(origins):
            raise KeyInvalid("A party or the origin of a log stands in the agreement twice.")
        for origin in origins:
            if origin not in self.policies:
                raise KeyInvalid("The agreement has no policy for this log.", where=origin)

    def member(self, party: str) -> Member:
        """The party of that id.

        Raises:
            KeyError: there is none.
        """
        for member in self.members:
            if member.id == party:
                return member
        raise KeyError(party)

    def _all_keys(self) -> Iterator[tuple[str, bytes]]:
        for member in self.members:
            for purpose, key in member.keys():  # noqa: SIM118  # not a dictionary
                yield f"{purpose} key of {member.id}", key
        for witness in self.neutral_witnesses:
            yield f"witness {witness.name}", witness.public_key
