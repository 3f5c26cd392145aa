"""A report as text for a terminal, as JSON, and as a page."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

from .errors import NOTICE
from .phrases import LANGUAGES, Language, say
from .report import Report, Sentence
from .statements import item_sentences, name_of

_ENTRY: Final = re.compile(r"entry ([0-9]+)")

_CONFIRMATION: Final = frozenset({"grade.lower", "policy.quorum"})
"""Findings that say by whom a record is not confirmed, not that anything in it is wrong."""

TEXT_ITEMS: Final = 20
"""Messages told in the terminal; the page and the JSON tell more."""


def languages_of(choice: str) -> tuple[Language, ...]:
    """The languages that `--lang` asks for."""
    return LANGUAGES if choice == "both" else tuple(one for one in LANGUAGES if one == choice)


def reason(error: Exception) -> str:
    """Why nothing was verified or written, without the system's numbers."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def to_json(report: Report) -> str:
    """Every fact and sentence; `format` tells later versions apart."""
    document = {"format": "detente-report/1", **asdict(report)}
    document["findings"] = [
        {**asdict(finding), "en": say(finding.code, "en"), "fr": say(finding.code, "fr")}
        for finding in report.findings
    ]
    return json.dumps(document, ensure_ascii=False, indent=2)


def to_text(report: Report, languages: tuple[Language, ...]) -> str:
    """The report for people, in one language after the other."""
    blocks = ["\n".join(_text(report, language)) for language in languages]
    return "\n\n".join(blocks) + "\n"


def printable(text: str) -> str:
    """One line without what a terminal would obey: names in a bundle come from strangers."""
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else json.dumps(character)[1:-1]
        for character in text
    )


def _pick(sentence: Sentence, language: Language) -> str:
    return sentence.en if language == "en" else sentence.fr


def verdict_of(report: Report) -> str:
    """`proven`; `unconfirmed` if nothing is wrong but by how many it is confirmed; `refused`."""
    if report.proven:
        return "proven"
    wrong = {finding.code for finding in report.findings if finding.severity != NOTICE}
    told = len(report.findings) == sum(report.finding_counts.values())
    return "unconfirmed" if told and wrong <= _CONFIRMATION else "refused"


def what(report: Report, language: Language) -> Iterator[str]:
    """The lines that say what the bundle is."""
    names = {party.id: name_of(party.names, party.id, language) for party in report.parties}
    yield say("what.bundle", language, name=report.bundle)
    if report.agreement_sha256:
        yield say(
            "what.agreement",
            language,
            title=name_of(report.agreement_title, report.agreement_id, language),
            id=report.agreement_id,
            version=report.agreement_version,
            sha256=report.agreement_sha256,
        )
        yield say("what.parties", language, parties=", ".join(names.values()))
        for party in report.parties:
            holders = ", ".join(holder or name for name, holder in party.officers)
            if holders:
                yield say("what.officers", language, party=names[party.id], officers=holders)
    if report.origin:
        yield say(
            "what.record",
            language,
            origin=report.origin,
            party=names.get(report.party, report.party),
            size=report.size,
        )
        yield say(
            "what.items",
            language,
            count=report.item_count,
            scope=say(f"scope.{report.scope}", language),
            erased=report.erased_count,
        )
        kinds = ", ".join(f"{kind} ({count})" for kind, count in report.kinds.items())
        if kinds:
            yield say("what.kinds", language, kinds=kinds)
        if report.first:
            yield say("what.span", language, first=report.first, last=report.last)
        by = ", ".join(report.exported_by)
        yield say("what.export", language, at=report.exported_at, by=by)
        # Of something refused a grade would be believed all the same.
        if verdict_of(report) != "refused":
            yield say("what.grade", language, grade=say(f"grade.{report.grade}", language))


def findings(report: Report, language: Language) -> Iterator[str]:
    """One line for each finding."""
    for finding in report.findings:
        detail = f" ({finding.detail})" if finding.detail else ""
        severity = "" if finding.severity == "error" else f"[{say('notice', language)}] "
        sentence = say(finding.code, language)
        yield f"{severity}{sentence} [{finding.code}] {_where(finding.where, language)}{detail}"
    more = sum(report.finding_counts.values()) - len(report.findings)
    if more:
        yield say("findings.more", language, count=more)


def _where(where: str, language: Language) -> str:
    """Entries in the reader's language; paths and names of keys as they are."""
    entry = _ENTRY.fullmatch(where)
    return where if entry is None else say("where.entry", language, index=entry[1])


def messages(report: Report, language: Language, limit: int) -> Iterator[list[str]]:
    """The sentences about each message, of at most `limit`: what others were told goes first.

    A party's own affairs (log-ins, how the line was) are many, and say little to a stranger.
    """
    chosen = sorted(report.items, key=lambda item: item.channel.startswith("own/"))[:limit]
    for item in sorted(chosen, key=lambda item: item.index):
        yield [_pick(one, language) for one in item_sentences(item, report.parties)]
    more = report.message_count - len(report.items[:limit])
    if more:
        yield [say("items.more", language, count=more)]


def _text(report: Report, language: Language) -> Iterator[str]:
    verdict = verdict_of(report)
    title = say("title", language)
    yield title
    yield "=" * len(title)
    yield ""
    yield f"{say(verdict, language)}. {say(f'{verdict}.text', language)}"
    yield from _section("heading.what", language, ([line] for line in what(report, language)))
    if report.findings:
        told = ([line] for line in findings(report, language))
        yield from _section("heading.findings", language, told)
    if report.proven:
        sentences = ([_pick(sentence, language)] for sentence in report.statements)
        yield from _section("heading.proven", language, sentences)
        if report.message_count:
            groups = messages(report, language, TEXT_ITEMS)
            yield from _section("heading.items", language, groups)
    limits = ([_pick(sentence, language)] for sentence in report.limits)
    yield from _section("heading.limits", language, limits)


def _section(key: str, language: Language, groups: Iterable[list[str]]) -> Iterator[str]:
    """Each group is a bullet; what follows its first sentence stands below, farther in."""
    yield ""
    yield say(key, language)
    for first, *more in groups:
        # Line by line: a line break within a stranger's word would begin a line of ours.
        yield f"  - {printable(first)}"
        yield from (f"      {printable(line)}" for line in more)


_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;"
    "color:#111;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:1.6rem}"
    ".verdict{padding:.8rem 1rem;border:3px solid;font-size:1.15rem}.proven{border-color:#00527a}"
    ".refused,.unconfirmed{border-color:#9c2f00;border-style:double}"
    "li{margin:.25rem 0;overflow-wrap:anywhere}"
    "section+section{border-top:1px solid #777;margin-top:3rem}@media print{body{margin:0}}"
)


def to_html(report: Report, languages: tuple[Language, ...] = LANGUAGES) -> str:
    """A page without scripts or anything from elsewhere."""
    body = "".join(_page(report, language) for language in languages)
    title = html.escape(say("title", languages[0]))
    return (
        f'<!DOCTYPE html>\n<html lang="{languages[0]}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'\"><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _page(report: Report, language: Language) -> str:
    verdict = verdict_of(report)
    parts = [
        f'<section lang="{language}"><h1>{html.escape(say("title", language))}</h1>',
        f'<p class="verdict {verdict}"><strong>{html.escape(say(verdict, language))}</strong> '
        f"{html.escape(say(f'{verdict}.text', language))}</p>",
        _list("heading.what", language, what(report, language)),
    ]
    if report.findings:
        parts.append(_list("heading.findings", language, findings(report, language)))
    if report.proven:
        sentences = (_pick(sentence, language) for sentence in report.statements)
        parts.append(_list("heading.proven", language, sentences))
        lines = (" ".join(group) for group in messages(report, language, len(report.items)))
        if report.message_count:
            parts.append(_list("heading.items", language, lines))
    limits = (_pick(sentence, language) for sentence in report.limits)
    parts.append(_list("heading.limits", language, limits))
    return "".join(parts) + "</section>"


def _list(key: str, language: Language, lines: Iterator[str]) -> str:
    items = "".join(f"<li>{html.escape(printable(line))}</li>" for line in lines)
    return f"<h2>{html.escape(say(key, language))}</h2><ul>{items}</ul>"
