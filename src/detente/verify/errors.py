"""What goes wrong in a bundle, and how it is told.

A check raises `VerifyError`, or adds a `Finding` to `Findings` and goes on. `Unusable` is for what
is no bundle at all: nothing can be said about it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from detente.formats import FINDING_CODES

FINDINGS_KEPT: Final = 200
"""Findings told one by one; the rest is only counted."""

DETAIL_CHARACTERS_MAX: Final = 500
"""Details quote the bundle, where a name may be as long as a file."""

ERROR: Final = "error"
NOTICE: Final = "notice"


class VerifyError(Exception):
    """Something in the bundle is not as it must be.

    Args:
        code: one of `detente.formats.FINDING_CODES`.
        where: member path, entry index or key name.
        detail: what was found, in technical English; the sentence for people is the code's.
    """

    def __init__(self, code: str, where: str, detail: str = "") -> None:
        super().__init__(code, where, detail)
        self.code = code
        self.where = where
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code} at {self.where}: {self.detail}"


class Unusable(Exception):
    """There is nothing to verify: no such file, no zip, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is held against the bundle.

    Attributes:
        code: one of `detente.formats.FINDING_CODES`.
        where: member path, entry index or key name.
        detail: technical English.
        severity: "error" refuses the bundle; "notice" only tells the reader.
    """

    code: str
    where: str
    detail: str = ""
    severity: str = ERROR


@dataclass(slots=True)
class Findings:
    """Collects findings; keeps the first `FINDINGS_KEPT`, counts all."""

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    errors: int = 0

    def add(self, code: str, where: str, detail: str = "", severity: str = ERROR) -> None:
        """Hold something against the bundle."""
        if code not in FINDING_CODES:
            raise ValueError(f"unknown finding code {code}")
        self.counts[code] += 1
        if severity == ERROR:
            self.errors += 1
        if len(self.kept) < FINDINGS_KEPT:
            self.kept.append(Finding(code, where, detail[:DETAIL_CHARACTERS_MAX], severity))

    def catch(self, error: VerifyError) -> None:
        """Hold what a check raised against the bundle."""
        self.add(error.code, error.where, error.detail)

    @property
    def total(self) -> int:
        """All findings, also those that were not kept."""
        return sum(self.counts.values())
