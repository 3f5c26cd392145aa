"""What a `Link` asks of whoever has disk and network, and what it is told in return.

Every action with a `token` is answered once, by the method that its text names, with that token;
in any order, at any time, and not at all if a `Cancel` came for it. Answers to tokens that are no
longer waited for are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .lanes import Lane


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


# --- what is to be done --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoadOutbox:
    """Read from our record what the peer should have and has given no receipt for, oldest first.

    Our entries that name the peer among those addressed (what is said to nobody is sent to nobody),
    are no receipts, are not erased, have no receipt of the peer, stand at a position above `after`,
    and are in a channel of this lane (`lane_of`) that is not in `skip`. At most `limit` entries and
    `bytes_max` bytes of envelopes, but always the first.
    Answer: `Link.loaded(token, OutboxPage | StoreFailed, now)`.
    """

    token: int
    lane: Lane
    after: int
    limit: int
    bytes_max: int
    skip: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoadRun:
    """Read from our record one of our channels from number `first` on, receipts or not.

    At most `limit` envelopes and `bytes_max` bytes, but always the first; of those that are erased,
    the envelopes of their erasures instead, which do not count. Answer:
    `Link.run_loaded(token, RunPage | StoreFailed, now)`.
    """

    token: int
    lane: Lane
    channel: str
    first: int
    limit: int
    bytes_max: int


@dataclass(frozen=True, slots=True)
class LoadReceipts:
    """Read from our record our receipts for the peer above number `after`.

    They are in the channel `receipts/<peer>`. At most `limit`, in order. Answer:
    `Link.receipts_loaded(token, OutboxPage | StoreFailed, now)`.
    """

    token: int
    lane: Lane
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Post:
    """Send a request to the peer's inbox of this lane, over this lane's own connection.

    `POST /line/v1/inbox` or `/line/v1/emergency` with `envelopes`, `erasures`, `withheld` and
    `receipts_after`. Answer: `Link.answered(token, Accepted | OutOfOrder | BlobsMissing |
    EnvelopeRefused | Busy | Failed, now)`.
    """

    token: int
    lane: Lane
    envelopes: tuple[bytes, ...]
    erasures: tuple[bytes, ...]
    withheld: tuple[str, ...]
    receipts_after: int


@dataclass(frozen=True, slots=True)
class PushBlob:
    """Send the bytes of a blob: `PUT /line/v1/blobs/{sha256}`, over this lane's connection.

    Answer: `Link.blob_pushed(token, Pushed | BlobGone | Busy | Failed, now)`.
    """

    token: int
    lane: Lane
    sha256: str


@dataclass(frozen=True, slots=True)
class Store:
    """Give envelopes of the peer to our record: `PartyRecord.receive`, one call, all or nothing.

    Answer only once it is durable, or failed: `Link.stored(token, Stored | OutOfOrder |
    BlobsMissing | EnvelopeRefused | StoreFailed, now)`.
    """

    token: int
    lane: Lane
    envelopes: tuple[bytes, ...]
    erasures: tuple[bytes, ...]
    withheld: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pull:
    """Ask the peer what it has for us: `GET /line/v1/from/{first}?lane=&limit=`.

    It answers from its outbox for us as `LoadOutbox` says, from position `first` of its log on.
    Answer: `Link.pulled(token, PulledPage | Busy | Failed, now)`.
    """

    token: int
    lane: Lane
    first: int
    limit: int


@dataclass(frozen=True, slots=True)
class PullRun:
    """Ask the peer for one of its channels from number `first` on, as `LoadRun` reads them.

    `GET /line/v1/run?channel=&first=&limit=`; only channels with something for us. Answer:
    `Link.pulled(token, PulledPage | Busy | Failed, now)`.
    """

    token: int
    lane: Lane
    channel: str
    first: int
    limit: int


@dataclass(frozen=True, slots=True)
class FetchBlob:
    """Get a blob from the peer, check its hash, and put it into our blob store.

    `GET /line/v1/blobs/{sha256}`. Answer: `Link.blob_fetched(token, Pushed | BlobGone | Busy |
    Failed | StoreFailed, now)`.
    """

    token: int
    lane: Lane
    sha256: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give up an action: close its request (and the connection, which may be half open).

    Nothing is answered; what it may have done all the same is found out by asking again.
    """

    token: int


class Trouble(Enum):
    """What a `Report` is about."""

    REFUSED = "refused"
    """The peer refuses an envelope of ours: its channel is held, and tried again now and then."""
    PULLED_REFUSED = "pulled-refused"
    """Our record refuses an envelope of the peer that we pulled; its channel is held likewise."""
    CONTRADICTION = "contradiction"
    """The peer holds of us what we never had, or other bytes. The channel stands still until
    `Link.release`: one of the two records is not what it was (an old copy was restored, a key is
    used elsewhere), and repeating cannot mend that."""
    PEER_LOST = "peer-lost"
    """The peer asks again for what it gave receipts for: it runs on an old copy. It is sent."""
    BLOB_GONE = "blob-gone"
    """A file that an envelope of ours names is not here: it is sent as withheld."""
    STORE = "store"
    """Our own record could not be read or written; it is tried again."""
    STORE_MENDED = "store-mended"
    """Our own record answers again."""
    UNREADABLE = "unreadable"
    """The peer's answer makes no sense, such as a refusal of what was not sent."""
    RELEASED = "released"
    """A channel that was held goes on: the peer has taken what it refused before."""


@dataclass(frozen=True, slots=True)
class Report:
    """Something that officers or operators must hear of; said once, not at each repetition.

    Attributes:
        trouble: what it is.
        peer: with whom.
        channel: which one, if one is concerned.
        seq: number of the envelope there, if one is concerned.
        code: of the refusal, such as `record.unverified`.
        detail: a sentence; of a contradiction, what either side has.
    """

    trouble: Trouble
    peer: str
    channel: str | None = None
    seq: int | None = None
    code: str | None = None
    detail: str = ""


Action = (
    LoadOutbox
    | LoadRun
    | LoadReceipts
    | Post
    | PushBlob
    | Store
    | Pull
    | PullRun
    | FetchBlob
    | Cancel
    | Report
)


# --- what came of it ------------------------------------------------------------------------------


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
