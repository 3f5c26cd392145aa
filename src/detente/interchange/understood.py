"""What a file was understood to say, line by line, and what could not be read.

A reader never guesses. What it reads becomes a `Piece` or a `Route` that names the lines it came
from; what it cannot read becomes a `Problem` with its line and what to do. A piece of which any
part cannot be read is no piece at all: half an outline is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Final, NoReturn

from detente.errors import DetenteError
from detente.geo import Outline
from detente.words import Words

BYTES_MAX: Final = 64 << 20
"""Of a file, and of what is unpacked from it."""
PIECES_MAX: Final = 20_000
"""Pieces and routes of one file."""
POINTS_MAX: Final = 500_000
"""Points of one file."""
FINDINGS_MAX: Final = 1_000
"""Problems told, and notes; the rest are counted."""


class Unreadable(DetenteError):
    """A file of which nothing can be read."""

    code: ClassVar[str] = "import.unreadable"


class UnknownFormat(Unreadable):
    """A file whose format cannot be told, or is not one that is read."""

    code: ClassVar[str] = "import.format"


class TooLarge(Unreadable):
    """A file that is larger, deeper or of more parts than any honest one."""

    code: ClassVar[str] = "import.too_large"


class Unread(DetenteError):
    """A part of a file that cannot be read: `words` says why, `remedy` what to do, `line` where."""

    code: ClassVar[str] = "import.unread"

    def __init__(self, words: Words, remedy: Words | None = None, line: int = 0) -> None:
        super().__init__(
            words.en,
            where=f"line {line}" if line else None,
            advice=remedy.en if remedy else None,
        )
        self.words = words
        self.remedy = remedy
        self.line = line


def refused(en: str, fr: str, *, do_en: str = "", do_fr: str = "", line: int = 0) -> Unread:
    """The refusal of a part of a file, in both languages, to be raised."""
    return Unread(Words(en, fr), Words(do_en, do_fr) if do_en else None, line)


def unread(en: str, fr: str, *, do_en: str = "", do_fr: str = "", line: int = 0) -> NoReturn:
    """Refuse a part of a file.

    Raises:
        Unread: always.
    """
    raise refused(en, fr, do_en=do_en, do_fr=do_fr, line=line)


class Reference:
    """What a level counts from; the names are those that people write."""

    W84: Final = "W84"
    """The WGS-84 ellipsoid, as F3548-21 has it."""
    AMSL: Final = "AMSL"
    """Mean sea level."""
    AGL: Final = "AGL"
    """The ground."""
    STD: Final = "STD"
    """The pressure surface of 1013.25 hPa: flight levels."""
    SFC: Final = "SFC"
    """The surface itself, without a value."""
    UNL: Final = "UNL"
    """No limit, without a value."""


REFERENCES: Final = ("W84", "AMSL", "AGL", "STD", "SFC", "UNL")


@dataclass(frozen=True, slots=True)
class Level:
    """A height as it was written.

    Attributes:
        value: in `unit`; 0 for SFC and UNL.
        unit: `m`, `ft` or `FL` (hundreds of feet).
        reference: one of `REFERENCES`.
        line: where it stands; 0: it was given apart from the file.
    """

    value: float
    unit: str
    reference: str
    line: int = 0

    @property
    def metres(self) -> float:
        """The value in metres above its reference (for STD: what the altimeter shows)."""
        return self.value * {"m": 1.0, "ft": 0.3048, "FL": 30.48}[self.unit]

    def __str__(self) -> str:
        if self.reference in (Reference.SFC, Reference.UNL):
            return self.reference
        if self.unit == "FL":
            return f"FL{self.value:03.0f}"
        return f"{self.value:,.10g} {self.unit} {self.reference}"


@dataclass(frozen=True, slots=True)
class Span:
    """A time span; None is an open end. µs since 1970 UTC.

    Attributes:
        estimated: whether the end is only an estimate (a NOTAM's EST).
    """

    start_us: int | None
    end_us: int | None
    line: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One airspace, area or volume.

    Attributes:
        name: as the file calls it; "" if it does not.
        kind: the file's own word for what it is, such as `R`, `CTR`, `ROZ`; "" if none.
        outline: of the ground it covers: never less than what is written.
        lower, upper: as written; None if the file does not say.
        spans: when; empty if the file does not say.
        line, last_line: where it stands.
        error_m: by how much the outline may reach beyond what is written (arcs drawn as polygons).
        vertices_written: how many points the file gives.
    """

    name: str
    kind: str
    outline: Outline
    lower: Level | None
    upper: Level | None
    spans: tuple[Span, ...]
    line: int
    last_line: int
    error_m: float = 0.0
    vertices_written: int = 0


@dataclass(frozen=True, slots=True)
class RoutePoint:
    """A point of a route; `time_us` is None where only the whole span is known."""

    time_us: int | None
    lat_deg: float
    lng_deg: float
    level: Level
    line: int


@dataclass(frozen=True, slots=True)
class Route:
    """A line that will be flown, from which a corridor can be made.

    Attributes:
        span: when, if the points have no times of their own.
        half_width_m: to each side, if the file says so.
    """

    name: str
    kind: str
    points: tuple[RoutePoint, ...]
    span: Span | None
    line: int
    last_line: int
    half_width_m: float | None = None

    @property
    def timed(self) -> bool:
        """Whether each point has its time."""
        return all(point.time_us is not None for point in self.points)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, or a remark on what was.

    Attributes:
        line: where; 0: the file as a whole.
        message: what.
        remedy: what to do about it.
        part: name of the piece it is about.
    """

    line: int
    message: Words
    remedy: Words | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """Everything that a file was understood to say.

    Attributes:
        name: of the file.
        format: one of `FORMATS`.
        pieces, routes: what was read, in the file's order.
        problems: what could not be read: none of it is in `pieces` or `routes`.
        notes: remarks on what was read, and what was passed over on purpose.
        left_off: how many more problems and notes there are than are told.
    """

    name: str
    format: str
    pieces: tuple[Piece, ...] = ()
    routes: tuple[Route, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    left_off: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        return not self.problems and not self.left_off


@dataclass(slots=True)
class Findings:
    """Gathers what a reader finds, within limits."""

    name: str
    format: str
    pieces: list[Piece] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    left_off: int = 0
    points: int = 0

    def add(self, part: Piece | Route) -> None:
        """Take in what was read.

        Raises:
            TooLarge: there is more than `PIECES_MAX`.
        """
        self.room(1)
        if isinstance(part, Piece):
            self.pieces.append(part)
        else:
            self.routes.append(part)

    def room(self, parts: int) -> None:
        """See to it that so many more parts may be taken in.

        Raises:
            TooLarge: there would be more than `PIECES_MAX`.
        """
        if len(self.pieces) + len(self.routes) + parts > PIECES_MAX:
            raise TooLarge(
                f"The file has more than {PIECES_MAX:,} parts.",
                where=self.name,
                advice="Divide it into several files.",
            )

    def count(self, points: int) -> None:
        """Count points of the file.

        Raises:
            TooLarge: there are more than `POINTS_MAX`.
        """
        self.points += points
        if self.points > POINTS_MAX:
            raise TooLarge(
                f"The file has more than {POINTS_MAX:,} points.",
                where=self.name,
                advice="Divide it into several files.",
            )

    def problem(self, found: Unread, line: int, part: str = "") -> None:
        """Tell what could not be read; `line` is where, unless the finding knows better.

        Raises:
            TooLarge: there is more to be told than anybody can read.
        """
        self._tell(self.problems, Problem(found.line or line, found.words, found.remedy, part))

    def note(
        self, line: int, en: str, fr: str, *, do_en: str = "", do_fr: str = "", part: str = ""
    ) -> None:
        """Remark on what was read, or passed over."""
        remedy = Words(do_en, do_fr) if do_en else None
        self._tell(self.notes, Problem(line, Words(en, fr), remedy, part))

    def _tell(self, where: list[Problem], problem: Problem) -> None:
        if len(where) >= FINDINGS_MAX:
            self.left_off += 1
            if self.left_off > PIECES_MAX:
                raise TooLarge(
                    f"There is more to be said of the file than {PIECES_MAX:,} problems and notes.",
                    where=f"{self.name}: line {problem.line}",
                    advice="Look at the first ones: it may be another format.",
                )
        else:
            where.append(problem)

    def understood(self) -> Understood:
        """All of it, in the order of lines."""
        return Understood(
            self.name,
            self.format,
            tuple(self.pieces),
            tuple(self.routes),
            _by_line(self.problems),
            _by_line(self.notes),
            self.left_off,
        )


def _by_line(found: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(found, key=lambda problem: problem.line))


def shown(text: str, most: int = 60) -> str:
    """A piece of the file for a message: on one line, cut."""
    flat = " ".join(text[: 20 * most].split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
