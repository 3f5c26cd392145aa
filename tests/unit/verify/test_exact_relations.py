"""What entries say about others: chains, receipts, anchors, exports, keys and versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.exact import found, refusal
from tests.support.forge import (
    A_LOG,
    A_NODE,
    A_OFFICER,
    A_WITNESS,
    AGREEMENT,
    B_LOG,
    B_NODE,
    B_OFFICER,
    B_WITNESS,
    EXPORT,
    NEUTRAL,
    ORIGIN,
    ORIGIN_B,
    Forge,
    Key,
    b64,
    canon,
    pack,
    sha,
)

from detente.verify import custody
from detente.verify.agreement import Agreement, read_agreement
from detente.verify.archive import Archive
from detente.verify.chains import check_chains
from detente.verify.claims import (
    Anchors,
    Shown,
    check_acknowledgement,
    check_claims,
    check_receipt,
)
from detente.verify.errors import Findings
from detente.verify.groups import Erased
from detente.verify.manifest import Manifest, read_manifest
from detente.verify.payload import Item
from detente.verify.ring import KeyRing, Slot
from detente.verify.versions import build_ring, find_version

TIME = "2026-11-22T20:35:00.000000Z"


def uuid(number: int) -> str:
    return f"01938f00-0000-7000-8000-{number:012x}"


def digest(number: int) -> str:
    return f"{number:064x}"


def item(position: int, kind: str = "message", **members: Any) -> Item:
    """An item; its id and payload hash count with its position."""
    sender = members.get("sender", "a")
    key = members.pop("key", A_NODE if sender == "a" else B_NODE)
    base: dict[str, Any] = {
        "position": position,
        "kind": kind,
        "agreement": AGREEMENT,
        "sender": sender,
        "author": key.name,
        "channel": "c",
        "created": TIME,
        "status": "actual",
        "seq": 1,
        "prev": "",
        "id": uuid(position),
        "to": (),
        "payload_sha256": digest(position),
        "chain": f"chain {position}",
        "key": key.raw,
        "blobs": (),
        "refs": (),
        "body": {},
    }
    return Item(**base | members)


# Chains


def chained(
    *items: tuple[int, int, str], full: bool = True, erased: tuple[int, ...] = (), **more: Any
) -> list[tuple[str, str, str]]:
    """Findings on (position, seq, prev) of one channel."""
    findings = Findings()
    made = [item(position, seq=seq, prev=prev, **more) for position, seq, prev in items]
    check_chains(made, full, {"a": erased}, findings)
    return found(findings)


def test_chains_count_and_name_the_one_before() -> None:
    assert chained((0, 1, ""), (1, 2, "chain 0"), (5, 3, "chain 1")) == []
    assert chained((0, 1, ""), (1, 2, "chain 1")) == [
        ("chain.prev", "entry 1", "it names another envelope before it")
    ]
    assert chained((0, 1, "x")) == [
        ("chain.prev", "entry 0", "it names another envelope before it")
    ]
    again = [("chain.gap", "entry 2", "number 2 comes after 2")]
    assert chained((0, 1, ""), (1, 2, "chain 0"), (2, 2, "chain 1")) == again
    assert chained((0, 5, ""), (3, 1, "")) == [
        ("chain.gap", "entry 0", "number 1 is missing"),
        ("chain.gap", "entry 3", "number 1 comes after 5"),
    ]
    missing = [("chain.gap", "entry 4", "number 2 is missing")]
    assert chained((0, 1, ""), (4, 3, "")) == missing
    assert chained((0, 1, ""), (4, 3, ""), full=False) == []
    assert chained((0, 1, ""), (4, 3, ""), (5, 4, "chain 4")) == missing


def test_erased_entries_stand_for_numbers() -> None:
    for erased in ((1,), (3,), (0, 2), (1, 2)):
        assert chained((0, 1, ""), (4, 3, ""), erased=erased) == []
    too_few: tuple[tuple[int, ...], ...] = ((), (0,), (4,), (0, 4))
    for few in too_few:
        assert chained((0, 1, ""), (4, 3, ""), erased=few) == [
            ("chain.gap", "entry 4", "number 2 is missing")
        ]
    assert chained((4, 3, ""), erased=(0, 1)) == []
    assert chained((4, 3, ""), erased=(1,)) == [("chain.gap", "entry 4", "number 1 is missing")]
    # Each stands for one number, whichever channel it was in.
    findings = Findings()
    channels = [
        item(0, channel="x"),
        item(1, channel="y"),
        item(4, channel="x", seq=3),
        item(5, channel="y", seq=3),
    ]
    check_chains(channels, True, {"a": [2, 3]}, findings)
    assert found(findings) == []
    check_chains(channels, True, {"a": [2]}, findings)
    assert found(findings) == [("chain.gap", "entry 5", "number 2 is missing")]


def test_channels_and_senders_count_for_themselves() -> None:
    findings = Findings()
    ones = [item(0), item(1, channel="d"), item(2, sender="b"), item(3, sender="b", channel="d")]
    check_chains(ones, True, {}, findings)
    assert found(findings) == []
    check_chains([item(0), item(1, sender="b", seq=2)], True, {"a": [0]}, findings)
    assert found(findings) == [("chain.gap", "entry 1", "number 1 is missing")]


# Keys


def agreed(**changes: Any) -> Agreement:
    forge = Forge(neutral=[NEUTRAL])
    return read_agreement(forge.sign_agreement(forge.agreement_body() | changes, [A_NODE]), "w")


def ring_of() -> KeyRing:
    return KeyRing(agreed())


def slot_of(ring: KeyRing, key: Key) -> Slot:
    party = key.name[0]
    slots = [
        slot
        for purpose in ("log", "witness", "signing", "officer")
        for slot in ring.slots(party, purpose)
        if slot.entry.key.vkey == key.vkey
    ]
    assert len(slots) == 1
    return slots[0]


def test_slots_are_good_from_first_to_last() -> None:
    slot = slot_of(ring_of(), A_NODE)
    assert slot.good_at(0)
    assert slot.good_at(10**9)
    slot.since, slot.until = 3, 5
    assert [index for index in range(9) if slot.good_at(index)] == [3, 4, 5]
    assert [size for size in range(9) if slot.covers(size)] == [3, 4, 5, 6]
    slot.until = None
    assert [size for size in range(9) if slot.covers(size)] == [3, 4, 5, 6, 7, 8]
    slot.good_until = 4
    assert [size for size in range(9) if slot.covers(size)] == [3, 4, 5]


def test_a_ring_knows_who_may_sign() -> None:
    ring = ring_of()
    assert [slot.entry.key.vkey for slot in ring.slots("a", "log")] == [A_LOG.vkey]
    assert list(ring.slots("a", "master")) == []
    assert ring.author("a", A_NODE.name, A_NODE.raw, 0) is slot_of(ring, A_NODE)
    assert ring.author("a", A_OFFICER.name, A_OFFICER.raw, 9) is slot_of(ring, A_OFFICER)
    for party, key, raw in (
        ("a", A_LOG, A_LOG.raw),
        ("a", A_WITNESS, A_WITNESS.raw),
        ("b", A_NODE, A_NODE.raw),
        ("a", A_NODE, A_OFFICER.raw),
        ("a", A_OFFICER, A_NODE.raw),
    ):
        assert ring.author(party, key.name, raw, 0) is None
    slot_of(ring, A_NODE).since = 1
    assert ring.author("a", A_NODE.name, A_NODE.raw, 0) is None
    names = {entry.key.name for entry in ring.in_force(0)}
    assert names == {A_OFFICER.name, B_NODE.name, B_OFFICER.name}
    slot_of(ring, B_NODE).good_until = 5
    assert B_NODE.name in {entry.key.name for entry in ring.in_force(5)}
    assert B_NODE.name not in {entry.key.name for entry in ring.in_force(6)}
    assert [slot.entry.key.vkey for slot in ring.line_of(A_LOG.raw)] == [A_LOG.vkey]
    assert ring.line_of(NEUTRAL.raw) == []


NEW = Key("a.example/node/2", "a node 2")


def rotation(
    new: Key = NEW, old: Key = A_NODE, purpose: str = "signing", position: int = 4, **change: Any
) -> Item:
    body: dict[str, Any] = {
        "party": "a",
        "purpose": purpose,
        "old": old.vkey,
        "new": new.vkey,
    }
    text = f"detente-rotation-v1\n{AGREEMENT}\na\n{purpose}\n{old.vkey}\n{new.vkey}\n".encode()
    body["proof"] = b64(new.sign(text))
    if purpose in ("log", "witness"):
        body["old_proof"] = b64(old.sign(text))
    body |= change.pop("body", {})
    signer = old if purpose in ("signing", "officer") else A_NODE
    return item(position, "key-rotation", **{"key": signer, "body": body} | change)


def test_rotations_put_a_key_in_the_place_of_another() -> None:
    for purpose, old, new in (
        ("signing", A_NODE, NEW),
        ("officer", A_OFFICER, NEW),
        ("log", A_LOG, Key("a.example/log/2", "l")),
        ("witness", A_WITNESS, Key("a.example/w/2", "w", 4)),
    ):
        ring = ring_of()
        ring.rotate(rotation(new, old, purpose))
        before, after = slot_of(ring, old), slot_of(ring, new)
        assert (before.since, before.until) == (0, 4)
        assert (after.since, after.until, after.place) == (5, None, old.raw)
        assert (after.entry.party, after.entry.purpose) == ("a", purpose)
        assert after.entry.holder == before.entry.holder
        assert ring.line_of(old.raw) == [before, after]
        assert ring.line_of(new.raw) == [before, after]
        with refusal("key.duplicate", "entry 6", old.name):
            ring.rotate(rotation(old, new, purpose, 6))
    ring = ring_of()
    ring.rotate(rotation())
    ring.rotate(rotation(Key("n3", "n3"), NEW, position=5))
    assert ring.author("a", "n3", Key("n3", "n3").raw, 6) is not None
    assert ring.line_of(A_NODE.raw)[2].place == A_NODE.raw


def later(ring: KeyRing, **members: Any) -> Callable[[], None]:
    return lambda: ring.rotate(rotation(**members))


def test_no_rotations() -> None:
    ring = ring_of()

    def no(detail: str, code: str = "key.rotation", **members: Any) -> None:
        with refusal(code, "entry 4", detail):
            ring.rotate(rotation(**members))

    no("of another party's key", body={"party": "b"})
    no("of another party's key", body={"party": 1})
    not_in_force = "the old key or the author is not in force"
    no(not_in_force, old=A_OFFICER)
    no(not_in_force, body={"old": A_OFFICER.vkey})
    no(not_in_force, body={"old": None})
    no(not_in_force, key=B_NODE)
    no(not_in_force, key=A_LOG)
    no("not a vkey", "key.unusable", body={"new": "x"})
    no("not a vkey", "key.unusable", body={"new": 1})
    no("signature type of the new key", new=Key("x", "x", 4))
    no(B_NODE.name, "key.duplicate", new=B_NODE)
    no("z", "key.duplicate", new=Key("z", "a node"))
    no("z", "key.duplicate", new=Key("z", "neutral", 1))
    for proof in ("!", 1, None, b64(A_NODE.sign(b"x"))):
        no("proof by the new key", body={"proof": proof})
    no("not signed by the old key", key=A_OFFICER)
    log = Key("l2", "l2")
    for old_proof in ("!", 1, None, b64(A_LOG.sign(b"x"))):
        no("proof by the old key", new=log, old=A_LOG, purpose="log", body={"old_proof": old_proof})
    no("proof by the old key", new=log, old=A_LOG, purpose="log", key=A_OFFICER)
    slot_of(ring, A_OFFICER).good_until = 3
    no("the old key is revoked", old=A_OFFICER, purpose="officer")
    no("by a key that is revoked", new=log, old=A_LOG, purpose="log", key=A_OFFICER)
    slot_of(ring, A_LOG).good_until = 3
    no("the old key is revoked", new=log, old=A_LOG, purpose="log")
    assert slot_of(ring, A_NODE).until is None
    slot_of(ring, A_LOG).good_until = 4
    slot_of(ring, A_NODE).good_until = 4
    ring.rotate(rotation(log, A_LOG, "log"))
    ring.rotate(rotation())
    no(not_in_force)


def revocation(key: Key = A_NODE, by: Key = A_OFFICER, position: int = 6, **change: Any) -> Item:
    body = {"party": "a", "key": key.vkey, "good_until_index": 3, "origin": ORIGIN, "reason": "x"}
    return item(position, "key-revocation", key=by, body=body | change)


def test_revocations_say_until_where_a_key_is_good() -> None:
    ring = ring_of()
    slot = slot_of(ring, A_NODE)
    ring.revoke(revocation(origin="x"), ORIGIN)
    assert (slot.good_until, slot.revoked_at) == (6, 6)
    ring.revoke(revocation(), ORIGIN)
    assert (slot.good_until, slot.revoked_at) == (3, 6)
    for until in (3, 4):
        ring.revoke(revocation(position=7, good_until_index=until), ORIGIN)
        assert (slot.good_until, slot.revoked_at) == (3, 6)
    ring.revoke(revocation(position=8, good_until_index=0), ORIGIN)
    assert (slot.good_until, slot.revoked_at) == (0, 8)
    ring.revoke(revocation(A_LOG), ORIGIN)
    assert slot_of(ring, A_LOG).good_until == 3


def test_no_revocations() -> None:
    ring = ring_of()

    def no(detail: str, made: Item) -> None:
        with refusal("key.revoked", "entry 6", detail):
            ring.revoke(made, ORIGIN)

    mine = "not a revocation by that party"
    no(mine, revocation(by=A_LOG))
    no(mine, revocation(party="b"))
    for until in (-1, None, True, "3"):
        no(mine, revocation(good_until_index=until))
    other = "not by another key of that party"
    no(other, revocation(B_NODE))
    no(other, revocation(A_OFFICER))
    no(other, revocation(NEW))
    slot_of(ring, A_OFFICER).good_until = 5
    no("by a key that is revoked itself", revocation())
    slot_of(ring, A_OFFICER).good_until = 6
    ring.revoke(revocation(), ORIGIN)


def test_a_new_version_brings_and_takes_keys() -> None:
    ring = ring_of()
    first = agreed()
    body = Forge().agreement_body()
    body["parties"][0]["keys"][2]["vkey"] = NEW.vkey
    body["witnesses"] = [{"name": "v", "vkey": Key("v", "v", 4).vkey}]
    second = agreed(**body)
    ring.amend(4, second)
    assert slot_of(ring, A_NODE).until == 4
    after = slot_of(ring, NEW)
    assert (after.since, after.until, after.place) == (5, None, NEW.raw)
    assert (slot_of(ring, A_LOG).since, slot_of(ring, A_LOG).until) == (0, None)
    assert ring.agreement_at(4).sha256 == first.sha256
    assert ring.agreement_at(5) is second
    for used in (Key("z", "v", 4), Key("z", "neutral", 4)):
        with refusal("key.duplicate", "entry 6", "z"):
            ring.rotate(rotation(used, A_WITNESS, "witness", 6, key=NEW))
    # What was rotated away before does not come back with its first key.
    ring = ring_of()
    ring.rotate(rotation())
    ring.amend(6, agreed(version=2, previous=digest(1)))
    assert slot_of(ring, NEW).until == 6
    assert [(slot.since, slot.until) for slot in ring.line_of(A_NODE.raw)] == [
        (0, 4),
        (5, 6),
        (7, None),
    ]


# Versions


def entry_of(version: Agreement, position: int = 0, **members: Any) -> Item:
    body = {"sha256": version.sha256, "version": version.version}
    return item(position, "agreement", **{"body": body} | members)


def versions_of() -> tuple[bytes, bytes]:
    forge = Forge()
    first = forge.agreement_body()
    old = forge.sign_agreement(first, [A_NODE, B_NODE])
    previous = read_agreement(old, "w").sha256
    body = first | {"version": 2, "previous": previous}
    return old, forge.sign_agreement(body, [A_NODE, B_NODE])


OLD_BYTES, NEW_BYTES = versions_of()


def test_versions_are_found_by_hash() -> None:
    old, newest = read_agreement(OLD_BYTES, "w"), read_agreement(NEW_BYTES, "w")
    blobs = {"blobs/x": b"a map", f"blobs/{sha(OLD_BYTES)}": OLD_BYTES, "blobs/n": NEW_BYTES}
    named = (("x", 1), ("gone", 1), ("n", 1), (sha(OLD_BYTES), 1))
    where = "entry 3"
    assert find_version(entry_of(newest, 3), newest, blobs.get) is newest
    assert find_version(entry_of(old, 3, blobs=named), newest, blobs.get) == old
    again = (*named, ("n", 1))
    assert find_version(entry_of(old, 3, blobs=again), newest, blobs.get) == old
    with refusal("payload.agreement", where, "the agreement it names is not in the bundle"):
        find_version(entry_of(old, 3, blobs=(("x", 1), ("n", 1))), newest, blobs.get)
    for body in (
        {"sha256": newest.sha256},
        {"sha256": newest.sha256, "version": 2, "x": 1},
        {"sha256": newest.sha256, "version": True},
        {"sha256": newest.sha256, "version": "2"},
    ):
        with refusal("payload.malformed", where, "body of an agreement entry"):
            find_version(item(3, body=body), newest, blobs.get)
    for members in ({"body": {"sha256": newest.sha256, "version": 1}}, {"agreement": "x"}):
        with refusal("payload.agreement", where, "another version or agreement"):
            find_version(entry_of(newest, 3, **members), newest, blobs.get)
    broken = {"blobs/x": b'{"payload":'}
    with refusal("agreement.malformed", "blobs/x", "not JSON"):
        find_version(entry_of(old, 3, blobs=(("x", 1),)), newest, broken.get)


def ring_and_errors(
    changes: list[Item], newest: bytes, owner: str = "a"
) -> tuple[KeyRing, list[tuple[str, str, str]]]:
    findings = Findings()
    blobs = {"blobs/o": OLD_BYTES}
    agreement = read_agreement(newest, "w")
    ring = build_ring(changes, agreement, owner, ORIGIN, blobs.get, findings)
    return ring, found(findings)


def test_the_ring_follows_the_record() -> None:
    old, newest = read_agreement(OLD_BYTES, "w"), read_agreement(NEW_BYTES, "w")
    first = entry_of(old, blobs=(("o", 1),))
    ring, errors = ring_and_errors([first], OLD_BYTES)
    assert (len(ring.versions), errors) == (1, [])
    changes = [first, rotation(), entry_of(newest, 5), entry_of(newest, 6)]
    ring, errors = ring_and_errors([first, entry_of(newest, 5), entry_of(newest, 6)], NEW_BYTES)
    assert errors == []
    assert [(since, version.sha256) for since, version in ring.versions] == [
        (0, old.sha256),
        (6, newest.sha256),
    ]
    # Signed by the key that was rotated away: nobody of that party agreed.
    ring, errors = ring_and_errors(changes[:3], NEW_BYTES)
    path = "agreement.dsse.json"
    assert errors == [
        ("agreement.unsigned", path, "a"),
        ("payload.agreement", path, "no entry puts this version in force"),
    ]
    assert slot_of(ring, NEW).since == 5
    ring, errors = ring_and_errors([first, revocation()], OLD_BYTES)
    assert (slot_of(ring, A_NODE).good_until, errors) == (3, [])


def test_what_is_wrong_in_the_record_is_told() -> None:
    old, newest = read_agreement(OLD_BYTES, "w"), read_agreement(NEW_BYTES, "w")
    first = entry_of(old, blobs=(("o", 1),))
    missing = ("payload.agreement", "entry 0", "the record does not begin with the agreement")
    for changes in (
        [],
        [rotation(), revocation()],
        [entry_of(old, 1)],
        [entry_of(old, sender="b")],
    ):
        ring, errors = ring_and_errors(changes, OLD_BYTES)
        assert errors == [missing]
        assert len(ring.versions) == 1
    ring, errors = ring_and_errors([first], NEW_BYTES)
    last = ("payload.agreement", "agreement.dsse.json", "no entry puts this version in force")
    assert errors == [last]
    bad = rotation(body={"proof": "!"})
    _, errors = ring_and_errors([first, bad, revocation(party="b")], OLD_BYTES)
    assert errors == [
        ("key.rotation", "entry 4", "proof by the new key"),
        ("key.revoked", "entry 6", "not a revocation by that party"),
    ]
    ring, errors = ring_and_errors([first, entry_of(newest, 3, sender="b")], NEW_BYTES)
    assert (len(ring.versions), errors) == (1, [last])
    with_b = entry_of(old, sender="b", blobs=(("o", 1),))
    assert ring_and_errors([with_b], OLD_BYTES, "b")[1] == []
    forge = Forge()
    for change in ({"version": 3, "previous": old.sha256}, {"version": 2, "previous": digest(5)}):
        jump = forge.sign_agreement(forge.agreement_body() | change, [A_NODE, B_NODE])
        _, errors = ring_and_errors([first, entry_of(read_agreement(jump, "w"), 3)], jump)
        words = "it does not follow the version before"
        assert errors == [("payload.agreement", "entry 3", words), last]
    alone = forge.sign_agreement(forge.agreement_body(), [A_NODE])
    _, errors = ring_and_errors([entry_of(read_agreement(alone, "w"))], alone)
    assert errors == [("agreement.unsigned", "agreement.dsse.json", "b")]
    _, errors = ring_and_errors([], alone)
    assert errors == [missing, ("agreement.unsigned", "agreement.dsse.json", "b")]


def test_an_old_version_is_told_by_its_number() -> None:
    forge = Forge()
    old = forge.sign_agreement(forge.agreement_body(), [A_NODE])
    first = read_agreement(old, "w")
    body = forge.agreement_body() | {"version": 2, "previous": first.sha256}
    newest = read_agreement(forge.sign_agreement(body, [A_NODE, B_NODE]), "w")
    findings = Findings()
    changes = [entry_of(first, blobs=(("o", 1),)), entry_of(newest, 2)]
    build_ring(changes, newest, "a", ORIGIN, {"blobs/o": old}.get, findings)
    assert found(findings) == [("agreement.unsigned", "version 1", "b")]


# Receipts and acknowledgements


def shown_of(*items: Item, full: bool = True, origin: str = ORIGIN) -> Shown:
    shown, findings = Shown(origin, full), Findings()
    for one in items:
        shown.add(one, findings)
    assert found(findings) == []
    return shown


def answer(position: int, to: Item, kind: str = "receipt", **change: Any) -> Item:
    body: dict[str, Any] = {"of": to.id, "payload_sha256": to.payload_sha256}
    if kind == "receipt":
        body |= {"origin": ORIGIN_B, "index": 7, "received": TIME}
    body |= change.pop("body", {})
    refs = ((body["of"], kind, body["payload_sha256"]),)
    key = B_NODE if kind == "receipt" else B_OFFICER
    return item(position, kind, **{"sender": "b", "key": key, "refs": refs, "body": body} | change)


MESSAGE = item(1)
OTHER = item(2)
SLOTS = ring_of()
B_SIGNING, B_OFFICERS = slot_of(SLOTS, B_NODE), slot_of(SLOTS, B_OFFICER)


def test_every_id_stands_once() -> None:
    shown, findings = Shown(ORIGIN, True), Findings()
    same = item(3, id=OTHER.id)
    for one in (MESSAGE, OTHER, same, answer(4, MESSAGE, id=MESSAGE.id)):
        shown.add(one, findings)
    words = "an id that another entry has"
    assert found(findings) == [
        ("payload.malformed", "entry 3", words),
        ("receipt.replayed", "entry 4", words),
    ]
    assert shown.by_id == {MESSAGE.id: MESSAGE, OTHER.id: OTHER}
    assert set(shown.by_hash) == {MESSAGE.payload_sha256, OTHER.payload_sha256}
    twin = item(5, payload_sha256=OTHER.payload_sha256)
    shown.add(twin, findings)
    assert shown.by_hash[OTHER.payload_sha256] is OTHER
    assert shown.by_id[twin.id] is twin


def receipt(made: Item, shown: Shown | None = None, **more: Any) -> tuple[str, str, int]:
    known = shown_of(MESSAGE, OTHER) if shown is None else shown
    slot = more.get("slot", B_SIGNING)
    return check_receipt(made, slot, known, {ORIGIN_B, ORIGIN}, more.get("places", {}))


def test_receipts_say_where_a_message_went() -> None:
    places: dict[tuple[str, str, int], str] = {}
    assert receipt(answer(5, MESSAGE), places=places) == ("b", ORIGIN_B, 7)
    assert places == {("b", ORIGIN_B, 7): MESSAGE.id}
    assert receipt(answer(6, MESSAGE), places=places) == ("b", ORIGIN_B, 7)
    assert receipt(answer(6, MESSAGE, body={"index": 0})) == ("b", ORIGIN_B, 0)
    here = answer(5, MESSAGE, body={"origin": ORIGIN, "index": 1})
    assert receipt(here) == ("b", ORIGIN, 1)
    with refusal("receipt.replayed", "entry 6", "two messages at one index of that log"):
        receipt(answer(6, OTHER), places=places)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"x": 1}, "body of a receipt"),
        ({"index": -1}, "body of a receipt"),
        ({"index": True}, "body of a receipt"),
        ({"index": "7"}, "body of a receipt"),
        ({"origin": 1}, "body of a receipt"),
        ({"received": "now"}, "received"),
        ({"received": 1}, "received"),
        ({"of": 1}, "of"),
        ({"of": "x"}, "of"),
        ({"payload_sha256": 1}, "of"),
        ({"payload_sha256": "x"}, "payload_sha256"),
    ],
)
def test_no_receipts(change: dict[str, Any], detail: str) -> None:
    with refusal("payload.malformed", "entry 5", detail):
        receipt(answer(5, MESSAGE, body=change))


def test_receipts_that_are_of_something_else() -> None:
    def no(code: str, detail: str, made: Item, shown: Shown | None = None, **more: Any) -> None:
        with refusal(f"receipt.{code}", f"entry {made.position}", detail):
            receipt(made, shown, **more)

    no("mismatch", "not signed by the node's key", answer(5, MESSAGE), slot=B_OFFICERS)
    own = shown_of(item(1, sender="b"))
    no("mismatch", "of a message of one's own", answer(5, MESSAGE), own)
    strange = answer(5, MESSAGE, body={"origin": "x"})
    no("mismatch", "the receiver has no such log", strange)
    for refs in ((), ((MESSAGE.id, "other", MESSAGE.payload_sha256),)):
        no("replayed", "its reference is to another message", answer(5, MESSAGE, refs=refs))
    twice = answer(5, MESSAGE).refs * 2
    no("replayed", "its reference is to another message", answer(5, MESSAGE, refs=twice))
    elsewhere = ((OTHER.id, "receipt", MESSAGE.payload_sha256),)
    no("replayed", "its reference is to another message", answer(5, MESSAGE, refs=elsewhere))
    unknown = item(9)
    absent = "of a message that is not in the record"
    no("mismatch", absent, answer(10, unknown))
    mixed = answer(10, unknown, body={"payload_sha256": OTHER.payload_sha256})
    no("replayed", "the hash of another message", mixed)
    swapped = answer(5, MESSAGE, body={"payload_sha256": OTHER.payload_sha256})
    no("replayed", "the hash of something else", swapped)
    wrong = answer(5, MESSAGE, body={"payload_sha256": digest(99)})
    no("mismatch", "the hash of something else", wrong)
    for position in (0, 1):
        no("mismatch", "before the message", answer(position, MESSAGE, id=uuid(77)))
    assert receipt(answer(2, MESSAGE, id=uuid(77)))
    moved = answer(5, MESSAGE, body={"origin": ORIGIN, "index": 2})
    no("mismatch", "the message is at another index", moved)


def test_receipts_of_messages_that_are_not_shown() -> None:
    unknown = item(9)
    part = shown_of(MESSAGE, full=False)
    assert receipt(answer(10, unknown), part) == ("b", ORIGIN_B, 7)
    here = answer(10, unknown, body={"origin": ORIGIN, "index": 9})
    assert receipt(here, part) == ("b", ORIGIN, 9)
    erased = Shown(
        ORIGIN,
        True,
        erased={9: unknown.payload_sha256, 8: digest(8)},
        gone=frozenset((unknown.payload_sha256, digest(8))),
    )
    assert receipt(here, erased) == ("b", ORIGIN, 9)
    assert receipt(answer(10, unknown), erased) == ("b", ORIGIN_B, 7)
    moved = answer(10, unknown, body={"origin": ORIGIN, "index": 8})
    with refusal("receipt.mismatch", "entry 10", "another entry is at that index"):
        receipt(moved, erased)


def test_acknowledgements_are_of_officers() -> None:
    shown = shown_of(MESSAGE, OTHER)
    good = answer(5, MESSAGE, "acknowledgement")
    expected = ("b", B_OFFICER.name, "Officer B1", 5)
    assert check_acknowledgement(good, B_OFFICERS, shown) == expected
    spoken = answer(5, MESSAGE, "acknowledgement", body={"text": "yes"})
    assert check_acknowledgement(spoken, B_OFFICERS, shown) == expected
    for change in ({"x": 1}, {"text": 1}, {"text": None}):
        with refusal("payload.malformed", "entry 5", "body of an acknowledgement"):
            made = answer(5, MESSAGE, "acknowledgement", body=change)
            check_acknowledgement(made, B_OFFICERS, shown)
    with refusal("acknowledgement.author", "entry 5", "not signed by an officer"):
        check_acknowledgement(good, B_SIGNING, shown)
    with refusal("acknowledgement.author", "entry 5", "of a message of one's own"):
        check_acknowledgement(good, B_OFFICERS, shown_of(item(1, sender="b")))
    with refusal("receipt.mismatch", "entry 5", "of a message that is not in the record"):
        check_acknowledgement(good, B_OFFICERS, shown_of(OTHER))
    part = shown_of(OTHER, full=False)
    assert check_acknowledgement(good, B_OFFICERS, part) == expected
    other = answer(5, MESSAGE, "acknowledgement", refs=answer(5, MESSAGE).refs)
    with refusal("receipt.replayed", "entry 5", "its reference is to another message"):
        check_acknowledgement(other, B_OFFICERS, shown)


# Anchors

ROOT = bytes(range(32))


def anchor(
    position: int = 5,
    origin: str = ORIGIN_B,
    size: int = 3,
    root: bytes = ROOT,
    lines: tuple[Key, ...] = (B_LOG, A_WITNESS),
    **members: Any,
) -> Item:
    text = f"{origin}\n{size}\n{b64(root)}\n"
    note = text + "\n" + "".join(key.line(text) for key in lines)
    return item(position, "anchor", **{"body": {"checkpoint": note}} | members)


def anchors_of(
    roots: dict[int, bytes] | None = None, known: dict[int, bytes] | None = None
) -> Anchors:
    return Anchors(ORIGIN, (roots or {}).get, known or {})


def test_anchors_are_held_against_each_other() -> None:
    ring, anchors = ring_of(), anchors_of()
    for size, root in ((3, ROOT), (4, bytes(32)), (3, ROOT)):
        anchors.check(anchor(size=size, root=root), ring)
    assert (anchors.count, anchors.unheld) == (3, 0)
    with refusal("anchor.fork", "entry 6", f"two roots of {ORIGIN_B} at size 3"):
        anchors.check(anchor(6, root=bytes(32)), ring)
    assert anchors.count == 3


def own(position: int = 5, size: int = 3, root: bytes = ROOT) -> Item:
    return anchor(position, ORIGIN, size, root, (A_LOG, B_WITNESS), sender="b")


def test_anchors_of_this_log_are_held_against_it() -> None:
    ring = ring_of()
    anchors = anchors_of({3: ROOT, 5: ROOT})
    anchors.check(own(), ring)
    anchors.check(own(size=5), ring)
    assert (anchors.count, anchors.unheld) == (2, 0)
    with refusal("anchor.fork", "entry 5", "a size that this log did not have yet"):
        anchors.check(own(size=6), ring)
    with refusal("anchor.fork", "entry 5", "not the root of this log at size 4"):
        anchors_of({4: bytes(32)}).check(own(size=4), ring)
    with refusal("anchor.fork", "entry 5", f"two roots of {ORIGIN} at size 4"):
        anchors_of(known={4: bytes(32)}).check(own(size=4), ring)
    partial = anchors_of(known={4: ROOT})
    partial.check(own(size=4), ring)
    assert (partial.count, partial.unheld) == (1, 0)
    partial.check(own(size=3), ring)
    partial.check(own(size=2), ring)
    assert (partial.count, partial.unheld) == (3, 2)
    # The other's log may be longer than this one.
    anchors_of().check(anchor(size=100), ring)


def test_no_anchors() -> None:
    ring, anchors = ring_of(), anchors_of()

    def no(code: str, detail: str, made: Item) -> None:
        with refusal(code, "entry 5", detail):
            anchors.check(made, ring)

    for body in ({}, {"checkpoint": 1}, {"checkpoint": "x", "y": 1}):
        no("payload.malformed", "body of an anchor", item(5, "anchor", body=body))
    no("checkpoint.malformed", "not UTF-8", item(5, "anchor", body={"checkpoint": "\ud800"}))
    no("checkpoint.malformed", "not a signed note", item(5, "anchor", body={"checkpoint": "x"}))
    no("checkpoint.origin", "x", anchor(origin="x"))
    no("checkpoint.origin", ORIGIN, anchor(origin=ORIGIN, lines=(A_LOG, A_WITNESS)))
    no("checkpoint.signature", "not signed by its log", anchor(lines=(A_WITNESS,)))
    wrong = Key(ORIGIN_B, "x")
    no("checkpoint.signature", "not signed by its log", anchor(lines=(wrong, A_WITNESS)))
    for lines in ((B_LOG,), (B_LOG, B_WITNESS), (B_LOG, NEUTRAL)):
        no("cosignature.wrong", "not cosigned by the author's witness", anchor(lines=lines))
    text = anchor().body["checkpoint"]
    assert isinstance(text, str)
    stale = text + A_WITNESS.line("other")
    wrong_line = item(5, "anchor", body={"checkpoint": stale})
    no("cosignature.wrong", f"cosignature of {A_WITNESS.name}", wrong_line)
    assert anchors.count == 0


def test_all_claims_in_one_pass() -> None:
    ring, anchors, findings = ring_of(), anchors_of(), Findings()
    a_node, b_node, b_officer = (slot_of(ring, key) for key in (A_NODE, B_NODE, B_OFFICER))
    good = answer(3, MESSAGE)
    seen = answer(4, MESSAGE, "acknowledgement")
    doubted = answer(5, OTHER, body={"index": 8})
    doubted_seen = answer(6, OTHER, "acknowledgement")
    entries = [
        (MESSAGE, a_node, True),
        (OTHER, a_node, True),
        (good, b_node, True),
        (seen, b_officer, True),
        (doubted, b_node, False),
        (doubted_seen, b_officer, False),
        (anchor(7), a_node, True),
        (anchor(8, root=bytes(32)), a_node, True),
        (answer(9, OTHER), b_node, True),
        (answer(10, OTHER, body={"origin": ORIGIN}), b_node, True),
        (answer(11, MESSAGE, "acknowledgement"), b_node, True),
        (answer(12, OTHER, body={"index": 9}), b_node, True),
        (answer(13, OTHER, "acknowledgement"), b_officer, True),
    ]
    shown = shown_of(*(one for one, _, _ in entries))
    answers = check_claims(entries, shown, ring, anchors, findings)
    assert answers.receipts == {
        MESSAGE.id: [("b", ORIGIN_B, 7)],
        OTHER.id: [("b", ORIGIN_B, 9)],
    }
    assert answers.acknowledgements == {
        MESSAGE.id: [("b", B_OFFICER.name, "Officer B1", 4)],
        OTHER.id: [("b", B_OFFICER.name, "Officer B1", 13)],
    }
    assert found(findings) == [
        ("anchor.fork", "entry 8", f"two roots of {ORIGIN_B} at size 3"),
        ("receipt.replayed", "entry 9", "two messages at one index of that log"),
        ("receipt.mismatch", "entry 10", "the receiver has no such log"),
        ("acknowledgement.author", "entry 11", "not signed by an officer"),
    ]
    assert anchors.count == 1


# Exports, erasures, blobs


def stated(**changes: Any) -> Manifest:
    value = {
        "agreement": {"id": AGREEMENT, "sha256": digest(1), "version": 1},
        "exported": {"at": TIME, "by": ["Officer A1"], "export": EXPORT},
        "files": [],
        "format": "detente-bundle/1",
        "grade": "single",
        "items": [],
        "origin": ORIGIN,
        "party": "a",
        "scope": "full",
        "single_items": [],
        "size": 10,
        "withheld_blobs": [],
    }
    return read_manifest(canon(value | changes))


def export(position: int = 9, **body: Any) -> Item:
    whole: dict[str, Any] = {
        "action": "export",
        "export": EXPORT,
        "items": [[0, 1], [4, 6]],
        "size": 8,
        "by": ["Officer A1"],
        "purpose": "court",
    }
    return item(position, "custody", body=whole | body)


def listed(*entries: Item, **change: Any) -> dict[str, Any]:
    return {
        "exports": [
            {
                "index": entry.position,
                "export": entry.body["export"],
                "by": entry.body["by"],
                "created": entry.created,
                "purpose": entry.body["purpose"],
            }
            | change
            for entry in entries
        ]
    }


def exported(*entries: Item, shown: dict[int, str] | None = None, value: Any = None) -> None:
    data = canon(listed(*entries) if value is None else value)
    custody.check_custody(data, list(entries), shown or {}, stated())


def test_exports_are_those_of_the_record() -> None:
    exported(export())
    exported(export(3, export=uuid(1), size=3, items=[]), export())
    exported(export(size=9))
    path = "custody.json"
    no = "custody.mismatch"
    values: list[Any] = [{}, {"exports": {}}, {"exports": [], "x": 1}]
    for value in values:
        with refusal(no, path, "exports"):
            exported(export(), value=value)
    for entries in ((), (export(), export())):
        with refusal(no, path, "not the exports that the record states"):
            exported(*entries, value=listed(export()))
    with refusal(no, path, "not the exports that the record states"):
        exported(value={"exports": []})
    changes: list[dict[str, Any]] = [{"index": 8}, {"purpose": "x"}, {"by": []}]
    for change in (*changes, {"created": "x"}, {"export": "x"}):
        with refusal(no, path, "the export at entry 9"):
            exported(export(), value=listed(export(), **change))
    with refusal(no, path, "the export at entry 1"):
        one = export(1, size=1, items=[])
        exported(one, value=listed(one, index=True))
    for body in ({"export": uuid(1)}, {"by": ["Officer A1", "x"]}):
        with refusal(no, path, "the last export is another one"):
            exported(export(**body))
    with refusal(no, path, "the last export is another one"):
        exported(export(), export(9, export=uuid(1)))
    with refusal("json.malformed", path, "not in canonical form (RFC 8785)"):
        custody.check_custody(json.dumps(listed(export())).encode(), [export()], {}, stated())


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({"x": 1}, "payload.malformed", "body of a custody entry"),
        ({"action": "import"}, "payload.malformed", "body of a custody entry"),
        ({"purpose": 1}, "payload.malformed", "body of a custody entry"),
        ({"by": []}, "payload.malformed", "by"),
        ({"by": "x"}, "payload.malformed", "by"),
        ({"by": ["x", 1]}, "payload.malformed", "by"),
        ({"size": 0}, "custody.mismatch", "it states another size of the log"),
        ({"size": 10}, "custody.mismatch", "it states another size of the log"),
        ({"size": True}, "custody.mismatch", "it states another size of the log"),
        ({"size": "8"}, "custody.mismatch", "it states another size of the log"),
        ({"items": [[0, 9]]}, "payload.malformed", "ranges"),
        ({"items": 1}, "payload.malformed", "ranges"),
    ],
)
def test_no_exports(body: dict[str, Any], code: str, detail: str) -> None:
    with refusal(code, "entry 9", detail):
        exported(export(**body))


def test_an_export_shows_what_was_chosen_and_the_keys() -> None:
    for kind in ("agreement", "key-rotation", "key-revocation", "erasure", "custody"):
        exported(export(), shown={2: kind})
    exported(export(), shown=dict.fromkeys((0, 1, 4, 5, 6, 8, 9), "message"))
    for position in (2, 3, 7):
        with refusal("custody.mismatch", f"entry {position}", "not part of this export"):
            exported(export(), shown={0: "message", position: "message"})
    with refusal("custody.mismatch", "entry 0", "not part of this export"):
        exported(export(items=[[1, 8]]), shown={0: ""})


def test_erasures_are_stated() -> None:
    gone = Erased(3, 7, digest(3), b"")
    good = {"origin": ORIGIN, "index": 3, "payload_sha256": digest(3), "ground": "law"}

    def errors(entry: Item, erased: Erased = gone) -> list[tuple[str, str, str]]:
        findings = Findings()
        items = {entry.position: entry}
        custody.check_erasures([erased], items, ORIGIN, "a", findings)
        return found(findings)

    assert errors(item(7, "erasure", body=good)) == []
    for wrong in (
        item(8, "erasure", body=good),
        item(7, "message", body=good),
        item(7, "erasure", sender="b", body=good),
        item(7, "erasure", body=good | {"origin": "x"}),
        item(7, "erasure", body=good | {"index": 4}),
        item(7, "erasure", body=good | {"payload_sha256": digest(4)}),
        item(7, "erasure", body=good | {"ground": 1}),
        item(7, "erasure", body={}),
    ):
        assert errors(wrong) == [("erasure.unstated", "entry 3", "by entry 7")]
    for at in (7, 8):
        again = Erased(at, 7, digest(3), b"")
        assert errors(item(7, "erasure", body=good | {"index": at}), again) == [
            ("erasure.unstated", f"entry {at}", "by entry 7")
        ]
    one = item(7, "erasure", body=good | {"index": True})
    assert errors(one, Erased(1, 7, digest(3), b"")) == [
        ("erasure.unstated", "entry 1", "by entry 7")
    ]


def test_blobs_are_there_or_withheld(tmp_path: Path) -> None:
    one, two = sha(b"1"), sha(b"22")

    def errors(
        members: dict[str, bytes],
        blobs: tuple[tuple[str, int], ...],
        withheld: tuple[str, ...] = (),
    ) -> list[tuple[str, str, str]]:
        path, findings = tmp_path / "x", Findings()
        path.write_bytes(pack(members))
        with Archive(path) as archive:
            items = [item(4, blobs=blobs), item(5, blobs=blobs[:1])]
            custody.check_blobs(archive, items, frozenset(withheld), findings)
        return found(findings)

    first = {f"blobs/{one}": b"1", "other": b""}
    assert errors(first, ((one, 1),)) == []
    assert errors(first, ((one, 1), (two, 2)), (two,)) == []
    assert errors(first, ((one, 1), (two, 2))) == [("blob.missing", f"blobs/{two}", "")]
    assert errors(first, ((one, 2),)) == [("blob.mismatch", f"blobs/{one}", "size")]
    assert errors(first, ((one, 1), (one, 2))) == [
        ("blob.mismatch", "entry 4", f"two sizes of {one}")
    ]
    assert errors(first, ()) == [("file.extra", f"blobs/{one}", "no entry names this blob")]
    expected = [("manifest.mismatch", "manifest.json", f"withheld blob {one}")]
    assert errors(first, ((one, 1),), (one,)) == expected
    assert errors({}, (), (one,)) == expected


def test_blobs_bear_their_hashes() -> None:
    findings = Findings()
    one, two = sha(b"1"), sha(b"2")
    files = {f"blobs/{one}": (one, 1), "other": (two, 1)}
    custody.check_blob_names(files, findings)
    assert found(findings) == []
    custody.check_blob_names(files | {f"blobs/{two}": (one, 1)}, findings)
    assert found(findings) == [("blob.mismatch", f"blobs/{two}", "SHA-256")]
