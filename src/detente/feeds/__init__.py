"""Feeds: what receivers, radars and other systems send, decoded into position reports.

Decoders take bytes and give columns; they know no sockets, disk or clock. Files are read by
`archives`; how live feeds come is the matter of `detente.feeds.transports`.
"""

from __future__ import annotations

from .archive_options import ArchiveError, ArchiveOptions, ColumnUnclear, FormatUnknown
from .archives import ARCHIVE_FORMATS, BATCH_ROWS, Archive, Progress, read_reports
from .asterix import (
    AsterixDecoder,
    AsterixSettings,
    BadSite,
    PcapDecoder,
    RadarSite,
    UnknownEdition,
)
from .avr import AvrDecoder
from .beast import BeastDecoder
from .cot import CotDecoder, CotSettings, TakClient
from .decoder_tables import DecoderSettingsUnusable, decoder_settings
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
from .remote_id import BroadcastDecoder, NetworkDecoder
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
from .tables_native import frame_of
from .telemetry import TelemetryDecoder, telemetry_reports
from .warming import warm_up

__all__ = [
    "ARCHIVE_FORMATS",
    "BATCH_ROWS",
    "BEGINNING_BYTES",
    "COLUMNS",
    "FORMATS",
    "NEVER",
    "Archive",
    "ArchiveError",
    "ArchiveOptions",
    "AsterixDecoder",
    "AsterixSettings",
    "AvrDecoder",
    "BadReceiver",
    "BadSite",
    "BadUtcOffset",
    "Basis",
    "BeastDecoder",
    "BroadcastDecoder",
    "Bytes",
    "Codes",
    "ColumnUnclear",
    "CotDecoder",
    "CotSettings",
    "Counts",
    "Decoder",
    "DecoderSettings",
    "DecoderSettingsUnusable",
    "Floats",
    "FormatUnknown",
    "Frames",
    "Ints",
    "ModeSReader",
    "ModeSSettings",
    "NetworkDecoder",
    "OpenSkyDecoder",
    "PcapDecoder",
    "Progress",
    "RadarSite",
    "ReadsbDecoder",
    "ReadsbTraceDecoder",
    "Reports",
    "SbsDecoder",
    "SbsSettings",
    "Source",
    "TakClient",
    "TelemetryDecoder",
    "Timestamps",
    "UnknownEdition",
    "UnknownFormat",
    "decoder_for",
    "decoder_settings",
    "empty",
    "frame_of",
    "frames_of_hex",
    "guess_format",
    "joined",
    "of_columns",
    "read_reports",
    "telemetry_reports",
    "warm_up",
]
