"""Kernels that find data blocks among octets, and items within records: no item's meaning.

ASTERIX part 1 (EUROCONTROL-SPEC-0149), section 4: a data block is CAT (one octet), LEN (two octets,
of the whole block) and records of that category; a record is a field specification, whose bits name
the items that follow, and those items. A record does not tell its length: whoever cannot tell the
length of one item cannot read what follows it in the block.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._octets import u8, u16

SPARE: Final = 0
FIXED: Final = 1
EXTENDED: Final = 2
REPEATED: Final = 3
REPEATED_FX: Final = 4
EXPLICIT: Final = 5
COMPOUND: Final = 6
ROW_WIDTH: Final = 4

CUT: Final = -1
"""The record goes on beyond the end of its block."""
UNDEFINED: Final = -2
"""The record has an item that its edition does not define, or a longer one."""
EMPTY: Final = -3
"""The record has no item."""

UNPUBLISHED: Final = 0
UNREAD: Final = 1
READ: Final = 2

LENGTH_MAX: Final = 65_535
SEARCH_BYTES_MAX: Final = 2_048
"""Out of step, and where records are not as they should be, longer blocks are not believed: that
bounds the work that an octet can cause, and what is kept waiting."""
UNREAD_BYTES_MAX: Final = 8_192
"""Nor are longer ones of categories that are not read."""


@kernel
def item_end(
    buffer: npt.NDArray[np.uint8], at: int, end: int, kind: int, size: int, last_ends: int
) -> int:
    """Where an item that is not compound ends, or `CUT` or `UNDEFINED`."""
    if kind == FIXED:
        at += size
    elif kind == EXTENDED:
        for count in range(1, size + 1):
            if at >= end:
                return CUT
            octet = u8(buffer, at)
            at += 1
            if count == size and last_ends:
                return at
            if not octet & 1:
                return at
        return UNDEFINED
    elif kind == REPEATED:
        if at >= end:
            return CUT
        at += 1 + size * u8(buffer, at)
    elif kind == REPEATED_FX:
        while True:
            at += size
            if at > end:
                return CUT
            if not u8(buffer, at - 1) & 1:
                break
    elif kind == EXPLICIT:
        if at >= end:
            return CUT
        if u8(buffer, at) == 0:
            return UNDEFINED
        at += u8(buffer, at)
    else:
        return UNDEFINED
    return at if at <= end else CUT


@kernel
def specification_end(buffer: npt.NDArray[np.uint8], at: int, end: int, items: int) -> int:
    """Where a field specification of so many items ends, or `CUT` or `UNDEFINED`."""
    for _ in range((items + 6) // 7):
        if at >= end:
            return CUT
        at += 1
        if not u8(buffer, at - 1) & 1:
            return at
    return UNDEFINED


@kernel
def record_end(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    table: npt.NDArray[np.int32],
    first_row: int,
    items: int,
    offsets: npt.NDArray[np.int32],
) -> int:
    """Where a record ends, or `CUT`, `UNDEFINED` or `EMPTY`.

    Args:
        begin, end: of what is left of its block.
        table, first_row, items: the profile, where it begins, and how many items it has.
        offsets: int32[slots], or of no length: where the items begin is put here.
    """
    keep = len(offsets) > 0
    at = specification_end(buffer, begin, end, items)
    if at < 0:
        return at
    first = at
    for octet in range(begin, first):
        bits = u8(buffer, octet)
        for bit in range(7):
            if not bits & (0x80 >> bit):
                continue
            item = (octet - begin) * 7 + bit
            if item >= items:
                return UNDEFINED
            row = first_row + item
            kind = table[row, 0]
            if keep and table[row, 3] >= 0:
                offsets[table[row, 3]] = at
            if kind != COMPOUND:
                at = item_end(buffer, at, end, kind, table[row, 1], table[row, 2])
                if at < 0:
                    return at
                continue
            inner = first_row + table[row, 1]
            count = table[row, 2]
            stop = specification_end(buffer, at, end, count)
            if stop < 0:
                return stop
            here = at
            at = stop
            for place in range(here, stop):
                parts = u8(buffer, place)
                for part in range(7):
                    if not parts & (0x80 >> part):
                        continue
                    which = (place - here) * 7 + part
                    if which >= count:
                        return UNDEFINED
                    one = inner + which
                    if keep and table[one, 3] >= 0:
                        offsets[table[one, 3]] = at
                    at = item_end(buffer, at, end, table[one, 0], table[one, 1], table[one, 2])
                    if at < 0:
                        return at
    return at if at > first else EMPTY


@kernel
def count_records(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    table: npt.NDArray[np.int32],
    first_row: int,
    items: int,
) -> int:
    """How many records fill a block exactly, or why they do not."""
    nowhere = np.empty(0, np.int32)
    count = 0
    at = begin
    while at < end:
        at = record_end(buffer, at, end, table, first_row, items, nowhere)
        if at < 0:
            return at
        count += 1
    return count


@kernel
def find_blocks(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    ended: bool,
    search: bool,
    synced: bool,
    categories: npt.NDArray[np.uint8],
    tables: npt.NDArray[np.int32],
    profiles: npt.NDArray[np.int32],
    blocks: npt.NDArray[np.int64],
) -> tuple[int, int, int, bool]:
    """Find data blocks.

    A stream may lose or gain octets. A block is believed if we read its category and its records
    fill it exactly. One of another category that is published, or whose records do not fill it, is
    believed if another block seems to follow; else octets are skipped until a block is found whose
    records fill it exactly and that another follows.

    Args:
        buffer, begin, end: what to look at.
        ended: nothing will follow: the last of a stream, or a datagram.
        search: where no block is, look for the next; in a datagram the rest is given up.
        synced: a block begins here, so far as is known.
        categories: uint8[256], `UNPUBLISHED`, `UNREAD` or `READ`.
        tables, profiles: all profiles' rows one after the other; int32[256, 2]: by category, the
            first row and how many items.
        blocks: int64[n, 4] to be filled: begin and end of the records, category, and how many
            records, or why they were dropped (negative). Long enough for `(end - begin) // 4`.

    Returns:
        How many blocks; where to go on; how often the thread was lost; whether a block begins
        where to go on.
    """
    found = 0
    losses = 0
    at = begin
    while end - at >= 3:
        category = u8(buffer, at)
        length = u16(buffer, at + 1)
        stop = at + length
        state = categories[category]
        longest = LENGTH_MAX
        if not synced:
            longest = SEARCH_BYTES_MAX if state == READ else 0
        elif state == UNREAD:
            longest = UNREAD_BYTES_MAX
        good = state != UNPUBLISHED and 5 <= length <= longest
        records = 0
        if good and state == READ:
            records = count_records(
                buffer,
                at + 3,
                min(stop, end),
                tables,
                profiles[category, 0],
                profiles[category, 1],
            )
            # what is wrong in the beginning of a block stays wrong, whatever follows
            wrong = records < 0 and (stop <= end or records != CUT)
            good = not wrong or (synced and length <= SEARCH_BYTES_MAX)
        if good and stop > end:
            if not ended:
                break
            good = False
        if good:
            if state == UNREAD or not synced or records < 0:
                if stop + 3 > end:
                    if not ended:
                        break
                    good = stop == end
                else:
                    after = u16(buffer, stop + 1)
                    good = categories[u8(buffer, stop)] != UNPUBLISHED and after >= 5
            if good:
                blocks[found, 0] = at + 3
                blocks[found, 1] = stop
                blocks[found, 2] = category
                blocks[found, 3] = records
                found += 1
                synced = True
                at = stop
                continue
        if synced:
            losses += 1
        if not search:
            at = end
            break
        synced = False
        at += 1
    return found, at, losses, synced


@kernel
def walk_blocks(
    buffer: npt.NDArray[np.uint8],
    blocks: npt.NDArray[np.int64],
    table: npt.NDArray[np.int32],
    items: int,
    offsets: npt.NDArray[np.int32],
    begins: npt.NDArray[np.int64],
) -> None:
    """Where items begin in all records of blocks of one category.

    Args:
        blocks: as `find_blocks` fills it, those with records only.
        offsets: int32[records, slots], -1 all over; to be filled.
        begins: int64[records], to be filled: where each record begins.
    """
    record = 0
    for block in range(len(blocks)):
        at = int(blocks[block, 0])
        end = int(blocks[block, 1])
        while at < end:
            begins[record] = at
            at = record_end(buffer, at, end, table, 0, items, offsets[record])
            record += 1
