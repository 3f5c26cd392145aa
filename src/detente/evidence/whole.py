"""The files that are about the whole bundle: agreement, checkpoints, manifest, what people read."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from detente.formats import AGREEMENT_TYPE, BUNDLE_FORMAT, PAYLOAD_BYTES_MAX
from detente.record.entries import CosignedCheckpoint
from detente.record.ijson import JsonMalformed, JsonValue, canonical_json, format_time, parse_object
from detente.record.merkle import consistency_proof
from detente.record.timestamp import own_note

from . import ranges
from .archive import Archive
from .contents import Contents, add_blob, blob_bytes
from .guide import verify_md
from .readme import Facts, readme_html
from .request import Exported, ExportFailed
from .sigstore import trusted_root


def write_whole(
    contents: Contents,
    older: Sequence[CosignedCheckpoint],
    outcome: Exported,
    now: datetime,
) -> None:
    """Add everything that is not about single entries; the manifest last.

    Raises:
        ExportFailed: the record lacks the agreement, or the disk refuses.
    """
    archive, record, request = contents.archive, contents.source, contents.request
    checkpoint = contents.checkpoint
    agreement, agreement_sha256 = _write_agreement(contents)
    stamps = _write_checkpoints(contents, older)
    archive.add("custody.json", canonical_json({"exports": contents.custody}))
    archive.add("trusted_root.json", trusted_root(contents.log, contents.began))
    facts = Facts(
        agreement=agreement,
        agreement_sha256=agreement_sha256,
        outcome=outcome,
        checkpoint=checkpoint,
        origin=record.origin,
        party=record.party,
        by=request.by,
        purpose=request.purpose,
        at=format_time(now),
        parties={member.id: member.names for member in record.terms.members},
        stamps=stamps,
        older=tuple(older),
    )
    archive.add("README.html", readme_html(facts, contents.summary).encode())
    rotations = contents.summary.kinds["key-rotation"] > 0
    archive.add("VERIFY.md", verify_md(facts, rotations=rotations).encode())
    stated = canonical_json(_manifest(facts, archive))
    archive.add("manifest.json", stated)
    digest = hashlib.sha256(stated).hexdigest()
    archive.add("manifest.sha256", f"{digest}  manifest.json\n".encode())


def _write_checkpoints(contents: Contents, older: Sequence[CosignedCheckpoint]) -> tuple[int, ...]:
    """Sizes of those with timestamps; without the authority's certificates there are none."""
    archive, record, newest = contents.archive, contents.source, contents.checkpoint
    stamps: list[int] = []
    for each in [*older, newest]:
        if each is newest:
            archive.add("checkpoint", each.note.encode())
        else:
            archive.add(f"checkpoints/{each.size}", each.note.encode())
            proof = consistency_proof(each.size, newest.size, record.node)
            lines = "".join(base64.b64encode(node).decode() + "\n" for node in proof)
            archive.add(f"consistency/{each.size}-{newest.size}.txt", lines.encode())
        if each.timestamp is not None:
            log = record.keyring.log_key(record.party, each.size)
            archive.add(f"timestamps/{each.size}.note", own_note(each.note, log).encode())
            archive.add(f"timestamps/{each.size}.tsr", each.timestamp)
            stamps.append(each.size)
    if stamps and contents.request.tsa_pem is not None:
        archive.add("timestamps/tsa.pem", contents.request.tsa_pem)
    return tuple(stamps)


def _write_agreement(contents: Contents) -> tuple[Mapping[str, JsonValue], str]:
    """Copy the agreement's files; gives what its parties have signed, and the hash of that."""
    archive, source, entry = contents.archive, contents.source, contents.agreement
    if entry is None:
        raise ExportFailed("The entry that states the agreement is missing.", where="entry 0")
    for blob in entry.blobs:
        data = blob_bytes(source, blob.sha256.hex(), 2 * PAYLOAD_BYTES_MAX)
        signed = None if data is None else _signed(data, entry.body.get("sha256"))
        if data is None or signed is None:
            continue
        archive.add("agreement.dsse.json", data)
        for name, sha256 in _files(signed):
            add_blob(archive, f"agreement/{name}", source, sha256, f"agreement file {name}")
        policies = signed.get("policies")
        policy = policies.get(source.origin) if isinstance(policies, Mapping) else None
        if not isinstance(policy, str):
            raise ExportFailed("The agreement has no policy for the log.", where=source.origin)
        archive.add("policy", policy.encode())
        return signed, str(entry.body.get("sha256"))
    raise ExportFailed(
        "The record does not hold the signed agreement among its blobs.",
        where="agreement.dsse.json",
        advice="Put the agreement's files back into the record's blobs.",
    )


def _signed(data: bytes, sha256: JsonValue) -> dict[str, JsonValue] | None:
    """The payload, if this is the envelope of the agreement with that hash."""
    try:
        envelope = parse_object(data, bytes_max=2 * PAYLOAD_BYTES_MAX)
        if envelope.get("payloadType") != AGREEMENT_TYPE:
            return None
        payload = base64.b64decode(str(envelope.get("payload")), validate=True)
        if hashlib.sha256(payload).hexdigest() != sha256:
            return None
        return parse_object(payload)
    except (JsonMalformed, binascii.Error, ValueError):
        return None


def _files(signed: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    files = signed.get("files")
    found: list[tuple[str, str]] = []
    for file in files if isinstance(files, list) else []:
        if not isinstance(file, Mapping):
            raise ExportFailed("A file of the agreement is not described.", where="files")
        found.append((str(file.get("name")), str(file.get("sha256"))))
    return found


def _manifest(facts: Facts, archive: Archive) -> dict[str, JsonValue]:
    outcome = facts.outcome
    return {
        "agreement": {
            "id": facts.agreement.get("agreement"),
            "sha256": facts.agreement_sha256,
            "version": facts.agreement.get("version"),
        },
        "exported": {"at": facts.at, "by": list(facts.by), "export": outcome.export},
        "files": [
            {"path": member.path, "sha256": member.sha256, "size": member.size}
            for member in archive.members()
        ],
        "format": BUNDLE_FORMAT,
        "grade": outcome.grade,
        "items": ranges.to_json(outcome.items),
        "origin": facts.origin,
        "party": facts.party,
        "scope": outcome.scope,
        "single_items": ranges.to_json(outcome.single_items),
        "size": outcome.size,
        "withheld_blobs": list(outcome.withheld_blobs),
    }
