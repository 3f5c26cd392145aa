"""Which checkpoints a bundle carries, and what they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from detente.formats import GRADES
from detente.record.entries import CosignedCheckpoint
from detente.record.merkle import range_root

from .request import ExportFailed, Grade, Ranges
from .source import BundleSource

_PAGE = 1000
_STAMPED_MAX = 50


def check_root(record: BundleSource, checkpoint: CosignedCheckpoint) -> None:
    """Refuse to show a tree that is not the one that was signed.

    Raises:
        ExportFailed: the record's hashes lead to another root.
    """
    if range_root(0, checkpoint.size, record.node) != checkpoint.root:
        raise ExportFailed(
            "The checkpoint is not of the record's own tree.",
            where=f"checkpoint {checkpoint.size}",
            advice="Check the record before anything is shown of it.",
        )


async def covering(record: BundleSource, index: int) -> CosignedCheckpoint | None:
    """Of those that cover an entry the smallest of the highest grade: it shows the least else."""
    best: CosignedCheckpoint | None = None
    since = index + 1
    while page := await record.checkpoints(since, _PAGE):
        for each in page:
            if best is None or GRADES.index(each.grade) > GRADES.index(best.grade):
                best = each
        since = page[-1].size + 1
    return best or await record.best_checkpoint(index)


def without_timestamp(checkpoint: CosignedCheckpoint) -> CosignedCheckpoint:
    """The same checkpoint, worth what it is worth without its timestamp."""
    grade = "single" if checkpoint.grade == "timestamped" else checkpoint.grade
    return replace(checkpoint, timestamp=None, grade=grade)


async def older_checkpoints(
    record: BundleSource, newest: CosignedCheckpoint
) -> list[CosignedCheckpoint]:
    """Older checkpoints worth having: of better grades than any later one, or timestamped.

    The newest of each such grade, and the newest timestamped ones.
    """
    best: dict[Grade, CosignedCheckpoint] = {}
    stamped: dict[int, CosignedCheckpoint] = {}
    since = 1
    while page := await record.checkpoints(since, _PAGE, cosigned_only=True):
        for each in page:
            if each.size >= newest.size:
                break
            best[each.grade] = each
            if each.timestamp is not None:
                stamped[each.size] = each
        since = page[-1].size + 1
    found = {each.size: each for each in list(stamped.values())[-_STAMPED_MAX:]}
    rank = GRADES.index(newest.grade)
    for each in sorted(best.values(), key=lambda each: -each.size):
        if GRADES.index(each.grade) > rank:
            rank = GRADES.index(each.grade)
            found[each.size] = each
    return [found[size] for size in sorted(found)]


def lowest_grade(checkpoints: Sequence[CosignedCheckpoint], items: Ranges) -> Grade:
    """The lowest grade of the items: the last one has the fewest checkpoints that cover it."""
    last = items[-1][1]
    grades = [each.grade for each in checkpoints if each.size > last]
    return max(grades, key=GRADES.index)
