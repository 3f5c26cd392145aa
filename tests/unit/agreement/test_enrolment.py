"""Keys that are taken, and keys that are not."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.support.agreements import OFFICERS, WITHIN, World, drafted, enrolled

from detente.agreement import (
    AgreementNotWritten,
    AgreementRefused,
    AgreementUnusable,
    KeyNames,
    KeyOffer,
    accept_enrolment,
    check,
    key_offers,
    make_party_keys,
    request_enrolment,
)
from detente.formats import ALGORITHM_LOG
from detente.record import CosignatureVerifier, Ed25519Signer, generate_key

# Points of order 1, 2, 4 and 8, and a y that is not reduced.
SMALL = [
    bytes([1]) + bytes(31),
    bytes([0xEC]) + bytes([0xFF]) * 30 + bytes([0x7F]),
    bytes(32),
    bytes(31) + bytes([0x80]),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes([0xEE]) + bytes([0xFF]) * 30 + bytes([0x7F]),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return enrolled(tmp_path)


def codes(world: World) -> set[str]:
    return {fault.code for fault in check(world.agreement)}


def edited(world: World, party: str = "a") -> tuple[Path, Any]:
    path = world.agreement / "enrolments" / f"{party}.json"
    return path, json.loads(path.read_text())


def vkey(name: str, public_key: bytes, algorithm: int = ALGORITHM_LOG) -> str:
    import hashlib

    data = bytes([algorithm]) + public_key
    identity = hashlib.sha256(name.encode() + b"\n" + data).hexdigest()[:8]
    return f"{name}+{identity}+{base64.b64encode(data).decode()}"


def test_private_keys_are_their_owners_alone(world: World) -> None:
    for path in world.keys("a").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_keys_that_are_there_stay(world: World) -> None:
    before = {path: path.read_bytes() for path in world.keys("a").rglob("*.key")}
    names = KeyNames("node.a.example", "ab-2026")
    made = make_party_keys(world.keys("a"), names, ["durand", "watch"], lambda: WITHIN)
    assert [path.name for path in made] == ["watch.key"]
    assert all(path.read_bytes() == data for path, data in before.items())


@pytest.mark.parametrize("public_key", SMALL, ids=lambda key: key.hex()[:8])
def test_keys_of_small_order_and_strange_spelling_are_refused(
    world: World, public_key: bytes
) -> None:
    path, value = edited(world)
    name = value["keys"][2]["vkey"].split("+")[0]
    value["keys"][2]["vkey"] = vkey(name, public_key)
    path.write_text(json.dumps(value))
    assert "key.unusable" in codes(world)


def test_a_proof_by_another_key_or_for_another_purpose_is_refused(world: World) -> None:
    path, value = edited(world)
    for swap in (("proof", 2, 3), ("proof", 0, 2)):
        member, one, other = swap
        changed = json.loads(json.dumps(value))
        changed["keys"][one][member] = value["keys"][other][member]
        path.write_text(json.dumps(changed))
        assert codes(world) == {"enrolment.proof"}


@pytest.mark.parametrize("proof", ["", "AAAA", "*", None])
def test_a_missing_proof_is_refused(world: World, proof: str | None) -> None:
    path, value = edited(world)
    if proof is None:
        del value["keys"][1]["proof"]
    else:
        value["keys"][1]["proof"] = proof
    path.write_text(json.dumps(value))
    assert codes(world) == {"enrolment.proof"}


def test_a_proof_cannot_be_taken_to_another_agreement(world: World) -> None:
    world.change('id = "ab-2026"', 'id = "ab-2027"')
    assert "enrolment.agreement" in codes(world)
    path, value = edited(world)
    value["agreement"] = "ab-2027"
    path.write_text(json.dumps(value))
    assert "enrolment.proof" in codes(world)


def test_an_officers_key_of_a_stranger_is_refused(world: World) -> None:
    path, value = edited(world)
    value["keys"][3]["holder"] = "dupont"
    path.write_text(json.dumps(value))
    assert codes(world) == {"enrolment.holder"}


def test_a_witness_key_of_the_plain_type_is_refused(world: World) -> None:
    path, value = edited(world)
    entry = value["keys"][1]
    public_key = base64.b64decode(entry["vkey"].split("+", 2)[2])[1:]
    entry["vkey"] = vkey(entry["vkey"].split("+")[0], public_key)
    path.write_text(json.dumps(value))
    assert codes(world) == {"key.type"}


def test_every_purpose_has_a_key(world: World) -> None:
    for index, purpose in enumerate(("log", "witness", "signing")):
        path, value = edited(world)
        kept = path.read_text()
        del value["keys"][index]
        path.write_text(json.dumps(value))
        (fault,) = check(world.agreement)
        assert fault.code == "enrolment.missing"
        assert purpose in fault.message
        path.write_text(kept)


def offers(party: str, keys: dict[str, Ed25519Signer]) -> list[KeyOffer]:
    officer = OFFICERS[party][0]
    return [
        KeyOffer(purpose, officer if purpose == "officer" else "", keys[purpose])
        for purpose in ("log", "witness", "signing", "officer")
    ]


def make(host: str) -> dict[str, Ed25519Signer]:
    return {
        purpose: generate_key(f"{host}/{purpose}/ab-2026")
        for purpose in ("log", "witness", "signing", "officer")
    }


def again(key: Ed25519Signer, name: str) -> Ed25519Signer:
    seed = base64.b64decode(key.to_line().split("+", 4)[4])[1:]
    return Ed25519Signer(name, seed)


@pytest.mark.parametrize("purpose", ["log", "witness", "signing", "officer"])
def test_no_public_key_stands_twice(tmp_path: Path, purpose: str) -> None:
    """Within a party under another purpose, and between parties: the holder of one could sign as
    the other."""
    world = drafted(tmp_path)
    mine, theirs = make("node.a.example"), make("node.b.example")
    theirs[purpose] = again(mine["signing"], theirs[purpose].name)
    request_enrolment(world.agreement, "a", offers("a", mine))
    request_enrolment(world.agreement, "b", offers("b", theirs))
    assert codes(world) == {"key.duplicate"}


def test_a_neutral_witness_is_no_party_in_disguise(world: World) -> None:
    _, value = edited(world)
    raw = base64.b64decode(value["keys"][1]["vkey"].split("+", 2)[2])[1:]
    twin = CosignatureVerifier("w.example/w", raw).to_vkey()
    table = f'[[witnessing.neutral]]\nid = "w"\nname = "W"\nvkey = "{twin}"\n\n[line]\n'
    world.change("[line]\n", table)
    assert codes(world) == {"key.duplicate"}


def test_nobody_names_a_key_after_anothers_host(tmp_path: Path) -> None:
    world = drafted(tmp_path)
    request_enrolment(world.agreement, "a", offers("a", make("node.a.example")))
    keys = make("node.b.example")
    keys["signing"] = generate_key("node.a.example/signing/other")
    request_enrolment(world.agreement, "b", offers("b", keys))
    assert codes(world) == {"key.name"}


def test_a_log_is_of_one_agreement(tmp_path: Path) -> None:
    world = drafted(tmp_path)
    keys = make("node.a.example")
    keys["log"] = generate_key("node.a.example/log/other")
    request_enrolment(world.agreement, "a", offers("a", keys))
    assert "key.name" in codes(world)


def test_an_enrolment_travels_as_a_file(tmp_path: Path) -> None:
    world = drafted(tmp_path)
    out = tmp_path / "b.json"
    request_enrolment(world.agreement, "b", offers("b", make("node.b.example")), out=out)
    assert not (world.agreement / "enrolments").exists()
    keys = accept_enrolment(world.agreement, out, "b")
    assert [key.purpose for key in keys] == ["log", "witness", "signing", "officer"]
    with pytest.raises(AgreementNotWritten):
        accept_enrolment(world.agreement, out, "b")
    with pytest.raises(AgreementUnusable):
        accept_enrolment(world.agreement, out, "a")
    with pytest.raises(AgreementRefused):
        accept_enrolment(world.agreement, out, "c")


def test_what_is_accepted_has_no_key_of_another_party(tmp_path: Path) -> None:
    world = drafted(tmp_path)
    mine, theirs = make("node.a.example"), make("node.b.example")
    request_enrolment(world.agreement, "a", offers("a", mine))
    theirs["officer"] = again(mine["officer"], theirs["officer"].name)
    out = tmp_path / "b.json"
    request_enrolment(world.agreement, "b", offers("b", theirs), out=out)
    with pytest.raises(AgreementUnusable, match="public key"):
        accept_enrolment(world.agreement, out, "b")
    assert not (world.agreement / "enrolments" / "b.json").exists()


def test_the_witness_signs_its_own_proof(world: World) -> None:
    with key_offers(world.keys("a")) as made:
        witness = next(offer for offer in made if offer.purpose == "witness")
        assert witness.signer.name == "node.a.example/witness/ab-2026"
    # It is free again for the node.
    with key_offers(world.keys("a")) as made:
        assert len(made) == 5
