"""The full screen, with a node in memory: what is told, what is asked, what is never done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from rich.text import Text
from tests.unit.terminal.fake_node import (
    AREA,
    LEVELS,
    START,
    TIMES,
    TYPED,
    FakeNode,
    call,
    identity,
    link,
    message,
    session,
    told,
    waiting,
)
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Select, Static

from detente.line import State
from detente.node import message_bodies as bodies
from detente.terminal import Session, papers
from detente.terminal.acknowledge_screen import AcknowledgeScreen
from detente.terminal.app import LineTerminal
from detente.terminal.compose_screen import ComposeScreen
from detente.terminal.dialogs import HelpScreen, PreviewScreen, ProofScreen
from detente.terminal.message_screen import MessageScreen
from detente.terminal.papers import Papers
from detente.words import Language, Words

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text need not stand still for as long as a person needs."""
    monkeypatch.setattr(papers, "REST_S", 0.15)


class Screen:
    """A terminal under a pilot."""

    def __init__(self, node: FakeNode, app: LineTerminal, pilot: Pilot[None]) -> None:
        self.node = node
        self.app = app
        self.pilot = pilot
        self.steady_s = 0.0

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        field = self.app.focused
        assert isinstance(field, Input)
        field.value = text
        await self.pilot.pause()

    async def until(self, true: Callable[[], object]) -> None:
        for _ in range(400):
            await self.pilot.pause(0.005)
            if true():
                return
        raise AssertionError(self.text)

    async def on(self, kind: type[Any]) -> None:
        await self.until(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_mounted)
        await self.pilot.pause()

    async def rest(self) -> None:
        """As long as text must stand still to count as shown, and a little more."""
        await self.pilot.pause(0.3)

    @property
    def text(self) -> str:
        """All that stands on the screen."""
        width = self.app.size.width
        rows = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text[:width] for strip in rows)

    def static(self, selector: str) -> str:
        shown = self.app.screen.query_one(selector, Static).content
        return shown.plain if isinstance(shown, Text) else str(shown)

    @property
    def table(self) -> list[list[str]]:
        table = self.app.screen.query_one(DataTable)
        return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


@asynccontextmanager
async def terminal(
    node: FakeNode,
    *,
    size: tuple[int, int] = (80, 24),
    language: Language = "en",
    pulse_s: float = 60.0,
    **who: Any,
) -> AsyncIterator[Screen]:
    steady = [0.0]
    app = LineTerminal(
        node,
        msgspec.convert(msgspec.to_builtins(session(**who)), Session),
        "a",
        language=language,
        clock=lambda: START,
        steady=lambda: steady[0],
        pulse_s=pulse_s,
    )
    bells: list[float] = []
    app.bell = lambda: bells.append(steady[0])  # type: ignore[method-assign]
    async with app.run_test(size=size) as pilot:
        at = Screen(node, app, pilot)
        at.bells = bells  # type: ignore[attr-defined]
        at.set_steady = lambda value: steady.__setitem__(0, value)  # type: ignore[attr-defined]
        await at.until(lambda: app.picture.heard and app.picture.calls is not None)
        await pilot.pause()
        yield at


def busy() -> FakeNode:
    warning = message(5)
    late = message(
        7,
        "safety-of-flight",
        {"situation": "strayed", "area": AREA, "at": "2027-01-04T11:59:00Z"},
        state="shown",
    )
    ours = message(
        1,
        "text",
        {"text": {"language": "en", "text": "[b]x[/]"}},
        sender="a",
        to="b",
        state="acknowledged",
    )
    exercise = message(9, status="exercise")
    test = message(8, "test-call", {"phrase": ["lake", "apple"]}, status="test")
    return FakeNode(
        messages=[warning, late, ours, exercise, test],
        waiting=[waiting(warning, 180), waiting(late, -65), waiting(exercise, 900)],
        calls=[call(8)],
    )


async def test_the_list_tells_states_in_words_and_never_mixes_statuses() -> None:
    async with terminal(busy()) as at:
        rows = at.table
        assert [row[3].split(":")[0] for row in rows] == [
            "Safety of flight",
            "Warning",
            "Free text",
        ]
        assert rows[0][4] == "●●●○○ shown here"
        assert rows[1][4] == "●●○○○ not shown yet"
        assert rows[2][4] == "●●●●○ acknowledged"
        assert [row[5] for row in rows] == ["-1:05", "3:00", ""]
        assert [row[2] for row in rows] == ["DISTRESS", "URGENT", ""]
        assert "[b]x[/]" in rows[2][3]
        assert at.static("#banner").split()[:1] == ["ACTUAL"]
        assert "EXERCISE: 1" in at.static("#banner")
        assert "TEST: 1" in at.static("#banner")
        assert "1:05 too late" in at.static("#alarm")
        await at.press("s")
        assert [row[3].split(":")[0] for row in at.table] == ["Warning"]
        assert "EXERCISE – EXERCISE" in at.static("#banner")
        assert "ACTUAL: 2" in at.static("#banner")
        await at.press("s", "f", "f", "f")
        assert "TEST – TEST" in at.static("#banner")


async def test_the_countdown_goes_by_a_steady_clock() -> None:
    async with terminal(busy()) as at:
        at.set_steady(10.0)  # type: ignore[attr-defined]
        at.node.waiting = []  # what is asked for again would begin anew
        at.app.picture.put_waiting(list(at.app.picture.ours("actual")), 0.0)
        at.app._retell()
        assert at.table[1][5] == "2:50"


async def test_a_message_that_is_read_is_reported_as_shown_once() -> None:
    async with terminal(busy()) as at:
        assert at.node.asked_for("POST", "/shown") == []
        await at.press("down", "enter")
        await at.on(MessageScreen)
        assert "falling debris" in at.text
        await at.until(lambda: at.node.asked_for("POST", "/shown"))
        await at.press("f1")
        await at.press("escape")
        await at.pilot.pause(0.05)
        assert len(at.node.asked_for("POST", "/shown")) == 1
        assert "shown to a-1" in at.text


async def test_a_long_message_is_shown_only_when_its_end_was_on_the_screen() -> None:
    words = "\n".join(f"Line {number}" for number in range(60))
    long = message(4, "text", {"text": {"language": "en", "text": words}})
    async with terminal(FakeNode(messages=[long])) as at:
        await at.press("enter")
        await at.on(MessageScreen)
        assert "Go down to read the rest" in at.static("#hint")
        await at.press("end")  # the middle ran past, and was not read
        await at.rest()
        assert at.node.asked_for("POST", "/shown") == []
        papers = at.app.screen.query_one(Papers)
        for line in range(0, int(papers.max_scroll_y) + 10, 10):
            papers.scroll_to(y=line, animate=False)
            await at.rest()
        await at.until(lambda: at.node.asked_for("POST", "/shown"))


@pytest.mark.parametrize("why", ["behind", "unfocused", "blind", "observer", "ours"])
async def test_what_was_not_really_seen_is_not_reported(why: str) -> None:
    node = FakeNode(messages=[message(5, sender="a", to="b") if why == "ours" else message(5)])
    scopes = ["line.read"] if why == "observer" else ["line.read", "line.shown"]
    async with terminal(node, scopes=scopes) as at:
        if why == "unfocused":
            at.app.app_focus = False
        if why == "blind":
            node.away = True
            node.hang_up()
            await at.until(lambda: at.app.picture.blind)
        at.app.open(at.app.picture.messages[identity(5)])
        if why == "behind":
            at.app.push_screen(HelpScreen())
        await at.rest()
        assert node.asked_for("POST", "/shown") == []


async def test_acknowledging_reads_back_and_tells_differences_in_words() -> None:
    node = busy()
    far = bodies.DifferenceView(
        part="area",
        what="place",
        words=bodies.Told(en="The place read back is 9.1 km off.", fr="Le lieu est à 9,1 km."),
        distance_m=9100.0,
        bearing_deg=0.0,
    )
    refused = bodies.ReadBackRefused(message="no", code="line.read_back", differences=[far])
    node.refusals["/acknowledgement"] = (422, msgspec.to_builtins(refused))
    async with terminal(node) as at:
        await at.press("down", "a")
        await at.on(AcknowledgeScreen)
        await at.press("ctrl+s")
        assert "Area is missing." in at.static("#told")
        assert node.asked_for("POST", "/acknowledgement") == []
        for name, text in TYPED.items():
            at.app.screen.query_one(f"#input-{name}", Input).value = text
        await at.press("ctrl+s")
        await at.until(lambda: "9.1 km off" in at.static("#told"))
        assert "NOT SIGNED" in at.static("#told")
        assert at.app.screen.query_one("#input-area").has_class("fault")
        assert not at.app.screen.query_one("#input-times").has_class("fault")
        await at.press("f2")
        assert "9,1 km" in at.static("#told")
        node.refusals.clear()
        await at.press("ctrl+s")
        await at.until(lambda: not isinstance(at.app.screen, AcknowledgeScreen))
        body = node.asked_for("POST", "/acknowledgement")[-1]
        assert body == {"read_back": {"area": AREA, "levels": LEVELS, "times": TIMES}}
        await at.until(lambda: at.table[1][4] == "●●●●○ acte pris")


async def test_a_message_is_written_shown_in_both_languages_and_only_then_sent() -> None:
    node = FakeNode(fresh=False)
    async with terminal(node) as at:
        await at.press("c")
        await at.press("down", "enter")
        await at.on(ComposeScreen)
        await at.press("ctrl+s")
        await at.until(lambda: "Danger is missing." in at.static("#told"))
        screen = at.app.screen
        screen.query_one("#field-danger", Select).value = "debris"
        screen.query_one("#field-area", Input).value = TYPED["area"]
        screen.query_one("#field-levels", Input).value = "5000 ft MSL to 1000 ft MSL"
        screen.query_one("#status", Select).value = "exercise"
        await at.until(lambda: "EXERCISE – EXERCISE" in at.static("#banner"))
        await at.press("f2")
        assert screen.query_one("#field-danger", Select).value == "debris"
        assert "Zone" in at.text
        await at.press("f2", "ctrl+s")
        await at.until(lambda: "lower end is above" in at.static("#told"))
        screen.query_one("#field-levels", Input).value = ""
        await at.press("ctrl+s")
        await at.on(PreviewScreen)
        assert "falling debris" in at.text
        assert "chute de débris" in at.text
        assert node.asked_for("POST", "/messages") == []
        await at.press("y")
        await at.on(ProofScreen)
        await at.write(FakeNode.PASSWORD)
        assert FakeNode.PASSWORD not in at.text
        await at.press("enter")
        await at.until(lambda: not isinstance(at.app.screen, ComposeScreen | ProofScreen))
        (*_, body) = node.asked_for("POST", "/messages")
        assert body["status"] == "exercise"
        assert body["urgency"] == "urgent"
        assert body["fields"] == {"danger": "debris", "area": AREA}
        assert node.token == "second"


async def test_a_reply_goes_the_way_and_with_the_status_of_what_it_answers() -> None:
    node = busy()
    async with terminal(node) as at:
        await at.press("s", "r")
        await at.press("enter")
        await at.on(ComposeScreen)
        at.app.screen.query_one("#field-answer", Select).value = "yes"
        await at.press("ctrl+s")
        await at.on(PreviewScreen)
        assert "EXERCISE – EXERCISE" in at.text
        await at.press("y")
        await at.until(lambda: node.asked_for("POST", "/messages"))
        (body,) = node.asked_for("POST", "/messages")
        assert (body["status"], body["answers"], body["urgency"]) == (
            "exercise",
            identity(9),
            "urgent",
        )


async def test_a_correction_begins_with_what_it_corrects() -> None:
    node = FakeNode(messages=[message(5, sender="a", to="b")])
    async with terminal(node) as at:
        await at.press("k")
        await at.on(ComposeScreen)
        screen = at.app.screen
        assert screen.query_one("#field-area", Input).value == TYPED["area"]
        screen.query_one("#field-area", Input).value = "circle 6 km 36.718031N 68.862211E"
        await at.press("ctrl+s")
        await at.on(PreviewScreen)
        await at.press("y")
        await at.until(lambda: node.asked_for("POST", "/messages"))
        (body,) = node.asked_for("POST", "/messages")
        assert body["corrects"] == identity(5)
        assert body["fields"]["area"]["radius"] == {"value": 6, "unit": "km"}
        assert body["fields"]["times"] == TIMES


async def test_a_node_that_does_not_answer_is_told_and_nothing_old_passes_for_new() -> None:
    node = busy()
    async with terminal(node) as at:
        node.away = True
        node.hang_up()
        await at.until(lambda: "NO ANSWER FROM THE NODE" in at.static("#blind"))
        assert "since 12:00:00Z" in at.static("#blind")
        assert [row[4] for row in at.table] == [
            "was: shown here",
            "was: not shown yet",
            "was: acknowledged",
        ]
        assert {row[5] for row in at.table} == {"?", ""}
        assert at.static("#peers").startswith("was:")
        assert "●" not in at.text.partition("Urgency")[2]
        await at.press("c")
        await at.press("a")
        assert not isinstance(at.app.screen, ComposeScreen | AcknowledgeScreen)
        node.away = False
        await at.until(lambda: at.app.picture.blind is None)
        await at.until(lambda: at.table[0][4] == "●●●○○ shown here")
        assert not at.app.screen.query_one("#blind").display


async def test_the_bell_rings_for_what_is_new_goes_on_for_the_worst_and_can_be_silenced() -> None:
    node = FakeNode()
    async with terminal(node) as at:
        bells = at.bells  # type: ignore[attr-defined]
        assert bells == []
        late = message(
            7,
            "safety-of-flight",
            {"situation": "strayed", "area": AREA, "at": "2027-01-04T11:59:00Z"},
        )
        node.messages, node.waiting = [late], [waiting(late, 30)]
        node.tell(7, "message", late)
        await at.until(lambda: bells)
        assert "DISTRESS from b" in at.static("#alarm")
        rung = len(bells)
        at.app._retell()
        assert len(bells) == rung
        at.set_steady(11.0)  # type: ignore[attr-defined]
        at.app._retell()
        assert len(bells) == rung + 1
        await at.press("m")
        at.set_steady(30.0)  # type: ignore[attr-defined]
        at.app._retell()
        assert len(bells) == rung + 1
        assert "[quiet]" in at.static("#alarm")
        facts = {"peer": "b", "state": "peer-silent", "since": "2027-01-04T11:59:50Z"}
        node.tell_state("link", facts)
        await at.until(lambda: len(bells) == rung + 2)


async def test_a_test_call_is_answered_with_its_words() -> None:
    node = busy()
    async with terminal(node, language="fr") as at:
        await at.press("t")
        assert "TEST – TEST" not in at.static("#banner")
        assert "ESSAI – ESSAI" in at.static("#banner")
        assert "lac pomme" in at.static("#told")
        await at.write("lac pomme")
        await at.press("enter")
        await at.until(lambda: node.asked_for("POST", "/answer"))
        assert node.asked_for("POST", "/answer") == [{"phrase": ["lac", "pomme"]}]
        await at.until(lambda: "Aucun appel" in at.static("#told"))
        await at.press("ctrl+n")
        await at.until(lambda: node.asked_for("POST", "/test-calls"))
        assert node.asked_for("POST", "/test-calls") == [{"to": "b"}]


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_every_line_fits(size: tuple[int, int], language: Language) -> None:
    node = busy()
    overdue = node.waiting[1]
    node.waiting[1] = msgspec.structs.replace(
        overdue, instead=told(Words("Use the radio.", "Utilisez la radio."))
    )
    node.links = [link(), link("c", State.PEER_SILENT), link("d", State.DOWN_HERE), link("e")]
    async with terminal(node, size=size, language=language) as at:
        lines = at.text.splitlines()
        assert len(lines) == size[1]
        keys = at.static("#keys")
        assert ("quit" if language == "en" else "quitter") in keys
        assert all(len(line.rstrip()) <= size[0] for line in keys.splitlines())
        assert len(keys.splitlines()) <= 2
        # The lines that are not well are told before those that are.
        peers = at.static("#peers").splitlines()
        assert len(peers) == 3
        assert all(sign in "x!" for sign in (peers[0][0], peers[1][0]))
        await at.press("enter")
        await at.on(MessageScreen)
        assert ("Use the radio." if language == "en" else "Utilisez la radio.") in at.text
