"""The statements by which keys change, with the proofs that go into them."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final, cast

from detente.errors import DetenteError
from detente.formats import ROTATION_CONTEXT
from detente.line.lanes import Lane, lane_of
from detente.record import (
    CosignatureVerifier,
    Draft,
    Ed25519Signer,
    Entry,
    JsonValue,
    PartyRecord,
    Signer,
    SqliteWitnessStore,
    Verifier,
    Witness,
    generate_key,
    load_key,
    read_leaf,
    save_key,
)

from .home import OFFICERS, Home, now

CHANNEL: Final = "keys"


class NoSuchKey(DetenteError):
    """It is no key of ours that is in force, or its private half is not here."""

    code: ClassVar[str] = "keys.unknown"


class KeyUnheard(DetenteError):
    """What a key of ours has signed is on its way still, and would be refused after a rotation."""

    code: ClassVar[str] = "keys.unheard"


async def rotate(home: Home, record: PartyRecord, old: str, new: Path) -> Entry:
    """Replace a log, node or officer key.

    Raises:
        NoSuchKey: the old key is none in force.
        KeyFileUnusable: a key file cannot be read.
        RecordRefused: the keys may not be changed so.
    """
    return await replace_key(record, home.signer(old), load_key(new))


async def replace_key(record: PartyRecord, before: Signer, after: Signer) -> Entry:
    """Put a key in force in the place of another one. Raises as `rotate`."""
    purpose = purpose_of(record, before.public_key)
    old_vkey, new_vkey = _vkey(before), _vkey(after)
    body = _rotation(record, purpose, (old_vkey, before), (new_vkey, after))
    record.add_signer(after)
    # Keys of people and of the node sign for themselves; for the log the node speaks.
    author = before if purpose in ("signing", "officer") else None
    [entry] = await record.append([(_draft(record, "key-rotation", body), author)])
    return entry


async def check_heard(record: PartyRecord, before: Signer) -> None:
    """That every party has what it would refuse once it knows that a key of ours was replaced.

    Of an officer's key that is all that it has signed. What the node's key has signed goes before
    the rotation in the same lane, all but what is urgent.

    Raises:
        NoSuchKey: it is no key of ours in force.
        KeyUnheard: a party has given no receipt for some of it.
    """
    purpose = purpose_of(record, before.public_key)
    if purpose not in ("signing", "officer"):
        return
    rows = await record.query(
        "SELECT r.party, e.channel, l.body FROM party_entries AS e "
        "JOIN party_recipients AS r ON r.position = e.position "
        "JOIN entries AS l ON l.position = e.position "
        "WHERE e.sender = ? AND e.author = ? AND r.party <> ? AND e.kind <> 'receipt' "
        "AND e.payload IS NOT NULL AND NOT EXISTS (SELECT 1 FROM party_answers AS a "
        "WHERE a.subject = e.position AND a.party = r.party AND a.kind = 'receipt')",
        (record.party, before.name, record.party),
    )
    unheard = Counter(
        party
        for party, channel, leaf in cast(list[tuple[str, str, bytes]], rows)
        if (purpose == "officer" or lane_of(channel) is Lane.EMERGENCY)
        and read_leaf(leaf).public_key == before.public_key
    )
    if unheard:
        counts = ", ".join(f"{count} to {party}" for party, count in sorted(unheard.items()))
        raise KeyUnheard(
            f"Without a receipt yet, and signed with {before.name}: {counts}.",
            where=before.name,
            advice="Wait until the line is up and they are delivered, or give `force`: a party "
            "that has not got them then will refuse them.",
        )


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
        NoSuchKey: it is no key of ours.
    """
    vkeys = [found.to_vkey() for _, found in keys_in_force(record, record.party)]
    matching = [vkey for vkey in vkeys if key in (vkey, vkey.partition("+")[0])]
    if not matching and key.count("+") >= 2:
        matching = [key]  # replaced already, so no longer in force: the record judges it
    if len(matching) != 1:
        raise NoSuchKey(
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


def keys_in_force(
    record: PartyRecord, party: str
) -> Iterator[tuple[str, Verifier | CosignatureVerifier]]:
    """Purpose and key of everything that a party signs with now."""
    member = record.keyring.member(party, record.head.size)
    yield "log", record.keyring.log_key(party, record.head.size)
    yield "witness", member.witness
    for key in member.signing:
        yield "signing", key
    for officer in member.officers:
        yield "officer", officer.key


def purpose_of(record: PartyRecord, public_key: bytes) -> str:
    """What a key of ours is for.

    Raises:
        NoSuchKey: it is none in force.
    """
    for purpose, key in keys_in_force(record, record.party):
        if key.public_key == public_key:
            return purpose
    raise NoSuchKey("This is no key of ours that is in force.")


def make_successor(home: Home, record: PartyRecord, vkey: str) -> Ed25519Signer:
    """A new private key beside the others, for what a key of ours is for. It is not in force yet.

    Raises:
        NoSuchKey: it is no key of ours in force, or the witness's: that one is in witness.db.
        KeyFileUnusable: it cannot be written.
    """
    for purpose, key in keys_in_force(record, record.party):
        if key.to_vkey() != vkey:
            continue
        if purpose == "witness":
            raise NoSuchKey(
                "A witness is replaced while the node is stopped.",
                advice="detente record rotate-key NODE --old witness --new FILE",
            )
        made = generate_key(key.name)
        folder = home.keys / OFFICERS if purpose == "officer" else home.keys
        holders = record.keyring.authors(record.party, record.head.size)
        holder = next((a.holder for a in holders if a.key.to_vkey() == vkey and a.holder), purpose)
        # Beside the old one: what was signed before may have to be signed again after a restore.
        save_key(made, folder / f"{holder}-{made.public_key.hex()[:12]}.key")
        return made
    raise NoSuchKey("This is no key of ours that is in force.", where=vkey[:200])


def key_here(home: Home, vkey: str) -> Ed25519Signer:
    """The private half of a key.

    Raises:
        NoSuchKey: it is not with this node.
    """
    for signer in home.signers():
        if signer.verifier.to_vkey() == vkey:
            return signer
    raise NoSuchKey("The private key is not with this node.", where=vkey[:200])


def _vkey(signer: Signer) -> str:
    return Verifier(signer.name, signer.public_key).to_vkey()


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
    names = "+".join(sorted(to or others))
    if len(names) > 90:  # a channel has 100 characters, and these may be the same for two sets
        names = hashlib.sha256(names.encode()).hexdigest()
    channel = f"{CHANNEL}-{names}"
    return Draft(kind=kind, channel=channel, to=to or others, body=body)
