"""What makes the event loop wait though it has work: threads' turns, and the collector's rounds.

A request lets go of the interpreter several times (signing, random bytes, sockets); each time a
thread that computes may keep it for a whole turn, which is 5 ms by default. And a full round of the
collector goes through everything that is alive, while nobody is answered: for what planning keeps,
that is tenths of a second on a busy day.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

TURN_S: Final = 0.0005
"""Of a thread, while others wait."""
THAW_EVERY_S: Final = 24 * 3600.0
"""Until everything that is alive is gone through again."""
_LAST: Final = 2


@contextmanager
def short_turns() -> Iterator[None]:
    """Have threads that compute let others in soon; as it was before, afterwards."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def collect_only_what_is_new(thaw_every_s: float = THAW_EVERY_S) -> None:
    """Have each object gone through by one full round of the collector, not by all; runs on.

    What has lived through a full round is set aside. Without references it is freed all the same;
    only what refers to itself stays until the next day's round, which goes through everything.

    Args:
        thaw_every_s: until that round.
    """
    gc.callbacks.append(_set_aside)
    try:
        while True:
            await asyncio.sleep(thaw_every_s)
            gc.unfreeze()
            gc.collect()
    finally:
        gc.callbacks.remove(_set_aside)


def _set_aside(phase: str, told: Mapping[str, int]) -> None:
    if phase == "stop" and told["generation"] == _LAST:
        gc.freeze()
