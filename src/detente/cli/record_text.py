"""Entries of a record as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Callable

import click

from detente.cli.record_work import told
from detente.errors import one_line, printable
from detente.record import (
    CosignedCheckpoint,
    Entry,
    KeyInvalid,
    LeafMalformed,
    PartyRecord,
    Payload,
    Query,
    format_time,
    leaf_hash,
    leaf_of,
    read_leaf,
    verify_inclusion,
)

_PAGE = 200


async def list_entries(record: PartyRecord, query: Query, limit: int, *, as_json: bool) -> int:
    """Print entries that match, one a line; gives their number."""
    printed = 0
    after: int | None = None
    while printed < limit:
        page = await record.search(query, limit=min(_PAGE, limit - printed), after=after)
        for entry in page.entries:
            grade = await record.grade(entry.index)
            if as_json:
                click.echo(printable(json.dumps(facts(entry, grade), ensure_ascii=False)))
            else:
                click.echo(line(entry, grade))
        printed += len(page.entries)
        if page.next is None:
            break
        after = page.next
    return printed


def line(entry: Entry, grade: str) -> str:
    """Index, time, from → to, kind, number in its channel, grade."""
    payload = entry.payload
    if payload is None:
        return f"{entry.index:>7}  erased by entry {entry.erased_by}"
    to = ",".join(payload.to) or "–"
    about = _about(payload)
    mark = "" if payload.status == "actual" else f"  {payload.status.upper()}"
    return one_line(
        f"{entry.index:>7}  {payload.created:%Y-%m-%d %H:%M:%S}Z  {payload.sender} → {to}  "
        f"{payload.kind}  {payload.channel} {payload.seq}  {grade}{mark}{about}"
    )


def _about(payload: Payload) -> str:
    """What never came."""
    body = payload.body
    if payload.kind == "gap":
        return (
            f"  number {body.get('seq')} of {body.get('from')} in {body.get('channel')}: "
            "erased by its author before it came"
        )
    if payload.kind == "withheld":
        blobs = body.get("blobs")
        count = len(blobs) if isinstance(blobs, list) else 0
        return f"  {count} files of {body.get('of')} were kept back"
    return ""


def facts(entry: Entry, grade: str) -> dict[str, object]:
    """An entry for programs; names as in the payload."""
    known: dict[str, object] = {"index": entry.index, "grade": grade, "erased_by": entry.erased_by}
    payload = entry.payload
    if payload is None:
        return known
    return known | {
        "id": str(payload.id),
        "kind": payload.kind,
        "from": payload.sender,
        "to": list(payload.to),
        "channel": payload.channel,
        "seq": payload.seq,
        "created": format_time(payload.created),
        "author": payload.author,
        "status": payload.status,
        "payload_sha256": payload.sha256.hex(),
        "refs": [{"id": str(ref.id), "rel": ref.rel} for ref in payload.refs],
        "blobs": [blob.sha256.hex() for blob in payload.blobs],
        "body": payload.body,
    }


async def show_entry_json(record: PartyRecord, entry: Entry) -> int:
    """`show_entry` as one JSON object."""
    faults: list[str] = []
    shown = facts(entry, await record.grade(entry.index))
    silent: Callable[[str], None] = lambda _: None  # noqa: E731
    if entry.payload is not None:
        _show_payload(record, entry, entry.payload, faults, silent)
    covering = await _show_tree(record, entry, faults, silent)
    answers = [answer for answer in await record.answers(entry.index) if answer.payload is not None]
    shown |= {
        "origin": record.origin,
        "leaf_sha256": leaf_hash(entry.leaf).hex(),
        "checkpoint": None if covering is None else covering.size,
        "cosigners": [] if covering is None else list(covering.cosigners),
        "answers": [facts(answer, await record.grade(answer.index)) for answer in answers],
        "faults": faults,
    }
    click.echo(printable(json.dumps(shown, ensure_ascii=False)))
    return 1 if faults else 0


async def tell_entry(record: PartyRecord, entry: Entry, *, as_json: bool) -> None:
    """Print what was just recorded."""
    if as_json:
        grade = await record.grade(entry.index)
        click.echo(printable(json.dumps(facts(entry, grade), ensure_ascii=False)))
    else:
        click.echo(told(entry))


async def show_entry(record: PartyRecord, entry: Entry) -> int:
    """Print everything about an entry, checked now; 0 if all holds, else 1."""
    faults: list[str] = []
    grade = await record.grade(entry.index)
    click.echo(f"entry {entry.index} of {record.origin}, {grade}")
    if entry.payload is None:
        click.echo(f"payload      erased, as entry {entry.erased_by} states; the leaf remains")
    else:
        _show_payload(record, entry, entry.payload, faults, click.echo)
    await _show_tree(record, entry, faults, click.echo)
    for answer in await record.answers(entry.index):
        said = answer.payload
        if said is not None:
            text = said.body.get("text")
            words = f": {text}" if isinstance(text, str) else ""
            click.echo(
                one_line(
                    f"{said.kind:<16} by {said.author}, {format_time(said.created)}, "
                    f"entry {answer.index}{words}"
                )
            )
    if entry.payload is not None:
        click.echo("body")
        click.echo(printable(json.dumps(entry.payload.body, ensure_ascii=False, indent=2)))
    for fault in faults:
        click.echo(one_line(f"WRONG        {fault}"))
    return 1 if faults else 0


def _show_payload(
    record: PartyRecord,
    entry: Entry,
    payload: Payload,
    faults: list[str],
    say: Callable[[str], None],
) -> None:
    rows = [
        ("kind", payload.kind),
        ("id", str(payload.id)),
        ("from, to", f"{payload.sender} → {', '.join(payload.to) or 'nobody'}"),
        ("channel", f"{payload.channel}, number {payload.seq}"),
        ("created", f"{format_time(payload.created)} (by its author's clock)"),
        ("status", payload.status),
    ]
    author = record.keyring.author(payload.sender, payload.author, entry.index)
    if author is None:
        faults.append(f"{payload.author} is no key that may sign for {payload.sender}")
    else:
        who = f"officer {author.holder}" if author.holder else "node"
        envelope = entry.envelope
        good = envelope is not None and author.key.verify(
            envelope.pae(), envelope.signatures[0].sig
        )
        if not good:
            faults.append("the signature does not verify")
        rows.append(
            (
                "signed by",
                f"{payload.author}, {who} of {payload.sender}: {'good' if good else 'WRONG'}",
            )
        )
    rows += [("about", f"{ref.id} ({ref.rel})") for ref in payload.refs]
    for blob in payload.blobs:
        sha256 = blob.sha256.hex()
        size = record.blobs.size(sha256)
        state = "here" if size == blob.size else "not here"
        rows.append(("blob", f"{sha256}, {blob.size:,} bytes, {blob.media_type}, {state}"))
    rows.append(("payload", f"SHA-256 {payload.sha256.hex()}"))
    for name, text in rows:
        say(one_line(f"{name:<12} {text}"))


async def _show_tree(
    record: PartyRecord, entry: Entry, faults: list[str], say: Callable[[str], None]
) -> CosignedCheckpoint | None:
    hashed = leaf_hash(entry.leaf)
    say(f"leaf         SHA-256 {hashed.hex()}")
    try:
        leaf = read_leaf(entry.leaf)
        if entry.envelope is not None and leaf_of(entry.envelope, leaf.public_key) != entry.leaf:
            faults.append("the leaf is not that of the envelope")
    except (LeafMalformed, KeyInvalid) as error:
        faults.append(f"the leaf: {error}")
    covering = await record.best_checkpoint(entry.index)
    if covering is None:
        say("checkpoint   none covers it yet")
        return None
    hashes = record.inclusion(entry.index, covering.size)
    included = verify_inclusion(entry.index, covering.size, hashed, hashes, covering.root)
    if not included:
        faults.append(f"it is not in the tree of the checkpoint of {covering.size} entries")
    say(
        f"in the tree  of {covering.size} entries, by {len(hashes)} hashes: "
        f"{'verified' if included else 'WRONG'}"
    )
    cosigners = ", ".join(covering.cosigners) or "nobody"
    say(one_line(f"cosigned by  {cosigners}"))
    if covering.timestamp is not None:
        say("timestamp    RFC 3161 token kept")
    return covering
