"""RFC 3161 timestamps over checkpoints: checked with `rfc3161_client` where it is installed."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .errors import VerifyError
from .heads import Head
from .notes import read_note

_HASHES: Final = ("sha256", "sha384", "sha512")

Check = Callable[[bytes, bytes, bytes], str]
"""Token, certificates (PEM) and message to the time the token states; ValueError if it is wrong."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A token over a checkpoint; `time` is "" if it could not be checked here."""

    size: int
    time: str


def check_timestamp(
    note: bytes, token: bytes, pem: bytes, head: Head, where: str, check: Check | None
) -> Timestamp:
    """Check a token over a checkpoint that was verified.

    Args:
        note: the bytes that were stamped: the checkpoint with the log's signature line alone.

    Raises:
        VerifyError: timestamp.wrong, checkpoint.malformed.
    """
    stamped = read_note(note, where)
    known = {line.text for line in head.checkpoint.note.lines}
    if stamped.text != head.checkpoint.note.text or len(stamped.lines) != 1:
        raise VerifyError("timestamp.wrong", where, "not the checkpoint of that size")
    line = stamped.lines[0]
    # The log's own line, not a cosignature: those have eight bytes of time more.
    if line.text not in known or len(line.data) != 64:
        raise VerifyError("timestamp.wrong", where, "not with the log's signature")
    if check is None:
        # What the token's hash is over needs no library: a token for something else is refused.
        if not any(hashlib.new(name, note).digest() in token for name in _HASHES):
            raise VerifyError("timestamp.wrong", where, "the token is over something else")
        return Timestamp(head.checkpoint.size, "")
    try:
        return Timestamp(head.checkpoint.size, check(token, pem, note))
    except ValueError as error:
        raise VerifyError("timestamp.wrong", where, str(error)) from None


def openssl_command(size: int) -> str:
    """How to check a token with openssl, from the unpacked bundle."""
    name = f"timestamps/{size}"
    return f"openssl ts -verify -data {name}.note -in {name}.tsr -CAfile timestamps/tsa.pem"


def library_check() -> Check | None:
    """A check by `rfc3161_client`, None if it is not installed."""
    try:
        client = importlib.import_module("rfc3161_client")
        x509 = importlib.import_module("cryptography.x509")
    except ImportError:
        return None

    def check(token: bytes, pem: bytes, message: bytes) -> str:
        try:
            response = client.decode_timestamp_response(token)
            builder = client.VerifierBuilder()
            certificates = x509.load_pem_x509_certificates(pem)
            for certificate in certificates:
                if certificate.issuer == certificate.subject or len(certificates) == 1:
                    builder = builder.add_root_certificate(certificate)
                else:
                    builder = builder.add_intermediate_certificate(certificate)
            if not builder.build().verify_message(response, message):
                raise ValueError("the token is not over this checkpoint")
            return str(response.tst_info.gen_time.strftime("%Y-%m-%dT%H:%M:%SZ"))
        except Exception as error:  # noqa: BLE001 - a library of its own kinds of errors
            raise ValueError(f"{type(error).__name__}: {error}") from None

    return check
