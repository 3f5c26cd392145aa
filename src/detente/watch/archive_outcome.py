"""How far a run over an archive has come, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from detente.words import Words


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        looking: whether files are still looked through for their order.
        share: of the archive that was read in this step, from 0 to 1.
        reports: that were watched.
        events: that were found and kept; those since the last checkpoint are not counted.
    """

    looking: bool
    share: float
    reports: int
    events: int


class Outcome(Struct, frozen=True, kw_only=True):
    """What a run came to, beside its events.

    Attributes:
        reports: that were watched.
        messages: in the files, whatever they say.
        dropped: what gave no report, by reason.
        assumptions: what was taken for granted in reading.
        taken_out: reports that no monitor saw, by reason.
        digests: SHA-256 (hex) of each file.
        in_order: whether the files were in the order of time as they stand.
        resumed_at: reports that an earlier run had done; None if there was none.
        took_s: working time, over all runs.
        lanes: among how many engines aircraft were dealt.
    """

    reports: int
    messages: int = 0
    dropped: dict[str, int] = {}
    assumptions: tuple[Words, ...] = ()
    taken_out: dict[str, int] = {}
    digests: tuple[str, ...] = ()
    in_order: bool = True
    resumed_at: int | None = None
    took_s: float = 0.0
    lanes: int = 1
