from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from detente.record import (
    Ed25519Signer,
    KeyFileUnusable,
    KeyInvalid,
    Verifier,
    generate_key,
    load_key,
    save_key,
)

SEED = bytes(range(32))
ONE = Ed25519Signer("one.example/log", SEED)

# Every encoding of a point of order 1, 2, 4 or 8, canonical or not, that RFC 8032 decoders meet.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]


def test_keys_and_signatures_are_those_of_another_library() -> None:
    other = Ed25519PrivateKey.from_private_bytes(SEED)
    assert ONE.public_key == other.public_key().public_bytes_raw()
    assert ONE.sign(b"message") == other.sign(b"message")


def test_a_verifier_accepts_its_own_signatures_only() -> None:
    signature = ONE.sign(b"message")
    assert ONE.verifier.verify(b"message", signature)
    assert not ONE.verifier.verify(b"massage", signature)
    assert not ONE.verifier.verify(b"message", bytes(64))
    assert not ONE.verifier.verify(b"message", signature[:63])
    assert not generate_key("one.example/log").verifier.verify(b"message", signature)


def test_a_vkey_says_it_all() -> None:
    text = ONE.verifier.to_vkey()
    assert Verifier.from_vkey(text) == ONE.verifier
    name, identity, data = text.split("+", 2)
    assert (name, len(identity), base64.b64decode(data)[0]) == ("one.example/log", 8, 1)


def test_a_private_key_survives_as_a_line_and_stays_out_of_sight() -> None:
    again = Ed25519Signer.from_line(ONE.to_line())
    assert (again.name, again.public_key) == (ONE.name, ONE.public_key)
    assert repr(ONE) == "Ed25519Signer('one.example/log')"


def test_generated_keys_differ() -> None:
    assert generate_key("x").public_key != generate_key("x").public_key


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\tb", "a\u00a0b", "a\u2028b", "\x7f"])
def test_names_that_signature_lines_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(KeyInvalid):
        Ed25519Signer(name, SEED)
    with pytest.raises(KeyInvalid):
        Verifier(name, ONE.public_key)


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_keys_with_which_anybody_could_sign_are_refused(key: str) -> None:
    with pytest.raises(KeyInvalid, match="prime-order"):
        Verifier("mallory.example", bytes.fromhex(key))


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), b"\x02" + bytes(31), b"\xff" * 32])
def test_bytes_that_are_no_key_are_refused(key: bytes) -> None:
    with pytest.raises(KeyInvalid):
        Verifier("mallory.example", key)


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(KeyInvalid):
        Ed25519Signer("x", bytes(31))


VKEY = ONE.verifier.to_vkey()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one.example/log",
        VKEY.replace("one", "two"),
        VKEY.replace("+", " "),
        VKEY.upper(),
        VKEY + "=",
        VKEY[:-4],
        VKEY + "AAAA",
        VKEY.replace("/log+", "/log+0"),
        "one.example/log+00000000+" + base64.b64encode(b"\x01" + ONE.public_key).decode(),
        "one.example/log+00000000+" + base64.b64encode(b"\x04" + ONE.public_key).decode(),
    ],
)
def test_damaged_vkeys_are_refused(text: str) -> None:
    with pytest.raises(KeyInvalid):
        Verifier.from_vkey(text)


@pytest.mark.parametrize("text", ["", VKEY, "PRIVATE+KEY+x", ONE.to_line().replace("one", "two")])
def test_damaged_private_keys_are_refused(text: str) -> None:
    with pytest.raises(KeyInvalid):
        Ed25519Signer.from_line(text)


def test_a_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    previous = os.umask(0)
    try:
        save_key(ONE, path)
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path).to_line() == ONE.to_line()
    assert [entry.name for entry in tmp_path.iterdir()] == ["log.key"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    save_key(ONE, path)
    with pytest.raises(KeyFileUnusable, match="already"):
        save_key(generate_key("two"), path)
    assert load_key(path).name == ONE.name
    assert [entry.name for entry in tmp_path.iterdir()] == ["log.key"]


def test_saving_where_nothing_can_be_saved_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnusable, match="cannot be written"):
        save_key(ONE, tmp_path / "absent" / "log.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "log.key"
    save_key(ONE, path)
    path.chmod(mode)
    with pytest.raises(KeyFileUnusable, match=f"{mode:04o}.*chmod 600"):
        load_key(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_that_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    save_key(ONE, path)
    os.chown(path, 12345, 12345)
    with pytest.raises(KeyFileUnusable, match="12345"):
        load_key(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "not a private key"), (b"\xff\xfe", "not text"), (b"-----BEGIN PRIV", "not a private")],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "log.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileUnusable, match=message):
        load_key(path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnusable, match="detente keys new"):
        load_key(tmp_path / "absent")
    with pytest.raises(KeyFileUnusable):
        load_key(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyFileUnusable, match="regular"):
        load_key(tmp_path / "pipe")
