"""Minutes as people read them: Markdown, and a page of HTML that needs nothing else.

Everything that a party wrote is text here, never markup, whatever is in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from detente.errors import printable
from detente.record import parse_time
from detente.words import NARROW, Words, choose, moment, same

from .conference_contents import Dissent, Person
from .conference_statements import ConferenceStatement
from .minutes import STATE_WORDS, MinutesText
from .proposals import FATE_WORDS

Language = Literal["en", "fr"]
NameOf = Callable[[str], Words]
"""The name of a party in both languages."""

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")

_MINUTES = Words("Minutes", "Procès-verbal")
_OPEN_END = Words("no end has been stated", "aucune fin n’a été déclarée")
_NOT_REAL: Final[Mapping[str, Words]] = {
    "exercise": Words("EXERCISE", "EXERCICE"),
    "test": Words("TEST", "ESSAI"),
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the minutes: a label, and texts in one or two languages."""

    label: Words
    text: Words
    note: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the minutes. `plain` rows have no label of their own to be shown."""

    title: Words
    rows: tuple[_Row, ...]


def minutes_markdown(text: MinutesText, language: Language, name_of: NameOf = same) -> str:
    """Minutes in Markdown, in one language; what was given in another only is given in that.

    Args:
        text: of the minutes, with its signatures.
        language: English or French.
        name_of: the parties' names.
    """
    lines = [f"# {_mark(_heading(text).to(language))}", ""]
    for part in _parts(text, name_of):
        lines += [f"## {_mark(part.title.to(language))}", ""]
        for row in part.rows:
            label, said = row.label.to(language), row.text.to(language)
            body = "  \n  ".join(_mark(line) for line in said.split("\n"))
            colon = ":" if language == "en" else f"{NARROW}:"
            lines.append(f"- **{_mark(label)}**{colon} {body}" if label else f"- {body}")
        lines.append("")
    return "\n".join(lines)


def minutes_html(text: MinutesText, name_of: NameOf = same) -> str:
    """Minutes as one page of HTML, English and French side by side. It loads nothing.

    Args:
        text: of the minutes, with its signatures.
        name_of: the parties' names.
    """
    heading = _heading(text)
    rows = "\n".join(_html_part(part) for part in _parts(text, name_of))
    return _PAGE.format(
        title=html.escape(printable(heading.en)),
        heading_en=html.escape(printable(heading.en)),
        heading_fr=html.escape(_visible(heading.fr)),
        state=text.state.replace(" ", "-"),
        parts=rows,
    )


def _heading(text: MinutesText) -> Words:
    title = choose(text.document.title)
    mark = _NOT_REAL.get(text.document.status)
    front = Words("", "") if mark is None else Words(f"{mark.en} – ", f"{mark.fr} – ")
    return Words(
        f"{front.en}{_MINUTES.en}: {title.en}",
        f"{front.fr}{_MINUTES.fr}{NARROW}: {title.fr}",
    )


def _parts(text: MinutesText, name_of: NameOf) -> Iterator[_Part]:
    document = text.document
    nothing = Words("", "")
    yield _Part(Words("Conference", "Conférence"), tuple(_about(text, name_of)))
    yield _Part(
        Words("Present", "Présents"),
        tuple(
            _Row(name_of(party), _people(people)) for party, people in document.attendance.items()
        ),
    )
    if document.agenda:
        yield _Part(
            Words("Agenda", "Ordre du jour"),
            tuple(
                row
                for item in document.agenda
                for row in (
                    _Row(same(item.item), choose(item.title)),
                    *(() if item.text is None else (_Row(nothing, choose(item.text), True),)),
                )
            ),
        )
    if document.proposals:
        yield _Part(
            Words("Proposals", "Propositions"),
            tuple(
                row
                for each in document.proposals
                for row in (
                    _Row(
                        Words(
                            f"{name_of(each.party).en}, no. {each.number}",
                            f"{name_of(each.party).fr}, n° {each.number}",
                        ),
                        _joined(choose(each.title), FATE_WORDS[each.fate]),
                    ),
                    _Row(nothing, same(f"SHA-256 {each.sha256}"), True),
                    *(() if each.text is None else (_Row(nothing, choose(each.text), True),)),
                )
            ),
        )
    if document.decisions:
        yield _Part(
            Words("Decisions", "Décisions"),
            tuple(
                _Row(same(str(number)), choose(each))
                for number, each in enumerate(document.decisions, start=1)
            ),
        )
    if document.remarks is not None:
        yield _Part(Words("Remarks", "Remarques"), (_Row(nothing, choose(document.remarks)),))
    yield _Part(Words("Signatures", "Signatures"), tuple(_signatures(text, name_of)))
    if text.dissents:
        yield _Part(
            Words("Dissent", "Désaccords"),
            tuple(_dissent(each, name_of) for each in text.dissents),
        )


def _about(text: MinutesText, name_of: NameOf) -> Iterator[_Row]:
    document = text.document
    ended = _OPEN_END if document.ended is None else moment(parse_time(document.ended))
    yield _Row(Words("Host", "Hôte"), name_of(document.host))
    yield _Row(Words("Begins", "Début"), moment(parse_time(document.begins)))
    yield _Row(Words("Ended", "Fin"), ended)
    yield _Row(Words("Number", "Numéro"), same(document.conference))
    yield _Row(Words("Text", "Texte"), same(text.label))
    yield _Row(Words("SHA-256 of the text", "SHA-256 du texte"), same(text.sha256))
    if document.replaces is not None:
        yield _Row(Words("Replaces", "Remplace"), same(document.replaces))
    if text.replaced_by is not None:
        yield _Row(Words("Replaced by", "Remplacé par"), same(text.replaced_by))
    yield _Row(Words("State", "État"), STATE_WORDS[text.state])
    if text.left_out:
        names = ", ".join(name_of(party).en for party in text.left_out)
        noms = ", ".join(name_of(party).fr for party in text.left_out)
        yield _Row(
            Words("Left out", "Omis"),
            Words(
                f"{names} attended and is not named: this text cannot be agreed upon.",
                f"{noms} a participé et n’est pas nommé : ce texte ne peut être approuvé.",
            ),
        )


def _signatures(text: MinutesText, name_of: NameOf) -> Iterator[_Row]:
    for line in text.lines:
        if line.by is None:
            signed = Words("not signed", "non signé")
        else:
            at = moment(parse_time(line.signed))
            signed = Words(
                f"{line.officer}, {at.en}, key {line.by.author}",
                f"{line.officer}, {at.fr}, clé {line.by.author}",
            )
        yield _Row(name_of(line.party), signed)


def _dissent(each: ConferenceStatement, name_of: NameOf) -> _Row:
    if not isinstance(each.content, Dissent):
        raise TypeError("a note of dissent is a dissent")
    return _Row(name_of(each.by.party), choose(each.content.text))


def _people(people: Sequence[Person]) -> Words:
    return same(
        ", ".join(
            f"{each.name} ({each.function})" if each.function else each.name for each in people
        )
    )


def _joined(first: Words, second: Words) -> Words:
    return Words(f"{first.en} – {second.en}", f"{first.fr} – {second.fr}")


def _visible(text: str) -> str:
    # A narrow no-break space is ours, and printable() would write it as an escape.
    return NARROW.join(
        "\u00a0".join(printable(part) for part in piece.split("\u00a0"))
        for piece in text.split(NARROW)
    )


def _mark(text: str) -> str:
    return _MARKUP.sub(r"\\\1", _visible(text))


def _html_part(part: _Part) -> str:
    title = "".join(
        f'<h2 lang="{tag}">{html.escape(_visible(text))}</h2>'
        for tag, text in (("en", part.title.en), ("fr", part.title.fr))
    )
    rows = "\n".join(_html_row(row) for row in part.rows)
    return f'<section>\n<div class="two">{title}</div>\n{rows}\n</section>'


def _html_row(row: _Row) -> str:
    cells = []
    for tag, label, text in (
        ("en", row.label.en, row.text.en),
        ("fr", row.label.fr, row.text.fr),
    ):
        head = f"<b>{html.escape(_visible(label))}</b> " if label else ""
        said = html.escape(_visible(text)).replace("\n", "<br>")
        cells.append(f'<p lang="{tag}" dir="auto">{head}{said}</p>')
    kind = "two note" if row.note else "two"
    return f'<div class="{kind}">{"".join(cells)}</div>'


_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.1rem; border-bottom: 1px solid #767676; }}
.two {{ display: grid; grid-template-columns: 1fr 1fr; gap: 0 2rem; }}
.two p, .two h2 {{ margin: .25rem 0; overflow-wrap: anywhere; }}
.note p {{ padding-left: 1rem; }}
main {{ border-left: .3rem solid #8a5a00; padding-left: 1rem; }}
main.agreed {{ border-color: #0b6b3a; }}
@media (max-width: 40rem) {{ .two {{ grid-template-columns: 1fr; }} }}
@media print {{ body {{ margin: 0; }} }}
</style>
</head>
<body>
<main class="{state}">
<div class="two"><h1 lang="en">{heading_en}</h1><h1 lang="fr">{heading_fr}</h1></div>
{parts}
</main>
</body>
</html>
"""
