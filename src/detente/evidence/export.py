"""Writes a bundle: the order of things, and the files that are about the whole of it.

The custody entry comes first, so that the bundle holds the statement of its own making, and so that
a failed attempt stands in the record as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from detente.record.entries import Clock, Entry, Random
from detente.record.envelope import Draft
from detente.record.ijson import JsonValue
from detente.record.tiles import needed_tiles, tiles_of
from detente.record.uuids import uuid7

from . import ranges
from .archive import Archive
from .checkpoints import check_root, lowest_grade, older_checkpoints, without_timestamp
from .contents import Contents, read_entries
from .request import Exported, ExportFailed, ExportRefused, ExportRequest, Progress, Ranges
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
    _check(request, target)
    before = (await record.checkpoint()).size
    chosen, asked_for = await _choose(record, request, before)
    now = clock()
    export = str(uuid7(int(now.timestamp() * 1000), random(10)))
    with Archive(target.parent) as archive:
        custody = await _append_custody(record, request, export, chosen, before)
        if request.settle is not None:
            await request.settle(custody.index + 1)
        checkpoint = await record.best_checkpoint(custody.index)
        if checkpoint is None:
            raise ExportFailed("There is no checkpoint that covers the custody entry.")
        log = record.keyring.log_key(record.party, checkpoint.size)
        check_root(record, checkpoint)
        items = await _items(record, request, chosen, before, custody.index, checkpoint.size)
        singles = _singles(items, asked_for, request.single_items)
        contents = Contents(archive, record, request, checkpoint, log, items, singles)
        if request.selection is None:
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
        grade = lowest_grade([checkpoint, *older], items)
        outcome = Exported(
            path=target,
            sha256="",
            bytes=0,
            export=export,
            custody_index=custody.index,
            size=checkpoint.size,
            scope="full" if request.selection is None else "subset",
            items=items,
            single_items=ranges.ranges_of(contents.single_items),
            grade=grade,
            withheld_blobs=tuple(sorted(contents.withheld)),
            missing_blobs=tuple(sorted(contents.missing)),
            left_out_timestamps=left_out,
        )
        write_whole(contents, older, outcome, now)
        sha256, size = await asyncio.to_thread(archive.finish, target, overwrite=request.overwrite)
    return replace(outcome, sha256=sha256, bytes=size)


# --- before anything is written ----------------------------------------------------------------


def _check(request: ExportRequest, target: Path) -> None:
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
    if not target.parent.is_dir():
        raise ExportRefused("There is no such directory.", where=str(target.parent))
    if target.is_dir() or (not request.overwrite and (target.exists() or target.is_symlink())):
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


async def _items(
    record: BundleSource,
    request: ExportRequest,
    chosen: Ranges,
    before: int,
    custody: int,
    size: int,
) -> Ranges:
    """What was chosen, the custody entry, and what became mandatory in the meantime."""
    if request.selection is None:
        return ((0, size - 1),)
    late = [
        entry.index
        for entry in await read_entries(record, before, size - before)
        if entry.payload is not None and entry.payload.kind in MANDATORY_KINDS
    ]
    return ranges.union(chosen, ranges.ranges_of([custody, *late]))


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
