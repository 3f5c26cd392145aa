"""AVR: frames as hexadecimal text, by TCP (port 30002 as a rule) or from a file."""

from __future__ import annotations

import numpy as np

from ._avr import SHORTEST, split_avr
from .radio import RadioDecoder, Split
from .reports import Bytes


class AvrDecoder(RadioDecoder):
    """Frames between `*`, `@` or `<` and `;`. See `RadioDecoder`."""

    def _split(self, data: Bytes) -> Split:
        rows = len(data) // SHORTEST + 1
        octets = np.empty((rows, 14), dtype=np.uint8)
        lengths = np.empty(rows, dtype=np.uint8)
        counters = np.empty(rows, dtype=np.int64)
        count, used, lost = split_avr(data, octets, lengths, counters)
        return Split(octets[:count], lengths[:count], counters[:count], used, lost)
