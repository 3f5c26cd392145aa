"""Acknowledging: what the message says stands above, what is read back is written below."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from detente.errors import one_line
from detente.words import Words

from . import texts
from .acknowledging import questions_for, refused_words
from .answers import Message
from .line_screen import LineScreen
from .node_api import NodeAway, NodeRefused
from .papers import Paper, Papers
from .questions import read_answers

REMARK = "remark"


class AcknowledgeScreen(LineScreen[bool]):
    """Reads back and signs; ends with True once it is signed."""

    KEYS = (("Ctrl+S", "ctrl+s sign"), ("Tab", "tab"), ("Esc", "esc"), ("F1", "f1"), ("F2", "f2"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "sign", priority=True),
        Binding("escape", "dismiss(False)"),
    ]

    def __init__(self, message: Message) -> None:
        """Args:
        message: to us.
        """
        super().__init__()
        self.message = message
        self._asked = questions_for(message)
        self._said: list[Words] = []

    def body(self) -> ComposeResult:
        """The message, and a line for each part that is read back."""
        with Papers(id="papers"):
            yield Paper(self.message, fate=False)
        with Vertical(id="answers"):
            yield Static(id="told", markup=False)
            for question in self._asked:
                yield Label(id=f"label-{question.name}", markup=False)
                yield Input(id=f"input-{question.name}", compact=True)
            yield Label(id=f"label-{REMARK}", markup=False)
            yield Input(id=f"input-{REMARK}", compact=True)

    def on_mount(self) -> None:
        """Begin with the first part."""
        super().on_mount()
        self.query(Input).first().focus()

    def tell(self) -> None:
        """In the language of now."""
        terminal, language = self.terminal, self.terminal.language
        for paper in self.query(Paper):
            paper.tell(terminal.picture, language, terminal.steady())
        self.query_one(Papers).look()
        for question in self._asked:
            self.query_one(f"#label-{question.name}", Label).update(question.label.to(language))
            box = self.query_one(f"#input-{question.name}", Input)
            box.placeholder = question.hint.to(language)
        self.query_one(f"#label-{REMARK}", Label).update(texts.REMARK.to(language))
        self.query_one(f"#input-{REMARK}", Input).placeholder = texts.REMARK_HINT.to(language)
        told = self.query_one("#told", Static)
        told.set_class(bool(self._said), "fault")
        if self._said:
            told.update(Text("\n".join(one_line(words.to(language)) for words in self._said)))
        else:
            asks = texts.READ_BACK_TITLE if self._asked else texts.NO_READ_BACK_NEEDED
            told.update(asks.to(language))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the next line; after the last one, only Ctrl+S signs."""
        self.focus_next(Input)

    def action_sign(self) -> None:
        """Read back and sign."""
        if self.terminal.may_act():
            self.run_worker(self._sign(), exclusive=True)

    async def _sign(self) -> None:
        answers = {q.name: self.query_one(f"#input-{q.name}", Input).value for q in self._asked}
        fields, faults = read_answers(self._asked, answers, self.terminal.language)
        for question in self._asked:
            name = question.name
            self.query_one(f"#input-{name}", Input).set_class(name in faults, "fault")
        if faults:
            self._said = [error.words for error in faults.values()]
            self.retell()
            return
        remark = self.query_one(f"#input-{REMARK}", Input).value.strip() or None
        try:
            done = await self.terminal.calls.acknowledge(self.message.id, fields, remark)
        except NodeRefused as error:
            self._said = refused_words(error)
            wrong = {difference.part for difference in error.differences}
            for question in self._asked:
                box = self.query_one(f"#input-{question.name}", Input)
                box.set_class(question.name in wrong, "fault")
            self.retell()
            return
        except NodeAway as error:
            self._said = [error.words, texts.UNKNOWN_FATE]
            self.retell()
            return
        self.terminal.picture.put([done])
        self.terminal.say(texts.SIGNED)
        self.dismiss(True)
