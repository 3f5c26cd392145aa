"""Encryption for recipients (age-encryption.org/v1), by the library pyrage, which has no types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, ClassVar, Final

import pyrage  # type: ignore[import-untyped]  # see above; nothing of it leaves this module

from detente.errors import DetenteError

BEGIN: Final = b"age-encryption.org/v1\n"
"""How an encrypted file begins."""


class BackupKeyUnusable(DetenteError):
    """A recipient or identity of age cannot be used."""

    code: ClassVar[str] = "backup.key"


class NotDecrypted(Exception):
    """None of the identities is one of the recipients, or the file is damaged."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom something is encrypted for.

    Attributes:
        text: `age1…`, or an SSH public key.

    Raises:
        BackupKeyUnusable: it is neither.
    """

    text: str
    _key: object = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kind = pyrage.x25519 if self.text.startswith("age1") else pyrage.ssh
        try:
            object.__setattr__(self, "_key", kind.Recipient.from_str(self.text))
        except pyrage.RecipientError as error:
            raise BackupKeyUnusable(
                f"It is no recipient of age: {error}.",
                where=self.text[:20],
                advice="It begins with age1, or is an SSH public key.",
            ) from None


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key that can decrypt. Made by `read_identities`."""

    _key: object = field(repr=False)


def read_identities(data: bytes) -> list[Identity]:
    """The private keys in a file as `age-keygen` makes it, or an SSH private key without password.

    Raises:
        BackupKeyUnusable: there is none.
    """
    try:
        if data.startswith(b"-----BEGIN"):
            return [Identity(pyrage.ssh.Identity.from_buffer(data))]
        found = [
            Identity(pyrage.x25519.Identity.from_str(line.strip()))
            for line in data.decode().splitlines()
            if line.startswith("AGE-SECRET-KEY-")
        ]
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise BackupKeyUnusable(f"It is no identity of age: {error}.") from None
    if not found:
        raise BackupKeyUnusable("There is no identity of age (AGE-SECRET-KEY-…) in it.")
    return found


def encrypt(source: IO[bytes], target: IO[bytes], recipients: Sequence[Recipient]) -> None:
    """Encrypt a stream; any of the recipients can decrypt it.

    Raises:
        OSError: it cannot be read or written.
    """
    pyrage.encrypt_io(source, target, [each._key for each in recipients])


def decrypt(source: IO[bytes], target: IO[bytes], identities: Sequence[Identity]) -> None:
    """Inverse of `encrypt`. Nothing that was written may be used before this has returned.

    Raises:
        NotDecrypted: with none of these keys.
        OSError: it cannot be read or written.
    """
    try:
        pyrage.decrypt_io(source, target, [each._key for each in identities])
    except pyrage.DecryptError as error:
        raise NotDecrypted(str(error)) from None
