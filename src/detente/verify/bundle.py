"""Verifies a whole bundle: one check after another, every finding collected."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from detente.formats import BUNDLE_CHECKPOINTS_MAX, GRADES, TILE_WIDTH

from . import agreement as agreements
from . import custody, manifest, singles, timestamps
from .archive import Archive
from .chains import check_chains
from .claims import Anchors, Shown, check_claims
from .errors import NOTICE, VerifyError
from .facts import AUTOMATIC, Facts, Options
from .gaps import read_gaps
from .groups import Group, Task, check_groups
from .heads import (
    Grades,
    Head,
    better,
    check_consistency,
    check_head,
    check_policy,
    is_lower,
    size_in,
)
from .layout import TRUSTED_ROOT, check_members, singles_fit, tasks_of
from .payload import Item
from .report import Report
from .ring import Slot
from .statements import make_report
from .strictjson import parse_canonical
from .tiles import group_name, read_entries
from .treecheck import TreeCheck, entries_tile
from .versions import build_ring

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""

GROUPS_PER_WORKER: Final = 16
"""Fewer are not worth the start of a process."""

_CHANGES: Final = ("agreement", "key-rotation", "key-revocation")


def verify_bundle(
    path: Path, options: Options | None = None, progress: Progress | None = None
) -> Report:
    """Verify a bundle without network, server or database.

    Raises:
        Unusable: there is no such file, or it is not a zip archive at all.
        ValueError: an option makes no sense.
    """
    options = options or Options()
    options.check()
    facts = Facts()
    try:
        with Archive(path) as archive:
            _Verification(archive, path, options, facts, progress).run()
    except VerifyError as error:
        facts.findings.catch(error)
    name = path.name.encode("utf-8", "backslashreplace").decode()
    return make_report(name, facts, options.accept, options.agreement, options.keys)


class _Verification:
    def __init__(
        self,
        archive: Archive,
        path: Path,
        options: Options,
        facts: Facts,
        progress: Progress | None,
    ) -> None:
        self.archive = archive
        self.path = path
        self.options = options
        self.facts = facts
        self.findings = facts.findings
        self.progress = progress
        self.leaf_hashes: dict[int, bytes] = {}

    def run(self) -> None:
        """All checks; what makes the rest meaningless is raised."""
        data = self._required(manifest.PATH)
        stated = self.facts.manifest = manifest.read_manifest(data)
        self.stated = stated
        manifest.check_sum(self.archive, data, self.findings)
        custody.check_blob_names(stated.files, self.findings)
        self.newest = agreements.read_agreement(self._required(agreements.PATH), agreements.PATH)
        self.facts.newest = self.newest
        self._check_agreement()
        tasks = tasks_of(self.archive.members, stated.size, self.findings)
        check_members(self.archive.members, stated, self.findings)
        later = {
            member.path for task in tasks for member in (task.envelopes, task.entries) if member
        }
        manifest.check_files(self.archive, stated, frozenset(later), self.findings)
        items = self._check_entries(tasks)
        self.tree = TreeCheck(stated.size)
        self._check_tree()
        self.ring = self.facts.ring = build_ring(
            [item for item in items if item.kind in _CHANGES],
            self.newest,
            stated.party,
            stated.origin,
            self.archive.get,
            self.findings,
        )
        self.logs = [slot.entry.key for slot in self.ring.slots(stated.party, "log")]
        self._check_pinned()
        self._check_authors(items)
        self._check_heads()
        self._check_relations()
        self._check_singles({item.position for item in items})
        self._check_timestamps()
        self._judge()

    def _required(self, path: str) -> bytes:
        data = self.archive.get(path)
        if data is None:
            raise VerifyError("file.missing", path)
        return data

    def _check_agreement(self) -> None:
        stated, newest = self.stated, self.newest
        named = (stated.agreement_id, stated.agreement_sha256, stated.agreement_version)
        if named != (newest.id, newest.sha256, newest.version):
            self.findings.add("manifest.mismatch", manifest.PATH, "another agreement")
        if stated.party not in {party.id for party in newest.parties}:
            self.findings.add("manifest.mismatch", manifest.PATH, "party")
        files = {
            path.removeprefix("agreement/"): self.archive.read(member)
            for path, member in self.archive.members.items()
            if path.startswith("agreement/")
        }
        agreements.check_document(newest, files, self.findings)

    def _check_pinned(self) -> None:
        versions = {version.sha256 for _, version in self.ring.versions} | {self.newest.sha256}
        if self.options.agreement is not None and self.options.agreement not in versions:
            self.findings.add("agreement.pinned", agreements.PATH, self.newest.sha256)
        known = {entry.key.vkey for entry in self.newest.keys}
        known.update(key.vkey for key in self.newest.witnesses.values())
        known.update(entry.key.vkey for _, version in self.ring.versions for entry in version.keys)
        for key in self.options.keys:
            if key not in known:
                self.findings.add("agreement.pinned", agreements.PATH, key)

    def _check_entries(self, tasks: list[Task]) -> list[Item]:
        workers = self.options.workers
        if workers == AUTOMATIC:
            workers = min(os.cpu_count() or 1, max(1, len(tasks) // GROUPS_PER_WORKER))
        items: list[Item] = []
        done, total = 0, sum(task.width for task in tasks)
        for group in check_groups(self.archive, self.path, tasks, workers):
            self._take(group)
            items += group.items
            done += group.width
            if self.progress is not None:
                self.progress(done, total)
        shown = self.facts.shown
        if not manifest.same_indices(self.stated.items, shown):
            self.findings.add("manifest.mismatch", manifest.PATH, "items")
        if self.stated.scope == "full" and len(shown) != self.stated.size:
            self.findings.add("manifest.mismatch", manifest.PATH, "scope: not every entry is shown")
        return items

    def _take(self, group: Group) -> None:
        for path, digest in group.hashes.items():
            manifest.check_hash(path, digest, self.stated, self.findings)
        for code, where, detail in group.findings:
            self.findings.add(code, where, detail)
        self.leaf_hashes[group.number] = group.leaf_hashes
        self.facts.shown += group.shown
        self.facts.erased += group.erased

    def _check_tree(self) -> None:
        full = self.stated.scope == "full"
        expected = self.tree.expected(full, self.facts.shown, self.findings)
        found = [path for path in self.archive.members if path.startswith("tile/")]
        self.tree.check(found, expected, self.archive.get, self.leaf_hashes, self.findings)
        if full:
            self.tree.grow(self.leaf_hashes)

    def _check_authors(self, items: list[Item]) -> None:
        parties = {party.id for _, version in self.ring.versions for party in version.parties}
        for item in items:
            where = f"entry {item.position}"
            slot = self.ring.author(item.sender, item.author, item.key, item.position)
            if item.agreement != self.newest.id:
                self.findings.add("payload.agreement", where, item.agreement)
            elif item.sender not in parties or not parties.issuperset(item.to):
                self.findings.add("payload.agreement", where, "from or to")
            elif slot is None:
                self.findings.add("envelope.author", where, f"{item.author} of {item.sender}")
            else:
                self.facts.items.append((item, slot, self._is_believed(slot, item.position)))

    def _is_believed(self, slot: Slot, position: int) -> bool:
        if slot.good_until is None or slot.revoked_at is None or position <= slot.good_until:
            return True
        late = position > slot.revoked_at
        severity = "error" if late else NOTICE
        detail = f"{slot.entry.key.name} is good until entry {slot.good_until}"
        self.findings.add("key.revoked", f"entry {position}", detail, severity)
        return False

    def _check_heads(self) -> None:
        stated, facts = self.stated, self.facts
        check_policy(self.archive.get("policy"), self.ring, stated.origin, self.findings)
        if stated.origin not in {key.name for key in self.logs}:
            self.findings.add("manifest.mismatch", manifest.PATH, "origin")
        newest = self._head("checkpoint", stated.size)
        if newest is None:
            return
        facts.heads.append(newest)
        if self.tree.tree is not None and self.tree.root != self.tree.tree.root(stated.size):
            self.findings.add("tree.root", "tile/", "tiles and entries disagree")
        if self.tree.root is not None and self.tree.root != newest.checkpoint.root:
            self.findings.add("tree.root", "checkpoint", "not the root of the entries")
        older_paths = [path for path in self.archive.members if path.startswith("checkpoints/")]
        if len(older_paths) > BUNDLE_CHECKPOINTS_MAX:
            detail = f"more than {BUNDLE_CHECKPOINTS_MAX} checkpoints"
            self.findings.add("zip.limit", "checkpoints/", detail)
            return
        for path in older_paths:
            size = size_in(path, "checkpoints/")
            older = None if size is None else self._head(path, size)
            if older is None or size is None:
                continue
            if not 0 < size < stated.size:
                self.findings.add("checkpoint.malformed", path, "not older than the newest one")
                continue
            where = f"consistency/{size}-{stated.size}.txt"
            try:
                check_consistency(older, newest, self.archive.get(where), where, self.tree)
            except VerifyError as error:
                self.findings.catch(error)
            else:
                facts.heads.append(older)

    def _head(self, path: str, size: int) -> Head | None:
        data = self.archive.get(path)
        if data is None:
            return None
        try:
            head = check_head(data, path, self.stated.origin, self.ring, self.options.now_s)
            if head.checkpoint.size != size:
                raise VerifyError("manifest.mismatch", path, "of another size")
        except VerifyError as error:
            self.findings.catch(error)
            return None
        return head

    def _check_relations(self) -> None:
        stated, facts, findings = self.stated, self.facts, self.findings
        full = stated.scope == "full"
        items = [item for item, _, _ in facts.items]
        erased = {entry.position: entry.payload_sha256 for entry in facts.erased}
        gone: dict[str, list[int]] = {}
        owners = {
            slot.entry.key.raw: party.id
            for _, version in self.ring.versions
            for party in version.parties
            for purpose in agreements.SIGNING
            for slot in self.ring.slots(party.id, purpose)
        }
        for entry in facts.erased:
            gone.setdefault(owners.get(entry.key, ""), []).append(entry.position)
        gaps = read_gaps(items, stated.party, self.ring, findings)
        facts.gaps = len(gaps)
        check_chains(items, full, gone, findings, gaps)
        shown = Shown(stated.origin, full, erased=erased, gone=frozenset(erased.values()))
        for item in items:
            shown.add(item, findings)
        known = {head.checkpoint.size: head.checkpoint.root for head in facts.heads}
        anchors = Anchors(stated.origin, self.tree.root_at, known)
        facts.answers = check_claims(facts.items, shown, self.ring, anchors, findings)
        facts.anchors, facts.anchors_unheld = anchors.count, anchors.unheld
        by_position = {item.position: item for item in items}
        custody.check_erasures(facts.erased, by_position, stated.origin, stated.party, findings)
        custody.check_blobs(self.archive, items, stated.withheld_blobs, findings)
        exports = [item for item in items if (item.kind, item.sender) == ("custody", stated.party)]
        kinds = {item.position: item.kind for item in items}
        kinds.update(dict.fromkeys(erased, ""))
        data = self.archive.get(custody.PATH)
        try:
            if data is not None:
                custody.check_custody(data, exports, kinds, stated)
        except VerifyError as error:
            findings.catch(error)

    def _check_singles(self, positions: set[int]) -> None:
        data = self.archive.get(TRUSTED_ROOT)
        try:
            if data is not None:
                origin = self.stated.origin
                singles.check_trusted_root(data, origin, self.logs, TRUSTED_ROOT)
            if not singles_fit(self.archive.members, self.stated):
                raise VerifyError("file.missing", "bundles/", "single_items")
        except VerifyError as error:
            self.findings.catch(error)
            return
        group = -1
        lines: dict[int, bytes] = {}
        entries: list[bytes] = []
        for position in manifest.indices_of(self.stated.single_items):
            if position not in positions:
                self.findings.add("manifest.mismatch", manifest.PATH, f"single item {position}")
                continue
            if position // TILE_WIDTH != group:
                group = position // TILE_WIDTH
                lines, entries = self._reread(group)
            try:
                self._check_single(position, lines[position], entries[position % TILE_WIDTH])
            except VerifyError as error:
                self.findings.catch(error)

    def _reread(self, group: int) -> tuple[dict[int, bytes], list[bytes]]:
        """Lines and entries of a group that was checked already."""
        tile = entries_tile(group, self.stated.size)
        data = self.archive.get(f"envelopes/{group_name(group)}.jsonl") or b""
        lines: dict[int, bytes] = {}
        for line in data.split(b"\n")[:-1]:
            number = line.rpartition(b":")[2][:-1]
            if number.isdigit():
                lines[int(number)] = line
        entries = b"" if tile is None else self.archive.get(tile.path) or b""
        return lines, [] if tile is None else read_entries(entries, tile.width, tile.path)

    def _check_single(self, position: int, line: bytes, leaf: bytes) -> None:
        heads, logs, tree = self.facts.heads, self.logs, self.tree
        path = f"proofs/{position}.tlog-proof"
        singles.check_tlog_proof(self._required(path), position, heads, logs, tree, path)
        path = f"bundles/{position}.sigstore.json"
        envelope = parse_canonical(line, path).get("envelope")
        if isinstance(envelope, dict):
            expected = (envelope, leaf, position)
            singles.check_sigstore(self._required(path), expected, heads, logs, tree, path)

    def _check_timestamps(self) -> None:
        heads = {head.checkpoint.size: head for head in self.facts.heads}
        stamped = [path for path in self.archive.members if path.startswith("timestamps/")]
        check = timestamps.library_check() if stamped else None
        for path in stamped:
            size = size_in(path, "timestamps/", ".note")
            if size is None:
                size = size_in(path, "timestamps/", ".tsr")
                if size is not None and f"timestamps/{size}.note" not in self.archive.members:
                    self.findings.add("file.missing", f"timestamps/{size}.note")
                continue
            try:
                token = self._required(f"timestamps/{size}.tsr")
                pem = self._required("timestamps/tsa.pem")
                if size not in heads:
                    raise VerifyError("timestamp.wrong", path, "no such checkpoint")
                note = self._required(path)
                stamp = timestamps.check_timestamp(note, token, pem, heads[size], path, check)
                self.facts.stamps.append(stamp)
            except VerifyError as error:
                self.findings.catch(error)

    def _judge(self) -> None:
        """The grade of each entry and of the whole, against what is stated and demanded."""
        facts, accept = self.facts, self.options.accept
        stamped = {stamp.size for stamp in facts.stamps if stamp.time}
        unchecked = {stamp.size for stamp in facts.stamps if not stamp.time}
        graded: list[tuple[int, str]] = []
        for head in facts.heads:
            size = head.checkpoint.size
            grade = better(head.grade, "timestamped") if size in stamped else head.grade
            graded.append((size, grade))
        facts.grades = Grades(graded)
        found = [facts.grades.of(position) for position in facts.shown]
        if not found or "" in found:
            self.findings.add("grade.lower", "checkpoint", "no good checkpoint covers the entries")
            return
        facts.grade = min(found, key=GRADES.index)
        if is_lower(facts.grade, accept):
            self.findings.add("grade.lower", "checkpoint", f"{facts.grade}, not {accept}")
        stated = self.stated.grade
        excused = stated == "timestamped" and bool(unchecked)
        if is_lower(facts.grade, stated) and not excused:
            self.findings.add("grade.lower", manifest.PATH, f"{facts.grade}, not {stated}")
        if accept == "bilateral":
            covered = max((head.checkpoint.size for head in facts.heads if head.quorum), default=0)
            if covered <= max(facts.shown):
                self.findings.add("policy.quorum", f"entry {max(facts.shown)}", "quorum not met")
