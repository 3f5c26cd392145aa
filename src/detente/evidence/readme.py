"""README.html: what a bundle is, for somebody who reads no code. Self-contained, without script.

Everything that comes from the record is foreign text: it is escaped, control and direction
characters are made visible, and each piece stands in its own `bdi`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from detente.errors import printable
from detente.record.entries import CosignedCheckpoint
from detente.record.ijson import JsonValue
from detente.words import Words

from . import ranges, words
from .events import Event, Events
from .request import Exported
from .summary import Answer, Row, Summary
from .timeline import timeline

_PARTIES_SHOWN = 8
"""Columns of the picture; more are not readable."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stated about a bundle as a whole.

    Attributes:
        agreement: what its parties have signed.
        agreement_sha256: hash of that, which pins it.
        outcome: of the export; path, hash and size are not known yet.
        checkpoint: the bundle's.
        origin: name of the log.
        party: id of the exporter.
        by: who asked for it.
        purpose: why.
        at: when.
        parties: id of each party to its name in each language.
        stamps: sizes of the checkpoints with timestamps that the bundle lets one check.
        older: the other checkpoints of the bundle.
    """

    agreement: Mapping[str, JsonValue]
    agreement_sha256: str
    outcome: Exported
    checkpoint: CosignedCheckpoint
    origin: str
    party: str
    by: tuple[str, ...]
    purpose: str
    at: str
    parties: Mapping[str, Mapping[str, str]]
    stamps: tuple[int, ...]
    older: tuple[CosignedCheckpoint, ...] = ()


def readme_html(facts: Facts, summary: Summary) -> str:
    """The page."""
    style = files("detente.evidence").joinpath("readme.css").read_text(encoding="utf-8")
    rows = list(summary.rows())
    shown = list(facts.parties)[:_PARTIES_SHOWN]
    names = {party: _name(facts, party, "en") for party in shown}
    picture = timeline(rows, shown, names)
    title = f"{words.TITLE.en} / {words.TITLE.fr}"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n",
        f'<h1>{words.TITLE.en} <span lang="fr">/ {words.TITLE.fr}</span></h1>\n',
        _pair(_paragraphs(words.WHAT, words.NOT_A_CHECK)),
        _facts(facts, summary),
    ]
    if picture:
        parts += [
            _heading(words.TIMELINE),
            f"<figure>{picture}</figure>\n",
            _pair(_paragraphs(words.TIMELINE_NOTE)),
        ]
    parts += [_heading(words.ENTRIES), _entries(facts, rows, summary.left_out)]
    events = _events(facts, summary.events)
    if events:
        parts += [_heading(words.EVENTS_TITLE), events]
    parts += [_heading(words.VERIFY), _verify(facts), _heading(words.LIMITS), _limits()]
    parts.append("</body>\n</html>\n")
    return "".join(parts)


def _facts(facts: Facts, summary: Summary) -> str:
    outcome = facts.outcome
    title = facts.agreement.get("title")
    titles = [str(text) for text in title.values()] if isinstance(title, Mapping) else []
    identity = str(facts.agreement.get("agreement"))
    version = f"{identity}, version {facts.agreement.get('version')}"
    grade = words.GRADES[outcome.grade]
    scope = words.SCOPES[outcome.scope]
    count = ranges.count(outcome.items)
    kinds = "<br>".join(
        f"{number:,} × {_kind(kind)}" for kind, number in sorted(summary.kinds.items())
    )
    cells: list[tuple[str, str]] = [
        ("agreement", "<br>".join(map(_text, [*titles, version]))),
        ("agreement_hash", f"<code>{_text(facts.agreement_sha256)}</code>"),
        ("parties", "<br>".join(_both_names(facts, party) for party in facts.parties)),
        ("party", _both_names(facts, facts.party)),
        ("by", "<br>".join(map(_text, facts.by))),
        ("at", _text(_clock(facts.at))),
        ("purpose", _text(facts.purpose)),
        (
            "grade",
            f'<span class="grade">{_other(words.GRADE_NAMES[outcome.grade])}</span>: '
            f"{_other(grade)}",
        ),
        ("cosigners", _cosigners(facts) or _other(words.NONE)),
        ("scope", f"{count:,} / {outcome.size:,}: {_other(scope)}"),
        ("kinds", kinds),
        ("between", f"{_text(_clock(summary.first))} – {_text(_clock(summary.last))}"),
        ("origin", f"<code>{_text(facts.origin)}</code>"),
        ("tree", f"{outcome.size:,}"),
        ("root", f"<code>{facts.checkpoint.root.hex()}</code>"),
    ]
    if summary.erased:
        cells.append(("erased", f"{summary.erased:,}"))
    if outcome.withheld_blobs:
        cells.append(("withheld", f"{len(outcome.withheld_blobs):,}"))
    body = "".join(
        f'<tr><th scope="row">{_other(words.FACTS[name])}</th><td>{cell}</td></tr>\n'
        for name, cell in cells
    )
    return f'<table class="facts"><tbody>\n{body}</tbody></table>\n'


def _cosigners(facts: Facts) -> str:
    """Who has cosigned any checkpoint of the bundle, and up to where if not up to the last."""
    reach: dict[str, int] = {}
    for checkpoint in (facts.checkpoint, *facts.older):
        for name in checkpoint.cosigners:
            reach[name] = max(reach.get(name, 0), checkpoint.size)
    lines = []
    for name, size in reach.items():
        up_to = Words(*(text.format(index=size - 1) for text in words.UP_TO))
        whole = size == facts.checkpoint.size
        lines.append(_text(name) if whole else f"{_text(name)} ({_other(up_to)})")
    return "<br>".join(lines)


def _events(facts: Facts, events: Events) -> str:
    items: list[Words] = []
    for event in events.listed:
        what = words.PURPOSES.get(event.values.get("purpose", ""), Words("?", "?"))
        items.append(_event(facts, event, what))
    nothing = Words("", "")
    items += [_event(facts, clock.event, nothing, clock.count) for clock in events.clocks.values()]
    if events.left_out:
        items.append(Words(*(text.format(count=events.left_out) for text in words.MORE_EVENTS)))
    if not items:
        return ""
    sides = zip(*items, strict=True)
    return _pair(
        Words(*("<ul>" + "".join(f"<li>{x}</li>" for x in side) + "</ul>" for side in sides))
    )


def _event(facts: Facts, event: Event, what: Words, count: int = 0) -> Words:
    sides = []
    for language, template, named in zip(("en", "fr"), words.EVENTS[event.kind], what, strict=True):
        values = dict(event.values)
        if language == "fr" and event.kind == "clock":
            for name in ("offset_ms", "uncertainty_ms"):
                values[name] = values[name].replace(".", ",")
        shown = {name: _text(value) for name, value in values.items()}
        party = _text(_name(facts, event.party, language))
        sides.append(
            escape(template).format(
                **shown, at=event.index, party=party, what=escape(named), count=count
            )
        )
    return Words(*sides)


def _entries(facts: Facts, rows: Iterable[Row], left_out: int) -> str:
    head = "".join(f'<th scope="col">{_other(title)}</th>' for title in words.ENTRIES_HEAD)
    body = "".join(_row(facts, row) for row in rows)
    table = (
        f'<table class="entries">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table>\n"
    )
    if left_out:
        texts = Words(*(f"{left_out:,} {text}" for text in words.LEFT_OUT))
        table += _pair(_paragraphs(texts))
    return table


def _row(facts: Facts, row: Row) -> str:
    if row.erased_by is not None:
        cells = ["", "", f"{_other(words.ERASED)} {row.erased_by}", ""]
    else:
        to = ", ".join(_text(_name(facts, party, "en")) for party in row.to)
        what = f"{_kind(row.kind)} · {_text(row.channel)}<br>{_said(row.words)}"
        if row.status in words.STATUSES:
            mark = " / ".join(words.STATUSES[row.status])
            what = f'<span class="mark">{mark}</span> {what}'
        cells = [
            f"{_text(_clock(row.created))}",
            f"{_text(_name(facts, row.sender, 'en'))} → {to or _other(words.EVERYONE)}"
            f"<br><small>{_text(row.author)}</small>",
            what,
            "<br>".join(_answer(facts, answer) for answer in row.answers),
        ]
    inner = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{row.index}</th>{inner}</tr>\n'


def _answer(facts: Facts, answer: Answer) -> str:
    said = f": {_text(answer.words)}" if answer.words else ""
    return (
        f"{_other(words.ANSWERS[answer.kind])} {_text(_name(facts, answer.party, 'en'))}, "
        f"{_text(_clock(answer.time))} (<small>{_text(answer.author)}</small>){said}"
    )


def _verify(facts: Facts) -> str:
    command = f"python -m detente.verify --agreement {facts.agreement_sha256} BUNDLE.zip"
    lines = _paragraphs(words.VERIFY_OURS)
    return (
        _pair(lines)
        + f"<pre>{escape(command)}</pre>\n"
        + _pair(_paragraphs(words.VERIFY_PIN, words.VERIFY_OTHERS))
    )


def _limits() -> str:
    return _pair(
        Words(
            *(
                "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in side) + "</ul>"
                for side in zip(*words.LIMITS_LIST, strict=True)
            )
        )
    )


def _heading(text: Words) -> str:
    return f'<h2>{escape(text.en)} <span lang="fr">/ {escape(text.fr)}</span></h2>\n'


def _pair(html: Words) -> str:
    return f'<div class="pair"><div lang="en">{html.en}</div><div lang="fr">{html.fr}</div></div>\n'


def _paragraphs(*texts: Words) -> Words:
    return Words(
        *("".join(f"<p>{escape(text)}</p>" for text in side) for side in zip(*texts, strict=True))
    )


def _other(text: Words) -> str:
    return f'{escape(text.en)} <span class="other" lang="fr">{escape(text.fr)}</span>'


def _said(words: str | Words) -> str:
    """What an entry says: foreign text, or the same in both languages."""
    if isinstance(words, str):
        return _text(words)
    return f'{_text(words.en)} <span class="other" lang="fr">{_text(words.fr)}</span>'


def _kind(kind: str) -> str:
    known = words.KINDS.get(kind)
    return _text(kind) if known is None else _other(known)


def _both_names(facts: Facts, party: str) -> str:
    names = facts.parties.get(party, {})
    shown = dict.fromkeys(names.get(language, party) for language in ("en", "fr"))
    return " / ".join(map(_text, shown)) + f" (<code>{_text(party)}</code>)"


def _name(facts: Facts, party: str, language: str) -> str:
    return facts.parties.get(party, {}).get(language, party)


def _clock(time: str) -> str:
    """A time without fractions: 2026-11-22 20:34:37."""
    return f"{time[:10]} {time[11:19]}" if len(time) > 19 else time


def _text(text: str) -> str:
    """Foreign text as HTML."""
    return f"<bdi>{escape(printable(text))}</bdi>"
