"""Good bundles in which something became of keys, content, cosignatures and clocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.forge import (
    A_LOG,
    A_NODE,
    A_OFFICER,
    A_WITNESS,
    AGREEMENT,
    B_LOG,
    B_NODE,
    B_OFFICER,
    B_WITNESS,
    ORIGIN,
    ORIGIN_B,
    WITNESS,
    Forge,
    Key,
    b64,
)

NEW_LOG = Key(ORIGIN, "a log, the next")
NEW_B_WITNESS = Key("b.example/witness-2", "b witness, the next", WITNESS)


def rotate(
    forge: Forge, party: str, purpose: str, old: Key, new: Key, author: Key, channel: str = "keys"
) -> None:
    """Add a rotation with every proof that its purpose needs."""
    text = (
        f"detente-rotation-v1\n{AGREEMENT}\n{party}\n{purpose}\n{old.vkey}\n{new.vkey}\n".encode()
    )
    body = {
        "party": party,
        "purpose": purpose,
        "old": old.vkey,
        "new": new.vkey,
        "proof": b64(new.sign(text)),
    }
    if purpose in ("log", "witness"):
        body["old_proof"] = b64(old.sign(text))
    forge.add("key-rotation", body, key=author, sender=party, channel=channel)


def revoke(forge: Forge, party: str, key: Key, until: int, author: Key, origin: str) -> None:
    """Add a revocation."""
    body = {
        "party": party,
        "key": key.vkey,
        "good_until_index": until,
        "origin": origin,
        "reason": "lost",
    }
    forge.add("key-revocation", body, key=author, sender=party, channel="keys")


def every_key_changed() -> Forge:
    """Every purpose's key is replaced, in both parties' names, and used; the old ones revoked.

    The first checkpoint bears the old keys of log and witness, the last one the new ones.
    """
    forge = Forge(older=[2]).begin()
    forge.add("message", {}, key=A_OFFICER, channel="officers")
    officer, node = Key("a.example/officer-2", "a officer, 2"), Key("a.example/node-2", "a node, 2")
    b_officer, b_node = Key("b.example/officer-2", "b off. 2"), Key("b.example/node-2", "b node 2")
    rotate(forge, "a", "officer", A_OFFICER, officer, A_OFFICER)
    forge.add("message", {}, key=officer, channel="officers")
    rotate(forge, "a", "log", A_LOG, NEW_LOG, A_NODE)
    rotate(forge, "a", "witness", A_WITNESS, Key("a.example/w2", "a w2", WITNESS), A_NODE)
    rotate(forge, "a", "signing", A_NODE, node, A_NODE)
    rotate(forge, "b", "log", B_LOG, Key(ORIGIN_B, "b log, 2"), B_NODE)
    rotate(forge, "b", "witness", B_WITNESS, NEW_B_WITNESS, B_NODE)
    rotate(forge, "b", "officer", B_OFFICER, b_officer, B_OFFICER)
    rotate(forge, "b", "signing", B_NODE, b_node, B_NODE)
    revoke(forge, "a", A_OFFICER, 2, node, ORIGIN)
    revoke(forge, "a", A_LOG, 4, node, ORIGIN)
    revoke(forge, "a", A_NODE, 6, officer, ORIGIN)
    revoke(forge, "b", B_WITNESS, 8, b_node, ORIGIN)
    revoke(forge, "b", B_OFFICER, 9, b_node, ORIGIN)
    forge.custody(key=node)
    forge.log_key, forge.cosigners = NEW_LOG, [NEW_B_WITNESS]
    forge.on_files = lambda files: files | {"checkpoints/2": _signed_before(forge)}
    return forge


def _signed_before(forge: Forge) -> bytes:
    now = forge.log_key
    forge.log_key = A_LOG
    try:
        return forge.note(2, [B_WITNESS])
    finally:
        forge.log_key = now


def eventful(refusals: int = 1) -> Forge:
    """An erasure, refused cosignatures, and clocks that are off.

    Args:
        refusals: how many entries say so without saying what.
    """
    forge = Forge().begin()
    gone = forge.add("message", {"text": "private"})
    stated = {"origin": ORIGIN, "index": 1, "payload_sha256": gone.digest, "ground": "Art. 17"}
    forge.add("erasure", stated)
    gone.erased = 2
    refusal = {"origin": ORIGIN, "size": 2, "status": 422, "reason": "not a prefix"}
    forge.add("witness-refusal", refusal, to=[])
    for offset in (-0.5, -250.5, 30):
        body = {"offset_ms": offset, "uncertainty_ms": 4, "source": "GNSS", "measured": "x"}
        forge.add("clock", body, to=[], channel="clock")
    forge.add("clock", {"offset_ms": "much", "uncertainty_ms": 4}, to=[], channel="clock")
    for _ in range(refusals):
        forge.add("witness-refusal", {}, to=[], channel="odd")
    forge.custody()
    return forge


def partly_cosigned() -> Forge:
    """Everything is cosigned but the export itself."""
    forge = Forge(accept_grade="single", cosigners=[]).begin()
    forge.add("message", {"text": "seen by both"})
    forge.older = [2]
    forge.custody()
    forge.on_files = lambda files: files | {"checkpoints/2": forge.note(2, [B_WITNESS])}
    return forge


def passed_over(
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body,
    author: Key = B_NODE,
    of: int = 1,
) -> Forge:
    """B's second message never came: B had erased it, and A holds B's own erasure.

    Args:
        change: of the gap's body.
        author: who signs the erasure.
        of: which message the erasure is of; 1 is the one that is missing.
    """
    forge = Forge().begin()
    sent = [forge.add("message", {"n": n}, key=B_NODE, sender="b") for n in range(3)]
    gone = {"chain": sent[of].chain, "channel": "main", "from": "b", "seq": of + 1}
    body = {"origin": ORIGIN_B, "index": 7, "payload_sha256": sent[of].digest, "ground": "Art. 17"}
    erasure = forge.add(
        "erasure", body | {"envelope": gone}, key=author, sender="b", channel="record"
    )
    del forge.entries[2:]
    stated = {"from": "b", "channel": "main", "seq": 2, "chain": sent[1].chain}
    forge.add("gap", change(stated | {"erasure": erasure.document}), to=[], channel="record")
    forge.entries.append(sent[2])
    forge.custody()
    return forge


EVENTS: dict[str, Callable[[], Forge]] = {
    "passed over": passed_over,
    "every key changed": every_key_changed,
    "eventful": eventful,
    "partly cosigned": partly_cosigned,
}
