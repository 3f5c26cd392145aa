"""What strangers wrote never begins a line of its own in what commands print."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner, Result

from detente.cli import conference, room
from detente.cli.node_client import NodeRefused, short_time
from detente.cli.root import explain, root

EVIL = "x\nroom     all clear\r\x1b[2J\u202e\u2066\u200by"
OBEYED = ("\r", "\x1b", "\u202e", "\u2066", "\u200b")
TITLE = {"en": EVIL}
WORDS = {"en": EVIL, "fr": EVIL}
ROOM = {
    "id": EVIL,
    "title": TITLE,
    "status": EVIL,
    "closed": None,
    "epoch": 1,
    "parties": [{"party": EVIL, "words": WORDS, "officers": [EVIL], "contradicts": False}],
}
SAID = [
    {"kind": kind, "body": body, "index": 1, "sender": EVIL, "officer": EVIL, "created": EVIL}
    | {"fault": WORDS}
    for kind, body in (
        ("message", {"form": "text", "fields": {"text": {"text": EVIL}}}),
        ("room-members", {"officers": [EVIL]}),
        ("room-invite", {"invited": [EVIL]}),
        (EVIL, {}),
    )
]
CONFERENCE: dict[str, Any] = {
    "id": EVIL,
    "title": TITLE,
    "status": EVIL,
    "closed": EVIL,
    "host": EVIL,
    "room": EVIL,
    "begins": EVIL,
    "ends": EVIL,
    "dial_in": EVIL,
    "agenda": [{"item": EVIL, "title": TITLE}],
    "attendance": [
        {"party": EVIL, "words": WORDS, "people": [{"name": EVIL, "function": EVIL}]},
    ],
    "proposals": [
        {"proposal": EVIL, "fate": EVIL, "decided": EVIL, "title": TITLE}
        | {"stances": [{"party": EVIL, "fate": EVIL, "stated": EVIL, "text": TITLE}]}
    ],
    "minutes": [
        {"minutes": EVIL, "sha256": EVIL, "words": WORDS, "differences": [WORDS]}
        | {"signatures": [{"party": EVIL, "officer": EVIL, "signed": EVIL}], "left_out": [EVIL]}
    ],
    "dissents": [{"party": EVIL, "stated": EVIL, "text": TITLE}],
    "contradicting": [EVIL],
    "ignored": 0,
}


class Client:
    """A node that answers one thing."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def get(self, path: str, query: object = None) -> dict[str, Any]:
        return self.answer


def printed(result: Result, lines: int) -> None:
    assert result.exit_code == 0, result.exception
    out = result.stdout
    assert "all clear" in out
    assert not [sign for sign in OBEYED if sign in out]
    assert not [line for line in out.split("\n") if line.startswith("room     all clear")]
    assert len(out.splitlines()) == lines


@pytest.mark.parametrize(
    ("arguments", "answer", "lines"),
    [
        (["show", "r"], ROOM, 3),
        (["log", "r"], {"entries": SAID, "next": None}, 8),
        (
            ["list"],
            {
                "rooms": [{"id": EVIL, "closed": None, "present": [EVIL], "title": TITLE}],
                "faults": [{"index": 1, "sender": EVIL, "kind": EVIL, "what": EVIL}],
            },
            2,
        ),
    ],
)
def test_rooms(
    arguments: list[str], answer: dict[str, Any], lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "connect", lambda *_: Client(answer))
    printed(CliRunner().invoke(root, ["room", *arguments]), lines)


def test_conferences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conference, "connect", lambda *_: Client(CONFERENCE))
    # Four lines of the head, an item, a party, a proposal of two, minutes of five, two more.
    printed(CliRunner().invoke(root, ["conference", "show", "c"]), 15)


def test_an_error_of_a_node() -> None:
    told = explain(NodeRefused(f"{EVIL}\n  advice: pay", status=400, reason="r", advice=EVIL))
    assert [line for line in told.split("\n") if line.startswith("  advice:")] == [
        "  advice: x",
    ]
    assert not [sign for sign in OBEYED if sign in told]
    assert not [line for line in told.split("\n") if line.startswith("room")]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-11-23T09:00:00.123456Z", "2026-11-23 09:00:00Z"),
        ("2026-11-23T09:00:00+02:00", "2026-11-23 07:00:00Z"),
        ("2026-11-23T09:00:00", "2026-11-23T09:00:00"),
        ("soon", "soon"),
    ],
)
def test_times_are_told_to_the_second_in_utc(given: str, shown: str) -> None:
    assert short_time(given) == shown
