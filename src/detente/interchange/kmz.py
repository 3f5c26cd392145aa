"""The KML inside a KMZ, unpacked no further than it may be."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import IO, Final

from .understood import BYTES_MAX, TooLarge, Unreadable

MEMBERS_MAX: Final = 10_000
_CHUNK: Final = 1 << 20


def unpacked(data: bytes, name: str) -> tuple[bytes, str]:
    """The first KML of a KMZ, and its name: `doc.kml` if there is one.

    Raises:
        Unreadable: it is damaged, encrypted, or holds no KML.
        TooLarge: it has too many members, or unpacks to more than 64 MiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS_MAX:
                raise TooLarge(f"The KMZ has more than {MEMBERS_MAX:,} members.", where=name)
            found = [each for each in members if each.filename.lower().endswith(".kml")]
            found.sort(key=lambda each: each.filename.lower() != "doc.kml")
            if not found:
                raise Unreadable(
                    "There is no .kml in the KMZ.",
                    where=name,
                    advice="Give a KMZ with a doc.kml in it, or the KML itself.",
                )
            with archive.open(found[0]) as stream:
                return _limited(stream, name), found[0].filename
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        LookupError,
        MemoryError,
    ) as problem:
        raise Unreadable(
            f"The KMZ cannot be unpacked: {str(problem)[:100] or type(problem).__name__}.",
            where=name,
            advice="Give the KML itself, not compressed.",
        ) from problem


def _limited(stream: IO[bytes], name: str) -> bytes:
    """What a stream gives, read in pieces, so that what it declares need not be believed."""
    parts: list[bytes] = []
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > BYTES_MAX:
            raise TooLarge(f"The KMZ unpacks to more than {BYTES_MAX >> 20} MiB.", where=name)
        parts.append(chunk)
    return b"".join(parts)
