"""The full screen of an officer on the line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import AppFocus, Key

from detente.errors import one_line
from detente.words import Language, Words, same

from . import texts
from .acknowledge_screen import AcknowledgeScreen
from .answers import Message, RoomTitle, Session
from .begun import Begun, Place, answer_to, change_of, places
from .calls import Identity, LineCalls
from .compose_screen import ComposeScreen
from .dialogs import ChoiceScreen, HelpScreen, ProofScreen
from .drafting import answer_forms, writable_forms
from .files import FileFault, name_of, save
from .line_screen import LineScreen
from .main_screen import MainScreen
from .message_screen import MessageScreen
from .node_api import NodeApi, NodeAway, NodeRefused
from .officers_terminal import Terminal
from .outages_screen import OutagesScreen
from .papers import Papers
from .picture import AlarmLine, Picture
from .test_screen import TestScreen
from .top import Top
from .typesetting import filled
from .watching import PULSE_S, Watcher

T = TypeVar("T")

TICK_S: Final = 1.0
BELL_AGAIN_S: Final = 10.0
"""Between bells while something of the two worst ranks goes on."""
ACTIVE_EVERY_S: Final = 60.0
_LOUD: Final = 1


def utc_now() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


class LineTerminal(App[None]):
    """An officer's terminal; everything goes through the node's interface."""

    CSS_PATH = "terminal.tcss"
    TITLE = "Détente"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", priority=True),
        Binding("f2", "language", priority=True),
        Binding("m", "quiet"),
    ]

    def __init__(
        self,
        api: NodeApi,
        session: Session,
        party: str,
        *,
        language: Language | None = None,
        clock: Callable[[], datetime] = utc_now,
        steady: Callable[[], float] = time.monotonic,
        pulse_s: float = PULSE_S,
    ) -> None:
        """Args:
        api: the node.
        session: of the officer.
        party: whose node it is.
        language: the officer's, if not given.
        clock: time of day.
        steady: seconds of a clock that never goes back.
        pulse_s: between questions whether the node still answers.
        """
        super().__init__()
        self.session = session
        self.language: Language = language or ("fr" if session.language == "fr" else "en")
        self.status = "actual"
        self.clock = clock
        self.steady = steady
        self.picture = Picture(party)
        self.calls = LineCalls(api, self._ask_identity)
        self.watcher = Watcher(
            self.calls,
            self.picture,
            clock=clock,
            steady=steady,
            changed=self._changed,
            pulse_s=pulse_s,
        )
        self.main = MainScreen()
        self._rung: set[str] = set()
        self._bell_at = -BELL_AGAIN_S
        self._silent: set[str] = set()
        self._active_at = -ACTIVE_EVERY_S
        self._due = False

    # --- running -----------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin to follow the node."""
        self.push_screen(self.main)
        self.run_worker(self.watcher.run(), group="watcher", exit_on_error=True)
        self.set_interval(TICK_S, self._changed)

    def _changed(self) -> None:
        """Something is new: tell it, once for all that comes together."""
        if not self._due:
            self._due = True
            self.call_later(self._retell)

    def _retell(self) -> None:
        self._due = False
        self._ring()
        screen = self.screen
        if isinstance(screen, LineScreen):
            screen.retell()

    def on_key(self, event: Key) -> None:
        """Somebody is here: the session shall not lock."""
        if self.steady() - self._active_at >= ACTIVE_EVERY_S and self.picture.blind is None:
            self._active_at = self.steady()
            self.run_worker(self.ask(self.calls.active()), group="active")

    def on_app_focus(self, event: AppFocus) -> None:
        """What is on the screen is in sight again."""
        for papers in self.screen.query(Papers):
            papers.look()

    # --- telling -----------------------------------------------------------------------------

    def tell_top(self, top: Top) -> None:
        """Tell the lines at the top of a screen."""
        status = getattr(self.screen, "status", self.status)
        alarms = self._alarms()
        top.tell(
            self.picture,
            alarms,
            self.language,
            status,
            self.clock(),
            officer=self.session.name or self.session.officer,
            quiet=bool(alarms) and all(each.key in self._silent for each in alarms),
        )

    def say(self, words: Words) -> None:
        """A passing remark."""
        self.notify(one_line(words.to(self.language)), markup=False)

    def _alarms(self) -> list[AlarmLine]:
        alarms = self.picture.alarms(self.steady())
        if self.picture.blind is not None:
            # What was alarming may be over: only the silence itself is known to be.
            return []
        return alarms

    def _ring(self) -> None:
        alarms = self._alarms()
        keys = {each.key for each in alarms}
        loud = any(each.rank <= _LOUD and each.key not in self._silent for each in alarms)
        if self.picture.blind is not None:
            keys, loud = {"blind"}, "blind" not in self._silent
        again = loud and self.steady() - self._bell_at >= BELL_AGAIN_S
        if keys - self._rung or again:
            self._bell_at = self.steady()
            self.bell()
        self._rung = keys
        self._silent &= keys

    # --- asking the node ---------------------------------------------------------------------

    async def ask(self, question: Awaitable[T]) -> T | None:
        """Ask; None, and the reason on the screen, if there is no answer."""
        try:
            return await question
        except (NodeAway, NodeRefused) as error:
            self.say(error.words)
            return None

    async def _ask_identity(self, session: Session, again: bool) -> Identity | None:
        return await self.push_screen_wait(ProofScreen(session, again))

    def may_act(self) -> bool:
        """Whether the node can be asked to record something; says so if not."""
        if self.picture.blind is not None:
            self.say(texts.BLIND_NO_ACTION)
            return False
        return True

    def may_report(self, message: Message) -> bool:
        """Whether this officer's having seen a message is to be reported."""
        ours = message.recipient(self.picture.party)
        return (
            ours is not None
            and message.sender != self.picture.party
            and "line.shown" in self.session.scopes
            and not any(each.officer == self.session.officer for each in ours.shown)
        )

    def was_shown(self, message: Message) -> bool:
        """All of a message's text was in sight: report it. Whether there is nothing left to do."""
        if self.may_report(message):
            self.run_worker(self._report(message.id), group="shown")
        return True

    async def _report(self, identity: str) -> None:
        message = await self.ask(self.calls.shown(identity))
        if message is not None:
            self.picture.put([message])
            self._changed()

    # --- actions -----------------------------------------------------------------------------

    def open(self, message: Message) -> None:
        """Show a message and its thread."""
        self.push_screen(MessageScreen(message))

    def action_help(self) -> None:
        """F1."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_language(self) -> None:
        """F2."""
        self.language = "fr" if self.language == "en" else "en"
        self._changed()

    def action_quiet(self) -> None:
        """Silence the bell until something else is alarming."""
        self._silent = {each.key for each in self._alarms()}
        if self.picture.blind is not None:
            self._silent = {"blind"}
        self.say(texts.QUIET)
        self._changed()

    def action_write(self) -> None:
        """Write a message."""
        if self.may_act():
            self.run_worker(self._write(), group="act", exclusive=True)

    async def _write(self) -> None:
        options = [(form.id, form.title, form.help) for form in writable_forms()]
        form = await self.push_screen_wait(ChoiceScreen(texts.CHOOSE_FORM, options))
        if form is not None:
            rooms = places(await self._rooms(), self.picture.party, self.language)
            begun = Begun(form, self.status)
            await self.push_screen_wait(ComposeScreen(begun, self._peers(), rooms))

    async def _rooms(self) -> list[RoomTitle]:
        """Rooms that this officer may speak in, and others."""
        if not {"room.read", "room.write"} <= set(self.session.scopes):
            return []
        return await self.ask(self.calls.rooms()) or []

    async def _place(self, message: Message) -> Place | None:
        """The room of a message, if it was said in one that we know."""
        if not message.room:
            return None
        found = places(await self._rooms(), self.picture.party, self.language)
        return next((each for each in found if each.id == message.room), None)

    def action_acknowledge(self) -> None:
        """Acknowledge the message that is open, or under the cursor."""
        message = self._message()
        if message is None or not self.may_act():
            return
        if message.form in ("test-call", "test-answer"):
            self.push_screen(TestScreen())
            return
        ours = message.recipient(self.picture.party)
        if message.sender == self.picture.party or ours is None:
            self.say(texts.NOT_TO_US)
        elif ours.acknowledged:
            self.say(texts.ALREADY)
        else:
            self.push_screen(AcknowledgeScreen(message))

    def action_reply(self) -> None:
        """Answer the message that is open, or under the cursor."""
        message = self._message()
        if message is None or not self.may_act():
            return
        if message.form in ("test-call", "test-answer"):
            self.push_screen(TestScreen())
        elif message.sender == self.picture.party:
            self.say(texts.NOT_TO_US_REPLY)
        else:
            self.run_worker(self._reply(message), group="act", exclusive=True)

    async def _reply(self, message: Message) -> None:
        options = [(form.id, form.title, form.help) for form in answer_forms()]
        form = await self.push_screen_wait(ChoiceScreen(texts.CHOOSE_FORM, options))
        if form is None:
            return
        begun = answer_to(message, form, await self._place(message))
        await self.push_screen_wait(ComposeScreen(begun, ()))

    def action_correct(self) -> None:
        """Send a correction of our message that is open, or under the cursor."""
        self._change(cancel=False)

    def action_withdraw(self) -> None:
        """Cancel our message that is open, or under the cursor."""
        self._change(cancel=True)

    def _change(self, *, cancel: bool) -> None:
        message = self._message()
        if message is None or not self.may_act():
            return
        if message.sender != self.picture.party or message.rows is None:
            self.say(texts.NOT_OURS)
            return
        form = "cancellation" if cancel else message.form
        if form in ("test-call", "test-answer", "cancellation") and not cancel:
            self.say(texts.NOT_OURS)
            return
        self.run_worker(self._correct(message, form, cancel), group="act", exclusive=True)

    async def _correct(self, message: Message, form: str, cancel: bool) -> None:
        room = await self._place(message)
        if message.room and room is None:
            self.say(texts.ROOM_LEFT)
            return
        begun = change_of(message, form, self.picture.party, self.language, room, cancel=cancel)
        await self.push_screen(ComposeScreen(begun, ()))

    def action_save_file(self) -> None:
        """Save a file of the message that is open, under a name that is made here."""
        message = self._message()
        if message is None or not self.may_act():
            return
        if not message.files:
            self.say(texts.NO_FILES)
        else:
            self.run_worker(self._save(message), group="act", exclusive=True)

    async def _save(self, message: Message) -> None:
        files = {each.sha256: each for each in message.files}
        chosen: str | None = next(iter(files))
        if len(files) > 1:
            options = [
                (each.sha256, same(f"{name_of(each)}  {each.size} B"), same(each.media_type))
                for each in files.values()
            ]
            chosen = await self.push_screen_wait(ChoiceScreen(texts.CHOOSE_FILE, options))
        if chosen is None:
            return
        try:
            data = await self.ask(self.calls.file(message.id, files[chosen]))
            if data is not None:
                path = await asyncio.to_thread(save, Path(), files[chosen], data)
                self.say(filled(texts.FILE_SAVED, path=str(path)))
        except FileFault as error:
            self.say(error.told)

    def action_outages(self) -> None:
        """When the lines were down."""
        self.push_screen(OutagesScreen())

    def action_test_calls(self) -> None:
        """Test calls."""
        self.push_screen(TestScreen())

    async def choose_peer(self) -> str | None:
        """One of the other parties; the only one without asking."""
        peers = self._peers()
        if len(peers) <= 1:
            return peers[0] if peers else None
        options = [(peer, same(peer), same("")) for peer in peers]
        return await self.push_screen_wait(ChoiceScreen(texts.TO, options))

    def _message(self) -> Message | None:
        screen = self.screen
        return screen.message if isinstance(screen, MessageScreen) else self.main.chosen()

    def _peers(self) -> list[str]:
        return sorted(self.picture.links)


if TYPE_CHECKING:

    def _is_what_screens_know(terminal: LineTerminal) -> Terminal:
        return terminal
