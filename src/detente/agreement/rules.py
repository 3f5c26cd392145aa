"""Sections `[rules.<name>]` of an agreement: each is brought by the capability that applies it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from detente.agreement.faults import RulesClash
from detente.words import Words

if TYPE_CHECKING:
    from detente.agreement.document import Document


@dataclass(frozen=True, slots=True)
class RuleFault:
    """What a section's own check found.

    Attributes:
        path: keys and indices from the section, such as `("distances", 0, "value_m")`.
        message: a sentence.
        remedy: what to do.
    """

    path: tuple[str | int, ...]
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a rendering: what, and how much."""

    label: Words
    value: Words


def _no_faults(section: Any, document: Document) -> list[RuleFault]:
    return []


@dataclass(frozen=True, slots=True)
class RulesSection:
    """A kind of rules that parties can agree upon.

    Attributes:
        name: of the table, `[rules.<name>]`: a lower-case letter, then letters, digits, hyphens.
        title: what officers read above it.
        documentation: Markdown for `docs/agreement-fields.md`: what the rules mean.
        schema: a frozen struct with `forbid_unknown_fields`; its fields' `Meta(description=…)`
            are their documentation.
        render: the section as rows, for officers and lawyers.
        check: what types cannot tell; may look at the rest of the document.
    """

    name: str
    title: Words
    documentation: str
    schema: type[msgspec.Struct]
    render: Callable[[Any], list[Row]]
    check: Callable[[Any, Document], list[RuleFault]] = field(default=_no_faults)

    _NAME: ClassVar[re.Pattern[str]] = re.compile(r"[a-z][a-z0-9-]{0,39}")

    def __post_init__(self) -> None:
        if not self._NAME.fullmatch(self.name):
            raise RulesClash("The name of a section of rules cannot be used.", where=self.name)


class RulesRegistry:
    """The sections that this program knows."""

    def __init__(self) -> None:
        self._sections: dict[str, RulesSection] = {}

    def register(self, section: RulesSection) -> None:
        """Add a section; the same one again changes nothing.

        Raises:
            RulesClash: another one has its name.
        """
        if self._sections.setdefault(section.name, section) != section:
            raise RulesClash("There are two sections of rules of one name.", where=section.name)

    def get(self, name: str) -> RulesSection | None:
        """The section of that name."""
        return self._sections.get(name)

    def __iter__(self) -> Iterator[RulesSection]:
        return iter(sorted(self._sections.values(), key=lambda section: section.name))

    def __len__(self) -> int:
        return len(self._sections)


RULES: Final = RulesRegistry()
"""What capabilities register when they are imported."""


def register_rules(section: RulesSection) -> None:
    """Make a section known to every agreement that this program reads.

    Raises:
        RulesClash: another section has its name.
    """
    RULES.register(section)
