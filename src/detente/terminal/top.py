"""The top of every screen: where we are, what is alarming, how the lines are; and its keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from detente.errors import one_line
from detente.words import Language

from . import texts
from .picture import AlarmLine, Picture
from .showing import clock_seconds, link_text
from .typesetting import COLON

PEER_LINES_MAX: Final = 3


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
                    f"{COLON.to(language)} "
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
                Text(f"! {texts.ALARM.to(language)}{COLON.to(language)} {said}{tail}{hush}")
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
                text.append(f" {name}{COLON.to(language)} {count} ", "reverse bold")
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
