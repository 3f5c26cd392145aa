"""What strangers wrote never begins a line that looks like ours, and is never obeyed."""

from __future__ import annotations

import msgspec
import pytest
from rich.text import Text
from tests.unit.terminal.fake_node import START, link, message

from detente.terminal import Link, Message
from detente.terminal.answers import Outages
from detente.terminal.picture import Picture
from detente.terminal.showing import (
    fate_text,
    link_details,
    listed,
    message_text,
    outages_text,
)

EVIL = "x\nLevels: all clear\r\x1b[2J\u202e\u2066\u200b\u2028\x85y"
OBEYED = ("\r", "\x1b", "\u202e", "\u2066", "\u200b", "\u2028", "\x85")


def harmless(text: Text | str, *, lines: int | None = None) -> None:
    plain = text if isinstance(text, str) else text.plain
    assert "all clear" in plain
    assert "\\u202e" in plain
    assert not [sign for sign in OBEYED if sign in plain]
    assert not [line for line in plain.split("\n") if line.startswith("Levels: all clear")]
    if lines is not None:
        assert len(plain.split("\n")) == lines


def hostile(**more: object) -> Message:
    return msgspec.convert(msgspec.to_builtins(message(7)) | more, Message)


@pytest.mark.parametrize(
    "more",
    [
        {"form": EVIL, "title": None, "rows": None, "fields": {}},
        {"rows": None, "title": None, "fields": {EVIL: EVIL}},
        {"status": EVIL},
        {"urgency": EVIL},
        {"officer": EVIL},
        {"sender": EVIL},
        {"created": EVIL},
        {"room": EVIL},
        {"answers": EVIL},
        {"corrects": EVIL},
        {"title": {"en": EVIL, "fr": EVIL}},
        {"rows": [{"label": {"en": EVIL, "fr": ""}, "value": {"en": "v", "fr": ""}}]},
        {"rows": [{"label": {"en": "Text", "fr": ""}, "value": {"en": EVIL, "fr": ""}}]},
        {"files": [{"sha256": "0" * 64, "media_type": EVIL}]},
        {"recipients": [{"party": EVIL, "state": "delivered"}]},
    ],
    ids="-".join,
)
def test_a_message_is_read_as_it_was_written(more: dict[str, object]) -> None:
    harmless(message_text(hostile(**more), "a", "en"))


def test_what_became_of_a_message() -> None:
    word = {"en": EVIL, "fr": EVIL}
    acknowledged = {"id": "1", "at": EVIL, "officer": EVIL, "text": EVIL, "counts": False}
    fate = {
        "party": EVIL,
        "state": EVIL,
        "delivered": EVIL,
        "shown": [{"officer": EVIL, "at": EVIL}],
        "calls": [{"officer": EVIL, "step": 1, "at": EVIL}],
        "acknowledgements": [acknowledged | {"why_not": [word]}],
        "answers": [EVIL],
    }
    picture, bad = Picture("a"), hostile(recipients=[fate])
    picture.put([bad])
    # Party, receipt, shown, called, acknowledged, why not, answered, and the end.
    harmless(fate_text(picture, bad, "en", 0.0), lines=8)


def test_a_list_has_one_line_for_each() -> None:
    bad = hostile(
        sender=EVIL,
        created=EVIL,
        urgency=EVIL,
        title={"en": EVIL, "fr": EVIL},
        recipients=[{"party": "a", "state": EVIL}],
    )
    row = listed(Picture("a"), bad, "en", START, 0.0)
    for cell in (row.way, row.time, row.urgency, row.what, row.state):
        harmless(cell, lines=1)


def test_lines_and_outages() -> None:
    held = {"channel": EVIL, "code": EVIL, "detail": EVIL}
    given = {"peer": EVIL, "state": EVIL, "since": EVIL, "last_heard": EVIL, "reason": EVIL}
    bad = msgspec.convert(msgspec.to_builtins(link()) | given | {"held": [held]}, Link)
    harmless(link_details(bad, "en", START), lines=2)
    stated = {"party": EVIL, "since": EVIL, "until": EVIL, "words": {"en": EVIL, "fr": EVIL}}
    found = {
        "outages": [{"peer": EVIL, "since": EVIL, "stated": [stated], "unstated": [EVIL]}],
        "faults": [{"party": EVIL, "entry": 1, "what": EVIL}],
    }
    harmless(outages_text(msgspec.convert(found, Outages), "en"), lines=6)


def test_a_text_of_several_lines_keeps_them_and_is_indented() -> None:
    rows = [{"label": {"en": "Text", "fr": ""}, "value": {"en": "one\ntwo", "fr": ""}}]
    assert "Text: one\n    two\n" in message_text(hostile(rows=rows), "a", "en").plain
