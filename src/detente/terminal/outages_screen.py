"""When the lines were down, by the statements of both sides."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from . import texts
from .answers import Outages
from .line_screen import LineScreen
from .showing import outages_text

DAYS = 30


class OutagesScreen(LineScreen[None]):
    """Outages, those that last first; what it looked like when the screen was opened."""

    KEYS = (("Esc", "esc"), ("F1", "f1"), ("F2", "f2"))
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)")]

    def __init__(self) -> None:
        super().__init__()
        self._found: Outages | None = None

    def body(self) -> ComposeResult:
        """A text."""
        yield Static(id="told", markup=False)
        with VerticalScroll(id="calls"):
            yield Static(id="calls-text", markup=False)

    def on_mount(self) -> None:
        """Ask the node."""
        super().on_mount()
        self.query_one("#calls").focus()
        self.run_worker(self._ask(), exclusive=True)

    def tell(self) -> None:
        """In the language of now."""
        language = self.terminal.language
        title = texts.OUTAGES.to(language).format(days=DAYS)
        self.query_one("#told", Static).update(title)
        found = self._found
        text = Text("…") if found is None else outages_text(found, language)
        self.query_one("#calls-text", Static).update(text)

    async def _ask(self) -> None:
        self._found = await self.terminal.ask(self.terminal.calls.outages(DAYS))
        self.retell()
