"""The agreement's versions along the log, and the keys that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .agreement import PATH, Agreement, check_signatures, read_agreement
from .errors import Findings, VerifyError
from .payload import Item, is_whole
from .ring import KeyRing

Read = Callable[[str], bytes | None]


def find_version(item: Item, newest: Agreement, read: Read) -> Agreement:
    """The version that an agreement entry puts in force, from the bundle or from the entry's blobs.

    Raises:
        VerifyError: payload.malformed, payload.agreement, agreement.malformed, key.*.
    """
    where = f"entry {item.position}"
    digest, version = item.body.get("sha256"), item.body.get("version")
    if item.body.keys() != {"sha256", "version"} or not is_whole(version):
        raise VerifyError("payload.malformed", where, "body of an agreement entry")
    found = newest if newest.sha256 == digest else None
    for blob, _ in item.blobs:
        if found is not None:
            break
        data = read(f"blobs/{blob}")
        if data is None or not data.startswith(b'{"payload":'):
            continue
        other = read_agreement(data, f"blobs/{blob}")
        found = other if other.sha256 == digest else None
    if found is None:
        raise VerifyError("payload.agreement", where, "the agreement it names is not in the bundle")
    if found.version != version or found.id != item.agreement:
        raise VerifyError("payload.agreement", where, "another version or agreement")
    return found


def build_ring(
    changes: Iterable[Item],
    newest: Agreement,
    owner: str,
    origin: str,
    read: Read,
    findings: Findings,
) -> KeyRing:
    """Follow agreement, rotation and revocation entries from the first to the last.

    Args:
        changes: entries of those kinds, in the order of the log.
        newest: `agreement.dsse.json`.

    Adds what is wrong with them; the ring holds what is good.
    """
    ring: KeyRing | None = None
    for item in changes:
        try:
            if item.kind == "agreement" and item.sender == owner:
                if ring is None and item.position == 0:
                    first = find_version(item, newest, read)
                    ring = KeyRing(first)
                    check_signatures(first, (), findings, _where(first, newest))
                elif ring is not None:
                    _amend(ring, item, newest, read, findings)
            elif ring is not None and item.kind == "key-rotation":
                ring.rotate(item)
            elif ring is not None and item.kind == "key-revocation":
                ring.revoke(item, origin)
        except VerifyError as error:
            findings.catch(error)
    if ring is None:
        findings.add("payload.agreement", "entry 0", "the record does not begin with the agreement")
        ring = KeyRing(newest)
        check_signatures(newest, (), findings, PATH)
    elif ring.versions[-1][1].sha256 != newest.sha256:
        findings.add("payload.agreement", PATH, "no entry puts this version in force")
    return ring


def _where(agreement: Agreement, newest: Agreement) -> str:
    return PATH if agreement.sha256 == newest.sha256 else f"version {agreement.version}"


def _amend(ring: KeyRing, item: Item, newest: Agreement, read: Read, findings: Findings) -> None:
    version = find_version(item, newest, read)
    last = ring.versions[-1][1]
    if version.sha256 == last.sha256:
        return
    where = f"entry {item.position}"
    if version.version != last.version + 1 or version.previous != last.sha256:
        raise VerifyError("payload.agreement", where, "it does not follow the version before")
    before = ring.in_force(item.position)
    unsigned = findings.counts["agreement.unsigned"]
    check_signatures(version, before, findings, _where(version, newest), last)
    if findings.counts["agreement.unsigned"] == unsigned:
        ring.amend(item.position, version)
