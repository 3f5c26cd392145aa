"""Signed answers: RFC 9421 with Content-Digest (RFC 9530), in one narrow form.

    Content-Digest: sha-256=:…:
    Signature-Input: uss=("@status" "content-digest" "@method";req "@path";req);
        created=…;keyid="…";alg="ed25519";tag="uss-v1"
    Signature: uss=:…:

The signature says whose the answer is, when it was made and to which request, so that one answer
cannot be shown as one to something else. There is no nonce: an answer is asked for, not sent. The
path is what stands in the request line, as whoever asked has written it, without the query.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from detente.http.signatures import (
    RequestSigner,
    RequestVerifier,
    SignatureClock,
    SignatureKeyUnknown,
    SignatureRefused,
)

LABEL: Final = "uss"
TAG: Final = "uss-v1"
SKEW_S: Final = 60
"""By how much the clocks may differ, and the answer may have been on its way."""

_COVERED: Final = '("@status" "content-digest" "@method";req "@path";req)'
_KEY_NAME: Final = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,200}")
_INPUT: Final = re.compile(
    re.escape(f"{LABEL}={_COVERED}")
    + r';created=([0-9]{1,12});keyid="([\x20-\x21\x23-\x5b\x5d-\x7e]{1,200})"'
    + re.escape(f';alg="ed25519";tag="{TAG}"')
)
_SIGNATURE: Final = re.compile(rf"{LABEL}=:([A-Za-z0-9+/]{{85}}[AQgw]==):")
_PATH: Final = re.compile(r"/[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """What a good signature on an answer says."""

    key_name: str
    created: datetime


def digest_of(body: bytes) -> str:
    """The value of `Content-Digest` for a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign_response(
    method: str, path: str, status: int, body: bytes, signer: RequestSigner, *, now: datetime
) -> dict[str, str]:
    """The three headers that sign an answer; names in small letters.

    Args:
        method, path: of the request, as it was received; the path without the query.
        status, body: of the answer.
        signer: whose name becomes the `keyid`.
        now: aware.

    Raises:
        SignatureRefused: it cannot be signed: the key's name or the path has other characters.
    """
    if not _KEY_NAME.fullmatch(signer.name):
        raise SignatureRefused("The key's name cannot stand in a signature.", where=signer.name)
    digest = digest_of(body)
    parameters = (
        f'{_COVERED};created={int(now.timestamp())};keyid="{signer.name}";alg="ed25519";tag="{TAG}"'
    )
    signature = signer.sign(_base(method, path, status, digest, parameters))
    return {
        "content-digest": digest,
        "signature-input": f"{LABEL}={parameters}",
        "signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
    }


def verify_response(
    method: str,
    url: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Callable[[str], RequestVerifier | None],
    now: datetime,
    skew_s: float = SKEW_S,
) -> SignedAnswer:
    """What the signature on an answer says, if it is good and of now.

    Args:
        method, url: of the request, as it was sent.
        status, body: of the answer.
        headers: of the answer; names in small letters.
        keys: the key of a name, if it is believed.
        now: our time.
        skew_s: by how much the times may differ.

    Raises:
        SignatureKeyUnknown: the key is not believed.
        SignatureClock: it was made at another time.
        SignatureRefused: anything else; the message says what.
    """
    for name in ("content-digest", "signature-input", "signature"):
        if name not in headers:
            raise SignatureRefused(f"The header {name} is missing.")
    said = _INPUT.fullmatch(headers["signature-input"])
    signed = _SIGNATURE.fullmatch(headers["signature"])
    if said is None or signed is None:
        raise SignatureRefused("The answer is not signed in the form that is understood here.")
    digest = digest_of(body)
    if headers["content-digest"] != digest:
        raise SignatureRefused("The body is not the one that was signed.")
    created_s, key_name = int(said[1]), said[2]
    key = keys(key_name)
    if key is None:
        raise SignatureKeyUnknown(f"The key {key_name!r} is not one that is believed.")
    try:
        signature = base64.b64decode(signed[1], validate=True)
    except binascii.Error:
        raise SignatureRefused("The signature is not base64.") from None
    parameters = headers["signature-input"].removeprefix(f"{LABEL}=")
    path = urlsplit(url).path or "/"
    if not key.verify(_base(method, path, status, digest, parameters), signature):
        raise SignatureRefused("The signature is not the key's over this answer.")
    ahead_s = created_s - now.timestamp()
    if abs(ahead_s) > skew_s:
        raise SignatureClock(
            f"The answer was signed {abs(ahead_s):.0f} s {'after' if ahead_s > 0 else 'before'} "
            "now: the clocks differ, or it is an old one.",
            ahead_s=ahead_s,
            now=now,
        )
    return SignedAnswer(key_name, datetime.fromtimestamp(created_s, UTC))


def _base(method: str, path: str, status: int, digest: str, parameters: str) -> bytes:
    """The signature base (RFC 9421 section 2.5)."""
    if not _PATH.fullmatch(path):
        raise SignatureRefused("The path has characters that cannot be signed.")
    lines = (
        f'"@status": {status}',
        f'"content-digest": {digest}',
        f'"@method";req: {method}',
        f'"@path";req: {path}',
        f'"@signature-params": {parameters}',
    )
    return "\n".join(lines).encode("ascii")
