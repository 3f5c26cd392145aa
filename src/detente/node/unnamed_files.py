"""Files that came and that no entry names: an officer changed his mind, or a peer never said more.

They are gone a day after they last came. What an entry names stays as long as its content does.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from detente.errors import DetenteError
from detente.record import Clock, PartyRecord

KEPT: Final = timedelta(days=1)
EVERY_S: Final = 3600.0
_AT_ONCE: Final = 500

_log = logging.getLogger("detente.node.files")


async def keep_sweeping(record: PartyRecord, clock: Clock) -> None:
    """Sweep now and each hour, until cancelled."""
    while True:
        try:
            swept = await sweep_unnamed(record, clock() - KEPT)
        except (DetenteError, OSError) as error:
            _log.warning("files that nothing names stay for now: %s", error)
        else:
            if swept:
                _log.info("%d files that no entry names were deleted", swept)
        await asyncio.sleep(EVERY_S)


async def sweep_unnamed(record: PartyRecord, before: datetime) -> int:
    """Delete files that no entry names and that last came before a moment; how many.

    Raises:
        BlobUnusable: one cannot be deleted.
        LogUnavailable: the record cannot be asked.
    """
    swept = 0
    old = await asyncio.to_thread(record.blobs.put_before, before)
    for begin in range(0, len(old), _AT_ONCE):
        names = old[begin : begin + _AT_ONCE]
        marks = ", ".join("?" * len(names))
        rows = await record.query(
            f"SELECT DISTINCT sha256 FROM party_blobs WHERE sha256 IN ({marks})",  # noqa: S608
            [bytes.fromhex(name) for name in names],
        )
        named = {row[0].hex() for row in rows if isinstance(row[0], bytes)}
        for name in names:
            # What came again meanwhile is about to be named.
            if name not in named and await asyncio.to_thread(
                record.blobs.delete_put_before, name, before
            ):
                swept += 1
    return swept
