"""The manifest: what the bundle says of itself, and the hash of every file in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from detente.formats import BUNDLE_FORMAT, GRADES

from .archive import Archive
from .encodings import is_sha256, is_time, is_uuid7
from .errors import Findings, VerifyError
from .keys import is_key_name
from .payload import is_whole
from .strictjson import Json, parse_canonical

PATH: Final = "manifest.json"
_SUM_PATH: Final = "manifest.sha256"
_CODE: Final = "manifest.malformed"
_MEMBERS: Final = {
    "agreement": dict,
    "exported": dict,
    "files": list,
    "format": str,
    "grade": str,
    "items": list,
    "origin": str,
    "party": str,
    "scope": str,
    "single_items": list,
    "size": int,
    "withheld_blobs": list,
}

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges, ascending, without overlap."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the exporter states."""

    agreement_id: str
    agreement_sha256: str
    agreement_version: int
    exported_at: str
    export: str
    exported_by: tuple[str, ...]
    files: dict[str, tuple[str, int]]
    grade: str
    items: Ranges
    origin: str
    party: str
    scope: str
    single_items: Ranges
    size: int
    withheld_blobs: frozenset[str]


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        VerifyError: manifest.malformed.
    """
    value = parse_canonical(data, PATH, _CODE)
    if value.keys() != _MEMBERS.keys():
        raise VerifyError(_CODE, PATH, "not the members of a manifest")
    for name, kind in _MEMBERS.items():
        if type(value[name]) is not kind:
            raise VerifyError(_CODE, PATH, name)
    if value["format"] != BUNDLE_FORMAT:
        raise VerifyError(_CODE, PATH, "format")
    if value["grade"] not in GRADES:
        raise VerifyError(_CODE, PATH, "grade")
    if value["scope"] not in ("full", "subset"):
        raise VerifyError(_CODE, PATH, "scope")
    size = value["size"]
    if not is_whole(size) or size < 1:
        raise VerifyError(_CODE, PATH, "size")
    origin, party = _name(value["origin"], "origin"), _name(value["party"], "party")
    agreement_id, agreement_sha256, version = _agreement(value["agreement"])
    at, export, by = _exported(value["exported"])
    return Manifest(
        agreement_id,
        agreement_sha256,
        version,
        at,
        export,
        by,
        _files(value["files"]),
        str(value["grade"]),
        read_ranges(value["items"], size, PATH, _CODE),
        origin,
        party,
        str(value["scope"]),
        read_ranges(value["single_items"], size, PATH, _CODE),
        size,
        _withheld(value["withheld_blobs"]),
    )


def read_ranges(value: Json, size: int, where: str, code: str) -> Ranges:
    """Ranges `[[a, b], …]` of indices below `size`.

    Raises:
        VerifyError: `code`.
    """
    ranges: list[tuple[int, int]] = []
    last = -1
    for pair in value if isinstance(value, list) else [None]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise VerifyError(code, where, "ranges")
        first, end = pair
        if not is_whole(first) or not is_whole(end) or not last < first <= end < size:
            raise VerifyError(code, where, "ranges")
        ranges.append((first, end))
        last = end
    return tuple(ranges)


def indices_of(ranges: Ranges) -> Iterator[int]:
    """Every index in the ranges."""
    for first, end in ranges:
        yield from range(first, end + 1)


def count_of(ranges: Ranges) -> int:
    """How many indices the ranges have."""
    return sum(end - first + 1 for first, end in ranges)


def same_indices(ranges: Ranges, indices: Sequence[int]) -> bool:
    """Whether ascending `indices` are exactly those of the ranges."""
    if count_of(ranges) != len(indices):
        return False
    return all(one == other for one, other in zip(indices_of(ranges), indices, strict=True))


def check_files(
    archive: Archive, manifest: Manifest, later: frozenset[str], findings: Findings
) -> None:
    """Compare every member with the manifest; those in `later` are hashed by others.

    Adds manifest.mismatch, file.missing, file.extra.
    """
    for path in manifest.files.keys() - archive.members.keys():
        findings.add("file.missing", path, "listed, not there")
    for path, member in archive.members.items():
        if path in (PATH, _SUM_PATH):
            continue
        stated = manifest.files.get(path)
        if stated is None:
            findings.add("file.extra", path, "not listed")
        elif stated[1] != member.size:
            findings.add("manifest.mismatch", path, "size")
        elif path not in later:
            check_hash(path, sha256(archive.read(member)).hexdigest(), manifest, findings)


def check_hash(path: str, digest: str, manifest: Manifest, findings: Findings) -> None:
    """Adds manifest.mismatch if the manifest states another hash for the path."""
    if path in manifest.files and manifest.files[path][0] != digest:
        findings.add("manifest.mismatch", path, "SHA-256")


def check_sum(archive: Archive, data: bytes, findings: Findings) -> None:
    """Compare the manifest with `manifest.sha256`."""
    stated = archive.get(_SUM_PATH)
    if stated is None:
        findings.add("file.missing", _SUM_PATH)
    elif stated != f"{sha256(data).hexdigest()}  {PATH}\n".encode():
        findings.add("manifest.mismatch", _SUM_PATH, "SHA-256 of the manifest")


def _name(value: Json, what: str) -> str:
    if not isinstance(value, str) or not is_key_name(value):
        raise VerifyError(_CODE, PATH, what)
    return value


def _agreement(value: Json) -> tuple[str, str, int]:
    if isinstance(value, dict) and value.keys() == {"id", "sha256", "version"}:
        identity, digest, version = value["id"], value["sha256"], value["version"]
        named = isinstance(identity, str) and identity and isinstance(digest, str)
        if named and is_sha256(digest) and is_whole(version) and version >= 1:
            return str(identity), str(digest), version
    raise VerifyError(_CODE, PATH, "agreement")


def _exported(value: Json) -> tuple[str, str, tuple[str, ...]]:
    if isinstance(value, dict) and value.keys() == {"at", "export", "by"}:
        at, export, by = value["at"], value["export"], value["by"]
        names = by if isinstance(by, list) else []
        texts = tuple(name for name in names if isinstance(name, str) and name)
        if is_time(at) and is_uuid7(export) and names and len(texts) == len(names):
            return str(at), str(export), texts
    raise VerifyError(_CODE, PATH, "exported")


def _files(value: Json) -> dict[str, tuple[str, int]]:
    files: dict[str, tuple[str, int]] = {}
    last = ""
    for entry in value if isinstance(value, list) else []:
        path, digest, size = read_file_entry(entry, "path", PATH, _CODE)
        if path <= last:
            raise VerifyError(_CODE, PATH, "files are not sorted by path, or twice")
        files[path] = (digest, size)
        last = path
    return files


def read_file_entry(value: Json, name: str, where: str, code: str) -> tuple[str, str, int]:
    """`{<name>, "sha256", "size"}` of a file.

    Raises:
        VerifyError: `code`.
    """
    if isinstance(value, dict) and value.keys() == {name, "sha256", "size"}:
        path, digest, size = value[name], value["sha256"], value["size"]
        named = isinstance(path, str) and path and is_sha256(digest)
        if named and is_whole(size) and size >= 0:
            return str(path), str(digest), size
    raise VerifyError(code, where, "files")


def _withheld(value: Json) -> frozenset[str]:
    entries = value if isinstance(value, list) else []
    digests = [entry for entry in entries if isinstance(entry, str) and is_sha256(entry)]
    if len(digests) != len(entries) or digests != sorted(set(digests)):
        raise VerifyError(_CODE, PATH, "withheld_blobs")
    return frozenset(digests)
