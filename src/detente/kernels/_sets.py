"""Sets of areas with numbers: the same set always has the same number, and 0 is the empty one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detente.geo import kernel
from detente.kernels._columns import I32, I64

_MIX = -7046029254386353131
"""2**64 / golden ratio, odd: spreads neighbouring keys."""
FULL = 1


class Sets(NamedTuple):
    """Sets while they are collected; `toggled` adds them.

    Attributes:
        content: int32, areas of one set after the other, each ascending.
        first: int64, where each set's areas begin; set n ends where n + 1 begins.
        used: int64[2]: how many sets there are; whether there was no room for one (`FULL`).
        slots: int32, hash table of set numbers + 1.
        key, value: direct-mapped memory of what was asked last.
    """

    content: I32
    first: I64
    used: I64
    slots: I32
    key: I64
    value: I32


def new_sets(most: int) -> Sets:
    """Room for up to `most` sets (a power of two) of 16 areas on average."""
    used = np.zeros(2, np.int64)
    used[0] = 1
    return Sets(
        np.zeros(16 * most, np.int32),
        np.zeros(most + 1, np.int64),
        used,
        np.zeros(2 * most, np.int32),
        np.zeros(most, np.int64),
        np.zeros(most, np.int32),
    )


@kernel
def contains(content: I32, first: I64, number: int, area: int) -> bool:
    """Whether a set has an area."""
    low, high = first[number], first[number + 1]
    while low < high:
        middle = (low + high) >> 1
        if content[middle] < area:
            low = middle + 1
        else:
            high = middle
    return bool(low < first[number + 1] and content[low] == area)


@kernel
def toggled(sets: Sets, number: int, area: int) -> int:
    """The number of the set with `area` taken in, or out if it was in; 0 and `FULL` if no room."""
    key = (number << 31) + area + 1
    slot = ((key * _MIX) >> 32) & (sets.key.shape[0] - 1)
    if sets.key[slot] == key:
        return int(sets.value[slot])
    count = sets.used[0]
    begin = sets.first[count]
    old, old_end = sets.first[number], sets.first[number + 1]
    if count + 1 >= sets.first.shape[0] or begin + old_end - old + 1 > sets.content.shape[0]:
        sets.used[1] = FULL
        return 0
    # the new one is written behind all others, and kept there if it is new
    end = begin
    placed = False
    for k in range(old, old_end):
        other = sets.content[k]
        if not placed and other >= area:
            placed = True
            if other == area:
                continue
            sets.content[end] = area
            end += 1
        sets.content[end] = other
        end += 1
    if not placed:
        sets.content[end] = area
        end += 1
    found = _number_of(sets, begin, end)
    sets.key[slot] = key
    sets.value[slot] = found
    return found


@kernel
def _number_of(sets: Sets, begin: int, end: int) -> int:
    if begin == end:
        return 0
    mixed = end - begin
    for k in range(begin, end):
        mixed = (mixed ^ sets.content[k]) * _MIX
        mixed ^= (mixed >> 29) & 0x7FFFFFFFF
    room = sets.slots.shape[0] - 1
    slot = (mixed >> 20) & room
    while sets.slots[slot] != 0:
        other = sets.slots[slot] - 1
        start = sets.first[other]
        if sets.first[other + 1] - start == end - begin:
            same = True
            for k in range(end - begin):
                if sets.content[start + k] != sets.content[begin + k]:
                    same = False
                    break
            if same:
                return int(other)
        slot = (slot + 1) & room
    number = sets.used[0]
    sets.slots[slot] = number + 1
    sets.first[number + 1] = end
    sets.used[0] = number + 1
    return int(number)
