"""Writing side and verifier on the same question: may this key sign at this index?

They share no code. The writer may be stricter: a revocation that is counted by another log, or that
names an entry to come, ends a key at once. So the law is: whatever the writer accepts, the verifier
accepts; and where no such revocation was made, both give the same answer.
"""

from __future__ import annotations

import base64
import string
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.support.party_records import AGREEMENT, START, Party, key, terms

from detente.record import (
    CosignatureVerifier,
    Ed25519Signer,
    JsonValue,
    KeyChangeRefused,
    KeyRing,
    Member,
    Payload,
    Terms,
    rotation_text,
)
from detente.verify import agreement as verifier_agreement
from detente.verify.dsse import Envelope
from detente.verify.keys import PublicKey
from detente.verify.payload import Item
from detente.verify.ring import KeyRing as VerifierRing
from detente.verify.strictjson import JsonObject

A, B = Party("a"), Party("b")
ORIGIN = A.log.name
PURPOSES = ("log", "witness", "signing", "officer")
AUTHORS = ("signing", "officer")

PLACES = st.integers(0, 7)
ROTATIONS = st.tuples(
    st.just("rotate"),
    st.sampled_from(["a", "b"]),
    st.sampled_from(PURPOSES),
    PLACES,  # which key is replaced
    PLACES,  # by whom
    st.sampled_from(["fresh", "fresh", "fresh", "same name", "a colleague's name", "used"]),
    st.sampled_from(["good", "good", "good", "good", "loose base64", "other key"]),
)
REVOCATIONS = st.tuples(
    st.just("revoke"),
    st.sampled_from(["a", "b"]),
    st.sampled_from(PURPOSES),
    PLACES,
    PLACES,
    st.sampled_from(["own", "own", "other"]),
    st.integers(-1, 14),
)
AMENDMENTS = st.tuples(
    st.just("amend"),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["as it is", "one more", "one less", "as it was", "another name"]),
)
NOTHING = st.tuples(st.just("message"))
HISTORIES = st.lists(ROTATIONS | REVOCATIONS | AMENDMENTS | NOTHING, max_size=12)


@dataclass
class Both:
    """One history, told to both."""

    terms: Terms = field(default_factory=lambda: terms(A, B))
    index: int = 0
    made: int = 0
    signers: dict[bytes, Ed25519Signer] = field(default_factory=dict)
    ended_early: set[bytes] = field(default_factory=set)
    keys: dict[bytes, tuple[str, str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for party in (A, B):
            for signer in (party.log, party.witness, party.node, party.officer, party.second):
                self.signers[signer.public_key] = signer
        self.writer = KeyRing(self.terms, ORIGIN)
        self.verifier = VerifierRing(agreement_of(self.terms))
        self._know(self.terms)

    def _know(self, agreed: Terms) -> None:
        for member in agreed.members:
            for purpose, name, raw in offices(member):
                self.keys[raw] = (member.id, purpose, name)

    def of(self, party: str, purpose: str) -> list[Ed25519Signer]:
        found = [raw for raw, office in self.keys.items() if office[:2] == (party, purpose)]
        return [self.signers[raw] for raw in found]

    def authors(self, party: str) -> list[Ed25519Signer]:
        return self.of(party, "signing") + self.of(party, "officer")

    def new(self, name: str) -> Ed25519Signer:
        self.made += 1
        signer = key(name, self.made)
        self.signers[signer.public_key] = signer
        return signer

    def tell(self, kind: str, party: str, body: dict[str, JsonValue], by: Ed25519Signer) -> bool:
        """An entry that changes keys; whether the writer takes it."""
        payload = Payload(
            kind, bytes(32), AGREEMENT, by.name, party, "keys", 1, None, START,
            UUID("01a20320-a5e8-7c24-b165-1c59b30f92a5"), bytes(16), "actual", (), (), (), body,
        )  # fmt: skip
        # As a node does it: it finds its own key by its bytes, and others' keys by their names.
        author = next(
            (
                each
                for each in self.writer.authors(party, self.index)
                if each.key.public_key == by.public_key
            ),
            None,
        )
        if author is None:
            return False
        assert self.writer.author(party, by.name, self.index) == author
        try:
            self.writer.apply(payload, author, self.index)
        except KeyChangeRefused as error:
            event(f"refused: {error.message}")
            return False
        item = Item(
            self.index, kind, AGREEMENT, party, by.name, "keys", "", "actual", 1, "", "", (),
            "", "", by.public_key, (), (), cast(JsonObject, body),
        )  # fmt: skip
        # The law: this raises nothing.
        if kind == "key-rotation":
            self.verifier.rotate(item)
        else:
            self.verifier.revoke(item, ORIGIN)
        event(f"taken: {kind}")
        return True

    def compare(self) -> None:
        """Ask both about every key and entry so far, and the next ones."""
        for raw, (party, _, name) in self.keys.items():
            for index in range(self.index + 3):
                ours = next(
                    (
                        each
                        for each in self.writer.authors(party, index)
                        if each.key.public_key == raw
                    ),
                    None,
                )
                theirs = self.verifier.author(party, name, raw, index)
                if theirs is not None and theirs.good_until is not None:
                    theirs = theirs if index <= theirs.good_until else None
                if ours is not None:
                    assert theirs is not None, (name, index)
                    assert (ours.purpose, ours.holder) == (
                        theirs.entry.purpose,
                        theirs.entry.holder,
                    )
                elif raw not in self.ended_early:
                    assert theirs is None, (name, index)
        for size in (self.index + 1, self.index + 2):  # checkpoints that are signed now
            signs = self.writer.log_key("a", size).public_key
            assert any(
                slot.entry.key.raw == signs and slot.covers(size)
                for slot in self.verifier.slots("a", "log")
            ), size
            counted = {each.public_key for each in self.writer.peers(size - 1).values()}
            assert all(
                any(
                    slot.covers(size)
                    for slot in self.verifier.line_of(raw)
                    if slot.entry.key.raw == raw
                )
                for raw in counted
            ), size


def offices(member: Member) -> list[tuple[str, str, bytes]]:
    return [
        ("log", member.log.name, member.log.public_key),
        ("witness", member.witness.name, member.witness.public_key),
        *(("signing", each.name, each.public_key) for each in member.signing),
        *(("officer", each.key.name, each.key.public_key) for each in member.officers),
    ]


def agreement_of(agreed: Terms) -> verifier_agreement.Agreement:
    """The same version, as the verifier holds it."""
    holders = {
        officer.key.public_key: officer.holder
        for member in agreed.members
        for officer in member.officers
    }
    parties = tuple(
        verifier_agreement.Party(
            member.id,
            member.names,
            tuple(
                verifier_agreement.PartyKey(
                    member.id,
                    purpose,
                    PublicKey(name, 4 if purpose == "witness" else 1, raw),
                    holders.get(raw, ""),
                )
                for purpose, name, raw in offices(member)
            ),
        )
        for member in agreed.members
    )
    return verifier_agreement.Agreement(
        agreed.agreement, agreed.version, "", {}, {}, parties, {}, agreed.policies,
        agreed.sha256, Envelope(b"", "", ()),
    )  # fmt: skip


def vkey(signer: Ed25519Signer, purpose: str) -> str:
    if purpose == "witness":
        return CosignatureVerifier.of(signer).to_vkey()
    return signer.verifier.to_vkey()


def loose(signature: bytes) -> str:
    """Base64 that decodes to it, with a bit set that canonical base64 leaves zero."""
    text = base64.b64encode(signature).decode()
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    return f"{text[:-3]}{digits[digits.index(text[-3]) ^ 1]}=="


def rotate(both: Both, party: str, purpose: str, at: int, by: int, new: str, proof: str) -> None:
    held = both.of(party, purpose)
    old = held[at % len(held)]
    author = old if purpose in AUTHORS and by % 4 else pick(both.authors(party), by)
    if purpose not in AUTHORS and by % 4:
        author = pick(both.of(party, "signing"), by)
    name = {
        "same name": old.name,
        "a colleague's name": pick(both.authors(party), at).name,
    }.get(new, old.name if purpose == "log" else f"{party}.example/{purpose}-{both.made}")
    signer = pick(list(both.signers.values()), by) if new == "used" else both.new(name)
    words = vkey(old, purpose), vkey(signer, purpose)
    text = rotation_text(AGREEMENT, party, purpose, *words)
    signature = (old if proof == "other key" else signer).sign(text)
    spell = loose if proof == "loose base64" else lambda data: base64.b64encode(data).decode()
    body: dict[str, JsonValue] = {
        "party": party, "purpose": purpose, "old": words[0], "new": words[1],
        "proof": spell(signature),
    }  # fmt: skip
    if purpose not in AUTHORS:
        body["old_proof"] = spell(old.sign(text))
    if both.tell("key-rotation", party, body, author):
        both.keys[signer.public_key] = (party, purpose, signer.name)


def revoke(both: Both, party: str, purpose: str, at: int, by: int, log: str, until: int) -> None:
    meant = pick(both.of(party, purpose), at)
    body: dict[str, JsonValue] = {
        "party": party, "key": vkey(meant, purpose), "good_until_index": until,
        "origin": ORIGIN if log == "own" else B.log.name, "reason": "lost",
    }  # fmt: skip
    taken = both.tell("key-revocation", party, body, pick(both.authors(party), by))
    if taken and (log == "other" or until > both.index):
        both.ended_early.add(meant.public_key)


def amend(both: Both, party: str, how: str) -> None:
    now = both.writer
    members = []
    for each in both.terms.members:
        member = now.member(each.id, both.index + 1) if how != "as it was" else each
        if each.id == party and how == "one more":
            new = both.new(f"{party}.example/node-more-{both.made}")
            member = replace(member, signing=(*member.signing, new.verifier))
        elif each.id == party and how == "one less":
            member = replace(member, officers=member.officers[1:])
        elif each.id == party and how == "another name" and member.signing:
            first = replace(member.signing[0], name=f"{party}.example/renamed")
            member = replace(member, signing=(first, *member.signing[1:]))
        members.append(member)
    version = replace(
        now.terms,
        version=now.terms.version + 1,
        sha256=f"{now.terms.version + 1:064x}",
        members=tuple(members),
    )
    try:
        both.writer.adopt(version, both.index)
    except KeyChangeRefused as error:
        event(f"refused: {error.message}")
        return
    event("taken: agreement")
    both.verifier.amend(both.index, agreement_of(version))
    both.terms = version
    both._know(version)


def pick(signers: list[Ed25519Signer], at: int) -> Ed25519Signer:
    return signers[at % len(signers)]


@settings(max_examples=300)
@given(HISTORIES)
def test_whatever_the_writer_accepts_the_verifier_accepts(
    history: list[tuple[object, ...]],
) -> None:
    both = Both()
    for step in history:
        both.index += 1
        kind, *rest = step
        if kind == "rotate":
            rotate(both, *rest)  # type: ignore[arg-type]
        elif kind == "revoke":
            revoke(both, *rest)  # type: ignore[arg-type]
        elif kind == "amend":
            amend(both, *rest)  # type: ignore[arg-type]
        both.compare()
