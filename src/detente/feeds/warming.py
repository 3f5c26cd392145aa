"""Have decoders ready before the first message comes.

Their kernels are compiled when they are first called: a few seconds once an installation, and some
tenths of a second of loading in each process after that. Whoever must not stand still meanwhile,
such as a server's event loop, has it done at the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from .archive_options import ArchiveOptions
from .decoding import Counts
from .registry import FORMATS, decoder_for
from .reports import Source
from .tables import TableReader

_T0_US: Final = 1_764_000_000_000_000
_BLOCKS: Final = bytes.fromhex(
    "150014c5181902002111110527d24b1804546000"  # category 021: a position
    "300014f5801902546000a03200400001904b1804"  # 048: a plot
    "3e0014990819025460000084444400149f4a0007"  # 062: a track
)
_FRAMES: Final = ("8d40621d58c382d690c8ac2863a7", "8d40621d58c386435cc412692ad6")
_EVENT: Final = (
    b'<event version="2.0" uid="A" type="a-n-A" how="m-g" time="2025-11-24T16:00:00Z" '
    b'start="2025-11-24T16:00:00Z" stale="2025-11-24T16:02:00Z">'
    b'<point lat="1" lon="2" hae="3" ce="4" le="5"/><detail>'
    b'<track course="1" speed="2"/><contact callsign="X"/></detail></event>'
)
_MESSAGE: Final = b"\xbf\x05\x12\x03\x0a\x01x"
_SAMPLES: Final[Mapping[str, bytes]] = {
    "asterix": _BLOCKS,
    "avr": b"".join(f"*{frame};\n".encode() for frame in _FRAMES),
    "beast": b"".join(b"\x1a\x33" + bytes(7) + bytes.fromhex(frame) for frame in _FRAMES),
    "cot": _EVENT + _MESSAGE,
    "opensky": b'{"time": 0, "states": []}',
    "readsb": b'{"now": 0, "aircraft": []}',
    "sbs": b"MSG,3,1,1,4B1804,1,2025/11/24,16:00:00.000,2025/11/24,16:00:00.000,,5000,,,46.5,7.2,,,"
    b",,,0\r\n",
}
_ALIKE: Final = {"asterix-pcap": "asterix", "tak": "cot"}


def warm_up(formats: Iterable[str] = FORMATS) -> None:
    """Compile or load what the decoders of these formats call, and tables.

    Args:
        formats: names of `FORMATS`; all of them if not given.

    Raises:
        UnknownFormat: there is no decoder of such a name.
    """
    for name in dict.fromkeys(_ALIKE.get(each, each) for each in formats):
        decoder = decoder_for(name, Source("warming up", name))
        decoder.feed(_SAMPLES.get(name, b"{}"), _T0_US)
        decoder.close()
    row = {"timestamp_us": _T0_US, "icao24": "4b1804", "callsign": "X", "lat": 46.5, "lon": 7.2}
    options = ArchiveOptions()
    source = Source("warming up", "parquet")
    table = TableReader([*row], options, source, Counts(), "warming up")
    table.reports(pl.DataFrame(row))
