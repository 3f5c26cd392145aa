"""Whether a record may sign, or was restored from a copy and must first learn what it has lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from detente.errors import DetenteError

from .statements import Statement

ABOUT_STATE: Final = "state"
ABOUT_SUFFIX: Final = "suffix"
ABOUT_SINCE: Final = "restored_size"
STATE_NAMES: Final = (ABOUT_STATE, ABOUT_SUFFIX, ABOUT_SINCE)
"""Of rows in `party_about`; none of them is there in a record that was never restored."""


class RecordHeld(DetenteError):
    """A record was restored from a copy, and must not sign before the others were asked."""

    code: ClassVar[str] = "record.held"


@dataclass(frozen=True, slots=True)
class RecordState:
    """Whether a record is what it always was.

    Attributes:
        name: `whole`; `held` (restored from a copy: nothing may be signed); `recovered` (what could
            be had back is back).
        suffix: the segment in the names of its channels since it was restored; see `channels`.
        since: entries that the copy had.
    """

    name: Literal["whole", "held", "recovered"] = "whole"
    suffix: str = ""
    since: int = 0

    @classmethod
    def read(cls, about: dict[str, str]) -> RecordState:
        """From the rows of `party_about`.

        Raises:
            ValueError: they say what no program has written.
        """
        name = about.get(ABOUT_STATE, "whole")
        if name == "whole":
            return cls()
        if name not in ("held", "recovered"):
            raise ValueError(f"a record is not {name!r}")
        state: Literal["held", "recovered"] = "held" if name == "held" else "recovered"
        return cls(state, about[ABOUT_SUFFIX], int(about[ABOUT_SINCE]))

    def statements(self) -> list[Statement]:
        """What makes the record be in this state."""
        rows = [
            (ABOUT_STATE, self.name),
            (ABOUT_SUFFIX, self.suffix),
            (ABOUT_SINCE, str(self.since)),
        ]
        return [
            Statement(
                "INSERT INTO party_about (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                rows,
            )
        ]
