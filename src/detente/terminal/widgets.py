"""What every screen has: where we are, what is alarming, how the lines are, which keys exist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from detente.errors import one_line
from detente.words import Language

from . import texts
from .answers import Message
from .picture import AlarmLine, Picture
from .showing import clock_seconds, fate_text, link_text, message_text

if TYPE_CHECKING:
    from .app import LineTerminal

PEER_LINES_MAX = 3
REST_S = 0.4
"""Text that was in sight for less has not been shown to anybody."""
T = TypeVar("T")


class Top(Vertical):
    """The lines at the top of every screen."""

    def compose(self) -> ComposeResult:
        """Banner, blindness, alarm, peers."""
        yield Static(id="banner", markup=False)
        yield Static(id="blind", markup=False)
        yield Static(id="alarm", markup=False)
        yield Static(id="peers", markup=False)

    def tell(
        self,
        picture: Picture,
        alarms: Sequence[AlarmLine],
        language: Language,
        status: str,
        now: datetime,
        *,
        officer: str,
        quiet: bool,
    ) -> None:
        """Say how it is now."""
        banner = self.query_one("#banner", Static)
        for each in texts.STATUS_BANNER:
            banner.set_class(each == status, each)
        self.set_class(picture.blind is not None, "is-blind")
        words = texts.STATUS_BANNER.get(status, texts.STATUS_BANNER["actual"])
        banner.update(self._banner(picture, words.to(language), status, language, now, officer))
        blind = self.query_one("#blind", Static)
        blind.display = picture.blind is not None
        if picture.blind is not None:
            since = clock_seconds(f"{picture.blind:%Y-%m-%dT%H:%M:%SZ}", now)
            blind.update(
                Text(
                    f"!! {texts.NO_ANSWER.to(language)} {texts.SINCE.to(language)} {since}"
                    f"{texts.COLON.to(language)} "
                    f"{texts.AS_IT_WAS.to(language)}. {one_line(picture.why.to(language))}",
                    overflow="ellipsis",
                )
            )
        alarm = self.query_one("#alarm", Static)
        alarm.display = bool(alarms)
        if alarms:
            more = len(alarms) - 1
            tail = f"  (+ {texts.MORE.to(language).format(count=more)})" if more else ""
            hush = f"  [{texts.QUIET_SHORT.to(language)}]" if quiet else ""
            said = one_line(alarms[0].words.to(language))
            alarm.update(
                Text(f"! {texts.ALARM.to(language)}{texts.COLON.to(language)} {said}{tail}{hush}")
            )
        self._peers(picture, language, now)

    @staticmethod
    def _banner(
        picture: Picture, words: str, status: str, language: Language, now: datetime, officer: str
    ) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" {words} ", "bold")
        text.append(f" {one_line(picture.party)} / {one_line(officer)} ")
        text.append(f" {now:%Y-%m-%d %H:%M:%S}Z ")
        for other in texts.STATUS_BANNER:
            count = picture.counted(other)
            if other != status and count:
                name = texts.STATUS_SHORT[other].to(language)
                text.append(f" {name}{texts.COLON.to(language)} {count} ", "reverse bold")
        return text

    def _peers(self, picture: Picture, language: Language, now: datetime) -> None:
        lines = [link_text(picture.links[peer], language, now) for peer in sorted(picture.links)]
        if not lines:
            waits = texts.STARTING if picture.heard is None else texts.NO_PEERS
            lines = [Text(waits.to(language))]
        if len(lines) > PEER_LINES_MAX:
            # The ones that are not well come first: no bad news falls off the end.
            order = sorted(
                picture.links, key=lambda peer: (picture.links[peer].state == "up", peer)
            )
            lines = [link_text(picture.links[peer], language, now) for peer in order]
            rest = len(lines) - PEER_LINES_MAX + 1
            lines = [
                *lines[: PEER_LINES_MAX - 1],
                Text(f"  + {texts.MORE.to(language).format(count=rest)}"),
            ]
        if picture.blind is not None:
            was = texts.WAS.to(language)
            lines = [Text(f"{was} {line.plain}", no_wrap=True) for line in lines]
        self.query_one("#peers", Static).update(Text("\n", no_wrap=True).join(lines))


class KeyLine(Static):
    """Which keys there are."""

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        """Args:
        keys: what is printed on the key, and which of `texts.KEYS` says what it does.
        """
        super().__init__(id="keys", markup=False)
        self._keys = keys

    def tell(self, language: Language) -> None:
        """In a language."""
        text, used = Text(), 0
        for printed, name in self._keys:
            named = texts.KEY_NAMES.get(printed)
            key = f" {printed if named is None else named.to(language)} "
            label = f" {texts.KEYS[name].to(language)}  "
            width = cell_len(key) + cell_len(label)
            if used and used + width - 2 > self.app.size.width:  # a key stays with its label
                text.append("\n")
                used = 0
            text.append(key, "reverse")
            text.append(label)
            used += width
        self.update(text)


class LineScreen(Screen[T], Generic[T]):
    """A screen that is told anew whenever something has changed."""

    KEYS: tuple[tuple[str, str], ...] = (("F1", "f1"), ("F2", "f2"), ("Esc", "esc"))
    _mounted_whole = False

    @property
    def terminal(self) -> LineTerminal:
        """The application."""
        return cast("LineTerminal", self.app)

    def compose(self) -> ComposeResult:
        """The top, what the screen is for, the keys."""
        yield Top(id="top")
        yield from self.body()
        yield KeyLine(self.KEYS)

    def body(self) -> ComposeResult:
        """What the screen is for."""
        raise NotImplementedError

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
        screen = cast("LineScreen[object]", self.screen)
        terminal = screen.terminal
        # `is_current` would be true as well of a screen that an opaque one hides.
        if not (screen.is_active and terminal.app_focus and terminal.picture.blind is None):
            return
        inside = self.content_region
        for paper in self.query(Paper):
            if paper.look(inside.y, inside.bottom) and not paper.reported:
                paper.reported = terminal.was_shown(paper.message)
