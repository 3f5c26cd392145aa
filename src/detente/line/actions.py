"""What a `Link` asks of whoever has disk and network; `outcomes` is what it is told in return.

Every action with a `token` is answered once, by the method that its text names, with that token;
in any order, at any time, and not at all if a `Cancel` came for it. Answers to tokens that are no
longer waited for are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .lanes import Lane


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
