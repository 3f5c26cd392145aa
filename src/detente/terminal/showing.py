"""Messages, links and states as lines of text, for screens and for commands. Pure.

Colour never says anything by itself: there is always a word or a sign as well. What strangers wrote
is shown as it is, and never obeyed: neither as markup nor as control characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from rich.text import Text

from detente.errors import one_line
from detente.line import STATUSES, URGENCIES
from detente.words import Language, same

from . import texts
from .answers import Link, Message, Outages, Recipient
from .picture import Picture, link_words, title_of
from .retyped import span_left
from .typesetting import COLON, indented

STYLES: Final[Mapping[str, str]] = {
    # Okabe and Ito: told apart by everybody, on a dark ground.
    "distress": "bold #ffffff on #a62f00",
    "urgent": "bold #000000 on #e69f00",
    "routine": "",
    "late": "bold #ff9d5c",
    "good": "#3ddba8",
    "label": "#9fc9e6",
    "grey": "#8a8f98",
    "waits": "bold #f0e442",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as a list shows it.

    Attributes: the columns, in words; `style`: of the whole line.
    """

    way: str
    time: str
    urgency: str
    what: str
    state: str
    left: str
    style: str


def listed(
    picture: Picture, message: Message, language: Language, now: datetime, steady_s: float
) -> Listed:
    """A message as a list shows it, at a time."""
    ours = message.sender == picture.party
    peers = [each.party for each in message.recipients] if ours else [message.sender]
    recipient = picture.furthest(message)
    state = "" if recipient is None else state_text(recipient.state, language, ours=ours)
    left = picture.soonest_s(message.id, steady_s)
    waits = any(each.party == picture.party for each in picture.waits_of(message.id))
    style = ""
    if message.superseded_by:
        style = STYLES["grey"]
    elif left is not None and left < 0:
        style = STYLES["late"]
    elif waits:
        style = STYLES["waits"]
    if message.superseded_by:
        state = texts.SUPERSEDED_SHORT.to(language)
    what = title_of(message).to(language)
    if message.room:
        what = f"#{message.room} {what}"
    return Listed(
        way=one_line(f"{'→' if ours else '←'} {', '.join(peers)}"),
        time=clock_text(message.created, now),
        urgency=""
        if message.urgency == "routine"
        else URGENCIES.get(message.urgency, same(one_line(message.urgency))).to(language),
        what=one_line(what),
        state=state,
        left="" if left is None else span_left(left),
        style=style,
    )


def state_text(state: str, language: Language, *, ours: bool) -> str:
    """One of the five states: how far in signs, and in words."""
    step = texts.STEPS.index(state) + 1 if state in texts.STEPS else 0
    words = (texts.THEIR_STATES if ours else texts.OUR_STATES).get(state, same(one_line(state)))
    return f"{'●' * step}{'○' * (len(texts.STEPS) - step)} {words.to(language)}"


def clock_text(instant: str, now: datetime) -> str:
    """When, in UTC: the time if it is today, the date otherwise. As it stands if it is no time."""
    if len(instant) < 16 or instant[10] != "T":
        return one_line(instant)
    return instant[11:16] if instant[:10] == f"{now:%Y-%m-%d}" else instant[5:10]


def exact_text(instant: str | None) -> str:
    """When, to the second, in UTC."""
    if instant is None:
        return "–"
    if len(instant) < 19 or instant[10] != "T":
        return one_line(instant)
    return f"{instant[:10]} {instant[11:19]}Z"


def link_text(link: Link, language: Language, now: datetime) -> Text:
    """The line to a peer on one line: state, since when, last heard, clock, what is to be sent."""
    up = link.state in ("up", "starting")
    text = Text(no_wrap=True, overflow="ellipsis")
    sign = texts.LINK_SYMBOLS.get(link.state, "?")
    text.append(
        one_line(f"{sign} {link.peer} {link_words(link).to(language)}"),
        STYLES["good"] if up else STYLES["late"],
    )
    if link.state != "up":
        text.append(f" {texts.SINCE.to(language)} {clock_seconds(link.since, now)}")
    heard = (
        texts.NEVER_HEARD.to(language)
        if link.last_heard is None
        else f"{texts.HEARD.to(language)} {clock_seconds(link.last_heard, now)}"
    )
    text.append(f" · {heard}")
    if link.held:
        text.append(f" · {texts.STANDS_STILL.to(language)}", STYLES["late"])
    if link.clock_ahead_ms is not None:
        off_s = link.clock_ahead_ms / 1000
        number = f"{off_s:+.1f}" if language == "en" else f"{off_s:+.1f}".replace(".", ",")
        text.append(
            f" · {texts.CLOCK.to(language)} {number} s", STYLES["late"] if abs(off_s) >= 2 else ""
        )
    if link.waiting:
        text.append(f" · {link.waiting} {texts.TO_SEND.to(language)}")
    return text


def link_details(link: Link, language: Language, now: datetime) -> Text:
    """The line to a peer with all that is known: why it fails, how slow it is, what is held."""
    text = link_text(link, language, now)
    text.no_wrap = False
    if link.rtt_ms is not None:
        text.append(f" · {link.rtt_ms:.0f} ms")
    if link.reason:
        text.append(f" · {one_line(link.reason)}", STYLES["late"])
    for held in link.held:
        text.append(
            f"\n    {one_line(f'{held.channel}: {held.code} {held.detail}')}", STYLES["late"]
        )
    return text


def outages_text(found: Outages, language: Language) -> Text:
    """When the lines were down: each party's statement as that party's, and what is missing."""
    text = Text()
    for each in found.outages:
        end = texts.LASTS.to(language) if each.until is None else exact_text(each.until)
        head = f"{each.peer}  {exact_text(each.since)} – {end}  ({span_left(each.lasted_s)})"
        text.append(f"{one_line(head)}\n", STYLES["late"] if each.until is None else "bold")
        for said in each.stated:
            what = texts.SAYS_AWAY.to(language)
            if not said.own:
                saw = f"{texts.SAYS_SAW.to(language)}{COLON.to(language)}"
                what = f"{saw} {said.words.words.to(language)}"
            times = exact_text(said.since)
            if said.until is not None:
                times += f" – {exact_text(said.until)}"
            mark = "" if said.entry is not None else f"  [{texts.NOT_RECORDED.to(language)}]"
            text.append(f"  {one_line(f'{said.party} {what}')}\n    {one_line(f'{times}{mark}')}\n")
        for party in each.unstated:
            text.append(f"  {one_line(party)} {texts.SAYS_NOTHING.to(language)}\n")
    if not found.outages:
        text.append(f"{texts.NO_OUTAGES.to(language)}\n")
    for fault in found.faults:
        template = texts.OUTAGE_FAULT.to(language)
        line = template.format(party=fault.party, entry=fault.entry, what=fault.what)
        text.append(f"{one_line(line)}\n", STYLES["late"])
    if found.more:
        text.append(f"{texts.MORE_OUTAGES.to(language)}\n")
    return text


def clock_seconds(instant: str, now: datetime) -> str:
    """When, to the second; with the date if it is not today."""
    if len(instant) < 19 or instant[10] != "T":
        return one_line(instant)
    clock = f"{instant[11:19]}Z"
    return clock if instant[:10] == f"{now:%Y-%m-%d}" else f"{instant[5:10]} {clock}"


def message_text(message: Message, party: str, language: Language) -> Text:
    """All that a message says: what its reader must have seen of it."""
    text = Text()
    mark = STATUSES.get(message.status, same(one_line(message.status)))
    if message.status != "actual":
        text.append(f"{mark.to(language)} – {mark.to(language)} – {mark.to(language)}\n", "reverse")
    title = same(message.form) if message.title is None else message.title.words
    text.append(one_line(title.to(language)), "bold")
    urgency = URGENCIES.get(message.urgency, same(message.urgency)).to(language)
    text.append("  ")
    text.append(f" {one_line(urgency)} ", STYLES.get(message.urgency, ""))
    text.append("\n")
    author = message.officer or texts.NODE_ITSELF.to(language)
    peers = ", ".join(each.party for each in message.recipients)
    line = f"{message.sender} ({author}) → {peers} · {exact_text(message.created)}"
    text.append(f"{one_line(line)}\n", STYLES["grey"])
    if message.room:
        text.append(f"{texts.IN_ROOM.to(language)} {one_line(message.room)}\n", STYLES["label"])
    for words, other in ((texts.ANSWERS, message.answers), (texts.CORRECTS, message.corrects)):
        if other:
            text.append(f"{words.to(language)} {one_line(other)}\n", STYLES["grey"])
    if message.superseded_by:
        text.append(f"{texts.SUPERSEDED.to(language)}\n", STYLES["late"])
    if message.rows is None:
        text.append(f"{texts.UNREADABLE.to(language)}\n", STYLES["late"])
        data = msgspec.json.format(msgspec.json.encode(message.fields), indent=2).decode()
        text.append(f"    {indented(data)}\n")
    for row in message.rows or ():
        label = row.label.words.to(language)
        text.append(f"{one_line(label)}{COLON.to(language)} ", STYLES["label"])
        text.append(f"{indented(row.value.words.to(language))}\n")
    for file in message.files:
        text.append(f"{texts.FILES.to(language)}{COLON.to(language)} ", STYLES["label"])
        text.append(f"{one_line(f'{file.media_type}, {file.size} B, {file.sha256[:16]}…')}\n")
    return text


def fate_text(picture: Picture, message: Message, language: Language, steady_s: float) -> Text:
    """What became of a message at each recipient, and what proves it."""
    text = Text()
    ours = message.sender == picture.party
    for recipient in message.recipients:
        text.append(f"{one_line(recipient.party)}  ", "bold")
        state = state_text(recipient.state, language, ours=ours or recipient.party != picture.party)
        text.append(state)
        left = picture.left_s(message.id, recipient.party, steady_s)
        if left is not None and left < 0:
            late = f"  {texts.OVERDUE.to(language)} {span_left(-left)}"
            text.append(late, STYLES["late"])
        elif left is not None:
            text.append(f"  {span_left(left)} {texts.LEFT.to(language)}", STYLES["waits"])
        text.append("\n")
        for line, style in _facts(recipient, language):
            text.append(f"  {one_line(line)}\n", style)
        for waits in picture.waits_of(message.id):
            if waits.party == recipient.party and waits.instead is not None:
                text.append(f"  {one_line(waits.instead.words.to(language))}\n", STYLES["late"])
    return text


def _facts(recipient: Recipient, language: Language) -> Iterator[tuple[str, str]]:
    by = texts.SENT_BY.to(language)
    if recipient.delivered:
        yield f"{exact_text(recipient.delivered)}  {texts.RECEIVED.to(language)}", ""
    for shown in recipient.shown:
        yield f"{exact_text(shown.at)}  {texts.SHOWN_TO.to(language)} {shown.officer}", ""
    for call in recipient.calls:
        step = f"{texts.STEP.to(language)} {call.step}"
        yield f"{exact_text(call.at)}  {texts.CALLED.to(language)} {call.officer} ({step})", ""
    for each in recipient.acknowledgements:
        word = texts.THEIR_STATES["acknowledged"].to(language)
        said = f" – {each.text}" if each.text else ""
        yield f"{exact_text(each.at)}  {word} {by} {each.officer or each.key}{said}", ""
        if not each.counts:
            reasons = " ".join(words.words.to(language) for words in each.why_not)
            yield (
                f"{texts.DOES_NOT_COUNT.to(language)}{COLON.to(language)} {reasons}",
                STYLES["late"],
            )
    for answer in recipient.answers:
        yield f"{texts.THEIR_STATES['answered'].to(language)} {answer}", ""
