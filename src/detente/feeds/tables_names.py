"""Names that stand in a table's rows, as numbers that hold for the whole file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from ._table_rows import note_last

Codes: TypeAlias = npt.NDArray[np.int32]

NOBODY: Final = -1
"""Where a row names nobody."""
_UNSEEN: Final = -2


class NameColumn:
    """One growing table of names for all rows of a file.

    Args:
        naming: what a cell means; "" if nothing.
    """

    def __init__(self, naming: Callable[[str], str]) -> None:
        self._naming = naming
        self._numbers: dict[str, int] = {}
        self._own = pl.Categorical(pl.Categories.random("detente"))
        self._coding: pl.DataType | None = None
        self._holding: pl.Series | None = None
        self._by_code: Codes = np.empty(0, dtype=np.int32)
        self._same = False
        self.names: tuple[str, ...] = ()

    def numbers(self, cells: pl.Series) -> Codes:
        """For each row the index of its name in `names`, or `NOBODY`."""
        coding = cells.dtype
        if not isinstance(coding, pl.Categorical | pl.Enum):
            # The table of categories is shared by all that is cast to it: codes stay the same.
            coding = self._own
            cells = cells.cast(pl.String).cast(coding)
        if coding != self._coding:
            self._learn(coding)
            # Categories are forgotten with the last column that has them, and numbered anew.
            self._holding = cells.clear()
        coded = cells.to_physical()
        if not coded.null_count():
            return self._looked_up(cells, coded.to_numpy())
        told = coded.is_not_null().to_numpy()
        numbers = np.full(len(cells), NOBODY, dtype=np.int32)
        numbers[told] = self._looked_up(cells.drop_nulls(), coded.drop_nulls().to_numpy())
        return numbers

    def _looked_up(self, cells: pl.Series, codes: npt.NDArray[np.integer]) -> Codes:
        if self._same:
            return codes.astype(np.int32)
        most = int(codes.max()) + 1 if len(codes) else 0
        if most > len(self._by_code):
            more = np.full(most - len(self._by_code), _UNSEEN, dtype=np.int32)
            self._by_code = np.concatenate((self._by_code, more))
        numbers: Codes = self._by_code[codes]
        if len(numbers) and numbers.min() == _UNSEEN:
            unseen = np.flatnonzero(numbers == _UNSEEN)
            _, rows = np.unique(codes[unseen], return_index=True)
            first = unseen[np.sort(rows)]
            self._by_code[codes[first]] = self._named(cells.gather(first).to_list())
            numbers = self._by_code[codes]
        return numbers

    def _learn(self, coding: pl.DataType) -> None:
        """Another table of categories. What an enumeration has is known from the beginning."""
        self._coding, self._by_code, self._same = coding, np.empty(0, dtype=np.int32), False
        if isinstance(coding, pl.Enum):
            self._by_code = np.array(self._named(coding.categories.to_list()), dtype=np.int32)
            self._same = bool((self._by_code == np.arange(len(self._by_code))).all())

    def _named(self, texts: Sequence[str]) -> list[int]:
        numbers = [self._number(each) for each in texts]
        if len(self._numbers) > len(self.names):
            self.names = tuple(self._numbers)
        return numbers

    def _number(self, text: str) -> int:
        name = self._naming(text)
        return self._numbers.setdefault(name, len(self._numbers)) if name else NOBODY


class LastNames:
    """By aircraft, the name that was told last, such as its callsign."""

    def __init__(self) -> None:
        self._told: tuple[str, ...] = ()

    def after(
        self, aircraft: Codes, names: NameColumn | None, numbers: Codes | None, count: int
    ) -> tuple[str, ...]:
        """After more rows.

        The same object while nothing is new: who knows it need not go through it.

        Args:
            aircraft: whose row it is, or `NOBODY`.
            names, numbers: what it is called there; None where a table does not tell.
            count: of aircraft.
        """
        told = [*self._told, *[""] * (count - len(self._told))]
        changed = len(told) > len(self._told)
        if names is not None and numbers is not None:
            last = np.full(count, NOBODY, dtype=np.int32)
            note_last(aircraft, numbers, last)
            for number in np.flatnonzero(last != NOBODY).tolist():
                name = names.names[last[number]]
                if told[number] != name:
                    told[number] = name
                    changed = True
        if changed:
            self._told = tuple(told)
        return self._told
