"""What an import does once a bundle has been verified, and how an export has itself cosigned."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from detente.cli.record_home import Home
from detente.errors import DetenteError
from detente.record import DsseMalformed, Envelope, EnvelopeMalformed, PartyRecord, read_payload
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
    """

    new: int = 0
    receipts: int = 0
    known: int = 0


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
            wanted = _for_us(record, archive)
            for done in range(0, len(wanted), BATCH):
                await _receive(record, archive, wanted[done : done + BATCH], taken)
                tell(min(done + BATCH, len(wanted)), len(wanted))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BundleUnusable(f"It cannot be read: {error}", where=str(bundle)) from None
    return taken


@dataclass(frozen=True, slots=True)
class _Wanted:
    envelope: bytes
    identity: str
    blobs: tuple[str, ...]


def _for_us(record: PartyRecord, archive: zipfile.ZipFile) -> list[_Wanted]:
    others = {member.id for member in record.terms.members} - {record.party}
    found = []
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
    return found


async def _receive(
    record: PartyRecord, archive: zipfile.ZipFile, batch: Sequence[_Wanted], taken: Taken
) -> None:
    present = set(archive.namelist())
    blobs: dict[str, bytes] = {}
    for wanted in batch:
        for sha256 in wanted.blobs:
            name = f"blobs/{sha256}"
            if sha256 in blobs or name not in present or record.blobs.size(sha256) is not None:
                continue
            data = archive.read(name)
            if hashlib.sha256(data).hexdigest() != sha256:
                raise BundleUnusable("It has changed since it was verified.", where=name)
            blobs[sha256] = data
    for received in await record.receive([wanted.envelope for wanted in batch], blobs):
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
