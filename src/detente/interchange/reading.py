"""Reading airspace, plans and notices of other systems: which format it is, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .aco import read_aco
from .aixm_in import read_aixm
from .geojson_in import read_geojson
from .given import NOTHING_GIVEN, Defaults
from .kml_in import read_kml, read_kmz
from .notam import read_notams
from .openair import read_openair
from .understood import BYTES_MAX, TooLarge, Understood, UnknownFormat
from .waypoints import read_waypoints
from .xml_tree import root_name

Reader = Callable[[bytes, str, Defaults], Understood]


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """A format that is read.

    Attributes:
        suffixes: of files that are of it.
        title: what people call it.
    """

    suffixes: tuple[str, ...]
    title: str
    read: Reader


IMPORT_FORMATS: Final[Mapping[str, ImportFormat]] = {
    "geojson": ImportFormat((".geojson", ".json"), "GeoJSON", read_geojson),
    "waypoints": ImportFormat((".csv",), "waypoints with times (CSV)", read_waypoints),
    "kml": ImportFormat((".kml",), "KML", read_kml),
    "kmz": ImportFormat((".kmz",), "KMZ", read_kmz),
    "openair": ImportFormat((".openair", ".air"), "OpenAir", read_openair),
    "aixm": ImportFormat((".aixm", ".gml"), "AIXM 5.1", read_aixm),
    "notam": ImportFormat((".notam",), "NOTAM text", read_notams),
    "aco": ImportFormat((".aco", ".usmtf", ".acm"), "ACO (USMTF)", read_aco),
}

_NOTAM: Final = re.compile(rb"(?:^|[\s(])(?:NOTAM[NRC]\b|Q\)\s*[A-Z]{4}/)")
_ACO: Final = re.compile(rb"(?:^|\n)\s*(?:ACMID|MSGID|ACOID)/", re.IGNORECASE)
_OPENAIR: Final = re.compile(rb"(?:^|\n)\s*(?:AC [A-Z]|AN |V X=|DP \d)")
_HEAD: Final = 65_536


def format_of(data: bytes, name: str) -> str:
    """The format of a file, from its name or, where that says nothing, from its beginning.

    Raises:
        UnknownFormat: it cannot be told.
    """
    lower = name.lower()
    for format_, known in IMPORT_FORMATS.items():
        if lower.endswith(known.suffixes):
            return format_
    head = data[:_HEAD]
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"PK\x03\x04"):
        return "kmz"
    if start.startswith(b"<"):
        root = root_name(data)
        if root == "kml":
            return "kml"
        if root is not None and (root.startswith("AIXM") or root == "Airspace"):
            return "aixm"
    elif start.startswith(b"{"):
        return "geojson"
    elif _ACO.search(head):
        return "aco"
    elif _NOTAM.search(head):
        return "notam"
    elif _OPENAIR.search(head):
        return "openair"
    raise UnknownFormat(
        "Cannot tell the format of the file from its name or its beginning.",
        where=name,
        advice=f"Say which it is: {', '.join(IMPORT_FORMATS)}.",
    )


def read(
    data: bytes,
    name: str,
    *,
    format: str | None = None,  # noqa: A002 - what users call it
    defaults: Defaults = NOTHING_GIVEN,
) -> Understood:
    """What a file says, as far as it can be understood.

    Args:
        name: of the file: for messages, and to tell the format.
        format: one of `IMPORT_FORMATS`.
        defaults: what whoever imports says about what the file leaves open.

    Raises:
        UnknownFormat: the format is none, or cannot be told.
        TooLarge: the file is larger than 64 MiB, or holds more than any honest one.
        Unreadable: nothing can be read of it.
    """
    if len(data) > BYTES_MAX:
        raise TooLarge(
            f"The file is larger than {BYTES_MAX >> 20} MiB.",
            where=name,
            advice="Divide it into several files.",
        )
    known = IMPORT_FORMATS.get(format if format is not None else format_of(data, name))
    if known is None:
        raise UnknownFormat(
            f'"{format}" is not a format that is read.',
            where=name,
            advice=f"Known are: {', '.join(IMPORT_FORMATS)}.",
        )
    return known.read(data, name, defaults)
