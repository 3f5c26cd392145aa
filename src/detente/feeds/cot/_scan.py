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

POINTS: Final = 0
DETAILS: Final = 1
TRACKS: Final = 2
CONTACTS: Final = 3
WITHIN: Final = 4
"""How often an event's elements have been seen, and whether its detail is open."""

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
def end_tag(
    buffer: npt.NDArray[np.uint8], at: int, end: int, name_begin: int, name_stop: int
) -> int:
    """After the end tag that begins here; `STOP` if it is none of the element of that name."""
    stop = name_end(buffer, at + 2, end)
    if stop - at - 2 != name_stop - name_begin:
        return STOP
    for place in range(name_stop - name_begin):
        if buffer[at + 2 + place] != buffer[name_begin + place]:
            return STOP
    while stop < end and is_space(int(buffer[stop]) + 0):
        stop += 1
    if stop >= end or buffer[stop] != GREATER:
        return STOP
    return stop + 1


@kernel
def text_end(buffer: npt.NDArray[np.uint8], at: int, end: int) -> int:
    """Where the next tag begins, or the end; `STOP` if the text before it is not plain."""
    while at < end and buffer[at] != LESS:
        octet = int(buffer[at]) + 0
        unusual = octet > TILDE or octet in (AMPERSAND, BRACKET)
        if unusual or (octet < SPACE and not is_space(octet)):
            return STOP
        at += 1
    return at


@kernel
def take_element(
    buffer: npt.NDArray[np.uint8],
    name: int,
    stop: int,
    depth: int,
    found: npt.NDArray[np.int64],
    count: int,
    seen: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> bool:
    """Take what an element within an event tells.

    Args:
        name, stop: where its name begins and ends.
        depth: how many elements are open around it.
        found, count: its attributes.
        seen: int64[5], by `POINTS` … `WITHIN`, to be kept.
        places, numbers: of the event, to be filled.

    Returns:
        False if it is unusual: a second one, or an `event`.
    """
    if depth == 1 and equal(buffer, name, stop, _POINT):
        seen[POINTS] += 1
        return bool(seen[POINTS] == 1) and read_point(buffer, found, count, numbers)
    if depth == 1 and equal(buffer, name, stop, _DETAIL):
        seen[DETAILS] += 1
        seen[WITHIN] = 1
        return bool(seen[DETAILS] == 1)
    if depth == 2 and seen[WITHIN] and equal(buffer, name, stop, _TRACK):
        seen[TRACKS] += 1
        return (
            bool(seen[TRACKS] == 1)
            and read_number(buffer, found, count, _COURSE, numbers, COURSE_DEG)
            and read_number(buffer, found, count, _SPEED, numbers, SPEED_M_S)
        )
    if depth == 2 and seen[WITHIN] and equal(buffer, name, stop, _CONTACT):
        seen[CONTACTS] += 1
        for i in range(count):
            if equal(buffer, found[i, 0], found[i, 1], _CALLSIGN):
                places[CALLSIGN_BEGIN] = found[i, 2]
                places[CALLSIGN_END] = found[i, 3]
        return bool(seen[CONTACTS] == 1)
    # An event within another: perhaps one that was cut off, and the next one.
    return not equal(buffer, name, stop, _EVENT)


@kernel
def read_event(
    buffer: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    found: npt.NDArray[np.int64],
    names: npt.NDArray[np.int64],
    seen: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
) -> int:
    """Read the event that begins here.

    Args:
        end: of the buffer.
        found, names, seen: room for attributes (int64[ATTRIBUTES_MAX, 4]), for the names of open
            elements (int64[DEPTH_MAX, 2]), and as `take_element` has it.
        places, numbers: int64[PLACES] and float64[NUMBERS] to be filled; NaN all over.

    Returns:
        Where it ends, or `STOP` if it is not plain.
    """
    seen[:] = 0
    at = begin
    depth = 0
    while at + 1 < end:  # here a tag begins
        if buffer[at + 1] == SLASH:
            at = end_tag(buffer, at, end, names[depth - 1, 0], names[depth - 1, 1])
            depth -= 1
            if at == STOP or depth == 0:
                return at
            if depth == 1:
                seen[WITHIN] = 0
        else:
            name = at + 1
            stop = name_end(buffer, name, end)
            if stop == name or depth == DEPTH_MAX:
                return STOP
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
            elif not take_element(buffer, name, stop, depth, found, count, seen, places, numbers):
                return STOP
            if not closed:
                names[depth, 0] = name
                names[depth, 1] = stop
                depth += 1
            elif depth == 1:
                seen[WITHIN] = 0
        at = text_end(buffer, at, end)
        if at == STOP:
            return STOP
    return STOP


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
        places, numbers: int64[n, PLACES] and float64[n, NUMBERS] to be filled, with room for as
            many events as begin.

    Returns:
        How many there are; where to go on (where an event begins that has not ended, or perhaps a
        message of protobuf, or at the end); how many stretches of octets were skipped that begin
        here; whether what comes before where to go on was skipped.
    """
    found = np.empty((ATTRIBUTES_MAX, 4), np.int64)
    names = np.empty((DEPTH_MAX, 2), np.int64)
    seen = np.empty(WITHIN + 1, np.int64)
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
            stop = read_event(buffer, at, end, found, names, seen, places[rows], numbers[rows])
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
