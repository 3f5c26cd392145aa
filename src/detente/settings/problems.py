"""What is wrong with settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from detente.errors import DetenteError


class SettingsInvalid(DetenteError):
    """One or more settings cannot be used. `problems` tells each with its place and remedy."""

    code: ClassVar[str] = "settings.invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            problem = problems[0]
            super().__init__(problem.message, where=problem.where, advice=problem.advice)
        else:
            lines = "".join(f"\n  {problem}" for problem in problems)
            super().__init__(f"{len(problems)} settings cannot be used:{lines}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a setting, where it was given, and what to do."""

    message: str
    where: str | None = None
    advice: str | None = None

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.advice}" if self.advice else text
