"""Items that stand alone for other people's verifiers: Sigstore bundles and C2SP tlog-proofs.

They are no evidence of their own. They must say what was verified already, and nothing else, or
two verifiers would see two different things in one bundle.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .encodings import b64, decimal, unb64
from .errors import VerifyError
from .heads import Head, decode_hashes
from .keys import PublicKey
from .notes import Checkpoint, read_checkpoint
from .strictjson import Json, JsonObject, parse_object
from .treecheck import TreeCheck

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
ROOT_TYPE: Final = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_PROOF_HEAD: Final = "c2sp.org/tlog-proof@v1"


def check_note_in(
    data: bytes, heads: Iterable[Head], logs: Iterable[PublicKey], where: str, code: str
) -> Checkpoint:
    """A note within another file: a verified checkpoint, with the log's line and no new lines.

    Raises:
        VerifyError: `code`.
    """
    try:
        checkpoint = read_checkpoint(data, where)
    except VerifyError as error:
        raise VerifyError(code, where, error.detail) from None
    names = {(key.name, key.key_id) for key in logs}
    if not any((line.name, line.key_id) in names for line in checkpoint.note.lines):
        raise VerifyError(code, where, "the checkpoint lacks the log's signature")
    for head in heads:
        note = head.checkpoint.note
        if note.text == checkpoint.note.text:
            known = {line.text for line in note.lines}
            if all(line.text in known for line in checkpoint.note.lines):
                return checkpoint
    raise VerifyError(code, where, "a checkpoint that is not in the bundle")


def check_tlog_proof(
    data: bytes,
    position: int,
    heads: Iterable[Head],
    logs: Iterable[PublicKey],
    tree: TreeCheck,
    where: str,
) -> None:
    """Check `proofs/<i>.tlog-proof` (c2sp.org/tlog-proof).

    Raises:
        VerifyError: tlog_proof.mismatch, proof.inclusion.
    """
    index, hashes, note = read_tlog_proof(data, where)
    if index != position:
        raise VerifyError("tlog_proof.mismatch", where, "of another index")
    checkpoint = check_note_in(note, heads, logs, where, "tlog_proof.mismatch")
    if not tree.includes(position, checkpoint.size, checkpoint.root, hashes):
        raise VerifyError("proof.inclusion", where, "it does not lead to the root")


def read_tlog_proof(data: bytes, where: str) -> tuple[int, list[bytes], bytes]:
    """Index, hashes and note of a proof without extra data.

    Raises:
        VerifyError: tlog_proof.mismatch.
    """
    code = "tlog_proof.mismatch"
    try:
        head, separator, note = data.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise VerifyError(code, where, "not UTF-8") from None
    lines = head.split("\n")
    if not separator or len(lines) < 2 or lines[0] != _PROOF_HEAD:
        raise VerifyError(code, where, "not a proof")
    word, _, number = lines[1].partition(" ")
    index = decimal(number)
    hashes = decode_hashes(lines[2:])
    if word != "index" or index is None or hashes is None:
        raise VerifyError(code, where, "index or hashes")
    return index, hashes, note.encode()


def check_sigstore(
    data: bytes,
    expected: tuple[JsonObject, bytes, int],
    heads: Iterable[Head],
    logs: Iterable[PublicKey],
    tree: TreeCheck,
    where: str,
) -> None:
    """Check `bundles/<i>.sigstore.json`.

    Args:
        expected: the envelope as parsed, the entry, and its position.

    Raises:
        VerifyError: json.malformed, sigstore.mismatch, proof.inclusion.
    """
    code = "sigstore.mismatch"
    envelope, leaf, position = expected
    value = parse_object(data, where)
    signature = _first(envelope.get("signatures"))
    material = _object(value.get("verificationMaterial"))
    entry = _first(material.get("tlogEntries"))
    proof = _object(entry.get("inclusionProof"))
    shape = (
        value.keys() == {"mediaType", "verificationMaterial", "dsseEnvelope"}
        and value["mediaType"] == BUNDLE_TYPE
        and material.keys() - {"timestampVerificationData"} == {"publicKey", "tlogEntries"}
        and entry.keys() - {"integratedTime"}
        == {"canonicalizedBody", "inclusionProof", "kindVersion", "logId", "logIndex"}
        and proof.keys() == {"checkpoint", "hashes", "logIndex", "rootHash", "treeSize"}
    )
    if not shape:
        raise VerifyError(code, where, "not the members of an item")
    if material["publicKey"] != {"hint": signature.get("keyid")}:
        raise VerifyError(code, where, "key hint")
    stated = _object(value["dsseEnvelope"])
    one = _first(stated.get("signatures"))
    if (
        stated.keys() != {"payload", "payloadType", "signatures"}
        or stated["payload"] != envelope["payload"]
        or stated["payloadType"] != envelope["payloadType"]
        or one.get("sig") != signature.get("sig")
        or one.get("keyid", signature.get("keyid")) not in ("", signature.get("keyid"))
        or one.keys() - {"keyid", "sig"}
    ):
        raise VerifyError(code, where, "another envelope")
    text = str(position)
    if (entry["logIndex"], proof["logIndex"]) != (text, text):
        raise VerifyError(code, where, "another index")
    if entry["canonicalizedBody"] != b64(leaf):
        raise VerifyError(code, where, "another entry")
    if entry["kindVersion"] != {"kind": "dsse", "version": "0.0.2"}:
        raise VerifyError(code, where, "kindVersion")
    if entry.get("integratedTime", "0") != "0":
        raise VerifyError(code, where, "integratedTime")
    if material.get("timestampVerificationData", {}) not in ({}, {"rfc3161Timestamps": []}):
        raise VerifyError(code, where, "timestampVerificationData")
    keys = tuple(logs)
    if not any(is_log_id(entry["logId"], key) for key in keys):
        raise VerifyError(code, where, "logId")
    note = _object(proof["checkpoint"]).get("envelope")
    if not isinstance(note, str):
        raise VerifyError(code, where, "checkpoint")
    checkpoint = check_note_in(note.encode("utf-8", "replace"), heads, keys, where, code)
    if (proof["rootHash"], proof["treeSize"]) != (b64(checkpoint.root), str(checkpoint.size)):
        raise VerifyError(code, where, "root or size")
    lines = proof["hashes"] if isinstance(proof["hashes"], list) else [None]
    texts = [line for line in lines if isinstance(line, str)]
    hashes = decode_hashes(texts) if len(texts) == len(lines) else None
    if hashes is None:
        raise VerifyError(code, where, "hashes")
    if not tree.includes(position, checkpoint.size, checkpoint.root, hashes):
        raise VerifyError("proof.inclusion", where, "it does not lead to the root")


def is_log_id(value: Json, key: PublicKey) -> bool:
    """Whether a Sigstore logId begins with the key id that the log has in signed notes."""
    encoded = _object(value).get("keyId")
    raw = unb64(encoded) if isinstance(encoded, str) else None
    return raw is not None and _object(value).keys() == {"keyId"} and raw[:4] == key.key_id


def check_trusted_root(data: bytes, origin: str, logs: Iterable[PublicKey], where: str) -> None:
    """Check `trusted_root.json`: this log with its keys, and no other authority.

    Raises:
        VerifyError: json.malformed, trusted_root.mismatch.
    """
    code = "trusted_root.mismatch"
    value = parse_object(data, where)
    if value.get("mediaType") != ROOT_TYPE:
        raise VerifyError(code, where, "mediaType")
    for name in value.keys() - {"mediaType", "tlogs"}:
        if value[name] != []:
            raise VerifyError(code, where, f"another authority: {name}")
    tlogs = value.get("tlogs")
    keys = tuple(logs)
    if not isinstance(tlogs, list) or not tlogs:
        raise VerifyError(code, where, "tlogs")
    for log in map(_object, tlogs):
        public = _object(log.get("publicKey"))
        good = [
            key
            for key in keys
            if public.get("rawBytes") == b64(key.spki) and is_log_id(log.get("logId"), key)
        ]
        if not good or public.get("keyDetails") != "PKIX_ED25519":
            raise VerifyError(code, where, "key of the log")
        if log.get("baseUrl") != f"https://{origin}" or log.get("hashAlgorithm") != "SHA2_256":
            raise VerifyError(code, where, "address or hash of the log")


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _first(value: Json) -> JsonObject:
    """The only object in a list."""
    return _object(value[0]) if isinstance(value, list) and len(value) == 1 else {}
