"""Entries that never reached the owner of the record, as their author had erased them before.

The owner states each with a `gap`, which holds the author's own signed erasure. Without one that
names the very number and hash, a missing number stays a gap: nobody can pass over a message alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .dsse import kind_of, read_envelope
from .errors import Findings, VerifyError
from .payload import Item, read_payload
from .ring import KeyRing
from .strictjson import Json

_CODE = "erasure.unstated"
_BODY = {"from", "channel", "seq", "chain", "erasure"}


class Gap(NamedTuple):
    """A number of a sender's channel whose envelope is gone, and its chain hash."""

    sender: str
    channel: str
    seq: int
    chain: str


def read_gaps(
    items: Iterable[Item], owner: str, ring: KeyRing, findings: Findings
) -> dict[int, Gap]:
    """The gaps that the owner states and an erasure justifies, by position.

    Adds erasure.unstated, payload.malformed for those that none does.
    """
    found: dict[int, Gap] = {}
    for item in items:
        if item.kind == "gap" and item.sender == owner:
            try:
                found[item.position] = _read(item, ring)
            except VerifyError as error:
                findings.catch(error)
    return found


def _read(item: Item, ring: KeyRing) -> Gap:
    where, body = f"entry {item.position}", item.body
    if body.keys() != _BODY:
        raise VerifyError("payload.malformed", where, "body of a gap")
    envelope = read_envelope(body["erasure"], where, _CODE)
    if len(envelope.signatures) != 1 or kind_of(envelope.payload_type) != "erasure":
        raise VerifyError(_CODE, where, "not an erasure")
    signature = envelope.signatures[0]
    said = read_payload(envelope.payload, "erasure", where, item.position, ("", "", b""))
    pae = envelope.pae
    signed = said.author == signature.keyid and any(
        (key.party, key.key.name) == (said.sender, said.author)
        and key.key.verifies(pae, signature.sig)
        for key in ring.in_force(item.position)
    )
    if not signed or said.agreement != item.agreement:
        raise VerifyError(_CODE, where, "not signed by the author of what is gone")
    gap = _gap(body)
    gone = said.body.get("envelope")
    if gap is None or not isinstance(gone, dict) or gone.keys() != _BODY - {"erasure"}:
        raise VerifyError(_CODE, where, "it does not say which envelope is gone")
    if _gap(gone) != gap or gap.sender != said.sender:
        raise VerifyError(_CODE, where, "the erasure is of another envelope")
    return gap


def _gap(stated: Mapping[str, Json]) -> Gap | None:
    sender, channel, seq, chain = (stated[name] for name in ("from", "channel", "seq", "chain"))
    if (
        isinstance(sender, str)
        and isinstance(channel, str)
        and type(seq) is int
        and isinstance(chain, str)
    ):
        return Gap(sender, channel, seq, chain)
    return None
