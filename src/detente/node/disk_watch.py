"""The disk of a node, looked at again and again: how much room there is, and whether it is full."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .disk import can_write, room_at

EVERY_S: Final = 5.0
FULL_BYTES: Final = 4 << 20
"""With less room it is tried out whether anything can be written."""

_log = logging.getLogger("detente.node")


class DiskWatch:
    """What is known of the disk of a directory, as it was a few seconds ago.

    Attributes:
        room: on it.
        full: whether nothing can be written.
    """

    def __init__(self, directory: Path, least: int, *, doubted: bool) -> None:
        """Args:
        directory: on the disk.
        least: bytes that are to stay free.
        doubted: whether it could not be written at the start: then it is always tried out.
        """
        self._directory = directory
        self._least = least
        self._doubted = doubted
        self.room = room_at(directory)
        self.full = False

    @property
    def is_low(self) -> bool:
        """Whether there is less room than is to stay free."""
        return self.room.free < self._least

    @property
    def free_share(self) -> float:
        """Free bytes, as a share of those that are to stay free."""
        return self.room.free / self._least if self._least else 1.0

    def has_room(self, size: int) -> bool:
        """Whether enough stays free when a file of this size is written; asks the disk.

        Raises:
            OSError: the disk cannot be asked.
        """
        return room_at(self._directory).free - size >= self._least

    async def run(self, looked: Callable[[], None], writable: Callable[[], None]) -> None:
        """Look each few seconds, until cancelled.

        Args:
            looked: called after each look.
            writable: called after one that found that it can be written, where that was doubted.
        """
        while True:
            try:
                self.room = await asyncio.to_thread(room_at, self._directory)
            except OSError as error:
                _log.warning("the disk cannot be asked: %s", error)
            if await self._try_out():
                writable()
            looked()
            await asyncio.sleep(EVERY_S)

    async def _try_out(self) -> bool:
        """Say that nothing can be written before somebody finds out, and that it can again."""
        if not (self.full or self._doubted or self.room.free < FULL_BYTES):
            return False
        full = not await asyncio.to_thread(can_write, self._directory)
        if full != self.full:
            self.full = full
            _log.log(
                logging.ERROR if full else logging.INFO,
                "the disk is full: nothing is recorded" if full else "the disk has room again",
            )
        return self._doubted and not full
