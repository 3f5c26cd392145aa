"""What the reader demands, and what is known so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from detente.formats import GRADES

from . import timestamps
from .agreement import Agreement
from .claims import Answers
from .encodings import is_sha256
from .errors import Findings, VerifyError
from .groups import Erased
from .heads import Grades, Head
from .keys import PublicKey
from .manifest import Manifest
from .payload import Item
from .ring import KeyRing, Slot

AUTOMATIC: Final = 0
"""Number of workers that stands for as many as help."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the reader demands.

    Attributes:
        accept: lowest grade that counts as proven.
        agreement: SHA-256 (hex) of the agreement that the reader knows from elsewhere.
        keys: vkeys that the reader knows from elsewhere; each must stand in the agreement.
        workers: processes that check entries; 0 chooses by size and cores.
        now_s: POSIX seconds; cosignatures from later are refused. None: not checked.
    """

    accept: str = "bilateral"
    agreement: str | None = None
    keys: tuple[str, ...] = ()
    workers: int = 1
    now_s: int | None = None

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: it says which option, and why.
        """
        if self.accept not in GRADES:
            raise ValueError(f"--accept is one of {', '.join(GRADES)}")
        if self.agreement is not None and not is_sha256(self.agreement):
            raise ValueError("--agreement is a SHA-256 of 64 lower-case hex digits")
        if self.workers < 0:
            raise ValueError("--workers is not negative")
        for key in self.keys:
            try:
                PublicKey.read(key, key)
            except VerifyError as error:
                told = f"--key {key}: {error.detail}"
                raise ValueError(
                    f"{told}. It is written NAME+ID+BASE64, as in the agreement."
                ) from None


@dataclass(slots=True)
class Facts:
    """What is known so far; the report is made of it, however far the checks came."""

    findings: Findings = field(default_factory=Findings)
    manifest: Manifest | None = None
    newest: Agreement | None = None
    ring: KeyRing | None = None
    items: list[tuple[Item, Slot, bool]] = field(default_factory=list)
    erased: list[Erased] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    stamps: list[timestamps.Timestamp] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)
    anchors: int = 0
    gaps: int = 0
    anchors_unheld: int = 0
    grades: Grades = field(default_factory=lambda: Grades([]))
    grade: str = ""
