"""What a screen may ask of the terminal that it is on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar

from textual.geometry import Size
from textual.screen import Screen

from detente.words import Language, Words

from .answers import Message
from .calls import LineCalls
from .picture import Picture
from .top import Top
from .watching import Watcher

T = TypeVar("T")


class Terminal(Protocol):
    """An officer's terminal, as its screens know it.

    Attributes:
        status: of the messages that are listed.
        language: of now.
        picture: what is known of the node.
        calls: the node.
        watcher: follows the node.
        clock: time of day.
        steady: seconds of a clock that never goes back.
        app_focus: whether its window is the one that is typed in.
    """

    status: str
    language: Language
    picture: Picture
    calls: LineCalls
    watcher: Watcher
    clock: Callable[[], datetime]
    steady: Callable[[], float]
    app_focus: bool

    @property
    def size(self) -> Size:
        """How large it is."""

    async def push_screen_wait(self, screen: Screen[T]) -> T:
        """Show another screen in front; what that ends with."""

    async def ask(self, question: Awaitable[T]) -> T | None:
        """Ask the node; None, and the reason on the screen, if there is no answer."""

    async def choose_peer(self) -> str | None:
        """One of the other parties; the only one without asking."""

    def tell_top(self, top: Top) -> None:
        """Tell the lines at the top of a screen."""

    def say(self, words: Words) -> None:
        """A passing remark."""

    def open(self, message: Message) -> None:
        """Show a message and its thread."""

    def may_act(self) -> bool:
        """Whether the node can be asked to record something; says so if not."""

    def may_report(self, message: Message) -> bool:
        """Whether this officer's having seen a message is to be reported."""

    def was_shown(self, message: Message) -> bool:
        """All of a message's text was in sight. Whether there is nothing left to do."""
