"""How recorded positions are to be read: options of `detente watch`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from detente.feeds import ArchiveOptions

F = TypeVar("F", bound=Callable[..., Any])

_FEEDS_BYTES_MAX: Final = 1 << 20
_OPTIONS: Final = (
    click.option(
        "--format",
        "form",
        metavar="FORMAT",
        help="What the files are, such as parquet, csv, beast, asterix. [default: told by each]",
    ),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="OURS=THEIRS",
        help="What a table calls a column, such as speed=gspd.",
    ),
    click.option(
        "--altitude-unit",
        type=click.Choice(["ft", "m"]),
        help="Unit of altitudes in tables whose column does not say it.",
    ),
    click.option(
        "--speed-unit",
        type=click.Choice(["kt", "m/s", "km/h"]),
        help="Unit of speeds, likewise.",
    ),
    click.option(
        "--climb-unit",
        type=click.Choice(["ft/min", "m/s"]),
        help="Unit of rates of climb, likewise.",
    ),
    click.option(
        "--altitude-above",
        type=click.Choice(["pressure", "ellipsoid"]),
        default="pressure",
        show_default=True,
        help="What a plain altitude is measured from: 1013.25 hPa, or the WGS-84 ellipsoid.",
    ),
    click.option("--utc", is_flag=True, help="Times of tables that name no zone are UTC."),
    click.option(
        "--began",
        metavar="TIME",
        help="When a raw capture began, in RFC 3339: for formats that carry no date.",
    ),
    click.option(
        "--feeds",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A TOML file of what raw captures do not say: ASTERIX editions, radar sites, a "
        "receiver's place. See docs/feeds-surveillance.md.",
    ),
    click.option(
        "--assumed-accuracy",
        type=click.FloatRange(0.1, 100_000),
        default=185.2,
        show_default=True,
        metavar="METRES",
        help="Radius that holds 95 % of positions that state no accuracy.",
    ),
)


def reading_options(command: F) -> F:
    """How a file is to be understood."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def archive_options(
    columns: tuple[str, ...],
    altitude_unit: Any,
    speed_unit: Any,
    climb_unit: Any,
    altitude_above: Any,
    utc: bool,
    began: str | None,
    feeds: Path | None,
    assumed_accuracy: float,
) -> ArchiveOptions:
    """What the options say.

    Raises:
        click.UsageError: a column or the time is not written as it should be.
        DecoderSettingsUnusable: the file of settings of feeds cannot be used.
    """
    from detente.feeds import (
        ArchiveOptions,
        DecoderSettings,
        DecoderSettingsUnusable,
        decoder_settings,
    )
    from detente.settings import read_toml

    named = [each.partition("=") for each in columns]
    if any(not ours or not between for ours, between, _ in named):
        raise click.UsageError("--column is written OURS=THEIRS.")
    decoders = DecoderSettings()
    if feeds is not None:
        decoders = decoder_settings(
            read_toml(feeds, DecoderSettingsUnusable, _FEEDS_BYTES_MAX), str(feeds)
        )
    return ArchiveOptions(
        columns={ours: theirs for ours, _, theirs in named},
        altitude_unit=altitude_unit,
        speed_unit=speed_unit,
        climb_unit=climb_unit,
        altitude_above=altitude_above,
        times_are_utc=utc,
        began_us=None if began is None else _instant(began),
        decoders=decoders,
        assumed_horizontal_m=assumed_accuracy,
    )


def _instant(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise click.UsageError("--began is written like 2026-05-01T09:00:00Z, with a zone.")
    return round(instant.timestamp() * 1e6)
