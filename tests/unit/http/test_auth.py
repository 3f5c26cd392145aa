"""Which tokens hold: every rule once broken, everything else as it should be."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from detente.http import (
    BadKey,
    JwksSource,
    KeysUnavailable,
    RequestHead,
    TokenAuthenticator,
    TokenRules,
    TokenSigner,
    Unauthorized,
    load_pem_key,
    new_key_pair,
    verify_token,
)

NOW_S = 1_800_000_000
NOW_US = NOW_S * 1_000_000
RULES = TokenRules(audiences=frozenset({"dss.example", "localhost"}))


def make_key() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(65537, 2048)
    return key, key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


KEY, PUBLIC_PEM = make_key()
OTHER_KEY, _ = make_key()


def head(authorization: bytes | None) -> RequestHead:
    if authorization is None:
        return RequestHead.of()
    return RequestHead.of(headers={"Authorization": authorization.decode("latin-1")})


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(key: rsa.RSAPrivateKey = KEY, header: Any = None, **changes: Any) -> bytes:
    """Signed by hand, so that the library under test is not its own witness."""
    claims: dict[str, Any] = {
        "iss": "issuer",
        "sub": "uss1",
        "aud": "localhost",
        "exp": NOW_S + 3600,
        "nbf": NOW_S - 1,
        "iat": NOW_S,
        "scope": "a b",
    }
    claims |= changes
    claims = {name: value for name, value in claims.items() if value is not ...}
    head = {"alg": "RS256", "typ": "JWT"} | (header or {})
    text = b64(json.dumps(head).encode()) + b"." + b64(json.dumps(claims).encode())
    return text + b"." + b64(key.sign(text, padding.PKCS1v15(), hashes.SHA256()))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("keys") / "public.pem"
    path.write_bytes(PUBLIC_PEM)
    return [load_pem_key(path)]


def verify(keys: Any, text: bytes, rules: TokenRules = RULES, now_us: int = NOW_US) -> Any:
    return verify_token(text, keys, rules, now_us)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["elsewhere", "dss.example"]},
        {"nbf": ..., "iat": ...},
        {"exp": NOW_S + 3604.5},
        {"exp": NOW_S - 4},
        {"nbf": NOW_S + 4},
        {"header": {"kid": "anything"}},
        {
            "header": {
                "jku": "https://evil.example/keys",
                "x5u": "u",
                "jwk": {"kty": "oct", "k": ""},
            }
        },
        {"header": {"private": 1}},
    ],
)
def test_a_good_token_holds(keys: Any, changes: dict[str, Any]) -> None:
    found = verify(keys, token(**changes))
    assert found.caller.sub == "uss1"
    assert found.caller.issuer == "issuer"
    assert found.caller.scopes == {"a", "b"}


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": ...},
        {"sub": ""},
        {"sub": 5},
        {"sub": None},
        {"iss": ...},
        {"iss": ""},
        {"aud": ...},
        {"aud": "127.0.0.1"},
        {"aud": []},
        {"aud": {"localhost": 1}},
        {"exp": ...},
        {"exp": NOW_S - 5},
        {"exp": NOW_S + 3606},
        {"exp": "9999999999"},
        {"exp": 1e308},
        {"exp": -1e308},
        {"exp": 10**400},
        {"exp": float("nan")},
        {"nbf": NOW_S + 6},
        {"nbf": 1e308},
        {"iat": NOW_S + 6},
        {"scope": ["a"]},
        {"key": OTHER_KEY},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"alg": "RS512"}},
        {"header": {"alg": "PS256"}},
        {"header": {"alg": 5}},
        {"header": {"crit": ["exp"]}},
        {"header": {"crit": ["b64"], "b64": False}},
        {"header": {"b64": False}},
        {"header": {"x": "y" * 5000}},
    ],
    ids=lambda changes: (
        "-".join(f"{name}={str(value)[:20]}" for name, value in changes.items())
        if "key" not in changes
        else "key"
    ),
)
def test_a_bad_token_does_not(keys: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized) as caught:
        verify(keys, token(**changes))
    assert caught.value.headers() == ((b"www-authenticate", b'Bearer error="invalid_token"'),)


def test_the_issuer_must_be_allowed_when_a_list_is_given(keys: Any) -> None:
    rules = TokenRules(audiences=RULES.audiences, issuers=frozenset({"other"}))
    with pytest.raises(Unauthorized, match="iss"):
        verify(keys, token(), rules)
    assert verify(keys, token(iss="other"), rules).caller.issuer == "other"


def test_the_public_key_is_no_hmac_secret(keys: Any) -> None:
    text = b64(b'{"alg":"HS256"}') + b"." + token().split(b".")[1]
    mac = hmac.HMAC(PUBLIC_PEM, hashes.SHA256())
    mac.update(text)
    with pytest.raises(Unauthorized):
        verify(keys, text + b"." + b64(mac.finalize()))


def test_an_unsigned_token_is_refused(keys: Any) -> None:
    head, claims, signature = token().split(b".")
    for bad in (
        b".".join([head, claims, b""]),
        b".".join([b64(b'{"alg":"none"}'), claims, b""]),
        b".".join([head, b64(b"{}"), signature]),
        b".".join([head, claims]),
        b".".join([head, claims, signature, b"x"]),
    ):
        with pytest.raises(Unauthorized):
            verify(keys, bad)


@given(st.binary(max_size=200) | st.text("abcAZ09._-=", max_size=60).map(str.encode))
def test_garbage_is_refused_and_nothing_else_happens(text: bytes) -> None:
    with pytest.raises(Unauthorized):
        verify_token(text, [], RULES, NOW_US)
    with pytest.raises(Unauthorized):
        verify_token(b64(b'{"alg":"RS256"}') + b"." + b64(text) + b".AAAA", [], RULES, NOW_US)


def test_a_giant_token_is_refused_quickly(keys: Any) -> None:
    for giant in (b"." * 10_000_000, b"a" * 10_000_000, token(sub="x" * 10_000)):
        start = time.perf_counter()
        with pytest.raises(Unauthorized):
            verify(keys, giant)
        assert time.perf_counter() - start < 0.05


def test_a_refusal_does_not_repeat_the_token(keys: Any) -> None:
    with pytest.raises(Unauthorized) as caught:
        verify(keys, token(aud="secret-audience", sub="secret-sub"))
    assert "secret" not in str(caught.value)


# -- the authenticator ---------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_verified_token_is_remembered_but_still_expires(keys: Any) -> None:
    who = TokenAuthenticator(RULES, pem_keys=keys)
    header = b"bEaReR " + token(exp=NOW_S + 10, nbf=NOW_S - 10, iat=...)
    first = await who.authenticate(head(header), NOW_US)
    assert await who.authenticate(head(header), NOW_US + 1) is first
    assert len(who) == 1
    with pytest.raises(Unauthorized, match="expired"):
        await who.authenticate(head(header), NOW_US + 15_000_000)
    assert len(who) == 0
    assert (await who.authenticate(head(header), NOW_US)).sub == "uss1"
    with pytest.raises(Unauthorized, match="nbf"):
        await who.authenticate(head(header), NOW_US - 16_000_000)


@pytest.mark.anyio
@pytest.mark.parametrize("header", [None, b"", b"Bearer", b"Bearer ", b"Basic abc", b"\xff\xfe"])
async def test_a_missing_token_is_said_to_be_missing(keys: Any, header: bytes | None) -> None:
    with pytest.raises(Unauthorized) as caught:
        await TokenAuthenticator(RULES, pem_keys=keys).authenticate(head(header), NOW_US)
    assert caught.value.headers() == ((b"www-authenticate", b"Bearer"),)


@pytest.mark.anyio
async def test_the_memory_is_bounded_and_bad_tokens_do_not_enter_it(keys: Any) -> None:
    who = TokenAuthenticator(RULES, pem_keys=keys, max_remembered=3)
    for number in range(5):
        await who.authenticate(head(b"Bearer " + token(jti=str(number))), NOW_US)
        with pytest.raises(Unauthorized):
            await who.authenticate(head(b"Bearer " + token(OTHER_KEY)), NOW_US)
    assert len(who) == 3


# -- keys ----------------------------------------------------------------------------------------


def jwk(key: rsa.RSAPrivateKey, kid: str | None, **more: str) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()

    def number(value: int) -> str:
        return b64(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()

    found = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **more}
    return found | ({"kid": kid} if kid else {})


class Issuer:
    """A JWKS endpoint whose answer the test decides."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.answer: httpx.Response | Exception | None = None
        self.now_s = 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or httpx.Response(200, json={"keys": self.keys})

    def source(self) -> JwksSource:
        return JwksSource(
            "https://issuer.example/jwks",
            transport=httpx.MockTransport(self),
            monotonic=lambda: self.now_s,
        )


@pytest.mark.anyio
async def test_a_key_is_chosen_by_its_id_and_a_new_id_is_asked_for_at_once() -> None:
    issuer = Issuer(jwk(KEY, "one"))
    who = TokenAuthenticator(RULES, jwks=issuer.source())
    assert (
        await who.authenticate(head(b"Bearer " + token(header={"kid": "one"})), NOW_US)
    ).sub == "uss1"
    assert (await who.authenticate(head(b"Bearer " + token()), NOW_US)).sub == "uss1"
    with pytest.raises(Unauthorized):
        await who.authenticate(head(b"Bearer " + token(OTHER_KEY, {"kid": "one"})), NOW_US)

    issuer.keys.append(jwk(OTHER_KEY, "two", use="sig", alg="RS256"))
    new = b"Bearer " + token(OTHER_KEY, {"kid": "two"})
    issuer.now_s = 6.0
    assert (await who.authenticate(head(new), NOW_US)).sub == "uss1"
    assert len(who) == 1, "other keys: what was remembered is verified anew"


@pytest.mark.anyio
async def test_made_up_key_ids_do_not_flood_the_issuer() -> None:
    issuer = Issuer(jwk(KEY, "one"))
    who = TokenAuthenticator(RULES, jwks=issuer.source())
    for number in range(50):
        with pytest.raises(Unauthorized):
            await who.authenticate(head(b"Bearer " + token(header={"kid": f"x{number}"})), NOW_US)
    assert issuer.asked == 1
    issuer.now_s = 5.5
    with pytest.raises(Unauthorized):
        await who.authenticate(head(b"Bearer " + token(header={"kid": "y"})), NOW_US)
    assert issuer.asked == 2


@pytest.mark.anyio
async def test_keys_outlive_the_issuer_for_an_hour() -> None:
    issuer = Issuer(jwk(KEY, "one"))
    source = issuer.source()
    who = TokenAuthenticator(RULES, jwks=source)
    header = b"Bearer " + token(header={"kid": "one"})
    await who.authenticate(head(header), NOW_US)
    issuer.answer = httpx.ConnectError("refused")
    issuer.now_s = 3599.0
    assert not await source.refresh()
    assert source.last_error == "refused"
    assert (await who.authenticate(head(header), NOW_US)).sub == "uss1"
    issuer.now_s = 3606.0
    with pytest.raises(KeysUnavailable) as caught:
        await who.authenticate(head(header), NOW_US)
    assert caught.value.status == 503
    issuer.answer = None
    issuer.now_s = 3620.0
    assert (await who.authenticate(head(header), NOW_US)).sub == "uss1"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "https://issuer.example/jwks"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"keys": []}),
        httpx.Response(200, json={"keys": [{"kty": "oct", "k": "AAAA", "kid": "one"}]}),
        httpx.Response(200, json={"keys": [jwk(KEY, "one")] * 65}),
        httpx.Response(200, json={"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}),
        httpx.Response(200, json={"keys": [jwk(KEY, "one", use="enc")]}),
        httpx.Response(200, content=b" " * 300_000),
        httpx.ReadTimeout("slow"),
    ],
    ids=range(10),
)
async def test_a_bad_key_document_changes_nothing(answer: Any) -> None:
    issuer = Issuer(jwk(KEY, "one"))
    source = issuer.source()
    assert await source.refresh()
    before = source.keys()
    issuer.answer = answer
    assert not await source.refresh()
    assert source.last_error
    assert source.keys() is before


def test_a_certificate_serves_as_well_as_a_key(tmp_path: Path) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = x509.CertificateBuilder(
        name, name, KEY.public_key(), 1, start, start + dt.timedelta(days=1)
    ).sign(KEY, hashes.SHA256())
    path = tmp_path / "issuer.crt"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    assert verify_token(token(), [load_pem_key(path)], RULES, NOW_US).caller.sub == "uss1"


def test_a_key_of_1023_bits_works_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = rsa.RSAPublicNumbers(65537, (1 << 1022) + 0x10001)
    path = tmp_path / "short.pem"
    path.write_bytes(
        numbers.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    assert load_pem_key(path).bits == 1023
    assert "tests only" in caplog.text


def test_what_is_no_public_rsa_key_is_refused_with_the_reason(tmp_path: Path) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    cases = {
        "absent": (None, "cannot be read"),
        "text": (b"hello", "no PEM public key"),
        "private": (new_key_pair()[0], "private key"),
        "elliptic": (
            elliptic.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            "not an RSA key",
        ),
    }
    for name, (data, reason) in cases.items():
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(BadKey, match=reason) as caught:
            load_pem_key(path)
        assert caught.value.where == str(path)


def test_development_tokens_hold(tmp_path: Path) -> None:
    private, public = new_key_pair()
    path = tmp_path / "public.pem"
    path.write_bytes(public)
    signer = TokenSigner(private)
    text = signer.issue(sub="uss9", audience="localhost", scopes=["a", "b"], now_s=NOW_S)
    caller = verify_token(text.encode(), [load_pem_key(path)], RULES, NOW_US).caller
    assert caller.sub == "uss9"
    assert caller.scopes == {"a", "b"}
    with pytest.raises(BadKey, match="not an RSA private key"):
        TokenSigner(public)
