"""What a file is, by its beginning."""

from __future__ import annotations

import re
from typing import Final

from .archive_options import FormatUnknown

BEGINNING_BYTES: Final = 4096
"""So much of a file (unpacked, if it is packed) tells what it is."""

_PCAP: Final = (b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x4d\x3c\xb2\xa1")
_AVR: Final = re.compile(rb"\s*(?:\*[0-9A-Fa-f]{4,28};|@[0-9A-Fa-f]{16,40};)")
_SBS: Final = re.compile(rb"\s*(?:MSG|SEL|ID|AIR|STA|CLK),")
_CATEGORIES: Final = frozenset({1, 2, 8, 10, 19, 20, 21, 34, 48, 62, 63, 65, 240, 247})
_TABLE: Final = re.compile(rb"(?i)\b(?:lat|latitude|lat_deg)\b")


def guess_format(beginning: bytes, name: str) -> str:
    """The name of the format (`FORMATS`, or `parquet`, `csv`, `json`, `frames`).

    Args:
        beginning: the first `BEGINNING_BYTES` of the file, or all of it.
        name: of the file, for the error.

    Raises:
        FormatUnknown: nothing that is known begins so.
    """
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if beginning[:4] == b"PAR1":
        return "parquet"
    if beginning[:4] in _PCAP:
        return "asterix-pcap"
    if beginning[:1] == b"\x1a" and beginning[1:2] in b"12345":
        return "beast"
    if text[:1] in (b"{", b"["):
        return _json_format(text)
    if text[:5] in (b"<?xml", b"<even") or beginning[:3] == b"\xbf\x01\xbf":
        return "cot"
    if _AVR.match(beginning):
        return "avr"
    if _SBS.match(beginning):
        return "sbs"
    if len(beginning) >= 4 and _is_asterix(beginning):
        return "asterix"
    first = text.partition(b"\n")[0]
    if _TABLE.search(first.replace(b"_", b" ")) and b"\0" not in first:
        return "csv"
    raise FormatUnknown(
        f"Nothing that is known begins like {name}.",
        where=name,
        advice="Say the format.",
    )


def _json_format(text: bytes) -> str:
    first_line, _, _ = text.partition(b"\n")
    if b'"frame"' in first_line and b'"timestamp"' in first_line:
        return "frames"
    if text[:1] == b"{":
        if b'"trace"' in text:
            return "readsb-trace"
        if b'"aircraft"' in text and b'"now"' in text:
            return "readsb"
        if b'"states"' in text:
            return "opensky"
    return "json"


def _is_asterix(beginning: bytes) -> bool:
    """Whether data blocks follow one another: each says its category and its length."""
    at, blocks = 0, 0
    while at + 3 <= len(beginning) and blocks < 8:
        length = int.from_bytes(beginning[at + 1 : at + 3], "big")
        if beginning[at] not in _CATEGORIES or length < 4:
            return False
        at += length
        blocks += 1
    return blocks > 0
