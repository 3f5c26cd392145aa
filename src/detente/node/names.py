"""Names of logs and witnesses in addresses: digests, because the names themselves hold slashes."""

from __future__ import annotations

import hashlib

from detente.record import CosignatureVerifier


def origin_digest(origin: str) -> str:
    """SHA-256 of a log's origin, in hexadecimal."""
    return hashlib.sha256(origin.encode()).hexdigest()


def witness_digest(witness: CosignatureVerifier) -> str:
    """SHA-256 of a witness's vkey, in hexadecimal."""
    return hashlib.sha256(witness.to_vkey().encode()).hexdigest()
