"""Settings of decoders as people write them: tables of a TOML file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec

from detente.errors import DetenteError

from .asterix import AsterixSettings, RadarSite
from .cot import CotSettings
from .modes import ModeSSettings
from .registry import DecoderSettings
from .sbs import SbsSettings

_FAMILIES: Final[Mapping[str, type]] = {
    "mode_s": ModeSSettings,
    "sbs": SbsSettings,
    "asterix": AsterixSettings,
    "cot": CotSettings,
}
_LOOKED_AT: Final[Mapping[str, Collection[str]]] = {
    "mode_s": ("beast", "avr"),
    "sbs": ("sbs",),
    "asterix": ("asterix", "asterix-pcap"),
    "cot": ("cot", "tak"),
}
"""By which of `FORMATS`."""
_INSTANTS: Final = {"began_us": "began", "day_us": "day"}
"""Fields that are written as a time or a day."""
_BY_TRANSPORT: Final = "datagrams"
"""What the way tells by which a feed comes."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class DecoderSettingsUnusable(DetenteError):
    """A table of settings of decoders says what it cannot say."""

    code: ClassVar[str] = "feeds.settings"


def decoder_settings(
    tables: Mapping[str, object],
    where: str,
    form: str | None = None,
) -> DecoderSettings:
    """What tables say; what is left out is as `DecoderSettings` has it.

    Args:
        tables: `mode_s`, `sbs`, `asterix` and `cot`, with the fields of `ModeSSettings`,
            `SbsSettings`, `AsterixSettings` and `CotSettings`. But `mode_s.began` is a TOML time
            with a zone, and `asterix.day` a TOML date; `datagrams` is told by the transport.
            `asterix.sites` is a list of tables.
        where: they stand, for errors.
        form: the one format of a live feed that they are for; a table that it does not look at is
            refused, and so is the date of a capture.

    Raises:
        DecoderSettingsUnusable: a name is unknown, or a value cannot be; it says which.
    """
    _check_names(tables, _FAMILIES, where)
    for name in tables:
        if form is not None and form not in _LOOKED_AT[name]:
            raise DecoderSettingsUnusable(
                f"The format {form} does not look at this table.",
                where=f"{where}: {name}",
                advice=f"It is for {', '.join(_LOOKED_AT[name])}.",
            )
        table = tables[name]
        dated = sorted(set(_INSTANTS.values()) & set(table if isinstance(table, Mapping) else ()))
        if form is not None and dated:
            raise DecoderSettingsUnusable(
                "What comes live is dated by when it comes.",
                where=f"{where}: {name}.{dated[0]}",
                advice="This is for captures: leave it out.",
            )
    found: dict[str, Any] = {
        name: _family(table, _FAMILIES[name], f"{where}: {name}") for name, table in tables.items()
    }
    return DecoderSettings(**found)


def _family(table: object, kind: type, where: str) -> object:
    names = [each.name for each in fields(kind) if each.name != _BY_TRANSPORT]
    known = {_INSTANTS.get(name, name): name for name in names}
    told = {
        known[name]: _microseconds(value, f"{where}.{name}") if name != known[name] else value
        for name, value in _check_names(table, known, where).items()
    }
    sites = told.get("sites")
    for number, site in enumerate(sites if isinstance(sites, list) else ()):
        _check_names(site, [each.name for each in fields(RadarSite)], f"{where}.sites[{number}]")
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as problem:
        raise DecoderSettingsUnusable(f"{problem}.", where=where) from None
    except DetenteError as problem:
        place = f"{where}.{problem.where}" if problem.where else where
        raise DecoderSettingsUnusable(problem.message, where=place, advice=problem.advice) from None


def _check_names(table: object, known: Collection[str], where: str) -> Mapping[str, object]:
    if not isinstance(table, Mapping):
        raise DecoderSettingsUnusable("This is not a table.", where=where)
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise DecoderSettingsUnusable(
            f"There is no such name: {unknown[0]}.",
            where=where,
            advice=f"Those are: {', '.join(known)}.",
        )
    return table


def _microseconds(value: object, where: str) -> int:
    """Of a time with a zone, or of the beginning of a day, since 1970 UTC."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise DecoderSettingsUnusable(
                "This time has no zone.", where=where, advice="Write 2026-05-01T09:00:00Z."
            )
        return (value - _EPOCH) // timedelta(microseconds=1)
    if isinstance(value, date):
        return (value - _EPOCH.date()) // timedelta(microseconds=1)
    raise DecoderSettingsUnusable(
        "This is no time.", where=where, advice="Write 2026-05-01T09:00:00Z, or 2026-05-01."
    )
