"""Enrolment: which keys are whose, each with the proof that somebody holds its private half.

`enrolments/<party>.json` is

    {"agreement": <id>, "party": <id>, "keys": [
        {"purpose": <text>, "vkey": <text>, "holder": <officer's id or "">, "proof": <base64>}]}

where the proof is a signature by that key over `proof_text`. Without proofs a party could enrol
somebody else's key and later have its signatures counted as its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from detente import formats
from detente.agreement.document import Document, Party
from detente.agreement.faults import Faults
from detente.agreement.json_source import JsonSource, read_json
from detente.agreement.reading import near
from detente.record import CosignatureVerifier, KeyInvalid, Signer, Verifier

ENROLMENT_BYTES_MAX: Final = 256 * 1024
_REQUEST: Final = "Have the party run `detente agreement enrol request` and send the file again."
_MEMBERS: Final = {"agreement", "party", "keys"}
_KEY_MEMBERS: Final = {"purpose", "vkey", "holder", "proof"}
_MOST: Final = {"log": 1, "witness": 1, "signing": 10, "officer": 100}


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A key of a party.

    Attributes:
        purpose: `log`, `witness`, `signing` or `officer`.
        vkey: the public key as `<name>+<id>+<base64>`.
        holder: the officer's id; empty for keys of the node.
        name: of the key.
        public_key: 32 bytes.
    """

    purpose: str
    vkey: str
    holder: str
    name: str
    public_key: bytes

    @property
    def fingerprint(self) -> str:
        """What people compare by voice: 16 hexadecimal digits of the key's SHA-256, in fours."""
        digits = hashlib.sha256(self.public_key).hexdigest()[:16]
        return " ".join(digits[i : i + 4] for i in range(0, 16, 4))

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the message."""
        return _verified(self.public_key, message, signature)


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """A key that a party is about to enrol: what signs, for what, in whose hands."""

    purpose: str
    holder: str
    signer: Signer


def verifier_type(purpose: str) -> type[Verifier] | type[CosignatureVerifier]:
    """The type of key that a purpose needs: of cosignatures for witnesses, plain for others."""
    return CosignatureVerifier if purpose == "witness" else Verifier


def proof_text(agreement: str, party: str, purpose: str, holder: str, vkey: str) -> bytes:
    """What a key signs to show that somebody has its private half."""
    lines = (formats.ENROLMENT_CONTEXT, agreement, party, purpose, holder, vkey)
    return "".join(f"{line}\n" for line in lines).encode()


def write_enrolment(agreement: str, party: str, offers: Sequence[KeyOffer]) -> bytes:
    """An enrolment file with a proof for every key."""
    keys = []
    for offer in offers:
        signer = offer.signer
        vkey = verifier_type(offer.purpose)(signer.name, signer.public_key).to_vkey()
        proof = signer.sign(proof_text(agreement, party, offer.purpose, offer.holder, vkey))
        keys.append(
            {
                "purpose": offer.purpose,
                "vkey": vkey,
                "holder": offer.holder,
                "proof": base64.b64encode(proof).decode(),
            }
        )
    made = {"agreement": agreement, "party": party, "keys": keys}
    return (json.dumps(made, ensure_ascii=False, indent=2) + "\n").encode()


def read_enrolment(
    name: str, data: bytes, document: Document, party: Party, faults: Faults
) -> tuple[EnrolledKey, ...]:
    """The keys of an enrolment file that are good; what is wrong with others is noted."""
    source = read_json(name, data, "enrolment.malformed", faults)
    if source is None:
        return ()
    reader = _EnrolmentReader(source, document, party, faults)
    return reader.read()


class _EnrolmentReader:
    def __init__(
        self, source: JsonSource, document: Document, party: Party, faults: Faults
    ) -> None:
        self._source = source
        self._document = document
        self._party = party
        self._faults = faults

    def read(self) -> tuple[EnrolledKey, ...]:
        value = self._source.value
        if not isinstance(value, Mapping) or set(value) != _MEMBERS:
            self._fault((), "enrolment.malformed", "It has not the members agreement, party, keys.")
            return ()
        for member, wanted in (("agreement", self._document.id), ("party", self._party.id)):
            if value[member] != wanted:
                self._fault(
                    (member,),
                    "enrolment.agreement",
                    f"It is for {member} {str(value[member])[:60]!r}, not {wanted!r}.",
                )
                return ()
        items = value["keys"]
        if not isinstance(items, list) or len(items) > sum(_MOST.values()):
            self._fault(("keys",), "enrolment.malformed", "keys is not a list of at most 112.")
            return ()
        before = len(self._faults)
        keys = [key for i, item in enumerate(items) if (key := self._key(item, i)) is not None]
        if len(self._faults) == before:
            self._count(keys)
        return tuple(keys)

    def _key(self, item: object, index: int) -> EnrolledKey | None:
        path = ("keys", index)
        if not isinstance(item, Mapping) or set(item) - {"proof"} != _KEY_MEMBERS - {"proof"}:
            self._fault(
                path, "enrolment.malformed", "A key has the members purpose, vkey, holder, proof."
            )
            return None
        texts = {name: text for name, text in item.items() if isinstance(text, str)}
        if len(texts) != len(item):
            self._fault(path, "enrolment.malformed", "The members of a key are texts.")
            return None
        purpose, vkey, holder = texts["purpose"], texts["vkey"], texts["holder"]
        if purpose not in formats.PURPOSES:
            self._fault(
                (*path, "purpose"),
                "enrolment.malformed",
                f"{purpose[:40]!r} is no purpose of a key. {near(purpose, formats.PURPOSES)}",
            )
            return None
        made = read_vkey(
            self._source.name, self._line((*path, "vkey")), purpose, vkey, self._faults
        )
        if made is None:
            return None
        name, public_key = made
        officers = [officer.id for officer in self._party.officers]
        if (holder not in officers) if purpose == "officer" else holder:
            self._fault(
                (*path, "holder"),
                "enrolment.holder",
                f"The {purpose} key {name} is held by {holder[:40]!r}; "
                + (near(holder, officers) if purpose == "officer" else "it is the node's."),
            )
            return None
        text = proof_text(self._document.id, self._party.id, purpose, holder, vkey)
        if not _proven(public_key, text, texts.get("proof", "")):
            self._fault(
                (*path, "proof"),
                "enrolment.proof",
                f"The proof for the {purpose} key {name} is missing or wrong: nobody has shown "
                "to hold its private half.",
            )
            return None
        return EnrolledKey(purpose, vkey, holder, name, public_key)

    def _count(self, keys: Iterable[EnrolledKey]) -> None:
        counts = dict.fromkeys(formats.PURPOSES, 0)
        for key in keys:
            counts[key.purpose] += 1
        for purpose, count in counts.items():
            if not count:
                self._fault((), "enrolment.missing", f"There is no key with the purpose {purpose}.")
            elif count > _MOST[purpose]:
                self._fault(
                    ("keys",),
                    "enrolment.malformed",
                    f"There are {count} keys with the purpose {purpose}; at most "
                    f"{_MOST[purpose]} can be.",
                )

    def _line(self, path: tuple[str | int, ...]) -> int:
        return self._source.line(path)

    def _fault(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        self._faults.add(self._source.name, self._line(path), code, message, _REQUEST)


def read_vkey(
    file: str, line: int, purpose: str, vkey: str, faults: Faults
) -> tuple[str, bytes] | None:
    """Name and public key of a vkey for a purpose; None, and a fault, if it is not one."""
    wanted = verifier_type(purpose)
    try:
        made = wanted.from_vkey(vkey)
    except KeyInvalid as error:
        try:
            (Verifier if wanted is CosignatureVerifier else CosignatureVerifier).from_vkey(vkey)
        except KeyInvalid:
            code, remedy = "key.unusable", error.advice or "Make a new key."
        else:
            code = "key.type"
            remedy = "Witness keys are of the type 0x04 (cosignature), all others of 0x01."
        faults.add(file, line, code, f"The {purpose} key cannot be used: {error.message}", remedy)
        return None
    return made.name, made.public_key


def _proven(public_key: bytes, text: bytes, proof: str) -> bool:
    try:
        signature = binascii.a2b_base64(proof, strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    canonical = base64.b64encode(signature).decode() == proof
    return canonical and _verified(public_key, text, signature)


def _verified(public_key: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    try:
        VerifyKey(public_key).verify(message, signature)
    except BadSignatureError:
        return False
    return True
