"""XML as a tree that knows its lines, of files that nobody vouches for.

Expat without document types: whatever declares one is refused, so there are no entities to expand
and none to fetch. Depth, elements and attributes are limited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from .understood import TooLarge, Unreadable

DEPTH_MAX: Final = 100
ELEMENTS_MAX: Final = 1_000_000
TAG_BYTES_MAX: Final = 1 << 20
"""Of one tag, comment or instruction."""
_CHUNK: Final = 1 << 18
_SEPARATOR: Final = "\x1f"


@dataclass(slots=True)
class Element:
    """An element: its namespace, local name, attributes (local names with namespaces before a
    space), text of its own, children and line."""

    namespace: str
    name: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""
    last_line: int = 0

    def of(self, *names: str) -> Iterator[Element]:
        """Children of these local names, in order."""
        return (child for child in self.children if child.name in names)

    def first(self, *names: str) -> Element | None:
        """The first child of one of these names."""
        return next(self.of(*names), None)

    def text_of(self, name: str) -> str:
        """The text of the first child of a name, without spaces around; "" if there is none."""
        child = self.first(name)
        return child.text.strip() if child is not None else ""

    def within(self, *names: str) -> Iterator[Element]:
        """All below of these names, in the file's order."""
        todo = list(reversed(self.children))
        while todo:
            element = todo.pop()
            if element.name in names:
                yield element
            todo.extend(reversed(element.children))

    def attribute(self, name: str) -> str:
        """An attribute by its local name, whatever its namespace; "" if there is none."""
        for key, value in self.attributes.items():
            if key.rpartition(" ")[2] == name:
                return value
        return ""


class _Builder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.entity
        self.open: list[Element] = []
        self.texts: list[list[str]] = []
        self.root: Element | None = None
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        where = f"{self.name}: line {self.parser.CurrentLineNumber}"
        if self.count > ELEMENTS_MAX:
            raise _too_many(where)
        if len(self.open) >= DEPTH_MAX:
            raise TooLarge(f"The XML nests deeper than {DEPTH_MAX} elements.", where=where)
        namespace, _, local = tag.rpartition(_SEPARATOR)
        element = Element(
            namespace,
            local,
            {key.replace(_SEPARATOR, " "): value for key, value in attributes.items()}
            if attributes
            else attributes,
            self.parser.CurrentLineNumber,
        )
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self.texts.append([])

    def end(self, tag: str) -> None:
        element = self.open.pop()
        element.text = "".join(self.texts.pop())
        element.last_line = self.parser.CurrentLineNumber

    def characters(self, text: str) -> None:
        if self.texts:
            self.texts[-1].append(text)

    def doctype(self, *_: object) -> None:
        raise Unreadable(
            "The XML declares a document type: entities are not read.",
            where=f"{self.name}: line {self.parser.CurrentLineNumber}",
            advice="Remove the <!DOCTYPE …> and write out what its entities stand for.",
        )

    def entity(self, *_: object) -> None:
        self.doctype()


def parse_xml(data: bytes, name: str) -> Element:
    """The root of an XML document.

    Raises:
        Unreadable: it is not well-formed, or declares a document type; with the line.
        TooLarge: it has too many elements, or nests too deeply.
    """
    # Each element ends once: most files that are too large need not be begun.
    if data.count(b"</") + data.count(b"/>") > 2 * ELEMENTS_MAX:
        raise _too_many(name)
    builder = _Builder(name)
    try:
        for begin in range(0, len(data), _CHUNK):
            end = min(len(data), begin + _CHUNK)
            builder.parser.Parse(data[begin:end], False)
            if end - builder.parser.CurrentByteIndex > TAG_BYTES_MAX:
                raise TooLarge(
                    f"The XML has a tag or a comment longer than {TAG_BYTES_MAX >> 20} MiB.",
                    where=f"{name}: line {builder.parser.CurrentLineNumber}",
                )
        builder.parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise Unreadable(
            f"This is not well-formed XML: {expat.ErrorString(problem.code)}.",
            where=f"{name}: line {problem.lineno}",
        ) from problem
    except (ValueError, LookupError) as problem:
        # An encoding that is none, or that expat cannot be told of.
        raise Unreadable(f"The XML cannot be decoded: {problem}.", where=name) from problem
    if builder.root is None:
        raise Unreadable("The XML has no element.", where=name)
    return builder.root


def _too_many(where: str) -> TooLarge:
    return TooLarge(
        f"The XML has more than {ELEMENTS_MAX:,} elements.",
        where=where,
        advice="Divide it into several files.",
    )


def root_name(data: bytes) -> str | None:
    """The local name of a document's root, from its beginning; None if it cannot be told."""
    found: list[str] = []
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)

    def start(tag: str, _: dict[str, str]) -> None:
        if not found:
            found.append(tag.rpartition(_SEPARATOR)[2])

    parser.StartElementHandler = start
    # Nothing beyond a document type is looked at: it may hold entities.
    parser.StartDoctypeDeclHandler = lambda *_: found.append("")
    for at in range(0, min(len(data), 65_536), 256):
        try:
            parser.Parse(data[at : at + 256], False)
        except (expat.ExpatError, ValueError, LookupError):
            break
        if found:
            break
    return found[0] if found else None
