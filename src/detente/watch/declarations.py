"""What is known of aircraft beyond their tracks: whose they are, their class, their errand.

Parties tell each other; nothing is guessed. Aircraft are matched by identity alone, never by call
sign: those change in flight, and an answer must not depend on when one was heard.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta, Struct

from detente.agreement import AircraftClass, Purpose
from detente.errors import DetenteError

from .identity_patterns import IdentityPatterns, canonical

BYTES_MAX: Final = 32 * 2**20
AIRCRAFT_MAX: Final = 200_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Pattern = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class DeclarationsUnusable(DetenteError):
    """A file of declarations that cannot be used."""

    code: ClassVar[str] = "watch.declarations"


class Declared(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One aircraft, or a group of them.

    Attributes:
        aircraft: an identity (`4b1234`, `uid:X-7`), the beginning of one (`4b*`), or a range of
            ICAO addresses (`4b0000-4b7fff`).
        party: whose it is; "" if that is not told.
        kind: its class, for rules that depend on it; None if that is not told. In files: `class`.
    """

    aircraft: Pattern
    party: Annotated[str, Meta(max_length=200)] = ""
    kind: AircraftClass | None = msgspec.field(name="class", default=None)


class Notice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An errand that was announced.

    Attributes:
        id: as the parties call it.
        aircraft: as in `Declared`.
        purpose: of the flight.
        from_, until: when; both included. In files: `from`.
        given: when the other side was told.
    """

    id: Name
    aircraft: Pattern
    purpose: Purpose
    from_: Annotated[datetime, Meta(tz=True)] = msgspec.field(name="from")
    until: Annotated[datetime, Meta(tz=True)]
    given: Annotated[datetime, Meta(tz=True)]

    @property
    def span_us(self) -> tuple[int, int]:
        """From when to when, µs since 1970 UTC."""
        return microseconds(self.from_), microseconds(self.until)

    @property
    def given_us(self) -> int:
        """When the other side was told, µs since 1970 UTC."""
        return microseconds(self.given)


UNDECLARED: Final = Declared(aircraft="*")


class Declarations:
    """All that is declared; does not change.

    Args:
        aircraft: an exact identity goes before patterns, an earlier pattern before a later one.
        notices: errands.

    Raises:
        DeclarationsUnusable: a pattern can match nothing, or what one matches is declared twice,
            differently.
    """

    def __init__(self, aircraft: Iterable[Declared] = (), notices: Iterable[Notice] = ()) -> None:
        self.aircraft: Sequence[Declared] = tuple(aircraft)
        self.notices: Sequence[Notice] = tuple(notices)
        if len(self.aircraft) > AIRCRAFT_MAX or len(self.notices) > AIRCRAFT_MAX:
            raise DeclarationsUnusable(
                f"There are more than {AIRCRAFT_MAX:,} aircraft, or notices.",
                advice="Declare ranges of addresses instead.",
            )
        try:
            self._aircraft = IdentityPatterns(each.aircraft for each in self.aircraft)
            self._notices = IdentityPatterns(each.aircraft for each in self.notices)
        except ValueError as error:
            raise DeclarationsUnusable(
                f"A pattern cannot be meant: {error}.",
                advice="Write an identity, its beginning and a star, or a range of addresses.",
            ) from error
        declared: dict[str, Declared] = {}
        for each in self.aircraft:
            # Two patterns may overlap, then the earlier one counts; one cannot mean two things.
            before = declared.setdefault(canonical(each.aircraft), each)
            if (before.party, before.kind) != (each.party, each.kind):
                raise DeclarationsUnusable(
                    "What this matches is declared twice, differently.",
                    where=each.aircraft,
                    advice="Keep one of the two.",
                )

    def of(self, identity: str) -> Declared:
        """What is declared of an aircraft; `UNDECLARED` if nothing is."""
        numbers = self._aircraft.exact(identity) or self._aircraft.matching(identity)
        return self.aircraft[numbers[0]] if numbers else UNDECLARED

    def notices_of(self, identity: str) -> list[Notice]:
        """Errands that were announced for an aircraft, in their order."""
        return [self.notices[number] for number in self._notices.matching(identity)]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    aircraft: list[Declared] = []
    notices: list[Notice] = []


def read_declarations(data: bytes, where: str = "declarations") -> Declarations:
    """Declarations from TOML or JSON: tables `aircraft` and `notices`.

    Args:
        data: JSON if it begins with a brace.
        where: what errors call it.

    Raises:
        DeclarationsUnusable: it is none, or too large.
    """
    if len(data) > BYTES_MAX:
        raise DeclarationsUnusable(
            f"It is larger than {BYTES_MAX >> 20} MB.", where=where, advice="Use ranges."
        )
    try:
        if data.lstrip()[:1] == b"{":
            read = msgspec.json.decode(data, type=_File)
        else:
            read = msgspec.convert(tomllib.loads(data.decode()), _File)
        return Declarations(read.aircraft, read.notices)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DeclarationsUnusable(
            f"It cannot be read: {error}.",
            where=where,
            advice="Write tables [[aircraft]] (aircraft, party, class) and [[notices]].",
        ) from error


def microseconds(moment: datetime) -> int:
    """Since 1970 UTC, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
