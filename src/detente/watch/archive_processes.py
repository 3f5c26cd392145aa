"""Lanes in processes of their own, one for each core.

Kernels leave the interpreter alone, but what is told of events does not; so lanes do not share one.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import ClassVar, TypeAlias

from detente.errors import DetenteError

from .archive_lanes import Lane
from .archive_outcome import Progress
from .archive_work import LaneOutcome
from .engine_rules import WatchSetup

Told: TypeAlias = Progress | LaneOutcome | Exception


class LaneLost(DetenteError):
    """A process of a run was ended by something else."""

    code: ClassVar[str] = "watch.lane_lost"


def in_processes(
    lanes: Sequence[Lane], setup: WatchSetup, tell: Callable[[int, Progress], None]
) -> list[LaneOutcome]:
    """Watch lanes at the same time; what each came to.

    Args:
        lanes: each gets a process, which ends with this one.
        setup: what is watched.
        tell: told the number of a lane and how far it has come.

    Raises:
        LaneLost: a process was ended, by want of memory above all.
        Exception: what a lane raised; the others are ended then.
    """
    spawned = multiprocessing.get_context("spawn")
    running: dict[Connection, tuple[int, SpawnProcess]] = {}
    outcomes: dict[int, LaneOutcome] = {}
    try:
        for number, lane in enumerate(lanes):
            here, there = spawned.Pipe(duplex=False)
            process = spawned.Process(target=_watch, args=(lane, setup, there), daemon=True)
            process.start()
            there.close()
            running[here] = number, process
        while running:
            ready = wait(list(running))
            for each in [one for one in running if one in ready]:
                number, process = running[each]
                try:
                    told: Told = each.recv()
                except EOFError:
                    del running[each]
                    process.join()
                    if number not in outcomes:
                        raise LaneLost(
                            f"A process was ended, exit code {process.exitcode}.",
                            where=f"lane {number + 1} of {len(lanes)}",
                            advice="Look for want of memory, give fewer --jobs, and run again: it "
                            "goes on where it was.",
                        ) from None
                    continue
                if isinstance(told, Exception):
                    raise told
                if isinstance(told, LaneOutcome):
                    outcomes[number] = told
                else:
                    tell(number, told)
    finally:
        for _, process in running.values():
            process.kill()
            process.join()
    return [outcomes[number] for number in range(len(lanes))]


def _watch(lane: Lane, setup: WatchSetup, there: Connection) -> None:
    """What a process does; if nobody listens any more, it ends."""
    try:
        there.send(lane.watch(setup, there.send))
    except BrokenPipeError:
        pass
    except Exception as error:  # noqa: BLE001 - whoever has asked is told
        there.send(error)
