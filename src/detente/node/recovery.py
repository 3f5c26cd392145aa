"""Recovering a record that was restored from a backup: asking the others what was lost.

Why nothing is signed twice by it is said in docs/backup.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from detente.errors import DetenteError
from detente.record import (
    Clock,
    DsseMalformed,
    Entry,
    Envelope,
    EnvelopeMalformed,
    HeldRecord,
    JsonValue,
    NoSuchEntry,
    NoteMalformed,
    NoteUnverified,
    Payload,
    Random,
    RecoveryForked,
    Shown,
    read_payload,
)

from .home import Home, now
from .recovery_source import LIMIT_MAX, RecoveryPeer

_PASSES_MAX: Final = 8
_OFFERS_MAX: Final = 1_000_000

Told = Callable[[str], None]
"""Told what is being done, in a few words."""


class RecoveryBlocked(DetenteError):
    """A restored record cannot be recovered yet; it is as it was, and nothing was signed.

    Attributes:
        abandonable: what blocks it is a checkpoint that nobody has cosigned: see `recover`.
    """

    code: ClassVar[str] = "recovery.blocked"
    abandonable = False


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came of recovering a record.

    Attributes:
        copy_size: entries that the copy had.
        leaves: entries that were put back from mirrors, exactly as they were.
        lost: of those, the ones of which nobody has the content.
        own: envelopes of ours, beyond the leaves, that others held and are back.
        theirs: envelopes of others that were received again.
        receipts: receipts that were missing and have been made.
        refused: what others offered and could not be recorded, with the reason.
        size: entries now.
        suffix: see `PartyRecord.state`.
    """

    copy_size: int
    leaves: int
    lost: int
    own: int
    theirs: int
    receipts: int
    refused: tuple[str, ...]
    size: int
    suffix: str


@dataclass(slots=True)
class _Answers:
    """What the others have said."""

    notes: list[tuple[str, str]] = field(default_factory=list)
    envelopes: dict[str, list[bytes]] = field(default_factory=dict)
    erasures: list[bytes] = field(default_factory=list)

    @property
    def offered(self) -> list[bytes]:
        return [data for each in self.envelopes.values() for data in each]


async def recover(
    home: Home,
    peers: Sequence[RecoveryPeer],
    *,
    clock: Clock = now,
    random: Random = secrets.token_bytes,
    told: Told = lambda _: None,
    abandon_uncosigned: bool = False,
) -> Recovery:
    """Ask everybody what they hold of our record, take it back, and end the state `held`.

    May be repeated after any error: what was taken back stays.

    Args:
        home: the restored record.
        peers: every other party of the agreement and every neutral witness.
        clock: the time.
        random: fit for keys.
        told: what is being done.
        abandon_uncosigned: go on although somebody has seen a checkpoint of ours, signed by our log
            and cosigned by nobody, whose leaves nobody has. It is named in the `recovery` entry.

    Raises:
        RecoveryBlocked: somebody was not asked or does not answer, or nobody has the leaves.
        RecoveryForked: a checkpoint that we have signed contradicts this copy.
        RecordRefused: what somebody shows as our checkpoint cannot be believed.
        PlaceUnusable: the record is not held.
        DetenteError: see `PartyRecord.open`.
    """

    async def opened() -> HeldRecord:
        return await HeldRecord.open(
            home.place,
            await asyncio.to_thread(home.terms),
            home.party,
            signers=await asyncio.to_thread(home.signers),
            clock=clock,
            random=random,
        )

    record = await opened()
    try:
        _check_asked(record, peers)
        told("asking the others what they hold of our record")
        answers = await _ask_all(peers, await record.ends())
        shown = record.shown(answers.notes, answers.offered)
        begin = record.head.size
        abandoned: list[Shown] = []
        if any(each.checkpoint.size > begin for each in shown):
            told("taking back the entries that others keep the leaves of")
            abandoned = await _take_leaves(record, peers, shown, answers, abandon_uncosigned)
            await record.close()
            record = await opened()
        leaves = record.head.size - begin
        for each in shown:
            await _keep_cosignatures(record, each)
        told("taking back what was said")
        took = await _take_back(record, peers, answers)
        told("stating what was lost")
        sizes = {each.name: 0 for each in peers}
        for each in shown:
            sizes[each.by] = max(sizes[each.by], each.checkpoint.size)
        facts: dict[str, JsonValue] = {
            "leaves": leaves,
            "own": took.own,
            "theirs": took.theirs,
            "shown": dict(sorted(sizes.items())),
            "abandoned": [each.own for each in abandoned],
        }
        settled = await record.settle(facts)
        return Recovery(
            record.state.since,
            leaves,
            settled.lost,
            took.own,
            took.theirs,
            settled.receipts,
            tuple(took.refused),
            record.head.size,
            record.state.suffix,
        )
    finally:
        await record.close()


def _check_asked(record: HeldRecord, peers: Sequence[RecoveryPeer]) -> None:
    terms = record.terms
    wanted = {member.id for member in terms.members if member.id != record.party}
    wanted |= {witness.name for witness in terms.neutral_witnesses}
    missing = wanted - {each.name for each in peers}
    if missing:
        raise RecoveryBlocked(
            f"Not everybody can be asked: {', '.join(sorted(missing))} "
            f"{'is' if len(missing) == 1 else 'are'} missing.",
            advice="Whoever may have a signature of ours must be asked. If one of them will never "
            "answer, do not go on with this log: agree with the others on a new one and new keys.",
        )


async def _ask_all(peers: Sequence[RecoveryPeer], ends: Mapping[tuple[str, str], int]) -> _Answers:
    answers = _Answers()
    silent: list[str] = []

    async def ask(peer: RecoveryPeer) -> None:
        try:
            notes = await peer.checkpoints()
            sealed: list[bytes] = []
            erasures: list[bytes] = []
            after: int | None = -1
            while after is not None:
                page = await peer.envelopes(ends, after, LIMIT_MAX)
                sealed += page.envelopes
                erasures += page.erasures
                if (page.next is not None and page.next <= after) or len(sealed) > _OFFERS_MAX:
                    raise RecoveryBlocked("It goes on without an end.", where=peer.name)
                after = page.next
        except DetenteError as error:
            silent.append(f"{peer.name}: {error}")
            return
        answers.notes += [(peer.name, note) for note in notes]
        answers.envelopes[peer.name] = sealed
        answers.erasures += erasures

    await asyncio.gather(*map(ask, peers))
    if silent:
        raise RecoveryBlocked(
            "Somebody does not answer: " + "; ".join(sorted(silent)),
            advice="The record stays held, and nothing was signed. Try again when everybody can be "
            "reached.",
        )
    return answers


async def _take_leaves(
    record: HeldRecord,
    peers: Sequence[RecoveryPeer],
    shown: Sequence[Shown],
    answers: _Answers,
    abandon: bool,
) -> list[Shown]:
    """Put the leaves back; the checkpoints whose leaves nobody has, if they may be abandoned."""
    begin = record.head.size
    wanted = sorted(shown, key=lambda each: each.checkpoint.size)
    abandoned: list[Shown] = []
    reasons: list[str] = []
    while wanted and (size := wanted[-1].checkpoint.size) > begin:
        for peer in peers:
            leaves: list[bytes] = []
            try:
                while (at := begin + len(leaves)) < size:
                    page = await peer.leaves(at, min(LIMIT_MAX, size - at))
                    if not page:
                        break
                    leaves += page
                await record.take_leaves(leaves[: size - begin], wanted, answers.offered)
            except RecoveryForked:
                raise
            except DetenteError as error:
                reasons.append(f"{peer.name}: {error}")
            else:
                return abandoned
        cosigned = record.is_cosigned(wanted[-1])
        if not abandon or cosigned:
            blocked = RecoveryBlocked(
                f"A checkpoint of {size} entries was signed, this copy has {begin}, and nobody "
                f"gives the {size - begin} leaves between them ({'; '.join(reasons)}).",
                advice="Look for a newer backup, the old disk, or a bundle that has them. If there "
                "is none, do not go on with this log: agree with the others on a new one and new "
                "keys."
                + (
                    ""
                    if cosigned
                    else " This checkpoint is cosigned by nobody, so it may be abandoned instead: "
                    "`detente node recover --abandon-uncosigned`, with the node stopped."
                ),
            )
            blocked.abandonable = not cosigned
            raise blocked
        abandoned.append(wanted.pop())
    return abandoned


async def _keep_cosignatures(record: HeldRecord, shown: Shown) -> None:
    size = shown.checkpoint.size
    lines = shown.note.partition("\n\n")[2].splitlines(keepends=True)
    try:
        await record.add_cosignatures(size, lines)
    except (NoSuchEntry, NoteUnverified, NoteMalformed):
        return  # a size that we have no checkpoint of, or a line that proves nothing


@dataclass(slots=True)
class _Took:
    """What was taken back."""

    own: int = 0
    theirs: int = 0
    refused: list[str] = field(default_factory=list)


async def _take_back(record: HeldRecord, peers: Sequence[RecoveryPeer], answers: _Answers) -> _Took:
    took = _Took()
    pending: list[tuple[str, bytes, Payload]] = []
    for peer, sealed in answers.envelopes.items():
        for data in sealed:
            payload = _said(data)
            if payload is None:
                took.refused.append(f"{peer}: not an envelope")
            else:
                pending.append((peer, data, payload))
    absent = await _fetch_blobs(record, peers, [payload for _, _, payload in pending])
    reasons: list[str] = []
    for _ in range(_PASSES_MAX):
        # What one peer holds may answer what only another one has said.
        results = await record.take_back([data for _, data, _ in pending], answers.erasures, absent)
        left: list[tuple[str, bytes, Payload]] = []
        reasons = []
        for each, result in zip(pending, results, strict=True):
            peer, _, payload = each
            if isinstance(result, DetenteError):
                left.append(each)
                reasons.append(
                    f"{peer}: {payload.sender} {payload.channel} {payload.seq}: {result}"
                )
            elif isinstance(result, Entry):
                if payload.sender == record.party:
                    took.own += 1
                else:
                    took.theirs += 1
        if not left or len(left) == len(pending):
            took.refused += reasons
            return took
        pending = left
    took.refused += reasons
    return took


async def _fetch_blobs(
    record: HeldRecord, peers: Sequence[RecoveryPeer], payloads: Sequence[Payload]
) -> set[str]:
    """Get the files that envelopes name; those that nobody has."""
    wanted = {
        blob.sha256.hex(): blob.size
        for payload in payloads
        for blob in payload.blobs
        if record.blobs.size(blob.sha256.hex()) is None
    }
    absent: set[str] = set()
    for sha256, size in sorted(wanted.items()):
        for peer in peers:
            try:
                data = await peer.blob(sha256)
            except DetenteError:
                continue
            if data is None or len(data) != size:
                continue
            if hashlib.sha256(data).hexdigest() == sha256:
                await asyncio.to_thread(record.blobs.put, data)
                break
        else:
            absent.add(sha256)
    return absent


def _said(data: bytes) -> Payload | None:
    try:
        return read_payload(Envelope.from_json(data))
    except (DsseMalformed, EnvelopeMalformed):
        return None
