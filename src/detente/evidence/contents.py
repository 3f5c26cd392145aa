"""The entries' part of a bundle, written tile by tile while the record streams by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from detente.record import Payload
from detente.record.blobs import BlobUnusable
from detente.record.checkpoint import Checkpoint
from detente.record.entries import CosignedCheckpoint, Entry
from detente.record.ijson import JsonValue, format_time
from detente.record.keys import Verifier
from detente.record.leaf import read_leaf
from detente.record.merkle import inclusion_proof, leaf_hash
from detente.record.tiles import ENTRIES, TileRef, encode_entries, number_path
from detente.record.tlog_proof import format_proof

from .archive import Archive
from .ranges import holds
from .request import ExportFailed, ExportRequest, Progress, Ranges
from .sigstore import sigstore_item
from .source import BundleSource
from .summary import Summary

_BLOB_CHUNK = 1 << 20


@dataclass(slots=True)
class Contents:
    """Writes tiles, envelopes, single items and blobs, and gathers what else a bundle needs.

    Args:
        archive: takes the files.
        source: the record.
        request: what was asked for.
        checkpoint: the bundle's.
        log: key that signed it.
        items: the entries to show.
        singles: those of them that get files of their own, unless they were erased.

    Attributes:
        agreement: payload of the newest agreement entry.
        began: when the log's first entry was made, as stated.
        custody: members of `custody.json`, in the order of the log.
        single_items: the entries that did get files of their own.
        withheld: hashes of blobs that are named and left out; `missing` are not held at all.
        summary: what people want to know.
    """

    archive: Archive
    source: BundleSource
    request: ExportRequest
    checkpoint: CosignedCheckpoint
    log: Verifier
    items: Ranges
    singles: Ranges
    agreement: Payload | None = None
    began: str = ""
    custody: list[JsonValue] = field(default_factory=list)
    single_items: list[int] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    summary: Summary = field(default_factory=Summary)

    async def write(self, tiles: Sequence[TileRef], progress: Progress | None) -> None:
        """Write everything.

        Args:
            tiles: the tiles of the bundle.
            progress: told how many entries are done.

        Raises:
            ExportFailed: the record contradicts itself, or the disk refuses.
            DetenteError: the record cannot be read.
        """
        total = sum(tile.width for tile in tiles if tile.level == ENTRIES)
        done = 0
        for tile in tiles:
            if tile.level == ENTRIES:
                entries = await read_entries(self.source, tile.first, tile.width)
                self._write_entries(tile, entries)
                done += tile.width
                if progress is not None:
                    progress(done, total)
            else:
                self.archive.add(tile.path, tile.hashes(self.source.node))

    def _write_entries(self, tile: TileRef, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if leaf_hash(entry.leaf) != self.source.node(0, entry.index):
                raise ExportFailed(
                    "The entry is not what the tree has hashed.",
                    where=f"entry {entry.index}",
                    advice="Check the record before anything is shown of it.",
                )
        self.archive.add(tile.path, encode_entries(entry.leaf for entry in entries))
        shown = [entry for entry in entries if holds(self.items, entry.index)]
        if shown:
            lines = [self._line(entry) for entry in shown]
            self.archive.add(f"envelopes/{number_path(tile.index)}.jsonl", b"".join(lines))
        for entry in shown:
            self._take(entry)

    def _line(self, entry: Entry) -> bytes:
        if entry.envelope is not None:
            return b'{"envelope":%b,"index":%d}\n' % (entry.envelope.to_json(), entry.index)
        if entry.erased_by is None or not holds(self.items, entry.erased_by):
            raise ExportFailed(
                "Its content is gone, and no entry of the bundle says why.",
                where=f"entry {entry.index}",
                advice="If it was erased just now, export again.",
            )
        return b'{"erased":{"by":%d},"index":%d}\n' % (entry.erased_by, entry.index)

    def _take(self, entry: Entry) -> None:
        self.summary.add(entry)
        payload = entry.payload
        if payload is None or entry.envelope is None:
            return
        if payload.sha256 != read_leaf(entry.leaf).payload_sha256:
            raise ExportFailed("Its content has changed.", where=f"entry {entry.index}")
        if entry.index == 0:
            self.began = format_time(payload.created)
        if payload.sender != self.source.party:
            pass  # others' entries of these kinds are about their logs
        elif payload.kind == "agreement":
            self.agreement = payload
        elif payload.kind == "custody":
            self._take_custody(entry.index, payload)
        for blob in payload.blobs:
            self._take_blob(blob.sha256.hex(), entry.index)
        if holds(self.singles, entry.index):
            self._write_single(entry)

    def _take_custody(self, index: int, payload: Payload) -> None:
        body = payload.body
        if body.get("action") == "export":
            self.custody.append(
                {
                    "index": index,
                    "export": body.get("export"),
                    "by": body.get("by"),
                    "created": format_time(payload.created),
                    "purpose": body.get("purpose"),
                }
            )

    def _take_blob(self, sha256: str, index: int) -> None:
        path = f"blobs/{sha256}"
        if path in self.archive or sha256 in self.withheld:
            return
        if sha256 in self.request.withhold:
            self.withheld.add(sha256)
        elif self.source.blobs.size(sha256) is None:
            self.withheld.add(sha256)
            self.missing.add(sha256)
        else:
            add_blob(self.archive, path, self.source, sha256, f"entry {index}")

    def _write_single(self, entry: Entry) -> None:
        if entry.envelope is None:
            return
        index, size = entry.index, self.checkpoint.size
        path = inclusion_proof(index, size, self.source.node)
        note = self.checkpoint.note
        stated = Checkpoint(self.source.origin, size, self.checkpoint.root)
        self.archive.add(
            f"bundles/{index}.sigstore.json",
            sigstore_item(index, entry.leaf, entry.envelope, path, stated, note, self.log),
        )
        self.archive.add(f"proofs/{index}.tlog-proof", format_proof(index, path, note).encode())
        self.single_items.append(index)


async def read_entries(source: BundleSource, first: int, count: int) -> list[Entry]:
    """Exactly these entries.

    Raises:
        ExportFailed: the record has them not all.
    """
    found: list[Entry] = []
    while len(found) < count:
        page = await source.entries(first + len(found), count - len(found))
        for entry in page:
            if entry.index != first + len(found):
                page = []
                break
            found.append(entry)
        if not page:
            raise ExportFailed(
                "The entry is missing.",
                where=f"entry {first + len(found)}",
                advice="Check the record before anything is shown of it.",
            )
    return found


def add_blob(archive: Archive, path: str, source: BundleSource, sha256: str, where: str) -> None:
    """Copy a blob into the archive.

    Raises:
        ExportFailed: it is missing, or its bytes are not what its name says.
    """
    try:
        with source.blobs.open(sha256) as file:
            member = archive.add(path, _chunks(file))
    except BlobUnusable as error:
        raise ExportFailed(f"A blob cannot be used: {error}", where=where) from error
    if member.sha256 != sha256:
        raise ExportFailed(f"The blob {sha256} has other bytes.", where=where)


def blob_bytes(source: BundleSource, sha256: str, bytes_max: int) -> bytes | None:
    """A small blob; None when it is larger or missing.

    Raises:
        ExportFailed: its bytes are not what its name says.
    """
    size = source.blobs.size(sha256)
    if size is None or size > bytes_max:
        return None
    with source.blobs.open(sha256) as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ExportFailed("The blob has other bytes.", where=sha256)
    return data


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    read: Callable[[], bytes] = lambda: file.read(_BLOB_CHUNK)  # noqa: E731
    return iter(read, b"")
