"""Test calls in words, for the screen and for commands. Pure."""

from __future__ import annotations

from typing import Final, cast

from rich.text import Text

from detente.errors import one_line
from detente.words import Language

from . import texts
from .answers import Message, TestCalls
from .questions import phrase_shown
from .retyped import span_left
from .showing import exact_text

CALLS_MAX: Final = 10


def phrase_of(message: Message, language: Language) -> str:
    """The words of a test call, to be written again."""
    fields = cast(dict[str, object], message.fields or {})
    phrase = fields.get("phrase")
    return phrase_shown([str(w) for w in phrase], language) if isinstance(phrase, list) else "?"


def calls_text(found: TestCalls, language: Language) -> Text:
    """How test calls went, the newest ones one by one, and when the next one is."""
    how = found.statistics
    text = Text()
    text.append(
        texts.TEST_STATS.to(language).format(
            calls=how.calls, answered=how.answered, missed=how.missed, waiting=how.waiting
        )
    )
    for party, median_s in sorted(how.median_s.items()):
        time = "" if median_s is None else span_left(median_s)
        template = texts.TEST_NO_MEDIAN if median_s is None else texts.TEST_MEDIAN
        line = template.to(language).format(
            party=party, time=time, unanswered=how.unanswered.get(party, 0)
        )
        text.append(f"\n  {one_line(line)}")
    if found.planned:
        first = found.planned[0]
        when = f"{exact_text(first.at)} {first.caller} → {first.callee}"
        text.append(f"\n{texts.TEST_NEXT.to(language)} {one_line(when)}")
    for call in sorted(found.calls, key=lambda each: each.at, reverse=True)[:CALLS_MAX]:
        line = (
            f"{exact_text(call.at)}  {call.caller} → {call.callee}  {call.words.words.to(language)}"
        )
        text.append(f"\n{one_line(line)}", "bold" if call.state in ("late", "missed") else "")
        for party, at in sorted(call.answers.items()):
            text.append(f"\n    {one_line(f'{party}: {exact_text(at)}')}")
    return text
