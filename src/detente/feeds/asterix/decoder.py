"""ASTERIX: data blocks in, reports out.

Memory: what waits for the rest of its block, 64 KiB at most; while at work about 250 octets for
each record of the 256 KiB that are read at once (40 MiB if they are as short as can be).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds.datagrams import grouped
from detente.feeds.decoding import Decoder
from detente.feeds.names import flight_name
from detente.feeds.reports import NEVER, Reports, Source, empty, joined, of_columns

from ._columns import (
    ALTITUDE_M,
    BASIS,
    CALLSIGN,
    CLIMB_M_S,
    CONTAINMENT_M,
    FATE,
    FATES,
    GROUND,
    HORIZONTAL_M,
    IDENTITY,
    KEPT,
    LAT_DEG,
    LNG_DEG,
    PRESSURE_M,
    SPEED_M_S,
    TOD_S,
    TRACK_DEG,
    VERTICAL_M,
)
from ._times import dated
from ._walk import CUT, EMPTY, READ, UNDEFINED, UNREAD, find_blocks, walk_blocks
from .editions import PUBLISHED
from .identities import aircraft_name
from .readers import AsterixSettings, Codes, Numbers, Octets, Reader, readers

_PIECE_BYTES: Final = 1 << 18
_DROPPED: Final = {CUT: "cut", UNDEFINED: "edition", EMPTY: "empty"}
_NUMBERS: Final = {
    "lat_deg": LAT_DEG,
    "lng_deg": LNG_DEG,
    "altitude_m": ALTITUDE_M,
    "pressure_m": PRESSURE_M,
    "speed_m_s": SPEED_M_S,
    "track_deg": TRACK_DEG,
    "climb_m_s": CLIMB_M_S,
    "horizontal_m": HORIZONTAL_M,
    "vertical_m": VERTICAL_M,
    "containment_m": CONTAINMENT_M,
}

Blocks: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Records of one category: where they began, when they were heard, and what they say."""

    begins: npt.NDArray[np.int64]
    received_us: npt.NDArray[np.int64]
    numbers: Numbers
    codes: Codes


class AsterixDecoder(Decoder):
    """Categories 021, 048 and 062 from a stream, a file or datagrams.

    Counted as dropped, besides what gave no report (`_columns.FATES`): `framing` (octets that are
    in no data block), `edition` (blocks with an item that the set edition does not define), `cut`
    and `empty` (blocks whose records do not fill them, or have no item), `category-034` and so on
    (blocks of other categories), `no-date` (nothing tells on which day it was).
    """

    def __init__(self, source: Source, settings: AsterixSettings | None = None) -> None:
        super().__init__()
        self._source = source
        self._settings = settings or AsterixSettings()
        self._readers = {each.category: each for each in readers(self._settings)}
        self._categories = np.zeros(256, dtype=np.uint8)
        self._categories[list(PUBLISHED)] = UNREAD
        self._categories[list(self._readers)] = READ
        self._tables = np.concatenate([each.table for each in self._readers.values()])
        self._tables.setflags(write=False)
        self._profiles = np.zeros((256, 2), dtype=np.int32)
        first = 0
        for category, reader in self._readers.items():
            self._profiles[category] = first, reader.items
            first += len(reader.table)
        self._held = b""
        self._synced = True
        self._received_us = NEVER
        day = self._settings.day_us
        self._last_us = NEVER if day is None else day

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next octets; `NEVER` if it is not known when they came. See `Decoder`."""
        if self._settings.datagrams:
            return self.feed_datagrams([data], [received_us])
        self.counts.bytes += len(data)
        self._received_us = received_us
        batches: list[Reports] = []
        for begin in range(0, len(data), _PIECE_BYTES):
            piece = self._held + data[begin : begin + _PIECE_BYTES]
            octets = np.frombuffer(piece, dtype=np.uint8)
            blocks, at = self._blocks(octets, 0, len(octets), ended=False, search=True)
            self._held = piece[at:]
            batches.append(self._reports(octets, blocks, np.full(len(blocks), received_us)))
        return batches[0] if len(batches) == 1 else joined(batches)

    def feed_datagrams(self, datagrams: Sequence[bytes], received_us: Sequence[int]) -> Reports:
        """Take datagrams, each of whole data blocks, with the time at which each came."""
        batches = [
            self._datagrams(*group) for group in grouped(datagrams, received_us, _PIECE_BYTES)
        ]
        return batches[0] if len(batches) == 1 else joined(batches)

    def _datagrams(self, datagrams: Sequence[bytes], received_us: Sequence[int]) -> Reports:
        buffer = b"".join(datagrams)
        self.counts.bytes += len(buffer)
        octets = np.frombuffer(buffer, dtype=np.uint8)
        found: list[Blocks] = []
        times: list[npt.NDArray[np.int64]] = []
        begin = 0
        for datagram, when in zip(datagrams, received_us, strict=True):
            self._synced = True
            blocks, at = self._blocks(
                octets, begin, begin + len(datagram), ended=True, search=False
            )
            begin += len(datagram)
            if at < begin:
                self.counts.dropped["framing"] += 1
            found.append(blocks)
            times.append(np.full(len(blocks), when, dtype=np.int64))
        return self._reports(octets, np.concatenate(found), np.concatenate(times))

    def close(self) -> Reports:
        """The input has ended: an unfinished block is dropped and counted."""
        octets = np.frombuffer(self._held, dtype=np.uint8)
        blocks, at = self._blocks(octets, 0, len(octets), ended=True, search=True)
        if at < len(octets) and self._synced:
            self.counts.dropped["framing"] += 1
        self._held = b""
        self._synced = True
        return self._reports(octets, blocks, np.full(len(blocks), self._received_us))

    def _blocks(
        self, octets: Octets, begin: int, end: int, *, ended: bool, search: bool
    ) -> tuple[Blocks, int]:
        blocks = np.empty(((end - begin) // 4 + 1, 4), dtype=np.int64)
        count, at, losses, self._synced = find_blocks(
            octets,
            begin,
            end,
            ended,
            search,
            self._synced,
            self._categories,
            self._tables,
            self._profiles,
            blocks,
        )
        if losses:
            self.counts.dropped["framing"] += losses
        return blocks[:count], at

    def _reports(
        self, octets: Octets, blocks: Blocks, received_us: npt.NDArray[np.int64]
    ) -> Reports:
        """The reports of data blocks, in their order."""
        if not len(blocks):
            return empty()
        found: list[_Found] = []
        for category in np.unique(blocks[:, 2]).tolist():
            mine = blocks[:, 2] == category
            reader = self._readers.get(category)
            if reader is None:
                self.counts.messages += int(mine.sum())
                self.counts.dropped[f"category-{category:03}"] += int(mine.sum())
                continue
            for problem, name in _DROPPED.items():
                count = int((blocks[mine, 3] == problem).sum())
                if count:
                    self.counts.dropped[name] += count
            mine &= blocks[:, 3] > 0
            if mine.any():
                found.append(_read(reader, octets, blocks[mine], received_us[mine]))
        if not found:
            return empty()
        return self._assembled(found)

    def _assembled(self, found: list[_Found]) -> Reports:
        first = found[0]
        numbers, codes, received_us = first.numbers, first.codes, first.received_us
        if len(found) > 1:
            order = np.argsort(np.concatenate([each.begins for each in found]), kind="stable")
            numbers = np.concatenate([each.numbers for each in found], axis=1)[:, order]
            codes = np.concatenate([each.codes for each in found], axis=1)[:, order]
            received_us = np.concatenate([each.received_us for each in found])[order]
        self.counts.messages += len(received_us)
        fates = codes[FATE]
        if fates.any():
            for fate, count in enumerate(np.bincount(fates, minlength=len(FATES)).tolist()):
                if fate != KEPT and count:
                    self.counts.dropped[FATES[fate]] += count
            kept = fates == KEPT
            numbers, codes, received_us = numbers[:, kept], codes[:, kept], received_us[kept]
        times_us = np.empty(len(received_us), dtype=np.int64)
        self._last_us = dated(numbers[TOD_S], received_us, self._last_us, times_us)
        undated = times_us == NEVER
        if undated.any():
            self.counts.dropped["no-date"] += int(undated.sum())
            numbers, codes = numbers[:, ~undated], codes[:, ~undated]
            times_us, received_us = times_us[~undated], received_us[~undated]
        self.counts.reports += len(times_us)
        identities, aircraft = np.unique(codes[IDENTITY], return_inverse=True)
        told = codes[CALLSIGN] != 0
        callsigns = np.zeros(len(identities), dtype=np.int64)
        # Where an aircraft has several, numpy keeps the last.
        callsigns[aircraft[told]] = codes[CALLSIGN][told]
        return of_columns(
            len(times_us),
            [aircraft_name(each) for each in identities.tolist()],
            [flight_name(each) if each else "" for each in callsigns.tolist()],
            (self._source,),
            time_us=times_us,
            received_us=received_us,
            aircraft=aircraft,
            basis=codes[BASIS],
            on_ground=codes[GROUND],
            **{name: numbers[row] for name, row in _NUMBERS.items()},
        )


def _read(
    reader: Reader, octets: Octets, blocks: Blocks, received_us: npt.NDArray[np.int64]
) -> _Found:
    records = int(blocks[:, 3].sum())
    offsets = np.full((records, reader.slots), -1, dtype=np.int32)
    begins = np.empty(records, dtype=np.int64)
    walk_blocks(octets, blocks, reader.table, reader.items, offsets, begins)
    numbers, codes = reader.columns(octets, offsets)
    return _Found(begins, np.repeat(received_us, blocks[:, 3]), numbers, codes)
