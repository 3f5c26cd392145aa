"""What the parties sign: one canonical JSON object over everything in the directory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from detente.agreement.document import Document
from detente.agreement.enrolment import EnrolledKey
from detente.record import (
    CosignatureVerifier,
    JsonValue,
    Member,
    Officer,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    Terms,
    Verifier,
    canonical_json,
    format_time,
)

Keys = Mapping[str, Sequence[EnrolledKey]]
"""Enrolled keys by party."""

# Ids of parties and witnesses have no capitals, so these are free.
_PARTIES = "PARTIES"
_NEUTRAL = "NEUTRAL"
_QUORUM = "QUORUM"


def manifest_of(document: Document, keys: Keys, files: Mapping[str, bytes]) -> bytes:
    """The payload of `agreement.dsse.json`; its SHA-256 is the agreement's hash."""
    value: dict[str, JsonValue] = {
        "agreement": document.id,
        "version": document.version,
        "previous": document.previous,
        "title": document.title,
        "period": {
            "from": format_time(document.period.from_),
            "until": format_time(document.period.until),
        },
        "files": [
            {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in sorted(files.items())
        ],
        "parties": [
            {
                "id": party.id,
                "name": party.name,
                "keys": [
                    {"purpose": key.purpose, "vkey": key.vkey, "holder": key.holder}
                    for key in keys[party.id]
                ],
            }
            for party in document.parties
        ],
        "witnesses": [
            {"name": witness.id, "vkey": witness.vkey} for witness in document.witnessing.neutral
        ],
        "policies": dict(policies_of(document, keys)),
    }
    return canonical_json(value)


def policies_of(document: Document, keys: Keys) -> dict[str, str]:
    """Origin of each party's log to its policy (C2SP tlog-policy)."""
    neutral = {
        witness.id: CosignatureVerifier.from_vkey(witness.vkey)
        for witness in document.witnessing.neutral
    }
    logs = {party: _log_key(own) for party, own in keys.items()}
    peers = {party: _witness_key(own) for party, own in keys.items()}
    quorum = document.witnessing.neutral_quorum
    return {
        log.name: _policy(
            log, {id_: key for id_, key in peers.items() if id_ != party}, neutral, quorum
        ).to_text()
        for party, log in logs.items()
    }


def _policy(
    log: Verifier,
    peers: Mapping[str, CosignatureVerifier],
    neutral: Mapping[str, CosignatureVerifier],
    needed: int,
) -> Policy:
    """All peers, and as many of the neutral witnesses as were agreed."""
    if needed == min(1, len(neutral)):
        return Policy.build(log, peers, neutral)
    groups = [PolicyGroup(_PARTIES, len(peers), tuple(peers))]
    quorum = _PARTIES
    if needed:
        groups.append(PolicyGroup(_NEUTRAL, needed, tuple(neutral)))
        groups.append(PolicyGroup(_QUORUM, 2, (_PARTIES, _NEUTRAL)))
        quorum = _QUORUM
    witnesses = tuple(PolicyWitness(name, key) for name, key in {**peers, **neutral}.items())
    made = Policy((PolicyLog(log),), witnesses, tuple(groups), quorum)
    return Policy.parse(made.to_text())


def terms_of(document: Document, keys: Keys, sha256: str) -> Terms:
    """What the record must know of an agreement."""
    return Terms(
        agreement=document.id,
        sha256=sha256,
        version=document.version,
        members=tuple(_member(party.id, party.name, keys[party.id]) for party in document.parties),
        neutral_witnesses=tuple(
            CosignatureVerifier.from_vkey(witness.vkey) for witness in document.witnessing.neutral
        ),
        policies=policies_of(document, keys),
    )


def _member(identity: str, names: Mapping[str, str], keys: Sequence[EnrolledKey]) -> Member:
    return Member(
        id=identity,
        names=dict(names),
        log=_log_key(keys),
        witness=_witness_key(keys),
        signing=tuple(Verifier.from_vkey(key.vkey) for key in keys if key.purpose == "signing"),
        officers=tuple(
            Officer(key.holder, Verifier.from_vkey(key.vkey))
            for key in keys
            if key.purpose == "officer"
        ),
    )


def _log_key(keys: Sequence[EnrolledKey]) -> Verifier:
    return Verifier.from_vkey(next(key.vkey for key in keys if key.purpose == "log"))


def _witness_key(keys: Sequence[EnrolledKey]) -> CosignatureVerifier:
    return CosignatureVerifier.from_vkey(next(k.vkey for k in keys if k.purpose == "witness"))
