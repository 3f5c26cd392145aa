"""Feeds: what receivers, radars and other systems send, decoded into position reports.

Decoders take bytes and give columns; they know no sockets, disk or clock.
"""

from __future__ import annotations

from .avr import AvrDecoder
from .beast import BeastDecoder
from .decoding import Counts, Decoder
from .modes import (
    BadReceiver,
    Frames,
    ModeSReader,
    ModeSSettings,
    Timestamps,
    frames_of_hex,
)
from .opensky import OpenSkyDecoder
from .readsb import ReadsbDecoder
from .readsb_trace import ReadsbTraceDecoder
from .registry import FORMATS, DecoderSettings, UnknownFormat, decoder_for
from .reports import (
    COLUMNS,
    NEVER,
    Basis,
    Bytes,
    Codes,
    Floats,
    Ints,
    Reports,
    Source,
    empty,
    joined,
    of_columns,
)
from .sbs import BadUtcOffset, SbsDecoder, SbsSettings

__all__ = [
    "COLUMNS",
    "FORMATS",
    "NEVER",
    "AvrDecoder",
    "BadReceiver",
    "BadUtcOffset",
    "Basis",
    "BeastDecoder",
    "Bytes",
    "Codes",
    "Counts",
    "Decoder",
    "DecoderSettings",
    "Floats",
    "Frames",
    "Ints",
    "ModeSReader",
    "ModeSSettings",
    "OpenSkyDecoder",
    "ReadsbDecoder",
    "ReadsbTraceDecoder",
    "Reports",
    "SbsDecoder",
    "SbsSettings",
    "Source",
    "Timestamps",
    "UnknownFormat",
    "decoder_for",
    "empty",
    "frames_of_hex",
    "joined",
    "of_columns",
]
