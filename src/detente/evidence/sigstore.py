"""The shapes that Sigstore's verifiers read: a bundle for an entry, a root that trusts the log.

Bundle v0.3 with a DSSE envelope and a Rekor v2 `dsse` 0.0.2 entry; the key is not a certificate but
named by a hint, so a verifier must be told the keys of the agreement.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from detente.record.checkpoint import Checkpoint
from detente.record.dsse import Envelope
from detente.record.ijson import JsonValue, canonical_json
from detente.record.keys import Verifier
from detente.record.leaf import SPKI_PREFIX

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
TRUSTED_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"


def trusted_root(log: Verifier, since: str) -> bytes:
    """A Sigstore trusted root that holds one log, in canonical JSON.

    Args:
        log: key that signs the checkpoints. Verifiers find it by the key id of the signature line,
            and want its name to be a part of the base URL.
        since: RFC 3339 time from which the key is good.
    """
    return canonical_json(
        {
            "mediaType": TRUSTED_ROOT_TYPE,
            "tlogs": [
                {
                    "baseUrl": f"https://{log.name}",
                    "hashAlgorithm": "SHA2_256",
                    "publicKey": {
                        "rawBytes": _base64(SPKI_PREFIX + log.public_key),
                        "keyDetails": "PKIX_ED25519",
                        "validFor": {"start": since},
                    },
                    "logId": {"keyId": _base64(log.key_id)},
                }
            ],
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": [],
        }
    )


def sigstore_item(
    index: int,
    leaf: bytes,
    envelope: Envelope,
    path: Sequence[bytes],
    checkpoint: Checkpoint,
    note: str,
    log: Verifier,
) -> bytes:
    """A Sigstore bundle for one entry, in canonical JSON.

    Args:
        index: of the entry in the log.
        leaf: what the tree hashes.
        envelope: the entry's envelope, with one signature.
        path: audit path of the entry in the tree of `checkpoint`.
        checkpoint: what `note` says.
        note: the signed checkpoint.
        log: key that signed it.
    """
    proof: JsonValue = {
        "checkpoint": {"envelope": note},
        "hashes": [_base64(node) for node in path],
        "logIndex": str(index),
        "rootHash": _base64(checkpoint.root),
        "treeSize": str(checkpoint.size),
    }
    entry: JsonValue = {
        "canonicalizedBody": _base64(leaf),
        "inclusionProof": proof,
        "kindVersion": {"kind": "dsse", "version": "0.0.2"},
        "logId": {"keyId": _base64(log.key_id)},
        "logIndex": str(index),
    }
    (signature,) = envelope.signatures
    return canonical_json(
        {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {
                "publicKey": {"hint": signature.keyid},
                "tlogEntries": [entry],
            },
            "dsseEnvelope": {
                "payload": _base64(envelope.payload),
                "payloadType": envelope.payload_type,
                "signatures": [{"keyid": signature.keyid, "sig": _base64(signature.sig)}],
            },
        }
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
