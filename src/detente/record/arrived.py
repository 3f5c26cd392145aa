"""Envelopes that came from elsewhere, read and not believed yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .dsse import DsseMalformed, Envelope
from .entries import RecordRefused
from .envelope import chain_hash, read_payload
from .payload import EnvelopeMalformed, Payload

ENVELOPES_MAX: Final = 500
"""At a time."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An envelope in the right form, of which nothing is believed yet.

    Attributes:
        envelope: as it came.
        payload: what it says.
        chain: its `chain_hash`.
        where: for errors.
    """

    envelope: Envelope
    payload: Payload
    chain: bytes
    where: str

    @classmethod
    def of(cls, envelope: Envelope, payload: Payload, where: str) -> Arrived:
        """Hashed once."""
        return cls(envelope, payload, chain_hash(envelope), where)


def read_all(envelopes: Sequence[bytes]) -> list[Arrived]:
    """Envelopes in the right form.

    Raises:
        RecordRefused: one is not, and `where` says which; or there are too many.
    """
    if len(envelopes) > ENVELOPES_MAX:
        raise RecordRefused(f"At most {ENVELOPES_MAX} envelopes at a time.")
    arrived = []
    for number, data in enumerate(envelopes, start=1):
        where = f"envelope {number}"
        try:
            envelope = Envelope.from_json(data)
            arrived.append(Arrived.of(envelope, read_payload(envelope), where))
        except (DsseMalformed, EnvelopeMalformed) as error:
            raise RecordRefused(f"It is not in the right form: {error}", where=where) from error
    return arrived
