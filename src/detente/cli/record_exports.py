"""Exports at once, or in two steps between which the others cosign by files."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from detente.cli.record_options import progress
from detente.cli.record_transfers import settling
from detente.errors import printable
from detente.evidence import (
    Exported,
    ExportRequest,
    Prepared,
    Selection,
    export_bundle,
    export_prepared,
    prepare_export,
)
from detente.node.home import Home, now, officer_named


@dataclass(frozen=True, slots=True)
class Form:
    """How a bundle is written; see `ExportRequest`."""

    withhold: frozenset[str]
    single_items: int
    tsa_pem: bytes | None
    overwrite: bool


async def at_once(
    home: Home,
    target: Path,
    selection: Selection | None,
    form: Form,
    officer: str,
    purpose: str,
    witness_urls: Sequence[str],
) -> Exported:
    """Record an export and write its bundle.

    Raises:
        ExportRefused, ExportFailed, KeyFileUnusable, WitnessUnreachable: see there.
    """
    signer = home.signer(officer)
    async with home.opened(write=True) as opened, settling(home, opened, witness_urls) as ask:
        request = ExportRequest(
            by=(officer_named(opened, signer),),
            purpose=purpose,
            selection=selection,
            withhold=form.withhold,
            single_items=form.single_items,
            tsa_pem=form.tsa_pem,
            overwrite=form.overwrite,
            settle=ask,
        )
        with progress("exporting") as tell:
            return await export_bundle(
                opened, request, target, tell, clock=now, random=secrets.token_bytes
            )


async def prepared(home: Home, selection: Selection | None, officer: str, purpose: str) -> Prepared:
    """Record an export whose bundle is written later.

    Raises:
        ExportRefused, KeyFileUnusable: see there.
    """
    signer = home.signer(officer)
    async with home.opened(write=True) as opened:
        by = (officer_named(opened, signer),)
        request = ExportRequest(by=by, purpose=purpose, selection=selection)
        return await prepare_export(opened, request, now=now(), random=secrets.token_bytes)


async def again(home: Home, target: Path, export: str, form: Form) -> Exported:
    """Write the bundle of a recorded export; nothing is recorded.

    Raises:
        ExportRefused, ExportFailed: see there.
    """
    async with home.opened(write=False) as opened:
        with progress("exporting") as tell:
            return await export_prepared(
                opened,
                export,
                target,
                tell,
                clock=now,
                withhold=form.withhold,
                single_items=form.single_items,
                tsa_pem=form.tsa_pem,
                overwrite=form.overwrite,
            )


def tell_prepared(home: Home, target: Path, made: Prepared, *, as_json: bool) -> None:
    """Print the id, and what is to be done with it."""
    if as_json:
        facts = {
            "export": made.export,
            "custody_index": made.custody_index,
            "items": made.items,
            "cosign_size": made.custody_index + 1,
        }
        click.echo(json.dumps(facts))
        return
    click.echo(f"prepared export {made.export}, recorded as entry {made.custody_index}")
    click.echo(f"have {made.custody_index + 1} entries or more cosigned (witness request, take);")
    click.echo(f"then: detente record export {home.directory} {target} --export {made.export}")


def tell(home: Home, made: Exported, *, as_json: bool) -> None:
    """Print what was written, and on standard error what is to be known of it."""
    if as_json:
        facts = {
            "path": str(made.path),
            "sha256": made.sha256,
            "bytes": made.bytes,
            "export": made.export,
            "custody_index": made.custody_index,
            "size": made.size,
            "scope": made.scope,
            "items": made.items,
            "grade": made.grade,
            "withheld_blobs": made.withheld_blobs,
        }
        click.echo(printable(json.dumps(facts)))
    else:
        shown = sum(last - first + 1 for first, last in made.items)
        click.echo(f"wrote {made.path} ({made.bytes / 1e6:.1f} MB, {made.scope}): {shown} entries")
        click.echo(f"SHA-256 {made.sha256}")
        click.echo(f"grade {made.grade}; recorded as entry {made.custody_index}")
    if made.missing_blobs:
        click.echo(f"note: {len(made.missing_blobs)} blobs are not in the record", err=True)
    if made.left_out_timestamps:
        click.echo(
            f"note: {len(made.left_out_timestamps)} timestamps are left out, as nobody could check "
            "them: give the authority's certificates, --tsa PEM.",
            err=True,
        )
    if made.grade != "bilateral":
        click.echo(
            f"note: not everything is cosigned by the other parties. {made.path} is checked with "
            f"`--accept {made.grade}`. Better have it witnessed (witness request, take), and write "
            f"it again: `detente record export {home.directory} {made.path} --overwrite --export "
            f"{made.export}`.",
            err=True,
        )
