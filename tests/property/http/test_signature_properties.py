"""Whatever is changed in a signed request, it is refused; and it counts once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.http import (
    NonceStore,
    SignatureRefused,
    SignatureReplayed,
    sign_request,
    verify_request,
)
from detente.record import Ed25519Signer

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
HOSTS = ("node.b.example", "node.b.example:8443", "other.b.example")
KEYS = [Ed25519Signer("node.a.example/1", bytes([n]) * 32) for n in (1, 2)]

segments = st.text("abcXYZ019-_~", min_size=0, max_size=6)
paths = st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts))
words = st.lists(st.sampled_from(["a", "b", "=", "&", "%20", "%2F", "/", "?"]), max_size=6)
queries = st.one_of(st.just(""), words.map(lambda parts: "?" + "".join(parts)))
requests = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
        "host": st.sampled_from(HOSTS),
        "path": paths,
        "query": queries,
        "body": st.binary(max_size=200),
        "key": st.sampled_from([0, 1]),
    }
)
nonces = st.text("abcXYZ019-_", min_size=16, max_size=64)


def parts(request: dict[str, Any]) -> tuple[str, str, bytes]:
    return (
        request["method"],
        f"https://{request['host']}{request['path']}{request['query']}",
        request["body"],
    )


def sign(request: dict[str, Any], nonce: str = "n" * 16) -> dict[str, str]:
    return sign_request(*parts(request), KEYS[request["key"]], now=NOW, nonce=nonce)


def verify(
    request: dict[str, Any], headers: dict[str, str], store: NonceStore | None = None
) -> None:
    method, url, body = parts(request)
    believed = KEYS[request["key"]]
    verify_request(
        method,
        url,
        headers,
        body,
        authorities=HOSTS,
        keys=lambda name: believed.verifier if name == believed.name else None,
        nonces=NonceStore() if store is None else store,
        sender="a",
        now=NOW,
        started=NOW,
    )


@given(requests, nonces)
def test_what_was_signed_is_good_once(request: dict[str, Any], nonce: str) -> None:
    store, headers = NonceStore(), sign(request, nonce)
    verify(request, headers, store)
    with pytest.raises(SignatureReplayed):
        verify(request, headers, store)


@given(requests, requests)
def test_no_other_request_goes_with_the_signature(
    request: dict[str, Any], other: dict[str, Any]
) -> None:
    # Also what differs in one part only.
    for name in request:
        changed = {**request, name: other[name]}
        if changed != request:
            with pytest.raises(SignatureRefused):
                verify(changed, sign(request))


@given(requests, st.data())
@settings(max_examples=300)
def test_no_character_of_the_headers_can_be_changed(
    request: dict[str, Any], data: st.DataObject
) -> None:
    headers = sign(request)
    name = data.draw(st.sampled_from(sorted(headers)))
    value = headers[name]
    at = data.draw(st.integers(0, len(value)))
    new = data.draw(
        st.one_of(st.just(""), st.characters(codec="latin-1"), st.sampled_from('=:";, '))
    )
    length = data.draw(st.integers(0, 2))
    changed = value[:at] + new + value[at + length :]
    if changed != value:
        with pytest.raises(SignatureRefused):
            verify(request, {**headers, name: changed})


@given(
    st.dictionaries(
        st.sampled_from(["signature", "signature-input", "content-digest"]), st.text(max_size=80)
    )
)
def test_anything_at_all_in_the_headers_is_refused_in_words(headers: dict[str, str]) -> None:
    request = {"method": "POST", "host": HOSTS[0], "path": "/", "query": "", "body": b"", "key": 0}
    with pytest.raises(SignatureRefused):
        verify(request, {**sign(request), **headers} if len(headers) % 2 else headers)
