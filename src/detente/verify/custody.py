"""What left the record and what entered it: exports, erasures, blobs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Final

from .archive import Archive
from .errors import Findings, VerifyError
from .groups import Erased
from .manifest import Manifest, read_ranges
from .payload import Item, is_whole
from .strictjson import Json, canonical, parse_canonical

PATH: Final = "custody.json"
ALWAYS_SHOWN: Final = (
    "agreement",
    "key-rotation",
    "key-revocation",
    "erasure",
    "gap",
    "withheld",
    "custody",
)
"""Kinds that every bundle shows, whatever was asked for."""

_BODY: Final = {"action", "export", "items", "size", "by", "purpose"}


def check_custody(
    data: bytes, entries: list[Item], shown: Mapping[int, str], manifest: Manifest
) -> None:
    """Compare `custody.json` and the manifest with the custody entries of the log's owner.

    Args:
        shown: kind of every item by position.

    Raises:
        VerifyError: json.malformed, payload.malformed, custody.mismatch.
    """
    value = parse_canonical(data, PATH)
    listed = value.get("exports")
    if value.keys() != {"exports"} or not isinstance(listed, list):
        raise VerifyError("custody.mismatch", PATH, "exports")
    if len(listed) != len(entries) or not entries:
        raise VerifyError("custody.mismatch", PATH, "not the exports that the record states")
    for item, stated in zip(entries, listed, strict=True):
        _check_body(item)
        expected: dict[str, Json] = {
            "index": item.position,
            "export": item.body["export"],
            "by": item.body["by"],
            "created": item.created,
            "purpose": item.body["purpose"],
        }
        # Compared as text: to Python, true is 1.
        if canonical(stated) != canonical(expected):
            raise VerifyError("custody.mismatch", PATH, f"the export at entry {item.position}")
    last = entries[-1]
    if last.body["export"] != manifest.export or last.body["by"] != list(manifest.exported_by):
        raise VerifyError("custody.mismatch", PATH, "the last export is another one")
    ranges = read_ranges(last.body["items"], last.position, f"entry {last.position}", _CODE)
    firsts = [first for first, _ in ranges]
    # What was recorded between choosing the items and stating them may be shown, too.
    chosen_of = last.body["size"]
    for position, kind in shown.items():
        known = isinstance(chosen_of, int) and position < chosen_of
        at = bisect_right(firsts, position) - 1
        is_chosen = at >= 0 and position <= ranges[at][1]
        if known and not is_chosen and kind not in ALWAYS_SHOWN:
            raise VerifyError("custody.mismatch", f"entry {position}", "not part of this export")


_CODE: Final = "payload.malformed"


def _check_body(item: Item) -> None:
    where = f"entry {item.position}"
    body = item.body
    by, purpose = body.get("by"), body.get("purpose")
    if body.keys() != _BODY or body["action"] != "export" or not isinstance(purpose, str):
        raise VerifyError(_CODE, where, "body of a custody entry")
    if not isinstance(by, list) or not by or not all(isinstance(name, str) for name in by):
        raise VerifyError(_CODE, where, "by")
    size = body["size"]
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= item.position:
        raise VerifyError("custody.mismatch", where, "it states another size of the log")


def check_erasures(
    erased: Iterable[Erased], items: Mapping[int, Item], origin: str, owner: str, findings: Findings
) -> None:
    """Every erased entry needs a later entry that says so. Adds erasure.unstated."""
    for entry in erased:
        item = items.get(entry.by)
        body = {} if item is None else item.body
        stated = (body.get("origin"), body.get("index"), body.get("payload_sha256"))
        if (
            item is None
            or item.kind != "erasure"
            or item.sender != owner
            or entry.by <= entry.position
            or not is_whole(body.get("index"))
            or stated != (origin, entry.position, entry.payload_sha256)
            or not isinstance(body.get("ground"), str)
        ):
            findings.add("erasure.unstated", f"entry {entry.position}", f"by entry {entry.by}")


def check_blobs(
    archive: Archive, items: Iterable[Item], withheld: frozenset[str], findings: Findings
) -> None:
    """Every blob that is named must be there, or be listed as withheld.

    Their content is compared with their hash in the manifest; here its name is.
    Adds blob.missing, blob.mismatch, file.extra, manifest.mismatch.
    """
    named: dict[str, int] = {}
    for item in items:
        for digest, size in item.blobs:
            if named.setdefault(digest, size) != size:
                findings.add("blob.mismatch", f"entry {item.position}", f"two sizes of {digest}")
    for digest, size in named.items():
        member = archive.members.get(f"blobs/{digest}")
        if member is None:
            if digest not in withheld:
                findings.add("blob.missing", f"blobs/{digest}")
        elif member.size != size:
            findings.add("blob.mismatch", member.path, "size")
    for path in archive.members:
        if path.startswith("blobs/") and path.removeprefix("blobs/") not in named:
            findings.add("file.extra", path, "no entry names this blob")
    for digest in sorted(withheld):
        if digest not in named or f"blobs/{digest}" in archive.members:
            findings.add("manifest.mismatch", "manifest.json", f"withheld blob {digest}")


def check_blob_names(files: Mapping[str, tuple[str, int]], findings: Findings) -> None:
    """A blob's name is its hash: the manifest, which is checked, must say the same."""
    for path, (digest, _) in files.items():
        if path.startswith("blobs/") and path != f"blobs/{digest}":
            findings.add("blob.mismatch", path, "SHA-256")
