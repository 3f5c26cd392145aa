"""The agreement: parties, keys, policies, and who has signed it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from detente.formats import AGREEMENT_TYPE, ENROLMENT_CONTEXT, PURPOSES

from .dsse import Envelope, read_envelope
from .encodings import is_sha256, unb64
from .errors import Findings, VerifyError
from .keys import PublicKey, algorithm_of, is_key_name
from .manifest import read_file_entry
from .payload import is_whole
from .policy import Policy, read_policy
from .strictjson import Json, parse_canonical, parse_object

PATH: Final = "agreement.dsse.json"
_CODE: Final = "agreement.malformed"
_MEMBERS: Final = {
    "agreement",
    "version",
    "previous",
    "title",
    "period",
    "files",
    "parties",
    "witnesses",
    "policies",
}
SIGNING: Final = ("signing", "officer")
"""Purposes of the keys that sign in a party's name."""


@dataclass(frozen=True, slots=True)
class PartyKey:
    """One key of a party, and whose it is."""

    party: str
    purpose: str
    key: PublicKey
    holder: str


@dataclass(frozen=True, slots=True)
class Party:
    """A party and its keys."""

    id: str
    names: Mapping[str, str]
    keys: tuple[PartyKey, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A version of the agreement; `sha256` is its hash."""

    id: str
    version: int
    previous: str
    title: Mapping[str, str]
    files: dict[str, tuple[str, int]]
    parties: tuple[Party, ...]
    witnesses: dict[str, PublicKey]
    policies: Mapping[str, str]
    sha256: str
    envelope: Envelope
    _read: dict[str, Policy | VerifyError] = field(default_factory=dict, compare=False)

    @property
    def keys(self) -> Iterable[PartyKey]:
        """Every key of every party."""
        return (key for party in self.parties for key in party.keys)

    def party_of_log(self, origin: str) -> str | None:
        """Id of the party whose log this is."""
        for key in self.keys:
            if key.purpose == "log" and key.key.name == origin:
                return key.party
        return None

    def policy(self, origin: str) -> Policy:
        """The policy for checkpoints of a log.

        Raises:
            VerifyError: policy.mismatch; there is none, or it is malformed.
        """
        found = self._read.get(origin)
        if found is None:
            found = self._read[origin] = self._policy(origin)
        if isinstance(found, VerifyError):
            raise VerifyError(found.code, found.where, found.detail)
        return found

    def _policy(self, origin: str) -> Policy | VerifyError:
        text = self.policies.get(origin)
        if text is None:
            return VerifyError("policy.mismatch", PATH, f"no policy for {origin}")
        try:
            return read_policy(text.encode(), f"policy of {origin}")
        except VerifyError as error:
            return error


def read_agreement(data: bytes, where: str) -> Agreement:
    """Read a signed agreement; signatures are looked at by `check_signatures`.

    Raises:
        VerifyError: agreement.malformed, key.unusable, key.duplicate.
    """
    envelope = read_envelope(parse_canonical(data, where, _CODE), where, _CODE)
    if envelope.payload_type != AGREEMENT_TYPE:
        raise VerifyError(_CODE, where, "payloadType")
    value = parse_canonical(envelope.payload, where, _CODE)
    if value.keys() != _MEMBERS:
        raise VerifyError(_CODE, where, "not the members of an agreement")
    identity, version, previous = value["agreement"], value["version"], value["previous"]
    if not isinstance(identity, str) or not identity:
        raise VerifyError(_CODE, where, "agreement")
    if not is_whole(version) or version < 1:
        raise VerifyError(_CODE, where, "version")
    if (version == 1) != (previous is None) or not (previous is None or is_sha256(previous)):
        raise VerifyError(_CODE, where, "previous")
    period = value["period"]
    if not isinstance(period, dict) or period.keys() != {"from", "until"}:
        raise VerifyError(_CODE, where, "period")
    parties = _parties(value["parties"], where)
    witnesses = _witnesses(value["witnesses"], where)
    agreement = Agreement(
        identity,
        version,
        previous if isinstance(previous, str) else "",
        _texts(value["title"], where, "title"),
        _files(value["files"], where),
        parties,
        witnesses,
        _texts(value["policies"], where, "policies"),
        sha256(envelope.payload).hexdigest(),
        envelope,
    )
    seen: set[bytes] = set()
    for key in (*(entry.key for entry in agreement.keys), *witnesses.values()):
        if key.raw in seen:
            raise VerifyError("key.duplicate", where, key.name)
        seen.add(key.raw)
    return agreement


def check_signatures(
    agreement: Agreement,
    before: Iterable[PartyKey],
    findings: Findings,
    where: str,
    last: Agreement | None = None,
) -> frozenset[str]:
    """Who has signed: each party of this version, and of the one before, must have.

    Args:
        before: the signing keys that were in force under the version before. A party of it signs
            with one of those, or anybody could enter new keys for it.
        last: the version before; a party of it without a key in force can sign nothing any more.

    Returns:
        Ids of the parties with a good signature. Adds agreement.signature, agreement.unsigned.
    """
    old = [key for key in before if key.purpose in SIGNING]
    old_parties = {key.party for key in old}
    old_parties.update(party.id for party in (() if last is None else last.parties))
    own = [key for key in agreement.keys if key.purpose in SIGNING and key.party not in old_parties]
    extra = [key for key in agreement.keys if key.purpose in SIGNING and key.party in old_parties]
    message = agreement.envelope.pae
    signed: set[str] = set()
    by_name: dict[str, list[PartyKey]] = {}
    for key in (*old, *own, *extra):
        by_name.setdefault(key.key.name, []).append(key)
    signatures = agreement.envelope.signatures
    if sum(len(by_name.get(one.keyid, ())) for one in signatures) > len(old) + 1000:
        # Each would have to be tried with each signature: hours, for a file of some megabytes.
        findings.add("agreement.malformed", where, "too many keys of one name")
        signatures = ()
    for signature in signatures:
        named = by_name.get(signature.keyid, [])
        good = [key for key in named if key.key.verifies(message, signature.sig)]
        if not good:
            findings.add("agreement.signature", where, signature.keyid)
        signed.update(key.party for key in good if key in old or key in own)
    for party in sorted(old_parties | {party.id for party in agreement.parties}):
        if party not in signed:
            findings.add("agreement.unsigned", where, party)
    return frozenset(signed)


def check_document(agreement: Agreement, files: Mapping[str, bytes], findings: Findings) -> None:
    """Compare the signed manifest with the files as they are read by people.

    Adds agreement.file: a file is missing or another one, the document names other parties or
    keys, or a key lacks the proof that its holder has it.
    """
    for name, (digest, size) in agreement.files.items():
        data = files.get(name)
        if data is None:
            findings.add("agreement.file", f"agreement/{name}", "missing")
        elif len(data) != size or sha256(data).hexdigest() != digest:
            findings.add("agreement.file", f"agreement/{name}", "not the file that was signed")
    for name in sorted(files.keys() - agreement.files.keys()):
        findings.add("agreement.file", f"agreement/{name}", "not part of what was signed")
    document = files.get("agreement.toml")
    if document is None:
        findings.add("agreement.file", "agreement/agreement.toml", "missing")
    else:
        _check_toml(agreement, document, findings)
    for party in agreement.parties:
        name = f"enrolments/{party.id}.json"
        enrolment = files.get(name)
        if enrolment is not None:
            try:
                _check_enrolment(agreement, party, enrolment, f"agreement/{name}")
            except VerifyError as error:
                findings.catch(error)


def _check_toml(agreement: Agreement, data: bytes, findings: Findings) -> None:
    where = "agreement/agreement.toml"
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        findings.add("agreement.file", where, "not TOML")
        return
    stated = document.get("parties", document.get("party"))
    if isinstance(stated, dict):
        named = set(stated)
    elif isinstance(stated, list):
        named = {entry.get("id") for entry in stated if isinstance(entry, dict)}
    else:
        return
    if named != {party.id for party in agreement.parties}:
        findings.add("agreement.file", where, "other parties than in what was signed")
    known = {key.key.vkey for key in agreement.keys}
    known.update(key.vkey for key in agreement.witnesses.values())
    for text in _vkeys_in(document):
        if text not in known:
            findings.add("agreement.file", where, f"a key that is not in what was signed: {text}")


def _vkeys_in(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _vkeys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _vkeys_in(inner)
    elif isinstance(value, str):
        try:
            yield PublicKey.read(value, "").vkey
        except VerifyError:
            return


def _check_enrolment(agreement: Agreement, party: Party, data: bytes, where: str) -> None:
    value = parse_object(data, where, "agreement.file")
    if value.get("agreement") != agreement.id or value.get("party") != party.id:
        raise VerifyError("agreement.file", where, "of another agreement or party")
    entries = value.get("keys")
    proven: set[tuple[str, str, str]] = set()
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            raise VerifyError("agreement.file", where, "keys")
        words = [entry.get(name) for name in ("purpose", "holder", "vkey", "proof")]
        purpose, holder, vkey, proof = (word if isinstance(word, str) else "" for word in words)
        key = PublicKey.read(vkey, where)
        text = f"{ENROLMENT_CONTEXT}\n{agreement.id}\n{party.id}\n{purpose}\n{holder}\n{vkey}\n"
        if not key.verifies(text.encode(), unb64(proof) or b""):
            raise VerifyError("agreement.file", where, f"proof of possession of {key.name}")
        proven.add((purpose, holder, vkey))
    for entry_key in party.keys:
        if (entry_key.purpose, entry_key.holder, entry_key.key.vkey) not in proven:
            raise VerifyError("agreement.file", where, f"no proof for {entry_key.key.name}")


def _parties(value: Json, where: str) -> tuple[Party, ...]:
    parties: list[Party] = []
    for entry in value if isinstance(value, list) else []:
        if not isinstance(entry, dict) or entry.keys() != {"id", "name", "keys"}:
            raise VerifyError(_CODE, where, "parties")
        identity, keys = entry["id"], entry["keys"]
        if not isinstance(identity, str) or not is_key_name(identity):
            raise VerifyError(_CODE, where, "id of a party")
        names = _texts(entry["name"], where, "name of a party")
        found = tuple(
            _party_key(identity, key, where) for key in (keys if isinstance(keys, list) else [])
        )
        for purpose in ("log", "witness", "signing"):
            if purpose not in {key.purpose for key in found}:
                raise VerifyError(_CODE, where, f"{identity} has no {purpose} key")
        parties.append(Party(identity, names, found))
    if not parties or len({party.id for party in parties}) != len(parties):
        raise VerifyError(_CODE, where, "no parties, or one twice")
    return tuple(parties)


def _party_key(party: str, value: Json, where: str) -> PartyKey:
    if not isinstance(value, dict) or value.keys() != {"purpose", "vkey", "holder"}:
        raise VerifyError(_CODE, where, f"keys of {party}")
    purpose, vkey, holder = value["purpose"], value["vkey"], value["holder"]
    if not isinstance(purpose, str) or purpose not in PURPOSES or not isinstance(holder, str):
        raise VerifyError(_CODE, where, f"keys of {party}")
    if holder and purpose != "officer":
        raise VerifyError(_CODE, where, f"a {purpose} key of {party} is an officer's")
    key = PublicKey.read(vkey if isinstance(vkey, str) else "", where)
    if key.algorithm != algorithm_of(purpose):
        raise VerifyError("key.unusable", where, f"signature type of {key.name}")
    return PartyKey(party, purpose, key, holder)


def _witnesses(value: Json, where: str) -> dict[str, PublicKey]:
    if not isinstance(value, list):
        raise VerifyError(_CODE, where, "witnesses")
    found: dict[str, PublicKey] = {}
    for entry in value:
        if not isinstance(entry, dict) or entry.keys() != {"name", "vkey"}:
            raise VerifyError(_CODE, where, "witnesses")
        name, vkey = entry["name"], entry["vkey"]
        if not isinstance(name, str) or not name or name in found:
            raise VerifyError(_CODE, where, "name of a witness")
        key = PublicKey.read(vkey if isinstance(vkey, str) else "", where)
        if key.algorithm != algorithm_of("witness"):
            raise VerifyError("key.unusable", where, f"signature type of {key.name}")
        found[name] = key
    return found


def _files(value: Json, where: str) -> dict[str, tuple[str, int]]:
    files: dict[str, tuple[str, int]] = {}
    last = ""
    for entry in value if isinstance(value, list) else [None]:
        name, digest, size = read_file_entry(entry, "name", where, _CODE)
        if name <= last:
            raise VerifyError(_CODE, where, "files are not sorted by name, or twice")
        files[name] = (digest, size)
        last = name
    return files


def _texts(value: Json, where: str, what: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise VerifyError(_CODE, where, what)
    found = {name: text for name, text in value.items() if isinstance(text, str)}
    if len(found) != len(value):
        raise VerifyError(_CODE, where, what)
    return found
