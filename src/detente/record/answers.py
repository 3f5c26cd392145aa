"""Receipts and acknowledgements: how a receipt is made, and whether one fits its entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from .entries import Entry, RecordRefused
from .envelope import Draft
from .ijson import format_time, parse_time
from .leaf import read_leaf
from .members import Terms
from .party_tables import Place, receipt_channel
from .payload import Payload, Reference
from .tenures import Author


def receipt_draft(of: Entry, origin: str, now: datetime) -> Draft:
    """What the node of the log `origin` says of what it has received and recorded."""
    payload = of.payload
    if payload is None:
        raise ValueError("what was received has a payload")
    digest = payload.sha256
    return Draft(
        "receipt",
        receipt_channel(payload.sender),
        (payload.sender,),
        {
            "of": str(payload.id),
            "payload_sha256": digest.hex(),
            "origin": origin,
            "index": of.index,
            "received": format_time(now),
        },
        (Reference(payload.id, "receipt", digest),),
        (),
        payload.status,
    )


def answered(payload: Payload) -> UUID | None:
    """The id that a receipt or acknowledgement says it is of."""
    of = payload.body.get("of")
    try:
        return UUID(of) if isinstance(of, str) else None
    except ValueError:
        return None


def subject_of(
    payload: Payload, author: Author, places: Mapping[UUID, Place], terms: Terms, where: str
) -> int:
    """The index of the entry that a receipt or acknowledgement is of, after comparing what it says.

    Args:
        places: what it may mean.
        terms: the agreement in force.
        where: for errors.

    Raises:
        RecordRefused: something in it is not right.
    """
    of = answered(payload)
    place = None if of is None else places.get(of)
    if place is None:
        raise RecordRefused("It answers what this record has not.", where=where)
    if place.sender == payload.sender:
        raise RecordRefused("It answers what the same party has said.", where=where)
    digest = read_leaf(place.leaf).payload_sha256
    named = [(ref.id, ref.sha256) for ref in payload.refs if ref.rel == payload.kind]
    # One spelling only: whoever verifies a bundle of ours compares texts.
    if payload.body.get("of") != str(of):
        raise RecordRefused("It spells the id of what it answers in another way.", where=where)
    if payload.body.get("payload_sha256") != digest.hex() or named != [(of, digest)]:
        raise RecordRefused("It answers other bytes than those recorded.", where=where)
    fields = set(payload.body) - {"of", "payload_sha256"}
    if payload.kind == "receipt":
        _check_receipt(payload, author, place, fields, terms, where)
    elif author.purpose != "officer":
        raise RecordRefused("An acknowledgement is signed by an officer.", where=where)
    elif fields - {"text"} or not isinstance(payload.body.get("text", ""), str):
        raise RecordRefused("An acknowledgement has another form.", where=where)
    return place.index


def _check_receipt(
    payload: Payload, author: Author, of: Place, fields: set[str], terms: Terms, where: str
) -> None:
    index = payload.body.get("index")
    if author.purpose != "signing":
        raise RecordRefused("A receipt is signed by a key of the node.", where=where)
    if fields != {"origin", "index", "received"} or type(index) is not int or index < 0:
        raise RecordRefused("A receipt has another form.", where=where)
    try:
        parse_time(str(payload.body["received"]))
    except ValueError as error:
        raise RecordRefused(f"A receipt says when: {error}.", where=where) from None
    if payload.body["origin"] != terms.member(payload.sender).origin:
        raise RecordRefused("The receiver has no log of that name.", where=where)
    if of.kind == "receipt":
        raise RecordRefused("Receipts get no receipts.", where=where)
