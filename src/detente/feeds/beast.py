"""Beast: the binary format of most receivers, by TCP (port 30005 as a rule) or from a capture."""

from __future__ import annotations

from typing import Final

import numpy as np

from ._beast import SHORTEST, STATUS, split_beast
from .radio import RadioDecoder, Split
from .reports import Bytes

_BY_SATELLITE: Final = 0x10
"""Of the switches that a status message begins with: time stamps are times of day."""


class BeastDecoder(RadioDecoder):
    """Beast frames. See `RadioDecoder`.

    Dropped besides: `not-read` (kinds of frames that are not known). Noted besides: `status` (the
    receiver's own messages).
    """

    def _split(self, data: Bytes) -> Split:
        rows = len(data) // SHORTEST + 1
        octets = np.empty((rows, 14), dtype=np.uint8)
        lengths = np.empty(rows, dtype=np.uint8)
        counters = np.empty(rows, dtype=np.int64)
        count, used, lost, unread = split_beast(data, octets, lengths, counters)
        if unread:
            self.counts.messages += unread
            self.counts.dropped["not-read"] += unread
        octets, lengths, counters = octets[:count], lengths[:count], counters[:count]
        status = lengths == STATUS
        if status.any():
            self.counts.noted["status"] += int(status.sum())
            self._switch(by_day=bool(octets[status][-1, 0] & _BY_SATELLITE))
            octets, lengths, counters = octets[~status], lengths[~status], counters[~status]
        return Split(octets, lengths, counters, used, lost)
