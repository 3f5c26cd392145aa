"""The statements by which keys change, with the proofs that go into them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from detente.cli.record_work import StatementUnusable, channel_of
from detente.formats import ROTATION_CONTEXT
from detente.node.home import Home, now
from detente.record import (
    CosignatureVerifier,
    Draft,
    Entry,
    JsonValue,
    PartyRecord,
    Signer,
    SqliteWitnessStore,
    Verifier,
    Witness,
    load_key,
)

CHANNEL = "keys"


async def rotate(home: Home, record: PartyRecord, old: str, new: Path) -> Entry:
    """Replace a log, node or officer key.

    Raises:
        StatementUnusable: the old key is none in force.
        KeyFileUnusable: a key file cannot be read.
        RecordRefused: the keys may not be changed so.
    """
    before, after = home.signer(old), load_key(new)
    purpose = next((p for p, key in _in_force(record) if key.public_key == before.public_key), None)
    if purpose is None:
        raise StatementUnusable(f"{before.name} is no key of ours that is in force.", where="--old")
    old_vkey, new_vkey = before.verifier.to_vkey(), after.verifier.to_vkey()
    body = _rotation(record, purpose, (old_vkey, before), (new_vkey, after))
    record.add_signer(after)
    # Keys of people and of the node sign for themselves; for the log the node speaks.
    author = before if purpose in ("signing", "officer") else None
    [entry] = await record.append([(_draft(record, "key-rotation", body), author)])
    return entry


async def rotate_witness(home: Home, record: PartyRecord, new: Path) -> Entry:
    """Replace the witness by a new one that remembers what the old one signed.

    Raises:
        WitnessFileUnusable: the old one cannot be read, or there is something at `new`.
        RecordRefused: the keys may not be changed so.
    """
    others = [member.origin for member in record.terms.members if member.id != record.party]
    store = SqliteWitnessStore(home.witness_file)
    try:
        states = [store.load(origin) for origin in others]
        old = store.signer
        Witness.create(
            new, old.name, clock=now, inherit=[state for state in states if state.note]
        ).close()
        successor = SqliteWitnessStore(new)
        try:
            keys = [
                (CosignatureVerifier(key.name, key.public_key).to_vkey(), key)
                for key in (old, successor.signer)
            ]
            body = _rotation(record, "witness", keys[0], keys[1])
        finally:
            successor.close()
        [entry] = await record.append([(_draft(record, "key-rotation", body), None)])
        return entry
    finally:
        store.close()


def revocation(
    record: PartyRecord,
    key: str,
    good_until: int,
    origin: str | None,
    reason: str,
    to: tuple[str, ...],
) -> Draft:
    """The statement that a key of ours is not to be believed after an entry.

    Raises:
        StatementUnusable: it is no key of ours.
    """
    vkeys = [found.to_vkey() for _, found in _in_force(record)]
    matching = [vkey for vkey in vkeys if key in (vkey, vkey.partition("+")[0])]
    if not matching and key.count("+") >= 2:
        matching = [key]  # replaced already, so no longer in force: the record judges it
    if len(matching) != 1:
        raise StatementUnusable(
            f"{key} is not one key of ours.",
            where="NAME|VKEY",
            advice="Ours: " + ", ".join(vkeys) + ".",
        )
    body: dict[str, JsonValue] = {
        "party": record.party,
        "key": matching[0],
        "good_until_index": good_until,
        "origin": origin or record.origin,
        "reason": reason,
    }
    return _draft(record, "key-revocation", body, to)


def _in_force(record: PartyRecord) -> Iterator[tuple[str, Verifier | CosignatureVerifier]]:
    member = record.keyring.member(record.party, record.head.size)
    yield "log", record.keyring.log_key(record.party, record.head.size)
    yield "witness", member.witness
    for key in member.signing:
        yield "signing", key
    for officer in member.officers:
        yield "officer", officer.key


def _rotation(
    record: PartyRecord, purpose: str, old: tuple[str, Signer], new: tuple[str, Signer]
) -> dict[str, JsonValue]:
    lines = (ROTATION_CONTEXT, record.terms.agreement, record.party, purpose, old[0], new[0])
    text = "".join(f"{line}\n" for line in lines).encode()
    body: dict[str, JsonValue] = {
        "party": record.party,
        "purpose": purpose,
        "old": old[0],
        "new": new[0],
        "proof": base64.b64encode(new[1].sign(text)).decode(),
    }
    if purpose in ("log", "witness"):
        body["old_proof"] = base64.b64encode(old[1].sign(text)).decode()
    return body


def _draft(
    record: PartyRecord, kind: str, body: dict[str, JsonValue], to: tuple[str, ...] = ()
) -> Draft:
    others = tuple(member.id for member in record.terms.members if member.id != record.party)
    # Nobody meets a gap: who is told of one change and not of another, or has joined since, does
    # not get the numbers in between.
    channel = channel_of(to or others).replace("to-", f"{CHANNEL}-", 1)[:100]
    return Draft(kind=kind, channel=channel, to=to or others, body=body)
