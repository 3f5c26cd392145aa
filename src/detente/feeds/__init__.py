"""Feeds: what receivers, radars and other systems send, decoded into position reports.

Decoders take bytes and give columns; they know no sockets, disk or clock. Files are read by
`archives`; how live feeds come is the matter of `detente.feeds.transports`.
"""

from __future__ import annotations

from .archive_options import ArchiveError, ArchiveOptions, ColumnUnclear, FormatUnknown
from .archives import ARCHIVE_FORMATS, BATCH_ROWS, Archive, Progress, read_reports
from .avr import AvrDecoder
from .beast import BeastDecoder
from .decoding import Counts, Decoder
from .guessing import BEGINNING_BYTES, guess_format
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
from .tables_native import NATIVE_COLUMNS, frame_of

__all__ = [
    "ARCHIVE_FORMATS",
    "BATCH_ROWS",
    "BEGINNING_BYTES",
    "COLUMNS",
    "FORMATS",
    "NATIVE_COLUMNS",
    "NEVER",
    "Archive",
    "ArchiveError",
    "ArchiveOptions",
    "AvrDecoder",
    "BadReceiver",
    "BadUtcOffset",
    "Basis",
    "BeastDecoder",
    "Bytes",
    "Codes",
    "ColumnUnclear",
    "Counts",
    "Decoder",
    "DecoderSettings",
    "Floats",
    "FormatUnknown",
    "Frames",
    "Ints",
    "ModeSReader",
    "ModeSSettings",
    "OpenSkyDecoder",
    "Progress",
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
    "frame_of",
    "frames_of_hex",
    "guess_format",
    "joined",
    "of_columns",
    "read_reports",
]
