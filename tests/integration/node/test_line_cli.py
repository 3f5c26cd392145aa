"""The commands of the line with two real nodes: what one officer sends, the other acknowledges."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from tests.support.nodes import Net, NodeUnderTest, two_nodes, until
from tests.support.program import Finished, detente

from detente.cli.session_file import SavedSession, SessionFile
from detente.terminal import HttpNode, LineCalls
from detente.terminal.app import LineTerminal

pytestmark = pytest.mark.anyio

AREA = "circle 5 km 36.718031N 68.862211E"
NEAR = "circle 5 km 36.8N 68.862211E"
LEVELS = "1000 ft MSL to 5000 ft MSL"
TIMES = "2027-01-05 06:00 to 08:00"


def token_of(http: httpx.AsyncClient) -> str:
    return http.headers["authorization"].removeprefix("Bearer ")


class Officer:
    """Somebody with a session, at the command line."""

    def __init__(self, node: NodeUnderTest, file: Path, token: str, name: str) -> None:
        self.url = node.url
        self.file = file
        self.token = token
        SessionFile(file).save(SavedSession(node.url, name, token))

    async def line(self, *arguments: str) -> Finished:
        session = ("--session-file", str(self.file), "--node", self.url)
        return await detente("line", *arguments, *session)


async def officers(net: Net, root: Path) -> tuple[Officer, Officer]:
    a, b = await asyncio.gather(net["a"].login("durand"), net["b"].login("nowak"))
    try:
        return (
            Officer(net["a"], root / "a.json", token_of(a), "durand"),
            Officer(net["b"], root / "b.json", token_of(b), "nowak"),
        )
    finally:
        await a.aclose()
        await b.aclose()


async def test_a_warning_is_sent_read_back_and_acknowledged(tmp_path: Path) -> None:
    sketch = tmp_path / "sketch.geojson"
    sketch.write_text('{"type": "Point", "coordinates": [68.8, 36.7]}')
    async with two_nodes(tmp_path) as net:
        await net.up()
        a, b = await officers(net, tmp_path)

        sent = await a.line(
            *("send", "warning", "--danger", "debris", "--area", AREA, "--levels", LEVELS),
            *("--times", TIMES, "--sketch", str(sketch), "--yes", "--json"),
            *("--wait", "delivered", "--timeout", "20"),
        )
        assert sent.code == 0, sent.err
        assert "falling debris" in sent.err
        assert "chute de débris" in sent.err
        message = json.loads(sent.out)
        identity = message["id"]
        assert message["recipients"][0]["state"] == "delivered"
        assert message["files"][0]["media_type"] == "application/geo+json"

        listed, nothing = await asyncio.gather(
            b.line("inbox", "--waiting"), b.line("inbox", "--status", "exercise", "--json")
        )
        assert identity[-8:] in listed.out
        assert "URGENT" in listed.out
        assert "●●○○○" in listed.out
        assert json.loads(nothing.out)["messages"] == []

        wrong = await b.line(
            "ack", identity[-8:], "--area", NEAR, "--levels", LEVELS, "--times", TIMES
        )
        assert wrong.code == 4, wrong.err
        assert "9.1 km" in wrong.err or "9,1 km" in wrong.err or "9.0" in wrong.err, wrong.err

        late = await a.line(
            *("send", "text", "--text", "Is anybody there?", "--yes"),
            *("--wait", "acknowledged", "--timeout", "0.2"),
        )
        assert late.code == 3

        right = await b.line(
            *("ack", identity, "--area", AREA, "--levels", LEVELS, "--times", TIMES),
            *("--remark", "Understood."),
        )
        assert right.code == 0, right.err

        async def acknowledged() -> bool:
            shown = await a.line("show", identity, "--json")
            (found,) = json.loads(shown.out)["messages"]
            return bool(found["recipients"][0]["acknowledged_by"] == "nowak")

        await until(acknowledged, every_s=0.2)
        answered = await b.line(
            *("send", "reply", "--answers", identity, "--answer", "yes", "--yes", "--json")
        )
        assert answered.code == 0, answered.err
        reply = json.loads(answered.out)
        assert (reply["answers"], reply["urgency"]) == (identity, "urgent")

        status, test = await asyncio.gather(
            a.line("status"), a.line("test", "--start", "b", "--json")
        )
        assert status.code == 0
        assert status.out.startswith("= b up")
        call = json.loads(test.out)
        assert call["missing"] == ["a", "b"]
        asked = await a.line("test")
        words = asked.out.partition("Write these words: ")[2].strip()
        said = await a.line("test", "--answer", words, "--json")
        assert said.code == 0, said.err
        assert json.loads(said.out)["missing"] == ["b"]

        await the_full_screen(net["b"], b)


async def the_full_screen(node: NodeUnderTest, officer: Officer) -> None:
    """A message is opened on the full screen of a real node, and that is stated in the record."""
    api = HttpNode(officer.url, officer.token)
    calls = LineCalls(api)
    session, ways = await asyncio.gather(calls.session(), calls.ways())
    app = LineTerminal(api, session, ways.party, pulse_s=0.5)
    async with app.run_test(size=(80, 24)) as pilot:

        async def listed() -> bool:
            await pilot.pause()
            return bool(app.picture.listed("actual")) and app.main.chosen() is not None

        await until(listed)
        app.main.box = "in"
        app.main.retell()
        newest = app.picture.listed("actual", "in")[0]
        assert newest.form == "text"
        await pilot.press("home", "enter")

        async def shown() -> bool:
            await pilot.pause()
            ours = app.picture.messages[newest.id].recipient("b")
            return ours is not None and ours.state == "shown"

        await until(shown)
    await api.close()
