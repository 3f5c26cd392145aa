"""TOML from strangers: limits before parsing, and the line of every value.

`tomllib` judges what TOML is; it keeps no positions. The scanner here walks over a text that
`tomllib` has accepted, and notes where each key and list item begins.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Final, cast

from detente.agreement.faults import Faults

Path = tuple[str | int, ...]
"""Keys and indices from the root, such as `("parties", 0, "id")`."""

TomlTable = dict[str, object]

DOCUMENT_BYTES_MAX: Final = 512 * 1024
LINE_CHARACTERS_MAX: Final = 8_000
LINES_MAX: Final = 20_000
DEPTH_MAX: Final = 12
_DOTS_MAX: Final = 20

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TOKEN = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'|[ \t]+|.""")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    + r"|'''.*?'{3,5}(?!')"
    + r'|"(?:\\.|[^"\\\n])*"'
    + r"|'[^'\n]*'",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed document and where its parts stand.

    Attributes:
        tree: what `tomllib` made of it.
        lines: line of each path, from 1.
    """

    name: str
    tree: TomlTable
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """Line of a path, or of the nearest thing around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_toml(name: str, data: bytes, faults: Faults) -> Source | None:
    """Read a document; None, and faults, where it cannot be."""
    text = _text_of(name, data, faults)
    if text is None:
        return None
    try:
        tree: TomlTable = tomllib.loads(text)
    except RecursionError:
        _too_deep(name, 0, faults)
        return None
    except ValueError as error:
        message, line = _place_of(str(error), text)
        faults.add(
            name,
            line,
            "toml.syntax",
            f"This is not TOML: {message}.",
            "See https://toml.io/en/v1.0.0; a text stands in quotes, a list in [ ], "
            "and no key is given twice.",
        )
        return None
    if _depth(tree) > DEPTH_MAX:
        _too_deep(name, 0, faults)
        return None
    return Source(name, tree, _Scanner(text).scan())


def _text_of(name: str, data: bytes, faults: Faults) -> str | None:
    if len(data) > DOCUMENT_BYTES_MAX:
        faults.add(
            name,
            0,
            "file.limit",
            f"The document has {len(data):,} bytes; the limit is {DOCUMENT_BYTES_MAX:,}.",
            "Put long texts into an annex.",
        )
        return None
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        faults.add(
            name,
            1,
            "toml.text",
            "The document begins with a byte order mark.",
            "Save it as UTF-8 without one.",
        )
        return None
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.add(name, line, "toml.text", "The document is not UTF-8 here.", "Save it as UTF-8.")
        return None
    lines = text.split("\n")
    if len(lines) > LINES_MAX:
        faults.add(
            name,
            LINES_MAX,
            "toml.limit",
            f"The document has {len(lines):,} lines; the limit is {LINES_MAX:,}.",
            "Put long texts into an annex.",
        )
        return None
    for number, line_text in enumerate(lines, 1):
        if len(line_text) > LINE_CHARACTERS_MAX:
            faults.add(
                name,
                number,
                "toml.limit",
                f"The line has {len(line_text):,} characters; the limit is "
                f"{LINE_CHARACTERS_MAX:,}.",
                'Break it: a text between """ may have several lines.',
            )
            return None
        if line_text.count(".") > _DOTS_MAX and _dots_in_a_row(line_text) > _DOTS_MAX:
            # tomllib's work grows with the square of a dotted key's parts.
            _too_deep(name, number, faults)
            return None
    return text


def _dots_in_a_row(line: str) -> int:
    """Dots of the longest dotted key in a line, or of what looks like one."""
    most = dots = 0
    part = False
    for found in _TOKEN.finditer(line):
        piece = found[0]
        if piece[0] in " \t":
            continue
        if piece == ".":
            dots = dots + 1 if part else 0
            part = False
        elif not part and (piece[0].isalnum() or len(piece) > 1 or piece in "-_"):
            part = True
        else:
            dots, part = 0, piece[0].isalnum()
        most = max(most, dots)
    return most


def _too_deep(name: str, line: int, faults: Faults) -> None:
    faults.add(
        name,
        line,
        "toml.limit",
        f"The document is nested more than {DEPTH_MAX} levels deep.",
        "Nothing in an agreement needs this; see docs/agreement.md.",
    )


def _place_of(message: str, text: str) -> tuple[str, int]:
    found = _AT.search(message)
    if found is None:
        return message.rstrip("."), 0
    line = int(found[1]) if found[1] else text.rstrip("\n").count("\n") + 1
    column = f" (column {found[2]})" if found[2] else ""
    return message[: found.start()] + column, line


def _depth(tree: TomlTable) -> int:
    depth = 0
    level: list[object] = [tree]
    while level and depth <= DEPTH_MAX:
        depth += 1
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
        level = below
    return depth


class _Scanner:
    """Finds the lines of keys and items in a text that is known to be good TOML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[Path, int] = {}
        self._lists: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        """Lines by path."""
        table: Path = ()
        while True:
            self._skip(_BETWEEN)
            if self._at >= len(self._text):
                return self._lines
            line = self._here()
            if self._text.startswith("[[", self._at):
                self._at += 2
                table = self._open_item(self._key())
                self._at += 2
                self._note(table, line)
            elif self._text.startswith("[", self._at):
                self._at += 1
                table = self._resolve(self._key())
                self._at += 1
                self._note(table, line)
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = table + self._key()
        for length in range(len(table) + 1, len(path) + 1):
            self._note(path[:length], line)
        self._at += 1  # the sign of equality
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._at += 1
            self._items(path)
        elif opening == "{":
            self._at += 1
            self._skip(_BETWEEN)
            while self._text[self._at] != "}":
                self._pair(path)
                self._skip(_BETWEEN)
                if self._text[self._at] == ",":
                    self._at += 1
                    self._skip(_BETWEEN)
            self._at += 1
        else:
            self._skip(_STRING if opening in "\"'" else _SCALAR)

    def _items(self, path: Path) -> None:
        index = 0
        self._skip(_BETWEEN)
        while self._text[self._at] != "]":
            self._note((*path, index), self._here())
            self._value((*path, index))
            index += 1
            self._skip(_BETWEEN)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_BETWEEN)
        self._at += 1

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            if self._text[self._at] in "\"'":
                start = self._at
                self._skip(_STRING)
                quoted = tomllib.loads(f"key = {self._text[start : self._at]}")
                parts.append(cast(str, quoted["key"]))
            else:
                start = self._at
                self._skip(_BARE)
                parts.append(self._text[start : self._at])
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return tuple(parts)
            self._at += 1

    def _open_item(self, key: tuple[str, ...]) -> Path:
        path = (*self._resolve(key[:-1]), key[-1])
        self._lists[path] = self._lists.get(path, -1) + 1
        return (*path, self._lists[path])

    def _resolve(self, key: tuple[str, ...]) -> Path:
        """A header's key, with the index of the last item wherever it leads through a list."""
        path: Path = ()
        for part in key:
            path = (*path, part)
            if path in self._lists:
                path = (*path, self._lists[path])
        return path

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
