"""Malformed, huge and hostile bodies, each with what may be answered and what must be named.

They are broken as text, too large, too deep, or absurd in what they say. Values of wrong types are
in `tests.conformance.forms`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance.forms import FORMS
from tests.conformance.shapes import ID_A, area, box4d, disc
from tests.model.driver import Json
from tests.model.wire import (
    AVAILABILITY,
    CR,
    OIR,
    REPORTS,
    SUB,
    circle,
    intent,
    polygon,
)

MIB = 1024 * 1024
REFUSED = frozenset({400, 413})
TOO_LARGE = frozenset({413})
EITHER = frozenset({200, 201, 400, 409, 413})  # nothing says which; but an answer, and no 5xx
ACCEPTED = frozenset({200, 201})


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request body. `member`: a name of which the refusal's message must speak."""

    name: str
    body: bytes
    statuses: frozenset[int] = REFUSED
    member: str = ""
    method: str = "PUT"
    path: str = f"{OIR}/{ID_A}"


GOOD_INTENT = json.dumps(intent(box4d(), note="NOTE"))


def _swap(old: str, new: str) -> bytes:
    """The good intent's text with its first `old` replaced."""
    assert old in GOOD_INTENT
    return GOOD_INTENT.replace(old, new, 1).encode("utf-8", "surrogatepass")


def _times(start: str | None = None, end: str | None = None) -> bytes:
    whole = box4d()
    for name, text in (("time_start", start), ("time_end", end)):
        if text is not None:
            whole[name] = {"value": text, "format": "RFC3339"}
    return json.dumps(intent(whole)).encode()


def _outline(outline: dict[str, Any]) -> bytes:
    return json.dumps(intent(box4d(outline))).encode()


def _text_faults() -> Iterator[Hostile]:
    good = GOOD_INTENT.encode()
    whole_bodies = {
        "nothing": b"",
        "blanks": b" \n\t ",
        "null": b"null",
        "true": b"true",
        "a number": b"7",
        "a text": b'"extents"',
        "an array": b"[]",
        "the body in an array": b"[" + good + b"]",
        "an empty object": b"{}",
        "two bodies": good + good,
        "something behind": good + b" x",
        "single quotes": GOOD_INTENT.replace('"', "'").encode(),
        "trailing comma": good[:-1] + b",}",
        "a comment": b"/* hello */" + good,
        "UTF-16": GOOD_INTENT.encode("utf-16"),
        "UTF-32": GOOD_INTENT.encode("utf-32"),
        "only zeros": b"\x00" * 64,
        "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        "a form": b"extents=1&state=Accepted",
        "XML": b"<extents/>",
    }
    for name, body in whole_bodies.items():
        yield Hostile(name, body)
    for part in (1, len(good) // 3, len(good) // 2, len(good) - 1):
        yield Hostile(f"cut off after {part} bytes", good[:part])
    yield Hostile("byte order mark", b"\xef\xbb\xbf" + good, EITHER)
    yield Hostile("invalid UTF-8 in the URL", good.replace(b"uss-a.example", b"uss-\xff.example"))
    yield Hostile("overlong UTF-8 in the URL", good.replace(b"uss-a", b"uss-\xc0\xaf"))
    yield Hostile("invalid UTF-8 in a stranger", good.replace(b"NOTE", b"\xff\xfe"), EITHER)
    yield Hostile("bare control character", _swap("uss-a.example", "uss-\n.example"))
    yield Hostile(
        "zero byte in the URL", _swap("uss-a.example", "uss\\u0000a.example"), member="url"
    )
    yield Hostile("lone surrogate in the URL", _swap("uss-a.example", "\\ud800.example"))
    yield Hostile("encoded lone surrogate", _swap("NOTE", "\ud800"), EITHER)
    yield Hostile("lone surrogate in a stranger", _swap("NOTE", "\\udc00"), EITHER)
    yield Hostile("lone surrogate in the key", _swap('"key": []', '"key": ["\\ud800"]'), EITHER)
    yield Hostile("lone surrogate in a name", _swap('"note"', '"\\ud800"'), EITHER)
    yield Hostile("bad escape", _swap("NOTE", "\\x41"))
    # Of members that come twice the last may count, as most parsers have it, or none.
    yield Hostile("state twice, bad last", good[:-1] + b', "state": "Sleeping"}', member="state")
    yield Hostile("state twice, bad first", b'{"state": "Sleeping", ' + good[1:], EITHER)
    yield Hostile("extents twice, bad last", good[:-1] + b', "extents": []}', member="extents")


def _numbers() -> Iterator[Hostile]:
    # "100.0" is the floor of the volume, "300" the radius of its circle.
    for text in (
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "+100",
        "0x64",
        "1_0",
        "01",
        ".5",
        "1.",
        "1e",
    ):
        yield Hostile(f"floor {text}", _swap("100.0", text))
    for text in ("1e999", "-1e999", "1" + "0" * 400, '"NaN"', '"100"', "100001", "-8001"):
        yield Hostile(f"floor {text[:12]}", _swap("100.0", text), member="altitude")
    yield Hostile("floor of many digits", _swap("100.0", "1" * 100_000))
    yield Hostile("floor of many decimals", _swap("100.0", "100." + "0" * 5_000), ACCEPTED)
    yield Hostile("floor of minus zero", _swap("100.0", "-0.0"), ACCEPTED)
    yield Hostile("floor next to nothing", _swap("100.0", "1e-400"), EITHER)
    for text in ("0", "-0.0", "-1e-9", "1e308", "123456789012345678901234567890"):
        yield Hostile(f"radius {text}", _swap('"value": 300', f'"value": {text}'))
    yield Hostile("radius next to nothing", _swap('"value": 300', '"value": 5e-324'), EITHER)
    yield Hostile("latitude 1e999", _swap('"lat": 46.95', '"lat": 1e999'), member="lat")
    yield Hostile("latitude NaN", _swap('"lat": 46.95', '"lat": NaN'))
    yield Hostile("latitude just over", _swap('"lat": 46.95', '"lat": 90.0000001'), member="lat")
    yield Hostile("longitude just over", _swap('"lng": 7.45', '"lng": -180.0000001'), member="lng")
    yield Hostile("minus zero degrees", _outline(circle(-0.0, -0.0, 100)), ACCEPTED)


def _outlines() -> Iterator[Hostile]:
    def ring(count: int) -> dict[str, Any]:
        around = [2 * math.pi * step / count for step in range(count)]
        return polygon([(46 + 0.05 * math.sin(a), 7 + 0.05 * math.cos(a)) for a in around])

    yield Hostile("10,001 vertices", _outline(ring(10_001)), member="vert")
    yield Hostile("10,000 vertices", _outline(ring(10_000)), ACCEPTED)
    star = [
        ring(5_000)["outline_polygon"]["vertices"][step * 2_499 % 5_000] for step in range(5_000)
    ]
    yield Hostile("every edge crosses", _outline({"outline_polygon": {"vertices": star}}))
    yield Hostile("the pole three times", _outline(polygon([(90, 0), (90, 90), (90, 180)])))
    yield Hostile("one meridian", _outline(polygon([(0, 180), (0, -180), (1, 180)])))
    yield Hostile("along the equator", _outline(polygon([(0, 0), (0, 120), (0, -120)])))
    yield Hostile("antipodes", _outline(polygon([(0, 0), (0, 180), (1, 90)])))
    yield Hostile("pole to pole", _outline(polygon([(90, 0), (-90, 0), (0, 1)])))
    yield Hostile("denormal", _outline(polygon([(0, 0), (1e-320, 0), (0, 1e-320)])))
    yield Hostile("a nanometre", _outline(polygon([(0, 0), (1e-14, 0), (0, 1e-14)])), EITHER)
    yield Hostile("a needle", _outline(polygon([(46, 7), (46.1, 7), (46.1, 7.000000001)])), EITHER)
    yield Hostile("a circle of half the Earth", _outline(circle(0, 0, 10_007_543)))
    yield Hostile("a circle of the Earth", _outline(circle(0, 0, 20_037_508)))
    many = json.dumps(intent(*[box4d(disc(10 + n / 100)) for n in range(5_000)])).encode()
    yield Hostile("5,000 volumes", many, EITHER)
    # One good volume, then a bad one at the very end.
    late = intent(*[box4d(disc(10 + n)) for n in range(200)], box4d(circle(0, 0, -1)))
    yield Hostile("the last of 201 volumes is bad", json.dumps(late).encode(), member="radius")


def _sizes() -> Iterator[Hostile]:
    good = GOOD_INTENT.encode()
    yield Hostile("4 MiB and a byte", good + b" " * (4 * MIB + 1 - len(good)), TOO_LARGE)
    yield Hostile("a stranger of 5 MiB", _swap("NOTE", "x" * 5 * MIB), TOO_LARGE)
    yield Hostile("4 MiB of zeros", b"\x00" * (4 * MIB))
    yield Hostile("4 MiB of brackets", b"[" * (4 * MIB))
    deep = 100_000
    for left, right in (("[", "]"), ('{"a":', "}")):
        nested = left * deep + "1" + right * deep
        yield Hostile(f"{deep} times {left}", nested.encode())
        yield Hostile(f"extents of {deep} {left}", _swap('"key": []', f'"key": {nested}'))
        yield Hostile(f"{deep} times {left} in a stranger", _swap('"NOTE"', nested))
        yield Hostile(f"{deep} times {left}, never closed", (left * deep).encode())
    keys = ", ".join(f'"{n:036d}"' for n in range(100_000))
    yield Hostile("100,000 OVNs", _swap('"key": []', f'"key": [{keys}]'), EITHER)
    yield Hostile("an OVN of 1 MiB", _swap('"key": []', f'"key": ["{"x" * MIB}"]'), EITHER)
    strangers = ", ".join(f'"m{n}": {n}' for n in range(100_000))
    yield Hostile("100,000 strangers", _swap('"note"', f'{strangers}, "note"'), EITHER)
    yield Hostile("a URL of 1 MiB", _swap("/utm", "/" + "x" * MIB), EITHER)


def _dates() -> Iterator[Hostile]:
    nonsense = [
        *("", "now", "2030", "2030-01-01", "12:00:00Z", "2030-01-01T12:00Z", "2030-001T12:00:00Z"),
        *("2030-02-30T12:00:00Z", "2030-00-10T12:00:00Z", "2030-01-00T12:00:00Z"),
        *("2030-01-01T24:00:01Z", "2030-01-01T12:60:00Z", "2030-01-01T12:00:61Z"),
        *("2030-01-01T12:00:00", "2030-01-01T12:00:00.Z", "2030-01-01T12:00:00 UTC"),
        *("2030-01-01T12:00:00+25:00", "2030-01-01T12:00:00+00:99", "2030-01-01T12:00:00ZZ"),
        *("10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "+2030-01-01T12:00:00Z"),
        *(" 2030-01-01T12:00:00Z", "2030-01-01T12:00:00Z\n", "2030-01-01T12:00:00Z\u0000"),
        *("٢٠٣٠-٠١-٠١T١٢:٠٠:٠٠Z", "2030-01-01T12:00:0０Z", "1893499200", "1.8934992e9"),
        *("2030-1-1T12:00:00Z", "20300101T120000Z", "2030-01-01T12:00:00" + "0" * 10_000 + "Z"),
    ]
    for text in nonsense:
        yield Hostile(f"start {text[:40]!r}", _times(start=text), member="time_start")
    strange = [
        *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59"),
        *("1582-10-10T00:00:00Z", "2016-12-31T23:59:60Z", "2030-01-01T11:00:00+02:00"),
        *("2030-01-01T11:00:00-00:00", "2030-01-01t11:00:00z", "2030-01-01 11:00:00Z"),
        *("2030-01-01T11:00:00.123456789Z", "2030-01-01T11:00:00." + "1" * 10_000 + "Z"),
    ]
    for text in strange:
        yield Hostile(f"strange start {text[:40]!r}", _times(start=text), EITHER)
    for text in ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59"):
        yield Hostile(f"strange end {text!r}", _times(end=text), EITHER)
    yield Hostile(
        "start after end", _times("2031-01-01T00:00:00Z", "2030-06-01T00:00:00Z"), member="time"
    )


def _other_endpoints() -> Iterator[Hostile]:
    def zero(member: str, method: str, path: str, body: Json) -> Hostile:
        return Hostile(
            f"zero byte in {member}", json.dumps(body).encode(), EITHER, "", method, path
        )

    exchange = FORMS["report"].body["exchange"] | {"problem": "a\u0000b"}
    yield zero("problem", "POST", REPORTS, {"exchange": exchange})
    yield zero(
        "old_version",
        "PUT",
        f"{AVAILABILITY}/uss_a",
        {"old_version": "\u0000", "availability": "Down"},
    )
    for collection in (OIR, CR, SUB):
        for name, body in (("null", b"null"), ("an array", b"[]"), ("cut off", b'{"area_of')):
            yield Hostile(f"query of {name}", body, REFUSED, "", "POST", f"{collection}/query")
        many = json.dumps({"area_of_interest": [area()] * 1000}).encode()
        yield Hostile(
            "a query of 1000 areas",
            many,
            REFUSED,
            "area_of_interest",
            "POST",
            f"{collection}/query",
        )


RAW: list[Hostile] = [
    *_text_faults(),
    *_numbers(),
    *_outlines(),
    *_sizes(),
    *_dates(),
    *_other_endpoints(),
]

HOSTILE_SEGMENTS = [
    "..",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    f"{ID_A}%00",
    f"{ID_A}%0a",
    f"{ID_A}%20",
    f"{ID_A};x=1",
    f"{ID_A}%2f..",
    "%ff%fe",
    "%",
    "%zz",
    "%u0041",
    "%EF%BC%90" * 32,  # full-width zeros
    "'%20OR%201=1--",
    "%3Cscript%3E",
    "x" * 10_000,
]
