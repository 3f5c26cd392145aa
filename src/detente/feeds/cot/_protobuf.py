"""A kernel that reads CoT events from messages of TAK protocol, version 1 (protobuf).

Fields as in `takmessage.proto`, `cotevent.proto`, `detail.proto`, `contact.proto` and `track.proto`
of ATAK. In proto3 a number that is missing is 0: an error of 0 is therefore one that is not told.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._columns import (
    BEGIN,
    CALLSIGN_BEGIN,
    CALLSIGN_END,
    CE_M,
    CONTROL,
    COURSE_DEG,
    END,
    HAE_M,
    HOW,
    KIND,
    LAT_DEG,
    LE_M,
    LNG_DEG,
    MALFORMED,
    NEVER,
    OTHER,
    SPEED_M_S,
    STALE_US,
    TIME_US,
    UID_BEGIN,
    UID_END,
    XML_BEGIN,
    XML_END,
)
from ._text import how_of, kind_of

MAGIC: Final = 0xBF
LESS: Final = 0x3C
SEARCH_BYTES_MAX: Final = 1 << 14
"""Out of step, longer messages are not believed: that bounds what is kept waiting."""

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5

_CUT: Final = -1
_BAD: Final = -2
_LATEST_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""

MESSAGE: Final = 0
EVENT: Final = 1
DETAIL: Final = 2
CONTACT: Final = 3
TRACK: Final = 4


@kernel
def varint(buffer: npt.NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """A number of up to 63 bits, and where it ends; `_CUT` or `_BAD` instead of that."""
    value = 0
    factor = 1
    for count in range(10):
        if at >= end:
            return 0, _CUT
        octet = int(buffer[at]) + 0
        at += 1
        if count < 9:
            value += (octet & 0x7F) * factor
            factor *= 128
        if octet < 0x80:
            return value, at
    return 0, _BAD


@kernel
def double(buffer: npt.NDArray[np.uint8], at: int, room: npt.NDArray[np.uint8]) -> float:
    """Eight octets, little-endian, as a float; `room` is eight octets to turn them in."""
    for place in range(8):
        room[place] = buffer[at + place]
    return float(room.view(np.float64)[0])


@kernel
def mentions(
    buffer: npt.NDArray[np.uint8], begin: int, end: int, word: npt.NDArray[np.uint8]
) -> bool:
    """Whether a word is among these octets."""
    for at in range(begin, end - len(word) + 1):
        same = True
        for place in range(len(word)):
            if buffer[at + place] != word[place]:
                same = False
                break
        if same:
            return True
    return False


_OPENS_TRACK: Final = np.frombuffer(b"<track", dtype=np.uint8)
_OPENS_CONTACT: Final = np.frombuffer(b"<contact", dtype=np.uint8)


@kernel
def read_fields(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    level: int,
    room: npt.NDArray[np.uint8],
    inner: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> int:
    """Read the fields of one message, without those of the messages in it.

    Args:
        level: which message: `MESSAGE`, `EVENT`, `DETAIL`, `CONTACT` or `TRACK`.
        inner: int64[3, 2] to be filled: where messages in it begin and end (that of an event or its
            detail; of a detail, its contact and its track).
        places, numbers: of the event, to be filled.

    Returns:
        `end`, or `_BAD` if it is none.
    """
    at = begin
    while at < end:
        key, at = varint(buffer, at, end)
        if at < 0:
            return _BAD
        field = key // 8
        wire = key % 8
        if field == 0:
            return _BAD
        value = 0
        start = at
        if wire == VARINT:
            value, at = varint(buffer, at, end)
        elif wire == FIXED64:
            at += 8
        elif wire == FIXED32:
            at += 4
        elif wire == LENGTH:
            value, start = varint(buffer, at, end)
            if start < 0 or value < 0 or value > end - start:
                return _BAD
            at = start + value
        else:
            return _BAD
        if at < 0 or at > end:
            return _BAD
        if level == MESSAGE:
            if field == 2 and wire == LENGTH:
                # protobuf merges a message that comes twice; nobody sends that
                if inner[0, 1] > 0:
                    return _BAD
                inner[0, 0] = start
                inner[0, 1] = at
        elif level == EVENT:
            if wire == LENGTH:
                if field == 1:
                    places[KIND] = kind_of(buffer, start, at)
                elif field == 5:
                    places[UID_BEGIN] = start
                    places[UID_END] = at
                elif field == 9:
                    places[HOW] = how_of(buffer, start, at)
                elif field == 15:
                    if inner[0, 1] > 0:
                        return _BAD
                    inner[0, 0] = start
                    inner[0, 1] = at
            elif wire == VARINT and (field == 6 or field == 8):
                if not 0 <= value <= _LATEST_MS:
                    return _BAD
                places[TIME_US if field == 6 else STALE_US] = value * 1000 if value else NEVER
            elif wire == FIXED64 and 10 <= field <= 14:
                numbers[LAT_DEG + field - 10] = double(buffer, start, room)
        elif level == DETAIL:
            if wire == LENGTH:
                if field == 1 and (
                    mentions(buffer, start, at, _OPENS_TRACK)
                    or mentions(buffer, start, at, _OPENS_CONTACT)
                ):
                    inner[2, 0] = start
                    inner[2, 1] = at
                elif field == 2 or field == 7:
                    which = 0 if field == 2 else 1
                    if inner[which, 1] > 0:
                        return _BAD
                    inner[which, 0] = start
                    inner[which, 1] = at
        elif level == CONTACT:
            if field == 2 and wire == LENGTH:
                places[CALLSIGN_BEGIN] = start
                places[CALLSIGN_END] = at
        elif wire == FIXED64:
            if field == 1:
                numbers[SPEED_M_S] = double(buffer, start, room)
            elif field == 2:
                numbers[COURSE_DEG] = double(buffer, start, room)
    return end


@kernel
def read_message(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    room: npt.NDArray[np.uint8],
    inner: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> None:
    """Read a `TakMessage`; its kind is `MALFORMED` if it is none.

    Where a detail's rest in XML has a track or a contact is told too: that copy is the one that
    counts, and it is for the strict reader.
    """
    places[:] = 0
    places[BEGIN] = begin
    places[END] = end
    places[KIND] = MALFORMED
    places[TIME_US] = NEVER
    places[STALE_US] = NEVER
    numbers[:] = math.nan
    inner[:, :] = 0
    if read_fields(buffer, begin, end, MESSAGE, room, inner, places, numbers) == _BAD:
        places[KIND] = MALFORMED
        return
    if inner[0, 1] == 0:
        places[KIND] = CONTROL
        return
    event_begin = inner[0, 0]
    event_end = inner[0, 1]
    inner[:, :] = 0
    places[KIND] = OTHER
    numbers[LAT_DEG] = 0.0
    numbers[LNG_DEG] = 0.0
    numbers[HAE_M] = 0.0
    numbers[CE_M] = 0.0
    numbers[LE_M] = 0.0
    if read_fields(buffer, event_begin, event_end, EVENT, room, inner, places, numbers) == _BAD:
        places[KIND] = MALFORMED
        return
    if inner[0, 1] == 0:
        return
    detail_begin = inner[0, 0]
    detail_end = inner[0, 1]
    inner[:, :] = 0
    if read_fields(buffer, detail_begin, detail_end, DETAIL, room, inner, places, numbers) == _BAD:
        places[KIND] = MALFORMED
        return
    if inner[0, 1] > 0:
        contact = read_fields(
            buffer, inner[0, 0], inner[0, 1], CONTACT, room, inner, places, numbers
        )
        if contact == _BAD:
            places[KIND] = MALFORMED
            return
    if inner[1, 1] > 0:
        numbers[SPEED_M_S] = 0.0
        numbers[COURSE_DEG] = 0.0
        track = read_fields(buffer, inner[1, 0], inner[1, 1], TRACK, room, inner, places, numbers)
        if track == _BAD:
            places[KIND] = MALFORMED
            return
    if inner[2, 1] > 0:
        places[XML_BEGIN] = inner[2, 0]
        places[XML_END] = inner[2, 1]


@kernel
def scan_stream(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    lost: bool,
    bytes_max: int,
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> tuple[int, int, int, bool]:
    """Read messages of a stream one after the other: `BF`, a length, a message.

    What is no message is skipped up to the next `BF` or `<`.

    Args:
        lost: what comes before was skipped.
        bytes_max: a longer message is no message; out of step it is `SEARCH_BYTES_MAX`.
        places, numbers: int64[n, PLACES] and float64[n, NUMBERS] to be filled, with room for as
            many messages as there are octets `BF`.

    Returns:
        How many there are; where to go on (at a message that is not complete, at what may be XML,
        or at the end); how many stretches of octets were skipped that begin here; whether what
        comes before where to go on was skipped.
    """
    room = np.empty(8, np.uint8)
    inner = np.empty((3, 2), np.int64)
    rows = 0
    skipped = 0
    at = begin
    while at < end and buffer[at] == MAGIC:
        length, start = varint(buffer, at + 1, end)
        good = start != _BAD and length <= (min(bytes_max, SEARCH_BYTES_MAX) if lost else bytes_max)
        if good:
            if start == _CUT or start + length > end:
                break
            read_message(buffer, start, start + length, room, inner, places[rows], numbers[rows])
            good = places[rows, KIND] != MALFORMED
        if good:
            lost = False
            rows += 1
            at = start + length
            continue
        if not lost:
            skipped += 1
            lost = True
        at += 1
        while at < end and buffer[at] != MAGIC and buffer[at] != LESS:
            at += 1
    return rows, at, skipped, lost


@kernel
def read_mesh(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> None:
    """Read the one message of a mesh datagram, from after its three octets `BF 01 BF`."""
    room = np.empty(8, np.uint8)
    inner = np.empty((3, 2), np.int64)
    read_message(buffer, begin, end, room, inner, places, numbers)
