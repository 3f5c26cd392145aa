"""A feed that another program writes into a file."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from .connection import Clock, Connection, Piece, Transport
from .errors import FeedUnreachable
from .polling import Pause

_READ_BYTES: Final = 1 << 18


class FollowingTransport(Transport):
    """What is added to a file, from now on or from its beginning; a new file of that name is taken
    up from its beginning.

    Args:
        path: of an ordinary file.
        clock: when it was read.
        every_s: how often it is looked for more.
        from_start: whether what stands in the file at the first opening is read as well.
        pause: waits.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        every_s: float = 0.1,
        from_start: bool = False,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._path = path
        self._clock = clock
        self._every_s = every_s
        self._from_start = from_start
        self._pause = pause

    @property
    def where(self) -> str:
        """The path."""
        return f"file://{self._path}"

    async def open(self) -> Connection:
        """Open the file; see `Transport`."""
        file = await asyncio.to_thread(self._opened)
        self._from_start = True  # what is written while we are away is not to be missed
        return _Following(self, file, self._clock, self._every_s, self._pause)

    def _opened(self) -> BinaryIO:
        try:
            file = self._path.open("rb", buffering=0)
        except OSError as error:
            raise FeedUnreachable(
                f"The file cannot be read: {error.strerror}.", where=self.where
            ) from None
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise FeedUnreachable("This is no ordinary file.", where=self.where)
        if not self._from_start:
            file.seek(0, os.SEEK_END)
        return file

    def follow(self, file: BinaryIO) -> tuple[BinaryIO, bytes]:
        """What was added; from the new file, where there is one and the old one has ended.

        Raises:
            FeedUnreachable: the file is gone.
        """
        data = file.read(_READ_BYTES)
        if data:
            return file, data
        now = os.fstat(file.fileno())
        try:
            named = self._path.stat()
        except OSError:
            return file, b""  # between two files
        if (named.st_dev, named.st_ino) != (now.st_dev, now.st_ino):
            file.close()
            return self._opened(), b""
        if now.st_size < file.tell():
            file.seek(0)  # emptied, and written anew
        return file, b""


class _Following(Connection):
    def __init__(
        self, way: FollowingTransport, file: BinaryIO, clock: Clock, every_s: float, pause: Pause
    ) -> None:
        self._way = way
        self._file = file
        self._clock = clock
        self._every_s = every_s
        self._pause = pause

    async def receive(self) -> Sequence[Piece]:
        while True:
            self._file, data = await asyncio.to_thread(self._way.follow, self._file)
            if data:
                return (Piece(data, self._clock()),)
            await self._pause(self._every_s)

    async def close(self) -> None:
        self._file.close()
