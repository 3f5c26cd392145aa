"""Small parts of what is stated in rooms and conferences, read strictly: texts, ids, lists.

Bodies come from another party. Whatever is not of the form is refused with the name of the member,
and nothing of it is shown as if it were.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from detente.errors import DetenteError
from detente.record import JsonValue

Texts = Mapping[str, str]
"""Language tag to a text in that language; at least one."""

TEXT_CHARACTERS_MAX: Final = 20_000
TITLE_CHARACTERS_MAX: Final = 200
NAMES_MAX: Final = 100
"""Officers, people, items or parties in one statement."""

_PARTY: Final = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_HOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
_PLACE: Final = re.compile(r"([a-z][a-z0-9-]{0,31})\.([0-9a-f]{12})", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_DIGEST_DIGITS: Final = 12


class StatementMalformed(DetenteError):
    """A statement about a room or conference has not the form it must have."""

    code: ClassVar[str] = "room.statement"


class Reader:
    """Members of one body, each read once.

    Args:
        body: what was stated.
    """

    def __init__(self, body: Mapping[str, JsonValue]) -> None:
        self._body = body
        self._read: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        return name in self._body

    def end(self) -> None:
        """Raises StatementMalformed if there is a member that nobody has read."""
        for name in self._body:
            if name not in self._read:
                raise StatementMalformed("There is no such member.", where=name[:100])

    def value(self, name: str) -> JsonValue:
        """The member as it is; None if there is none."""
        self._read.add(name)
        return self._body.get(name)

    def integer(self, name: str, least: int, most: int = 1_000_000) -> int:
        """A whole number."""
        return integer(self.value(name), name, least, most)

    def place(self, name: str) -> str:
        """Id of a room or conference."""
        return place_id(self.value(name), name)

    def optional_sha256(self, name: str) -> str | None:
        """A hash, or null."""
        value = self.value(name)
        return None if value is None else sha256_hex(value, name)

    def texts(self, name: str, characters_max: int = TEXT_CHARACTERS_MAX) -> Texts:
        """A text in one language or more."""
        return texts(self.value(name), name, characters_max)

    def optional_texts(self, name: str, characters_max: int = TEXT_CHARACTERS_MAX) -> Texts:
        """A text in one language or more; empty if there is none."""
        return self.texts(name, characters_max) if self.has(name) else {}

    def items(self, name: str) -> list[JsonValue]:
        """A list of at most a hundred."""
        value = self.value(name)
        if not isinstance(value, list) or len(value) > NAMES_MAX:
            raise StatementMalformed(f"It is a list of at most {NAMES_MAX}.", where=name)
        return value

    def holders(self, name: str) -> tuple[str, ...]:
        """Ids of officers, each once, in order."""
        return unique([holder_id(each, name) for each in self.items(name)], name)


def plain(value: JsonValue, where: str, characters_max: int = TITLE_CHARACTERS_MAX) -> str:
    """A text that is not blank and has no control characters but line breaks and tabs."""
    if not isinstance(value, str) or not value.strip() or len(value) > characters_max:
        raise StatementMalformed(f"It is a text of 1 to {characters_max} characters.", where=where)
    if any(c < " " and c not in "\n\t" for c in value) or "\x7f" in value:
        raise StatementMalformed("It has control characters.", where=where)
    return value


def integer(value: JsonValue, where: str, least: int, most: int) -> int:
    """A whole number between two others."""
    if type(value) is not int or not least <= value <= most:
        raise StatementMalformed(f"It is a whole number from {least} to {most}.", where=where)
    return value


def party_id(value: JsonValue, where: str) -> str:
    """Id of a party."""
    if not isinstance(value, str) or not _PARTY.fullmatch(value):
        raise StatementMalformed("It is the id of a party.", where=where)
    return value


def holder_id(value: JsonValue, where: str) -> str:
    """Id of an officer."""
    if not isinstance(value, str) or not _HOLDER.fullmatch(value):
        raise StatementMalformed("It is the id of an officer.", where=where)
    return value


def place_id(value: JsonValue, where: str) -> str:
    """Id of a room or conference: the party that opened it, a full stop, 12 hexadecimal digits."""
    if not isinstance(value, str) or not _PLACE.fullmatch(value):
        raise StatementMalformed(
            "It is the id of a party, a full stop and 12 hexadecimal digits.", where=where
        )
    return value


def sha256_hex(value: JsonValue, where: str) -> str:
    """A SHA-256, 64 lower-case hexadecimal digits."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise StatementMalformed("It is 64 lower-case hexadecimal digits.", where=where)
    return value


def texts(value: JsonValue, where: str, characters_max: int = TEXT_CHARACTERS_MAX) -> Texts:
    """A text in one language or more."""
    if not isinstance(value, dict) or not 1 <= len(value) <= 10:
        raise StatementMalformed(
            'It is a text by language, such as {"en": "…", "fr": "…"}.', where=where
        )
    for language in value:
        if not _LANGUAGE.fullmatch(language):
            raise StatementMalformed("It is a language such as en or fr.", where=where)
    return {tag: plain(each, f"{where}.{tag}", characters_max) for tag, each in value.items()}


def unique(values: list[str], where: str) -> tuple[str, ...]:
    """The same values, if none comes twice."""
    if len(set(values)) != len(values):
        raise StatementMalformed("One stands in it twice.", where=where)
    return tuple(values)


def founder_of(place: str) -> str:
    """The party that opened a room or convened a conference, by its id."""
    return place.rpartition(".")[0]


def new_place(party: str, random: bytes) -> str:
    """The id of a new room or conference of that party.

    Args:
        random: at least 6 random bytes.
    """
    return place_id(f"{party}.{random[:6].hex()}", "id")


def digest_of(parties: Iterable[str]) -> str:
    """A name for a set of parties: 12 hexadecimal digits.

    Channels are named by it, so that all entries of a channel have the same addressees.
    """
    joined = "\n".join(sorted(parties))
    return hashlib.sha256(joined.encode()).hexdigest()[:_DIGEST_DIGITS]
