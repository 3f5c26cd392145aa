"""Ed25519 keys by name, as the C2SP signed-note format wants them, and their files.

A private key is kept as one line `PRIVATE+KEY+<name>+<id>+<base64>`, a public one is shown as
`<name>+<id>+<base64>` (a "vkey"): the encodings that other software for signed notes reads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Protocol

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from detente import formats
from detente.errors import DetenteError

ED25519 = formats.ALGORITHM_LOG

_PRIVATE_PREFIX = "PRIVATE+KEY+"
_KEY_FILE_BYTES_MAX = 4096


class KeyInvalid(DetenteError):
    """A key or its name cannot be used."""

    code: ClassVar[str] = "key.invalid"


class KeyFileUnusable(DetenteError):
    """A key file cannot be read, written or trusted."""

    code: ClassVar[str] = "key.file"


class Signer(Protocol):
    """Something that signs in a name; the private key may be elsewhere."""

    @property
    def name(self) -> str:
        """Key name, as it stands in the signature line."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that is believed, under the name it signs with.

    Raises:
        KeyInvalid: the name has spaces, control characters or a plus sign; the key is not a point
            of the prime-order group in its canonical form. Libraries disagree about signatures by
            such keys, and with one of small order anybody can forge.
    """

    name: str
    public_key: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        check_public_key(self.public_key, self.name)
        object.__setattr__(self, "key_id", key_id(self.name, self.public_key))

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the message."""
        return verify_signature(self.public_key, message, signature)

    def to_vkey(self) -> str:
        """`<name>+<id>+<base64>`."""
        return format_vkey(self.name, self.public_key)

    @classmethod
    def from_vkey(cls, text: str) -> Verifier:
        """Inverse of `to_vkey`.

        Raises:
            KeyInvalid: it is not the vkey of a usable Ed25519 key.
        """
        return cls(*parse_vkey(text))


class Ed25519Signer:
    """A private key held in memory."""

    __slots__ = ("_key", "_name", "_public_key")

    def __init__(self, name: str, seed: bytes) -> None:
        check_name(name)
        if len(seed) != 32:
            raise KeyInvalid("An Ed25519 seed has 32 bytes.", where=name)
        self._name = name
        self._key = SigningKey(seed)
        self._public_key = bytes(self._key.verify_key)

    @property
    def name(self) -> str:
        """Key name, as it stands in the signature line."""
        return self._name

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self._public_key

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self._name, self._public_key)

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self._key.sign(message).signature

    def to_line(self) -> str:
        """The private key as text. Secret."""
        identity = key_id(self._name, self._public_key).hex()
        data = _base64(bytes([ED25519]) + bytes(self._key))
        return f"{_PRIVATE_PREFIX}{self._name}+{identity}+{data}"

    @classmethod
    def from_line(cls, text: str) -> Ed25519Signer:
        """Inverse of `to_line`.

        Raises:
            KeyInvalid: it is not a private key in that form.
        """
        if not text.startswith(_PRIVATE_PREFIX):
            raise KeyInvalid(f"A private key begins with {_PRIVATE_PREFIX}.")
        name, stated_id, seed = _split_key(text.removeprefix(_PRIVATE_PREFIX), "private key")
        made = cls(name, seed)
        if key_id(name, made.public_key) != stated_id:
            raise KeyInvalid("The id in the line is not that of its key.", where=name)
        return made

    def __repr__(self) -> str:
        return f"Ed25519Signer({self._name!r})"


def generate_key(name: str) -> Ed25519Signer:
    """A new private key from the system's random numbers.

    Raises:
        KeyInvalid: the name cannot be used.
    """
    return Ed25519Signer(name, secrets.token_bytes(32))


def check_name(name: str) -> None:
    """Refuse names that signed notes cannot carry.

    Raises:
        KeyInvalid: empty, or with spaces, control characters or a plus sign.
    """
    if not name or not name.isprintable() or re.search(r"[\s+]", name):
        raise KeyInvalid(
            "A key name has at least one character, and no spaces, control or plus characters.",
            where=repr(name),
            advice="A host name with a path is customary: exchange.example/one",
        )


def check_public_key(public_key: bytes, where: str) -> None:
    """Refuse what is not a usable Ed25519 public key.

    Raises:
        KeyInvalid: wrong length, not on the curve, not canonical, or of small order.
    """
    if len(public_key) != 32:
        raise KeyInvalid("An Ed25519 public key has 32 bytes.", where=where)
    if not _is_usable_point(public_key):
        raise KeyInvalid(
            "The public key is not a canonical point of the prime-order group.",
            where=where,
            advice="Do not enrol this key: signatures could be forged for any text.",
        )


# The same few keys are read again with every agreement and entry of the keyring.
@lru_cache(maxsize=1024)
def _is_usable_point(public_key: bytes) -> bool:
    return bool(crypto_core_ed25519_is_valid_point(public_key))


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is that of the key over the message."""
    if len(signature) != 64:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def key_id(name: str, public_key: bytes, algorithm: int = ED25519) -> bytes:
    """Four bytes that tell keys apart in signature lines (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:4]


def format_vkey(name: str, public_key: bytes, algorithm: int = ED25519) -> str:
    """`<name>+<id>+<base64>` of a key for signatures of that type."""
    identity = key_id(name, public_key, algorithm).hex()
    return f"{name}+{identity}+{_base64(bytes([algorithm]) + public_key)}"


def parse_vkey(text: str, algorithm: int = ED25519) -> tuple[str, bytes]:
    """Name and public key (32 bytes) of a vkey of the given type.

    Raises:
        KeyInvalid: it is not the vkey of a usable Ed25519 key, or of another type.
    """
    name, stated_id, public_key = _split_key(text, "vkey", algorithm)
    check_public_key(public_key, name)
    wanted = key_id(name, public_key, algorithm)
    if wanted != stated_id:
        raise KeyInvalid(
            f"The id in the vkey should be {wanted.hex()}.",
            where=name,
            advice="Name, id and key belong together: copy the line whole.",
        )
    return name, public_key


def save_key(signer: Ed25519Signer, path: Path) -> None:
    """Write a private key so that only its owner can read it, whole or not at all.

    Raises:
        KeyFileUnusable: something is there already, or the directory cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(signer.to_line().encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            # A link, because a rename would overwrite a key that is there.
            os.link(temporary, path)
        finally:
            temporary.unlink()
        sync_directory(path.parent)
    except FileExistsError:
        raise KeyFileUnusable(
            "There is a file already.", where=str(path), advice="Move it away if it is not needed."
        ) from None
    except OSError as error:
        raise KeyFileUnusable(f"It cannot be written: {error}.", where=str(path)) from error


def load_key(path: Path) -> Ed25519Signer:
    """Read a private key file.

    Raises:
        KeyFileUnusable: it is missing, readable by others, or not such a file.
    """
    where = str(path)
    try:
        # Checked on the open file, so that it cannot be exchanged in between.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileUnusable("It is not a regular file.", where=where)
            mode = stat.S_IMODE(status.st_mode)
            if mode & 0o077:
                raise KeyFileUnusable(
                    f"Others may use the private key: its mode is {mode:04o}.",
                    where=where,
                    advice=f"Run `chmod 600 {path}`, and replace the key if it may have been read.",
                )
            if status.st_uid not in (0, os.geteuid()):
                raise KeyFileUnusable(
                    f"It belongs to another user (uid {status.st_uid}).",
                    where=where,
                    advice="Whoever owns the file can change the key.",
                )
            data = file.read(_KEY_FILE_BYTES_MAX)
    except FileNotFoundError:
        raise KeyFileUnusable(
            "There is no such file.", where=where, advice="Make one with `detente keys new`."
        ) from None
    except OSError as error:
        raise KeyFileUnusable(f"It cannot be read: {error}.", where=where) from error
    try:
        return Ed25519Signer.from_line(data.decode().strip())
    except UnicodeDecodeError:
        raise KeyFileUnusable("It is not text.", where=where) from None
    except KeyInvalid as error:
        raise KeyFileUnusable(f"It is not a private key of ours: {error}", where=where) from error


def sync_directory(path: Path) -> None:
    """Make names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _split_key(text: str, what: str, algorithm: int = ED25519) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise KeyInvalid(f"A {what} has the parts name, id and key with + between.")
    name, identity, data = parts
    check_name(name)
    if not re.fullmatch(r"[0-9a-f]{8}", identity):
        raise KeyInvalid(f"The id in a {what} is eight lower-case hexadecimal digits.", where=name)
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise KeyInvalid(f"The last part of a {what} is base64.", where=name) from None
    if _base64(raw) != data or len(raw) != 33:
        raise KeyInvalid(f"The last part of a {what} is 33 bytes in canonical base64.", where=name)
    if raw[0] != algorithm:
        raise KeyInvalid(
            f"The key is of type 0x{raw[0]:02x}; 0x{algorithm:02x} is wanted here.", where=name
        )
    return name, bytes.fromhex(identity), raw[1:]
