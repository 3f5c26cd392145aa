from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.unit.record.test_keys import SMALL_ORDER

from detente.record import (
    Checkpoint,
    Cosignature,
    CosignatureVerifier,
    Ed25519Signer,
    KeyInvalid,
    NoteMalformed,
    NoteUnverified,
    Verifier,
    add_lines,
    cosign,
    cosignatures_of,
    open_checkpoint,
    sign_checkpoint,
)

LOG = Ed25519Signer("a.example/log", bytes(range(32)))
ONE = Ed25519Signer("b.example/witness", bytes(range(1, 33)))
TWO = Ed25519Signer("w.example", bytes(range(2, 34)))
ONE_KEY, TWO_KEY = CosignatureVerifier.of(ONE), CosignatureVerifier.of(TWO)
CHECKPOINT = Checkpoint("a.example/log", 5, hashlib.sha256(b"x").digest())
TEXT = CHECKPOINT.to_text()
NOTE = sign_checkpoint(CHECKPOINT, LOG)


def test_a_line_is_time_and_signature_over_header_time_and_text() -> None:
    line = cosign(TEXT, ONE, 1_795_379_677)
    dash, name, data = line.removesuffix("\n").split(" ")
    raw = base64.b64decode(data)
    assert (dash, name, len(raw)) == ("\u2014", ONE.name, 4 + 8 + 64)
    identity = hashlib.sha256(ONE.name.encode() + b"\n\x04" + ONE.public_key).digest()[:4]
    assert raw[:4] == identity == ONE_KEY.key_id
    assert int.from_bytes(raw[4:12], "big") == 1_795_379_677
    Ed25519PublicKey.from_public_bytes(ONE.public_key).verify(
        raw[12:], b"cosignature/v1\ntime 1795379677\n" + TEXT.encode()
    )


def test_cosignatures_of_known_keys_are_found_with_their_times() -> None:
    note = NOTE + cosign(TEXT, ONE, 7) + cosign(TEXT, TWO, 9)
    assert cosignatures_of(note, [TWO_KEY, ONE_KEY]) == [
        Cosignature(ONE.name, 7, ONE_KEY.key_id),
        Cosignature(TWO.name, 9, TWO_KEY.key_id),
    ]
    assert cosignatures_of(note, [TWO_KEY]) == [Cosignature(TWO.name, 9, TWO_KEY.key_id)]
    assert cosignatures_of(NOTE, [ONE_KEY]) == []
    assert open_checkpoint(note, [LOG.verifier]) == CHECKPOINT


def test_a_key_counts_once_with_its_latest_time() -> None:
    note = NOTE + cosign(TEXT, ONE, 7) + cosign(TEXT, ONE, 9) + cosign(TEXT, ONE, 8)
    assert cosignatures_of(note, [ONE_KEY]) == [Cosignature(ONE.name, 9, ONE_KEY.key_id)]


@pytest.mark.parametrize("time_s", [0, 1, 2**63 - 1])
def test_any_time_of_the_format_can_be_stated(time_s: int) -> None:
    note = NOTE + cosign(TEXT, ONE, time_s)
    assert [each.time_s for each in cosignatures_of(note, [ONE_KEY])] == [time_s]


@pytest.mark.parametrize("time_s", [-1, 2**63])
def test_other_times_cannot(time_s: int) -> None:
    with pytest.raises(ValueError, match="time"):
        cosign(TEXT, ONE, time_s)
    assert not ONE_KEY.verify(TEXT, time_s, bytes(64))


def line_of(name: str, data: bytes) -> str:
    return f"\u2014 {name} {base64.b64encode(data).decode()}\n"


def wrong_lines() -> list[str]:
    good = base64.b64decode(cosign(TEXT, ONE, 7).split(" ")[2])
    late = bytearray(good)
    late[11] ^= 1
    beyond = (2**63).to_bytes(8, "big")
    signed = ONE.sign(f"cosignature/v1\ntime {2**63}\n{TEXT}".encode())
    return [
        line_of(ONE.name, bytes(late)),
        line_of(ONE.name, good[:-1] + bytes([good[-1] ^ 1])),
        line_of(ONE.name, good + b"\x00"),
        line_of(ONE.name, good[:-1]),
        line_of(ONE.name, good[:5]),
        line_of(ONE.name, ONE_KEY.key_id + beyond + signed),
        line_of(ONE.name, ONE_KEY.key_id + (7).to_bytes(8, "big") + ONE.sign(TEXT.encode())),
        cosign(TEXT.replace("5", "6"), ONE, 7),
    ]


@pytest.mark.parametrize("number", range(8))
def test_a_wrong_line_by_a_known_key_is_an_error_everywhere(number: int) -> None:
    line = wrong_lines()[number]
    for check in (
        lambda: cosignatures_of(NOTE + line, [ONE_KEY]),
        lambda: add_lines(NOTE, line, [ONE_KEY]),
        lambda: add_lines(NOTE + line, cosign(TEXT, TWO, 9), [ONE_KEY, TWO_KEY]),
    ):
        with pytest.raises(NoteUnverified, match=r"b\.example/witness"):
            check()
    assert cosignatures_of(NOTE + line, [TWO_KEY]) == []


def test_a_log_signature_and_a_cosignature_of_one_key_are_not_each_other() -> None:
    as_log = Verifier(ONE.name, ONE.public_key)
    with pytest.raises(NoteUnverified):
        open_checkpoint(NOTE + cosign(TEXT, ONE, 7), [as_log])
    assert cosignatures_of(sign_checkpoint(CHECKPOINT, ONE), [ONE_KEY]) == []


def test_only_good_new_lines_of_known_keys_are_added() -> None:
    offered = cosign(TEXT, TWO, 9) + cosign(TEXT, ONE, 7) + cosign(TEXT, ONE, 8)
    assert add_lines(NOTE, offered, [ONE_KEY]) == NOTE + cosign(TEXT, ONE, 7)
    once = NOTE + cosign(TEXT, ONE, 7)
    assert add_lines(once, offered, [ONE_KEY, TWO_KEY]) == once + cosign(TEXT, TWO, 9)
    assert add_lines(once, cosign(TEXT, ONE, 8), [ONE_KEY]) == once
    assert add_lines(NOTE, offered, []) == NOTE


@pytest.mark.parametrize("lines", ["", "\n", "x\n", "\u2014 b.example/witness AAAA\n"])
def test_what_is_no_signature_line_is_refused(lines: str) -> None:
    with pytest.raises(NoteMalformed):
        add_lines(NOTE, lines, [ONE_KEY])


def test_an_answer_cannot_pretend_to_another_text() -> None:
    text = TEXT + "\nmore\n"
    with pytest.raises(NoteMalformed, match="empty line"):
        add_lines(NOTE, "more\n\n" + cosign(text, ONE, 7), [ONE_KEY])


def test_a_note_cannot_grow_without_end() -> None:
    strangers = "".join(line_of("x", bytes([number]) * 68) for number in range(99))
    with pytest.raises(NoteMalformed, match="at most"):
        add_lines(NOTE + strangers, cosign(TEXT, ONE, 7), [ONE_KEY])


def test_a_vkey_is_of_its_type() -> None:
    text = ONE_KEY.to_vkey()
    assert CosignatureVerifier.from_vkey(text) == ONE_KEY
    assert base64.b64decode(text.split("+", 2)[2])[0] == 4
    with pytest.raises(KeyInvalid, match="0x04"):
        Verifier.from_vkey(text)
    with pytest.raises(KeyInvalid, match="0x01"):
        CosignatureVerifier.from_vkey(ONE.verifier.to_vkey())


@pytest.mark.parametrize("key", [*SMALL_ORDER, "02" + "00" * 31, "ff" * 32])
def test_keys_with_which_anybody_could_sign_are_refused(key: str) -> None:
    raw = bytes.fromhex(key)
    with pytest.raises(KeyInvalid):
        CosignatureVerifier("w.example", raw)
    for algorithm, read in ((4, CosignatureVerifier.from_vkey), (1, Verifier.from_vkey)):
        typed = bytes([algorithm]) + raw
        identity = hashlib.sha256(b"w.example\n" + typed).digest()[:4].hex()
        with pytest.raises(KeyInvalid):
            read(f"w.example+{identity}+{base64.b64encode(typed).decode()}")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_names_that_signature_lines_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(KeyInvalid):
        CosignatureVerifier(name, ONE.public_key)
