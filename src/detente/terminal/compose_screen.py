"""Writing a message: a line for each field of its form, checked before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Label, Select, Static

from detente.errors import one_line
from detente.line import FORMS, URGENCIES, FieldsUnusable
from detente.record import JsonValue
from detente.words import Language, Words

from . import texts
from .begun import Begun, Place
from .calls import Outgoing
from .dialogs import PreviewScreen
from .drafting import fault_words, form_questions, preview
from .files import FILES_MAX, FileFault, read_file, typed_paths
from .line_screen import LineScreen
from .node_api import NodeAway, NodeRefused
from .questions import Question, read_answers
from .typesetting import labelled

_ROOM: Final = "room/"  # no party's id has a slash


class ComposeScreen(LineScreen[bool]):
    """Fills in a form; ends with True once it is sent."""

    KEYS = (("Ctrl+S", "ctrl+s"), ("Tab", "tab"), ("Esc", "esc"), ("F1", "f1"), ("F2", "f2"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "preview", priority=True),
        Binding("escape", "dismiss(False)"),
    ]

    def __init__(self, begun: Begun, peers: Sequence[str], rooms: Sequence[Place] = ()) -> None:
        """Args:
        begun: what is known already.
        peers: parties that can be chosen.
        rooms: rooms that can be chosen.
        """
        super().__init__()
        self._begun = begun
        self._peers = peers
        self._rooms = {_ROOM + each.id: each for each in rooms}
        self._form = FORMS[begun.form]
        self._asked = form_questions(begun.form)
        self._faults: list[Words] = []
        self._language: Language | None = None

    @property
    def status(self) -> str:
        """What the message will be: the banner says it while it is written."""
        found = self.query("#status")
        if not self._begun.fixed and found:
            value = found.first(Select).value
            if isinstance(value, str):
                return value
        return self._begun.status

    def body(self) -> ComposeResult:
        """A label and a line for each field."""
        yield Static(id="told", markup=False)
        with VerticalScroll(id="fields", can_focus=False):
            if not self._begun.fixed:
                yield Label(id="label-to", markup=False)
                options = [(peer, peer) for peer in self._peers]
                options += [(room.label, value) for value, room in self._rooms.items()]
                first = self._begun.to or next((value for _, value in options), "")
                yield _select("to", options, first, blank=not options)
                yield Label(id="label-status", markup=False)
                yield _select("status", _options(texts.STATUS_SHORT, "en"), self._begun.status)
            yield Label(id="label-urgency", markup=False)
            urgency = self._begun.urgency or self._form.urgency
            yield _select("urgency", _options(URGENCIES, "en"), urgency)
            typed = dict(self._begun.typed)
            for question in self._asked:
                yield Label(id=f"label-{question.name}", markup=False)
                before = typed.get(question.name, "")
                if question.kind == "choice":
                    options = [(words.en, value) for value, words in question.choices]
                    yield _select(f"field-{question.name}", options, before, blank=True)
                else:
                    yield Input(before, id=f"field-{question.name}", compact=True)
            yield Label(id="label-files", markup=False)
            yield Input(id="files", compact=True)

    def on_mount(self) -> None:
        """Begin with the first field."""
        super().on_mount()
        self.query("#fields Select, #fields Input").first().focus()

    def tell(self) -> None:
        """In the language of now; what was typed stays."""
        language = self.terminal.language
        told = Text()
        title = f"{self._form.title.to(language)} – {self._form.help.to(language)}"
        told.append(title, "bold")
        for words, other in (
            (texts.ANSWERS, self._begun.answers),
            (texts.CORRECTS, self._begun.corrects),
        ):
            if other:
                told.append(f"\n{words.to(language)} {other}")
        if self._faults:
            told.append(f"\n{texts.FAULTS.to(language)} ", "bold")
            told.append(" ".join(one_line(words.to(language)) for words in self._faults))
        box = self.query_one("#told", Static)
        box.update(told)
        box.set_class(bool(self._faults), "fault")
        if language != self._language:
            self._language = language
            self._retell_fields(language)

    def _retell_fields(self, language: Language) -> None:
        for name, label in (("to", texts.TO), ("status", texts.STATUS), ("urgency", texts.URGENCY)):
            for shown in self.query(f"#label-{name}").results(Label):
                shown.update(label.to(language))
        _rename(self.query_one("#urgency", Select), _options(URGENCIES, language))
        files = f"{texts.FILES.to(language)} ({texts.OPTIONAL.to(language)})"
        self.query_one("#label-files", Label).update(files)
        self.query_one("#files", Input).placeholder = texts.FILES_HINT.to(language)
        for found in self.query("#status").results(Select):
            _rename(found, _options(texts.STATUS_SHORT, language))
        for question in self._asked:
            need = "" if question.required else f" ({texts.OPTIONAL.to(language)})"
            text = f"{question.label.to(language)}{need}"
            self.query_one(f"#label-{question.name}", Label).update(text)
            field = self.query_one(f"#field-{question.name}")
            if isinstance(field, Input):
                field.placeholder = question.hint.to(language)
            elif isinstance(field, Select):
                field.prompt = texts.CHOOSE.to(language)
                _rename(field, [(w.to(language), value) for value, w in question.choices])

    def on_select_changed(self, event: Select.Changed) -> None:
        """The banner says what the message will be; in a room everything has the room's status."""
        if event.select.id == "to":
            room = self._rooms.get(_chosen(self.query_one("#to", Select)))
            status = self.query_one("#status", Select)
            status.disabled = room is not None
            if room is not None:
                status.value = room.status
        if event.select.id in ("to", "status"):
            self.retell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field; only Ctrl+S shows the preview."""
        self.focus_next()

    def action_preview(self) -> None:
        """Check, show, and send if it is right."""
        if self.terminal.may_act():
            self.run_worker(self._send(), exclusive=True)

    async def _send(self) -> None:
        draft = self._draft()
        if draft is None:
            self.retell()
            return
        paths = typed_paths(self.query_one("#files", Input).value)
        try:
            if len(paths) > FILES_MAX:
                raise FileFault(texts.TOO_MANY_FILES)
            files = [await asyncio.to_thread(read_file, path) for path in paths]
        except FileFault as error:
            self._faults = [error.told]
            self.retell()
            return
        draft = replace(draft, files=[each.named for each in files])
        try:
            # Areas are checked with the geometry, which takes a second to load.
            shown = await asyncio.to_thread(preview, draft, self.terminal.picture.party)
        except FieldsUnusable as error:
            self._faults = [fault_words(error)]
            self.retell()
            return
        self.retell()
        if not await self.terminal.push_screen_wait(PreviewScreen(shown)):
            return
        try:
            for each in files:
                await self.terminal.calls.upload(each.data, each.media_type)
            message = await self.terminal.calls.send(draft)
        except NodeRefused as error:
            self._faults = [error.words]
        except NodeAway as error:
            self._faults = [error.words, texts.UNKNOWN_FATE]
        else:
            self.terminal.picture.put([message])
            self.terminal.say(texts.SENT)
            self.dismiss(True)
            return
        self.retell()

    def _draft(self) -> Outgoing | None:
        answers = {question.name: self._typed(question) for question in self._asked}
        fields, faults = read_answers(self._asked, answers, self.terminal.language)
        for question in self._asked:
            field = self.query_one(f"#field-{question.name}")
            field.set_class(question.name in faults, "fault")
        self._faults = [
            labelled(q.label, e.words) if answers[q.name].strip() else e.words
            for q in self._asked
            if (e := faults.get(q.name)) is not None
        ]
        to = self._begun.to if self._begun.fixed else _chosen(self.query_one("#to", Select))
        room = self._begun.room
        if to in self._rooms:
            room, to = self._rooms[to].id, self._rooms[to].hearers
        if not to:
            self._faults.append(texts.NO_PEERS)
        if self._faults:
            return None
        known: dict[str, JsonValue] = fields
        return Outgoing(
            self._begun.form,
            known,
            to,
            language=self.terminal.language,
            urgency=_chosen(self.query_one("#urgency", Select)),
            status=self.status,
            answers=self._begun.answers,
            corrects=self._begun.corrects,
            room=room,
        )

    def _typed(self, question: Question) -> str:
        field = self.query_one(f"#field-{question.name}")
        if isinstance(field, Input):
            return field.value
        return _chosen(field) if isinstance(field, Select) else ""


def _options(words: texts.Known, language: Language) -> list[tuple[str, str]]:
    return [(each.to(language), name) for name, each in words.items()]


def _select(
    identity: str, options: list[tuple[str, str]], value: str, *, blank: bool = False
) -> Select[str]:
    first = value or Select.NULL
    return Select(options, id=identity, allow_blank=blank, value=first, compact=True)


def _chosen(select: Select[str]) -> str:
    return "" if select.is_blank() else str(select.value)


def _rename(select: Select[str], options: list[tuple[str, str]]) -> None:
    before = _chosen(select)
    with select.prevent(Select.Changed):
        select.set_options(options)
        if before:
            select.value = before
