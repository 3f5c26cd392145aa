"""OpenAir: airspace as gliders carry it, one command a line.

Read: AC, AY, AN, AL, AH, AA, V X=, V D=, V W=, DP, DA, DB, DC, DY. Passed over, and told so once a
kind: labels, frequencies, colours, terrain. Units are what the format fixes: radii and widths in
nautical miles, bearings in degrees true. A height without unit or reference is not read unless
whoever imports says what bare ones mean. `V D=+` holds again at each AC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from detente.geo import Outline

from .arcs import Arc, Edge, arc_between, check_radius, outline_of
from .given import Defaults, checked, numbered, text_of
from .levels import parse_level
from .places import Place, parse_place
from .strips import strip
from .understood import Findings, Level, Piece, Span, Understood, Unread, shown, unread
from .zulu import parse_moment

NM: Final = 1852.0
_PASSED: Final = {
    "AT": ("label positions (AT)", "positions d’étiquettes (AT)"),
    "AF": ("frequencies (AF)", "fréquences (AF)"),
    "AG": ("stations (AG)", "stations (AG)"),
    "AX": ("transponder codes (AX)", "codes de transpondeur (AX)"),
    "AI": ("identifiers (AI)", "identifiants (AI)"),
    "SP": ("pens (SP)", "crayons (SP)"),
    "SB": ("brushes (SB)", "pinceaux (SB)"),
    "Z": ("zoom levels (V Z=)", "niveaux de zoom (V Z=)"),
    "T": ("display settings (V T=)", "réglages d’affichage (V T=)"),
    "TO": ("terrain (TO)", "relief (TO)"),
    "TC": ("terrain (TC)", "relief (TC)"),
}
_COMMAND: Final = re.compile(r"([A-Z]{2})(?:\s+(.*))?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+", re.ASCII)
_VARIABLE: Final = re.compile(r"V\s+([A-Z])\s*=\s*(.*)", re.IGNORECASE)


@dataclass(slots=True)
class _Area:
    """An airspace while its lines are read."""

    line: int
    kind: str
    name: str = ""
    lower: Level | None = None
    upper: Level | None = None
    spans: list[Span] = field(default_factory=list)
    inactive: bool = False
    edges: list[Edge] = field(default_factory=list)
    centreline: list[Place] = field(default_factory=list)
    circle_line: int = 0
    points: int = 0
    centre: Place | None = None
    clockwise: bool = True
    width_m: float | None = None
    last_line: int = 0
    broken: bool = False


def read_openair(data: bytes, name: str, defaults: Defaults) -> Understood:
    """What an OpenAir file says.

    Raises:
        Unreadable: it is no text.
        TooLarge: there is too much in it.
    """
    findings = Findings(name, "openair")
    passed: dict[str, int] = {}
    area: _Area | None = None
    ground = False
    for line, raw in numbered(text_of(data, name), name):
        text = raw.split("*", 1)[0].strip()
        if not text:
            continue
        variable = _VARIABLE.fullmatch(text)
        match = variable or _COMMAND.fullmatch(text)
        command = match[1].upper() if match else ""
        value = (match[2] or "").split(";", 1)[0].strip() if match else ""
        if variable is None and command in ("AC", "TO", "TC"):
            _finish(area, findings)
            ground = command != "AC"
            area = None if ground else _Area(line, value, last_line=line)
        if (command in _PASSED) and (variable is not None or len(command) == 2):
            passed.setdefault(command, line)
            continue
        if command == "AC" and variable is None:
            continue
        if ground:
            continue
        try:
            if area is None:
                unread(
                    f'"{shown(text)}" belongs to no airspace: no AC stands before it.',
                    f"«\u202f{shown(text)}\u202f» n’appartient à aucun espace\u202f: aucun AC ne "
                    "le précède.",
                    do_en="Begin each airspace with an AC line.",
                    do_fr="Commencez chaque espace par une ligne AC.",
                )
            area.last_line = line
            if variable is not None:
                _set(area, command, value)
            elif command == "AN":
                area.name = value
            elif command == "AY":
                area.kind = f"{area.kind} {value}".strip()
            elif command in ("AL", "AH", "AA"):
                _limit(area, command, value, line, defaults)
            elif command in ("DP", "DA", "DB", "DC", "DY"):
                findings.count(1)
                _shape(area, command, value, line)
            else:
                unread(
                    f'"{shown(text)}" is no command of OpenAir that is known.',
                    f"«\u202f{shown(text)}\u202f» n’est pas une commande OpenAir connue.",
                    do_en="Correct it, or put an asterisk before it if it is a remark.",
                    do_fr="Corrigez-la, ou mettez un astérisque devant si c’est une remarque.",
                )
        except Unread as found:
            findings.problem(found, line, area.name if area else "")
            if area is not None:
                area.broken = True
    _finish(area, findings)
    for command, line in passed.items():
        en, fr = _PASSED[command]
        findings.note(line, f"Passed over: {en}.", f"Laissé de côté\u202f: {fr}.")
    return findings.understood()


def _set(area: _Area, variable: str, value: str) -> None:
    if variable == "X":
        area.centre = parse_place(value)
    elif variable == "D":
        if value not in ("+", "-"):
            unread(
                f'"V D={shown(value)}" gives no direction.',
                f"«\u202fV D={shown(value)}\u202f» ne donne pas de sens.",
                do_en="Write + for clockwise or - for anticlockwise.",
                do_fr="Écrivez + pour le sens horaire ou - pour l’autre.",
            )
        area.clockwise = value == "+"
    elif variable == "W":
        area.width_m = _number(value) * NM
        check_radius(area.width_m)
    else:
        unread(
            f'The variable "V {variable}=" is not known.',
            f"La variable «\u202fV {variable}=\u202f» est inconnue.",
            do_en="Remove the line, or put an asterisk before it.",
            do_fr="Supprimez la ligne, ou mettez un astérisque devant.",
        )


def _limit(area: _Area, command: str, value: str, line: int, defaults: Defaults) -> None:
    if command == "AA":
        _active(area, value, line)
        return
    level = parse_level(value, line, defaults.levels)
    before = area.lower if command == "AL" else area.upper
    if before is not None:
        unread(
            f"{command} stands twice in one airspace, first on line {before.line}.",
            f"{command} figure deux fois dans un espace, d’abord ligne {before.line}.",
            do_en="Keep one of them, or divide the airspace in two.",
            do_fr="Gardez-en une, ou divisez l’espace en deux.",
        )
    if command == "AL":
        area.lower = level
    else:
        area.upper = level


def _active(area: _Area, value: str, line: int) -> None:
    if value.upper() == "NONE":
        area.inactive = True
        return
    begin, slash, end = value.partition("/")
    if not slash:
        unread(
            f'"{shown(value)}" is no time span.',
            f"«\u202f{shown(value)}\u202f» n’est pas une période.",
            do_en="Write it like 2026-05-01T12:00Z/2026-05-01T13:00Z.",
            do_fr="Écrivez-la comme 2026-05-01T12:00Z/2026-05-01T13:00Z.",
        )
    ends = [
        None if text.strip().upper() == "NONE" else parse_moment(text, line)
        for text in (begin, end)
    ]
    area.spans.append(Span(ends[0], ends[1], line))


def _shape(area: _Area, command: str, value: str, line: int) -> None:
    area.points += 1
    if command == "DP":
        area.edges.append(parse_place(value))
    elif command == "DY":
        area.centreline.append(parse_place(value))
    elif command == "DC":
        radius = _number(value) * NM
        check_radius(radius)
        area.edges.append(Arc(_centre(area), radius, radius, 0.0, 360.0, clockwise=True))
        area.circle_line = line
    elif command == "DA":
        parts = [_number(part) for part in value.split(",")]
        if len(parts) != 3:
            unread(
                f'"DA {shown(value)}" is not a radius and two bearings.',
                f"«\u202fDA {shown(value)}\u202f» n’est pas un rayon et deux relèvements.",
                do_en="Write it like DA 10, 270, 290.",
                do_fr="Écrivez-le comme DA 10, 270, 290.",
            )
        check_radius(parts[0] * NM)
        if not all(-360 <= part <= 360 for part in parts[1:]):
            unread(
                "A bearing lies beyond 360 degrees.",
                "Un relèvement dépasse 360 degrés.",
            )
        radius = parts[0] * NM
        area.edges.append(
            Arc(_centre(area), radius, radius, parts[1], parts[2], clockwise=area.clockwise)
        )
    else:
        start, end = _two_places(value)
        area.edges.append(arc_between(_centre(area), start, end, clockwise=area.clockwise))


def _two_places(value: str) -> tuple[Place, Place]:
    """Two positions with a comma between; their latitudes and longitudes may have commas, too."""
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if len(parts) not in (2, 4):
        unread(
            f'"DB {shown(value)}" does not give two positions.',
            f"«\u202fDB {shown(value)}\u202f» ne donne pas deux positions.",
            do_en="Write them with a comma between.",
            do_fr="Écrivez-les avec une virgule entre elles.",
        )
    half = len(parts) // 2
    return parse_place(" ".join(parts[:half])), parse_place(" ".join(parts[half:]))


def _centre(area: _Area) -> Place:
    if area.centre is None:
        unread(
            "The centre is not given: no V X= stands before this in the airspace.",
            "Le centre n’est pas donné\u202f: aucun V X= ne précède dans l’espace.",
            do_en="Write V X= with the centre before it.",
            do_fr="Écrivez V X= avec le centre avant.",
        )
    return area.centre


def _number(text: str) -> float:
    trimmed = text.strip()
    if len(trimmed) > 20 or not _NUMBER.fullmatch(trimmed):
        unread(
            f'"{shown(text)}" is not a number.',
            f"«\u202f{shown(text)}\u202f» n’est pas un nombre.",
            do_en="Write a plain number; radii and widths are in nautical miles.",
            do_fr="Écrivez un nombre simple\u202f; rayons et largeurs sont en milles marins.",
        )
    return float(trimmed)


def _finish(area: _Area | None, findings: Findings) -> None:
    """Make a piece of an airspace whose lines are all read; of a broken one, nothing."""
    if area is None or area.broken:
        return
    try:
        if area.inactive:
            findings.note(
                area.line,
                f'"{shown(area.name)}" has no times of activation (AA NONE) and is left out.',
                f"«\u202f{shown(area.name)}\u202f» n’a pas d’heures d’activation (AA NONE) et est "
                "laissé de côté.",
                part=area.name,
            )
            return
        if area.lower is None or area.upper is None:
            missing = "AL" if area.lower is None else "AH"
            unread(
                f"The airspace has no {missing}.",
                f"L’espace n’a pas de {missing}.",
                do_en=f"Add an {missing} line.",
                do_fr=f"Ajoutez une ligne {missing}.",
            )
        outline, error_m = _outline(area)
        findings.add(
            Piece(
                area.name,
                area.kind,
                checked(outline, area.line),
                area.lower,
                area.upper,
                tuple(area.spans),
                area.line,
                area.last_line,
                error_m,
                area.points,
            )
        )
    except Unread as found:
        findings.problem(found, area.line, area.name)


def _outline(area: _Area) -> tuple[Outline, float]:
    mixed = bool(area.edges) and bool(area.centreline)
    if mixed or (area.circle_line and len(area.edges) > 1):
        unread(
            "The airspace mixes a circle or an airway with other shapes.",
            "L’espace mêle un cercle ou une voie aérienne à d’autres formes.",
            do_en="Write one airspace for each.",
            do_fr="Écrivez un espace pour chacun.",
        )
    if area.centreline:
        if area.width_m is None:
            unread(
                "The airway has no width: there is no V W=.",
                "La voie aérienne n’a pas de largeur\u202f: il n’y a pas de V W=.",
                do_en="Write V W= with the width in nautical miles before the DY lines.",
                do_fr="Écrivez V W= avec la largeur en milles marins avant les lignes DY.",
            )
        return strip(area.centreline, area.width_m / 2)
    if not area.edges:
        unread(
            "The airspace has no outline.",
            "L’espace n’a pas de contour.",
            do_en="Add DP, DA, DB or DC lines.",
            do_fr="Ajoutez des lignes DP, DA, DB ou DC.",
        )
    return outline_of(area.edges)
