"""How much of a file is looked at, by what can be counted before anything is built of it."""

from __future__ import annotations

from typing import Final

from .understood import POINTS_MAX, TooLarge

LINES_MAX: Final = 2_000_000
"""Of a file of lines, or of sets (ACO)."""
LINE_CHARACTERS_MAX: Final = 1 << 20
"""Of one line, or of one set; a NOTAM's lines are not counted apart."""
OBJECTS_MAX: Final = 500_000
ARRAYS_MAX: Final = 3 * POINTS_MAX
VALUES_MAX: Final = 16 * POINTS_MAX
"""Of JSON: what two files of the most points and parts need."""
_MOST: Final = "Divide it into several files."


def check_lines(text: str, name: str, ends: str = "\n") -> None:
    """Raises:
    TooLarge: there are more lines, or sets, than any honest file has.
    """
    if text.count(ends) > LINES_MAX:
        raise TooLarge(
            f"The file has more than {LINES_MAX:,} {'lines' if ends == chr(10) else 'sets'}.",
            where=name,
            advice=_MOST,
        )


def check_line(text: str, name: str, line: int) -> None:
    """Raises:
    TooLarge: a line, or a set, is longer than any honest one.
    """
    if len(text) > LINE_CHARACTERS_MAX:
        raise TooLarge(
            f"What begins here is longer than {LINE_CHARACTERS_MAX:,} characters.",
            where=f"{name}: line {line}",
            advice="No system writes such lines: look at the file.",
        )


def check_json(text: str, name: str) -> None:
    """Raises:
    TooLarge: there are more objects, arrays or values than any honest file has.
    """
    for mark, most, what in (
        ("{", OBJECTS_MAX, "objects"),
        ("[", ARRAYS_MAX, "arrays"),
        (",", VALUES_MAX, "values"),
    ):
        if text.count(mark) > most:
            raise TooLarge(f"The JSON has more than {most:,} {what}.", where=name, advice=_MOST)


def tokens_of(text: str, line: int, most: int = POINTS_MAX) -> list[str]:
    """A text divided at its spaces.

    Raises:
        TooLarge: there are more parts than a file may have points.
    """
    found = text.split(None, most)
    if len(found) > most:
        raise TooLarge(
            f"The file has more than {POINTS_MAX:,} points.", where=f"line {line}", advice=_MOST
        )
    return found
