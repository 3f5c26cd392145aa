"""Checking a whole log from its first byte, for anyone who does not want to believe its keeper.

Nothing here is shared with what writes logs but the reading of notes: the tree is computed in
another way than `Frontier` does, so that one mistake cannot hide the other. Memory is bounded
however long the log is. All findings are collected, not only the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from .checkpoint import Checkpoint, NoteMalformed, NoteUnverified, open_note, split_note
from .keys import Verifier
from .log import Head, Log, StoredCheckpoint, StoredEntry

_PAGE = 1000
_FINDINGS_MAX = 100

Progress = Callable[[int, int], None]
"""Called with the number of entries checked and the number there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        where: `entry 17`, `checkpoint 64`, `head`.
        what: one sentence.
    """

    where: str
    what: str


@dataclass(slots=True)
class VerifyReport:
    """What a check of a whole log gave.

    Attributes:
        origin: the name that the checkpoints give the log; empty while there are none.
        size: entries that the head counts.
        root: tree hash that was computed over the entries read.
        entries: entries read and hashed.
        checkpoints: checkpoints whose root and form were checked.
        signatures: those of them that a known key has signed.
        signers: names that stand in the signature lines, with the number of checkpoints of each.
        findings: what is wrong, in the order of the log; at most a hundred.
        findings_left_out: how many more there are.
    """

    origin: str = ""
    size: int = 0
    root: bytes = b""
    entries: int = 0
    checkpoints: int = 0
    signatures: int = 0
    signers: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    findings_left_out: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def add(self, where: str, what: str) -> None:
        """Note something that is wrong."""
        if len(self.findings) < _FINDINGS_MAX:
            self.findings.append(Finding(where, what))
        else:
            self.findings_left_out += 1


async def verify_log(
    log: Log,
    verifiers: Sequence[Verifier] = (),
    progress: Progress | None = None,
    origin: str | None = None,
) -> VerifyReport:
    """Read all of a log; check every hash, every checkpoint's root and signature, and the head.

    What is appended meanwhile is not looked at. Without verifiers, signatures are not checked (and
    `VerifyReport.signatures` stays 0). Without an origin, all checkpoints must agree on one.

    Raises:
        LogUnavailable: the log could not be read.
    """
    head = await log.head()
    return await verify_stream(
        head, _entries(log, head.size), _checkpoints(log), verifiers, progress, origin
    )


async def verify_stream(
    head: Head,
    entries: AsyncIterator[StoredEntry],
    checkpoints: AsyncIterator[StoredCheckpoint],
    verifiers: Sequence[Verifier] = (),
    progress: Progress | None = None,
    origin: str | None = None,
) -> VerifyReport:
    """As `verify_log`, over entries and checkpoints in rising order from anywhere."""
    check = _Check(head, verifiers, VerifyReport(size=head.size, origin=origin or ""))
    async with aclosing(_Ahead(checkpoints)) as notes:
        async for entry in entries:
            if entry.position >= head.size:
                check.report.add(f"entry {entry.position}", "It stands beyond the head.")
                break
            check.entry(entry)
            for stored in await notes.up_to(entry.position + 1):
                check.checkpoint(stored)
            done = entry.position + 1
            if progress is not None and (done % _PAGE == 0 or done == head.size):
                progress(done, head.size)
        # What is left speaks of entries that are missing, or were added after we looked.
        for stored in await notes.up_to(head.size):
            check.checkpoint(stored)
    return check.end()


class _Check:
    """The state of a check between two entries."""

    def __init__(self, head: Head, verifiers: Sequence[Verifier], report: VerifyReport) -> None:
        self.report = report
        self._head = head
        self._verifiers = verifiers
        self._tree = _Tree()
        self._position = 0
        self._whole = True
        self._agreed = 0
        self._differing: list[int] = []  # first and last of a run of checkpoints
        self._differing_count = 0

    def entry(self, entry: StoredEntry) -> None:
        """The next entry that is there."""
        report = self.report
        if entry.position < self._position:
            report.add(f"entry {entry.position}", "It is there twice, or out of order.")
            self._whole = False
        elif entry.position > self._position:
            self._missing(entry.position)
        self._position = entry.position + 1
        if hashlib.sha256(b"\x00" + entry.body).digest() != entry.leaf_hash:
            report.add(f"entry {entry.position}", "Its bytes do not have the stored hash.")
        # The stored hash goes into the tree: one bad body then does not make all roots differ.
        self._tree.add(entry.leaf_hash)
        report.entries += 1

    def checkpoint(self, stored: StoredCheckpoint) -> None:
        """A checkpoint, after the entries up to it."""
        report = self.report
        where = f"checkpoint {stored.size}"
        report.checkpoints += 1
        try:
            text, signatures = split_note(stored.note)
            checkpoint = Checkpoint.from_text(text)
        except NoteMalformed as error:
            report.add(where, f"It is unreadable: {error}")
            return
        for name in {name for name, _, _ in signatures}:
            report.signers[name] = report.signers.get(name, 0) + 1
        if self._verifiers:
            try:
                open_note(stored.note, self._verifiers)
                report.signatures += 1
            except NoteUnverified as error:
                report.add(where, str(error))
        report.origin = report.origin or checkpoint.origin
        if checkpoint.origin != report.origin:
            report.add(where, f"It is about {checkpoint.origin!r}, not {report.origin!r}.")
        if checkpoint.size != stored.size:
            report.add(where, f"It speaks of {checkpoint.size} entries.")
        elif self._whole and stored.size == self._position:
            self._compare(stored.size, checkpoint.root == self._tree.root())

    def end(self) -> VerifyReport:
        """The report, after the last entry and checkpoint."""
        report, head = self.report, self._head
        if self._position < head.size:
            self._missing(head.size)
        self._end_run()
        report.root = self._tree.root()
        if self._whole and head.root != report.root:
            report.add("head", f"Its root is not that of its {head.size} entries.")
        if head.size:
            self._check_head()
        return report

    def _compare(self, size: int, same: bool) -> None:
        if same:
            self._end_run()
            self._agreed = size
            return
        self._differing_count += 1
        self._differing = [*self._differing[:1], size]

    def _end_run(self) -> None:
        if not self._differing:
            return
        first, count = self._differing[0], self._differing_count
        others = f", nor those of the {count - 1} after it" if count > 1 else ""
        last = first - 1
        self.report.add(
            f"entry {last}" if last == self._agreed else f"entries {self._agreed} to {last}",
            f"The checkpoint of {first} entries does not have their root{others}: an entry and its "
            "stored hash were both changed, or the checkpoint was.",
        )
        self._differing, self._differing_count = [], 0

    def _missing(self, end: int) -> None:
        first = self._position
        if end - first == 1:
            self.report.add(f"entry {first}", "It is missing; no root after it can be checked.")
        else:
            self.report.add(
                f"entries {first} to {end - 1}", "They are missing; no root after can be checked."
            )
        self._whole = False

    def _check_head(self) -> None:
        report, head = self.report, self._head
        try:
            note = head.checkpoint
            text = open_note(note, self._verifiers) if self._verifiers else split_note(note)[0]
            checkpoint = Checkpoint.from_text(text)
        except (NoteMalformed, NoteUnverified) as error:
            report.add("head", f"Its checkpoint cannot be believed: {error}")
            return
        if checkpoint != Checkpoint(report.origin or checkpoint.origin, head.size, head.root):
            report.add("head", "Its checkpoint is about another log, size or root than the head.")
        if report.checkpoints == 0:
            report.add("head", "No checkpoint is stored beside it.")


class _Tree:
    """RFC 9162 tree hash by merging equal heights on a stack."""

    def __init__(self) -> None:
        self._stack: list[tuple[int, bytes]] = []

    def add(self, value: bytes) -> None:
        height = 0
        while self._stack and self._stack[-1][0] == height:
            value = hashlib.sha256(b"\x01" + self._stack.pop()[1] + value).digest()
            height += 1
        self._stack.append((height, value))

    def root(self) -> bytes:
        value: bytes | None = None
        for _, left in reversed(self._stack):
            value = left if value is None else hashlib.sha256(b"\x01" + left + value).digest()
        return hashlib.sha256(b"").digest() if value is None else value


class _Ahead:
    """Gives checkpoints in step with the entries."""

    def __init__(self, source: AsyncIterator[StoredCheckpoint]) -> None:
        self._source = source
        self._next: StoredCheckpoint | None = None
        self._ended = False

    async def up_to(self, size: int) -> list[StoredCheckpoint]:
        """Those of at most `size` entries that were not given yet."""
        found: list[StoredCheckpoint] = []
        while not self._ended:
            if self._next is None:
                self._next = await anext(self._source, None)
                self._ended = self._next is None
                continue
            if self._next.size > size:
                break
            found.append(self._next)
            self._next = None
        return found

    async def aclose(self) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


async def _entries(log: Log, size: int) -> AsyncIterator[StoredEntry]:
    since = 0
    while page := await log.entries(since, _PAGE):
        for entry in page:
            # Entries beyond the head were either added since, or are wrong: the head, read again,
            # tells which.
            if entry.position >= size and entry.position < (await log.head()).size:
                return
            yield entry
        since = page[-1].position + 1


async def _checkpoints(log: Log) -> AsyncIterator[StoredCheckpoint]:
    since = 0
    while page := await log.checkpoints(since, _PAGE):
        for stored in page:
            yield stored
        since = page[-1].size + 1
