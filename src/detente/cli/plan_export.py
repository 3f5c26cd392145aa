"""`detente plan export`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from detente.cli.node_client import print_json, say
from detente.cli.plan_answers import Plan
from detente.cli.plan_desk import Connection, plan_desk
from detente.errors import DetenteError

if TYPE_CHECKING:
    from detente.interchange import Altimetry, Feature


class ExportNotWritten(DetenteError):
    """The file cannot be written, or is there already."""

    code: ClassVar[str] = "cli.export_not_written"


def export_plans(
    connection: Connection,
    *,
    identities: tuple[str, ...],
    form: str | None,
    state: str | None,
    out: Path | None,
    overwrite: bool,
    geoid: str | None,
    fir: str,
    as_json: bool,
) -> None:
    """Write plans for other programs.

    Raises:
        ExportNotWritten: see it.
        NotWritable: the format has no words for something.
        NodeRefused, NodeUnreachable, NotLoggedIn: see these.
    """
    target = Target.of(out, form, "geojson", overwrite=overwrite, geoid=geoid, fir=fir)
    with plan_desk(connection) as at:
        if identities:
            plans = [at.find(each) for each in identities]
        else:
            plans = at.calls.plans(state=state, limit=1_000_000)
    target.write("plans", [feature_of(each) for each in plans], as_json=as_json)


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is exported to, and how.

    Attributes:
        out: the file; None: standard output.
        form: the format.
        altimetry: where the geoid is stated.
        fir: for NOTAMs.
    """

    out: Path | None
    form: str
    altimetry: Altimetry | None
    fir: str

    @classmethod
    def of(
        cls,
        out: Path | None,
        form: str | None,
        usual: str,
        *,
        overwrite: bool,
        geoid: str | None,
        fir: str,
    ) -> Target:
        """What options say.

        Args:
            form: the format; None: as the file's name has it.
            usual: the format for standard output.

        Raises:
            ExportNotWritten: the file is there already.
            click.UsageError: its name has no format.
            AltimetryError, GridError: the geoid makes no sense.
        """
        from detente.interchange import altimetry_from

        chosen = form or _format_of(out) or usual
        if out is not None and out.exists() and not overwrite:
            raise ExportNotWritten(
                "It is there already.", where=str(out), advice="Add --overwrite."
            )
        return cls(out, chosen, None if geoid is None else altimetry_from(geoid=geoid), fir)

    def write(self, what: str, features: Sequence[Feature], *, as_json: bool) -> None:
        """Write it, and say so.

        Args:
            what: the features are, in JSON.

        Raises:
            ExportNotWritten: it cannot be written.
            NotWritable: the format has no words for something.
        """
        from detente.interchange import WriteOptions, write

        made_us = time.time_ns() // 1000
        options = WriteOptions(made_us=made_us, altimetry=self.altimetry, fir=self.fir)
        data = write(features, self.form, options)
        out = self.out
        if out is None:
            click.echo(data, nl=False)
            return
        try:
            out.write_bytes(data)
        except OSError as error:
            raise ExportNotWritten(
                f"It cannot be written: {error.strerror}.", where=str(out)
            ) from None
        if as_json:
            print_json(
                {"file": str(out), "format": self.form, what: len(features), "bytes": len(data)}
            )
        else:
            say(f"{out}  {self.form}  {len(features)}  {len(data)} B", err=True)


def _format_of(out: Path | None) -> str | None:
    from detente.interchange import EXPORT_FORMATS

    if out is None:
        return None
    found = [each for each in EXPORT_FORMATS.values() if out.name.lower().endswith(each.suffix)]
    if not found:
        raise click.UsageError(f"--format: which of {', '.join(EXPORT_FORMATS)}?")
    return max(found, key=lambda each: len(each.suffix)).name


def feature_of(plan: Plan) -> Feature:
    """A plan of a node's as what is written."""
    from detente.f3548 import time_us, volume_of
    from detente.f3548.types import Time
    from detente.interchange import Feature, Kind

    volumes = [
        volume_of(each, f"volumes[{number}]")
        for number, each in enumerate(plan.volumes + plan.off_nominal_volumes)
    ]
    count = len(plan.volumes)
    return Feature(
        plan.id,
        plan.name,
        Kind.INTENT,
        tuple(volumes[:count]),
        state=plan.state,
        party=plan.manager,
        priority=plan.priority,
        off_nominal=tuple(volumes[count:]),
        track=tuple(
            (time_us(Time(at), "track"), lat, lng, height) for at, lat, lng, height in plan.track
        ),
    )
