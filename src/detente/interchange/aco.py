"""Airspace control orders and requests: USMTF text of sets between slashes.

Read: MSGID (ACO or ACMREQ, anything else is refused whole), PERIOD, GEODATUM (WGS-84 only), and of
each measure ACMID, its shape (POLYGON, CIRCLE, CORRIDOR, AORBIT, RADARC), EFFLEVEL in hundreds of
feet, APERIOD. Measures that are neither procedural nor of safety are refused by name (`aco_kinds`)
and nothing further of them is looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from detente.geo import Outline

from .aco_kinds import is_read
from .aco_shapes import Set, shape_of
from .aco_times import Period, active, period_of
from .bounds import check_line, check_lines
from .given import Defaults, checked, text_of
from .levels import level
from .understood import (
    Findings,
    Level,
    Piece,
    Reference,
    Span,
    Understood,
    Unread,
    Unreadable,
    refused,
    shown,
    unread,
)

_MESSAGES: Final = ("ACO", "ACMREQ")
_DATUMS: Final = frozenset(
    {"W84", "WGE", "WE", "WGS84", "WGS-84", "WGS 84", "WGS 1984", "WGS1984", "-", ""}
)
_PASSED: Final = frozenset({"AMPN", "NARR", "GENTEXT", "RMKS", "CNTRLPT", "CONTAUTH", "REF"})
_SHAPES: Final = frozenset({"POLYGON", "CIRCLE", "CORRIDOR", "AORBIT", "RADARC"})
_OTHER_SHAPES: Final = frozenset(
    {"POLYARC", "GEOLINE", "APOINT", "1TRACK", "TRACK", "LINE", "POINT", "ARCSEG", "ELLIPSE"}
)
_NAME: Final = re.compile(r"[A-Z0-9]{1,10}")
_HEIGHT: Final = re.compile(r"FL(\d{3})|(\d{3})(AMSL|MSL|AGL)|(GL|SFC|GND|MSL|AMSL|UNL|UNLTD)")


@dataclass(slots=True)
class _Measure:
    """A measure while its sets are read."""

    line: int
    kind: str
    name: str
    last_line: int
    shape: tuple[Outline, float, int] | None = None
    levels: tuple[Level, Level] | None = None
    spans: list[Span] = field(default_factory=list)
    broken: bool = False


def _sets(text: str, name: str) -> Iterator[Set]:
    """The sets of a text, whether they stand on one line or run over several.

    Raises:
        TooLarge: there are too many, or one is too long.
    """
    check_lines(text, name)
    check_lines(text, name, "//")
    ends = [match.start() for match in re.finditer("\n", text)]
    at = 0
    for part in text.split("//"):
        lead = len(part) - len(part.lstrip())
        check_line(part, name, bisect_right(ends, at + lead) + 1)
        flat = " ".join(part.split())
        if flat:
            first, *fields = flat.split("/")
            line = bisect_right(ends, at + lead) + 1
            yield Set(first.strip().upper(), tuple(each.strip() for each in fields), line)
        at += len(part) + 2


def read_aco(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What an airspace control order says, of what is read of one.

    Raises:
        Unreadable: it is another message, or counts from another datum.
        TooLarge: there is too much in it.
    """
    findings = Findings(name, "aco")
    text = text_of(data, name).replace("\r\n", "\n").replace("\r", "\n").replace("−", "-")
    period: Period | None = None
    measure: _Measure | None = None
    refusing = False
    passed: dict[str, int] = {}
    seen = False
    for each in _sets(text, name):
        if each.name == "ACMID":
            _finish(measure, period, findings)
            seen = True
            measure = _begun(each, findings)
            refusing = measure is None
            continue
        if refusing:
            # Nothing of what was refused is looked at.
            continue
        if measure is None:
            if each.name == "MSGID":
                _only_orders(each, name)
            elif each.name == "GEODATUM":
                _only_wgs84(each, name)
            elif each.name in ("PERIOD", "TIMEFRM"):
                try:
                    period = period_of(each.fields, each.line, defaults.year)
                except Unread as found:
                    findings.problem(found, each.line)
            continue
        measure.last_line = each.line
        try:
            _of_measure(measure, each, period, defaults, findings, passed)
        except Unread as found:
            findings.problem(found, each.line, measure.name)
            measure.broken = True
    _finish(measure, period, findings)
    if not seen:
        raise Unreadable(
            "There is no airspace measure in the file: no ACMID set.",
            where=name,
            advice="Give an airspace control order in USMTF text.",
        )
    for key, line in passed.items():
        findings.note(line, f"Passed over: {key}.", f"Laissé de côté\u202f: {key}.")
    return findings.understood()


def _only_orders(each: Set, name: str) -> None:
    kind = each.fields[0].upper() if each.fields else ""
    if kind not in _MESSAGES:
        known = kind if _NAME.fullmatch(kind) else "of another kind"
        raise Unreadable(
            f"The message is {known}; only airspace control orders (ACO, ACMREQ) are read.",
            where=f"{name}: line {each.line}",
        )


def _only_wgs84(each: Set, name: str) -> None:
    datum = each.fields[0].upper() if each.fields else ""
    if datum not in _DATUMS:
        raise Unreadable(
            f'Positions count from the datum "{shown(datum)}"; only WGS-84 is read.',
            where=f"{name}: line {each.line}",
            advice="Convert the positions to WGS-84 and state GEODATUM/W84//.",
        )


def _begun(each: Set, findings: Findings) -> _Measure | None:
    """A measure that is read; None if it is refused, which is told by the names of its kind."""
    kind, called, uses = "", "", []
    for text in each.fields:
        key, colon, value = (part.strip() for part in text.partition(":"))
        if not colon:
            continue
        if key.upper() == "ACM":
            kind = value.upper()
        elif key.upper() == "USE":
            uses.append(value.upper())
        elif key.upper() in ("NAME", "DESIG"):
            called = value
    if not is_read(kind, uses):
        names = [text for text in (kind, *uses) if _NAME.fullmatch(text)]
        told = " ".join(names) or "?"
        findings.problem(
            refused(
                f"A measure of the kind {told} is refused: only procedural ones and those of "
                "safety are read.",
                f"Une mesure du genre {told} est refusée\u202f: on ne lit que celles de procédure "
                "et de sécurité.",
                do_en="See docs/formats.md for the kinds and uses that are read.",
                do_fr="Voyez docs/formats.md pour les genres et usages lus.",
            ),
            each.line,
        )
        return None
    return _Measure(each.line, f"{kind} {' '.join(uses)}", shown(called, 100), each.line)


def _of_measure(
    measure: _Measure,
    each: Set,
    period: Period | None,
    defaults: Defaults,
    findings: Findings,
    passed: dict[str, int],
) -> None:
    if each.name in _SHAPES:
        if measure.shape is not None:
            unread(
                "The measure has two shapes.",
                "La mesure a deux formes.",
                do_en="Write one measure for each.",
                do_fr="Écrivez une mesure pour chacune.",
            )
        findings.count(len(each.fields))
        measure.shape = shape_of(each)
    elif each.name in _OTHER_SHAPES:
        unread(
            f"The shape {each.name} is not read.",
            f"La forme {each.name} n’est pas lue.",
            do_en="Write it as a POLYGON, CIRCLE, CORRIDOR, AORBIT or RADARC.",
            do_fr="Écrivez-la comme POLYGON, CIRCLE, CORRIDOR, AORBIT ou RADARC.",
        )
    elif each.name == "EFFLEVEL":
        measure.levels = _levels(each)
    elif each.name == "APERIOD":
        measure.spans += active(each.fields, each.line, period, defaults.year)
    elif each.name not in _PASSED:
        passed.setdefault(shown(each.name, 20), each.line)


def _finish(measure: _Measure | None, period: Period | None, findings: Findings) -> None:
    if measure is None or measure.broken:
        return
    try:
        if measure.shape is None:
            unread("The measure has no shape.", "La mesure n’a pas de forme.")
        outline, error_m, points = measure.shape
        spans = measure.spans or ([period.span] if period is not None else [])
        lower, upper = measure.levels or (None, None)
        findings.add(
            Piece(
                measure.name,
                measure.kind,
                checked(outline, measure.line),
                lower,
                upper,
                tuple(spans),
                measure.line,
                measure.last_line,
                error_m,
                points,
            )
        )
    except Unread as found:
        findings.problem(found, measure.line, measure.name)


def _levels(each: Set) -> tuple[Level, Level]:
    text = (each.fields[0] if each.fields else "").upper()
    low, hyphen, high = text.partition(":")[2].replace(" ", "").partition("-")
    if not hyphen or len([field for field in each.fields if field]) != 1:
        unread(
            f'"{shown(text)}" is not two heights.',
            f"«\u202f{shown(text)}\u202f» n’est pas deux hauteurs.",
            do_en="Write it like EFFLEVEL/RARA:010AGL-050AMSL//, in hundreds of feet.",
            do_fr="Écrivez-le comme EFFLEVEL/RARA:010AGL-050AMSL//, en centaines de pieds.",
        )
    return _height(low, each.line), _height(high, each.line)


def _height(text: str, line: int) -> Level:
    match = _HEIGHT.fullmatch(text)
    if match is None:
        unread(
            f'"{shown(text)}" is not a height in hundreds of feet.',
            f"«\u202f{shown(text)}\u202f» n’est pas une hauteur en centaines de pieds.",
            do_en="Write three digits and AGL or AMSL, or FL and three digits, or GL.",
            do_fr="Écrivez trois chiffres et AGL ou AMSL, ou FL et trois chiffres, ou GL.",
        )
    if match[1]:
        return level(float(match[1]), "FL", Reference.STD, line)
    if match[2]:
        reference = Reference.AGL if match[3] == "AGL" else Reference.AMSL
        return level(float(match[2]) * 100, "ft", reference, line)
    if match[4] in ("MSL", "AMSL"):
        return level(0.0, "ft", Reference.AMSL, line)
    if match[4] in ("UNL", "UNLTD"):
        return Level(0.0, "m", Reference.UNL, line)
    return Level(0.0, "m", Reference.SFC, line)
