"""Room on the disk, and the sign of life that is left there."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from detente.line.outages import Outage

from .whole_files import FileNotWritten, write_whole

LIFE_FILE: Final = "life.json"
_PROBE_BYTES: Final = 128 * 1024
"""What some entries and their indexes need."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much room there is.

    Attributes:
        free: bytes that this process may still write.
        total: bytes of the file system.
    """

    free: int
    total: int


def room_at(directory: Path) -> Room:
    """The room on the disk of a directory.

    Raises:
        OSError: it cannot be told.
    """
    found = os.statvfs(directory)
    return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def can_write(directory: Path) -> bool:
    """Whether a small file can be written there, durably: asked by writing one."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


class Life(msgspec.Struct, frozen=True):
    """The last sign of life that a node has left: when it stopped, and whether by itself.

    Attributes:
        at: when it was written.
        boot: random id of that start.
        stopped: whether the node was ending in order.
        heard: per peer, when it was last heard.
        outages: what was seen and is not on record yet: those that last, and those that were over
            when the record could not take them.
    """

    at: datetime
    boot: str
    stopped: bool
    heard: dict[str, datetime]
    outages: tuple[Outage, ...] = ()


class LifeFile:
    """`life.json` in the node's directory: from it the next start knows how long it was away."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / LIFE_FILE

    def read(self) -> Life | None:
        """What the last start has left; None if there is nothing, or nothing that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Life)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def write(self, life: Life) -> bool:
        """Leave a sign; whether that was possible."""
        try:
            write_whole(self._path, msgspec.json.encode(life))
        except FileNotWritten:
            return False
        return True
