"""Several streams of reports as one, in the order of time, without having them all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detente.feeds import Reports, joined


class OutOfOrder(Exception):
    """A stream is not in the order of time.

    Attributes:
        stream: number of the stream.
    """

    def __init__(self, stream: int) -> None:
        super().__init__(stream)
        self.stream = stream


@dataclass(slots=True)
class Stream:
    """A stream that may be opened.

    Attributes:
        first_us: its first time, µs since 1970.
        open: gives its blocks from the beginning, in the order of time.
    """

    first_us: int
    open: Callable[[], Iterator[Reports]]


@dataclass(slots=True)
class _Open:
    number: int
    blocks: Iterator[Reports]
    held: Reports
    last_us: int
    rest: bool = True
    """Whether there may be more blocks."""


def merged(sources: Sequence[Stream]) -> Iterator[Reports]:
    """All reports by time; those of the same time by number of the stream, then as they stand.

    A stream is opened when its first time is reached, and blocks of a stream that is alone are
    handed on as they are. In memory is one block of each open stream.

    Raises:
        OutOfOrder: a stream is not in the order of time.
    """
    waiting = sorted(range(len(sources)), key=lambda each: (sources[each].first_us, each))
    opened: list[_Open] = []
    while waiting or opened:
        complete_us = min((each.last_us for each in opened if each.rest), default=None)
        if waiting and (complete_us is None or complete_us >= sources[waiting[0]].first_us):
            number = waiting.pop(0)
            stream = _opened(number, sources[number].open())
            if stream is not None:
                opened = sorted([*opened, stream], key=lambda each: each.number)
            continue
        if len(opened) == 1:
            yield opened[0].held
            opened = [each for each in opened if _advance(each)]
            continue
        yield from _step(opened, complete_us)
        opened = [each for each in opened if len(each.held)]


def _step(opened: list[_Open], horizon: int | None) -> Iterator[Reports]:
    """What is certain to be complete: all before the least of the last times, or all at the end.

    Another block may go on with the very last time of this one, so that is not complete yet.
    """
    parts = []
    for each in opened:
        times = each.held.time_us
        count = len(times) if horizon is None else int(np.searchsorted(times, horizon, "left"))
        if count:
            parts.append(each.held.take(slice(count)))
            each.held = each.held.take(slice(count, None))
    if parts:
        together = joined(parts)
        yield together.take(np.argsort(together.time_us, kind="stable"))
    for each in opened:
        if each.rest and each.last_us == horizon:
            _extend(each)


def _opened(number: int, blocks: Iterator[Reports]) -> _Open | None:
    for block in blocks:
        if len(block):
            _check(block, number, None)
            return _Open(number, blocks, block, int(block.time_us[-1]))
    return None


def _advance(stream: _Open) -> bool:
    """The next block in place of the one that is held; whether there is one."""
    for block in stream.blocks:
        if len(block):
            _check(block, stream.number, stream.last_us)
            stream.held, stream.last_us = block, int(block.time_us[-1])
            return True
    return False


def _extend(stream: _Open) -> None:
    """The next block behind what is held."""
    held, last_us = stream.held, stream.last_us
    if _advance(stream):
        stream.held = joined([held, stream.held]) if len(held) else stream.held
    else:
        stream.held, stream.last_us, stream.rest = held, last_us, False


def _check(block: Reports, number: int, after_us: int | None) -> None:
    times = block.time_us
    if (after_us is not None and times[0] < after_us) or bool(np.any(times[1:] < times[:-1])):
        raise OutOfOrder(number)
