"""Signed requests: one form, and a plain word for everything else."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from detente.http import (
    NonceStore,
    NonceStoreFull,
    SignatureClock,
    SignatureKeyUnknown,
    SignatureRefused,
    SignatureReplayed,
    SignatureRules,
    SignedRequest,
    sign_request,
    verify_request,
)
from detente.record import Ed25519Signer, Verifier

NOW = dt.datetime(2027, 3, 1, 12, 0, 0, 250_000, dt.UTC)
URL = "https://node.b.example/a/line/v1/inbox?limit=5"
BODY = b'{"envelopes":[]}'
NONCE = "AAECAwQFBgcICQoLDA0ODw"
KEY = Ed25519Signer("node.a.example/1", b"\1" * 32)
OTHER = Ed25519Signer("node.c.example/1", b"\2" * 32)


def signed(**changes: Any) -> dict[str, str]:
    arguments: dict[str, Any] = {"now": NOW, "nonce": NONCE, **changes}
    method, url = arguments.pop("method", "POST"), arguments.pop("url", URL)
    body, key = arguments.pop("body", BODY), arguments.pop("key", KEY)
    return sign_request(method, url, body, key, **arguments)


def keys(name: str) -> Verifier | None:
    return {KEY.name: KEY.verifier, "alias": OTHER.verifier}.get(name)


def verified(headers: dict[str, str], **changes: Any) -> SignedRequest:
    arguments: dict[str, Any] = {
        "authorities": {"node.b.example"},
        "keys": keys,
        "nonces": NonceStore(),
        "sender": "party-a",
        "now": NOW,
        "started": NOW - dt.timedelta(hours=1),
        **changes,
    }
    method, url = arguments.pop("method", "POST"), arguments.pop("url", URL)
    return verify_request(method, url, headers, arguments.pop("body", BODY), **arguments)


def test_what_was_signed_is_good() -> None:
    said = verified(signed())
    assert said == SignedRequest(KEY.name, NOW.replace(microsecond=0), NONCE)


def test_the_form_is_that_of_rfc_9421() -> None:
    headers = signed()
    parameters = (
        '("@method" "@authority" "@target-uri" "content-digest")'
        f';created=1803902400;keyid="{KEY.name}";alg="ed25519"'
        f';expires=1803902460;nonce="{NONCE}";tag="line-v1"'
    )
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"
    assert headers["signature-input"] == f"line={parameters}"
    assert headers["content-digest"] == digest
    # The base that is signed, written from the RFC (section 2.5), checked with another library.
    base = (
        '"@method": POST\n"@authority": node.b.example\n'
        f'"@target-uri": {URL}\n"content-digest": {digest}\n"@signature-params": {parameters}'
    )
    found = re.fullmatch(r"line=:(.*):", headers["signature"])
    assert found is not None
    signature = base64.b64decode(found[1])
    Ed25519PublicKey.from_public_bytes(KEY.public_key).verify(signature, base.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"url": URL.replace("limit=5", "limit=6")},
        {"url": URL.replace("inbox", "beat")},
        {"url": URL.partition("?")[0]},
        {"url": URL.replace("node.b", "node.d"), "authorities": {"node.d.example"}},
        {
            "url": URL.replace("node.b.example", "node.b.example:8443"),
            "authorities": {"node.b.example:8443"},
        },
        {"body": BODY + b" "},
        {"body": b""},
    ],
)
def test_a_changed_request_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureRefused):
        verified(signed(), **change)


def test_a_request_for_another_host_is_refused_though_well_signed() -> None:
    other = "https://node.d.example/"
    with pytest.raises(SignatureRefused, match="another host"):
        verified(signed(url=other), url=other)
    plain = URL.replace("https", "http")
    with pytest.raises(SignatureRefused, match="another host"):
        verified(signed(url=plain), url=plain)


@pytest.mark.parametrize("name", ["content-digest", "signature-input", "signature"])
def test_each_header_is_needed(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(SignatureRefused, match=name):
        verified(headers)


def test_a_key_that_is_not_the_callers_is_told_as_such() -> None:
    with pytest.raises(SignatureKeyUnknown, match=r"node\.c\.example/1"):
        verified(signed(key=OTHER))


def test_a_name_of_a_key_without_the_key_is_refused() -> None:
    false = Ed25519Signer(KEY.name, b"\3" * 32)
    with pytest.raises(SignatureRefused, match="not the key's"):
        verified(signed(key=false))


def rewritten(edit: Callable[[str], str], key: Ed25519Signer = KEY) -> dict[str, str]:
    """Other parameters, and a signature that is right for them."""
    headers = signed()
    parameters = edit(headers["signature-input"].removeprefix("line="))
    names = re.findall(r'"(@?[a-z-]+)"', parameters.partition(")")[0])
    values = {
        "@method": "POST",
        "@authority": "node.b.example",
        "@target-uri": URL,
        "@path": "/a/line/v1/inbox",
        "content-digest": headers["content-digest"],
    }
    base = "".join(f'"{name}": {values[name]}\n' for name in names)
    signature = key.sign(f'{base}"@signature-params": {parameters}'.encode())
    return {
        **headers,
        "signature-input": f"line={parameters}",
        "signature": f"line=:{base64.b64encode(signature).decode()}:",
    }


def test_what_is_rewritten_without_a_change_is_good() -> None:
    assert verified(rewritten(str)).key_name == KEY.name


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda p: p.replace(' "@authority"', ""), "cover exactly"),
        (lambda p: p.replace('"@method" ', ""), "cover exactly"),
        (lambda p: p.replace(' "content-digest"', ""), "signed Content-Digest"),
        (lambda p: p.replace(' "@target-uri"', ' "@path"'), "cover exactly"),
        (lambda p: p.replace('"@target-uri" ', '"@target-uri" "@path" '), "cover exactly"),
        (lambda p: p.replace('"@method" "@authority"', '"@authority" "@method"'), "cover exactly"),
        (lambda p: re.sub(";created=[0-9]+", "", p), "parameters must be"),
        (lambda p: re.sub(";expires=[0-9]+", "", p), "parameters must be"),
        (lambda p: re.sub(';nonce="[^"]+"', "", p), "parameters must be"),
        (lambda p: re.sub(';alg="[^"]+"', "", p), "parameters must be"),
        (lambda p: re.sub(';keyid="[^"]+"', "", p), "keyid"),
        (lambda p: re.sub(';tag="[^"]+"', "", p), "tag"),
        (lambda p: p.replace("line-v1", "line-v2"), "tag"),
        (lambda p: p.replace('"ed25519"', '"hmac-sha256"'), "algorithm"),
        (lambda p: p + ";more=1", "more"),
        (lambda p: re.sub(';nonce="[^"]+"', ';nonce="short"', p), "nonce"),
        (lambda p: re.sub(';nonce="[^"]+"', ';nonce="AAECAw QFBgcICQoLDA0ODw"', p), "nonce"),
        (lambda p: re.sub("expires=[0-9]+", "expires=1803902461", p), "expire within 60"),
        (lambda p: re.sub("expires=[0-9]+", "expires=1803902400", p), "expire within 60"),
        (lambda p: re.sub("expires=[0-9]+", "expires=999999999999999", p), "expire within 60"),
    ],
)
def test_another_form_is_refused_though_well_signed(edit: Callable[[str], str], said: str) -> None:
    with pytest.raises(SignatureRefused, match=said):
        verified(rewritten(edit))


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("signature", lambda v: v.replace("line=", "else=")),
        ("signature", lambda v: v + ", more=:AAAA:"),
        ("signature", lambda v: "line=:AAAA:"),
        ("signature", lambda v: v.replace(":", "", 1)),
        ("signature", lambda v: v + " "),
        ("signature", lambda v: ""),
        ("signature", lambda v: "x" * 5000),
        ("signature-input", lambda v: v.replace("line=", "else=")),
        ("signature-input", lambda v: f"{v}, {v}"),
        ("signature-input", lambda v: f"{v}, {v.replace('line=', 'more=')}"),
        ("signature-input", lambda v: v + "\n"),
        ("signature-input", lambda v: v.replace(";tag", "; tag")),
        ("content-digest", lambda v: v.replace("sha-256", "md5")),
        ("content-digest", lambda v: f"{v}, {v}"),
        ("content-digest", lambda v: ""),
    ],
)
def test_other_spellings_of_the_headers_are_refused(name: str, edit: Callable[[str], str]) -> None:
    headers = signed()
    with pytest.raises(SignatureRefused):
        verified({**headers, name: edit(headers[name])})


def test_both_signatures_relabelled_are_refused() -> None:
    headers = {name: value.replace("line=", "else=") for name, value in signed().items()}
    with pytest.raises(SignatureRefused, match="plain form"):
        verified(headers)


@pytest.mark.parametrize("seconds", [-30, 0, 60, 89])
def test_clocks_may_differ_by_half_a_minute(seconds: int) -> None:
    assert verified(signed(), now=NOW + dt.timedelta(seconds=seconds)).nonce == NONCE


@pytest.mark.parametrize(
    ("seconds", "said"), [(-31, "31 s in our future"), (91, "91 s ago"), (-86_400, "86400 s")]
)
def test_a_wrong_clock_is_told_by_how_much(seconds: int, said: str) -> None:
    ours = NOW.replace(microsecond=0) + dt.timedelta(seconds=seconds)
    with pytest.raises(SignatureClock, match=said) as caught:
        verified(signed(), now=ours)
    assert caught.value.ahead_s == -seconds
    assert caught.value.now == ours


def test_a_strangers_clock_is_not_told() -> None:
    with pytest.raises(SignatureRefused) as caught:
        verified(signed(key=Ed25519Signer(KEY.name, b"\3" * 32)), now=NOW + dt.timedelta(days=1))
    assert not isinstance(caught.value, SignatureClock)


def test_a_request_counts_once() -> None:
    nonces, headers = NonceStore(), signed()
    verified(headers, nonces=nonces)
    for seconds in (0, 1, 60, 89):
        with pytest.raises(SignatureReplayed, match="seen before"):
            verified(headers, nonces=nonces, now=NOW + dt.timedelta(seconds=seconds))
    # And when the nonce is forgotten, it is too old.
    with pytest.raises(SignatureClock):
        verified(headers, nonces=nonces, now=NOW + dt.timedelta(seconds=92))


def test_a_nonce_counts_once_under_another_time() -> None:
    nonces = NonceStore()
    verified(signed(), nonces=nonces)
    with pytest.raises(SignatureReplayed):
        verified(signed(now=NOW + dt.timedelta(seconds=9)), nonces=nonces)


def test_a_refused_request_spends_no_nonce() -> None:
    nonces, headers = NonceStore(), signed()
    for change in ({"body": b"x"}, {"method": "PUT"}, {"now": NOW - dt.timedelta(minutes=9)}):
        with pytest.raises(SignatureRefused):
            verified(headers, nonces=nonces, **change)
    assert len(nonces) == 0
    verified(headers, nonces=nonces)


def test_what_was_signed_before_the_start_is_refused() -> None:
    # Nothing is remembered from before; times in signatures are whole seconds.
    with pytest.raises(SignatureReplayed, match="before this node started"):
        verified(signed(), started=NOW)
    assert verified(signed(), started=NOW.replace(microsecond=0)).nonce == NONCE


def test_a_flood_is_refused_and_hurts_nobody_else() -> None:
    nonces = NonceStore(most=3)
    for number in range(3):
        verified(signed(nonce=f"{NONCE}{number}"), nonces=nonces)
    with pytest.raises(NonceStoreFull):
        verified(signed(nonce=f"{NONCE}9"), nonces=nonces)
    said = verified(signed(nonce=f"{NONCE}9"), nonces=nonces, sender="party-c")
    assert said.nonce == f"{NONCE}9"


def test_the_rules_can_be_others_but_both_must_know() -> None:
    rules = SignatureRules(tag="test-v1", lifetime_s=5, skew_s=0)
    assert verified(signed(rules=rules), rules=rules).nonce == NONCE
    with pytest.raises(SignatureRefused):
        verified(signed(rules=rules))
    with pytest.raises(SignatureClock):
        verified(signed(rules=rules), rules=rules, now=NOW + dt.timedelta(seconds=6))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "post"},
        {"url": "/path"},
        {"url": "https://b.example/ä"},
        {"nonce": "short"},
        {"nonce": "a" * 15 + "!"},
    ],
)
def test_what_cannot_be_signed_is_told(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureRefused):
        signed(**change)
