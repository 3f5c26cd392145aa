"""What is gathered while a batch is looked at, and its positions at which something changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._calm import Calm, reach_deep
from ._depth import STEP_M, Deepest, Points, Span
from ._following import ByAircraft, Followed
from ._passage import Passage


class Row(NamedTuple):
    """A position at which something changes: see `Followed` and `ByAircraft`."""

    row: int
    slot: int
    link: int
    set: int
    where: int
    time_us: int
    came_us: int
    counted: list[int]


@dataclass(slots=True)
class Batch:
    """Stretches to measure, and passages that changed.

    Attributes:
        followed: the positions.
        by_aircraft: those of aircraft to which something happens, or whose depth is of interest.
        held: areas by number of set.
        spans: stretches to measure.
        since: where passages begin among `ByAircraft.rows`.
        changed: passages that are looked at again, by their identity as objects.
        touched: those of them that are told again in any case.
    """

    followed: Followed
    by_aircraft: ByAircraft
    held: tuple[frozenset[int], ...]
    spans: list[Span] = field(default_factory=list)
    since: dict[tuple[int, int], int] = field(default_factory=dict)
    changed: dict[int, Passage] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    def touch(self, passage: Passage) -> None:
        """Something happened to it: it is told again."""
        self.changed[id(passage)] = passage
        self.touched.add(id(passage))

    @property
    def points(self) -> Points:
        """Of what `spans` are made."""
        reports, followed = self.followed.tracked.reports, self.followed
        return Points(
            reports.lat_deg, reports.lng_deg, reports.time_us, followed.odometer, followed.radius,
            self.by_aircraft.rows,
        )  # fmt: skip

    def rows(self, row: npt.NDArray[np.intp]) -> Iterator[Row]:
        """Some noted positions of these aircraft."""
        followed = self.followed
        reports = followed.tracked.reports
        noted = np.searchsorted(followed.noted, row)
        columns = (
            row, reports.aircraft[row], followed.link[row], followed.sets[row],
            self.by_aircraft.where[row], reports.time_us[row], followed.came[noted],
            followed.counted[noted],
        )  # fmt: skip
        return map(Row, *(each.tolist() for each in columns))

    def shallow(self, calm: Calm, limit_m: float) -> list[Span]:
        """Stretches that have to be measured: others are deeper than is told, and told to be.

        Args:
            calm: where it is deep.
            limit_m: depths beyond are all alike.
        """
        begins = np.array([each.since for each in self.spans], dtype=np.int64)
        ends = np.array([each.to for each in self.spans], dtype=np.int64)
        reports = self.followed.tracked.reports
        deep = reach_deep(
            begins, ends, self.by_aircraft.rows, reports.lat_deg, reports.lng_deg, calm.deep
        )
        left = []
        for span, is_deep in zip(self.spans, deep.tolist(), strict=True):
            if is_deep:
                span.holder.deepest = Deepest(limit_m, None, 0.0, 0.0, 0.0, STEP_M, -1)
            else:
                left.append(span)
        return left
