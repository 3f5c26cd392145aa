"""NOTAM text (ICAO Annex 15, PANS-AIM): Q line, items A to G.

The area is that of item E's text. If it holds no position at all, the circle of the Q line is taken
and told: it is drawn around everything that the NOTAM touches. Times are items B and C, or the
spans of item D. Limits are items F and G; those of the Q line are for sorting only and are not
taken. A NOTAM that cancels holds no area.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from detente.geo import Circle

from .bounds import check_lines
from .given import Defaults, checked, text_of
from .levels import LevelDefaults, parse_level
from .notam_areas import Area, areas_of
from .places import place_of
from .schedule import spans_of
from .understood import (
    Findings,
    Level,
    Piece,
    Span,
    Understood,
    Unread,
    Unreadable,
    refused,
    shown,
    unread,
)
from .zulu import instant_us

_HEAD: Final = re.compile(r"\b([A-Z]\d{4}/\d{2})\s+NOTAM([NRC])(?:\s+([A-Z]\d{4}/\d{2}))?")
_Q_ITEM: Final = re.compile(r"\bQ\)")
_Q: Final = re.compile(
    r"([A-Z]{4})\s*/\s*(Q[A-Z]{4})\s*/\s*([A-Z]{0,3})\s*/\s*([A-Z]{0,3})\s*/\s*([A-Z]{0,3})\s*/"
    r"\s*(\d{3})\s*/\s*(\d{3})\s*/\s*(?:(\d{2})(\d{2})([NS])(\d{3})(\d{2})([EW])(\d{3})?)?"
)
_TIME: Final = re.compile(r"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\s*EST)?")
_NM: Final = 1852.0
_ITEM_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    line: int
    at: int


class _Lines:
    """Which line an offset is on."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def of(self, offset: int) -> int:
        return bisect_right(self._ends, offset - 1) + 1 if offset else 1


def read_notams(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What a text of NOTAMs says.

    Raises:
        Unreadable: there is none in it.
        TooLarge: there is too much in it.
    """
    findings = Findings(name, "notam")
    text = text_of(data, name).replace("\r\n", "\n").replace("\r", "\n").upper()
    check_lines(text, name)
    lines = _Lines(text)
    starts = _starts(text)
    if not starts:
        raise Unreadable(
            "There is no NOTAM in the file: neither a head like A1234/26 NOTAMN nor a Q line.",
            where=name,
        )
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        line = lines.of(begin)
        head = _HEAD.match(text, begin)
        called = head[1] if head else f"line {line}"
        try:
            _notam(text, begin, end, called, lines, findings, defaults.levels)
        except Unread as found:
            findings.problem(found, line, called)
    return findings.understood()


def _starts(text: str) -> list[int]:
    heads = [match.start() for match in _HEAD.finditer(text)]
    return heads or [match.start() for match in _Q_ITEM.finditer(text)]


def _notam(
    text: str,
    begin: int,
    end: int,
    called: str,
    lines: _Lines,
    findings: Findings,
    defaults: LevelDefaults,
) -> None:
    head = _HEAD.match(text, begin)
    if head is not None and head[2] == "C":
        findings.note(
            lines.of(begin),
            f"{called} cancels {head[3] or 'another'}: it holds no area.",
            f"{called} annule {head[3] or 'un autre'}\u202f: il ne contient pas d’aire.",
            part=called,
        )
        return
    items = _items(text, begin, end, lines)
    spans = _spans(items)
    lower, upper = _limit(items.get("F"), defaults), _limit(items.get("G"), defaults)
    q = _Q.search(items["Q"].text) if "Q" in items else None
    kind = q[2] if q else ""
    item = items.get("E")
    if item is None:
        unread("There is no item E.", "Il n’y a pas de rubrique E.")
    try:
        areas = areas_of(item.text)
    except Unread as found:
        raise refused(
            found.words.en,
            found.words.fr,
            do_en=found.remedy.en if found.remedy else "",
            do_fr=found.remedy.fr if found.remedy else "",
            line=found.line or item.line,
        ) from found
    if not areas:
        areas = [_of_q_line(q, items)]
        findings.note(
            items["Q"].line,
            "The text names no position: the circle of the Q line is taken.",
            "Le texte ne nomme aucune position\u202f: le cercle de la ligne Q est pris.",
            part=called,
        )
    for area in areas:
        line = lines.of(item.at + area.at) if area.at >= 0 else items["Q"].line
        findings.count(area.points)
        if area.step_deg >= 1 / 60:
            findings.note(
                line,
                "Positions are in whole minutes: each may be 0.9 km off either way.",
                "Les positions sont en minutes entières\u202f: chacune peut être à 0,9 km près.",
                part=called,
            )
        findings.add(
            Piece(
                called,
                kind,
                checked(area.outline, line),
                lower,
                upper,
                spans,
                lines.of(begin),
                lines.of(begin + len(text[begin:end].rstrip(" \n(")) - 1),
                area.error_m,
                area.points,
            )
        )


def _items(text: str, begin: int, end: int, lines: _Lines) -> dict[str, _Item]:
    """The items in their order: a letter that comes too early is part of the text before it."""
    found: list[tuple[str, int, int]] = []
    at = begin
    for letter in "QABCDEFG":
        match = re.compile(rf"(?:(?<=\s)|(?<=^)|(?<=\())({letter})\)\s?").search(text, at, end)
        if match is None:
            continue
        found.append((letter, match.start(), match.end()))
        at = match.end()
    items: dict[str, _Item] = {}
    for number, (letter, _, start) in enumerate(found):
        stop = found[number + 1][1] if number + 1 < len(found) else end
        body = text[start:stop]
        if len(body) > _ITEM_MAX:
            unread(
                f"Item {letter} is longer than {_ITEM_MAX:,} characters; no NOTAM is.",
                f"La rubrique {letter} dépasse {_ITEM_MAX} caractères.",
                line=lines.of(start),
            )
        items[letter] = _Item(body, lines.of(start), start)
    return items


def _spans(items: dict[str, _Item]) -> tuple[Span, ...]:
    begin = _moment(items.get("B"), "B")
    item = items.get("C")
    if item is None:
        unread("There is no item C.", "Il n’y a pas de rubrique C.")
    written = item.text.strip()
    open_end = bool(re.match(r"(PERM|UFN)\b", written))
    end, estimated = (None, False) if open_end else _moment(item, "C")
    start = begin[0]
    if end is not None and end <= start:
        unread(
            "The end is not after the begin.",
            "La fin n’est pas après le début.",
            line=item.line,
        )
    schedule = items.get("D")
    if schedule is None:
        return (Span(start, end, item.line, estimated),)
    if end is None:
        unread(
            "A schedule without an end cannot be written out.",
            "Un horaire sans fin ne peut être déroulé.",
            do_en="Put the end that you need into item C.",
            do_fr="Mettez la fin voulue dans la rubrique C.",
            line=schedule.line,
        )
    try:
        spans = spans_of(schedule.text, start, end)
    except Unread as found:
        found.line = found.line or schedule.line
        raise
    return tuple(Span(one, other, schedule.line, estimated) for one, other in spans)


def _moment(item: _Item | None, letter: str) -> tuple[int, bool]:
    match = _TIME.match(item.text.strip()) if item is not None else None
    if item is None or match is None:
        unread(
            f"Item {letter} holds no time of ten digits.",
            f"La rubrique {letter} ne contient pas d’heure en dix chiffres.",
            do_en="Write year, month, day, hour and minute like 2605010900.",
            do_fr="Écrivez année, mois, jour, heure et minute comme 2605010900.",
            line=item.line if item is not None else 0,
        )
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    try:
        return instant_us(2000 + year, month, day, hour, minute), match[6] is not None
    except ValueError as problem:
        raise refused(
            f"Item {letter} is no time: {problem}.",
            f"La rubrique {letter} n’est pas une heure.",
            line=item.line,
        ) from problem


def _limit(item: _Item | None, defaults: LevelDefaults) -> Level | None:
    if item is None:
        return None
    first = item.text.strip().split("\n", 1)[0].strip()
    # The bracket that ends the whole NOTAM stands behind item G.
    if first.endswith(")") and "(" not in first:
        first = first[:-1]
    return parse_level(first.strip().removesuffix("."), item.line, defaults)


def _of_q_line(q: re.Match[str] | None, items: dict[str, _Item]) -> Area:
    if q is None or q[8] is None or q[14] is None or q[14] in ("000", "999"):
        line = items["Q"].line if "Q" in items else items["E"].line
        unread(
            "The text names no position, and the Q line no circle that could be taken.",
            "Le texte ne nomme aucune position, et la ligne Q aucun cercle utilisable.",
            do_en="Write the area into item E.",
            do_fr="Écrivez l’aire dans la rubrique E.",
            line=line,
        )
    lat = int(q[8]) + int(q[9]) / 60
    lng = int(q[11]) + int(q[12]) / 60
    place = place_of(
        -lat if q[10] == "S" else lat, -lng if q[13] == "W" else lng, shown(q[0]), items["Q"].line
    )
    return Area(Circle(*place, int(q[14]) * _NM), 0.0, 1, -1, 0.0)
