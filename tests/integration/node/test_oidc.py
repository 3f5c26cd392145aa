"""Log-in with an OpenID provider, and everything about it that must be noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.desks import ORIGIN, Office, SetClock, office, vault
from tests.support.oidc_provider import CLIENT, SECRET, OidcProvider, new_key, provider
from tests.support.party_records import Bytes

from detente.node.oidc import OidcRules, Provider, ProviderUnavailable
from detente.node.oidc_api import CALLBACK
from detente.node.roles import Role

pytestmark = pytest.mark.anyio


class World:
    """An office with a provider."""

    def __init__(self, at: Office, idp: OidcProvider) -> None:
        self.office = at
        self.idp = idp

    async def leave(self, http: httpx.AsyncClient, path: str = "/api/v1/session/oidc") -> str:
        """Leave for the provider, and be sent back: where to."""
        away = await http.get(path)
        assert away.status_code == 303, away.text
        async with httpx.AsyncClient(trust_env=False) as outside:
            back = await outside.get(away.headers["location"])
        assert back.status_code == 303, back.text
        location: str = back.headers["location"]
        assert location.startswith(ORIGIN + CALLBACK)
        return location

    async def log_in(self, http: httpx.AsyncClient) -> httpx.Response:
        return await http.get(await self.leave(http))


def rules(issuer: str, **rest: Any) -> OidcRules:
    return OidcRules(
        issuer=issuer, client=CLIENT, secret=SECRET, redirect=ORIGIN + CALLBACK, **rest
    )


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    clock = SetClock()
    async with provider(lambda: clock().timestamp()) as idp:
        asked = Provider(
            rules(idp.issuer), vault(), clock, Bytes("oidc"), monotonic=lambda: clock().timestamp()
        )
        directory = tmp_path_factory.mktemp("oidc")
        async with office(directory, provider=asked, clock=clock, staffed=False) as at:
            await at.staff("a-1", Role.OFFICER)
            await at.desk.officers.set_subject("a-1", idp.issuer, idp.subject)
            yield World(at, idp)


@pytest.fixture
def world(shared: World) -> World:
    """Honest again, and so much later that nothing is remembered of the provider."""
    shared.idp.honest()
    shared.office.clock.ahead(hours=13)
    shared.office.context.notes.clear()
    return shared


async def test_a_subject_with_an_account_logs_in(world: World) -> None:
    async with world.office.client() as http:
        answer = await world.log_in(http)
        assert answer.status_code == 200
        assert '<html lang="en">' in answer.text
        assert "Vous êtes connecté." in answer.text
        cookies = answer.headers.get_list("set-cookie")
        session = next(each for each in cookies if each.startswith("__Host-detente="))
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(session.split("; "))
        shown = (await http.get("/api/v1/session")).json()
        assert (shown["officer"], shown["method"], shown["fresh"]) == ("a-1", "oidc", True)
    assert world.office.context.noted("login")[0]["method"] == "oidc"


async def test_a_way_to_the_provider_carries_pkce_state_and_nonce(world: World) -> None:
    async with world.office.client() as http:
        away = await http.get("/api/v1/session/oidc")
    query = parse_qs(urlsplit(away.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert "SameSite=Lax" in away.headers["set-cookie"]
    # What is kept in the browser says nothing to it.
    assert query["nonce"][0] not in away.headers["set-cookie"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_algorithms_that_are_taken(world: World, algorithm: str) -> None:
    world.idp.use(algorithm)
    async with world.office.client() as http:
        assert (await world.log_in(http)).status_code == 200


async def test_a_new_key_of_the_provider_is_fetched(world: World) -> None:
    async with world.office.client() as http:
        assert (await world.log_in(http)).status_code == 200
    world.idp.use("ES256")
    async with world.office.client() as http:
        assert (await world.log_in(http)).status_code == 401, "it was asked a moment ago"
        world.office.clock.ahead(seconds=6)
        assert (await world.log_in(http)).status_code == 200
    assert world.idp.asked.count("discovery") == 1


async def test_nobody_is_let_in_whom_no_administrator_has_named(world: World) -> None:
    world.idp.subject = "somebody"
    async with world.office.client() as http:
        answer = await world.log_in(http)
        assert answer.status_code == 401
        assert "no account for you" in answer.text
        assert (await http.get("/api/v1/session")).status_code == 401
    assert world.office.context.noted("login-refused")
    assert all(each.id != "somebody" for each in world.office.desk.officers.all())


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://other.example"}, "another issuer"),
        ({"aud": "another"}, "another client"),
        ({"aud": [CLIENT, "another"]}, "to another client"),
        ({"azp": "another"}, "to another client"),
        ({"nonce": "replayed"}, "another login"),
        ({"nonce": None}, "another login"),
        ({"exp": 1}, "expired"),
        ({"iat": 9e12}, "not issued now"),
        ({"sub": ""}, "empty"),
        ({"sub": None}, "not usable"),
        ({"amr": ["pwd"]}, "second factor"),
        ({"amr": None}, "second factor"),
    ],
)
async def test_a_token_that_is_not_for_this_login(
    world: World, claims: dict[str, Any], why: str
) -> None:
    world.idp.claims = claims
    async with world.office.client() as http:
        answer = await world.log_in(http)
        assert answer.status_code == 401
        assert why in answer.text
        assert (await http.get("/api/v1/session")).status_code == 401


async def test_a_token_signed_by_nobody_or_by_somebody_else(world: World) -> None:
    async with world.office.client() as http:
        world.idp.header = {"alg": "none"}
        assert "not signed with" in (await world.log_in(http)).text
        world.idp.header = {"crit": ["b64"], "b64": False}
        assert "extensions" in (await world.log_in(http)).text
        world.idp.header = {}
        assert (await world.log_in(http)).status_code == 200
        honest = world.idp.key.kid
        world.idp.key, world.idp.header = new_key(), {"kid": honest}
        assert "not signed with a key" in (await world.log_in(http)).text


async def test_the_public_key_is_no_shared_secret(world: World) -> None:
    """The old confusion: HS256 with the bytes of the public key."""
    async with world.office.client() as http:
        world.idp.confused = True
        try:
            assert "not signed with" in (await world.log_in(http)).text
        finally:
            world.idp.confused = False


async def test_what_was_begun_in_one_browser_does_not_end_in_another(world: World) -> None:
    async with world.office.client() as http, world.office.client() as other:
        back = await world.leave(http)
        assert (await other.get(back)).status_code == 401
        await world.leave(other)  # it has begun one of its own
        answer = await other.get(back)
        assert answer.status_code == 401
        assert "another browser" in answer.text


async def test_a_way_back_is_good_once_and_not_for_long(world: World) -> None:
    async with world.office.client() as http:
        back = await world.leave(http)
        kept = http.cookies["__Host-detente-login"]
        assert (await http.get(back)).status_code == 200
        http.cookies.clear()
        http.cookies.set("__Host-detente-login", kept, "node.a.example")
        assert "does not know this log-in" in (await http.get(back)).text
        back = await world.leave(http)
        world.office.clock.ahead(minutes=11)
        assert "too long ago" in (await http.get(back)).text


async def test_another_provider_cannot_send_the_browser_back(world: World) -> None:
    async with world.office.client() as http:
        for wrong in ("&iss=x", "&no="):
            back = await world.leave(http)
            forged = back.replace("&iss=", wrong)
            assert "Another provider" in (await http.get(forged)).text
        refused = (await world.leave(http)).replace("code=", "error=access_denied&no=")
        assert "refused the log-in" in (await http.get(refused)).text


async def test_what_the_provider_says_is_never_markup(world: World) -> None:
    async with world.office.client() as http:
        await world.leave(http)
        answer = await http.get(CALLBACK, params={"state": "<script>", "error": "<script>"})
        assert answer.status_code == 401
        assert "<script>" not in answer.text


async def test_identity_is_proved_anew_at_the_provider(world: World) -> None:
    proof = "/api/v1/session/oidc/proof"
    async with world.office.client() as http:
        await world.log_in(http)
        world.office.clock.ahead(minutes=20)
        assert (await http.get("/api/v1/session")).json()["locked"]
        # A provider that only remembers does not count.
        world.idp.claims = {"auth_time": int(world.office.clock.now.timestamp()) - 120}
        assert "just now" in (await http.get(await world.leave(http, proof))).text
        world.idp.claims = {"auth_time": None}
        assert (await http.get(await world.leave(http, proof))).status_code == 401
        assert (await http.get("/api/v1/session")).json()["locked"]
        world.idp.claims = {}
        before = http.cookies["__Host-detente"]
        assert (await http.get(await world.leave(http, proof))).status_code == 200
        assert http.cookies["__Host-detente"] != before
        shown = (await http.get("/api/v1/session")).json()
        assert (shown["locked"], shown["fresh"]) == (False, True)


async def test_another_person_proves_nothing_for_this_session(world: World) -> None:
    await world.office.staff("a-2", Role.DUTY_CHIEF)
    await world.office.desk.officers.set_subject("a-2", world.idp.issuer, "person-2")
    async with world.office.client() as http:
        await world.log_in(http)
        world.idp.subject = "person-2"
        answer = await http.get(await world.leave(http, "/api/v1/session/oidc/proof"))
        assert "not the session" in answer.text


async def test_with_a_provider_only_break_glass_accounts_log_in_by_password(world: World) -> None:
    at = world.office
    async with at.client() as http:
        assert (await at.log_in(http, "a-1")).status_code == 401
        account = at.desk.officers.get("a-1")
        await at.desk.officers.change(replace(account, break_glass=True))
        at.clock.ahead(minutes=1)
        assert (await at.log_in(http, "a-1")).status_code == 200
    assert at.context.noted("break-glass-login")


@pytest.mark.parametrize(
    ("discovery", "why"),
    [
        ({"issuer": "https://other.example"}, "document cannot be used"),
        ({"jwks_uri": "https://other.example/keys"}, "only the issuer's is called"),
        ({"token_endpoint": "http://127.0.0.1:1/token"}, "only the issuer's is called"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "https://"),
        ({"authorization_endpoint": "http://other.example/"}, "https://"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"token_endpoint": None}, "document cannot be used"),
    ],
)
async def test_a_provider_that_sends_us_elsewhere_is_not_followed(
    world: World, discovery: dict[str, Any], why: str
) -> None:
    world.idp.discovery = discovery
    async with world.office.client() as http:
        answer = await http.get("/api/v1/session/oidc")
    assert (answer.status_code, answer.json()["code"]) == (503, "oidc.provider")
    assert why in answer.json()["message"]
    assert world.idp.asked == ["discovery"]


async def test_a_provider_that_is_away_is_told_as_such(world: World) -> None:
    gone = Provider(rules("http://127.0.0.1:9"), vault(), world.office.clock, Bytes("x"))
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await gone.begin()


@pytest.mark.parametrize("issuer", ["http://idp.example", "ftp://127.0.0.1", "https://u@h", "x"])
def test_an_issuer_that_is_no_safe_address(issuer: str) -> None:
    with pytest.raises(ProviderUnavailable):
        Provider(rules(issuer), vault(), SetClock(), Bytes("x"))


async def test_acr_is_held_against_the_rules(world: World) -> None:
    asked = world.office.desk.provider
    assert asked is not None
    asked.rules = replace(asked.rules, acr=("high",))
    async with world.office.client() as http:
        assert "acr" in (await world.log_in(http)).text
        world.idp.claims = {"acr": "high"}
        assert (await world.log_in(http)).status_code == 200
