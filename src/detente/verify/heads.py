"""Checkpoints: who signed and cosigned them, whether they agree, and the grade that follows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from detente.formats import GRADES

from .encodings import decimal, unb64
from .errors import Findings, VerifyError
from .notes import Checkpoint, cosigners, has_signature, names_in, read_checkpoint
from .ring import KeyRing, Slot
from .tree import is_consistent
from .treecheck import TreeCheck

FUTURE_S: Final = 300
"""How far a cosigner's clock may be ahead of the reader's."""


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint whose signatures are good.

    Attributes:
        parties, neutral: who cosigned it, with POSIX seconds.
        quorum: the agreement's policy is met.
        grade: of the entries it covers, timestamps aside.
    """

    checkpoint: Checkpoint
    parties: Mapping[str, int]
    neutral: Mapping[str, int]
    quorum: bool
    grade: str


def check_head(data: bytes, where: str, origin: str, ring: KeyRing, now_s: int | None) -> Head:
    """Check a checkpoint's signatures by the keys in force at its size.

    Raises:
        VerifyError: checkpoint.malformed, checkpoint.origin, checkpoint.signature,
            cosignature.wrong, cosignature.future, policy.mismatch.
    """
    checkpoint = read_checkpoint(data, where)
    note, size = checkpoint.note, checkpoint.size
    if checkpoint.origin != origin:
        raise VerifyError("checkpoint.origin", where, checkpoint.origin)
    agreement = ring.agreement_at(max(size - 1, 0))
    owner = agreement.party_of_log(origin) or _owner(ring, origin)
    if owner is None or not _signed(list(ring.slots(owner, "log")), checkpoint, where):
        raise VerifyError("checkpoint.signature", where, "no signature by the log's key")
    names = names_in(note)
    others = [party.id for party in agreement.parties if party.id != owner]
    parties: dict[str, int] = {}
    for party in others:
        time_s = _cosigned(list(ring.slots(party, "witness")), checkpoint, where)
        if time_s is not None:
            parties[party] = time_s
    neutral = {
        name: time_s
        for name, key in agreement.witnesses.items()
        if (key.name, key.key_id) in names
        for _, time_s in cosigners(note, [key], where)
    }
    policy = agreement.policy(origin)
    good: set[bytes] = set()
    for witness, key in policy.witnesses.items():
        line = ring.line_of(key.raw)
        if line:
            time_s = _cosigned(line, checkpoint, where)
        else:
            time_s = next((time for _, time in cosigners(note, [key], where)), None)
        if time_s is not None:
            good.add(witness)
    if now_s is not None:
        for name, time_s in (*parties.items(), *neutral.items()):
            if time_s > now_s + FUTURE_S:
                raise VerifyError("cosignature.future", where, f"{name}: {time_s}")
    quorum = policy.satisfied(good)
    if parties and (quorum or len(parties) == len(others)):
        grade = "bilateral"
    else:
        grade = "third-party" if neutral else "single"
    return Head(checkpoint, parties, neutral, quorum, grade)


def _owner(ring: KeyRing, origin: str) -> str | None:
    # After a rotation the log's key may have another name; the origin stays.
    return ring.versions[0][1].party_of_log(origin)


def _signed(slots: list[Slot], checkpoint: Checkpoint, where: str) -> bool:
    names = names_in(checkpoint.note)
    good = [
        slot
        for slot in slots
        if (slot.entry.key.name, slot.entry.key.key_id) in names
        and has_signature(checkpoint.note, slot.entry.key, where)
        and slot.covers(checkpoint.size)
    ]
    return bool(good)


def _cosigned(slots: list[Slot], checkpoint: Checkpoint, where: str) -> int | None:
    """The newest cosignature by a key that is good at that size; a wrong one by any is refused."""
    names = names_in(checkpoint.note)
    times = [
        time_s
        for slot in slots
        if (slot.entry.key.name, slot.entry.key.key_id) in names
        for _, time_s in cosigners(checkpoint.note, [slot.entry.key], where)
        if slot.covers(checkpoint.size)
    ]
    return max(times, default=None)


def check_policy(data: bytes | None, ring: KeyRing, origin: str, findings: Findings) -> None:
    """The file `policy` must be the newest agreement's, and name the log's key.

    Adds policy.mismatch.
    """
    agreement = ring.versions[-1][1]
    text = agreement.policies.get(origin)
    if data is not None and (text is None or data != text.encode()):
        findings.add("policy.mismatch", "policy", "not the policy in the agreement")
    try:
        policy = agreement.policy(origin)
    except VerifyError as error:
        findings.catch(error)
        return
    lines = {slot.entry.key.raw for key in policy.logs for slot in ring.line_of(key.raw)}
    owner = agreement.party_of_log(origin) or _owner(ring, origin)
    keys = {slot.entry.key.raw for slot in ring.slots(owner or "", "log")}
    if not lines & keys:
        findings.add("policy.mismatch", "policy", "it is for another log")
    known = {key.raw for key in agreement.witnesses.values()}
    for name, key in policy.witnesses.items():
        purposes = {slot.entry.purpose for slot in ring.line_of(key.raw)}
        if key.raw not in known and purposes != {"witness"}:
            findings.add("policy.mismatch", "policy", f"unknown witness {name!r}")


def check_consistency(
    old: Head, new: Head, data: bytes | None, where: str, tree: TreeCheck
) -> None:
    """Whether an older checkpoint is of the same tree.

    Raises:
        VerifyError: proof.consistency, file.missing, tree.root.
    """
    if data is None:
        raise VerifyError("file.missing", where)
    proof = read_proof(data)
    first, last = old.checkpoint, new.checkpoint
    if proof is None or not is_consistent(first.size, last.size, first.root, last.root, proof):
        raise VerifyError("proof.consistency", where, "it does not lead to the newest checkpoint")
    computed = tree.root_at(first.size)
    if computed is not None and computed != first.root:
        raise VerifyError("tree.root", where, "not the root of the entries")


def read_proof(data: bytes) -> list[bytes] | None:
    """Hashes, one in base64 on each line; None if it is anything else."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return None
    if text and not text.endswith("\n"):
        return None
    return decode_hashes(text.split("\n")[:-1])


def decode_hashes(lines: list[str]) -> list[bytes] | None:
    """32-byte hashes from base64, None if one is not; at most as many as any proof has."""
    hashes = [unb64(line) for line in lines[:129]]
    good = [entry for entry in hashes if entry is not None and len(entry) == 32]
    return good if len(good) == len(lines) else None


def size_in(path: str, folder: str, suffix: str = "") -> int | None:
    """The size in the name of a file, None if it has another form."""
    if not path.startswith(folder) or not path.endswith(suffix):
        return None
    return decimal(path[len(folder) : len(path) - len(suffix)])


class Grades:
    """The grade of each entry: the best of the checkpoints that cover it."""

    def __init__(self, heads: list[tuple[int, str]]) -> None:
        best: dict[int, str] = {}
        for size, grade in heads:
            best[size] = better(best.get(size, GRADES[0]), grade)
        self._sizes = sorted(best)
        self._grades = [best[size] for size in self._sizes]
        # A later checkpoint covers what an earlier one does.
        for at in reversed(range(len(self._grades) - 1)):
            self._grades[at] = better(self._grades[at], self._grades[at + 1])

    def of(self, position: int) -> str:
        """The entry's grade, "" if no checkpoint covers it."""
        at = bisect_right(self._sizes, position)
        return self._grades[at] if at < len(self._sizes) else ""


def better(one: str, other: str) -> str:
    """The higher of two grades."""
    return max(one, other, key=GRADES.index)


def is_lower(grade: str, than: str) -> bool:
    """Whether a grade is below another."""
    return GRADES.index(grade) < GRADES.index(than)
