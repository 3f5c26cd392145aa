"""What whoever imports a file says about what the file leaves open; and text from bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from detente.geo import Outline, Volume4D, VolumeError, VolumeLimits, validate_volume

from .bounds import check_line, check_lines
from .levels import NOTHING_SAID, LevelDefaults
from .understood import Unreadable, unread

_OF_READING: Final = VolumeLimits(max_area_km2=1e9, max_vertices=10_000)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a file may leave open.

    Attributes:
        levels: unit and reference of bare heights.
        year: of dates without one (ACO).
    """

    levels: LevelDefaults = field(default=NOTHING_SAID)
    year: int | None = None


NOTHING_GIVEN: Final = Defaults()


def text_of(data: bytes, name: str) -> str:
    """Text in UTF-8 or, where it is not, in Windows-1252, as such files were long written.

    Raises:
        Unreadable: it holds zero bytes: it is no text.
    """
    if b"\0" in data:
        raise Unreadable(
            "The file is not text: it holds zero bytes.",
            where=name,
            advice="Save it as UTF-8.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def numbered(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, from 1; only line feeds and carriage returns end one.

    Raises:
        TooLarge: there are too many, or one is too long.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    check_lines(plain, name)
    for number, line in enumerate(plain.split("\n"), start=1):
        check_line(line, name, number)
        yield number, line


def checked(outline: Outline, line: int) -> Outline:
    """An outline that is valid by itself; its area is not limited here.

    Raises:
        Unread: edges cross, points repeat, or there is no area.
    """
    try:
        validate_volume(Volume4D(outline), _OF_READING)
    except VolumeError as problem:
        unread(
            f"The outline is not valid: {problem.message}",
            f"Le contour n’est pas valable ({problem.code})\u202f: {problem.message}",
            do_en=problem.advice or "Correct the points.",
            do_fr="Corrigez les points.",
            line=line,
        )
    return outline
