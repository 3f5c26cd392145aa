"""The leaves of a peer's log, fetched from it before our witness cosigns what it shows."""

from __future__ import annotations

from detente.errors import DetenteError
from detente.record import (
    AddCheckpoint,
    NoteUnverified,
    PartyRecord,
    TileRef,
    WitnessRequestMalformed,
    open_note,
    read_checkpoint,
)

from .line_wire import LOG
from .mirror import Mirror
from .peers import Peers
from .witness_client import WitnessUnreachable

_DEADLINE_S = 10.0
_TILE_BYTES_MAX = 256 * (2 + 65_535)


class PeerTiles:
    """Tiles of the log that a peer serves; `Tiles`."""

    def __init__(self, peers: Peers, party: str) -> None:
        self._node = peers[party]

    async def tile(self, ref: TileRef) -> bytes:
        """Bytes of a tile.

        Raises:
            WitnessUnreachable: the peer does not give it.
            DetenteError: the peer cannot be reached.
        """
        answer = await self._node.request(
            "GET", f"{LOG}/{ref.path}", deadline_s=_DEADLINE_S, max_bytes=_TILE_BYTES_MAX
        )
        if answer.status != 200:
            raise WitnessUnreachable(f"It answers with {answer.status}.", where=ref.path)
        return answer.body


class Mirroring:
    """Keeps our mirror ahead of our witness; `before` of `witness_endpoints`."""

    def __init__(self, record: PartyRecord, peers: Peers, mirror: Mirror) -> None:
        self._record = record
        self._peers = peers
        self._mirror = mirror

    async def before(self, body: bytes) -> None:
        """Fetch the leaves of a checkpoint that we are asked to cosign.

        A request that is none, or is of a log that we do not know, is left to the witness.

        Raises:
            DetenteError: the leaves cannot be had, or do not go with the checkpoint.
        """
        try:
            asked = AddCheckpoint.parse(body)
            origin = read_checkpoint(asked.note).origin
        except (WitnessRequestMalformed, DetenteError):
            return
        for member in self._record.terms.members:
            if member.origin == origin and member.id != self._record.party:
                keys = self._record.keyring.log_keys(member.id)
                try:
                    open_note(asked.note, keys)
                except NoteUnverified:
                    return  # by a key that we do not know yet: the witness says so
                await self._mirror.take(origin, asked.note, keys, PeerTiles(self._peers, member.id))
