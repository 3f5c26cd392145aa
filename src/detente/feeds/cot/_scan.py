"""A kernel that reads plain CoT events, and tells which ones are for the strict reader.

Plain is what nearly all senders write: an `event` of ASCII with balanced tags, quoted attributes
that differ in name, at most one `point` in it and one `detail`, and in that at most one `track` and
one `contact`. Anything else (entities, comments, CDATA, instructions, other characters) is
`UNUSUAL`, which says nothing of whether it is well formed.
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
    COURSE_DEG,
    END,
    KIND,
    NEVER,
    SPEED_M_S,
    STALE_US,
    TIME_US,
    UNUSUAL,
)
from ._elements import read_event_tag, read_number, read_point, word
from ._tags import (
    AMPERSAND,
    ATTRIBUTES_MAX,
    GREATER,
    LESS,
    SLASH,
    STOP,
    TILDE,
    attributes_end,
    name_end,
)
from ._text import SPACE, equal, is_space

QUESTION: Final = 0x3F
BRACKET: Final = 0x5D
PROTOBUF: Final = 0xBF
"""A stream message of TAK protocol 1 begins here; in UTF-8 no character begins so."""

DEPTH_MAX: Final = 32
DECLARATION_BYTES_MAX: Final = 512

_OPENS: Final = word("<event")
_CLOSES: Final = word("</event")
_EVENT: Final = word("event")
_POINT: Final = word("point")
_DETAIL: Final = word("detail")
_TRACK: Final = word("track")
_CONTACT: Final = word("contact")
_COURSE: Final = word("course")
_SPEED: Final = word("speed")
_CALLSIGN: Final = word("callsign")


@kernel
def read_event(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    found: npt.NDArray[np.int64],
    names: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> int:
    """Read the event that begins here.

    Args:
        end: of the buffer.
        found, names: room for attributes (int64[ATTRIBUTES_MAX, 4]) and for the names of open
            elements (int64[DEPTH_MAX, 2]).
        places, numbers: int64[PLACES] and float64[NUMBERS] to be filled; NaN all over.

    Returns:
        Where it ends, or `STOP` if it is not plain.
    """
    at = begin
    depth = 0
    in_detail = False
    points = 0
    details = 0
    tracks = 0
    contacts = 0
    while True:
        # here a tag begins
        if at + 1 >= end:
            return STOP
        if buffer[at + 1] == SLASH:
            stop = name_end(buffer, at + 2, end)
            open_begin = names[depth - 1, 0]
            length = names[depth - 1, 1] - open_begin
            if stop - at - 2 != length:
                return STOP
            for place in range(length):
                if buffer[at + 2 + place] != buffer[open_begin + place]:
                    return STOP
            at = stop
            while at < end and is_space(int(buffer[at]) + 0):
                at += 1
            if at >= end or buffer[at] != GREATER:
                return STOP
            at += 1
            depth -= 1
            if depth == 1:
                in_detail = False
            if depth == 0:
                return at
        else:
            stop = name_end(buffer, at + 1, end)
            if stop == at + 1 or depth == DEPTH_MAX:
                return STOP
            name = at + 1
            at, count = attributes_end(buffer, stop, end, found)
            if at == STOP:
                return STOP
            closed = buffer[at] == SLASH
            if closed:
                at += 1
                if at >= end or buffer[at] != GREATER:
                    return STOP
            at += 1
            if depth == 0:
                if not read_event_tag(buffer, found, count, places):
                    return STOP
                if closed:
                    return at
            elif depth == 1 and equal(buffer, name, stop, _POINT):
                points += 1
                if points > 1 or not read_point(buffer, found, count, numbers):
                    return STOP
            elif depth == 1 and equal(buffer, name, stop, _DETAIL):
                details += 1
                if details > 1:
                    return STOP
                in_detail = not closed
            elif depth == 2 and in_detail and equal(buffer, name, stop, _TRACK):
                tracks += 1
                if (
                    tracks > 1
                    or not read_number(buffer, found, count, _COURSE, numbers, COURSE_DEG)
                    or not read_number(buffer, found, count, _SPEED, numbers, SPEED_M_S)
                ):
                    return STOP
            elif depth == 2 and in_detail and equal(buffer, name, stop, _CONTACT):
                contacts += 1
                if contacts > 1:
                    return STOP
                for i in range(count):
                    if equal(buffer, found[i, 0], found[i, 1], _CALLSIGN):
                        places[CALLSIGN_BEGIN] = found[i, 2]
                        places[CALLSIGN_END] = found[i, 3]
            elif equal(buffer, name, stop, _EVENT):
                # Perhaps an event that was cut off, and the next one.
                return STOP
            if not closed:
                names[depth, 0] = name
                names[depth, 1] = stop
                depth += 1
        while at < end and buffer[at] != LESS:
            octet = int(buffer[at]) + 0
            unusual = octet > TILDE or octet in (AMPERSAND, BRACKET)
            if unusual or (octet < SPACE and not is_space(octet)):
                return STOP
            at += 1


@kernel
def begins_event(buffer: npt.NDArray[np.uint8], at: int, end: int) -> int:
    """1 if `<event` and the end of that name are here, 0 if not, -1 if it is too early to tell."""
    for place in range(len(_OPENS)):
        if at + place >= end:
            return -1
        if buffer[at + place] != _OPENS[place]:
            return 0
    if at + len(_OPENS) >= end:
        return -1
    octet = int(buffer[at + len(_OPENS)]) + 0
    return 1 if is_space(octet) or octet in (GREATER, SLASH) else 0


@kernel
def event_end(buffer: npt.NDArray[np.uint8], at: int, end: int) -> int:
    """After the next `</event>`; -1 if there is none yet."""
    length = len(_CLOSES)
    while at < end:
        if buffer[at] == LESS:
            place = 1
            while place < length and at + place < end and buffer[at + place] == _CLOSES[place]:
                place += 1
            if place == length:
                stop = at + length
                while stop < end and is_space(int(buffer[stop]) + 0):
                    stop += 1
                if stop >= end:
                    return -1
                if buffer[stop] == GREATER:
                    return stop + 1
        at += 1
    return -1


@kernel
def scan(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    lost: bool,
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> tuple[int, int, int, bool]:
    """Read events one after the other.

    Between them white space, byte order marks and XML declarations are passed over; other octets
    are skipped.

    Args:
        lost: what comes before was skipped.
        places, numbers: int64[n, PLACES] and float64[n, NUMBERS] to be filled, n long enough for
            one event in each 8 octets.

    Returns:
        How many there are; where to go on (where an event begins that has not ended, or perhaps a
        message of protobuf, or at the end); how many stretches of octets were skipped that begin
        here; whether what comes before where to go on was skipped.
    """
    found = np.empty((ATTRIBUTES_MAX, 4), np.int64)
    names = np.empty((DEPTH_MAX, 2), np.int64)
    rows = 0
    skipped = 0
    skipping = lost
    close = 0  # after the end tag that was found last: searched for once, not once an event
    at = begin
    while at < end:
        octet = int(buffer[at]) + 0
        if is_space(octet):
            at += 1
            continue
        if octet == PROTOBUF:
            break
        starts = begins_event(buffer, at, end) if octet == LESS else 0
        if starts == -1:
            break
        if starts == 1:
            skipping = False
            places[rows, :] = 0
            places[rows, TIME_US] = NEVER
            places[rows, STALE_US] = NEVER
            numbers[rows, :] = math.nan
            stop = read_event(buffer, at, end, found, names, places[rows], numbers[rows])
            if stop == STOP:
                if close <= at:
                    close = event_end(buffer, at, end)
                if close == STOP:
                    break
                stop = close
                places[rows, KIND] = UNUSUAL
            places[rows, BEGIN] = at
            places[rows, END] = stop
            rows += 1
            at = stop
            continue
        if octet == LESS and at + 1 < end and buffer[at + 1] == QUESTION:
            limit = min(end, at + DECLARATION_BYTES_MAX)
            stop = at + 2
            while stop + 1 < limit and not (
                buffer[stop] == QUESTION and buffer[stop + 1] == GREATER
            ):
                stop += 1
            if stop + 1 < limit:
                at = stop + 2
                continue
            if limit == end:
                break
        if octet == 0xEF and at + 2 < end and buffer[at + 1] == 0xBB and buffer[at + 2] == 0xBF:
            at += 3
            continue
        if not skipping:
            skipped += 1
            skipping = True
        at += 1
        while at < end and buffer[at] != LESS and buffer[at] != PROTOBUF:
            at += 1
    return rows, at, skipped, skipping
