"""Verifies a whole bundle: one check after another, every finding collected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .report import Report

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the reader demands.

    Attributes:
        accept: lowest grade that counts as proven.
        agreement: SHA-256 (hex) of the agreement that the reader knows from elsewhere.
        keys: vkeys that the reader knows from elsewhere; each must stand in the agreement.
        workers: processes that check entries.
        now_s: POSIX seconds; cosignatures from later are refused. None: not checked.
    """

    accept: str = "bilateral"
    agreement: str | None = None
    keys: tuple[str, ...] = ()
    workers: int = 1
    now_s: int | None = None


def verify_bundle(
    path: Path, options: Options | None = None, progress: Progress | None = None
) -> Report:
    """Verify a bundle without network, server or database.

    Raises:
        Unusable: there is no such file, or it is not a zip archive at all.
        ValueError: an option makes no sense.
    """
    raise NotImplementedError
