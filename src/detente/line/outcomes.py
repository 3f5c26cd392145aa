"""What a `Link` is told of what came of its actions: answers of our disk, and of the peer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """An envelope on its way.

    Attributes:
        index: its position in the log of the party that sends it; of what was pulled, -1.
        channel: the sequence it belongs to.
        seq: its number there.
        envelope: DSSE envelope in JSON.
        blobs: hexadecimal SHA-256 of the blobs that it names.
    """

    index: int
    channel: str
    seq: int
    envelope: bytes
    blobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """What `LoadOutbox` or `LoadReceipts` found.

    Attributes:
        items: in order; none if there is nothing to send.
        through: the position of the newest entry of our log, read before or with the items; -1 if
            the log is empty. (Not used of `LoadReceipts`.)
        receipts_held: number of the newest receipt of the peer for us (its channel `receipts/<us>`)
            that our record holds, read about when the items are; 0 if there is none. (Not used of
            an empty page.)
    """

    items: tuple[Item, ...]
    through: int
    receipts_held: int


@dataclass(frozen=True, slots=True)
class RunPage:
    """What `LoadRun` found.

    Attributes:
        items: consecutive but for those that are erased.
        erasures: envelopes (DSSE, JSON) of the erasures of those left out.
        previous: hexadecimal `chain_hash` of our envelope number `first - 1`; None if `first` is 1
            or we have no such number.
        newest: the highest number that we have in the channel, erased or not; 0 if there is none.
        answered: the highest number there that the peer has given a receipt for; 0 if none.
        receipts_held: as in `OutboxPage`.
    """

    items: tuple[Item, ...]
    erasures: tuple[bytes, ...]
    previous: str | None
    newest: int
    answered: int
    receipts_held: int


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """Our record or blob store could not; trying again is safe.

    Such as `LogUnavailable`, `AppendUnknown`, a full disk.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Status 200: the peer has everything in the request on its disk.

    Attributes:
        receipts: the peer's receipts for us (DSSE, JSON), consecutive from `receipts_after` + 1.
        newest: number of the newest receipt it has made for us; if above what `receipts` reaches,
            the rest comes with the next answer.
    """

    receipts: tuple[bytes, ...]
    newest: int


@dataclass(frozen=True, slots=True)
class OutOfOrder:
    """Status 409, or `ChainBroken` of our own record: another number is next in a channel.

    Attributes:
        channel: which one.
        expected: the number that is next.
        previous: hexadecimal chain hash of the one before it; None for the first.
    """

    channel: str
    expected: int
    previous: str | None


@dataclass(frozen=True, slots=True)
class BlobsMissing:
    """Status 424, or `BlobMissing` of our own record: these blobs are wanted first."""

    sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnvelopeRefused:
    """Status 422: an envelope cannot be taken as it is, so nothing of the request was.

    Attributes:
        number: which one of the request, from 0.
        code: of the error, such as `record.unverified`.
        message: what is wrong.
    """

    number: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Status 429 or 503: later. `again_s` is what `Retry-After` says, if it does."""

    again_s: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer: not reached, timed out, cut off, status 500, nonsense."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stored:
    """It is on our disk, durable, with receipts where they are due.

    Attributes:
        receipts_newest: number of the newest receipt that we have made for the peer; 0 if none.
    """

    receipts_newest: int


@dataclass(frozen=True, slots=True)
class PulledPage:
    """What the peer has for us.

    Attributes:
        items: what could be read of it; `index` is the peer's where it says so.
        erasures: envelopes of the erasures of those left out of a run.
        withheld: blobs that the peer keeps back.
        next: give this as `first` of the next `Pull`; None if this was the last page. Of a run:
            the number after the last one of the page; None if the page reaches its end.
        receipts_held: number of our newest receipt that the peer holds; 0 if there is none.
    """

    items: tuple[Item, ...]
    erasures: tuple[bytes, ...]
    withheld: tuple[str, ...]
    next: int | None
    receipts_held: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """The blob is where it should be."""


@dataclass(frozen=True, slots=True)
class BlobGone:
    """The one who should send the blob does not have it, or keeps it back."""


LoadOutcome = OutboxPage | StoreFailed
RunOutcome = RunPage | StoreFailed
PostOutcome = Accepted | OutOfOrder | BlobsMissing | EnvelopeRefused | Busy | Failed
StoreOutcome = Stored | OutOfOrder | BlobsMissing | EnvelopeRefused | StoreFailed
PullOutcome = PulledPage | Busy | Failed
BlobOutcome = Pushed | BlobGone | Busy | Failed | StoreFailed
