"""What a lane sends at a time, and channels that are to be sent from a number on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .outcomes import Item, OutboxPage, RunPage


@dataclass(frozen=True, slots=True)
class Batch:
    """What is in flight.

    Attributes:
        items: envelopes.
        erasures: of those left out.
        receipts_after: number of the newest receipt that our record holds, or will hold once those
            are stored that came for the batch before.
        more: whether the outbox had more behind it.
        withheld: blobs that we have not.
        pushed: blobs that were sent for it.
        run_to: of a run, the newest number of its channel; None of the outbox.
        again: whether it was posted for its receipts once more.
    """

    items: tuple[Item, ...]
    erasures: tuple[bytes, ...]
    receipts_after: int
    more: bool = False
    withheld: tuple[str, ...] = ()
    pushed: frozenset[str] = frozenset()
    run_to: int | None = None
    again: bool = False

    @classmethod
    def of(cls, page: OutboxPage, receipts_after: int) -> Batch:
        """What a page of the outbox holds; it must not be empty."""
        more = page.items[-1].index < page.through
        return cls(page.items, (), receipts_after, more=more)

    @property
    def channels(self) -> set[str]:
        """Of its items."""
        return {item.channel for item in self.items}

    @property
    def goes_on(self) -> bool:
        """Whether what is behind it may be sent before its receipts are stored."""
        return self.more and not self.again

    def without(self, channel: str) -> Batch:
        """The rest."""
        return replace(self, items=tuple(i for i in self.items if i.channel != channel))


@dataclass(frozen=True, slots=True)
class Kept:
    """A batch that the peer has taken, and whose receipts are being stored.

    Attributes:
        token: of the `Store`.
        batch: the batch.
        receipts_to: number of the last of these receipts.
        goes_on: whether there may be more to send meanwhile.
    """

    token: int
    batch: Batch
    receipts_to: int
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A channel that is to be sent from a number on.

    Attributes:
        channel: its name.
        first: the number.
        previous: the chain hash before it, as the peer has it; not known if `checked` is False.
        checked: whether the peer has told `previous`.
    """

    channel: str
    first: int
    previous: str | None = None
    checked: bool = False

    def contradiction(self, page: RunPage) -> str | None:
        """What the peer says against our record there, if it does."""
        if self.first > page.newest + 1 or (self.checked and self.first > page.newest):
            return (
                f"The peer holds our envelopes up to number {self.first - 1}; "
                f"ours end with number {page.newest}."
            )
        if self.checked and self.previous != page.previous:
            return (
                f"Number {self.first - 1} has the hash {page.previous} here, "
                f"and {self.previous} at the peer's."
            )
        return None
