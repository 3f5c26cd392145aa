"""How tests reach a DSS: one call in, one (status, JSON) pair out, with a clock that tests set.

The model (`tests.model.model_driver`) and the exchange's own routes both stand behind this
protocol, so that every rule is written once and asked of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

Json = Any  # what json.loads gives: wire tests look at shapes, they do not trust them

TokenKind = Literal[
    "valid",  # RS256, known key, audience of this DSS, one hour to live
    "none",  # no Authorization header at all
    "empty",  # "Bearer " and nothing behind it
    "basic",  # another scheme
    "garbage",  # "Bearer" and something that is no JWT
    "bad",  # well-formed, but signed with an RSA key that the DSS does not know
    "tampered",  # payload changed after signing
    "unsigned",  # alg "none"
    "hmac",  # HS256 keyed with the text of the RSA public key
    "expired",
    "no_exp",
    "too_long",  # lives two hours
    "not_yet",  # nbf ten minutes ahead
    "issued_ahead",  # iat ten minutes ahead
    "no_sub",
    "empty_sub",
    "no_iss",
    "empty_iss",
    "no_aud",
    "wrong_aud",
    "aud_array",  # valid: the audience is one of several
    "lower_case_scheme",  # valid: "bearer"
    "one_second_over",  # valid: exp an hour and one second ahead, within the leeway
]
"""Every way a test may ask for authorisation; see `tests.model.tokens`."""

REFUSED_TOKENS: tuple[TokenKind, ...] = (
    "none",
    "empty",
    "basic",
    "garbage",
    "bad",
    "tampered",
    "unsigned",
    "hmac",
    "expired",
    "no_exp",
    "too_long",
    "not_yet",
    "issued_ahead",
    "no_sub",
    "empty_sub",
    "no_iss",
    "empty_iss",
    "no_aud",
    "wrong_aud",
)
ACCEPTED_TOKENS: tuple[TokenKind, ...] = (
    "valid",
    "aud_array",
    "lower_case_scheme",
    "one_second_over",
)


class Answer(NamedTuple):
    """Status code and decoded JSON body (None when the body is empty)."""

    status: int
    body: Json


@dataclass(frozen=True, slots=True)
class DssOptions:
    """The switches that both the model and an exchange must offer."""

    state_transitions: bool = True
    refuse_down: bool = True  # 412 for a manager who is marked Down
    allow_http: bool = False


class Driver(Protocol):
    """One DSS, empty when handed out."""

    def set_now(self, us: int) -> None:
        """Set the DSS's clock, also that of the tokens made, to `us` microseconds since 1970."""

    def call(
        self,
        method: str,
        path: str,
        *,
        sub: str,
        scopes: frozenset[str],
        body: Json | bytes = None,
        token: TokenKind = "valid",
    ) -> Answer:
        """Send one request, wait for its answer.

        `path` goes out as it stands (already percent-encoded). `body`: None sends no body, bytes go
        out untouched as application/json, anything else is encoded as JSON.
        """
