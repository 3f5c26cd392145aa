"""A security key in software: WebAuthn level 2 with ES256 and no attestation."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SoftwareKey:
    """Answers what `navigator.credentials` is asked, for one credential."""

    def __init__(self, origin: str, name: bytes = b"a key of sixteen") -> None:
        self.origin = origin
        self.id = name
        self.count = 0
        self.present = True
        self._private = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        numbers = self._private.public_key().public_numbers()
        cose = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        authenticator = self._authenticator_data(options["rp"]["id"], attested)
        return self._credential(
            {
                "clientDataJSON": text(self._client_data("webauthn.create", options)),
                "attestationObject": text(
                    cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": authenticator})
                ),
            }
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        client = self._client_data("webauthn.get", options)
        authenticator = self._authenticator_data(options["rpId"], b"")
        signed = authenticator + hashlib.sha256(client).digest()
        signature = self._private.sign(signed, ec.ECDSA(SHA256()))
        return self._credential(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(authenticator),
                "signature": text(signature),
                "userHandle": None,
            }
        )

    def _authenticator_data(self, host: str, attested: bytes) -> bytes:
        self.count += 1
        flags = (_PRESENT | _VERIFIED if self.present else 0) | (_ATTESTED if attested else 0)
        return (
            hashlib.sha256(host.encode()).digest()
            + bytes([flags])
            + self.count.to_bytes(4, "big")
            + attested
        )

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "type": kind,
                "challenge": options["challenge"],
                "origin": self.origin,
                "crossOrigin": False,
            }
        ).encode()

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": text(self.id),
            "rawId": text(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
