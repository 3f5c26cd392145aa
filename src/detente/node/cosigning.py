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
from typing import Final

import httpx

from detente.errors import DetenteError
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
from .peers import PeerNode, Peers
from .publishing import Publishing
from .witness_client import (
    DEADLINE_S,
    PeerLog,
    WitnessClient,
    WitnessUnreachable,
    confirm_from_peer,
)
from .witnessing import anchors_of, refusal

IDLE_EVERY_S: Final = 300.0
ASK_AGAIN_S: Final = 15.0
_IDLE_KINDS: Final = ("anchor", "watch", "receipt")

_log = logging.getLogger("detente.node.witness")


class PeerTransport(httpx.AsyncBaseTransport):
    """Lets a client of httpx speak to a peer's node by the way that all calls to it take."""

    def __init__(self, node: PeerNode, deadline_s: float = DEADLINE_S) -> None:
        self._node = node
        self._deadline_s = deadline_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; only its path counts."""
        body = await request.aread()
        try:
            answer = await self._node.request(
                request.method,
                request.url.raw_path.decode("ascii"),
                body=body,
                deadline_s=self._deadline_s,
                content_type=request.headers.get("content-type", "text/plain; charset=utf-8"),
            )
        except DetenteError as error:
            raise httpx.TransportError(str(error)) from error
        kept = {
            name: value for name, value in answer.headers.items() if name != "transfer-encoding"
        }
        stream = httpx.ByteStream(answer.body)
        return httpx.Response(answer.status, headers=kept, stream=stream, request=request)


def witness_http(node: PeerNode) -> httpx.AsyncClient:
    """A client for what a peer serves of C2SP; addresses begin with `https://peer`."""
    return httpx.AsyncClient(
        transport=PeerTransport(node), trust_env=False, follow_redirects=False, timeout=DEADLINE_S
    )


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


class Cosigning:
    """Publishes our log and has it cosigned by the peers."""

    def __init__(
        self,
        record: PartyRecord,
        peers: Peers,
        publishing: Publishing,
        *,
        every_s: float,
        behind: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        record: ours.
        peers: whose witnesses are asked.
        publishing: of our tiles.
        every_s: between checkpoints, when something was said.
        behind: told that a witness has signed more than the record holds.
        """
        self._record = record
        self._peers = peers
        self._publishing = publishing
        self._every_s = every_s
        self._behind = behind
        self._now = now
        self._done: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._asked_at = -1e9
        # A witness that has signed what was published later would seem to be ahead of the record.
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Keep on until this is cancelled."""
        while True:
            try:
                if await self._due():
                    await self.once()
            except (LogUnavailable, LogReadOnly, AppendUnknown, TilesUnusable) as error:
                _log.warning("no checkpoint was published: %s", error)
            await asyncio.sleep(self._every_s)

    async def once(self) -> None:
        """Publish, and ask every peer for a cosignature on what is not cosigned by it yet."""
        async with self._turn:
            self._asked_at = self._now()
            published = await self._publishing.now()
            await asyncio.gather(
                *(
                    self._ask(node, published)
                    for node in self._peers
                    if self._done.get(node.party, 0) < published.size
                )
            )
            if any(size >= published.size for size in self._done.values()):
                await self._publishing.now()  # with the cosignatures

    async def _due(self) -> bool:
        size = self._record.head.size
        least = min((self._done.get(node.party, 0) for node in self._peers), default=size)
        if least >= size:
            return False
        if self._now() - self._asked_at >= IDLE_EVERY_S or least == 0:
            return True
        marks = ", ".join("?" * len(_IDLE_KINDS))
        rows = await self._record.query(
            "SELECT 1 FROM party_entries WHERE position >= ? "  # noqa: S608
            f"AND kind NOT IN ({marks}) LIMIT 1",
            (least, *_IDLE_KINDS),
        )
        return bool(rows)

    async def _ask(self, node: PeerNode, published: CosignedCheckpoint) -> None:
        party = node.party
        http = witness_http(node)

        def keys() -> list[CosignatureVerifier]:
            return [self._record.keyring.member(party, self._record.head.size).witness]

        client = WitnessClient("https://peer/witness", keys, http)
        try:
            sent = await client.submit(AsPublished(self._record, published))
        except RecordBehind as error:
            self._behind(str(error))
            return
        except (WitnessUnreachable, WitnessRequestMalformed) as error:
            self._say(party, f"gives no cosignature now: {error}")
            return
        finally:
            await http.aclose()
        if isinstance(sent.result, Refused):
            reason = sent.result.reason
            _log.warning("%s refuses to cosign %d entries: %s", party, sent.size, reason)
            if self._refused.get(party) != reason:
                self._refused[party] = reason
                draft = refusal(self._record.origin, sent.size, sent.result.status, reason)
                await self._record.append([(draft, None)])
        elif isinstance(sent.result, NotNow):
            self._say(party, f"does not cosign now: {sent.result.reason}")
        else:
            self._done[party] = sent.size
            self._told.pop(party, None)
            self._refused.pop(party, None)

    def _say(self, party: str, what: str) -> None:
        """Log it once, however often it happens."""
        if self._told.get(party) != what:
            self._told[party] = what
            _log.info("%s %s", party, what)


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
