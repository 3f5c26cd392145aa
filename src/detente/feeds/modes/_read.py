"""Frames in, messages out: each by itself, with no memory of what came before."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detente.geo import kernel

from ._codes import altitude13_ft, squawk
from ._message import (
    AIRBORNE,
    ALTITUDE,
    FRAMING,
    GROUND_UNKNOWN,
    MODE_AC,
    NO_IDENTITY,
    NOT_READ,
    ON_GROUND,
    OTHER_ADDRESS,
    PARITY,
    clear,
)
from ._parity import flipped_bit, remainder
from ._squitter import ADS_R, TIS_B, squitter

_INTERROGATORS: Final = 80
"""Codes that an all-call reply lays over its parity: seven bits, of which so many are given out."""


@kernel
def read_frames(
    octets: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.uint8],
    correct: bool,
    messages: npt.NDArray[np.void],
) -> int:
    """Fill in a message for each frame.

    Args:
        octets: of each frame, 14 places; changed only where a bit is put right.
        lengths: how many of them count: 2, 7 or 14; else it is no frame.
        correct: put one flipped bit of an extended squitter right.
        messages: `MESSAGE` rows.

    Returns:
        How many were put right.
    """
    corrected = 0
    for i in range(len(lengths)):
        said = messages[i]
        clear(said)
        length = lengths[i]
        frame = octets[i]
        if length not in (7, 14):
            said["fate"] = MODE_AC if length == 2 else FRAMING
            continue
        form = frame[0] >> 3
        said["format"] = form
        if (form >= 16) != (length == 14):
            said["fate"] = FRAMING
            continue
        if form in (17, 18):
            rest = remainder(frame, 14)
            if rest and correct:
                bit = flipped_bit(rest)
                if bit >= 0:
                    frame[bit >> 3] ^= np.uint8(0x80 >> (bit & 7))
                    corrected += 1
                    rest = 0
            if rest:
                said["fate"] = PARITY
            else:
                _extended(frame, form, said)
        elif form == 11:
            if remainder(frame, 7) >= _INTERROGATORS:
                said["fate"] = PARITY
            else:
                said["address"] = _address(frame)
                said["ground"] = _capability(frame[0] & 7)
        elif form in (0, 4, 5, 16, 20, 21):
            _reply(frame, form, length, said)
        else:
            said["fate"] = NOT_READ
        if said["fate"] == 0 and said["address"] & 0xFFFFFF == 0:
            said["fate"] = NO_IDENTITY
    return corrected


@kernel
def _address(frame: npt.NDArray[np.uint8]) -> int:
    return int(np.int64(frame[1]) << 16 | np.int64(frame[2]) << 8 | np.int64(frame[3]))


@kernel
def _capability(code: int) -> int:
    """Whether an aircraft flies, as the capability field has it."""
    if code == 4:
        return ON_GROUND
    return AIRBORNE if code == 5 else GROUND_UNKNOWN


@kernel
def _extended(frame: npt.NDArray[np.uint8], form: int, said: np.void) -> None:
    """An extended squitter, from a transponder (17) or not (18)."""
    address = _address(frame)
    kind = frame[0] & 7
    if form == 17:
        said["ground"] = _capability(kind)
    else:
        if kind in (2, 5):
            said["relay"] = TIS_B
        elif kind == 6:
            said["relay"] = ADS_R
        elif kind > 1:
            # Coarse TIS-B, management, reserved: what they carry is written otherwise.
            said["fate"] = NOT_READ
            return
        if kind in (1, 5):
            address |= OTHER_ADDRESS
    said["address"] = address
    me = np.int64(0)
    for k in range(4, 11):
        me = me << 8 | np.int64(frame[k])
    squitter(int(me), said)


@kernel
def _reply(frame: npt.NDArray[np.uint8], form: int, length: int, said: np.void) -> None:
    """A reply, or what aircraft say to each other: its parity is laid over with the address."""
    said["address"] = remainder(frame, length)
    said["overlaid"] = 1
    code = int((np.int64(frame[2]) & 0x1F) << 8 | np.int64(frame[3]))
    if form in (5, 21):
        said["squawk"] = squawk(code)
    else:
        said["kind"] = ALTITUDE
        said["pressure_ft"] = altitude13_ft(code)
    if form in (0, 16):
        said["ground"] = ON_GROUND if frame[0] & 4 else AIRBORNE
    else:
        status = frame[0] & 7
        if status in (0, 2):
            said["ground"] = AIRBORNE
        elif status in (1, 3):
            said["ground"] = ON_GROUND
