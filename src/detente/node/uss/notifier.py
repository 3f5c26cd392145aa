"""Tells other USSs of changes, within 5 s of the exchange's answer (SCD0085).

A notice that fails is tried again while its time lasts; one that could not be delivered is logged,
recorded (every try is an exchange of messages), and shown to the operator (GEN0400).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from detente.errors import DetenteError
from detente.f3548 import PeerRefused, UssClient
from detente.f3548 import types as wire
from detente.planning import Notice

AGAIN_S: Final = 0.4
"""Until a notice that failed is tried again."""
_LATER: Final = frozenset({408, 425, 429})

Say = Callable[[UssClient], Awaitable[None]]
"""Sends a notice by a client of the USS that it is for."""

_log = logging.getLogger("detente.node.uss")


class FindsUss(Protocol):
    """Gives clients of other USSs: `Calls`."""

    def uss(self, base_url: str, manager: str = "", about: str = "") -> UssClient:
        """A client of another USS."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a notice.

    Attributes:
        notice: it.
        delivered_us: when it was answered; None: it was not.
        tries: how often it was sent.
        problem: why it was not delivered.
    """

    notice: Notice
    delivered_us: int | None
    tries: int
    problem: str = ""


class Notifier:
    """Sends notices, all at once, each until it is answered or its time is over."""

    def __init__(
        self,
        calls: FindsUss,
        own_urls: Sequence[str],
        now_us: Callable[[], int],
        told: Callable[[Delivery], Awaitable[None]],
    ) -> None:
        """Args:
        calls: the way to other USSs.
        own_urls: base URLs of ours: we need not be told.
        now_us: the clock.
        told: is awaited with what became of each.
        """
        self._calls = calls
        self._own = frozenset(url.rstrip("/") for url in own_urls)
        self._now_us = now_us
        self._told = told
        self._tasks: set[asyncio.Task[None]] = set()

    def send(
        self, notices: Sequence[Notice], tells: Callable[[Notice], wire.OperationalIntent | None]
    ) -> None:
        """Begin to send; returns at once.

        Args:
            notices: from an outcome.
            tells: what is told of the intent; None if it has ended.
        """
        for notice in notices:
            change = wire.PutOperationalIntentDetailsParameters(
                notice.intent_id, list(notice.subscriptions), tells(notice)
            )
            self.begin(notice, _saying(change))

    def begin(self, notice: Notice, say: Say) -> None:
        """Begin to send one notice, of whatever entity; returns at once.

        Args:
            notice: to whom, and until when.
            say: sends it.
        """
        if notice.uss_base_url.rstrip("/") in self._own:
            return
        task = asyncio.create_task(self._deliver(notice, say))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until everything that was begun has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Wait for what is under way; that is 5 s at most."""
        await self.idle()

    async def _deliver(self, notice: Notice, say: Say) -> None:
        peer = self._calls.uss(notice.uss_base_url, about=notice.intent_id)
        tries, problem = 0, "there was no time for it"
        while (left_s := (notice.due_us - self._now_us()) * 1e-6) > 0 or not tries:
            tries += 1
            try:
                # One that is late already is sent once all the same: better than never.
                async with asyncio.timeout(max(left_s, 1.0)):
                    await say(peer)
            except TimeoutError:
                problem = "no answer in time"
                break
            except PeerRefused as error:
                problem = str(error)
                if error.status < 500 and error.status not in _LATER:
                    break  # it will say the same again
            except DetenteError as error:
                problem = str(error)
            else:
                await self._told(Delivery(notice, self._now_us(), tries))
                return
            await asyncio.sleep(AGAIN_S)
        _log.warning("%s was not told of %s: %s", notice.uss_base_url, notice.intent_id, problem)
        await self._told(Delivery(notice, None, tries, problem))


def _saying(change: wire.PutOperationalIntentDetailsParameters) -> Say:
    return lambda peer: peer.notify_operational_intent(change)
