"""Work on many vertices, done beside the event loop: who asks for little must not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, ParamSpec, TypeVar

from detente.f3548 import types as wire
from detente.f3548 import vertices_of

AT_ONCE_MAX: Final = 500
"""Vertices that are computed on the loop: a few milliseconds."""

P = ParamSpec("P")
T = TypeVar("T")


async def aside(
    volumes: Iterable[wire.Volume4D], work: Callable[P, T], *args: P.args, **more: P.kwargs
) -> T:
    """What `work` gives; in a thread if the volumes that it is about have many vertices.

    Args:
        volumes: what `work` goes through.
        work: pure, or safe to be run in a thread.
        args, more: for it.

    Raises:
        Whatever `work` raises.
    """
    if vertices_of(volumes) <= AT_ONCE_MAX:
        return work(*args, **more)
    return await asyncio.to_thread(work, *args, **more)
