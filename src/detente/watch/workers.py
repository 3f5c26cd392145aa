"""The same run on the machines of an existing Dask cluster.

Each piece of work reads the archive and watches its share of the aircraft, which follows from their
names alone; one more piece looks at all aircraft if they are compared. So the answers do not depend
on how many pieces there are, nor on who does them. Finished pieces are kept in the work folder; a
run that was killed asks for the others only.

All machines must see the files, and the work folder if it holds sorted runs, under the same paths,
and have the same version of Détente.
"""

from __future__ import annotations

import importlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, cast

import msgspec

import detente
from detente.errors import DetenteError
from detente.feeds import ArchiveOptions

from .archive import call_into_question
from .archive_events import EventStore
from .archive_files import ArchiveFile
from .archive_lanes import Dealer
from .archive_merge import OutOfOrder
from .archive_order import OrderedArchive, look_through
from .archive_outcome import Outcome, Progress
from .archive_work import Layout, WorkFolder, WrittenOf
from .engine_rules import WatchSetup
from .events import Event
from .interference import Jumps

if TYPE_CHECKING:
    from pathlib import Path

_CONNECT_S: Final = 20
_RETRIES: Final = 3
"""Times that a piece is given to another machine when one is lost."""


class WorkersUnusable(DetenteError):
    """The cluster cannot do the work."""

    code: ClassVar[str] = "watch.workers"


class PieceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece gave: its events, each as it came last, and what was counted."""

    events: tuple[Event, ...]
    jumps: bytes
    reports: int
    written: WrittenOf
    taken_out: dict[str, int]


class _Future(Protocol):
    def result(self) -> bytes: ...


class _Client(Protocol):
    """What is used of `distributed.Client`, which states no types."""

    def nthreads(self) -> dict[str, int]: ...

    def scatter(self, data: object, *, broadcast: bool) -> object: ...

    def submit(
        self, work: Callable[..., bytes], *arguments: object, pure: bool, retries: int
    ) -> _Future: ...

    def cancel(self, futures: Sequence[_Future], *, force: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A share of the work.

    Attributes:
        files, options, layout, work: how the archive is read.
        number: of the share, from 0; `of` itself is the one that compares aircraft.
        of: how many shares there are of what is told of single aircraft.
        version: of the program that asks.
    """

    files: tuple[ArchiveFile, ...]
    options: ArchiveOptions
    layout: Layout
    work: Path
    number: int
    of: int
    version: str = detente.__version__

    @property
    def name(self) -> str:
        """In the work folder."""
        return f"{self.of}-{self.number}"


def watch_piece(piece: Piece, setup: WatchSetup) -> bytes:
    """Do a share of the work: what a machine of the cluster runs.

    Returns:
        A `PieceResult` as MessagePack.

    Raises:
        DetenteError: the machine has another version, or does not see the same files.
        OutOfOrder: the files are not in the order that the layout says.
    """
    if piece.version != detente.__version__:
        raise WorkersUnusable(
            f"A machine of the cluster has version {detente.__version__}, not {piece.version}.",
            advice="Install the same version everywhere.",
        )
    for file in piece.files:
        file.same()
    between = piece.number == piece.of
    engine = setup.engine("between" if between else "own")
    dealer = Dealer(1 if between else piece.of)
    archive = OrderedArchive(piece.files, piece.options, piece.work, piece.layout)
    found: dict[str, Event] = {}
    reports = 0
    for batch in archive.reports():
        reports += len(batch)
        for event in engine.take(dealer.rows(batch, piece.number)):
            found[event.id] = event
    for event in engine.close():
        found[event.id] = event
    return msgspec.msgpack.encode(
        PieceResult(
            events=tuple(found.values()),
            jumps=Jumps().snapshot() if between else engine.jumps.snapshot(),
            reports=reports,
            written=archive.written,
            taken_out={} if between else dict(engine.taken_out),
        )
    )


class ClusterRun:
    """Watches an archive on a cluster.

    Args:
        address: of the cluster's scheduler, such as `tcp://10.0.0.1:8786`.
        files, options, setup, work: as of `ArchiveRun`.
        tell: called after every piece.
    """

    def __init__(
        self,
        address: str,
        files: Sequence[ArchiveFile],
        options: ArchiveOptions,
        setup: WatchSetup,
        work: WorkFolder,
        *,
        tell: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._address = address
        self._files = tuple(files)
        self._options = options
        self._setup = setup
        self._work = work
        self._tell = tell

    def watch(self) -> Outcome:
        """Run to the end; the events are then in the work folder's file.

        Raises:
            WorkersUnusable: the cluster cannot be reached, or lost a piece again and again.
            DetenteError: what a piece said.
        """
        began_s = time.monotonic()
        done = self._work.outcome()
        if done is not None:
            return msgspec.structs.replace(done, resumed_at=done.reports)
        with _connected(self._address) as client:
            layout = self._work.layout() or Layout()
            try:
                pieces, fresh = self._pieces(client, layout)
                self._do(client, fresh, len(pieces))
            except OutOfOrder:
                layout = look_through(self._files, self._options, self._work, self._looked)
                self._work.lay_out(layout)
                pieces, fresh = self._pieces(client, layout)
                self._do(client, fresh, len(pieces))
        together = self._together(pieces, layout)
        kept = len(pieces) - len(fresh)
        outcome = msgspec.structs.replace(
            together,
            digests=tuple(each.digest() for each in self._files),
            resumed_at=together.reports * kept // len(pieces) if kept else None,
            took_s=time.monotonic() - began_s,
        )
        self._work.finish(outcome)
        return outcome

    def _pieces(self, client: _Client, layout: Layout) -> tuple[list[Piece], list[Piece]]:
        """All pieces, and those that are not finished."""
        of = self._work.pieces() or max(1, sum(client.nthreads().values()))
        self._work.cut(of)
        options = replace(self._options, columns=dict(self._options.columns))
        pieces = [
            Piece(self._files, options, layout, self._work.path, number, of)
            for number in range(of + (self._setup.separation is not None))
        ]
        return pieces, [each for each in pieces if self._work.piece(each.name) is None]

    def _do(self, client: _Client, pieces: Sequence[Piece], count: int) -> None:
        if not pieces:
            return
        dask = _distributed()
        setup = client.scatter(self._setup, broadcast=True)
        asked = {
            client.submit(watch_piece, each, setup, pure=False, retries=_RETRIES): each
            for each in pieces
        }
        done = count - len(pieces)
        try:
            for future in dask.as_completed(list(asked)):
                self._work.keep_piece(asked[future].name, future.result())
                done += 1
                self._tell(Progress(False, done / count, 0, 0))
        except dask.KilledWorker as error:
            raise WorkersUnusable(
                f"A piece of work ended {_RETRIES + 1} of the cluster's processes: {error}.",
                where=self._address,
                advice="Look at the workers' logs; give them more memory.",
            ) from None
        finally:
            client.cancel(list(asked), force=True)

    def _looked(self, share: float) -> None:
        self._tell(Progress(True, share, 0, 0))

    def _together(self, pieces: Sequence[Piece], layout: Layout) -> Outcome:
        jumps = Jumps()
        taken_out: Counter[str] = Counter()
        written, reports = WrittenOf(), 0
        with EventStore(self._work.events) as events:
            for piece in pieces:
                kept = self._work.piece(piece.name)
                if kept is None:
                    raise AssertionError("all pieces are finished")
                result = msgspec.msgpack.decode(kept, type=PieceResult)
                events.add(result.events)
                jumps = jumps.merged(Jumps.restored(result.jumps))
                taken_out.update(result.taken_out)
                written, reports = result.written, result.reports
            call_into_question(events, jumps)
            events.sync()
        return Outcome(
            reports=reports,
            messages=written.messages,
            dropped=written.dropped,
            assumptions=written.assumptions,
            taken_out=dict(taken_out),
            in_order=not layout.files,
            lanes=pieces[0].of,
        )


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise WorkersUnusable(
            "The package distributed is not installed.",
            advice="Install it with Détente: pip install 'detente[dask]'.",
        ) from None


@contextmanager
def _connected(address: str) -> Iterator[_Client]:
    dask = _distributed()
    try:
        client = dask.Client(address, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise WorkersUnusable(
            f"There is no answer: {error}.",
            where=address,
            advice="Give the address of a Dask scheduler, such as tcp://10.0.0.1:8786.",
        ) from None
    with client:
        yield cast(_Client, client)
