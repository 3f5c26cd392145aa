"""What is made of events: files that other programs read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from detente.boundaries import BoundarySource
from detente.errors import DetenteError

from .events import Event
from .outputs_geojson import write_geojson
from .outputs_kml import write_kml
from .outputs_table import write_csv, write_parquet

SUFFIXES: Final = (".parquet", ".geojson", ".csv", ".kml")
"""What the name of a file of events may end with: that is its format."""


class OutputUnusable(DetenteError):
    """Events cannot be written there."""

    code: ClassVar[str] = "watch.output"


def check_output(path: Path) -> None:
    """See that events can be written to a file, before they are looked for.

    Raises:
        OutputUnusable: its name does not tell a format, or it is not a file in a folder.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputUnusable(
            "The name does not tell in which format events are to be written.",
            where=str(path),
            advice=f"End it with {', '.join(SUFFIXES)}.",
        )
    check_place(path)


def check_place(path: Path) -> None:
    """See that a file may be put there: its folder exists or can be made, and it is no device.

    Raises:
        OutputUnusable: it may not.
    """
    if path.exists() and not path.is_file():
        raise OutputUnusable("This is not a file.", where=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(error, path) from None


def write_events(
    events: Iterable[Event], path: Path, sources: Sequence[BoundarySource] = ()
) -> int:
    """Write events in the format that the file's name tells; a reader never sees half of it.

    Args:
        events: in the order in which they are written.
        path: of the file.
        sources: of the boundaries, which are named where the format has room.

    Returns:
        How many were left out, because the format cannot show them: no place, or too many (KML).

    Raises:
        OutputUnusable: it cannot be written.
    """
    check_output(path)
    left_out = 0

    def write(beside: Path) -> None:
        nonlocal left_out
        match path.suffix.lower():
            case ".parquet":
                write_parquet(events, beside)
            case ".csv":
                write_csv(events, beside)
            case ".geojson":
                write_geojson(events, beside, sources)
            case _:
                left_out = write_kml(events, beside, sources)

    put(path, write)
    return left_out


def put(path: Path, write: Callable[[Path], None]) -> None:
    """Let a file be written beside its place, and put it there when it is whole.

    Raises:
        OutputUnusable: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        beside.replace(path)
    except OSError as error:
        raise _unusable(error, path) from None
    finally:
        beside.unlink(missing_ok=True)


def _unusable(error: OSError, path: Path) -> OutputUnusable:
    return OutputUnusable(f"It cannot be written: {error.strerror or error}.", where=str(path))
