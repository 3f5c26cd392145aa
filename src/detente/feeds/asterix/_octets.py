"""Big-endian numbers in a buffer of octets.

Sums and products, no shifts: the compiler takes a shifted octet for an unsigned number of 64 bits,
and the difference of one of those and a signed one for a float.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detente.geo import kernel


@kernel
def u8(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """One octet."""
    return int(buffer[at]) + 0


@kernel
def u16(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """Two octets, unsigned."""
    return int(buffer[at]) * 256 + int(buffer[at + 1])


@kernel
def s16(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """Two octets, two's complement."""
    value = u16(buffer, at)
    return value - 65_536 if value >= 32_768 else value


@kernel
def s15(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """The lower fifteen bits of two octets, two's complement."""
    value = u16(buffer, at) & 0x7FFF
    return value - 32_768 if value >= 16_384 else value


@kernel
def s14(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """The lower fourteen bits of two octets, two's complement."""
    value = u16(buffer, at) & 0x3FFF
    return value - 16_384 if value >= 8_192 else value


@kernel
def u24(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """Three octets, unsigned."""
    return u16(buffer, at) * 256 + int(buffer[at + 2])


@kernel
def s24(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """Three octets, two's complement."""
    value = u24(buffer, at)
    return value - 16_777_216 if value >= 8_388_608 else value


@kernel
def u32(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """Four octets, unsigned."""
    return u16(buffer, at) * 65_536 + u16(buffer, at + 2)


@kernel
def s32(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """Four octets, two's complement."""
    value = u32(buffer, at)
    return value - 4_294_967_296 if value >= 2_147_483_648 else value


@kernel
def u48(buffer: npt.NDArray[np.uint8], at: int) -> int:
    """Six octets, unsigned."""
    return u24(buffer, at) * 16_777_216 + u24(buffer, at + 3)
