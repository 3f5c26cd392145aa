"""Everything that a party's record is kept in, opened and closed together."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .blobs import BlobStore
from .entries import RecordPlace
from .keys import Signer, Verifier
from .ledger import Ledger
from .log import LogDamaged, SqlLog
from .merkle import leaf_hash
from .nodes import NodeFile, NodesUnusable
from .party_tables import PARTY_TABLES, PartyRows
from .sqlite import SqliteLog
from .sqlite_store import own
from .statements import TableSet

_log = logging.getLogger("detente.record")


class RecordStore:
    """Log, hashes, blobs and rows. Made by `open`; there is a ledger after `follow`."""

    def __init__(self, place: RecordPlace, log: SqlLog, read_only: bool, lock: int | None) -> None:
        self.place = place
        self.log = log
        self.read_only = read_only
        self.rows = PartyRows(log)
        self.blobs = BlobStore(place.blobs)
        self.ledger: Ledger | None = None
        self._lock = lock
        self._nodes: NodeFile | None = None
        self._scratch: Path | None = None

    @classmethod
    async def open(
        cls, place: RecordPlace, *, read_only: bool, tables: Sequence[TableSet] = ()
    ) -> RecordStore:
        """Open the log, with further tables beside it.

        Raises:
            LogInUse, LogUnavailable, LogIncompatible, LogDamaged: see `SqliteLog.open`.
        """
        log: SqlLog
        beside = (PARTY_TABLES, *tables)
        if place.database is None:
            log = await SqliteLog.open(place.directory, read_only=read_only, tables=beside)
            return cls(place, log, read_only, None)
        from .postgres import PostgresLog
        from .postgres_session import PostgresSettings

        # The hashes and blobs beside a database on a server have one owner, too.
        lock = None if read_only else own(place.directory)
        try:
            log = await PostgresLog.open(
                place.database,
                PostgresSettings(schema=place.schema),
                read_only=read_only,
                tables=beside,
            )
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise
        return cls(place, log, read_only, lock)

    @property
    def nodes(self) -> NodeFile:
        """The hashes of the tree."""
        if self._nodes is None:
            raise RuntimeError("the record is not open yet")
        return self._nodes

    async def follow(
        self, origin: str, signer: Signer | None, verifiers: Sequence[Verifier]
    ) -> None:
        """Check the log as far as its hashes are not known, and be ready to append.

        Raises:
            LogDamaged: the log contradicts itself.
            LogUnavailable, NodesUnusable: it cannot be read.
        """
        self._nodes = await asyncio.to_thread(self._open_nodes)
        if not self.read_only:
            await asyncio.to_thread(self.blobs.sweep)
        try:
            self.ledger = await self._catch_up(origin, signer, verifiers)
        except LogDamaged as error:
            if self._nodes.size == 0 or self._nodes.size > (await self.log.head()).size:
                raise
            _log.warning("%s; the hashes are made again from the log", error)
            # The file of hashes may be to blame: then the log agrees with itself without it.
            self._nodes.truncate(0)
            self.ledger = await self._catch_up(origin, signer, verifiers)

    async def close(self) -> None:
        """Give everything back."""
        try:
            if self._nodes is not None:
                await asyncio.to_thread(self._nodes.close)
        except NodesUnusable:
            pass  # it is made again from the log
        finally:
            if self._scratch is not None:
                shutil.rmtree(self._scratch, ignore_errors=True)
            await self.log.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    async def _catch_up(
        self, origin: str, signer: Signer | None, verifiers: Sequence[Verifier]
    ) -> Ledger:
        nodes = self.nodes
        ledger = Ledger(self.log, signer, origin, nodes.frontier(), verifiers)
        async for bodies in ledger.replay():
            await asyncio.to_thread(nodes.extend, [leaf_hash(body) for body in bodies])
        return ledger

    def _open_nodes(self) -> NodeFile:
        if not self.read_only:
            return NodeFile(self.place.nodes)
        # Its writer may have it open, and go on: a reader takes a copy.
        self._scratch = Path(tempfile.mkdtemp(prefix="detente-nodes-"))
        copy = self._scratch / "nodes"
        if self.place.nodes.exists():
            shutil.copyfile(self.place.nodes, copy)
        return NodeFile(copy)
