"""Small screens in front of others: help, proof of identity, a choice, a preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from detente.errors import one_line
from detente.words import Words

from . import texts
from .answers import Session
from .calls import Identity, identity_of
from .line_screen import LineScreen

_ESC = Binding("escape", "dismiss(None)")


class HelpScreen(LineScreen[None]):
    """What everything means, and how to write it."""

    KEYS = (("Esc", "esc"), ("F2", "f2"))
    BINDINGS: ClassVar[list[BindingType]] = [_ESC]

    def body(self) -> ComposeResult:
        """The text."""
        with VerticalScroll(id="help"):
            yield Static(id="help-text", markup=False)

    def on_mount(self) -> None:
        """Ready to be scrolled."""
        self.query_one("#help").focus()
        super().on_mount()

    def tell(self) -> None:
        """In the language of now."""
        text = flowing(texts.HELP.to(self.terminal.language))
        self.query_one("#help-text", Static).update(text)


def flowing(text: str) -> str:
    """A text whose paragraphs are as wide as the screen; what is indented stays as it is."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line and lines[-1] and not line.startswith(" ") and lines[-1][0] != " ":
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return "\n".join(lines)


class ProofScreen(LineScreen[Identity | None]):
    """Asks the officer for a password, or for the code of a device."""

    KEYS = (("Enter", "prove"), ("Esc", "esc"))
    BINDINGS: ClassVar[list[BindingType]] = [_ESC]

    def __init__(self, session: Session, again: bool) -> None:
        """Args:
        session: whose.
        again: the last answer was wrong.
        """
        super().__init__()
        self._session = session
        self._again = again

    def body(self) -> ComposeResult:
        """One line, which does not show what is written."""
        yield Static(id="told", markup=False)
        yield Input(password=True, id="factor", compact=True)

    def on_mount(self) -> None:
        """Ready to be written in."""
        super().on_mount()
        self.query_one(Input).focus()

    def tell(self) -> None:
        """In the language of now."""
        language = self.terminal.language
        lines = [texts.PROOF_AGAIN if self._again else texts.PROOF_TITLE]
        name = self._session.name or self._session.officer
        lines += [Words(name, name), texts.PROOF_HOW]
        said = Text("\n".join(one_line(words.to(language)) for words in lines))
        self.query_one("#told", Static).update(said)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Six digits are a code, everything else is a password."""
        if event.value:
            self.dismiss(identity_of(event.value))


class ChoiceScreen(LineScreen[str | None]):
    """One of several; ends with its id."""

    KEYS = (("Enter", "choose"), ("Esc", "esc"), ("F2", "f2"))
    BINDINGS: ClassVar[list[BindingType]] = [_ESC]

    def __init__(self, title: Words, options: Sequence[tuple[str, Words, Words]]) -> None:
        """Args:
        title: what is chosen.
        options: id, name and explanation of each.
        """
        super().__init__()
        self._title = title
        self._options = options

    def body(self) -> ComposeResult:
        """The list."""
        yield Static(id="told", markup=False)
        yield OptionList(id="options", markup=False)

    def on_mount(self) -> None:
        """Ready to be chosen from."""
        super().on_mount()
        self.query_one(OptionList).focus()

    def tell(self) -> None:
        """In the language of now."""
        language = self.terminal.language
        self.query_one("#told", Static).update(self._title.to(language))
        options = self.query_one(OptionList)
        chosen = options.highlighted
        options.clear_options()
        for identity, name, explanation in self._options:
            text = Text(one_line(name.to(language)), "bold")
            text.append(f"\n  {one_line(explanation.to(language))}", "not bold")
            options.add_option(Option(text, id=identity))
        options.highlighted = 0 if chosen is None else chosen

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """That one."""
        self.dismiss(event.option.id)


class PreviewScreen(LineScreen[bool | None]):
    """What is about to be sent, in both languages; ends with True if it shall be."""

    KEYS = (("y", "y"), ("Esc", "esc"))
    BINDINGS: ClassVar[list[BindingType]] = [_ESC, Binding("y", "dismiss(True)")]

    def __init__(self, preview: Text) -> None:
        """Args:
        preview: the message.
        """
        super().__init__()
        self._preview = preview

    def body(self) -> ComposeResult:
        """The message."""
        yield Static(id="told", markup=False)
        with VerticalScroll(id="preview"):
            yield Static(self._preview, markup=False)

    def on_mount(self) -> None:
        """Ready to be read."""
        super().on_mount()
        self.query_one("#preview").focus()

    def tell(self) -> None:
        """In the language of now."""
        self.query_one("#told", Static).update(texts.PREVIEW.to(self.terminal.language))
