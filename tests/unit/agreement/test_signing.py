"""Who can sign what, and when an agreement is in force."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.support.agreements import World, enrolled

from detente.agreement import (
    AgreementRefused,
    AgreementUnusable,
    amend_agreement,
    check,
    load_agreement,
    merge,
    party_signatures,
    sign,
)
from detente.record import Ed25519Signer, Envelope, Policy, generate_key


@pytest.fixture
def world(tmp_path: Path) -> World:
    return enrolled(tmp_path)


def signers(directory: Path) -> dict[str, str | None]:
    return {
        each.party: each.key.name if each.key else None
        for each in party_signatures(load_agreement(directory))
    }


def test_it_is_signed_when_every_party_has_signed_the_same_hash(world: World) -> None:
    first = sign(world.agreement, world.officer("a"), "a")
    assert signers(world.agreement)["b"] is None
    assert sign(world.agreement, world.node("b"), "b") == first
    assert all(signers(world.agreement).values())
    payload = Envelope.from_json(world.signatures.read_bytes()).payload
    assert hashlib.sha256(payload).hexdigest() == first


def test_the_manifest_has_every_file_key_and_policy(world: World) -> None:
    agreement = load_agreement(world.agreement)
    manifest = json.loads(agreement.manifest())
    assert [entry["name"] for entry in manifest["files"]] == [
        "agreement.toml",
        "area.geojson",
        "enrolments/a.json",
        "enrolments/b.json",
    ]
    for entry in manifest["files"]:
        data = (world.agreement / entry["name"]).read_bytes()
        assert (entry["sha256"], entry["size"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert [party["id"] for party in manifest["parties"]] == ["a", "b"]
    assert [key["purpose"] for key in manifest["parties"][0]["keys"]] == [
        "log",
        "witness",
        "signing",
        "officer",
        "officer",
    ]
    assert set(manifest) == {
        *("agreement", "version", "previous", "title", "period", "files", "parties"),
        *("witnesses", "policies"),
    }
    assert manifest["period"]["from"] == "2026-12-01T00:00:00.000000Z"
    policy = Policy.parse(manifest["policies"]["node.a.example/log/ab-2026"])
    assert policy.satisfied(["node.b.example/witness/ab-2026"])
    assert not policy.satisfied(["node.a.example/witness/ab-2026"])


def test_the_record_gets_its_terms(world: World) -> None:
    terms = load_agreement(world.agreement).terms()
    assert terms.agreement == "ab-2026"
    assert terms.member("b").log.name == "node.b.example/log/ab-2026"
    assert {officer.holder for officer in terms.member("b").officers} == {"nowak", "lind"}
    assert terms.sha256 == load_agreement(world.agreement).sha256


def test_signing_again_changes_nothing(world: World) -> None:
    sign(world.agreement, world.officer("a"), "a")
    before = world.signatures.read_bytes()
    sign(world.agreement, world.officer("a"), "a")
    assert world.signatures.read_bytes() == before


def test_a_party_cannot_sign_for_another(world: World) -> None:
    with pytest.raises(AgreementRefused, match="does not sign for party b"):
        sign(world.agreement, world.officer("a"), "b")
    assert not world.signatures.exists()


def test_keys_of_logs_do_not_sign_agreements(world: World) -> None:
    from detente.record import load_key

    with pytest.raises(AgreementRefused):
        sign(world.agreement, load_key(world.keys("a") / "log.key"), "a")


def test_a_key_of_the_same_name_is_not_the_key(world: World) -> None:
    with pytest.raises(AgreementRefused):
        sign(world.agreement, generate_key(world.officer("a").name), "a")


def test_a_signer_that_signs_wrongly_is_noticed(world: World) -> None:
    right = world.officer("a")

    class Broken:
        name = right.name
        public_key = right.public_key

        def sign(self, message: bytes) -> bytes:
            return right.sign(message + b"!")

    with pytest.raises(AgreementRefused, match="wrong"):
        sign(world.agreement, Broken(), "a")
    assert not world.signatures.exists()


def test_what_has_a_fault_is_not_signed(world: World) -> None:
    world.change("distress_s = 60", "distress_s = 6000")
    with pytest.raises(AgreementUnusable):
        sign(world.agreement, world.officer("a"), "a")


@pytest.mark.parametrize("name", ["agreement.toml", "area.geojson", "enrolments/a.json"])
def test_a_changed_file_is_told_by_name(world: World, name: str) -> None:
    world.sign_all()
    path = world.agreement / name
    path.write_bytes(path.read_bytes() + b"\n")
    (fault,) = check(world.agreement)
    assert fault.code == "signature.text"
    assert name in fault.message
    with pytest.raises(AgreementUnusable):
        sign(world.agreement, world.officer("a", 1), "a")


def test_copies_signed_apart_merge_to_the_same_file(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(world.agreement, copy)
    sign(world.agreement, world.officer("a"), "a")
    sign(copy, world.officer("b"), "b")
    theirs, ours = copy / "agreement.dsse.json", tmp_path / "ours"
    shutil.copy(world.signatures, ours)
    assert merge(world.agreement, theirs) == (world.officer("b").name,)
    assert merge(copy, ours) == (world.officer("a").name,)
    assert world.signatures.read_bytes() == theirs.read_bytes()
    assert all(signers(copy).values())


def test_signatures_of_another_text_are_not_merged(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(world.agreement, copy)
    world.change("test_calls_per_day = 2", "test_calls_per_day = 3")
    sign(copy, world.officer("b"), "b")
    with pytest.raises(AgreementRefused, match="another text"):
        merge(world.agreement, copy / "agreement.dsse.json")


def test_a_flipped_signature_is_a_fault_and_never_counts(world: World) -> None:
    world.sign_all()
    value = json.loads(world.signatures.read_text())
    raw = bytearray(base64.b64decode(value["signatures"][0]["sig"]))
    raw[5] ^= 1
    value["signatures"][0]["sig"] = base64.b64encode(raw).decode()
    world.signatures.write_text(json.dumps(value, separators=(",", ":")))
    assert [fault.code for fault in check(world.agreement)] == ["signature.wrong"]


def test_the_form_of_signatures_is_strict(world: World) -> None:
    for data in (b"", b"{}", b"[]", b'{"payload":"","payloadType":"x","signatures":[]}'):
        world.signatures.write_bytes(data)
        assert [fault.code for fault in check(world.agreement)] == ["signature.unusable"]


class TestAmendment:
    @pytest.fixture
    def amended(self, world: World, tmp_path: Path) -> World:
        world.sign_all()
        new = World(tmp_path / "second")
        new.root.mkdir()
        assert amend_agreement(world.agreement, new.agreement) == 2
        new.change("test_calls_per_day = 2", "test_calls_per_day = 4")
        for party in "ab":
            shutil.copytree(world.keys(party), new.keys(party))
        return new

    def test_it_names_what_it_replaces(self, world: World, amended: World) -> None:
        assert check(amended.agreement) == []
        document = load_agreement(amended.agreement).document
        assert (document.version, document.previous) == (2, load_agreement(world.agreement).sha256)
        amended.sign_all()
        assert all(signers(amended.agreement).values())

    def test_what_is_not_in_force_is_not_amended(self, world: World, tmp_path: Path) -> None:
        sign(world.agreement, world.officer("a"), "a")
        with pytest.raises(AgreementRefused, match="not signed by b"):
            amend_agreement(world.agreement, tmp_path / "next")

    def test_new_keys_of_a_party_do_not_sign_for_it(self, amended: World, tmp_path: Path) -> None:
        """Whoever writes version 2 could enter keys of his own for party a."""
        forged = enrolled(tmp_path / "forger", fresh=True)
        shutil.copy(
            forged.agreement / "enrolments" / "a.json", amended.agreement / "enrolments" / "a.json"
        )
        with pytest.raises(AgreementRefused, match="does not sign"):
            sign(amended.agreement, forged.officer("a"), "a")
        sign(amended.agreement, amended.officer("a"), "a")
        assert signers(amended.agreement)["a"] == amended.officer("a").name

    def test_another_version_before_is_a_fault(self, amended: World, tmp_path: Path) -> None:
        other = enrolled(tmp_path / "other", fresh=True)
        other.sign_all()
        shutil.copy(other.signatures, amended.agreement / "previous.dsse.json")
        assert {fault.code for fault in check(amended.agreement)} == {"version.previous"}

    def test_the_version_before_must_have_been_in_force(self, amended: World) -> None:
        path = amended.agreement / "previous.dsse.json"
        value = json.loads(path.read_text())
        del value["signatures"][0]
        path.write_text(json.dumps(value, separators=(",", ":")))
        (fault,) = check(amended.agreement)
        assert "not signed by all" in fault.message


def test_neutral_witnesses_are_counted_as_agreed(world: World) -> None:
    from detente.record import CosignatureVerifier

    keys = [CosignatureVerifier.of(generate_key(f"w{i}.example/w")).to_vkey() for i in range(3)]
    tables = "".join(
        f'[[witnessing.neutral]]\nid = "n{"xyz"[i]}"\nname = "W"\nvkey = "{key}"\n\n'
        for i, key in enumerate(keys)
    )
    world.change("[line]\n", f"[witnessing]\nneutral_needed = 2\n\n{tables}[line]\n")
    policies = load_agreement(world.agreement).terms().policies
    policy = Policy.parse(policies["node.b.example/log/ab-2026"])
    peer = "node.a.example/witness/ab-2026"
    assert policy.satisfied([peer, "w0.example/w", "w2.example/w"])
    assert not policy.satisfied([peer, "w0.example/w"])
    assert not policy.satisfied(["w0.example/w", "w1.example/w", "w2.example/w"])


def test_signers_need_only_a_name_a_key_and_sign(world: World) -> None:
    inner = world.officer("a")

    class Elsewhere:
        @property
        def name(self) -> str:
            return inner.name

        @property
        def public_key(self) -> bytes:
            return inner.public_key

        def sign(self, message: bytes) -> bytes:
            return inner.sign(message)

    assert not isinstance(Elsewhere(), Ed25519Signer)
    sign(world.agreement, Elsewhere(), "a")
    assert signers(world.agreement)["a"] == inner.name
