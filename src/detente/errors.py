"""The root of every error that Détente raises on purpose.

An error tells a person what is wrong, where, and what to do about it. `code` is stable and
documented in `docs/errors.md`; the sentences may improve from one version to the next.
"""

from __future__ import annotations

import json
import unicodedata
from typing import ClassVar


class DetenteError(Exception):
    """Something a user can understand and act upon.

    Args:
        message: what is wrong, as one sentence.
        where: the place it was found: a member path, a file and line, a log position.
        advice: what to do about it, when more than the message is needed.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, where: str | None = None, advice: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.advice = advice

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if not self.advice:
            return text
        return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} {self.advice}"


def printable(text: str) -> str:
    """`text` for a terminal: whatever is neither visible, a space nor a line break is escaped.

    Names come from strangers. Written as they are, a control character is obeyed by the terminal,
    and a change of direction shows something else than what is there. The escapes are JSON's, so
    JSON stays the same JSON.
    """
    if text.isprintable():
        return text
    return "".join(
        c
        if c.isprintable() or c == "\n" or unicodedata.category(c) == "Zs"
        else json.dumps(c)[1:-1]
        for c in text
    )


def one_line(text: str) -> str:
    """`printable`, with line breaks escaped too: else one would begin a line that looks like ours.

    Not for JSON with an indent: there a line break is part of the layout.
    """
    return printable(text).replace("\n", "\\n")


def all_error_types() -> list[type[DetenteError]]:
    """Every concrete error class that is loaded, ordered by its code."""
    found: dict[str, type[DetenteError]] = {}
    todo: list[type[DetenteError]] = [DetenteError]
    while todo:
        kind = todo.pop()
        todo.extend(kind.__subclasses__())
        if "code" in vars(kind):
            found[kind.code] = kind
    return [found[code] for code in sorted(found)]
