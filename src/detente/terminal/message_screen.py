"""A message with all that belongs to it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from . import texts
from .answers import Message
from .line_screen import LineScreen
from .papers import Paper, Papers


class MessageScreen(LineScreen[None]):
    """One message and its thread: what it says, what became of it, what answers it."""

    KEYS = (
        ("a", "a"),
        ("r", "r"),
        ("k", "k"),
        ("x", "x"),
        ("d", "d"),
        ("Esc", "esc"),
        ("F1", "f1"),
        ("F2", "f2"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "app.acknowledge"),
        Binding("r", "app.reply"),
        Binding("k", "app.correct"),
        Binding("x", "app.withdraw"),
        Binding("d", "app.save_file"),
        Binding("escape", "app.pop_screen"),
    ]

    def __init__(self, message: Message) -> None:
        """Args:
        message: that is opened.
        """
        super().__init__()
        self.message = message

    def body(self) -> ComposeResult:
        """The message; the rest of its thread comes when the node has told it."""
        with Papers(id="papers"):
            yield Paper(self.message)
        yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        """Ask for the thread."""
        self.query_one(Papers).focus()
        super().on_mount()
        self.run_worker(self._thread(), exclusive=True)

    def on_screen_resume(self) -> None:
        """It is in front again."""
        self.query_one(Papers).look()

    def tell(self) -> None:
        """Every paper as it is now."""
        terminal = self.terminal
        for paper in self.query(Paper):
            paper.tell(terminal.picture, terminal.language, terminal.steady())
        self.message = terminal.picture.messages.get(self.message.id, self.message)
        papers = self.query_one(Papers)
        papers.look()
        own = next(iter(self.query(Paper).results()), None)
        unseen = own is not None and not own.reported and terminal.may_report(self.message)
        hint = self.query_one("#hint", Static)
        hint.display = unseen and papers.max_scroll_y > 0 and terminal.picture.blind is None
        hint.update(texts.UNSEEN_TEXT.to(terminal.language))

    async def _thread(self) -> None:
        found = await self.terminal.ask(self.terminal.calls.thread(self.message.id))
        if found is None:
            return
        self.terminal.picture.put(found)
        others = [each for each in found if each.id != self.message.id]
        papers = self.query_one(Papers)
        await papers.mount_all(Paper(each) for each in others)
        self.retell()
