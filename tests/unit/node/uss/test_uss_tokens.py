"""Tokens for exchanges and other USSs: from a command, signed here, from an OAuth server."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from detente.http import BadKey, TokenRules, load_pem_key, new_key_pair, verify_token
from detente.node.uss.settings import PlanSettings
from detente.node.uss.tokens import (
    ClientCredentials,
    FromCommand,
    KeptTokens,
    TokenUnavailable,
    ends_at_s,
    read_secret,
    token_source,
)

pytestmark = pytest.mark.anyio
NOW_S = 1_800_000_000.0


def _token(end_s: float | None) -> str:
    claims = json.dumps({} if end_s is None else {"exp": end_s}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


class Made:
    """A maker that counts, and makes tokens of a given life."""

    def __init__(self, life_s: float | None) -> None:
        self.now_s = NOW_S
        self.life_s = life_s
        self.asked: list[tuple[str, str]] = []
        self.go = asyncio.Event()
        self.go.set()

    async def make(self, audience: str, scope: str) -> str:
        self.asked.append((audience, scope))
        await self.go.wait()
        return _token(None if self.life_s is None else self.now_s + self.life_s)


@pytest.mark.parametrize(("life_s", "good_s"), [(3600.0, 3540.0), (80.0, 40.0), (None, 30.0)])
async def test_a_token_is_kept_until_shortly_before_it_ends(
    life_s: float | None, good_s: float
) -> None:
    made = Made(life_s)
    kept = KeptTokens(made, lambda: made.now_s)
    first = await kept.token("dss.example", "a b")
    made.now_s += good_s - 0.1
    assert await kept.token("dss.example", "a b") == first
    assert len(made.asked) == 1
    made.now_s += 0.2
    await kept.token("dss.example", "a b")
    assert len(made.asked) == 2
    await kept.token("dss.example", "a")
    await kept.token("peer.example", "a b")
    assert made.asked[2:] == [("dss.example", "a"), ("peer.example", "a b")]


async def test_who_asks_at_the_same_time_waits_for_the_same_answer() -> None:
    made = Made(3600.0)
    made.go.clear()
    kept = KeptTokens(made, lambda: made.now_s)
    asking = [asyncio.create_task(kept.token("dss.example", "a")) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    made.go.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert len(set(found[1:])) == 1
    assert len(made.asked) == 1


async def test_a_failure_is_not_kept() -> None:
    class Failing(Made):
        async def make(self, audience: str, scope: str) -> str:
            if not self.asked:
                self.asked.append((audience, scope))
                raise TokenUnavailable("not now")
            return await super().make(audience, scope)

    made = Failing(3600.0)
    kept = KeptTokens(made, lambda: made.now_s)
    with pytest.raises(TokenUnavailable):
        await kept.token("dss.example", "a")
    assert await kept.token("dss.example", "a")


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "a.e30=.c", f"a.{'x' * 9}.c"])
def test_what_is_no_token_ends_nobody_knows_when(text: str) -> None:
    assert ends_at_s(text) is None


async def test_signed_here_a_token_says_who_we_are(tmp_path: Path) -> None:
    private, public = new_key_pair()
    (tmp_path / "private.pem").write_bytes(private)
    (tmp_path / "public.pem").write_bytes(public)
    settings = PlanSettings(token_key=tmp_path / "private.pem", token_issuer="us")
    async with httpx.AsyncClient() as http:
        source = token_source(settings, "party-a", http, lambda: NOW_S)
        token = await source.token("dss.example", "utm.strategic_coordination x")
        named = PlanSettings(token_key=tmp_path / "private.pem", token_subject="uss-a")
        other = await token_source(named, "party-a", http, lambda: NOW_S).token("dss.example", "x")
    rules = TokenRules(audiences=frozenset({"dss.example"}), issuers=frozenset({"us"}))
    keys = [load_pem_key(tmp_path / "public.pem")]
    caller = verify_token(token.encode(), keys, rules, int(NOW_S * 1e6)).caller
    assert caller.sub == "party-a"
    assert caller.scopes == {"utm.strategic_coordination", "x"}
    loose = TokenRules(audiences=frozenset({"dss.example"}))
    assert verify_token(other.encode(), keys, loose, int(NOW_S * 1e6)).caller.sub == "uss-a"


async def test_a_command_is_told_what_for_and_run_again_when_its_token_ends(
    tmp_path: Path,
) -> None:
    counted = tmp_path / "runs"
    script = tmp_path / "print-token"
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$DETENTE_AUDIENCE $DETENTE_SCOPE" >> {counted}\n'
        f"echo {_token(NOW_S + 100)}\n"
    )
    script.chmod(0o700)
    now_s = [NOW_S]
    kept = KeptTokens(FromCommand(str(script)), lambda: now_s[0])
    await kept.token("dss.example", "a b")
    await kept.token("dss.example", "a b")
    now_s[0] += 60
    await kept.token("dss.example", "a b")
    assert counted.read_text() == "dss.example a b\n" * 2
    with pytest.raises(TokenUnavailable, match="cannot be run"):
        await FromCommand(str(tmp_path / "absent")).make("dss.example", "a")
    with pytest.raises(TokenUnavailable, match="printed no token"):
        await FromCommand("true").make("dss.example", "a")


@pytest.mark.parametrize("where", ["header", "body"])
async def test_an_oauth_server_is_asked_by_client_credentials(where: Any) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"access_token": "abc", "token_type": "bearer"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        made = ClientCredentials("https://auth.example/token", "me", "s3cret", http, where)
        assert await made.make("dss.example", "a b") == "abc"
    form = {name: value[0] for name, value in parse_qs(seen[0].content.decode()).items()}
    basic = base64.b64encode(b"me:s3cret").decode()
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == "a b"
    assert form["audience"] == "dss.example"
    if where == "header":
        assert seen[0].headers["authorization"] == f"Basic {basic}"
        assert "client_secret" not in form
    else:
        assert "authorization" not in seen[0].headers
        assert (form["client_id"], form["client_secret"]) == ("me", "s3cret")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": "invalid_client", "hint": "s3cret"}),
        httpx.Response(302, headers={"location": "https://other.example"}),
        httpx.Response(200, content=b"abc"),
        httpx.Response(200, json={"access_token": "a\nb"}),
        httpx.Response(200, json={"access_token": "abc", "token_type": "mac"}),
        httpx.Response(200, content=b"x" * 100_000),
        httpx.ConnectError("nobody there"),
    ],
)
async def test_an_oauth_server_that_gives_none_is_named_and_the_secret_is_not(
    answer: httpx.Response | Exception,
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        made = ClientCredentials("https://auth.example/token", "me", "s3cret", http)
        with pytest.raises(TokenUnavailable) as caught:
            await made.make("dss.example", "a")
    assert "auth.example" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_secret_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    assert read_secret(path) == "s3cret"
    path.chmod(0o640)
    with pytest.raises(TokenUnavailable, match="Others can read"):
        read_secret(path)
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(TokenUnavailable, match="empty"):
        read_secret(path)
    with pytest.raises(TokenUnavailable, match="cannot be read"):
        read_secret(tmp_path / "none")


def test_a_key_that_cannot_sign_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "public.pem").write_bytes(new_key_pair()[1])
    settings = PlanSettings(token_key=tmp_path / "public.pem")
    with pytest.raises(BadKey, match="private key"):
        token_source(settings, "a", httpx.AsyncClient(), lambda: NOW_S)
