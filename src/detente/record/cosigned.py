"""A log's checkpoints with what witnesses have added to them, and what that amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from .checkpoint import read_checkpoint, split_note
from .cosignature import Cosignature, CosignatureVerifier, add_lines, cosignatures_of
from .entries import CosignedCheckpoint, Grade, NoSuchEntry
from .keyring import KeyRing
from .log import SqlLog, StoredCheckpoint
from .policy import Policy
from .statements import Statement

_ORDER: Final[tuple[Grade, ...]] = ("single", "timestamped", "third-party", "bilateral")
_LOOK_BACK: Final = 500
_PAGE: Final = 200


class CosignedCheckpoints:
    """Checkpoints of a party's log, and the cosignatures and timestamps kept beside them."""

    def __init__(self, log: SqlLog) -> None:
        self._log = log
        self._best: dict[Grade, int] = {}
        self._seen_at: tuple[int, int] | None = None

    async def newest(self, keyring: KeyRing) -> CosignedCheckpoint:
        """The newest one."""
        head = await self._log.head()
        return await self._gather(StoredCheckpoint(head.size, head.checkpoint), keyring)

    async def at(self, size: int, keyring: KeyRing) -> CosignedCheckpoint:
        """The one of that size.

        Raises:
            NoSuchEntry: there is none.
        """
        return await self._gather(await self._stored(size), keyring)

    async def since(
        self, size: int, limit: int, keyring: KeyRing, *, cosigned_only: bool
    ) -> list[CosignedCheckpoint]:
        """Those of at least that size."""
        if not cosigned_only:
            stored = await self._log.checkpoints(size, limit)
        else:
            rows = await self._log.query(
                "SELECT DISTINCT c.size, c.note FROM checkpoints AS c "
                "WHERE c.size >= ? AND (EXISTS (SELECT 1 FROM party_cosignatures AS s "
                "WHERE s.size = c.size) OR EXISTS (SELECT 1 FROM party_timestamps AS t "
                "WHERE t.size = c.size)) ORDER BY c.size LIMIT ?",
                (size, limit),
            )
            stored = [StoredCheckpoint(*row) for row in cast(list[tuple[int, str]], rows)]
        return [await self._gather(each, keyring) for each in stored]

    async def add(self, size: int, lines: Sequence[str], keyring: KeyRing) -> CosignedCheckpoint:
        """Keep good lines of witnesses.

        Raises:
            NoSuchEntry: there is no checkpoint of that size.
            NoteMalformed: a line is none.
            NoteUnverified: a line by a witness is wrong.
        """
        stored = await self._stored(size)
        before = await self._with_lines(stored)
        text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
        known = _witnesses(keyring, size)
        after = add_lines(before, text, known) if text else before
        added = after.removeprefix(before)
        rows = [
            (size, _key_of(line), line) for line in added.splitlines(keepends=True) if line.strip()
        ]
        if rows:
            await self._log.execute(
                [
                    Statement(
                        "INSERT INTO party_cosignatures (size, key, line) VALUES (?, ?, ?) "
                        "ON CONFLICT (size, key) DO NOTHING",
                        rows,
                    )
                ]
            )
        gathered = await self._gather(stored, keyring)
        self._note(gathered)
        return gathered

    async def add_timestamp(self, size: int, token: bytes, keyring: KeyRing) -> None:
        """Keep a token.

        Raises:
            NoSuchEntry: there is no checkpoint of that size.
        """
        stored = await self._stored(size)
        await self._log.execute(
            [
                Statement(
                    "INSERT INTO party_timestamps (size, token) VALUES (?, ?) "
                    "ON CONFLICT (size) DO UPDATE SET token = excluded.token",
                    [(size, token)],
                )
            ]
        )
        self._note(await self._gather(stored, keyring))

    async def best(self, above: int, keyring: KeyRing) -> CosignedCheckpoint | None:
        """Of those with more than `above` entries the newest of the highest grade."""
        await self.look(keyring)
        for grade in reversed(_ORDER[1:]):
            size = self._best.get(grade, 0)
            if size > above:
                return await self.at(size, keyring)
        newest = await self.newest(keyring)
        return newest if newest.size > above else None

    async def grade(self, index: int, keyring: KeyRing) -> Grade:
        """The highest grade of a checkpoint that covers the entry."""
        await self.look(keyring)
        for grade in reversed(_ORDER[1:]):
            if self._best.get(grade, 0) > index:
                return grade
        return "single"

    async def look(self, keyring: KeyRing) -> None:
        """Find the newest checkpoint of each grade, unless nothing has changed."""
        rows = await self._log.query(
            "SELECT (SELECT coalesce(max(size), 0) FROM party_cosignatures), "
            "(SELECT coalesce(max(size), 0) FROM party_timestamps)"
        )
        seen_at = cast(tuple[int, int], rows[0])
        if seen_at == self._seen_at:
            return
        found: dict[Grade, int] = {}
        # Newest first; whatever is cosigned by all makes older ones of no interest.
        before = (1 << 63) - 1
        for _ in range(_LOOK_BACK):
            rows = await self._log.query(
                "SELECT size, max(note) FROM (SELECT c.size, c.note FROM checkpoints AS c "
                "JOIN party_cosignatures AS s ON s.size = c.size WHERE c.size < ? "
                "UNION SELECT c.size, c.note FROM checkpoints AS c "
                "JOIN party_timestamps AS t ON t.size = c.size WHERE c.size < ?) AS both_kinds "
                "GROUP BY size ORDER BY size DESC LIMIT ?",
                (before, before, _PAGE),
            )
            for size, note in cast(list[tuple[int, str]], rows):
                gathered = await self._gather(StoredCheckpoint(size, note), keyring)
                found.setdefault(gathered.grade, size)
                before = size
                if gathered.grade == "bilateral":
                    break
            if "bilateral" in found or len(rows) < _PAGE:
                break
        for grade, size in found.items():
            self._best[grade] = max(size, self._best.get(grade, 0))
        self._seen_at = seen_at

    def _note(self, gathered: CosignedCheckpoint) -> None:
        if gathered.grade != "single":
            self._best[gathered.grade] = max(gathered.size, self._best.get(gathered.grade, 0))

    async def _stored(self, size: int) -> StoredCheckpoint:
        stored = await self._log.checkpoint_at_or_before(size)
        if stored is None or stored.size != size:
            raise NoSuchEntry("There is no checkpoint of that size.", where=f"checkpoint {size}")
        return stored

    async def _with_lines(self, stored: StoredCheckpoint) -> str:
        rows = await self._log.query(
            "SELECT line FROM party_cosignatures WHERE size = ? ORDER BY key", (stored.size,)
        )
        return stored.note + "".join(cast(str, row[0]) for row in rows)

    async def _gather(self, stored: StoredCheckpoint, keyring: KeyRing) -> CosignedCheckpoint:
        note = await self._with_lines(stored)
        rows = await self._log.query(
            "SELECT token FROM party_timestamps WHERE size = ?", (stored.size,)
        )
        token = cast(bytes, rows[0][0]) if rows else None
        cosigned = cosignatures_of(note, _witnesses(keyring, stored.size))
        grade = grade_of(cosigned, stored.size, keyring)
        if grade == "single" and token is not None:
            grade = "timestamped"
        return CosignedCheckpoint(
            stored.size,
            read_checkpoint(stored.note).root,
            note,
            tuple(each.name for each in cosigned),
            grade,
            token,
        )


def grade_of(cosigned: Sequence[Cosignature], size: int, keyring: KeyRing) -> Grade:
    """What cosignatures of a checkpoint of that size amount to.

    A policy names the keys of the agreement; a key that came in the place of one counts as that.
    """
    index = max(0, size - 1)
    terms = keyring.terms_at(index)
    good = {(each.name, each.key_id): each for each in cosigned}
    counted: dict[str, Cosignature] = {}
    peers = [member for member in terms.members if member.origin != keyring.origin]
    for at in (index, size):
        for party, key in keyring.peers(at).items():
            found = good.get((key.name, key.key_id))
            if found is not None:
                listed = terms.member(party).witness
                counted[party] = Cosignature(listed.name, found.time_s, listed.key_id)
    neutral = [
        good[key.name, key.key_id]
        for key in terms.neutral_witnesses
        if (key.name, key.key_id) in good
    ]
    policy = Policy.parse(terms.policies[keyring.origin])
    if counted and (
        len(counted) == len(peers) or policy.satisfied_by([*counted.values(), *neutral])
    ):
        return "bilateral"
    return "third-party" if neutral else "single"


def _witnesses(keyring: KeyRing, size: int) -> list[CosignatureVerifier]:
    # At the size where keys change hands, both may have signed.
    known = {
        (key.name, key.key_id): key
        for at in (max(0, size - 1), size)
        for key in keyring.witnesses(at)
    }
    return list(known.values())


def _key_of(line: str) -> str:
    """Name and id of the key of a signature line: no two keys share both."""
    ((name, identity, _),) = split_note(f"x\n\n{line}")[1]
    return f"{name}+{identity.hex()}"
