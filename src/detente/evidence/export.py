"""Writes a bundle: the order of things, and the files that are about the whole of it.

The custody entry comes first, so that the bundle holds the statement of its own making, and so that
a failed attempt stands in the record as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from detente.errors import DetenteError, printable
from detente.record import Draft, Payload
from detente.record.entries import Clock, CosignedCheckpoint, Entry, Random
from detente.record.ijson import JsonValue
from detente.record.tiles import needed_tiles, tiles_of
from detente.record.uuids import uuid7

from . import ranges
from .archive import Archive
from .checkpoints import (
    check_root,
    covering,
    lowest_grade,
    older_checkpoints,
    without_timestamp,
)
from .contents import Contents, read_entries
from .request import (
    Exported,
    ExportFailed,
    ExportRefused,
    ExportRequest,
    Prepared,
    Progress,
    Ranges,
)
from .selection import MANDATORY_KINDS, Chooser
from .source import BundleSource
from .whole import write_whole

_PAGE = 1000
_BY_MAX = 20
_WORDS_MAX = 2000


async def export_bundle(
    record: BundleSource,
    request: ExportRequest,
    target: Path,
    progress: Progress | None = None,
    *,
    clock: Clock,
    random: Random,
) -> Exported:
    """Write a bundle of a record, whole or not at all.

    A custody entry is recorded first. The bundle is then of the best cosigned checkpoint that
    covers it; `request.settle` is the occasion to have one cosigned.

    Args:
        record: the exporter's own.
        request: what to show, to whom, why.
        target: file to write; its directory must be there.
        progress: told how many entries of how many are done.
        clock: gives the time of the export.
        random: makes its id.

    Raises:
        ExportRefused: the request cannot be met; nothing was recorded or written.
        ExportFailed: the record is not fit to be shown, or the disk refuses.
        DetenteError: the record could not be read or written.
    """
    _check(request)
    _check_target(target, overwrite=request.overwrite)
    now = clock()
    # Before anything is recorded, it is known that files can be written there.
    with Archive(target.parent) as archive:
        prepared = await prepare_export(record, request, now=now, random=random)
        try:
            if request.settle is not None:
                await request.settle(prepared.custody_index + 1)
            checkpoint = await record.best_checkpoint(prepared.custody_index)
            if checkpoint is None:
                raise ExportFailed("There is no checkpoint that covers the custody entry.")
            full = request.selection is None
            return await _write(
                record, request, prepared, checkpoint, full, target, archive, progress, now
            )
        except DetenteError as error:
            # It is on record that a bundle was made: say how that becomes true.
            error.advice = " ".join(
                filter(
                    None,
                    (
                        error.advice,
                        f"The export is on record as entry {prepared.custody_index}; its bundle "
                        f"can still be written, with --export {prepared.export}.",
                    ),
                )
            )
            raise


async def prepare_export(
    record: BundleSource, request: ExportRequest, *, now: datetime, random: Random
) -> Prepared:
    """Record the custody entry of a bundle that `export_prepared` writes, now or later.

    In between, others can cosign a checkpoint that covers it.

    Raises:
        ExportRefused: the request cannot be met; nothing was recorded.
        DetenteError: the record could not be read or written.
    """
    _check(request)
    size = (await record.checkpoint()).size
    chosen, asked_for = await _choose(record, request, size)
    export = str(uuid7(int(now.timestamp() * 1000), random(10)))
    custody = await _append_custody(record, request, export, chosen, size)
    return Prepared(
        export, custody.index, size, chosen, asked_for, tuple(request.by), request.purpose
    )


async def export_prepared(
    record: BundleSource,
    export: str,
    target: Path,
    progress: Progress | None = None,
    *,
    clock: Clock,
    withhold: frozenset[str] = frozenset(),
    single_items: int = 1000,
    tsa_pem: bytes | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write the bundle of an export that is recorded already; nothing is recorded.

    It shows what was chosen then, as of the smallest checkpoint of the highest grade that covers
    the custody entry. Of what came later it shows only what every bundle must.

    Args:
        record: the exporter's own.
        export: id of the export, as in its custody entry.
        target: file to write; its directory must be there.
        progress: told how many entries of how many are done.
        clock: gives the time at which the bundle is written.
        withhold, single_items, tsa_pem, overwrite: see `ExportRequest`.

    Raises:
        ExportRefused: no such export is recorded, or the request cannot be met.
        ExportFailed: the record is not fit to be shown, or the disk refuses.
        DetenteError: the record could not be read.
    """
    prepared = await _recorded(record, export)
    request = ExportRequest(
        by=prepared.by,
        purpose=prepared.purpose,
        withhold=withhold,
        single_items=single_items,
        tsa_pem=tsa_pem,
        overwrite=overwrite,
    )
    _check(request)
    _check_target(target, overwrite=overwrite)
    checkpoint = await covering(record, prepared.custody_index)
    if checkpoint is None:
        raise ExportFailed("There is no checkpoint that covers the custody entry.")
    everything = prepared.items == ((0, prepared.size - 1),)
    if everything and prepared.custody_index > prepared.size:
        between = ranges.ranges_of(range(prepared.size, prepared.custody_index))
        prepared = replace(prepared, items=ranges.union(prepared.items, between))
    full = everything and checkpoint.size == prepared.custody_index + 1
    now = clock()
    with Archive(target.parent) as archive:
        return await _write(
            record, request, prepared, checkpoint, full, target, archive, progress, now
        )


async def _write(
    record: BundleSource,
    request: ExportRequest,
    prepared: Prepared,
    checkpoint: CosignedCheckpoint,
    full: bool,
    target: Path,
    archive: Archive,
    progress: Progress | None,
    now: datetime,
) -> Exported:
    """The bundle as of a checkpoint; `full`: all that it covers."""
    log = record.keyring.log_key(record.party, checkpoint.size)
    check_root(record, checkpoint)
    items = ((0, checkpoint.size - 1),) if full else await _items(record, prepared, checkpoint.size)
    singles = _singles(items, prepared.asked_for, request.single_items)
    contents = Contents(archive, record, request, checkpoint, log, items, singles)
    if full:
        tiles = list(tiles_of(checkpoint.size))
    else:
        tiles = needed_tiles(checkpoint.size, ranges.indices_in(items))
    await contents.write(tiles, progress)
    older = await older_checkpoints(record, checkpoint)
    left_out: tuple[int, ...] = ()
    if request.tsa_pem is None:
        # Without the authority's certificates nobody could check them: the bundle would be
        # refused for lack of a file.
        both = [*older, checkpoint]
        left_out = tuple(each.size for each in both if each.timestamp is not None)
        checkpoint, older = without_timestamp(checkpoint), list(map(without_timestamp, older))
        contents.checkpoint = checkpoint
    outcome = Exported(
        path=target,
        sha256="",
        bytes=0,
        export=prepared.export,
        custody_index=prepared.custody_index,
        size=checkpoint.size,
        scope="full" if full else "subset",
        items=items,
        single_items=ranges.ranges_of(contents.single_items),
        grade=lowest_grade([checkpoint, *older], items),
        withheld_blobs=tuple(sorted(contents.withheld)),
        missing_blobs=tuple(sorted(contents.missing)),
        left_out_timestamps=left_out,
    )
    write_whole(contents, older, outcome, now)
    sha256, size = await asyncio.to_thread(archive.finish, target, overwrite=request.overwrite)
    return replace(outcome, sha256=sha256, bytes=size)


async def _recorded(record: BundleSource, export: str) -> Prepared:
    """What the custody entry of an export says; looked for from the newest entry backwards."""
    end = (await record.checkpoint()).size
    while end > 0:
        first = max(0, end - _PAGE)
        for entry in reversed(await read_entries(record, first, end - first)):
            payload = entry.payload
            if payload is None or (payload.kind, payload.sender) != ("custody", record.party):
                continue
            if payload.body.get("export") == export:
                return _prepared(entry.index, payload)
        end = first
    raise ExportRefused(
        "The record has no such export.",
        where=printable(export),
        advice="Its id is printed when it is prepared, and stands in its `custody` entry.",
    )


def _prepared(index: int, payload: Payload) -> Prepared:
    body = payload.body
    size, items, by = body.get("size"), body.get("items"), body.get("by")
    if not isinstance(size, int) or not isinstance(items, list) or not isinstance(by, list):
        raise ExportFailed("Its custody entry is not one of an export.", where=f"entry {index}")
    chosen = tuple(
        (int(str(each[0])), int(str(each[1]))) for each in items if isinstance(each, list)
    )
    names = tuple(map(str, by))
    return Prepared(
        str(body.get("export")), index, size, chosen, (), names, str(body.get("purpose"))
    )


# --- before anything is written ----------------------------------------------------------------


def _check(request: ExportRequest) -> None:
    if not request.by or len(request.by) > _BY_MAX or not all(request.by):
        raise ExportRefused(
            f"1 to {_BY_MAX} names say who asks for the bundle.",
            where="by",
            advice="They stand in the custody entry.",
        )
    if not request.purpose.strip() or len(request.purpose) > _WORDS_MAX:
        raise ExportRefused(
            f"A purpose is stated in up to {_WORDS_MAX:,} characters.", where="purpose"
        )
    if request.single_items < 0:
        raise ExportRefused("There cannot be fewer than none.", where="single_items")


def _check_target(target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise ExportRefused("There is no such directory.", where=str(target.parent))
    if target.is_dir() or (not overwrite and (target.exists() or target.is_symlink())):
        raise ExportRefused(
            "There is a file already.",
            where=str(target),
            advice="Choose another name, or allow it to be overwritten.",
        )


async def _choose(record: BundleSource, request: ExportRequest, size: int) -> tuple[Ranges, Ranges]:
    """The items, and those of them that were asked for by themselves."""
    if request.selection is None:
        return ((0, size - 1),), ()
    for first, last in request.selection.ranges:
        if not 0 <= first <= last < size:
            raise ExportRefused(
                f"The record has the entries 0 to {size - 1}.", where=f"entries {first} to {last}"
            )
    chooser = Chooser(request.selection)
    for first in range(0, size, _PAGE):
        for entry in await read_entries(record, first, min(_PAGE, size - first)):
            chooser.add(entry)
    return chooser.items(), ranges.ranges_of(chooser.asked_for)


async def _append_custody(
    record: BundleSource, request: ExportRequest, export: str, items: Ranges, size: int
) -> Entry:
    body: dict[str, JsonValue] = {
        "action": "export",
        "export": export,
        "items": ranges.to_json(items),
        "size": size,
        "by": list(request.by),
        "purpose": request.purpose,
    }
    (entry,) = await record.append([(Draft("custody", "custody", (), body), None)])
    return entry


async def _items(record: BundleSource, prepared: Prepared, size: int) -> Ranges:
    """What was chosen, the custody entry, and what became mandatory in the meantime."""
    late = [
        entry.index
        for entry in await read_entries(record, prepared.size, size - prepared.size)
        if entry.payload is not None and entry.payload.kind in MANDATORY_KINDS
    ]
    return ranges.union(prepared.items, ranges.ranges_of([prepared.custody_index, *late]))


def _singles(items: Ranges, asked_for: Ranges, limit: int) -> Ranges:
    """Those that get files of their own: what was asked for goes first, and the newest first."""
    if ranges.count(items) <= limit:
        return items
    picked: set[int] = set()
    for candidates in (asked_for, items):
        for first, last in reversed(candidates):
            for index in range(last, first - 1, -1):
                if len(picked) >= limit:
                    return ranges.ranges_of(picked)
                picked.add(index)
    return ranges.ranges_of(picked)
