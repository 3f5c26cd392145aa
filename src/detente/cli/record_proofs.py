"""`detente record checkpoint` and `clock`: what binds a record to others and to time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.record_options import (
    FILE,
    INSTANT,
    PATH,
    json_option,
    of_record,
    officer_option,
    run,
)

if TYPE_CHECKING:
    from datetime import datetime

    from detente.record import CosignedCheckpoint, PartyRecord


@click.command()
@of_record
@click.option("--publish", type=PATH, metavar="DIR", help="Also write the log's tiles into DIR.")
@click.option(
    "--timestamp",
    "timestamp_url",
    metavar="URL",
    help="Have the checkpoint stamped (RFC 3161) by the authority at URL.",
)
@click.option(
    "--timestamp-request",
    "request_file",
    type=PATH,
    metavar="FILE",
    help="Write an RFC 3161 request into FILE, to be answered elsewhere.",
)
@click.option("--tsr", type=FILE, metavar="FILE", help="Take the answer to such a request.")
@click.option("--tsa", type=FILE, metavar="PEM", help="Root certificates of the authority.")
@json_option
def checkpoint(
    directory: Path,
    database: str | None,
    publish: Path | None,
    timestamp_url: str | None,
    request_file: Path | None,
    tsr: Path | None,
    tsa: Path | None,
    as_json: bool,
) -> None:
    """Print the newest checkpoint, who has cosigned it, and whether the policy is met."""
    from detente.cli import record_timestamps as stamps
    from detente.node.home import find
    from detente.node.publishing import TileSource
    from detente.node.whole_files import write_whole
    from detente.record import TileDirectory

    home = find(directory, database)
    stamped = timestamp_url is not None or tsr is not None

    async def work() -> None:
        async with home.opened(write=stamped) as opened:
            newest = await opened.checkpoint()
            if as_json:
                click.echo(json.dumps(_checkpoint_facts(opened, newest)))
            else:
                click.echo(newest.note, nl=False)
                for line in _standing(opened, newest):
                    click.echo(line, err=True)
            if publish is not None:
                await TileDirectory(publish).publish_async(TileSource(opened), newest.note)
                click.echo(f"published {newest.size} entries in {publish}", err=True)
            if request_file is not None:
                write_whole(request_file, stamps.request(stamps.stamped(opened, newest)))
                click.echo(f"wrote {request_file}: send it to the authority", err=True)
            if timestamp_url is not None:
                roots = stamps.read_roots(tsa)
                click.echo(await stamps.ask(opened, timestamp_url, roots), err=True)
            if tsr is not None:
                roots = stamps.read_roots(tsa)
                click.echo(await stamps.take(opened, stamps.read_file(tsr), roots), err=True)

    run(work())


def _checkpoint_facts(record: PartyRecord, newest: CosignedCheckpoint) -> dict[str, object]:
    from detente.record import Policy, cosignatures_of

    policy = Policy.parse(record.terms.policies[record.origin])
    good = cosignatures_of(newest.note, record.keyring.witnesses(newest.size))
    return {
        "origin": record.origin,
        "size": newest.size,
        "root": newest.root.hex(),
        "grade": newest.grade,
        "cosigners": [{"name": found.name, "time_s": found.time_s} for found in good],
        "policy_met": policy.satisfied_by(good),
        "note": newest.note,
    }


def _standing(record: PartyRecord, newest: CosignedCheckpoint) -> list[str]:
    """Who has cosigned, who has not, and what that amounts to."""
    from detente.record import Policy, cosignatures_of

    policy = Policy.parse(record.terms.policies[record.origin])
    good = cosignatures_of(newest.note, record.keyring.witnesses(newest.size))
    names = {found.name for found in good}
    met = policy.satisfied_by(good)
    missing = [w.name for w in policy.witnesses if w.verifier.name not in names]
    lines = [f"{newest.size} entries; cosigned by {', '.join(sorted(names)) or 'nobody'}"]
    if met:
        lines.append(f"the agreement's policy is met: {newest.grade}")
    else:
        lines.append(f"the policy is not met: {newest.grade}; missing: {', '.join(missing)}")
        lines.append("see `detente record witness`")
    return lines


@click.command()
@of_record
@click.option("--offset-ms", type=float, metavar="MS", help="How far our clock is ahead.")
@click.option("--uncertainty-ms", type=click.FloatRange(0), metavar="MS", help="Give or take.")
@click.option("--source", metavar="TEXT", help="Compared with what: GPS, an NTP server …")
@click.option("--measured", type=INSTANT, help="When. [default: now]")
@click.option("--chronyc", type=FILE, metavar="FILE", help="Output of `chronyc tracking`.")
@click.option(
    "--timedatectl", type=FILE, metavar="FILE", help="Output of `timedatectl timesync-status`."
)
@officer_option(required=False)
def clock(
    directory: Path,
    database: str | None,
    offset_ms: float | None,
    uncertainty_ms: float | None,
    source: str | None,
    measured: datetime | None,
    chronyc: Path | None,
    timedatectl: Path | None,
    officer: str | None,
) -> None:
    """State in the record how far our clock is off, and by what source that is known.

    Nothing is measured here: give figures, or the output of a program that has measured.
    """
    from detente.cli.record_work import told
    from detente.node.home import find, now
    from detente.record import Draft, format_time

    read = None
    if chronyc is not None:
        read = from_chronyc(_text(chronyc))
    elif timedatectl is not None:
        read = from_timedatectl(_text(timedatectl))
    if read is not None:
        offset_ms = read[0] if offset_ms is None else offset_ms
        uncertainty_ms = read[1] if uncertainty_ms is None else uncertainty_ms
        source = source or read[2]
    if offset_ms is None or uncertainty_ms is None or not source:
        raise click.UsageError(
            "Give --offset-ms, --uncertainty-ms and --source, or --chronyc FILE, or "
            "--timedatectl FILE with what those programs print."
        )
    home = find(directory, database)

    async def work() -> None:
        signer = None if officer is None else home.signer(officer)
        async with home.opened(write=True) as opened:
            draft = Draft(
                kind="clock",
                channel="clock",
                to=(),
                body={
                    "offset_ms": offset_ms,
                    "uncertainty_ms": uncertainty_ms,
                    "source": source,
                    "measured": format_time(measured or now()),
                },
            )
            [entry] = await opened.append([(draft, signer)])
            click.echo(told(entry))

    run(work())


def _text(path: Path) -> str:
    from detente.cli.record_work import read_file

    return read_file(path, 64 * 1024).decode("utf-8", "replace")


def from_chronyc(text: str) -> tuple[float, float, str] | None:
    """Offset (ours ahead), uncertainty, both in ms, and source, of `chronyc tracking`.

    Its own bound of the error is half the root delay and the root dispersion together.
    """
    offset = re.search(r"System time\s*:\s*([0-9.]+) seconds (slow|fast) of NTP time", text)
    delay = re.search(r"Root delay\s*:\s*([0-9.]+) seconds", text)
    dispersion = re.search(r"Root dispersion\s*:\s*([0-9.]+) seconds", text)
    source = re.search(r"Reference ID\s*:\s*\S+ \(([^)]*)\)", text)
    if offset is None or delay is None or dispersion is None:
        return None
    ahead = float(offset[1]) * 1000 * (1 if offset[2] == "fast" else -1)
    bound = (float(delay[1]) / 2 + float(dispersion[1])) * 1000
    name = source[1] if source and source[1] else "its own clock"
    return round(ahead, 6) + 0.0, round(bound, 6), f"NTP: {name} (chrony)"


def from_timedatectl(text: str) -> tuple[float, float, str] | None:
    """The same of `timedatectl timesync-status`, whose offset is what our clock lacks."""
    offset = re.search(r"^\s*Offset: ([+-]?[0-9.]+)(us|ms|s)\s*$", text, re.MULTILINE)
    distance = re.search(r"^\s*Root distance: ([0-9.]+)(us|ms|s)\b", text, re.MULTILINE)
    server = re.search(r"^\s*Server: (.+?)\s*$", text, re.MULTILINE)
    if offset is None or distance is None:
        return None
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    ahead = -float(offset[1]) * unit[offset[2]]
    bound = float(distance[1]) * unit[distance[2]]
    return round(ahead, 6) + 0.0, round(bound, 6), f"NTP: {server[1] if server else 'unnamed'}"
