"""Mode S frames with the times at which they were heard, as lines of JSON: rs1090's and jet1090's.

Each line is an object with `timestamp` (seconds since 1970) and `frame` (14 or 28 hex digits); what
others have decoded of it is not read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np
import polars as pl

from .archive_options import POLARS_ERRORS, ArchiveError
from .decoding import Counts
from .modes import Frames
from .reports import NEVER

_BLOCK_BYTES: Final = 4 << 20
_OCTETS: Final = 14
_SHORT_OCTETS: Final = 7
_DIGITS: Final = 2 * _OCTETS
_FIRST_LONG: Final = 16 << 3
"""Formats below 16 are short (ICAO Annex 10, volume IV, 3.1.2.3.1)."""


def heard_frames(stream: BinaryIO, counts: Counts, where: str) -> Iterator[Frames]:
    """Frames, some thousands at once. Their receipt is not known.

    Lines that are no frame, or have no time, are counted as `framing` and `no-time`.

    Raises:
        ArchiveError: a line does not end, or is no JSON.
    """
    held = b""
    while data := stream.read(_BLOCK_BYTES):
        counts.bytes += len(data)
        block = held + data
        cut = block.rfind(b"\n") + 1
        if cut == 0 and len(block) >= 2 * _BLOCK_BYTES:
            raise ArchiveError("A line does not end.", where=where)
        held = block[cut:]
        if cut:
            yield _read(block[:cut], counts, where)
    if held.strip():
        yield _read(held, counts, where)


def _read(block: bytes, counts: Counts, where: str) -> Frames:
    try:
        table = pl.read_ndjson(
            io.BytesIO(block), schema={"timestamp": pl.Float64, "frame": pl.String}
        )
    except POLARS_ERRORS as problem:
        raise ArchiveError(f"A line is no JSON: {problem}", where=where) from problem
    hexed = pl.col("frame").str.contains(r"^(?:[0-9A-Fa-f]{14}|[0-9A-Fa-f]{28})$")
    framed = table.filter(hexed.fill_null(value=False))
    timed = framed.filter(pl.col("timestamp").is_finite().fill_null(value=False))
    for reason, number in (
        ("framing", table.height - framed.height),
        ("no-time", framed.height - timed.height),
    ):
        if number:
            counts.dropped[reason] += number
    digits = "".join(timed["frame"].str.pad_end(_DIGITS, "0").to_list())
    times = (timed["timestamp"] * 1e6).round(0).cast(pl.Int64, strict=False).fill_null(NEVER)
    octets = np.frombuffer(bytearray.fromhex(digits), dtype=np.uint8).reshape(-1, _OCTETS)
    # Recorders write fourteen octets for short frames, too; the format tells how many count.
    short = octets[:, 0] < _FIRST_LONG
    octets[short, _SHORT_OCTETS:] = 0
    return Frames(
        octets,
        np.where(short, _SHORT_OCTETS, timed["frame"].str.len_bytes() // 2).astype(np.uint8),
        times.to_numpy(writable=True),
        np.full(timed.height, NEVER, dtype=np.int64),
        np.zeros(timed.height, dtype=np.bool_),
    )
