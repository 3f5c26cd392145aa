"""What `detente plan` understands of a file: as a table, as a picture, and as plans to be filed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from detente.cli.node_client import Json, print_json
from detente.cli.plan_desk import show
from detente.errors import DetenteError
from detente.words import Language

if TYPE_CHECKING:
    from detente.interchange import (
        Converted,
        Defaults,
        Level,
        Problem,
        Room,
        Span,
        Understood,
    )

STDIN = "-"


class FileUnreadable(DetenteError):
    """The file cannot be read, or nothing in it can be filed."""

    code: ClassVar[str] = "cli.plan_file"


class PictureNotWritten(DetenteError):
    """The picture of what was understood cannot be written."""

    code: ClassVar[str] = "cli.picture_not_written"


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, and how it is to be understood; texts as options give them."""

    source: Path
    form: str | None = None
    corridor: str | None = None
    begins: str | None = None
    ends: str | None = None
    heights: str | None = None
    year: int | None = None
    lower: str | None = None
    upper: str | None = None
    geoid: str | None = None
    ground: str | None = None
    pressure: str | None = None
    picture: Path | None = None
    partly: bool = False


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A plan of a file.

    Attributes:
        name: as the file calls it.
        converted: its volumes, and where each comes from.
    """

    name: str
    converted: Converted

    def body(
        self,
        *,
        name: str | None = None,
        operator: str = "",
        aircraft: str = "",
        priority: int | None = None,
        state: str = "Accepted",
    ) -> Json:
        """What it is filed by. `name` goes before that of the file."""
        from detente.f3548 import volume_on_wire
        from detente.operations.instants import format_instant

        return {
            "name": name if name is not None else self.name,
            "operator": operator,
            "aircraft": aircraft,
            "priority": priority or 0,
            "state": state,
            "volumes": [_builtins(volume_on_wire(each)) for each in self.converted.volumes],
            "track": [
                [format_instant(at), lat, lng, height]
                for at, lat, lng, height in self.converted.track
            ],
        }


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Everything that a file holds.

    Attributes:
        understood: as it was read.
        plans: what can be filed of it.
        problems: what could not be read or converted.
    """

    understood: Understood
    plans: tuple[ReadPlan, ...]
    problems: tuple[Problem, ...]

    def show(self, language: Language, *, err: bool) -> None:
        """Print it for people: a table of volumes, then problems, notes and assumptions."""
        from detente.cli.plan_picture import findings, understood_table

        if any(each.converted.volumes for each in self.plans):
            show(understood_table(self, language), err=err)
        for line in findings(self, language):
            click.echo(line, err=err)

    def fit_for_filing(self, partly: bool) -> None:
        """Whether it may be filed.

        Raises:
            FileUnreadable: nothing was understood, or not all and that is not enough.
        """
        if self.problems and not partly:
            raise FileUnreadable(
                "Not all of it can be filed."
                if len(self.problems) == 1
                else f"{len(self.problems)} things in it cannot be filed.",
                where=self.understood.name,
                advice="Correct them; --partly files the rest without them.",
            )
        if not any(each.converted.volumes for each in self.plans):
            raise FileUnreadable("There is nothing in it to be filed.", where=self.understood.name)


def show_file(*, as_json: bool, each: bool, language: Language | None, **given: Any) -> int:
    """`detente plan read`; exit code 2 if something could not be understood.

    Raises:
        FileUnreadable, Unreadable, AltimetryError, CorridorError: see these.
    """
    from detente.cli.plan_picture import document

    found = read_plans(Reading(**given), each=each)
    if as_json:
        print_json(document(found))
    else:
        found.show(language or "en", err=False)
    return 2 if found.problems else 0


def read_plans(reading: Reading, *, each: bool) -> ReadFile:
    """The plans of a file; with a picture of them, if one is wanted.

    Args:
        reading: the file.
        each: whether each name in it is a plan of its own; else all of it is one.

    Raises:
        FileUnreadable: it cannot be opened.
        PictureNotWritten: see it.
        Unreadable: it is none of the known formats.
        AltimetryError, GridError, CorridorError: an option makes no sense.
    """
    from detente.interchange import altimetry_from, read, to_volumes

    data = bytes_of(reading.source)
    understood = read(
        data, name_of(reading.source), format=reading.form, defaults=_defaults(reading)
    )
    altimetry = altimetry_from(
        geoid=reading.geoid, ground=reading.ground, pressure=reading.pressure
    )
    groups = [(_one_name(understood), understood)]
    if each:
        groups = _by_name(understood)
    plans, problems = [], list(understood.problems)
    room = _room(reading.corridor)
    for title, part in groups:
        converted = to_volumes(
            part,
            altimetry,
            _window(reading),
            room=room,
            lower=_level(reading.lower, "--lower"),
            upper=_level(reading.upper, "--upper"),
        )
        problems += converted.problems
        if converted.volumes:
            plans.append(ReadPlan(title, converted))
    found = ReadFile(understood, tuple(plans), tuple(problems))
    if reading.picture is not None:
        from detente.cli.plan_picture import write_picture

        write_picture(reading.picture, found)
    return found


def name_of(source: Path) -> str:
    """What a file is called; standard input, too."""
    return "standard input" if str(source) == STDIN else source.name


def bytes_of(source: Path) -> bytes:
    """What is in a file, up to a byte more than is read of any.

    Raises:
        FileUnreadable: it cannot be opened.
    """
    from detente.interchange.understood import BYTES_MAX

    try:
        if str(source) == STDIN:
            return sys.stdin.buffer.read(BYTES_MAX + 1)
        with source.open("rb") as file:
            return file.read(BYTES_MAX + 1)
    except OSError as error:
        raise FileUnreadable(f"It cannot be read: {error.strerror}.", where=str(source)) from None


def _by_name(understood: Understood) -> list[tuple[str, Understood]]:
    """Parts of a file: those of one name together, those of none each alone."""
    groups: dict[str, Understood] = {}
    bare = replace(understood, pieces=(), routes=(), problems=(), notes=())
    for number, piece in enumerate(understood.pieces):
        key = piece.name or f"\0{number}"
        held = groups.setdefault(key, bare)
        groups[key] = replace(held, pieces=(*held.pieces, piece))
    for number, route in enumerate(understood.routes):
        # Two routes are two flights, whatever they are called.
        groups[f"{route.name}\0\0{number}"] = replace(bare, routes=(route,))
    return [(key.partition("\0")[0], held) for key, held in groups.items()]


def _one_name(understood: Understood) -> str:
    names = {each.name for each in understood.pieces}
    names |= {each.name for each in understood.routes}
    return names.pop() if len(names) == 1 else ""


def _defaults(reading: Reading) -> Defaults:
    from detente.interchange import Defaults, LevelDefaults

    unit, _, reference = (reading.heights or "").partition(" ")
    unit, reference = unit.lower(), reference.strip().upper()
    if reading.heights is not None and (
        unit not in ("m", "ft") or reference not in ("", "W84", "AMSL", "AGL", "STD")
    ):
        raise click.BadParameter(
            "Write m or ft, and W84, AMSL, AGL or STD.", param_hint="--heights"
        )
    return Defaults(LevelDefaults(unit or None, reference or None), reading.year)


def _room(text: str | None) -> Room | None:
    from detente.interchange import Room
    from detente.operations import parse_corridor

    if text is None:
        return None
    found = parse_corridor(text)
    return Room(found.half_width_m, found.vertical_m, found.time_s)


def _window(reading: Reading) -> Span | None:
    from detente.interchange import Span

    if reading.begins is None and reading.ends is None:
        return None
    return Span(instant_of(reading.begins, "--from"), instant_of(reading.ends, "--until"))


def instant_of(text: str | None, option: str) -> int | None:
    """A time that an option gives, microseconds since 1970 UTC.

    Raises:
        click.BadParameter: it is none.
    """
    from detente.operations.instants import parse_instant

    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint=option) from None


def _level(text: str | None, option: str) -> Level | None:
    from detente.interchange import parse_level
    from detente.interchange.understood import Unread

    if text is None:
        return None
    try:
        return parse_level(text)
    except Unread as error:
        raise click.BadParameter(error.message, param_hint=option) from None


def _builtins(value: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(value)
