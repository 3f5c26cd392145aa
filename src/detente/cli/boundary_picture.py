"""Boundaries as pictures: SVG, a page, dots in the terminal, with those whom one must name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.boundaries import Boundary, Box, Kind, attributions
from detente.cli.boundary_desk import BoundaryOutputRefused
from detente.cli.boundary_frame import Frame, frame_of
from detente.cli.boundary_text import metres
from detente.words import Words

WIDTH: Final = 960
HEIGHT: Final = 640
COLUMNS: Final = 76
LINES: Final = 24
_KM_PER_DEG: Final = 111.2
_FIRST_DOT: Final = 0x2800
# Of a braille character, by column and row.
_DOTS: Final = np.array([[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]], dtype=np.int64)
# Told apart by colour-blind readers, too (Okabe and Ito, 2008).
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a5a00")
_KINDS: Final = {
    Kind.LAND: "land · terre",
    Kind.TERRITORIAL_SEA: "territorial sea · mer territoriale",
    Kind.FIR: "FIR",
    Kind.ADIZ: "ADIZ",
    Kind.AGREED_LINE: "agreed line · ligne convenue",
    Kind.OWN: "own · propre",
}
_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 66rem; padding: 1.5rem; color: #16202a; background: #fff;
  font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 1.3rem; } svg { width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem 1rem .2rem 0;
  border-bottom: 1px solid #d5dce2; } .soft { color: #5a6875; }
"""


def draw(path: Path, boundaries: Sequence[Boundary], box: Box | None) -> None:
    """Write a picture, by the ending of the file's name.

    Raises:
        BoundaryOutputRefused: it ends otherwise, or cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".html"):
        raise BoundaryOutputRefused(
            "A picture is SVG or a page.",
            where=str(path),
            advice="Let its name end in .svg or .html; detente boundary export writes GeoJSON.",
        )
    text = svg(boundaries, box) if suffix == ".svg" else page(boundaries, box)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BoundaryOutputRefused(
            f"It cannot be written: {error.strerror}.", where=str(path)
        ) from None


def svg(boundaries: Sequence[Boundary], box: Box | None) -> str:
    """The picture: an area for each boundary, a scale, and whom to name."""
    frame = frame_of(boundaries, box, WIDTH, HEIGHT)
    named = "; ".join(attributions([each.source for each in boundaries]))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + 20}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(_title(boundaries))}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#eef3f7"/>',
    ]
    for number, each in enumerate(boundaries):
        path = "".join(_path(ring) for ring in frame.rings(each))
        if path:
            colour = _COLOURS[number % len(_COLOURS)]
            parts.append(
                f'<path d="{path}" fill="{colour}" fill-opacity=".22" stroke="{colour}" '
                'stroke-width="1.2" fill-rule="evenodd">'
                f"<title>{escape(_label(each))}</title></path>"
            )
    parts.append(_scale_bar(frame))
    parts.append(f'<text x="4" y="{HEIGHT + 15}" fill="#5a6875">{escape(named)}</text></svg>')
    return "".join(parts)


def page(boundaries: Sequence[Boundary], box: Box | None) -> str:
    """The picture with what is known of each boundary, in both languages; needs nothing else."""
    rows = []
    for number, each in enumerate(boundaries):
        colour = _COLOURS[number % len(_COLOURS)]
        cells = (
            each.id,
            each.claimant,
            each.name,
            _KINDS[each.kind],
            metres(each.uncertainty_m),
            metres(each.open_uncertainty_m),
            f"{each.source.title} {each.source.version}",
            each.source.licence,
        )
        rows.append(
            f'<tr><td style="color:{colour}">■</td>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    heads = (
        "",
        "boundary · limite",
        "claimant · revendiquée par",
        "name · nom",
        "kind · nature",
        "uncertainty · incertitude (95\u202f%)",
        "at sea · en mer",
        "source",
        "licence",
    )
    grounds = "".join(
        f"<li>{escape(source.title)}: {_both(source.ground)}</li>"
        for source in dict.fromkeys(each.source for each in boundaries)
    )
    title = escape(_title(boundaries))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"{svg(boundaries, box)}"
        '<p class="soft">Lines are what their claimants or sources say; nothing here decides whose '
        'claim is right. <span lang="fr">Les lignes sont celles que disent ceux qui les '
        "revendiquent, ou les sources\u202f; rien ici ne décide quelle revendication est "
        "fondée.</span></p>"
        '<div class="scroll"><table><thead><tr>'
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div><ul>{grounds}</ul></body></html>"
    )


def terminal_picture(boundaries: Sequence[Boundary], box: Box | None) -> str:
    """The lines as braille dots, two by four in a character; with a scale and whom to name."""
    wide, tall = COLUMNS * 2, LINES * 4
    frame = frame_of(boundaries, box, wide, tall)
    dots = np.zeros((tall, wide), dtype=np.bool_)
    for each in boundaries:
        for ring in frame.rings(each):
            _dot(dots, ring)
    cells = np.full((LINES, COLUMNS), _FIRST_DOT, dtype=np.int64)
    for column in range(2):
        for row in range(4):
            cells += dots[row::4, column::2] * _DOTS[column, row]
    rows = ["".join(map(chr, row)).rstrip(chr(_FIRST_DOT)) for row in cells.tolist()]
    while rows and not rows[-1]:
        rows.pop()
    length_km, pixels = _scale(frame, wide)
    rows.append(f"{'─' * max(1, round(pixels / 2))} {length_km:g} km")
    return "\n".join(rows)


def _both(text: Words) -> str:
    """The English text, and the French one where it is another."""
    if text.en == text.fr:
        return escape(text.en)
    return f'{escape(text.en)} <span class="soft" lang="fr">{escape(text.fr)}</span>'


def _title(boundaries: Sequence[Boundary]) -> str:
    names = [each.id for each in boundaries[:6]]
    more = len(boundaries) - len(names)
    return ", ".join(names) + (f" (+{more})" if more else "")


def _label(boundary: Boundary) -> str:
    return f"{boundary.id}: {boundary.name} ({boundary.claimant})"


def _path(ring: npt.NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring[:-1].tolist()) + "Z"


def _scale(frame: Frame, width: float) -> tuple[float, float]:
    """A round length of at most a fifth of the picture: kilometres, pixels."""
    most_km = width / 5 / frame.scale * _KM_PER_DEG
    power = 10.0 ** math.floor(math.log10(most_km))
    length_km = max(factor * power for factor in (1, 2, 5) if factor * power <= most_km)
    return length_km, length_km / _KM_PER_DEG * frame.scale


def _scale_bar(frame: Frame) -> str:
    length_km, pixels = _scale(frame, WIDTH)
    right = WIDTH - 12
    return (
        f'<path d="M{right - pixels:.1f},26V20H{right}V26" fill="none" stroke="#16202a"/>'
        f'<text x="{right}" y="15" text-anchor="end">{length_km:g} km</text>'
    )


def _dot(dots: npt.NDArray[np.bool_], ring: npt.NDArray[np.float64]) -> None:
    """Set the dots along a ring."""
    steps = np.diff(ring, axis=0)
    count = np.ceil(np.abs(steps).max(axis=1)).astype(np.int64) + 1
    edge = np.repeat(np.arange(len(steps)), count)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    places = np.floor(ring[edge] + steps[edge] * (number / count[edge])[:, None]).astype(np.int64)
    tall, wide = dots.shape
    inside = (places >= 0).all(axis=1) & (places[:, 0] < wide) & (places[:, 1] < tall)
    dots[places[inside, 1], places[inside, 0]] = True
