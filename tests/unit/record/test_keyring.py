from __future__ import annotations

import base64
from dataclasses import replace
from uuid import UUID

import pytest
from tests.support.party_records import AGREEMENT, NEUTRAL, START, A, B, C, key, terms

from detente.record import (
    CosignatureVerifier,
    Ed25519Signer,
    JsonValue,
    KeyChangeRefused,
    KeyInvalid,
    KeyRing,
    Payload,
    rotation_text,
)

NEW = key("a.example/node-2")


def payload(kind: str, body: dict[str, JsonValue], sender: str = "a") -> Payload:
    return Payload(
        kind, bytes(32), AGREEMENT, "x", sender, "keys", 1, None, START,
        UUID("01a20320-a5e8-7c24-b165-1c59b30f92a5"), bytes(16), "actual", (), (), (), body,
    )  # fmt: skip


def vkey(signer: Ed25519Signer, purpose: str) -> str:
    if purpose == "witness":
        return CosignatureVerifier.of(signer).to_vkey()
    return signer.verifier.to_vkey()


def rotation(
    old: Ed25519Signer, new: Ed25519Signer, purpose: str = "signing", /, **changes: JsonValue
) -> Payload:
    words = vkey(old, purpose), vkey(new, purpose)
    text = rotation_text(AGREEMENT, "a", purpose, *words)
    body: dict[str, JsonValue] = {
        "party": "a", "purpose": purpose, "old": words[0], "new": words[1],
        "proof": base64.b64encode(new.sign(text)).decode(),
        "old_proof": base64.b64encode(old.sign(text)).decode(),
        **changes,
    }  # fmt: skip
    return payload("key-rotation", body)


def revocation(signer: Ed25519Signer, until: JsonValue, **changes: JsonValue) -> Payload:
    body: dict[str, JsonValue] = {
        "party": "a", "key": signer.verifier.to_vkey(), "good_until_index": until,
        "origin": A.log.name, "reason": "lost", **changes,
    }  # fmt: skip
    return payload("key-revocation", body)


class Ring:
    """A ring that is told who signed by the key alone."""

    def __init__(self) -> None:
        self.ring = KeyRing(terms(A, B), A.log.name)

    def apply(self, what: Payload, by: Ed25519Signer, index: int) -> None:
        author = next(
            each
            for each in self.ring.authors(what.sender, index)
            if each.key.public_key == by.public_key
        )
        before = self.names(index)
        self.ring.check(what, author, index)
        assert self.names(index) == before
        self.ring.apply(what, author, index)

    def names(self, index: int) -> list[str]:
        return [each.key.name for each in self.ring.authors("a", index)]


@pytest.fixture
def ring() -> Ring:
    return Ring()


def test_the_agreements_keys_are_good_at_once(ring: Ring) -> None:
    assert ring.names(0) == [A.node.name, A.officer.name, A.second.name]
    officer = ring.ring.author("a", A.officer.name, 0)
    assert officer is not None
    assert (officer.purpose, officer.holder) == ("officer", "a-1")
    assert ring.ring.author("b", A.officer.name, 0) is None
    assert ring.ring.author("a", A.log.name, 0) is None


def test_a_new_key_is_good_from_the_next_entry_on(ring: Ring) -> None:
    ring.apply(rotation(A.node, NEW), A.node, 5)

    assert ring.names(5) == [A.node.name, A.officer.name, A.second.name]
    assert ring.names(6) == [A.officer.name, A.second.name, NEW.name]
    assert [each.name for each in ring.ring.member("a", 6).signing] == [NEW.name]
    assert [each.name for each in ring.ring.member("a", 5).signing] == [A.node.name]


def test_a_key_is_not_rotated_twice(ring: Ring) -> None:
    ring.apply(rotation(A.node, NEW), A.node, 5)
    third = key("a.example/node-3")

    # At the very same entry the old key could sign still, but it is replaced.
    with pytest.raises(KeyChangeRefused, match="not in force"):
        ring.apply(rotation(A.node, third), A.node, 5)
    with pytest.raises(KeyChangeRefused, match="not in force"):
        ring.apply(rotation(A.node, third), NEW, 7)
    ring.apply(rotation(NEW, third), NEW, 7)
    assert third.name in ring.names(8)


@pytest.mark.parametrize("purpose", ["log", "witness"])
def test_log_and_witness_keys_change_by_the_nodes_word(ring: Ring, purpose: str) -> None:
    old = getattr(A, purpose)
    new = key(old.name, 2)
    change = rotation(old, new, purpose)

    with pytest.raises(KeyChangeRefused, match="party's node"):
        ring.apply(change, A.officer, 3)
    with pytest.raises(KeyChangeRefused, match="old proof"):
        ring.apply(rotation(old, new, purpose, old_proof="AAAA"), A.node, 3)
    ring.apply(change, A.node, 3)

    before, after = ring.ring.member("a", 3), ring.ring.member("a", 4)
    assert getattr(before, purpose).public_key == old.public_key
    assert getattr(after, purpose).public_key == new.public_key


def test_a_logs_name_stays(ring: Ring) -> None:
    with pytest.raises(KeyChangeRefused, match="origin"):
        ring.apply(rotation(A.log, key("a.example/other"), "log"), A.node, 3)


@pytest.mark.parametrize(
    ("change", "by", "match"),
    [
        (rotation(A.node, NEW, proof="AAAA"), A.node, "proof"),
        (rotation(A.node, NEW, proof="no base64"), A.node, "proof"),
        (rotation(A.node, key(A.officer.name, 2)), A.node, "has that name"),
        (rotation(A.node, NEW), A.officer, "old key has not signed"),
        (rotation(A.node, NEW, party="b"), A.node, "its own keys"),
        (rotation(A.node, NEW, old=B.node.verifier.to_vkey()), A.node, "not in force"),
        (rotation(A.node, NEW, new="nonsense"), A.node, "cannot be used"),
        (rotation(A.node, B.node), A.node, "used already"),
        (rotation(A.node, A.witness), A.node, "used already"),
        (rotation(A.node, NEW, new=7), A.node, "is a text"),
        (replace(rotation(A.node, NEW), sender="b"), B.node, "its own keys"),
        (replace(rotation(A.node, NEW), agreement="other"), A.node, "proof"),
    ],
)
def test_rotations_that_are_refused(
    ring: Ring, change: Payload, by: Ed25519Signer, match: str
) -> None:
    with pytest.raises(KeyChangeRefused, match=match):
        ring.apply(change, by, 3)
    assert ring.names(4) == ring.names(0)


def test_an_unknown_purpose_is_refused(ring: Ring) -> None:
    change = rotation(A.node, NEW)
    body = {**change.body, "purpose": "coffee"}
    with pytest.raises(KeyChangeRefused, match="purpose"):
        ring.apply(replace(change, body=body), A.node, 3)


def test_a_neutral_witnesss_key_is_nobody_elses() -> None:
    ring = Ring()
    ring.ring = KeyRing(terms(A, B, neutral=True), A.log.name)
    with pytest.raises(KeyChangeRefused, match="used already"):
        ring.apply(rotation(A.node, NEUTRAL), A.node, 3)


def test_a_revoked_key_was_good_until_then(ring: Ring) -> None:
    ring.apply(revocation(A.officer, 4), A.second, 9)

    assert A.officer.name in ring.names(4)
    assert A.officer.name not in ring.names(5)
    assert A.officer.name not in ring.names(10)


def test_a_revocation_is_not_put_off_and_not_taken_back(ring: Ring) -> None:
    ring.apply(revocation(A.officer, 99), A.second, 9)
    assert A.officer.name in ring.names(9)
    assert A.officer.name not in ring.names(10)

    ring.apply(revocation(A.officer, 3), A.second, 11)
    ring.apply(revocation(A.officer, 8), A.second, 12)
    assert A.officer.name not in ring.names(4)


def test_a_revocation_by_another_logs_count_ends_the_key_here(ring: Ring) -> None:
    ring.apply(revocation(A.officer, 2, origin=B.log.name), A.second, 9)

    assert A.officer.name in ring.names(9)
    assert A.officer.name not in ring.names(10)


@pytest.mark.parametrize(
    ("change", "by", "match"),
    [
        (revocation(A.officer, 1), A.officer, "revoke itself"),
        (revocation(B.officer, 1), A.officer, "never had"),
        (revocation(A.officer, 1, party="b"), A.second, "its own keys"),
        (replace(revocation(A.officer, 1), sender="b"), B.node, "its own keys"),
        (revocation(A.officer, -1), A.second, "number from 0"),
        (revocation(A.officer, True), A.second, "number from 0"),
        (revocation(A.officer, 1, origin=None), A.second, "is a text"),
        (revocation(A.log, 1), A.node, "signs this log"),
        (revocation(A.log, 1, origin=B.log.name), A.node, "signs this log"),
    ],
)
def test_revocations_that_are_refused(
    ring: Ring, change: Payload, by: Ed25519Signer, match: str
) -> None:
    with pytest.raises(KeyChangeRefused, match=match):
        ring.apply(change, by, 3)
    assert ring.names(4) == ring.names(0)


def test_a_revoked_key_neither_rotates_nor_is_rotated(ring: Ring) -> None:
    ring.apply(revocation(A.node, 2), A.officer, 5)
    author = KeyRing(terms(A, B), A.log.name).author("a", A.node.name, 0)
    assert author is not None

    assert ring.ring.author("a", A.node.name, 6) is None
    with pytest.raises(KeyChangeRefused, match="not in force"):
        ring.ring.apply(rotation(A.node, NEW), author, 6)


def test_a_new_version_decides_which_keys_there_are(ring: Ring) -> None:
    new = terms(A, B, C, version=2)
    ring.apply(rotation(A.node, NEW), A.node, 2)
    with pytest.raises(KeyChangeRefused, match="comes back"):
        ring.ring.adopt(new, 5)

    ring = Ring()
    ring.ring.adopt(new, 5)
    assert ring.ring.authors("c", 5) == []
    assert ring.ring.authors("c", 6)[0].key.name == C.node.name
    assert ring.ring.terms_at(5).version == 1
    assert ring.ring.terms_at(6) is new
    assert set(ring.ring.peers(5)) == {"b"}
    assert set(ring.ring.peers(6)) == {"b", "c"}
    with pytest.raises(KeyChangeRefused, match="next version"):
        ring.ring.adopt(new, 7)


def test_a_log_key_is_revoked_once_it_was_replaced(ring: Ring) -> None:
    ring.apply(rotation(A.log, key(A.log.name, 2), "log"), A.node, 3)
    ring.apply(revocation(A.log, 2), A.node, 4)
    assert ring.ring.log_key("a", 6).public_key == key(A.log.name, 2).public_key


def test_no_key_stands_in_an_agreement_twice() -> None:
    member = A.member()
    twice = replace(member, signing=(*member.signing, A.log.verifier))
    with pytest.raises(KeyInvalid, match="also that of log key of a"):
        replace(terms(A, B), members=(twice, B.member()))
    with pytest.raises(KeyInvalid, match="policy"):
        replace(terms(A, B), policies={})
