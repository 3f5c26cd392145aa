"""The same node without one of its ideas: what the line's figures are compared with.

    python -m bench.line_naive IDEA DIRECTORY [options of `detente node run`]

IDEA is what is left out:

* `waking`: links are not woken by the record; they look into it once a second.
* `batches`: every envelope is a request of its own.
* `shared-feed`: every listener of events reads the record for himself, and encodes for himself.

Everything else is the real program.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from detente import cli
from detente.line import sending
from detente.node import feed, peer_loop

POLL_S: Final = 1.0


def without_waking() -> None:
    """Links look into the record once a second."""
    run, recorded = peer_loop.LinkRunner.run, peer_loop.LinkRunner.recorded

    async def polled(self: peer_loop.LinkRunner) -> None:
        async def poll() -> None:
            while True:
                await asyncio.sleep(POLL_S)
                recorded(self)

        polling = asyncio.create_task(poll())
        try:
            await run(self)
        finally:
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling

    _put(peer_loop.LinkRunner, "run", polled)
    _put(peer_loop.LinkRunner, "recorded", lambda self: None)


def without_batches() -> None:
    """One envelope a request."""
    _put(sending, "BATCH_ENVELOPES_MAX", 1)


def without_shared_feed() -> None:
    """Every listener follows the record by himself."""

    async def listen(self: Any, after: int | None) -> AsyncGenerator[feed.Event, None]:
        place = self.end if after is None else after + 1
        self.listeners += 1
        try:
            while True:
                size = await self._record.wait_beyond(place)
                while place < size:
                    for entry in await self._record.entries(place, 200):
                        place += 1
                        yield feed.event_of(entry)
        finally:
            self.listeners -= 1

    _put(feed.Feed, "listen", listen)


IDEAS: Final[dict[str, Callable[[], None]]] = {
    "waking": without_waking,
    "batches": without_batches,
    "shared-feed": without_shared_feed,
}


def _put(where: Any, name: str, what: Any) -> None:
    if not hasattr(where, name):
        raise RuntimeError(f"{where.__name__} has no {name} any more")
    setattr(where, name, what)


def main() -> None:
    """See the module's text."""
    IDEAS[sys.argv[1]]()
    sys.argv[1:2] = ["node", "run"]
    cli.main()


if __name__ == "__main__":
    main()
