"""Lanes: aircraft are dealt to engines by their names, so that each core has its own.

Nothing that is told of one aircraft depends on another, except how near they came to each other;
so the lane for that takes everybody. Who is dealt where follows from the name alone. A lane that
has a thread waits for nobody: reading, tracks and monitors leave the interpreter alone while they
work through a batch, so threads share one memory and one copy of the boundaries.
"""

from __future__ import annotations

import zlib
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds import Reports

from .engine import Engine
from .events import Event
from .interference import Jumps

Numbers: TypeAlias = npt.NDArray[np.int32]

_BATCHES_AHEAD: Final = 2
"""Batches that may wait for a lane: what is read ahead is memory."""


class Dealer:
    """Tells which lane each aircraft belongs to.

    Args:
        lanes: how many there are.
    """

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._names: tuple[str, ...] = ()
        self._numbers: Numbers = np.empty(0, dtype=np.int32)

    def lanes(self, names: tuple[str, ...]) -> Numbers:
        """Number of the lane of each name."""
        if names is not self._names:
            known = len(self._names)
            if names[:known] != self._names:
                known = 0
            new = [zlib.crc32(each.encode()) % self._lanes for each in names[known:]]
            tail = np.array(new, dtype=np.int32)
            self._names, self._numbers = names, np.concatenate((self._numbers[:known], tail))
        return self._numbers

    def rows(self, reports: Reports, lane: int) -> Reports:
        """The reports of one lane's aircraft, in their order."""
        if self._lanes == 1:
            return reports
        mine = self.lanes(reports.identities)[reports.aircraft] == lane
        return reports.take(np.flatnonzero(mine))


class _Lane:
    def __init__(self, engine: Engine, number: int, lanes: int) -> None:
        self.engine = engine
        self._number = number
        self._dealer = Dealer(lanes)
        self._found: list[Event] = []

    def take(self, reports: Reports) -> None:
        self._found += self.engine.take(self._dealer.rows(reports, self._number))

    def found(self) -> list[Event]:
        found, self._found = self._found, []
        return found


class Lanes:
    """Engines that take the same batches, each the reports of its aircraft. Use it in a `with`.

    Args:
        own: engines between which aircraft are dealt.
        between: an engine that takes everybody's reports, if there is one.
    """

    def __init__(self, own: Sequence[Engine], between: Engine | None = None) -> None:
        self._lanes = [_Lane(engine, number, len(own)) for number, engine in enumerate(own)]
        if between is not None:
            self._lanes.append(_Lane(between, 0, 1))
        self._own = tuple(own)
        alone = len(self._lanes) == 1
        self._threads = [] if alone else [ThreadPoolExecutor(1) for _ in self._lanes]
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._threads:
            each.shutdown(wait=True, cancel_futures=True)

    @property
    def taken_out(self) -> Counter[str]:
        """What no monitor saw of the reports that were dealt, by reason."""
        return sum((each.taken_out for each in self._own), Counter())

    @property
    def jumps(self) -> Jumps:
        """Those of all aircraft that were dealt."""
        together = Jumps()
        for each in self._own:
            together = together.merged(each.jumps)
        return together

    def take(self, reports: Reports) -> None:
        """The next batch. It may return before the lanes are done with it.

        Raises:
            Whatever one of them raised.
        """
        if not self._threads:
            self._lanes[0].take(reports)
            return
        for lane, thread in zip(self._lanes, self._threads, strict=True):
            self._waiting.append(thread.submit(lane.take, reports))
        while len(self._waiting) > _BATCHES_AHEAD * len(self._lanes):
            self._waiting.popleft().result()

    def settle(self) -> list[Event]:
        """Wait until all is done that was given; what was found since the last time."""
        while self._waiting:
            self._waiting.popleft().result()
        return [event for each in self._lanes for event in each.found()]

    def close(self) -> list[Event]:
        """There is no more: what was found since the last time, and what lasts."""
        found = self.settle()
        return found + [event for each in self._lanes for event in each.engine.close()]

    def snapshot(self) -> tuple[bytes, ...]:
        """The state of each lane, after `settle`."""
        return tuple(each.engine.snapshot() for each in self._lanes)

    def restore(self, snapshots: Sequence[bytes]) -> None:
        """Go on from the states of as many lanes.

        Raises:
            ValueError: they are those of other lanes.
        """
        for each, snapshot in zip(self._lanes, snapshots, strict=True):
            each.engine.restore(snapshot)
