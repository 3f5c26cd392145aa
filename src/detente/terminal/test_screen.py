"""Test calls: answer one, make one, see how they went."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from detente.errors import one_line
from detente.words import Words

from . import texts
from .line_screen import LineScreen
from .node_api import NodeAway, NodeRefused
from .showing import clock_seconds
from .test_calls import calls_text, phrase_of
from .typed import NotUnderstood, read_phrase


class TestScreen(LineScreen[None]):
    """The oldest test call that waits for us, and what became of the others."""

    __test__ = False  # no test of pytest's

    KEYS = (
        ("Ctrl+S", "ctrl+s answer"),
        ("Ctrl+N", "n"),
        ("Esc", "esc"),
        ("F1", "f1"),
        ("F2", "f2"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "answer", priority=True),
        Binding("ctrl+n", "make", priority=True),
        Binding("escape", "dismiss(None)"),
    ]
    status = "test"

    def __init__(self) -> None:
        super().__init__()
        self._said: list[Words] = []

    def body(self) -> ComposeResult:
        """The words, where to write them, and the others."""
        yield Static(id="told", markup=False)
        yield Input(id="phrase", compact=True)
        with VerticalScroll(id="calls"):
            yield Static(id="calls-text", markup=False)

    def on_mount(self) -> None:
        """Ready to be written in."""
        super().on_mount()
        self.query_one(Input).focus()

    def tell(self) -> None:
        """As it is now."""
        terminal, language = self.terminal, self.terminal.language
        waiting = terminal.picture.open_calls()
        text = Text()
        for words in self._said:
            text.append(f"{one_line(words.to(language))}\n", "bold")
        if not waiting:
            text.append(texts.TEST_NONE.to(language))
        else:
            call = waiting[0]
            message = terminal.picture.messages.get(call.id)
            when = clock_seconds(call.at, terminal.clock())
            text.append(one_line(f"{call.caller} → {call.callee} {when}  "))
            text.append(f"{texts.TEST_SAY.to(language)} ")
            phrase = "…" if message is None else phrase_of(message, language)
            text.append(one_line(phrase), "bold reverse")
        told = self.query_one("#told", Static)
        told.update(text)
        told.set_class(bool(self._said), "fault")
        box = self.query_one("#calls-text", Static)
        found = terminal.picture.calls
        box.update(Text("…") if found is None else calls_text(found, language))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """There is one line only: Enter answers."""
        self.action_answer()

    def action_answer(self) -> None:
        """Answer with what was written."""
        waiting = self.terminal.picture.open_calls()
        if waiting and self.terminal.may_act():
            self.run_worker(self._answer(waiting[0].id), exclusive=True)

    def action_make(self) -> None:
        """Try the line."""
        if self.terminal.may_act():
            self.run_worker(self._make(), exclusive=True)

    async def _answer(self, identity: str) -> None:
        box = self.query_one("#phrase", Input)
        try:
            phrase = [str(word) for word in read_phrase(box.value)]
            await self.terminal.calls.answer_test_call(identity, phrase)
        except NotUnderstood as error:
            self._said = [error.words]
        except (NodeRefused, NodeAway) as error:
            self._said = [error.words]
        else:
            self._said = []
            box.value = ""
            self.terminal.say(texts.ANSWERED_TEST)
            self.terminal.watcher.look_again()
        self.retell()

    async def _make(self) -> None:
        peer = await self.terminal.choose_peer()
        if not peer:
            return
        try:
            await self.terminal.calls.start_test_call(peer)
        except (NodeRefused, NodeAway) as error:
            self._said = [error.words]
        else:
            self.terminal.say(texts.TEST_STARTED)
            self.terminal.watcher.look_again()
        self.retell()
