"""How long the items of an ASTERIX record are: read from a line of text, compiled to a table.

A user application profile is written as its items in the order of their field reference numbers:

    010:2     two octets
    040:x3    extended: octets whose last bit says that another follows, three at most
    271:x2!   likewise, but the last of them has no such bit
    250:r8    repetitive: an octet that counts, then so many times eight octets
    030:f1    repetitive: one octet each, whose last bit says that another follows
    RE:e      explicit: the first octet is the length, itself included
    220:{…}   compound: a field specification of its own, then those of these that it names
    -         spare: nothing is defined there
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ._walk import (
    COMPOUND,
    EXPLICIT,
    EXTENDED,
    FIXED,
    REPEATED,
    REPEATED_FX,
    ROW_WIDTH,
    SPARE,
)

Table: TypeAlias = npt.NDArray[np.int32]
"""Int32[rows, 4]: kind, size (compound: first row of its items), mark (compound: how many items;
extended: 1 if its last octet cannot be continued), slot in which the offset is kept or -1."""

_TOKEN: Final = re.compile(r"[^\s{}]+|[{}]")
_SHAPE: Final = re.compile(r"(x|r|f|)(\d+)(!?)|e")
_KINDS: Final = {"": FIXED, "x": EXTENDED, "r": REPEATED, "f": REPEATED_FX}


@dataclass(frozen=True, slots=True)
class Item:
    """One item, or a spare place where `kind` is `SPARE`."""

    name: str
    kind: int
    size: int = 0
    last_ends: bool = False
    items: tuple[Item, ...] = ()


def parse(text: str) -> tuple[Item, ...]:
    """The items that a profile's text describes.

    Raises:
        ValueError: the text is not of the form above.
    """
    return tuple(_items(iter(_TOKEN.findall(text)), within=False))


def _items(tokens: Iterator[str], *, within: bool) -> Iterator[Item]:
    for token in tokens:
        if token == "}":  # noqa: S105 - a brace
            if not within:
                raise ValueError("a compound item is closed that was not opened")
            return
        if token == "-":  # noqa: S105
            yield Item("", SPARE)
            continue
        name, _, shape = token.partition(":")
        if not shape:
            if next(tokens, "") != "{":
                raise ValueError(f"{token}: neither a shape nor a compound item")
            yield Item(name, COMPOUND, items=tuple(_items(tokens, within=True)))
            continue
        found = _SHAPE.fullmatch(shape)
        if found is None:
            raise ValueError(f"{token}: no such shape")
        if shape == "e":
            yield Item(name, EXPLICIT)
        else:
            yield Item(name, _KINDS[found[1]], int(found[2]), bool(found[3]))
    if within:
        raise ValueError("a compound item is opened and not closed")


def compiled(items: tuple[Item, ...], slots: Mapping[str, int]) -> Table:
    """A profile as the walk reads it: first its own rows, then those within compound items.

    Args:
        items: of the profile.
        slots: which offsets are kept and where, by name; `380/ADR` for one within an item.
    """
    rows: list[list[int]] = []
    inner: list[list[int]] = []
    for item in items:
        slot = slots.get(item.name, -1)
        if item.kind == COMPOUND:
            rows.append([COMPOUND, len(items) + len(inner), len(item.items), slot])
            inner += [_row(each, slots.get(f"{item.name}/{each.name}", -1)) for each in item.items]
        else:
            rows.append(_row(item, slot))
    table = np.array(rows + inner, dtype=np.int32).reshape(-1, ROW_WIDTH)
    table.setflags(write=False)
    return table


def _row(item: Item, slot: int) -> list[int]:
    if item.kind == COMPOUND:
        raise ValueError(f"{item.name}: a compound item within another")
    return [item.kind, item.size, int(item.last_ends), slot]
