"""Numbers and lengths of GML and AIXM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .numbers import number_of as number_of
from .understood import shown, unread
from .xml_tree import Element

METRES: Final[Mapping[str, float]] = {
    "m": 1.0,
    "M": 1.0,
    "km": 1000.0,
    "KM": 1000.0,
    "[nmi_i]": 1852.0,
    "nmi": 1852.0,
    "NM": 1852.0,
    "[ft_i]": 0.3048,
    "ft": 0.3048,
    "FT": 0.3048,
}


def metres_of(element: Element | None, parent: Element) -> float:
    """A length with its unit.

    Raises:
        Unread: there is none, or its unit is not known.
    """
    if element is None:
        unread("A length is missing.", "Une longueur manque.", line=parent.line)
    factor = METRES.get(element.attribute("uom"))
    if factor is None:
        unread(
            f'The unit "{shown(element.attribute("uom"))}" is not known.',
            f"L’unité «\u202f{shown(element.attribute('uom'))}\u202f» est inconnue.",
            do_en=f"Use one of {', '.join(METRES)}.",
            do_fr=f"Utilisez l’une de {', '.join(METRES)}.",
            line=element.line,
        )
    return number_of(element.text.strip(), element.line) * factor
