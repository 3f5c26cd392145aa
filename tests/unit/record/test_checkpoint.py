from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from detente.record import (
    EMPTY_ROOT,
    Checkpoint,
    Ed25519Signer,
    NoteMalformed,
    NoteUnverified,
    Verifier,
    open_checkpoint,
    open_note,
    read_checkpoint,
    sign_checkpoint,
)

ONE = Ed25519Signer("one.example", bytes(range(32)))
TWO = Ed25519Signer("two.example", bytes(range(1, 33)))
CHECKPOINT = Checkpoint("exchange.example/log", 3, EMPTY_ROOT)
TEXT = "exchange.example/log\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
NOTE = sign_checkpoint(CHECKPOINT, ONE)
KEYS = [ONE.verifier]


def test_the_text_is_three_lines() -> None:
    assert CHECKPOINT.to_text() == TEXT


def test_a_note_is_what_the_specification_says_checked_with_another_library() -> None:
    text, line = NOTE.split("\n\n")
    assert text + "\n" == TEXT
    dash, name, data = line.removesuffix("\n").split(" ")
    assert (dash, name) == ("\u2014", "one.example")
    raw = base64.b64decode(data)
    identity = hashlib.sha256(b"one.example\n\x01" + ONE.public_key).digest()[:4]
    assert raw[:4] == identity
    Ed25519PublicKey.from_public_bytes(ONE.public_key).verify(raw[4:], TEXT.encode())


def test_a_note_made_by_hand_with_another_library_opens() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(50, 82)))
    public = key.public_key().public_bytes_raw()
    name = "other.example/log"
    identity = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    text = f"{name}\n1234567\n{base64.b64encode(b'r' * 32).decode()}\n"
    signature = base64.b64encode(identity + key.sign(text.encode())).decode()
    note = f"{text}\n\u2014 {name} {signature}\n"
    vkey = f"{name}+{identity.hex()}+{base64.b64encode(bytes([1]) + public).decode()}"
    found = open_checkpoint(note, [Verifier.from_vkey(vkey)])
    assert found == Checkpoint(name, 1_234_567, b"r" * 32)


def test_several_signers_and_any_known_one_suffices() -> None:
    note = sign_checkpoint(CHECKPOINT, ONE, TWO)
    for keys in ([ONE.verifier], [TWO.verifier], [ONE.verifier, TWO.verifier]):
        assert open_checkpoint(note, keys) == CHECKPOINT


def test_no_known_key_is_refused() -> None:
    with pytest.raises(NoteUnverified, match=r"signed by one\.example"):
        open_checkpoint(NOTE, [TWO.verifier])
    with pytest.raises(NoteUnverified):
        open_checkpoint(NOTE, [])


def test_the_same_name_with_another_key_is_unknown() -> None:
    impostor = Ed25519Signer("one.example", bytes(32))
    with pytest.raises(NoteUnverified, match="No known key"):
        open_checkpoint(sign_checkpoint(CHECKPOINT, impostor), KEYS)


def test_a_wrong_signature_by_a_known_key_is_refused_even_beside_a_good_one() -> None:
    broken = sign_checkpoint(Checkpoint("exchange.example/log", 4, EMPTY_ROOT), ONE)
    lines = sign_checkpoint(CHECKPOINT, TWO) + broken.split("\n\n")[1]
    with pytest.raises(NoteUnverified, match="wrong"):
        open_checkpoint(lines, [ONE.verifier, TWO.verifier])
    assert open_checkpoint(lines, [TWO.verifier]) == CHECKPOINT


@pytest.mark.parametrize("size", [2, 30])
def test_another_size_under_the_same_signature_is_refused(size: int) -> None:
    with pytest.raises(NoteUnverified, match="wrong"):
        open_checkpoint(NOTE.replace("\n3\n", f"\n{size}\n"), KEYS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n3\n", "\n03\n"),
        ("\n3\n", "\n+3\n"),
        ("\n3\n", "\n-3\n"),
        ("\n3\n", "\n3 \n"),
        ("\n3\n", "\n\u0663\n"),
        ("\n3\n", "\n9223372036854775808\n"),
        ("\n3\n", "\n\n"),
        ("FU=\n", "FU\n"),
        ("FU=\n", "FV=\n"),
        ("FU=\n", "FU==\n"),
        ("FU=\n", " FU=\n"),
        ("47DE", "47D_"),
        ("47DEQpj8", ""),
        ("FU=\n", "FU=\nextension\n"),
        ("exchange.example/log\n", "\n"),
        ("exchange.example/log\n", " exchange.example/log\n"),
        ("exchange.example/log\n", ""),
    ],
)
def test_texts_with_a_second_spelling_are_refused(old: str, new: str) -> None:
    """Whoever holds the key might sign them; nobody may read them differently."""
    assert old in NOTE
    with pytest.raises(NoteMalformed):
        read_checkpoint(NOTE.replace(old, new))


SIGNATURE = NOTE.split("\n\n")[1]


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT + "\n",
        TEXT + SIGNATURE,
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE + "junk\n",
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\u2014 ", "\u2014  "),
        NOTE.replace("one.example ", ""),
        NOTE.replace("one.example ", "one+example "),
        NOTE.replace("one.example ", "one.example"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("3", "\x003"),
        NOTE.replace("3", "\ud800"),
        TEXT + "\n" + SIGNATURE * 101,
        "x" * 70_000 + NOTE,
        TEXT + "\n\u2014 one.example AAAA\n",
        TEXT + "\n\u2014 one.example *\n",
    ],
)
def test_what_is_no_signed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteMalformed):
        open_note(note, KEYS)


def test_a_text_may_contain_an_empty_line() -> None:
    assert open_note(_signed("a\n\nb\n"), KEYS) == "a\n\nb\n"


def _signed(text: str) -> str:
    raw = ONE.verifier.key_id + ONE.sign(text.encode())
    return f"{text}\n\u2014 one.example {base64.b64encode(raw).decode()}\n"
