"""Our log before the peers' witnesses, and theirs before ours, as long as the node runs.

Our tiles are published, then each peer's witness is asked for a cosignature on what was published.
An anchor of ours is an entry, too; so that two nodes do not cosign each other's anchors for ever,
what only witnesses and watches have added waits for longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from detente.record import (
    AppendUnknown,
    CosignatureVerifier,
    CosignedCheckpoint,
    LogReadOnly,
    LogUnavailable,
    NotNow,
    PartyRecord,
    RecordBehind,
    Refused,
    TilesUnusable,
    Witness,
    WitnessForked,
    WitnessRequestMalformed,
    WitnessUnavailable,
    WitnessUnconvinced,
)

from .first_contact import FirstContact
from .neutral import WITNESS_URL, Neutral
from .peer_http import witness_http
from .peers import PeerNode, Peers
from .publishing import Publishing
from .witness_client import (
    PeerLog,
    WitnessClient,
    WitnessUnreachable,
    confirm_from_peer,
)
from .witnessing import anchors_of, refusal

IDLE_EVERY_S: Final = 300.0
ASK_AGAIN_S: Final = 15.0
SOON_S: Final = 2.0
"""For a witness that answers and does not sign yet: it may be waiting for what is under way."""
_IDLE_KINDS: Final = ("anchor", "watch", "receipt")

_log = logging.getLogger("detente.node.witness")


class AsPublished:
    """Our record up to the checkpoint whose tiles are served; what a witness is asked to sign.

    While the witness answers the record grows, and its newest checkpoint is one whose leaves nobody
    can fetch yet: a peer that mirrors them first could never sign it.
    """

    def __init__(self, record: PartyRecord, published: CosignedCheckpoint) -> None:
        self._record = record
        self._published = published

    async def checkpoint(self) -> CosignedCheckpoint:
        """The one that is served."""
        return self._published

    def consistency(self, old: int, new: int) -> list[bytes]:
        """See `PartyRecord.consistency`."""
        return self._record.consistency(old, new)

    async def add_cosignatures(self, size: int, lines: Sequence[str]) -> CosignedCheckpoint:
        """See `PartyRecord.add_cosignatures`."""
        return await self._record.add_cosignatures(size, lines)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A witness, its address, and the keys by which its cosignatures are believed."""

    node: PeerNode
    url: str
    keys: Callable[[], list[CosignatureVerifier]]

    @property
    def name(self) -> str:
        return self.node.party


class Cosigning:
    """Publishes our log and has it cosigned by the peers and by neutral witnesses."""

    def __init__(
        self,
        record: PartyRecord,
        peers: Peers,
        publishing: Publishing,
        *,
        every_s: float,
        behind: Callable[[str], None],
        neutral: Sequence[Neutral] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        record: ours.
        peers: whose witnesses are asked.
        publishing: of our tiles.
        neutral: witnesses that are no party's, asked as well.
        every_s: between checkpoints, when something was said.
        behind: told that a witness has signed more than the record holds.
        """
        self._record = record
        self._peers = peers
        self._neutral = neutral
        self._publishing = publishing
        self._every_s = every_s
        self._behind = behind
        self._now = now
        self._done: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._asked_at: dict[str, float] = {}
        self._pause_s: dict[str, float] = {}
        # A witness that has signed what was published later would seem to be ahead of the record.
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Keep on until this is cancelled."""
        while True:
            try:
                if due := await self._due():
                    await self._publish_and_ask(due)
            except (LogUnavailable, LogReadOnly, AppendUnknown, TilesUnusable) as error:
                _log.warning("no checkpoint was published: %s", error)
            await asyncio.sleep(self._every_s)

    async def once(self) -> None:
        """Publish, and ask everybody for a cosignature on what is not cosigned by them yet."""
        await self._publish_and_ask(self._witnesses())

    def heard(self, party: str) -> None:
        """A party was heard again: it need not be left alone any longer."""
        self._pause_s.pop(party, None)

    def _witnesses(self) -> list[_Asked]:
        parties = [
            _Asked(node, "https://peer/witness", self._keys_of(node)) for node in self._peers
        ]
        return parties + [_Asked(each.node, WITNESS_URL, each.keys) for each in self._neutral]

    def _keys_of(self, node: PeerNode) -> Callable[[], list[CosignatureVerifier]]:
        def keys() -> list[CosignatureVerifier]:
            return [self._record.keyring.member(node.party, self._record.head.size).witness]

        return keys

    async def _publish_and_ask(self, asked: Sequence[_Asked]) -> None:
        async with self._turn:
            now = self._now()
            for each in asked:
                self._asked_at[each.name] = now
            published = await self._publishing.now()
            await asyncio.gather(
                *(
                    self._ask(each, published)
                    for each in asked
                    if self._done.get(each.name, 0) < published.size
                )
            )
            if any(self._done.get(each.name, 0) >= published.size for each in asked):
                await self._publishing.now()  # with the cosignatures

    async def _due(self) -> list[_Asked]:
        """Who is to be asked now: each by itself, so that one that is away has no part in it."""
        size, now = self._record.head.size, self._now()
        said: dict[int, bool] = {}
        due = []
        for each in self._witnesses():
            done = self._done.get(each.name, 0)
            waited_s = now - self._asked_at.get(each.name, -1e9)
            if done >= size or waited_s < self._pause_s.get(each.name, 0.0):
                continue
            if done not in said:
                said[done] = done == 0 or await self._something_said(done)
            if said[done] or waited_s >= IDLE_EVERY_S:
                due.append(each)
        return due

    async def _something_said(self, since: int) -> bool:
        marks = ", ".join("?" * len(_IDLE_KINDS))
        rows = await self._record.query(
            "SELECT 1 FROM party_entries WHERE position >= ? "  # noqa: S608
            f"AND kind NOT IN ({marks}) LIMIT 1",
            (since, *_IDLE_KINDS),
        )
        return bool(rows)

    async def _ask(self, asked: _Asked, published: CosignedCheckpoint) -> None:
        name = asked.name
        http = witness_http(asked.node)
        client = WitnessClient(asked.url, asked.keys, http)
        before_s = self._pause_s.get(name, self._every_s / 2)
        self._pause_s[name] = min(2 * before_s, SOON_S)  # unless it cosigns
        try:
            sent = await client.submit(AsPublished(self._record, published))
        except RecordBehind as error:
            self._behind(str(error))
            return
        except (WitnessUnreachable, WitnessRequestMalformed) as error:
            self._pause_s[name] = min(2 * before_s, ASK_AGAIN_S)
            self._say(name, f"gives no cosignature now: {error}")
            return
        finally:
            await http.aclose()
        if isinstance(sent.result, Refused):
            reason = sent.result.reason
            _log.warning("%s refuses to cosign %d entries: %s", name, sent.size, reason)
            if self._refused.get(name) != reason:
                self._refused[name] = reason
                draft = refusal(self._record.origin, sent.size, sent.result.status, reason)
                await self._record.append([(draft, None)])
        elif isinstance(sent.result, NotNow):
            self._say(name, f"does not cosign now: {sent.result.reason}")
        else:
            self._done[name] = sent.size
            self._pause_s.pop(name, None)
            self._told.pop(name, None)
            self._refused.pop(name, None)

    def _say(self, name: str, what: str) -> None:
        """Log it once, however often it happens."""
        if self._told.get(name) != what:
            self._told[name] = what
            _log.info("%s %s", name, what)


async def confirm_witness(
    record: PartyRecord, witness: Witness, peers: Peers, first: FirstContact, woken: asyncio.Event
) -> None:
    """Ask each owner what our witness has signed of its log, until all have convinced it.

    Asked again now and then, and at once when `woken` is set: a peer was heard again.
    """
    told: dict[str, str] = {}
    waiting = {node.party for node in peers}
    while waiting:
        for node in peers:
            if node.party not in waiting:
                continue
            origin = record.terms.member(node.party).origin
            http = witness_http(node)
            try:
                anchors = await anchors_of(record, origin)
                await confirm_from_peer(
                    witness,
                    origin,
                    PeerLog("https://peer/log", http),
                    anchors[-1:],
                    first_contact=node.party in first.parties() and not anchors,
                )
            except WitnessForked as error:
                _log.error("%s", error)
                waiting.discard(node.party)
            except (WitnessUnconvinced, WitnessUnreachable, WitnessUnavailable) as error:
                if told.get(node.party) != str(error):
                    told[node.party] = str(error)
                    _log.info("our witness signs nothing for %s yet: %s", node.party, error)
            else:
                _log.info("our witness signs for %s", node.party)
                waiting.discard(node.party)
            finally:
                await http.aclose()
        if waiting:
            woken.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), ASK_AGAIN_S)
