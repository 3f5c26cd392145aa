"""An agreement as one page for people: both languages side by side, printable, without a script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from detente.agreement.agreement import Agreement
from detente.agreement.rendering import Section, sections
from detente.agreement.rules import Row
from detente.agreement.signatures import party_signatures
from detente.agreement.standing import Standing
from detente.words import NARROW, Words, choose, moment, same

_STYLE: Final = """
:root { color-scheme: light; --ink: #16202a; --soft: #5a6875; --line: #d5dce2; --sea: #eef3f7;
  --accent: #0b5d8a; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.5rem 4rem; color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; background: #fff; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; font-weight: 650; }
header p { color: var(--soft); margin: .4rem 0 0; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 2rem; }
.hash { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
section { margin-top: 2rem; break-inside: auto; }
h2 { font-size: 1.02rem; margin: 0 0 .3rem; color: var(--accent); font-weight: 650; }
.rows { border-top: 1.5px solid var(--ink); }
.row { border-bottom: 1px solid var(--line); padding: .42rem 0; break-inside: avoid; }
.row dl { margin: 0; display: grid; grid-template-columns: 11rem 1fr; gap: 0 .8rem; }
dt { color: var(--soft); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
.map { display: block; width: 100%; max-width: 40rem; margin: .8rem 0; }
.frame { fill: var(--sea); }
.grid { stroke: #fff; stroke-width: 1.5; fill: none; }
.area { fill: #0b5d8a33; stroke: var(--accent); stroke-width: 1.8; fill-rule: evenodd; }
.scale { stroke: var(--ink); stroke-width: 1.5; fill: none; }
.map text { font-size: 11px; fill: var(--soft); }
.map .end { text-anchor: end; }
.note { color: var(--soft); }
@media (max-width: 46rem) { .pair { grid-template-columns: 1fr; gap: .4rem; }
  .row dl { grid-template-columns: 1fr; } }
@media print { body { padding: 0; max-width: none; font-size: 10.5pt; } }
"""


def agreement_page(agreement: Agreement, standing: Standing) -> str:
    """The page. Whatever parties wrote is escaped."""
    title = choose(agreement.document.title)
    state = standing.state.words
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">",
        f"<title>{escape(title.en)} — {escape(title.fr)}</title><style>{_STYLE}</style></head>",
        '<body><header class="pair">',
        f'<div lang="en"><h1>{escape(title.en)}</h1><p>As of {escape(moment(standing.at).en)}: '
        f"{escape(state.en)}.</p></div>",
        f'<div lang="fr"><h1>{escape(title.fr)}</h1><p>État au {escape(moment(standing.at).fr)}'
        f"{NARROW}: {escape(state.fr)}.</p></div></header>",
        f'<p class="hash">SHA-256 {agreement.sha256}</p>',
    ]
    for section in sections(agreement):
        parts.append(_section(section, _map(agreement) if section.key == "area" else ""))
        if section.key == "agreement":
            parts.append(_section(signatures_section(agreement, standing), ""))
    parts.append("</body></html>\n")
    return "\n".join(parts)


def signatures_section(agreement: Agreement, standing: Standing) -> Section:
    """Who has signed, and who has suspended or left."""
    rows = []
    names = {party.id: choose(party.name) for party in agreement.document.parties}
    for each in party_signatures(agreement):
        name = names.get(each.party, same(each.party))
        if each.key is None:
            value = Words("has not signed", "n’a pas signé")
        else:
            value = Words(f"signed by {each.key.name}", f"signé par {each.key.name}")
        if each.leaving:
            value = Words(f"{value.en}; leaves", f"{value.fr}{NARROW}; se retire")
        elif each.joining:
            value = Words(f"{value.en}; joins", f"{value.fr}{NARROW}; adhère")
        rows.append(Row(name, value))
    for words, statements in (
        (Words("suspended since", "suspendu depuis le"), standing.suspended.values()),
        (Words("left on", "retrait le"), standing.left.values()),
    ):
        for statement in statements:
            since = moment(statement.since)
            rows.append(
                Row(
                    names[statement.party],
                    Words(
                        f"{words.en} {since.en}: {statement.reason}",
                        f"{words.fr} {since.fr}{NARROW}: {statement.reason}",
                    ),
                )
            )
    for statement in standing.announced:
        since = moment(statement.since)
        rows.append(
            Row(
                names[statement.party],
                Words(
                    f"has announced, for {since.en}: {statement.kind} — {statement.reason}",
                    f"a annoncé, pour le {since.fr}{NARROW}: {_KINDS_FR[statement.kind]} — "
                    f"{statement.reason}",
                ),
            )
        )
    return Section(
        "standing", Words("Signatures and standing", "Signatures et situation"), tuple(rows)
    )


_KINDS_FR: Final = {"suspension": "suspension", "resumption": "reprise", "withdrawal": "retrait"}


def _map(agreement: Agreement) -> str:
    from detente.agreement.map_svg import map_svg  # geometry loads slowly

    note = Words(
        "Outline as signed, on WGS-84. No border is drawn: a border would be a claim.",
        f"Contour tel que signé, en WGS-84. Aucune frontière n’est tracée{NARROW}: ce serait une "
        "prétention.",
    )
    return (
        map_svg(agreement.area, "Map of the area — Carte de la zone")
        + f'<div class="pair note"><p lang="en">{escape(note.en)}</p>'
        f'<p lang="fr">{escape(note.fr)}</p></div>'
    )


def _section(section: Section, extra: str) -> str:
    return (
        f'<section id="{escape(section.key.replace(" ", "-"))}"><div class="pair">'
        f'<h2 lang="en">{escape(section.title.en)}</h2>'
        f'<h2 lang="fr">{escape(section.title.fr)}</h2></div>'
        f'<div class="rows">{_rows(section.rows)}</div>{extra}</section>'
    )


def _rows(rows: Sequence[Row]) -> str:
    return "".join(
        '<div class="row pair">'
        + "".join(
            f'<dl lang="{language}"><dt>{escape(label)}</dt><dd>{escape(value)}</dd></dl>'
            for language, label, value in (
                ("en", row.label.en, row.value.en),
                ("fr", row.label.fr, row.value.fr),
            )
        )
        + "</div>"
        for row in rows
    )
