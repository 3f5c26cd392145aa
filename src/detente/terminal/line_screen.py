"""What every screen has: its top, its keys, and a body that is told anew when something changes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from .officers_terminal import Terminal
from .top import KeyLine, Top

T = TypeVar("T")


class LineScreen(Screen[T], Generic[T]):
    """A screen that is told anew whenever something has changed."""

    KEYS: tuple[tuple[str, str], ...] = (("F1", "f1"), ("F2", "f2"), ("Esc", "esc"))
    _mounted_whole = False

    @property
    def terminal(self) -> Terminal:
        """That it is on."""
        return cast(Terminal, self.app)

    def compose(self) -> ComposeResult:
        """The top, what the screen is for, the keys."""
        yield Top(id="top")
        yield from self.body()
        yield KeyLine(self.KEYS)

    @abstractmethod
    def body(self) -> ComposeResult:
        """What the screen is for."""

    def on_mount(self) -> None:
        """Say it for the first time."""
        self._mounted_whole = True
        self.retell()

    def retell(self) -> None:
        """Say everything as it is now, in the language of now."""
        # Screens are taken apart from within: what is half gone is told nothing any more.
        if not (self._mounted_whole and self.query("#banner, #peers, #keys").nodes[2:]):
            return
        self.terminal.tell_top(self.query_one(Top))
        for keys in self.query(KeyLine):
            keys.tell(self.terminal.language)
        self.set_class(self.terminal.picture.blind is not None, "blind")
        self.tell()

    def tell(self) -> None:
        """Say the body as it is now."""
