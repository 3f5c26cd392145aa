"""Neutral witnesses of the agreement: asked for cosignatures, and what they have signed of ours.

One that the agreement gives an address is called there and nowhere else, by the way that all calls
of a node take. It is no party: it is known by a certificate of the public kind, and what it says is
believed for its cosignature only.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from detente.agreement import Agreement
from detente.errors import DetenteError
from detente.http import Egress
from detente.record import (
    AddCheckpoint,
    CosignatureVerifier,
    CosignedCheckpoint,
    KeyFileUnusable,
    OtherSize,
    read_answer,
)

from .peer_http import witness_http
from .peers import PeerNode
from .recovery_source import Offered
from .witness_client import WitnessClient

WITNESS_URL: Final = "https://witness"
"""Stands for its address: the way of all calls knows where that is."""


class NeutralUnshown(DetenteError):
    """A neutral witness has cosigned more than a restored record has, and does not show what."""

    code: ClassVar[str] = "recovery.neutral"


@dataclass(frozen=True, slots=True)
class Neutral:
    """A neutral witness that can be asked.

    Attributes:
        key: its cosignature key, by the agreement.
        node: how it is called; `party` is the key's name.
    """

    key: CosignatureVerifier
    node: PeerNode

    def keys(self) -> list[CosignatureVerifier]:
        """By which its cosignatures are believed."""
        return [self.key]


def neutral_witnesses(agreement: Agreement, egress: Egress, ca: Path | None) -> list[Neutral]:
    """Those of an agreement that have an address.

    Args:
        agreement: in force.
        egress: the way of all calls.
        ca: PEM certificates by which they are believed; the system's if None.

    Raises:
        KeyFileUnusable: the certificates cannot be read.
    """
    listed = agreement.document.witnessing.neutral
    if not any(each.address for each in listed):
        return []
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except OSError as error:
        raise KeyFileUnusable(f"It cannot be read: {error}.", where=str(ca)) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    found = []
    for each in listed:
        if each.address is not None:
            key = CosignatureVerifier.from_vkey(each.vkey)
            url = each.address.url
            found.append(Neutral(key, PeerNode(key.name, [egress.peer(url, [url], context)])))
    return found


class NeutralCalls:
    """A `RecoveryPeer`: a neutral witness knows what it has cosigned, and keeps nothing else."""

    def __init__(self, witness: Neutral, checkpoint: CosignedCheckpoint, origin: str) -> None:
        """Args:
        witness: that is asked.
        checkpoint: the newest one of the copy.
        origin: of our log.
        """
        self._witness = witness
        self._checkpoint = checkpoint
        self._origin = origin

    @property
    def name(self) -> str:
        """Name of its key."""
        return self._witness.key.name

    async def checkpoints(self) -> list[str]:
        """What it has cosigned last.

        One that only does what C2SP tlog-witness asks for does not show it. It is asked to cosign
        the copy's own checkpoint again, and answers with the size that it knows.

        Raises:
            NeutralUnshown: it has cosigned more, and does not show the checkpoint.
            WitnessUnreachable: no answer, or none that can be used.
            WitnessRequestMalformed: as `read_answer`.
        """
        http = witness_http(self._witness.node)
        try:
            client = WitnessClient(WITNESS_URL, self._witness.keys, http)
            note = await client.last_cosigned(self._origin)
            if note is not None:
                return [note]
            size = self._checkpoint.size
            request = AddCheckpoint(size, (), self._checkpoint.note)
            taken = read_answer(await client.post(request), request, self._witness.keys())
        finally:
            await http.aclose()
        if isinstance(taken, OtherSize) and taken.size > size:
            raise NeutralUnshown(
                f"It has cosigned {taken.size} entries of ours, this copy has {size}, and it does "
                "not show that checkpoint.",
                where=self.name,
                advice="Restore a newer backup, or ask its operator for the checkpoint.",
            )
        return []

    async def leaves(self, since: int, limit: int) -> list[bytes]:
        """It has none."""
        return []

    async def envelopes(
        self, ends: Mapping[tuple[str, str], int], after: int, limit: int
    ) -> Offered:
        """It has none."""
        return Offered((), (), None)

    async def blob(self, sha256: str) -> bytes | None:
        """It has none."""
        return None
