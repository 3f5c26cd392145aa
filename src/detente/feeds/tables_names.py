"""Names that stand in a table's rows, as numbers that hold for the whole file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

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
        self._by_code: Codes = np.empty(0, dtype=np.int32)
        self.names: tuple[str, ...] = ()

    def numbers(self, cells: pl.Series) -> Codes:
        """For each row the index of its name in `names`, or `NOBODY`."""
        if not isinstance(cells.dtype, pl.Categorical | pl.Enum):
            # The table of categories is shared by all that is cast to it: codes stay the same.
            cells = cells.cast(pl.String).cast(self._own)
        if cells.dtype != self._coding:
            self._coding, self._by_code = cells.dtype, np.empty(0, dtype=np.int32)
        coded = cells.to_physical()
        missing = coded.is_null().to_numpy() if coded.null_count() else None
        codes = coded.fill_null(0).to_numpy()
        if missing is not None and missing.all():
            return np.full(len(cells), NOBODY, dtype=np.int32)
        most = int(codes.max()) + 1 if len(codes) else 0
        if most > len(self._by_code):
            more = np.full(most - len(self._by_code), _UNSEEN, dtype=np.int32)
            self._by_code = np.concatenate((self._by_code, more))
        numbers: Codes = self._by_code[codes]
        unseen = numbers == _UNSEEN
        if missing is not None:
            unseen &= ~missing
        if unseen.any():
            _, rows = np.unique(codes[unseen], return_index=True)
            first = np.flatnonzero(unseen)[np.sort(rows)]
            for row, text in zip(first.tolist(), cells.gather(first).to_list(), strict=True):
                self._by_code[codes[row]] = self._number(str(text))
            self.names = tuple(self._numbers)
            numbers = self._by_code[codes]
        if missing is not None:
            numbers[missing] = NOBODY
        return numbers

    def _number(self, text: str) -> int:
        name = self._naming(text)
        return self._numbers.setdefault(name, len(self._numbers)) if name else NOBODY


def last_told(aircraft: Codes, told: Codes, names: tuple[str, ...], count: int) -> list[str]:
    """By aircraft, the last name that a row of it tells; "" if none does."""
    last = np.full(count, NOBODY, dtype=np.int32)
    known = told != NOBODY
    # Of several values for one place, numpy keeps the last.
    last[aircraft[known]] = told[known]
    return [names[each] if each != NOBODY else "" for each in last.tolist()]
