"""Ways to tamper with a bundle, and what each verifier must say to each of them.

`Mutation.change` gets the files and changes them; the manifest is made anew afterwards unless it is
what is tampered with, since whoever tampers can do that as well. `refused_by` gives, for every
verifier, a part of the reason with which it refuses; `unseen_by` says why a verifier cannot be
expected to see it. Every verifier is in one of the two.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.evidence import A, B, ListRecord, signer

from detente.formats import ALGORITHM_LOG
from detente.record.checkpoint import Checkpoint, sign_checkpoint, split_note
from detente.record.cosignature import cosign
from detente.record.keys import Ed25519Signer, format_vkey
from detente.record.tiles import decode_entries, encode_entries

Files = dict[str, bytes]
VERIFIERS = ("ours", "sigstore", "securesystemslib", "openssl", "pymerkle", "scitt-cose")

TREE_ONLY = "reads the tree alone, no signatures, no envelopes"
NO_TREE = "reads envelopes alone, no tree"
ITEMS_ONLY = "reads the single items alone"
NOT_IN_SINGLES = "the single items are as they were"
KEYS_GIVEN = "is given the keys by its user, and reads no agreement"
WITNESSES_IGNORED = "ignores the signatures of witnesses"
NO_POLICY = "knows no policy: it checks the signatures that are there"


@dataclass(frozen=True)
class Mutation:
    """One way to tamper; see the module's text."""

    name: str
    change: Callable[[Files], None]
    refused_by: Mapping[str, str]
    unseen_by: Mapping[str, str] = field(default_factory=dict)
    remake_manifest: bool = True


def _json(files: Files, path: str, change: Callable[[Any], None]) -> None:
    value = json.loads(files[path])
    change(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    files[path] = text.encode()


def _flip(text: str, at: int = 20) -> str:
    """Base64 with one bit changed."""
    raw = bytearray(base64.b64decode(text))
    raw[at] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def _envelope_of(files: Files, index: int) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(files["envelopes/000.jsonl"].splitlines()[index])
    made: dict[str, Any] = line["envelope"]
    return made


def _change_envelope(files: Files, index: int, change: Callable[[dict[str, Any]], None]) -> None:
    """In the list of all and in the single item."""
    lines = files["envelopes/000.jsonl"].splitlines()
    line = json.loads(lines[index])
    change(line["envelope"])
    lines[index] = json.dumps(line, sort_keys=True, separators=(",", ":")).encode()
    files["envelopes/000.jsonl"] = b"".join(line + b"\n" for line in lines)
    _json(files, f"bundles/{index}.sigstore.json", lambda item: change(item["dsseEnvelope"]))


LAST = 13
"""Index of the newest entry, which openssl looks at; the custody entry."""


def flip_payload(files: Files) -> None:
    """One letter of a message, wherever it stands."""

    def change(envelope: dict[str, Any]) -> None:
        payload = base64.b64decode(envelope["payload"])
        envelope["payload"] = base64.b64encode(payload.replace(b"Message 0", b"Message 9")).decode()

    _change_envelope(files, 1, change)


def flip_signature(files: Files) -> None:
    def change(envelope: dict[str, Any]) -> None:
        envelope["signatures"][0]["sig"] = _flip(envelope["signatures"][0]["sig"])

    _change_envelope(files, 1, change)


def flip_leaf(files: Files) -> None:
    """In the tile of entries and in the single item: a hash of the payload that is another."""
    (path,) = [path for path in files if path.startswith("tile/entries/")]
    leaves = decode_entries(files[path])
    leaf = json.loads(leaves[1])
    digest = leaf["spec"]["dsseV002"]["payloadHash"]
    digest["digest"] = _flip(digest["digest"])
    leaves[1] = json.dumps(leaf, sort_keys=True, separators=(",", ":")).encode()
    files[path] = encode_entries(leaves)

    def change(item: Any) -> None:
        entry = item["verificationMaterial"]["tlogEntries"][0]
        entry["canonicalizedBody"] = base64.b64encode(leaves[1]).decode()

    _json(files, "bundles/1.sigstore.json", change)


def flip_proof(files: Files) -> None:
    head, _, note = files["proofs/1.tlog-proof"].decode().partition("\n\n")
    lines = head.split("\n")
    lines[2] = _flip(lines[2])
    files["proofs/1.tlog-proof"] = ("\n".join(lines) + "\n\n" + note).encode()

    def change(item: Any) -> None:
        hashes = item["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"]
        hashes[0] = _flip(hashes[0])

    _json(files, "bundles/1.sigstore.json", change)


def flip_checkpoint(files: Files) -> None:
    """The root, everywhere."""
    text, lines = files["checkpoint"].decode().split("\n\n")
    origin, size, root = text.split("\n")
    other = f"{origin}\n{size}\n{_flip(root)}"
    _replace_note(files, f"{other}\n\n{lines}")


def _replace_note(files: Files, note: str) -> None:
    """The newest checkpoint, in every place where it stands."""
    old = files["checkpoint"].decode()
    files["checkpoint"] = note.encode()
    for path in list(files):
        if path.startswith("proofs/"):
            files[path] = files[path].decode().replace(old, note).encode()
        elif path.startswith("bundles/"):

            def change(item: Any) -> None:
                proof = item["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
                proof["checkpoint"]["envelope"] = note
                proof["rootHash"] = note.split("\n")[2]
                proof["treeSize"] = note.split("\n")[1]

            _json(files, path, change)


def move_index(files: Files) -> None:
    """Entry 1 says that it is entry 3."""

    def change(item: Any) -> None:
        entry = item["verificationMaterial"]["tlogEntries"][0]
        entry["logIndex"] = entry["inclusionProof"]["logIndex"] = "3"

    _json(files, "bundles/1.sigstore.json", change)
    proof = files["proofs/1.tlog-proof"].decode()
    files["proofs/1.tlog-proof"] = proof.replace("\nindex 1\n", "\nindex 3\n").encode()


def swap_entries(files: Files) -> None:
    """Two entries change places in the list of envelopes."""
    lines = files["envelopes/000.jsonl"].splitlines()
    one, three = json.loads(lines[1]), json.loads(lines[3])
    one["index"], three["index"] = 3, 1
    lines[1], lines[3] = (
        json.dumps(each, sort_keys=True, separators=(",", ":")).encode() for each in (three, one)
    )
    files["envelopes/000.jsonl"] = b"".join(line + b"\n" for line in lines)


def fork(files: Files) -> None:
    """A signs another tree of the same size; B's cosignature is of the one it saw."""
    text, lines = split_note(files["checkpoint"].decode())
    stated = Checkpoint.from_text(text)
    other = sign_checkpoint(Checkpoint(stated.origin, stated.size, bytes(32)), A.log)
    witness = "".join(
        f"— {name} {base64.b64encode(identity + data).decode()}\n"
        for name, identity, data in lines
        if name == B.witness.name
    )
    _replace_note(files, other + witness)


def fork_alone(files: Files) -> None:
    """A signs another tree, and keeps quiet about B."""
    text, _ = split_note(files["checkpoint"].decode())
    stated = Checkpoint.from_text(text)
    _replace_note(files, sign_checkpoint(Checkpoint(stated.origin, stated.size, bytes(32)), A.log))


def truncate(files: Files) -> None:
    """The newest entry is left out; the checkpoint still counts it."""
    files["envelopes/000.jsonl"] = b"".join(
        line + b"\n" for line in files["envelopes/000.jsonl"].splitlines()[:-1]
    )
    (path,) = [path for path in files if path.startswith("tile/entries/")]
    files[path] = encode_entries(decode_entries(files[path])[:-1])
    del files[f"bundles/{LAST}.sigstore.json"], files[f"proofs/{LAST}.tlog-proof"]

    def change(stated: Any) -> None:
        stated["items"] = stated["single_items"] = [[0, LAST - 1]]

    _json(files, "manifest.json", change)


def strip_cosignature(files: Files) -> None:
    """B's line goes, everywhere."""
    note = files["checkpoint"].decode()
    lines = note.splitlines(keepends=True)
    _replace_note(files, "".join(line for line in lines if B.witness.name not in line))


def swap_cosignature(files: Files) -> None:
    """B's cosignature of the older checkpoint stands under the newest."""
    (older,) = [path for path in files if path.startswith("checkpoints/")]
    mine = _line_of(files["checkpoint"].decode(), B.witness.name)
    other = _line_of(files[older].decode(), B.witness.name)
    _replace_note(files, files["checkpoint"].decode().replace(mine, other))


def strange_cosignature(files: Files) -> None:
    """B's line is replaced by that of a witness whom nobody knows."""
    note = files["checkpoint"].decode()
    text, _ = split_note(note)
    mine = _line_of(note, B.witness.name)
    _replace_note(files, note.replace(mine, cosign(text, signer("stranger.example/w"), 1)))


def _line_of(note: str, name: str) -> str:
    (line,) = [line for line in note.splitlines(keepends=True) if f"— {name} " in line]
    return line


def swap_key(files: Files) -> None:
    """The agreement names another key for B's officer, unsigned."""
    other = Ed25519Signer(B.officer.name, bytes([7]) * 32)
    _change_agreement(files, B.officer.verifier.to_vkey(), other.verifier.to_vkey())


def small_order_key(files: Files) -> None:
    """B's officer gets a key under which anybody can sign."""
    weak = bytes([1]) + bytes(31)
    _change_agreement(
        files, B.officer.verifier.to_vkey(), format_vkey(B.officer.name, weak, ALGORITHM_LOG)
    )


def _change_agreement(files: Files, old: str, new: str) -> None:
    def change(envelope: Any) -> None:
        payload = base64.b64decode(envelope["payload"])
        assert old.encode() in payload
        changed = payload.replace(old.encode(), new.encode())
        envelope["payload"] = base64.b64encode(changed).decode()

    _json(files, "agreement.dsse.json", change)


def unsigned_agreement(files: Files) -> None:
    """B's signature under the agreement goes."""
    _json(files, "agreement.dsse.json", lambda envelope: envelope["signatures"].pop())


def change_area(files: Files) -> None:
    """A file of the agreement gets another byte."""
    files["agreement/area.geojson"] = files["agreement/area.geojson"] + b" "


def change_policy(files: Files) -> None:
    """No witness is demanded any more."""
    text = files["policy"].decode()
    files["policy"] = text[: text.index("quorum ")].encode() + b"quorum none\n"


def break_consistency(files: Files) -> None:
    (path,) = [path for path in files if path.startswith("consistency/")]
    lines = files[path].decode().splitlines()
    lines[0] = _flip(lines[0])
    files[path] = "".join(line + "\n" for line in lines).encode()


def strange_tile(files: Files) -> None:
    """A hash in a tile is another; the entries are as they were."""
    (path,) = [path for path in files if path.startswith("tile/0/")]
    files[path] = bytes([files[path][0] ^ 1]) + files[path][1:]


def other_blob(files: Files) -> None:
    path = next(path for path in files if path.startswith("blobs/"))
    files[path] = files[path][:-1] + b"!"


def no_blob(files: Files) -> None:
    del files[next(path for path in files if path.startswith("blobs/"))]


def more_files(files: Files) -> None:
    files["notes.txt"] = b"see also"


def other_log_key(files: Files) -> None:
    """The trusted root names another log key, so that another tool would believe another log."""

    def change(root: Any) -> None:
        other = signer("stranger.example/log")
        (log,) = root["tlogs"]
        raw = bytes.fromhex("302a300506032b6570032100") + other.public_key
        log["publicKey"]["rawBytes"] = base64.b64encode(raw).decode()

    _json(files, "trusted_root.json", change)


def forget_custody(files: Files) -> None:
    _json(files, "custody.json", lambda value: value["exports"].pop())


def stale_manifest(files: Files) -> None:
    """A file is changed and the manifest left as it was."""
    files["README.html"] = files["README.html"].replace(b"Party B", b"Party C")


def _tools(reason: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names or VERIFIERS[1:], reason)


_TREES = _tools(TREE_ONLY, "pymerkle", "scitt-cose")
_ALL_UNSEEN = {
    **_TREES,
    **_tools(ITEMS_ONLY, "sigstore", "securesystemslib"),
    "openssl": "is asked about the agreement, the checkpoints and the newest item only",
}

MUTATIONS = (
    Mutation(
        "payload",
        flip_payload,
        {"ours": "leaf.mismatch", "sigstore": "refused 1.", "securesystemslib": "bundles/1."},
        {**_TREES, "openssl": _ALL_UNSEEN["openssl"]},
    ),
    Mutation(
        "signature",
        flip_signature,
        {"ours": "leaf.mismatch", "sigstore": "refused 1.", "securesystemslib": "bundles/1."},
        {**_TREES, "openssl": _ALL_UNSEEN["openssl"]},
    ),
    Mutation(
        "leaf",
        flip_leaf,
        {
            "ours": "leaf.mismatch",
            "sigstore": "refused 1.",
            "pymerkle": "checkpoint: root",
            "scitt-cose": "proofs/1.",
        },
        _tools(NO_TREE, "securesystemslib", "openssl"),
    ),
    Mutation(
        "proof",
        flip_proof,
        {"ours": "proof.inclusion", "sigstore": "TLOG_INCLUSION", "scitt-cose": "proofs/1."},
        {**_tools(NO_TREE, "securesystemslib", "openssl"), "pymerkle": "makes proofs of its own"},
    ),
    Mutation(
        "checkpoint",
        flip_checkpoint,
        {
            "ours": "checkpoint.signature",
            "sigstore": "invalid checkpoint signature",
            "openssl": f"checkpoint: {A.log.name}",
            "pymerkle": "checkpoint: root",
            "scitt-cose": "inclusion",
        },
        _tools(NO_TREE, "securesystemslib"),
    ),
    Mutation(
        "index",
        move_index,
        {"ours": "tlog_proof.mismatch", "sigstore": "TLOG_INCLUSION", "scitt-cose": "proofs/1."},
        {**_tools(NO_TREE, "securesystemslib", "openssl"), "pymerkle": "reads no single items"},
    ),
    Mutation("places", swap_entries, {"ours": "leaf.mismatch"}, _tools(NOT_IN_SINGLES)),
    Mutation(
        "fork",
        fork,
        {
            "ours": "cosignature.wrong",
            "sigstore": "TLOG_INCLUSION",
            "openssl": f"checkpoint: {B.witness.name}",
            "pymerkle": "checkpoint: root",
            "scitt-cose": "inclusion",
        },
        _tools(NO_TREE, "securesystemslib"),
    ),
    Mutation(
        "fork without witness",
        fork_alone,
        {
            "ours": "tree.root",
            "sigstore": "TLOG_INCLUSION",
            "pymerkle": "checkpoint: root",
            "scitt-cose": "inclusion",
        },
        {**_tools(NO_TREE, "securesystemslib"), "openssl": NO_POLICY},
    ),
    Mutation(
        "truncation",
        truncate,
        {"ours": "manifest.mismatch", "pymerkle": "checkpoint: root"},
        _tools("sees only the items that are left", "sigstore", "securesystemslib", "openssl")
        | {"scitt-cose": "sees only the proofs that are left"},
    ),
    Mutation(
        "cosignature stripped",
        strip_cosignature,
        {"ours": "grade.lower"},
        {
            **_TREES,
            "sigstore": WITNESSES_IGNORED,
            "securesystemslib": NO_TREE,
            "openssl": NO_POLICY,
        },
    ),
    Mutation(
        "cosignature swapped",
        swap_cosignature,
        {"ours": "cosignature.wrong", "openssl": f"checkpoint: {B.witness.name}"},
        {**_TREES, "sigstore": WITNESSES_IGNORED, "securesystemslib": NO_TREE},
    ),
    Mutation(
        "cosignature of a stranger",
        strange_cosignature,
        {"ours": "grade.lower", "openssl": "checkpoint: stranger"},
        {**_TREES, "sigstore": WITNESSES_IGNORED, "securesystemslib": NO_TREE},
    ),
    Mutation(
        "key swapped",
        swap_key,
        {
            "ours": "payload.agreement",
            "openssl": "agreement",
            "securesystemslib": "agreement",
        },
        {**_TREES, "sigstore": KEYS_GIVEN},
    ),
    Mutation(
        "small-order key",
        small_order_key,
        {"ours": "key.unusable", "openssl": "agreement", "securesystemslib": "agreement"},
        {**_TREES, "sigstore": KEYS_GIVEN},
    ),
    Mutation(
        "agreement unsigned",
        unsigned_agreement,
        {"ours": "agreement.unsigned"},
        _tools("does not know who must sign"),
    ),
    Mutation("agreement's file", change_area, {"ours": "agreement.file"}, _ALL_UNSEEN),
    Mutation("policy", change_policy, {"ours": "policy.mismatch"}, _tools(NO_POLICY)),
    Mutation(
        "consistency",
        break_consistency,
        {"ours": "proof.consistency", "scitt-cose": "consistency"},
        {
            **_tools(ITEMS_ONLY, "sigstore", "securesystemslib"),
            "openssl": _ALL_UNSEEN["openssl"],
            "pymerkle": "makes proofs of its own",
        },
    ),
    Mutation(
        "tile",
        strange_tile,
        {"ours": "tree.tile"},
        _tools("reads entries, not the tiles of hashes"),
    ),
    Mutation("blob", other_blob, {"ours": "blob.mismatch"}, _ALL_UNSEEN),
    Mutation("blob missing", no_blob, {"ours": "blob.missing"}, _ALL_UNSEEN),
    Mutation("a file more", more_files, {"ours": "file.extra"}, _ALL_UNSEEN),
    Mutation(
        "trusted root",
        other_log_key,
        {"ours": "trusted_root.mismatch", "sigstore": "invalid checkpoint signature"},
        {**_TREES, **_tools(KEYS_GIVEN, "securesystemslib", "openssl")},
    ),
    Mutation("custody", forget_custody, {"ours": "custody.mismatch"}, _ALL_UNSEEN),
    Mutation(
        "manifest",
        stale_manifest,
        {"ours": "manifest.mismatch"},
        _ALL_UNSEEN,
        remake_manifest=False,
    ),
)


def replayed_receipt(record: ListRecord) -> None:
    """B's receipt for one message is used for another: A writes B's bytes once more.

    It is put into the record, not into the bundle, as a dishonest exporter would.
    """
    first = next(
        entry for entry in record.stored if entry.payload and entry.payload.kind == "receipt"
    )
    record.stored.append(type(first)(len(record.stored), first.leaf, first.envelope, first.payload))
    record.hashes.append(record.hashes[first.index])
