"""What people read in English or in French: both forms kept together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

THIN_SPACE: Final = "\u202f"
"""The narrow no-break space that French sets before ; : ! ? and within numbers and guillemets."""


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in English and in French. As a string it is the English one."""

    en: str
    fr: str

    def __str__(self) -> str:
        return self.en


def bilingual(text: str | Bilingual) -> Bilingual:
    """A text that may be the same in both languages, such as a name, as one that has both."""
    return text if isinstance(text, Bilingual) else Bilingual(text, text)
