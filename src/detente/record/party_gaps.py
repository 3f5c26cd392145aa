"""What was said to us and never came: erased by its author before, or without its files.

A sender's sequence takes no gaps, so that nothing can be left out unnoticed. Its author may have
erased an entry all the same. Then its own signed erasure, which names number and hash of what is
gone, stands for it: the receiver records a `gap` that holds that erasure, and goes on. Files that
are kept back are stated likewise, as `withheld`. Both stay for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .dsse import DsseMalformed, Envelope
from .entries import EnvelopeUnverified, RecordRefused
from .envelope import Draft, chain_hash, read_payload
from .ijson import JsonValue, canonical_json, parse_object
from .party_batch import Batch
from .payload import EnvelopeMalformed, Payload, Reference
from .tenures import Author

OWN_CHANNEL: Final = "record"
"""Where a record says what happened to itself; for everybody."""

Number = tuple[str, str, int]
"""Sender, channel, and number there."""


@dataclass(frozen=True, slots=True)
class ErasedElsewhere:
    """A party's statement that it has erased an envelope of its own. Nothing of it is believed yet.

    Attributes:
        envelope: signed, of kind `erasure`.
        payload: what it says.
        number: of the envelope that is gone.
        chain: its `chain_hash`.
    """

    envelope: Envelope
    payload: Payload
    number: Number
    chain: bytes

    @classmethod
    def read(cls, data: bytes, where: str) -> ErasedElsewhere:
        """From an envelope's bytes.

        Raises:
            RecordRefused: it is none that says which envelope of its author is gone.
        """
        try:
            envelope = Envelope.from_json(data)
            payload = read_payload(envelope)
        except (DsseMalformed, EnvelopeMalformed) as error:
            raise RecordRefused(f"It is not in the right form: {error}", where=where) from error
        gone = payload.body.get("envelope")
        if payload.kind == "erasure" and isinstance(gone, dict) and gone.keys() == _GONE:
            channel, seq, chain = gone["channel"], gone["seq"], gone["chain"]
            if (
                isinstance(channel, str)
                and type(seq) is int
                and isinstance(chain, str)
                and len(chain) == 64
                and gone["from"] == payload.sender
            ):
                try:
                    number = (payload.sender, channel, seq)
                    return cls(envelope, payload, number, bytes.fromhex(chain))
                except ValueError:
                    pass
        raise RecordRefused("It does not say which envelope of its author was erased.", where=where)

    def by(self, authors: Sequence[Author]) -> bool:
        """Whether one of these has signed it."""
        return any(
            each.key.name == self.payload.author
            and each.key.verify(self.envelope.pae(), self.envelope.signatures[0].sig)
            for each in authors
        )


_GONE: Final = {"chain", "channel", "from", "seq"}


def gone_envelope(payload: Payload, envelope: Envelope) -> dict[str, JsonValue]:
    """What an erasure says of the envelope, so that its sequence can be followed across it."""
    return {
        "chain": chain_hash(envelope).hex(),
        "channel": payload.channel,
        "from": payload.sender,
        "seq": payload.seq,
    }


def bridge(batch: Batch, payload: Payload, erased: Mapping[Number, ErasedElsewhere]) -> None:
    """State the gaps before an envelope that came, as far as its author's erasures explain them.

    Raises:
        EnvelopeUnverified: an erasure is not by a key that its author may use now.
    """
    channel = payload.sender, payload.channel
    while (seq := batch.chains[channel][0] + 1) < payload.seq:
        found = erased.get((*channel, seq))
        if found is None:
            return
        where = f"erasure {found.payload.id}"
        if found.payload.agreement != batch.keyring.terms.agreement or not found.by(
            batch.keyring.authors(payload.sender, batch.next_index)
        ):
            raise EnvelopeUnverified(
                f"It is not signed by a key that {payload.sender} may use.", where=where
            )
        body: dict[str, JsonValue] = {
            "from": payload.sender,
            "channel": payload.channel,
            "seq": seq,
            "chain": found.chain.hex(),
            "erasure": parse_object(found.envelope.to_json()),
        }
        batch.state(Draft("gap", OWN_CHANNEL, (), body), duty=True)
        batch.skip(channel, (seq, found.chain))


def read_gap(payload: Payload, authors: Sequence[Author]) -> ErasedElsewhere | None:
    """The erasure in a `gap`, if it is one that justifies it.

    Args:
        authors: who may have signed the erasure.
    """
    body = payload.body
    try:
        found = ErasedElsewhere.read(canonical_json(body.get("erasure")), "erasure")
    except RecordRefused:
        return None
    stated = (body.get("from"), body.get("channel"), body.get("seq")), body.get("chain")
    if stated != (found.number, found.chain.hex()) or not found.by(authors):
        return None
    return found


def state_withheld(batch: Batch, payload: Payload, withheld: Collection[str]) -> None:
    """State that files of what was received are kept back, if any are."""
    missing: list[JsonValue] = [
        blob.sha256.hex() for blob in payload.blobs if blob.sha256.hex() in withheld
    ]
    if missing:
        digest = payload.sha256
        body: dict[str, JsonValue] = {
            "of": str(payload.id),
            "payload_sha256": digest.hex(),
            "blobs": missing,
        }
        refs = (Reference(payload.id, "withheld", digest),)
        batch.state(Draft("withheld", OWN_CHANNEL, (), body, refs), duty=True)
