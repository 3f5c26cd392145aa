"""CSV of any size, in frames: cut into blocks at line ends, each read as a whole."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import polars as pl

from .archive_options import POLARS_ERRORS, ArchiveError, ArchiveOptions

_BLOCK_BYTES: Final = 16 << 20
_HEADER_BYTES_MAX: Final = 1 << 16
_SEPARATORS: Final = (",", ";", "\t", "|")
_BOM: Final = b"\xef\xbb\xbf"
_SAMPLE_ROWS: Final = 200
_DECIMAL_COMMA: Final = re.compile(r"-?\d+,\d+")


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a CSV file.

    Attributes:
        line: as it stands, with its end.
        separator: between columns.
        columns: their names.
    """

    line: bytes
    separator: str
    columns: tuple[str, ...]


def read_header(stream: BinaryIO, options: ArchiveOptions, where: str) -> Header:
    """Read the first line.

    Raises:
        ArchiveError: there is none.
    """
    line = stream.readline(_HEADER_BYTES_MAX).removeprefix(_BOM)
    if not line.endswith(b"\n"):
        raise ArchiveError(
            "The file has no line of column names, or nothing after it.", where=where
        )
    text = line.decode("utf-8", "replace")
    separator = options.separator or max(_SEPARATORS, key=text.count)
    names = _frame(line, separator, None, where, decimal_comma=False).columns
    return Header(line, separator, tuple(names))


def csv_frames(
    stream: BinaryIO,
    header: Header,
    needed: Sequence[str],
    texts: Sequence[str],
    where: str,
    *,
    times: Sequence[str] = (),
) -> Iterator[pl.DataFrame]:
    """The rest of the file, in frames of some megabytes.

    Args:
        stream: after the header.
        header: see `read_header`.
        needed: columns to be read.
        texts: those of them that are text whatever they look like.
        where: names the file in errors.
        times: those that are all numbers or all text, but for odd cells: what most of them are.

    Raises:
        ArchiveError: a line does not end.
    """
    held = b""
    kinds: dict[str, pl.DataType] | None = None
    comma = False
    while True:
        data = stream.read(_BLOCK_BYTES)
        block = held + data
        if not data:
            held = b""
        else:
            cut = _line_end(block)
            if cut == 0:
                if len(block) >= 2 * _BLOCK_BYTES:
                    raise ArchiveError("A line does not end.", where=where)
                held = block
                continue
            block, held = block[:cut], block[cut:]
        if block.strip():
            if kinds is None:
                kinds, comma = _kinds(header, block, needed, texts, times, where)
            yield _frame(
                header.line + block, header.separator, kinds, where, decimal_comma=comma
            ).select(needed)
        if not data:
            return


def _line_end(block: bytes) -> int:
    """After the last line end that is not inside quotes; 0 if there is none."""
    cut = block.rfind(b"\n") + 1
    while cut and block.count(b'"', 0, cut) % 2:
        cut = block.rfind(b"\n", 0, cut - 1) + 1
    return cut


def _kinds(
    header: Header,
    block: bytes,
    needed: Sequence[str],
    texts: Sequence[str],
    times: Sequence[str],
    where: str,
) -> tuple[dict[str, pl.DataType], bool]:
    """What the columns hold, by the first rows: numbers, or text."""
    all_text: dict[str, pl.DataType] = {name: pl.String() for name in header.columns}
    sample = _frame(
        header.line + block, header.separator, all_text, where, decimal_comma=False,
        rows=_SAMPLE_ROWS,
    )  # fmt: skip
    kinds: dict[str, pl.DataType] = {}
    comma = False
    for name in needed:
        cells = sample[name].drop_nulls().str.strip_chars()
        cells = cells.filter(cells != "")
        numbers = cells.cast(pl.Float64, strict=False)
        with_comma = [each for each in cells.to_list() if _DECIMAL_COMMA.fullmatch(each)]
        no_numbers = numbers.null_count() - len(with_comma)
        is_text = name in texts or (
            2 * no_numbers > len(cells) if name in times else no_numbers == len(cells)
        )
        kinds[name] = pl.String() if is_text else pl.Float64()
        comma = comma or (not is_text and bool(with_comma) and header.separator != ",")
    return kinds, comma


def _frame(
    data: bytes,
    separator: str,
    kinds: dict[str, pl.DataType] | None,
    where: str,
    *,
    decimal_comma: bool,
    rows: int | None = None,
) -> pl.DataFrame:
    try:
        return pl.read_csv(
            io.BytesIO(data),
            separator=separator,
            schema_overrides=kinds,
            infer_schema=False,
            n_rows=rows,
            ignore_errors=True,
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
            decimal_comma=decimal_comma,
        )
    except POLARS_ERRORS as problem:
        raise ArchiveError(f"The table is damaged: {problem}", where=where) from problem
