"""A picture of who said what to whom, and who confirmed it: parties as columns, time downwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from detente.errors import printable

from .summary import Row

ROWS_MAX = 60
_COLUMN = 230
_LEFT = 190
_ROW = 26
_TOP = 64
_STYLE = {
    "message": ('stroke="#0072b2" stroke-width="2"', "#0072b2"),
    "receipt": ('stroke="#47535e" stroke-width="1.5" stroke-dasharray="6 4"', "#47535e"),
    "shown": ('stroke="#47535e" stroke-width="1.5" stroke-dasharray="6 4"', "#47535e"),
    "read-back": ('stroke="#a33b00" stroke-width="2" stroke-dasharray="2 3"', "#a33b00"),
    "acknowledgement": ('stroke="#a33b00" stroke-width="2" stroke-dasharray="2 3"', "#a33b00"),
}


@dataclass(frozen=True, slots=True)
class _Event:
    at: str
    index: int
    what: str
    label: str
    sender: str
    to: tuple[str, ...]


def timeline(rows: Iterable[Row], parties: Sequence[str], names: Mapping[str, str]) -> str:
    """An SVG element; "" when there is nothing to show.

    Args:
        rows: messages with what answers them.
        parties: ids, one column each.
        names: what to call them.
    """
    events = _events(rows, set(parties))
    if not events:
        return ""
    events = events[:ROWS_MAX]
    width = _LEFT + _COLUMN * len(parties)
    height = _TOP + _ROW * len(events) + 20
    columns = {party: _LEFT + _COLUMN // 2 + _COLUMN * at for at, party in enumerate(parties)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" '
        'aria-label="Messages, receipts and acknowledgements / '
        'Messages, accusés de réception et prises d’acte" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<defs>" + "".join(_arrow(what, colour) for what, (_, colour) in _STYLE.items()),
        "</defs>",
    ]
    for party, x in columns.items():
        parts.append(
            f'<text x="{x}" y="24" text-anchor="middle" font-weight="700">'
            f"{_safe(names.get(party, party), 28)}</text>"
            f'<line x1="{x}" y1="36" x2="{x}" y2="{height - 10}" stroke="#b8c0c8"/>'
        )
    for number, event in enumerate(events):
        parts += _row(event, _TOP + _ROW * number, columns)
    parts.append("</svg>")
    return "".join(parts)


def _events(rows: Iterable[Row], parties: set[str]) -> list[_Event]:
    found: list[_Event] = []
    for row in rows:
        if row.sender not in parties:
            continue
        to = tuple(p for p in row.to if p in parties) or tuple(sorted(parties - {row.sender}))
        label = f"{row.index} {row.kind}"
        found.append(_Event(row.created, row.index, "message", label, row.sender, to))
        found += [
            _Event(answer.time, answer.index, answer.kind, label, answer.party, (row.sender,))
            for answer in row.answers
            if answer.party in parties
        ]
    # By place in the log: clocks of different parties need not agree.
    return sorted(found, key=lambda event: event.index)


def _row(event: _Event, y: int, columns: Mapping[str, int]) -> list[str]:
    style, colour = _STYLE[event.what]
    time = f'<text x="8" y="{y + 4}" fill="#47535e">{_safe(_clock(event.at), 24)}</text>'
    parts = [f"<g><title>{_safe(f'{event.what}: {event.label}', 200)}</title>{time}"]
    begin = columns[event.sender]
    for party in event.to:
        end = columns[party]
        if end != begin:
            near = end - 4 if end > begin else end + 4
            parts.append(
                f'<line x1="{begin}" y1="{y}" x2="{near}" y2="{y}" {style} '
                f'marker-end="url(#{event.what})"/>'
            )
    target = columns[event.to[0]] if event.to else begin
    ticked = event.what in ("receipt", "acknowledgement")
    words = f"{event.label} ✓" if ticked else event.label
    parts.append(
        f'<circle cx="{begin}" cy="{y}" r="4" fill="{colour}"/>'
        f'<text x="{(begin + target) // 2}" y="{y - 5}" text-anchor="middle" '
        f'fill="{colour}">{_safe(words, 26)}</text></g>'
    )
    return parts


def _arrow(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" markerWidth="9" markerHeight="9" refX="7" refY="4" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
    )


def _clock(time: str) -> str:
    return time[:10] + " " + time[11:19] if len(time) > 19 else time


def _safe(text: str, longest: int) -> str:
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return escape(printable(short))
