"""Messages as papers on a screen, which know what of them was in sight."""

from __future__ import annotations

from typing import Final, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from detente.words import Language

from . import texts
from .answers import Message
from .line_screen import LineScreen
from .picture import Picture
from .showing import fate_text, message_text

REST_S: Final = 0.4
"""Text that was in sight for less has not been shown to anybody."""


class Paper(Widget):
    """The text of one message, and what became of it; knows which lines of it were seen."""

    def __init__(self, message: Message, *, fate: bool = True) -> None:
        """Args:
        message: as it is now.
        fate: whether to tell what became of it.
        """
        super().__init__(classes="paper")
        self.message = message
        self._fate = fate
        self._seen: set[int] = set()
        self._shape = (0, 0)
        self.reported = False

    def compose(self) -> ComposeResult:
        """The text, then what became of it."""
        yield Static(classes="text", markup=False)
        if self._fate:
            yield Static(classes="fate", markup=False)

    def tell(self, picture: Picture, language: Language, steady_s: float) -> None:
        """Say it as it is now."""
        self.message = picture.messages.get(self.message.id, self.message)
        text = message_text(self.message, picture.party, language)
        self.query_one(".text", Static).update(text)
        if self._fate:
            fate = fate_text(picture, self.message, language, steady_s)
            if picture.blind is not None:
                fate = Text(f"{texts.WAS.to(language)}\n{fate.plain}")
            self.query_one(".fate", Static).update(fate)

    def look(self, top: int, bottom: int) -> bool:
        """The lines of the screen from `top` to before `bottom` are in sight.

        Returns whether all lines of the message's own text have been in sight by now, in the form
        that they have at this width.
        """
        region = self.query_one(".text", Static).region
        shape = (region.width, region.height)
        if shape != self._shape:
            self._shape, self._seen = shape, set()
        first, last = max(top, region.y), min(bottom, region.bottom)
        self._seen.update(range(first - region.y, last - region.y))
        return region.height > 0 and len(self._seen) >= region.height


class Papers(VerticalScroll):
    """Messages to be read; those that were in sight from the first line to the last are reported.

    What counts is that the text stood still on the screen in front: not running past, not behind
    another screen, not in a window that has lost the focus (where the terminal tells), not while
    the node does not answer.
    """

    _resting: Timer | None = None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other lines are in sight; while they run past, nobody reads them."""
        super().watch_scroll_y(old_value, new_value)
        self._begin_anew()

    def on_resize(self) -> None:
        """Other lines are in sight."""
        self._begin_anew()

    def look(self) -> None:
        """Note what is in sight, if it stays so for a moment."""
        if self._resting is None:
            self._resting = self.set_timer(REST_S, self._note)

    def _begin_anew(self) -> None:
        if self._resting is not None:
            self._resting.stop()
            self._resting = None
        self.look()

    def _note(self) -> None:
        self._resting = None
        screen = cast(LineScreen[object], self.screen)
        terminal = screen.terminal
        # `is_current` would be true as well of a screen that an opaque one hides.
        if not (screen.is_active and terminal.app_focus and terminal.picture.blind is None):
            return
        inside = self.content_region
        for paper in self.query(Paper):
            if paper.look(inside.y, inside.bottom) and not paper.reported:
                paper.reported = terminal.was_shown(paper.message)
