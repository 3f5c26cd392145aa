"""What `detente line watch` shows, and what it shows while the node is silent."""

from __future__ import annotations

from io import StringIO

import msgspec
from rich.console import Console
from tests.unit.terminal.fake_node import START, FakeNode, link, message, session, waiting

from detente.cli.line_connect import Desk
from detente.cli.line_watch import _view
from detente.terminal import LineCalls, Link, Message, Session, Waits
from detente.terminal.picture import Picture
from detente.words import Words


def seen(picture: Picture) -> str:
    officer = msgspec.convert(msgspec.to_builtins(session()), Session)
    out = StringIO()
    console = Console(file=out, width=110, color_system=None)
    console.print(_view(Desk(LineCalls(FakeNode()), officer, "a", "en"), picture))
    return out.getvalue()


def test_old_states_are_told_as_old() -> None:
    warning = message(5)
    picture = Picture("a")
    picture.put([msgspec.convert(msgspec.to_builtins(warning), Message)])
    waits = msgspec.convert(msgspec.to_builtins(waiting(warning, 60)), Waits)
    picture.put_waiting([waits], 0.0)
    picture.put_link(msgspec.convert(msgspec.to_builtins(link()), Link))
    picture.answered(START)
    now = seen(picture)
    assert "●●○○○ not shown yet" in now
    assert "ALARM" in now
    assert "\n= b up" in now
    picture.unanswered(START, Words("It is gone.", "Il n’est plus là."))
    then = seen(picture)
    assert "NO ANSWER FROM THE NODE since" in then
    assert "was: not shown yet" in then
    assert "was: = b up" in then
    assert "●" not in then
    assert "ALARM" not in then
