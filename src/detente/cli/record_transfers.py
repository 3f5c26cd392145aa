"""What an import does once a bundle has been verified, and how an export has itself cosigned."""

from __future__ import annotations

import asyncio
import json
import os
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar, Final, cast

from detente.errors import DetenteError
from detente.node.home import Home
from detente.record import (
    DsseMalformed,
    Envelope,
    EnvelopeMalformed,
    PartyRecord,
    Query,
    read_payload,
)
from detente.verify import Options, Report, Unusable, verify_bundle

BATCH: Final = 200
"""Envelopes that are received in one transaction."""


class BundleUnusable(DetenteError):
    """A file is no bundle, cannot be read, or changed between being verified and being read."""

    code: ClassVar[str] = "cli.bundle"


@dataclass(slots=True)
class Taken:
    """What became of a bundle's envelopes.

    Attributes:
        new: received now.
        receipts: made for them.
        known: were in the record already.
        gaps: entries that their author has erased before they came.
        withheld: of the new ones, those without some of their files.
    """

    new: int = 0
    receipts: int = 0
    known: int = 0
    gaps: int = 0
    withheld: int = 0


def bundles_in(source: Path) -> list[Path]:
    """A bundle, or those in a folder.

    Raises:
        BundleUnusable: there is none.
    """
    found = sorted(source.glob("*.zip")) if source.is_dir() else [source]
    if not found:
        raise BundleUnusable("There is no bundle (*.zip) in it.", where=str(source))
    return found


def verified(
    record: PartyRecord, bundle: Path, accept: str, tell: Callable[[int, int], None]
) -> Report:
    """The verifier's report on a bundle that must be under our agreement.

    Raises:
        BundleUnusable: it is no bundle at all.
    """
    options = Options(
        accept=accept, agreement=record.terms.sha256, workers=min(4, os.cpu_count() or 1)
    )
    try:
        return verify_bundle(bundle, options, tell)
    except Unusable as error:
        raise BundleUnusable(str(error), where=str(bundle)) from None


def refusals(report: Report) -> Iterator[str]:
    """Why a bundle is refused, a line each."""
    for finding in report.findings:
        if finding.severity == "error":
            yield f"{finding.code}  {finding.where}: {finding.detail}"


async def take_over(record: PartyRecord, bundle: Path, tell: Callable[[int, int], None]) -> Taken:
    """Receive every envelope that others have addressed to us, in the order of the bundle.

    In batches, each whole or not at all: after an interruption the next import goes on where this
    one was.

    Raises:
        BundleUnusable: it cannot be read.
        RecordRefused, LogUnavailable, AppendUnknown: see `PartyRecord.receive`.
    """
    taken = Taken()
    try:
        with zipfile.ZipFile(bundle) as archive:
            wanted, erasures = _for_us(record, archive)
            begun = record.head.size
            for done in range(0, len(wanted), BATCH):
                batch = wanted[done : done + BATCH]
                await _receive(record, archive, batch, erasures, taken)
                tell(min(done + BATCH, len(wanted)), len(wanted))
            made = await _of_kinds(record, ("gap", "withheld"), begun)
            taken.gaps, taken.withheld = made.count("gap"), made.count("withheld")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BundleUnusable(f"It cannot be read: {error}", where=str(bundle)) from None
    return taken


@dataclass(frozen=True, slots=True)
class _Wanted:
    envelope: bytes
    identity: str
    blobs: tuple[str, ...]


async def _of_kinds(record: PartyRecord, kinds: tuple[str, ...], first: int) -> list[str]:
    found: list[str] = []
    after: int | None = None
    while True:
        page = await record.search(Query(kinds=kinds, first=first), limit=BATCH, after=after)
        found += [entry.payload.kind for entry in page.entries if entry.payload is not None]
        if page.next is None:
            return found
        after = page.next


def _for_us(record: PartyRecord, archive: zipfile.ZipFile) -> tuple[list[_Wanted], list[bytes]]:
    """What others have addressed to us, and what they have erased of their own."""
    others = {member.id for member in record.terms.members} - {record.party}
    found = []
    erasures = []
    for name in sorted(n for n in archive.namelist() if n.startswith("envelopes/")):
        for line in archive.read(name).splitlines():
            item = json.loads(line)
            if "envelope" not in item:
                continue
            # Canonical JSON throughout: the same bytes as those that were signed.
            data = json.dumps(
                item["envelope"], ensure_ascii=False, sort_keys=True, separators=(",", ":")
            ).encode()
            try:
                payload = read_payload(Envelope.from_json(data))
            except (DsseMalformed, EnvelopeMalformed):
                continue  # the agreement itself, and what the verifier let pass as foreign
            if payload.sender in others and record.party in payload.to:
                blobs = tuple(blob.sha256.hex() for blob in payload.blobs)
                found.append(_Wanted(data, str(payload.id), blobs))
            elif payload.sender in others and payload.kind == "erasure":
                gone = payload.body.get("envelope")
                if isinstance(gone, dict) and gone.get("from") == payload.sender:
                    erasures.append(data)
    return found, erasures


async def _erased(record: PartyRecord, identity: str) -> bool:
    """Whether it came and was erased: then its files do not come back."""
    entry = await record.by_id(identity)
    return entry is not None and entry.payload is None


async def _receive(
    record: PartyRecord,
    archive: zipfile.ZipFile,
    batch: Sequence[_Wanted],
    erasures: Sequence[bytes],
    taken: Taken,
) -> None:
    present = set(archive.namelist())
    withheld = json.loads(archive.read("manifest.json"))["withheld_blobs"]
    for wanted in batch:
        if not wanted.blobs or await _erased(record, wanted.identity):
            continue
        for sha256 in wanted.blobs:
            name = f"blobs/{sha256}"
            if name not in present or record.blobs.size(sha256) is not None:
                continue
            with archive.open(name) as file:
                found = await asyncio.to_thread(record.blobs.put, cast(BinaryIO, file))
            if found != sha256:
                raise BundleUnusable("It has changed since it was verified.", where=name)
    envelopes = [wanted.envelope for wanted in batch]
    for received in await record.receive(envelopes, erasures=erasures, withheld=withheld):
        if received.known:
            taken.known += 1
            continue
        taken.new += 1
        taken.receipts += received.receipt is not None


@asynccontextmanager
async def settling(
    home: Home, record: PartyRecord, urls: Sequence[str]
) -> AsyncIterator[Callable[[int], Awaitable[None]] | None]:
    """What an export calls before it reads the checkpoint: witnesses that are asked by HTTP."""
    if not urls:
        yield None
        return
    from detente.node import WitnessClient, http_client

    async with http_client() as http:

        async def ask(size: int) -> None:
            for url in urls:
                keys = lambda: record.keyring.witnesses(record.head.size)  # noqa: E731
                await WitnessClient(url, keys, http).submit(record)

        yield ask
