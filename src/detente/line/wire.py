"""The bodies of requests and answers between nodes (`line/1`), as they stand on the wire.

All are JSON objects; envelopes in them are DSSE envelopes in JSON, passed on byte for byte. Members
that are not known are refused: a newer protocol has another path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Raw, Struct

from detente.formats import CHANNEL_CHARACTERS_MAX, JSON_INTEGER_MAX

Number = Annotated[int, Meta(ge=0, le=JSON_INTEGER_MAX)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
ChannelName = Annotated[str, Meta(min_length=1, max_length=CHANNEL_CHARACTERS_MAX)]
Envelopes = Annotated[list[Raw], Meta(max_length=500)]
Code = Annotated[str, Meta(pattern="^[a-z0-9._-]{0,64}$")]
Sentence = Annotated[str, Meta(max_length=2000)]
Named = Annotated[list[Sha256], Meta(max_length=20_000)]
"""Blobs: as many as the envelopes of a request can name."""


class InboxRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /line/v1/inbox` and `/line/v1/emergency`.

    Attributes:
        envelopes: in the order of their channels; the caller's own, receipts among them.
        erasures: envelopes in which the caller states that it has erased what is missing between.
        withheld: blobs that it keeps back.
        receipts_after: number of the newest receipt for it that it holds.
    """

    envelopes: Envelopes
    erasures: Annotated[list[Raw], Meta(max_length=1000)] = []
    withheld: Annotated[list[Sha256], Meta(max_length=1000)] = []
    receipts_after: Number = 0


class InboxAnswer(Struct, frozen=True, kw_only=True):
    """Status 200: everything in the request is on disk.

    Attributes:
        receipts: for the caller, consecutive from `receipts_after` + 1; the rest comes next time.
        newest: number of the newest receipt made for the caller; 0 if there is none.
    """

    receipts: Envelopes
    newest: Number


class ChainAnswer(Struct, frozen=True, kw_only=True):
    """Status 409: another number is next in a channel. Nothing of the request was taken.

    Attributes:
        code: `record.chain`.
        message: for people.
        channel: of the caller.
        expected: the number that is next.
        previous: hexadecimal chain hash of the one before it; null for the first.
    """

    code: Code
    message: Sentence
    channel: ChannelName
    expected: Annotated[int, Meta(ge=1, le=JSON_INTEGER_MAX)]
    previous: Sha256 | None


class BlobsAnswer(Struct, frozen=True, kw_only=True):
    """Status 424: these blobs are wanted first, or named in `withheld`. Nothing was taken.

    Attributes:
        code: `record.blob`.
        message: for people.
        missing: hexadecimal SHA-256.
    """

    code: Code
    message: Sentence
    missing: Named


class RefusedAnswer(Struct, frozen=True, kw_only=True):
    """Status 422: an envelope cannot be taken as it is. Nothing of the request was.

    Attributes:
        code: such as `record.unverified`.
        message: for people.
        number: which one of the request, from 0.
    """

    code: Code
    message: Sentence
    number: Number


class FromAnswer(Struct, frozen=True, kw_only=True):
    """`GET /line/v1/from/{first}?lane=&limit=` and `GET /line/v1/run?channel=&first=&limit=`.

    Attributes:
        envelopes: of the answering side, for the caller.
        erasures: of those that a run leaves out.
        withheld: blobs that are kept back.
        next: `first` of the next page; null if this is the last one.
        receipts_held: number of the caller's newest receipt that the answering side holds.
    """

    envelopes: Envelopes
    erasures: Envelopes
    withheld: Named
    next: Number | None
    receipts_held: Number


class Resume(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /line/v1/resume`: a side that was restored says how far it holds the other's channels.

    Attributes:
        ends: number of the newest envelope that it holds, by channel.
    """

    ends: Annotated[dict[ChannelName, Number], Meta(max_length=10_000)]


class Beat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /line/v1/beat`, and its answer.

    Attributes:
        sequence: number of the beat; the answer repeats that of the request.
        sent: when, by the sender's clock (RFC 3339).
        boot: random id of this start of the sender's node.
        head: size of the sender's log.
        heard: when the sender last heard the other (RFC 3339); null if not since its start.
    """

    sequence: Number
    sent: Annotated[str, Meta(max_length=40)]
    boot: Annotated[str, Meta(min_length=1, max_length=64)]
    head: Number
    heard: Annotated[str, Meta(max_length=40)] | None = None


def raws(envelopes: Iterable[bytes]) -> list[Raw]:
    """Envelopes as they stand in a body."""
    return [Raw(each) for each in envelopes]
