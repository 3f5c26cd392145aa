"""What all decoders have in common: bytes in, reports out, a count of everything else; no I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field

from .reports import Reports, empty


@dataclass(slots=True)
class Counts:
    """What became of a feed's input. Nothing is dropped without being counted.

    Attributes:
        bytes: taken in.
        messages: that were told apart, whatever they say.
        reports: position reports that came of them.
        dropped: by reason (`parity`, `framing`, `too-long`, …): what gave none and was lost.
        noted: by reason: what was used though it gave none of its own (`no-position`), or was taken
            with a remark (`ahead`, `undated`, `clock`, …).
    """

    bytes: int = 0
    messages: int = 0
    reports: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)

    def add(self, others: Counts) -> None:
        """Count what others counted, too."""
        self.bytes += others.bytes
        self.messages += others.messages
        self.reports += others.reports
        self.dropped += others.dropped
        self.noted += others.noted


class Decoder(ABC):
    """Turns what a connection or a file gives, cut anywhere, into reports.

    Memory is bounded whatever comes: what cannot become a message any more is dropped and counted.
    No input raises. `counts` tells what became of it.
    """

    def __init__(self) -> None:
        self.counts = Counts()

    @abstractmethod
    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next bytes.

        Args:
            data: as they came; a message may begin in one piece and end in another.
            received_us: when they came, µs since 1970 UTC.

        Returns:
            The reports that are complete now, in the order in which they came.
        """

    def close(self) -> Reports:
        """The input has ended, or its connection was lost: what is still held back.

        What was left unfinished is dropped and counted. A decoder may be fed again afterwards: what
        comes then begins anew, and what is known of aircraft stays.
        """
        return empty()
