"""JSON from strangers, with the line of every value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from detente.agreement.faults import Faults
from detente.record import JsonMalformed, JsonValue, parse_json

DEPTH_MAX: Final = 20
_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A parsed file and its text.

    Attributes:
        name: of the file.
        text: what was parsed.
        value: what it says.
    """

    name: str
    text: str
    value: JsonValue

    def line(self, path: tuple[str | int, ...]) -> int:
        """Line of the value at a path, or of the last value on the way to it."""
        return self.text.count("\n", 0, _locate(self.text, path)) + 1


def read_json(name: str, data: bytes, code: str, faults: Faults) -> JsonSource | None:
    """Parse a file; None, and a fault with this code, where it is not strict JSON."""
    try:
        value = parse_json(data, depth_max=DEPTH_MAX, bytes_max=len(data))
    except (JsonMalformed, RecursionError) as error:
        where = error.where if isinstance(error, JsonMalformed) else None
        at = re.search(r"\d+", where or "")
        # Positions are counted in characters; near enough to the byte for a line.
        line = data.count(b"\n", 0, int(at[0])) + 1 if at else 1
        faults.add(
            name,
            line,
            code,
            f"It is not JSON as everybody reads it: {error}",
            "Write UTF-8 without a byte order mark, each name once, and ordinary numbers.",
        )
        return None
    return JsonSource(name, data.decode(), value)


def _locate(text: str, path: tuple[str | int, ...]) -> int:
    at = _skip(text, 0)
    for part in path:
        found = _member(text, at, part)
        if found is None:
            break
        at = found
    return at


def _member(text: str, at: int, part: str | int) -> int | None:
    """Offset of a member's value or an item, within the value that begins at `at`."""
    wanted = "{" if isinstance(part, str) else "["
    if text[at] != wanted:
        return None
    at = _skip(text, at + 1)
    index = 0
    while text[at] not in "}]":
        if isinstance(part, str):
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
            if name == part:
                return at
        elif index == part:
            return at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1
    return None


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
