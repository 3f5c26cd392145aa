"""Constants of the formats that leave this program, and nothing else.

The writing side and the verifier share no code, so that one mistake cannot hide the other; these
words and numbers are what they have in common. Nothing is imported here, and nothing is computed.
"""

from __future__ import annotations

from typing import Final

PAYLOAD_TYPE_PREFIX: Final = "application/vnd.detente."
PAYLOAD_TYPE_SUFFIX: Final = ".v1+json"
AGREEMENT_TYPE: Final = "application/vnd.detente.agreement.v1+json"
BUNDLE_FORMAT: Final = "detente-bundle/1"

ALGORITHM_LOG: Final = 0x01
"""Signature type of plain Ed25519 in C2SP signed notes."""
ALGORITHM_COSIGNATURE: Final = 0x04
"""Signature type of Ed25519 cosignatures (C2SP tlog-cosignature, v1)."""

ROTATION_CONTEXT: Final = "detente-rotation-v1"
ENROLMENT_CONTEXT: Final = "detente-enrolment-v1"

STATUSES: Final = ("actual", "exercise", "test")
PURPOSES: Final = ("log", "witness", "signing", "officer")
GRADES: Final = ("single", "timestamped", "third-party", "bilateral")
"""Lowest first."""

RECORD_KINDS: Final = (
    "agreement",
    "receipt",
    "acknowledgement",
    "anchor",
    "clock",
    "key-rotation",
    "key-revocation",
    "erasure",
    "gap",
    "withheld",
    "witness-refusal",
    "custody",
    "suspension",
    "resumption",
    "withdrawal",
)

JSON_DEPTH_MAX: Final = 64
JSON_VALUES_MAX: Final = 4_000_000
JSON_INTEGER_MAX: Final = 2**53 - 1
PAYLOAD_BYTES_MAX: Final = 1 << 20
LIST_MAX: Final = 100
"""Blobs, references and addressees of one payload."""
CHANNEL_CHARACTERS_MAX: Final = 100
NOTE_BYTES_MAX: Final = 64 * 1024
NOTE_SIGNATURES_MAX: Final = 100
ENTRY_BYTES_MAX: Final = 65_535
TILE_WIDTH: Final = 256
BUNDLE_MEMBERS_MAX: Final = 200_000
BUNDLE_CHECKPOINTS_MAX: Final = 10_000
BUNDLE_MEMBER_BYTES_MAX: Final = 256 << 20

FINDING_CODES: Final = (
    "zip.malformed",
    "zip.trick",
    "zip.limit",
    "manifest.malformed",
    "manifest.mismatch",
    "file.missing",
    "file.extra",
    "json.malformed",
    "agreement.malformed",
    "agreement.file",
    "agreement.signature",
    "agreement.unsigned",
    "agreement.pinned",
    "key.unusable",
    "key.duplicate",
    "key.rotation",
    "key.revoked",
    "policy.mismatch",
    "policy.quorum",
    "checkpoint.malformed",
    "checkpoint.signature",
    "checkpoint.origin",
    "cosignature.wrong",
    "cosignature.future",
    "tree.root",
    "tree.tile",
    "leaf.mismatch",
    "leaf.malformed",
    "proof.inclusion",
    "proof.consistency",
    "envelope.malformed",
    "envelope.signature",
    "envelope.author",
    "payload.malformed",
    "payload.agreement",
    "chain.gap",
    "chain.prev",
    "receipt.mismatch",
    "receipt.replayed",
    "acknowledgement.author",
    "blob.missing",
    "blob.mismatch",
    "sigstore.mismatch",
    "trusted_root.mismatch",
    "tlog_proof.mismatch",
    "timestamp.wrong",
    "erasure.unstated",
    "custody.mismatch",
    "grade.lower",
    "anchor.fork",
)
"""What a verifier can hold against a bundle; stable, the same in every verifier of ours."""
