"""Signed answers, checked by ourselves and by somebody else's library."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from hypothesis import given
from hypothesis import strategies as st
from tests.support.party_records import A, B

from detente.http import (
    SignatureClock,
    SignatureKeyUnknown,
    SignatureRefused,
    sign_response,
    verify_response,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://uss.a.example/uss/v1/operational_intents/00000000-0000-4000-8000-000000000001?x=1"
PATH = "/uss/v1/operational_intents/00000000-0000-4000-8000-000000000001"


def believed(name: str) -> Any:
    return A.node.verifier if name == A.node.name else None


def check(headers: dict[str, str], **more: Any) -> Any:
    given: dict[str, Any] = {"method": "GET", "url": URL, "status": 200, "body": b"{}", "now": NOW}
    given |= more
    return verify_response(
        given.pop("method"),
        given.pop("url"),
        given.pop("status"),
        headers,
        given.pop("body"),
        keys=believed,
        **given,
    )


def signed(**more: Any) -> dict[str, str]:
    return sign_response("GET", PATH, 200, b"{}", more.get("signer", A.node), now=NOW)


def test_a_signed_answer_is_believed() -> None:
    told = check(signed())
    assert (told.key_name, told.created) == (A.node.name, NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"method": "POST"},
        {"url": URL.replace("0001", "0002")},
        {"status": 404},
        {"body": b"{ }"},
    ],
    ids=["method", "path", "status", "body"],
)
def test_it_is_an_answer_to_one_request_only(other: dict[str, Any]) -> None:
    with pytest.raises(SignatureRefused):
        check(signed(), **other)


@pytest.mark.parametrize("name", ["content-digest", "signature-input", "signature"])
def test_without_one_of_its_headers_it_is_not_signed(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(SignatureRefused, match=name):
        check(headers)


def test_another_party_does_not_sign_for_this_one() -> None:
    with pytest.raises(SignatureKeyUnknown):
        check(signed(signer=B.node))


def test_another_key_under_this_name_is_not_believed() -> None:
    headers, others = signed(), signed(signer=B.node)
    with pytest.raises(SignatureRefused):
        check(headers | {"signature": others["signature"]})


@pytest.mark.parametrize("seconds", [61, -61])
def test_an_old_answer_is_told_from_a_new_one(seconds: int) -> None:
    with pytest.raises(SignatureClock):
        check(signed(), now=NOW + timedelta(seconds=seconds))


@dataclass
class _Request:
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class _Response:
    status_code: int
    headers: dict[str, str]
    request: _Request


class _Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == A.node.name
        return Ed25519PublicKey.from_public_bytes(A.node.public_key)


def test_somebody_elses_library_believes_it_too() -> None:
    message = _Response(200, signed(), _Request("GET", URL))
    machine = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=_Keys())
    (result,) = machine.verify(
        message, max_age=timedelta(days=36500), expect_tag="uss-v1", body=b"{}"
    )
    assert list(result.covered_components)[:4] == [
        '"@status"',
        '"content-digest"',
        '"@method";req',
        '"@path";req',
    ]


@given(
    st.sampled_from(["content-digest", "signature-input", "signature"]),
    st.integers(0, 200),
    st.characters(codec="latin-1"),
)
def test_whatever_is_changed_it_is_refused(name: str, at: int, character: str) -> None:
    headers = signed()
    value = headers[name]
    at %= len(value)
    changed = value[:at] + character + value[at + 1 :]
    if changed == value:
        return
    with pytest.raises(SignatureRefused):
        check(headers | {name: changed})
