"""Which files a bundle has, and which of them belong to one group of entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import agreement, custody, manifest
from .archive import Member
from .errors import Findings
from .groups import Task
from .heads import size_in
from .manifest import Manifest
from .tiles import group_name
from .treecheck import entries_tile

TRUSTED_ROOT: Final = "trusted_root.json"
_REQUIRED: Final = (
    "README.html",
    "VERIFY.md",
    "checkpoint",
    custody.PATH,
    "policy",
    TRUSTED_ROOT,
)
_FIXED: Final = frozenset((*_REQUIRED, manifest.PATH, "manifest.sha256", agreement.PATH))
_ELSEWHERE: Final = ("agreement", "blobs", "envelopes", "tile")
"""Folders whose files are compared, one by one, with what names them."""

Members = Mapping[str, Member]


def tasks_of(members: Members, size: int, findings: Findings) -> list[Task]:
    """The groups whose entries or envelopes are there. Adds file.extra."""
    numbers: set[int] = set()
    for path in members:
        if path.startswith("envelopes/"):
            name = path.removeprefix("envelopes/").removesuffix(".jsonl")
        elif path.startswith("tile/entries/"):
            name = path.removeprefix("tile/entries/").partition(".p/")[0]
        else:
            continue
        digits = name.replace("x", "").replace("/", "")
        number = int(digits) if digits.isascii() and digits.isdigit() else -1
        tile = entries_tile(number, size) if number >= 0 else None
        if tile is not None and path in (_envelopes(number), tile.path):
            numbers.add(number)
        elif path.startswith("envelopes/"):
            findings.add("file.extra", path, "no group of this record")
    tasks: list[Task] = []
    for number in sorted(numbers):
        tile = entries_tile(number, size)
        if tile is not None:
            files = members.get(_envelopes(number)), members.get(tile.path)
            tasks.append(Task(number, tile.width, *files))
    return tasks


def _envelopes(number: int) -> str:
    return f"envelopes/{group_name(number)}.jsonl"


def check_members(members: Members, stated: Manifest, findings: Findings) -> None:
    """Every member must be of a kind that a bundle has; some must be there.

    Adds file.missing, file.extra.
    """
    for path in _REQUIRED:
        if path not in members:
            findings.add("file.missing", path)
    fits = singles_fit(members, stated)
    single = frozenset(manifest.indices_of(stated.single_items)) if fits else frozenset[int]()
    for path in members:
        if not _belongs(path, members, stated.size, single):
            findings.add("file.extra", path, "no file of a bundle")


def singles_fit(members: Members, stated: Manifest) -> bool:
    """Whether there can be as many single items as the manifest states."""
    return manifest.count_of(stated.single_items) <= len(members)


def _belongs(path: str, members: Members, size: int, single: frozenset[int]) -> bool:
    match path.partition("/")[0]:
        case "checkpoints":
            return size_in(path, "checkpoints/") is not None
        case "consistency":
            older = size_in(path, "consistency/", f"-{size}.txt")
            return older is not None and f"checkpoints/{older}" in members
        case "bundles":
            return size_in(path, "bundles/", ".sigstore.json") in single
        case "proofs":
            return size_in(path, "proofs/", ".tlog-proof") in single
        case "timestamps":
            sizes = (size_in(path, "timestamps/", suffix) for suffix in (".note", ".tsr"))
            return path == "timestamps/tsa.pem" or any(found is not None for found in sizes)
        case folder:
            return path in _FIXED or (folder in _ELSEWHERE and "/" in path)
