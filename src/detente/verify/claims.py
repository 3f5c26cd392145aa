"""Entries that say something about other entries: receipts, acknowledgements, anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from .encodings import is_sha256, is_time, is_uuid7
from .errors import Findings, VerifyError
from .notes import cosigners, has_signature, names_in, read_checkpoint
from .payload import Item, is_whole
from .ring import KeyRing, Slot

_RECEIPT: Final = {"of", "payload_sha256", "origin", "index", "received"}
_ANSWER: Final = {"of", "payload_sha256"}


@dataclass(slots=True)
class Shown:
    """The items by what others say of them.

    Attributes:
        erased: payload hashes of erased entries, by position; `gone` has them all.
        full: nothing is left out.
    """

    origin: str
    full: bool
    by_id: dict[str, Item] = field(default_factory=dict)
    by_hash: dict[str, Item] = field(default_factory=dict)
    erased: Mapping[int, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def add(self, item: Item, findings: Findings) -> None:
        """Take an item; adds payload.malformed or receipt.replayed if its id is not new."""
        if item.id in self.by_id:
            code = "receipt.replayed" if item.kind == "receipt" else "payload.malformed"
            findings.add(code, f"entry {item.position}", "an id that another entry has")
            return
        self.by_id[item.id] = item
        self.by_hash.setdefault(item.payload_sha256, item)


@dataclass(slots=True)
class Answers:
    """Good receipts and acknowledgements, by the id of the message."""

    receipts: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    acknowledgements: dict[str, list[tuple[str, str, str, int]]] = field(default_factory=dict)


def check_receipt(
    item: Item,
    slot: Slot,
    shown: Shown,
    origins: set[str],
    places: dict[tuple[str, str, int], str],
) -> tuple[str, str, int]:
    """Check a receipt: what it is of, whose it is, and where the receiver has put the message.

    Args:
        origins: names of the sender's log.
        places: message by receiver, log and index, of the receipts before this one.

    Returns:
        Receiver, its log and the index there.

    Raises:
        VerifyError: payload.malformed, receipt.mismatch, receipt.replayed.
    """
    where = f"entry {item.position}"
    body = item.body
    index, origin = body.get("index"), body.get("origin")
    if body.keys() != _RECEIPT or not is_whole(index) or index < 0 or not isinstance(origin, str):
        raise VerifyError("payload.malformed", where, "body of a receipt")
    if not is_time(body["received"]):
        raise VerifyError("payload.malformed", where, "received")
    if slot.entry.purpose != "signing":
        raise VerifyError("receipt.mismatch", where, "not signed by the node's key")
    target = _target(item, "receipt", shown)
    if target is not None and target.sender == item.sender:
        raise VerifyError("receipt.mismatch", where, "of a message of one's own")
    if origin not in origins:
        raise VerifyError("receipt.mismatch", where, "the receiver has no such log")
    of = str(body["of"])
    if places.setdefault((item.sender, origin, index), of) != of:
        raise VerifyError("receipt.replayed", where, "two messages at one index of that log")
    if origin == shown.origin:
        if target is not None and target.position != index:
            raise VerifyError("receipt.mismatch", where, "the message is at another index")
        if (
            target is None
            and shown.erased.get(index, body["payload_sha256"]) != body["payload_sha256"]
        ):
            raise VerifyError("receipt.mismatch", where, "another entry is at that index")
    return item.sender, origin, index


def check_acknowledgement(item: Item, slot: Slot, shown: Shown) -> tuple[str, str, str, int]:
    """Check an officer's acknowledgement.

    Returns:
        Party, key name, holder, and where it stands here.

    Raises:
        VerifyError: payload.malformed, acknowledgement.author, receipt.mismatch, receipt.replayed.
    """
    where = f"entry {item.position}"
    text = item.body.get("text", "")
    if item.body.keys() - {"text"} != _ANSWER or not isinstance(text, str):
        raise VerifyError("payload.malformed", where, "body of an acknowledgement")
    if slot.entry.purpose != "officer":
        raise VerifyError("acknowledgement.author", where, "not signed by an officer")
    target = _target(item, "acknowledgement", shown)
    if target is not None and target.sender == item.sender:
        raise VerifyError("acknowledgement.author", where, "of a message of one's own")
    return item.sender, item.author, slot.entry.holder, item.position


def _target(item: Item, rel: str, shown: Shown) -> Item | None:
    """The message that is meant, None if it is not shown and need not be."""
    where = f"entry {item.position}"
    of, digest = item.body["of"], item.body["payload_sha256"]
    if not is_uuid7(of) or not isinstance(of, str) or not isinstance(digest, str):
        raise VerifyError("payload.malformed", where, "of")
    if not is_sha256(digest):
        raise VerifyError("payload.malformed", where, "payload_sha256")
    named = [(identity, sha256) for identity, ref, sha256 in item.refs if ref == rel]
    if named != [(of, digest)]:
        raise VerifyError("receipt.replayed", where, "its reference is to another message")
    target = shown.by_id.get(of)
    if target is None:
        other = shown.by_hash.get(digest)
        if other is not None:
            raise VerifyError("receipt.replayed", where, "the hash of another message")
        if shown.full and digest not in shown.gone:
            raise VerifyError("receipt.mismatch", where, "of a message that is not in the record")
        return None
    if target.payload_sha256 != digest:
        other = shown.by_hash.get(digest)
        code = "receipt.mismatch" if other is None else "receipt.replayed"
        raise VerifyError(code, where, "the hash of something else")
    if target.position >= item.position:
        raise VerifyError("receipt.mismatch", where, "before the message")
    return target


class Anchors:
    """Checkpoints that entries carry, held against each other and against this log.

    Args:
        origin: of this log; root_at: its roots as far as they are known; known: of its checkpoints.

    Attributes:
        count: of those that are good.
        unheld: of these, those of this log at a size whose root is not known here.
    """

    def __init__(
        self, origin: str, root_at: Callable[[int], bytes | None], known: Mapping[int, bytes]
    ) -> None:
        self._origin = origin
        self._root_at = root_at
        self._seen: dict[tuple[str, int], bytes] = {
            (origin, size): root for size, root in known.items()
        }
        self._known = known.keys()
        self.count = 0
        self.unheld = 0

    def check(self, item: Item, ring: KeyRing) -> None:
        """Check one anchor.

        Raises:
            VerifyError: payload.malformed, checkpoint.*, cosignature.wrong, anchor.fork.
        """
        where = f"entry {item.position}"
        text = item.body.get("checkpoint")
        if item.body.keys() != {"checkpoint"} or not isinstance(text, str):
            raise VerifyError("payload.malformed", where, "body of an anchor")
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise VerifyError("checkpoint.malformed", where, "not UTF-8") from None
        checkpoint = read_checkpoint(data, where)
        owner = ring.agreement_at(item.position).party_of_log(checkpoint.origin)
        if owner is None or owner == item.sender:
            raise VerifyError("checkpoint.origin", where, checkpoint.origin)
        names = names_in(checkpoint.note)
        logs = [
            slot.entry.key
            for slot in ring.slots(owner, "log")
            if (slot.entry.key.name, slot.entry.key.key_id) in names
        ]
        # All are asked, so that a wrong line is not hidden behind a good one.
        signed = [key for key in logs if has_signature(checkpoint.note, key, where)]
        if not signed:
            raise VerifyError("checkpoint.signature", where, "not signed by its log")
        witnesses = [
            slot.entry.key
            for slot in ring.slots(item.sender, "witness")
            if (slot.entry.key.name, slot.entry.key.key_id) in names
        ]
        if not cosigners(checkpoint.note, witnesses, where):
            raise VerifyError("cosignature.wrong", where, "not cosigned by the author's witness")
        self._compare(checkpoint.origin, checkpoint.size, checkpoint.root, item.position)
        self.count += 1

    def _compare(self, origin: str, size: int, root: bytes, position: int) -> None:
        where = f"entry {position}"
        if self._seen.setdefault((origin, size), root) != root:
            raise VerifyError("anchor.fork", where, f"two roots of {origin} at size {size}")
        if origin == self._origin:
            if size > position:
                raise VerifyError("anchor.fork", where, "a size that this log did not have yet")
            computed = self._root_at(size)
            if computed is not None and computed != root:
                raise VerifyError("anchor.fork", where, f"not the root of this log at size {size}")
            self.unheld += computed is None and size not in self._known


def check_claims(
    items: Iterable[tuple[Item, Slot, bool]],
    shown: Shown,
    ring: KeyRing,
    anchors: Anchors,
    findings: Findings,
) -> Answers:
    """Check all receipts, acknowledgements and anchors.

    Args:
        items: each with its author's key, and whether that key is believed there.
    """
    answers = Answers()
    places: dict[tuple[str, str, int], str] = {}
    origins: dict[str, set[str]] = {}
    for item, slot, believed in items:
        try:
            if item.kind == "receipt":
                names = origins.get(item.sender)
                if names is None:
                    names = {entry.entry.key.name for entry in ring.slots(item.sender, "log")}
                    origins[item.sender] = names
                receipt = check_receipt(item, slot, shown, names, places)
                if believed:
                    answers.receipts.setdefault(str(item.body["of"]), []).append(receipt)
            elif item.kind == "acknowledgement":
                answer = check_acknowledgement(item, slot, shown)
                if believed:
                    answers.acknowledgements.setdefault(str(item.body["of"]), []).append(answer)
            elif item.kind == "anchor":
                anchors.check(item, ring)
        except VerifyError as error:
            findings.catch(error)
    return answers
