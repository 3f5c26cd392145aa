"""Security keys and passkeys (WebAuthn level 2) as a second factor.

Challenges are not kept: each carries its purpose and time under the node's mark, so that nobody can
fill the memory with them. What was answered once is remembered until it would be too old anyway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from detente.http import BadRequest
from detente.record import Clock, Random

from .vault import Vault, from_text, to_text

CHALLENGE_S: Final = 300
_NONCE_BYTES: Final = 16
_TIME_BYTES: Final = 8

Json = dict[str, Any]


class SecurityKeyRefused(BadRequest):
    """What a security key answered is not an answer to our challenge: 400."""

    code: ClassVar[str] = "auth.security_key"


@dataclass(frozen=True, slots=True)
class SecurityKey:
    """A registered credential.

    Attributes:
        id: credential id, base64url.
        account: whose.
        name: as its holder calls it.
        public_key: COSE key.
        sign_count: its counter when it was used last.
        created: when it was registered.
    """

    id: str
    account: str
    name: str
    public_key: bytes
    sign_count: int
    created: datetime


class SecurityKeys:
    """Asks security keys, and judges what they answer.

    Args:
        vault: marks challenges.
        host: domain that keys are bound to (relying party id).
        origins: gives the origins that an answer may come from.
        clock: the time.
        random: for challenges.
    """

    def __init__(
        self,
        vault: Vault,
        host: str,
        origins: Callable[[], frozenset[str]],
        clock: Clock,
        random: Random,
    ) -> None:
        self._vault = vault
        self._host = host
        self._origins = origins
        self._clock = clock
        self._random = random
        self._answered: dict[bytes, float] = {}

    def registration(
        self, account: str, name: str, session: str, known: Sequence[SecurityKey]
    ) -> Json:
        """What `navigator.credentials.create` wants, to register one more key in a session."""
        options = generate_registration_options(
            rp_id=self._host,
            rp_name="Détente",
            user_id=self._vault.mark("webauthn-user", account),
            user_name=account,
            user_display_name=name,
            challenge=self._challenge("register", account, session),
            exclude_credentials=[_descriptor(key.id) for key in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
        )
        return _json(options_to_json(options))

    def register(self, account: str, session: str, name: str, answer: Json) -> SecurityKey:
        """The key that answered.

        Raises:
            SecurityKeyRefused: it is no answer to a challenge for this account and session.
        """
        challenge = self._answered_challenge(answer, "register", account, session)
        try:
            found = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=sorted(self._origins()),
            )
        except _REFUSALS as error:
            raise SecurityKeyRefused(f"The security key's answer is refused: {error}.") from None
        self._use_up(challenge)
        return SecurityKey(
            to_text(found.credential_id),
            account,
            name,
            found.credential_public_key,
            found.sign_count,
            self._clock(),
        )

    def request(self, account: str, session: str, keys: Sequence[SecurityKey]) -> Json:
        """What `navigator.credentials.get` wants. An account without keys, or one that is not
        there, is asked for a key that nobody has, always the same one."""
        ids = [key.id for key in keys] or [to_text(self._vault.mark("webauthn-decoy", account))]
        options = generate_authentication_options(
            rp_id=self._host,
            challenge=self._challenge("login", account, session),
            allow_credentials=[_descriptor(each) for each in ids],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        return _json(options_to_json(options))

    def verify(
        self, account: str, session: str, keys: Sequence[SecurityKey], answer: Json
    ) -> tuple[SecurityKey, int]:
        """The key that answered, and its counter now.

        Raises:
            SecurityKeyRefused: none of the account's keys has answered a challenge of ours, or its
                counter runs backwards: there are two of it.
        """
        challenge = self._answered_challenge(answer, "login", account, session)
        key = next((key for key in keys if key.id == answer.get("id")), None)
        if key is None:
            raise SecurityKeyRefused("This security key is not one of the account.")
        try:
            found = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=sorted(self._origins()),
                credential_public_key=key.public_key,
                credential_current_sign_count=key.sign_count,
            )
        except _REFUSALS as error:
            raise SecurityKeyRefused(f"The security key's answer is refused: {error}.") from None
        self._use_up(challenge)
        return key, found.new_sign_count

    def _challenge(self, purpose: str, account: str, session: str) -> bytes:
        head = int(self._clock().timestamp()).to_bytes(_TIME_BYTES, "big")
        head += self._random(_NONCE_BYTES)
        return head + self._vault.mark("webauthn", purpose, account, session, head.hex())

    def _answered_challenge(self, answer: Json, purpose: str, account: str, session: str) -> bytes:
        """The challenge that an answer claims to be for, if we have made it for this."""
        try:
            client = msgspec.json.decode(from_text(answer["response"]["clientDataJSON"]))
            challenge = from_text(client["challenge"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise SecurityKeyRefused("The security key's answer cannot be read.") from None
        head = challenge[: _TIME_BYTES + _NONCE_BYTES]
        mark = challenge[_TIME_BYTES + _NONCE_BYTES :]
        now_s = self._clock().timestamp()
        age_s = now_s - int.from_bytes(head[:_TIME_BYTES], "big")
        self._answered = {each: end for each, end in self._answered.items() if end > now_s}
        if (
            not self._vault.same("webauthn", mark, purpose, account, session, head.hex())
            or not -1 <= age_s <= CHALLENGE_S
            or challenge in self._answered
        ):
            raise SecurityKeyRefused(
                "The challenge is not ours, too old, or was answered before.",
                advice="Begin again.",
            )
        return challenge

    def _use_up(self, challenge: bytes) -> None:
        self._answered[challenge] = self._clock().timestamp() + CHALLENGE_S + 1


_REFUSALS: Final = (WebAuthnException, ValueError, KeyError, TypeError, RecursionError)
# The library reads what a stranger sends; besides its own errors, those of its decoders come out.


def _descriptor(identity: str) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=from_text(identity))


def _json(text: str) -> Json:
    found: Json = json.loads(text)
    return found
