"""The entries in groups of 256: leaf, envelope, payload and signature of each. The costly part.

A group needs nothing but its own two files, so groups are spread over processes. Whose key it is
that signed is asked later, with the whole log in view.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from nacl.bindings import crypto_core_ed25519_is_valid_point

from detente.formats import TILE_WIDTH

from .archive import Archive, Identity, Member
from .dsse import kind_of, read_envelope, read_leaf
from .errors import Unusable, VerifyError
from .keys import verifies
from .payload import Item, is_whole, read_payload
from .strictjson import Json, parse_canonical
from .tiles import read_entries
from .tree import leaf_hash

BATCH: Final = 4
"""Groups handed to a process at once."""

_MALFORMED: Final = "envelope.malformed"


class Erased(NamedTuple):
    """An item whose payload is gone: what its leaf still says, and the entry that states it."""

    position: int
    by: int
    payload_sha256: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Task:
    """One group: its number, how many entries it has, and where its files stand."""

    number: int
    width: int
    envelopes: Member | None
    entries: Member | None


@dataclass(slots=True)
class Group:
    """What was found in a group; hashes are those of the files as they were read."""

    number: int
    width: int
    hashes: dict[str, str] = field(default_factory=dict)
    leaf_hashes: bytes = b""
    shown: list[int] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    erased: list[Erased] = field(default_factory=list)
    findings: list[tuple[str, str, str]] = field(default_factory=list)


def check_group(read: Callable[[Member], bytes], task: Task) -> Group:
    """Check every entry of a group by itself."""
    group = Group(task.number, task.width)
    entries: list[bytes] = []
    try:
        if task.entries is not None:
            data = read(task.entries)
            group.hashes[task.entries.path] = sha256(data).hexdigest()
            entries = read_entries(data, task.width, task.entries.path)
            group.leaf_hashes = b"".join(map(leaf_hash, entries))
        if task.envelopes is not None:
            data = read(task.envelopes)
            group.hashes[task.envelopes.path] = sha256(data).hexdigest()
            _check_lines(data, entries, task.envelopes.path, group)
    except VerifyError as error:
        group.findings.append((error.code, error.where, error.detail))
    return group


def _check_lines(data: bytes, entries: list[bytes], path: str, group: Group) -> None:
    lines = data.split(b"\n")
    if lines.pop() != b"":
        raise VerifyError(_MALFORMED, path, "the last line does not end")
    last = -1
    for number, line in enumerate(lines, start=1):
        where = f"{path} line {number}"
        try:
            last = _check_line(line, entries, where, last, group)
        except VerifyError as error:
            group.findings.append((error.code, error.where, error.detail))


def _check_line(line: bytes, entries: list[bytes], where: str, last: int, group: Group) -> int:
    value = parse_canonical(line, where, _MALFORMED)
    position = value.get("index")
    first = group.number * TILE_WIDTH
    if not is_whole(position) or not first <= position < first + group.width:
        raise VerifyError(_MALFORMED, where, "an index of another group")
    if position <= last:
        raise VerifyError(_MALFORMED, where, "not in order, or twice")
    group.shown.append(position)
    where = f"entry {position}"
    entry = entries[position - first] if entries else None
    try:
        if value.keys() == {"envelope", "index"}:
            group.items.append(check_envelope(value["envelope"], entry, position))
        elif value.keys() == {"erased", "index"}:
            group.erased.append(_check_erased(value["erased"], entry, position))
        else:
            raise VerifyError(_MALFORMED, where, "neither an envelope nor erased")
    except VerifyError as error:
        group.findings.append((error.code, error.where, error.detail))
    return position


def check_envelope(value: Json, entry: bytes | None, position: int) -> Item:
    """An item whose envelope is well formed, signed by the key in its leaf, and is in its leaf.

    Raises:
        VerifyError: envelope.malformed, envelope.signature, envelope.author, payload.malformed,
            leaf.malformed, leaf.mismatch, key.unusable.
    """
    where = f"entry {position}"
    envelope = read_envelope(value, where)
    if len(envelope.signatures) != 1:
        raise VerifyError(_MALFORMED, where, "not exactly one signature")
    kind = kind_of(envelope.payload_type)
    if kind is None:
        raise VerifyError(_MALFORMED, where, "payloadType")
    if entry is None:
        raise VerifyError("leaf.mismatch", where, "its entry is not in the bundle")
    leaf = read_leaf(entry, where)
    signature = envelope.signatures[0]
    digest = sha256(envelope.payload).digest()
    if leaf.payload_sha256 != digest or leaf.signature != signature.sig:
        raise VerifyError("leaf.mismatch", where, "the entry stands for another envelope")
    if not _usable(leaf.public_key):
        raise VerifyError("key.unusable", where, "not a point of the prime-order group")
    pae = envelope.pae
    if not verifies(leaf.public_key, pae, signature.sig):
        raise VerifyError("envelope.signature", where, signature.keyid)
    digests = (digest.hex(), sha256(pae).hexdigest(), leaf.public_key)
    item = read_payload(envelope.payload, kind, where, position, digests)
    if item.author != signature.keyid:
        raise VerifyError("envelope.author", where, "keyid is not the author")
    return item


@lru_cache(maxsize=1024)
def _usable(raw: bytes) -> bool:
    return crypto_core_ed25519_is_valid_point(raw)


def _check_erased(value: Json, entry: bytes | None, position: int) -> Erased:
    where = f"entry {position}"
    by = value["by"] if isinstance(value, dict) and value.keys() == {"by"} else None
    if not is_whole(by):
        raise VerifyError(_MALFORMED, where, "erased")
    if entry is None:
        raise VerifyError("leaf.mismatch", where, "its entry is not in the bundle")
    leaf = read_leaf(entry, where)
    return Erased(position, by, leaf.payload_sha256.hex(), leaf.public_key)


def check_groups(archive: Archive, path: Path, tasks: list[Task], workers: int) -> Iterator[Group]:
    """Check every group, in order, in this process or in `workers` others.

    Raises:
        Unusable: the file was changed meanwhile.
    """
    if workers <= 1 or len(tasks) < 2 * BATCH:
        for task in tasks:
            yield check_group(archive.read, task)
        return
    # A fresh interpreter in each process: forking one that has threads is not safe.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open,
        initargs=(path, archive.identity),
    )
    with pool:
        batches = [tasks[at : at + BATCH] for at in range(0, len(tasks), BATCH)]
        try:
            for groups in pool.map(_check_batch, batches):
                yield from groups
        except BrokenProcessPool:
            # They end at once if they find another file there than the one that was opened.
            raise Unusable(f"{path} was changed while it was read, or memory ran out.") from None


_opened: list[Archive] = []


def _open(path: Path, identity: Identity) -> None:
    archive = Archive(path, directory=False)
    if archive.identity != identity:
        raise Unusable(f"{path} was changed while it was read.")
    _opened[:] = [archive]


def _check_batch(tasks: Iterable[Task]) -> list[Group]:
    return [check_group(_opened[0].read, task) for task in tasks]
