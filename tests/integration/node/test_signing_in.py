"""Log-in, second factors, locking, proof of identity, throttling, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from tests.support.authenticators import SoftwareKey
from tests.support.desks import HOLDERS, ORIGIN, PASSWORD, RULES, Office, office, reopened

from detente.http import ForeignOrigin, RequestHead
from detente.node.roles import Role
from detente.node.sessions import NoSession

pytestmark = pytest.mark.anyio
SESSION = "/api/v1/session"
PROOF = "/api/v1/session/proof"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, staffed=False) as made:
        await made.staff("a-1", Role.OFFICER)
        yield made


async def shown(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.get(SESSION)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_browser_gets_a_cookie_and_no_token(desk: Office) -> None:
    async with desk.client() as http:
        answer = await desk.log_in(http, "a-1")
        assert answer.json()["token"] is None
        (cookie,) = (
            each
            for each in answer.headers.get_list("set-cookie")
            if each.startswith("__Host-detente=")
        )
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert answer.headers["cache-control"] == "no-store"
        found = await shown(http)
        assert (found["officer"], found["fresh"], found["locked"]) == ("a-1", True, False)
        assert "step-up" in found["scopes"]
    note = desk.context.noted("login")[0]
    assert (note["officer"], note["method"], note["address"]) == (
        "a-1",
        "password+code",
        "192.0.2.1",
    )
    assert http.cookies["__Host-detente"] not in str(desk.context.notes)


async def test_a_script_gets_a_token_and_no_cookie(desk: Office) -> None:
    async with desk.client(origin=None) as http:
        answer = await desk.log_in(http, "a-1", bearer=True)
        assert "set-cookie" not in answer.headers
        assert (await http.post(f"{SESSION}/active")).status_code == 204
        token = answer.json()["token"]
        del http.headers["authorization"]
        http.cookies.set("__Host-detente", token, "node.a.example")
        assert (await http.get(SESSION)).status_code == 401, "a script's token is no cookie"


async def test_a_cookie_is_no_bearer_token(desk: Office) -> None:
    async with desk.at_work("a-1") as http:
        stolen = {"authorization": f"Bearer {http.cookies['__Host-detente']}"}
        assert (await http.get(SESSION, headers=stolen)).status_code == 401
        for other in ("Basic x", "Bearer", "Bearer  ", "x"):
            assert (await http.get(SESSION, headers={"authorization": other})).status_code == 401


async def test_every_refusal_is_the_same(desk: Office) -> None:
    await desk.staff("watcher", Role.OBSERVER)
    await desk.desk.officers.add("keeper", "Invited", [Role.CUSTODIAN], HOLDERS)
    account = desk.desk.officers.get("watcher")
    await desk.desk.officers.change(replace(account, active=False))
    used = desk.code("a-1")
    attempts: list[dict[str, Any]] = [
        {"officer": "nobody", "password": PASSWORD, "code": "123456"},
        {"officer": "a-1", "password": "wrong", "code": desk.code("a-1")},
        {"officer": "a-1", "password": PASSWORD, "code": "12345é"},
        {"officer": "a-1", "password": PASSWORD},
        {"officer": "a-1", "password": "", "code": used},
        {"officer": "a-1", "password": PASSWORD, "recovery": "aaaa-aaaa-aaaa-aaaa"},
        {"officer": "a-1", "password": PASSWORD, "assertion": {"id": "x"}},
        {"officer": "watcher", "password": PASSWORD, "code": desk.code("watcher")},
        {"officer": "keeper", "password": PASSWORD, "code": "123456"},
        {"officer": "keeper", "password": "", "code": ""},
    ]
    said = set()
    for number, body in enumerate(attempts):
        async with desk.client(f"192.0.2.{number}") as http:
            answer = await http.post(SESSION, json=body)
            assert "set-cookie" not in answer.headers
            said.add((answer.status_code, answer.text))
    assert len(said) == 1
    assert next(iter(said))[0] == 401
    told = desk.context.noted("login-refused")
    assert len(told) == len(attempts)
    assert {note["officer"] for note in told} == {None, "a-1", "watcher", "keeper"}
    assert PASSWORD not in str(desk.context.notes)


async def test_a_code_is_good_once_and_for_a_step_before_and_after(desk: Office) -> None:
    desk.clock.ahead(seconds=30)
    app = pyotp.TOTP(desk.secrets["a-1"])
    results = []
    for offset in (-60, 60, -30, -30, 30, 0, 30):
        code = app.at(desk.clock.now.timestamp() + offset)
        async with desk.client(f"198.51.100.{offset + 100}") as http:
            results.append((await desk.log_in(http, "a-1", code=code)).status_code)
    # Too old, too new, good, used up, good, older than the newest, used up.
    assert results == [401, 401, 200, 401, 200, 401, 401]


async def test_a_code_is_not_used_up_by_a_wrong_password(desk: Office) -> None:
    code = desk.code("a-1")
    async with desk.client() as http:
        assert (await desk.log_in(http, "a-1", password="wrong", code=code)).status_code == 401
        assert (await desk.log_in(http, "a-1", code=code)).status_code == 200


async def test_two_at_once_cannot_use_one_code(desk: Office) -> None:
    code = desk.code("a-1")
    async with desk.client("192.0.2.7") as one, desk.client("192.0.2.8") as two:
        answers = await asyncio.gather(
            desk.log_in(one, "a-1", code=code), desk.log_in(two, "a-1", code=code)
        )
    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_guessing_slows_down_and_shuts_nobody_out(desk: Office) -> None:
    async with desk.client("192.0.2.1") as mine:
        assert (await desk.log_in(mine, "a-1")).status_code == 200
        async with desk.client("203.0.113.9") as guesser:
            answers = [
                await desk.log_in(guesser, "a-1", password="guess", code="000000") for _ in range(8)
            ]
            answer = answers[-1]
            statuses = [each.status_code for each in answers]
            assert statuses == [401] * 3 + [429] * 5
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["code"] == "auth.throttled"
        assert (await desk.log_in(mine, "a-1")).status_code == 200
        kept = dict(mine.cookies)
    # From many places: delays for the account stay short, and none for a browser that is known.
    for number in range(40):
        async with desk.client(f"198.51.100.{number}") as guesser:
            await desk.log_in(guesser, "a-1", password="guess", code="000000")
    async with desk.client("192.0.2.99") as fresh:
        told = await desk.log_in(fresh, "a-1", code="000000")
        assert told.status_code == 429
        assert int(told.headers["retry-after"]) <= 30
    async with desk.client("192.0.2.50") as mine:
        code = pyotp.TOTP(desk.secrets["a-1"]).at(desk.clock.now.timestamp() + 30)
        body = {"officer": "a-1", "password": PASSWORD, "code": code}
        cookie = "; ".join(f"{name}={value}" for name, value in kept.items())
        assert (await mine.post(SESSION, json=body)).status_code == 429
        known = await mine.post(SESSION, json=body, headers={"cookie": cookie})
        assert known.status_code == 200
    assert (
        len(desk.context.noted("login-refused")) + len(desk.context.noted("login-throttled")) <= 31
    ), "strangers do not fill the record"


async def test_a_mark_of_a_browser_is_for_one_officer(desk: Office) -> None:
    await desk.staff("watcher", Role.OBSERVER)
    async with desk.client("192.0.2.1") as http:
        await desk.log_in(http, "watcher")
        for _ in range(3):
            assert (await desk.log_in(http, "a-1", code="000000")).status_code == 401
        assert (await desk.log_in(http, "a-1", code="000000")).status_code == 429
        assert (await desk.log_in(http, "watcher")).status_code == 200


async def test_recovery_codes_are_good_once(desk: Office) -> None:
    async with desk.at_work("a-1") as http:
        codes = (await http.post(f"{SESSION}/recovery-codes")).json()["recovery_codes"]
    assert len(set(codes)) == 10
    async with desk.client() as http:
        typed = codes[3].upper().replace("-", " ")
        assert (await desk.log_in(http, "a-1", recovery=typed)).status_code == 200
        assert (await shown(http))["recovery_codes"] == 9
        assert (await desk.log_in(http, "a-1", recovery=codes[3])).status_code == 401
    assert desk.context.noted("recovery-code-used") == [{"officer": "a-1", "left": 9}]


async def test_a_session_locks_and_is_opened_by_one_factor(desk: Office) -> None:
    async with desk.at_work("a-1") as http:
        desk.clock.ahead(minutes=14)
        assert (await http.post(f"{SESSION}/active")).status_code == 204
        desk.clock.ahead(minutes=14)
        found = await shown(http)
        assert (found["locked"], found["fresh"]) == (False, False)
        desk.clock.ahead(minutes=1)
        found = await shown(http)
        assert found["locked"], "reading is no activity"
        assert set(found["scopes"]) == {p for p in found["permissions"] if p.endswith(".read")}
        await http.post(f"{SESSION}/active")
        assert (await shown(http))["locked"], "activity does not unlock"
        before = http.cookies["__Host-detente"]
        assert (await http.post(PROOF, json={"password": "wrong"})).status_code == 401
        assert (await http.post(PROOF, json={})).status_code == 401
        answer = await http.post(PROOF, json={"password": PASSWORD})
        assert (answer.json()["locked"], answer.json()["fresh"]) == (False, True)
        assert http.cookies["__Host-detente"] != before, "a new token"
        old = {"cookie": f"__Host-detente={before}"}
        async with desk.client() as other:
            assert (await other.get(SESSION, headers=old)).status_code == 200
            desk.clock.ahead(seconds=11)
            assert (await other.get(SESSION, headers=old)).status_code == 401
        assert (await http.post(f"{SESSION}/lock")).status_code == 204
        code = desk.code("a-1")
        assert (await http.post(PROOF, json={"code": code})).status_code == 200
        assert (await http.post(PROOF, json={"code": code})).status_code == 401
    assert len(desk.context.noted("unlock")) == 2


async def test_what_a_console_states_by_itself_is_no_activity(desk: Office) -> None:
    async with desk.at_work("a-1") as http:
        for _ in range(15):
            desk.clock.ahead(minutes=1)
            await http.post("/api/v1/line/messages/x/shown")
        assert (await shown(http))["locked"] is True


async def test_who_cannot_prove_identity_loses_the_session(desk: Office) -> None:
    async with desk.at_work("a-1") as http:
        for _ in range(10):
            desk.clock.ahead(minutes=5)
            assert (await http.post(PROOF, json={"password": "guess"})).status_code == 401
        assert (await http.get(SESSION)).status_code == 401
    assert desk.context.noted("proof-refused")[-1]["session_ended"] is True


async def test_sessions_end(desk: Office) -> None:
    async with desk.at_work("a-1") as http, desk.at_work("a-1") as other:
        rows = (await http.get("/api/v1/sessions")).json()["sessions"]
        assert [row["own"] for row in rows] == [True, False]
        assert (await http.delete(f"/api/v1/sessions/{rows[1]['id']}")).status_code == 204
        assert (await other.get(SESSION)).status_code == 401
        assert (await http.delete(SESSION)).status_code == 204
        assert (await http.get(SESSION)).status_code == 401
    async with desk.at_work("a-1") as http:
        for _ in range(59):
            desk.clock.ahead(minutes=12)
            assert (await http.post(f"{SESSION}/active")).status_code == 204
        desk.clock.ahead(minutes=12)
        answer = await http.post(f"{SESSION}/active")
        assert answer.status_code == 401, "twelve hours are the most"


async def test_an_officer_has_at_most_ten_sessions(desk: Office) -> None:
    for _ in range(12):
        async with desk.at_work("a-1"):
            pass
    assert len(desk.desk.sessions.of("a-1")) == 10


async def test_a_restart_keeps_sessions_and_accounts(desk: Office) -> None:
    async with desk.at_work("a-1") as http:
        cookie = {"cookie": f"__Host-detente={http.cookies['__Host-detente']}"}
        async with desk.at_work("a-1") as ended:
            gone = {"cookie": f"__Host-detente={ended.cookies['__Host-detente']}"}
            await ended.delete(SESSION)
    later = await reopened(desk)
    try:
        async with later.client() as http:
            assert (await http.get(SESSION, headers=cookie)).json()["officer"] == "a-1"
            assert (await http.get(SESSION, headers=gone)).status_code == 401
            assert (await later.log_in(http, "a-1")).status_code == 200
    finally:
        await later.context.record.close()


async def test_a_security_key_is_a_second_factor(desk: Office) -> None:
    key = SoftwareKey(ORIGIN)
    async with desk.at_work("a-1") as http:
        asked = (await http.post(f"{SESSION}/keys/challenge")).json()["public_key"]
        answer = key.create(asked)
        for wrong in (SoftwareKey("https://evil.example").create(asked), {}, {"response": 1}):
            refused = await http.post(f"{SESSION}/keys", json={"name": "k", "answer": wrong})
            assert (refused.status_code, refused.json()["code"]) == (400, "auth.security_key")
        made = await http.post(f"{SESSION}/keys", json={"name": "blue key", "answer": answer})
        assert made.status_code == 200, made.text
        again = await http.post(f"{SESSION}/keys", json={"name": "blue key", "answer": answer})
        assert again.status_code == 400, "a question is answered once"
        assert (await http.delete(f"{SESSION}/app")).status_code == 204
        last = await http.delete(f"{SESSION}/keys/{made.json()['id']}")
        assert (last.status_code, last.json()["code"]) == (400, "auth.factor")
    async with desk.client() as http:
        challenge = {"officer": "a-1"}
        asked = (await http.post("/api/v1/login/challenge", json=challenge)).json()["public_key"]
        assert [each["id"] for each in asked["allowCredentials"]] == [made.json()["id"]]
        signed = key.get(asked)
        assert (await desk.log_in(http, "a-1", assertion=signed)).status_code == 200
        assert (await shown(http))["method"] == "password+key"
        assert (await desk.log_in(http, "a-1", assertion=signed)).status_code == 401, "once"
        asked = (await http.post(f"{PROOF}/challenge")).json()["public_key"]
        elsewhere = await desk.log_in(http, "a-1", assertion=key.get(asked))
        assert elsewhere.status_code == 401, "a question for a proof is none for a log-in"
        asked = (await http.post(f"{PROOF}/challenge")).json()["public_key"]
        assert (await http.post(PROOF, json={"assertion": key.get(asked)})).status_code == 200


async def test_a_copied_security_key_is_noticed(desk: Office) -> None:
    key = SoftwareKey(ORIGIN)
    async with desk.at_work("a-1") as http:
        asked = (await http.post(f"{SESSION}/keys/challenge")).json()["public_key"]
        body = {"name": "blue key", "answer": key.create(asked)}
        assert (await http.post(f"{SESSION}/keys", json=body)).status_code == 200
        statuses = []
        for change in (0, -1, 5, 0):
            key.count += change
            asked = (await http.post(f"{PROOF}/challenge")).json()["public_key"]
            said = await http.post(PROOF, json={"assertion": key.get(asked)})
            statuses.append(said.status_code)
        assert statuses == [200, 401, 200, 200]


async def test_a_question_to_a_security_key_grows_old(desk: Office) -> None:
    key = SoftwareKey(ORIGIN)
    async with desk.at_work("a-1") as http:
        asked = (await http.post(f"{SESSION}/keys/challenge")).json()["public_key"]
        body = {"name": "k", "answer": key.create(asked)}
        desk.clock.ahead(minutes=4.9)
        assert (await http.post(f"{SESSION}/keys", json=body)).status_code == 200
        asked = (await http.post(f"{PROOF}/challenge")).json()["public_key"]
        desk.clock.ahead(minutes=5.1)
        assert (await http.post(PROOF, json={"assertion": key.get(asked)})).status_code == 401


async def test_questions_do_not_tell_who_has_an_account(desk: Office) -> None:
    async with desk.client() as http:
        asked = []
        for officer in ("nobody", "nobody", "a-1", "other"):
            answer = await http.post("/api/v1/login/challenge", json={"officer": officer})
            asked.append(answer.json()["public_key"])
        ids = [each["allowCredentials"][0]["id"] for each in asked]
        assert ids[0] == ids[1]
        assert len(set(ids)) == 3
        assert {tuple(sorted(each)) for each in asked} == {tuple(sorted(asked[0]))}


async def test_an_invitation_leads_in_once(desk: Office) -> None:
    await desk.staff("root", Role.ADMIN)
    key = SoftwareKey(ORIGIN)
    async with desk.at_work("a-1") as mine:
        asked = (await mine.post(f"{SESSION}/keys/challenge")).json()["public_key"]
        await mine.post(f"{SESSION}/keys", json={"name": "k", "answer": key.create(asked)})
        async with desk.at_work("root") as http:
            approval = ""
            invited = await http.post(
                "/api/v1/officers/a-1/invitation", json={"approval": approval}
            )
            assert invited.status_code == 201, invited.text
            token = invited.json()["token"]
        assert token not in str(desk.context.notes)
        async with desk.client(origin=None) as http:
            app = (await http.post("/api/v1/invitation", json={"token": token})).json()
            assert app["uri"].startswith("otpauth://totp/")
            assert app["svg"].startswith("<svg")
            body = {"token": token, "password": "short", "code": "x"}
            path = "/api/v1/invitation/complete"
            assert (await http.post(path, json=body)).json()["code"] == "password.weak"
            body["password"] = "blue tram behind the mill"
            assert (await http.post(path, json=body)).json()["code"] == "auth.factor"
            body["code"] = pyotp.TOTP(app["secret"]).at(desk.clock.now)
            done = await http.post(path, json=body)
            assert done.status_code == 200, done.text
            assert len(done.json()["recovery_codes"]) == 10
            assert (await http.post(path, json=body)).json()["code"] == "auth.invitation"
        assert (await mine.get(SESSION)).status_code == 401, "sessions of before are void"
    assert desk.desk.officers.keys("a-1") == [], "and so are security keys"
    desk.secrets["a-1"] = app["secret"]
    async with desk.client() as http:
        assert (await desk.log_in(http, "a-1")).status_code == 401, "the old password"
        assert (await desk.log_in(http, "a-1", password=body["password"])).status_code == 200


async def test_an_invitation_ends_after_two_days(desk: Office) -> None:
    account = desk.desk.officers.get("a-1")
    token, _ = await desk.desk.credentials.invite(account, None)
    newer, _ = await desk.desk.credentials.invite(account, None)
    async with desk.client() as http:
        for text, status in ((token, 401), (newer, 200), ("x", 401)):
            answer = await http.post("/api/v1/invitation", json={"token": text})
            assert answer.status_code == status
        desk.clock.ahead(hours=48)
        answer = await http.post("/api/v1/invitation", json={"token": newer})
        assert answer.status_code == 401


async def test_a_new_password_ends_the_other_sessions(desk: Office) -> None:
    async with desk.at_work("a-1") as http, desk.at_work("a-1") as other:
        for weak in (
            "short",
            "password1234",
            "aaaaaaaaaaaaaaaa",
            "abcdefghijklmnop",
            "a-1 A-1 a-1 A-1",
        ):
            answer = await http.post(f"{SESSION}/password", json={"password": weak})
            assert answer.json()["code"] == "password.weak", weak
        new = {"password": "blue tram behind the mill"}
        assert (await http.post(f"{SESSION}/password", json=new)).status_code == 204
        assert (await other.get(SESSION)).status_code == 401
        assert (await http.get(SESSION)).status_code == 200
        assert (await http.post(PROOF, json={"password": PASSWORD})).status_code == 401
        assert (await http.post(PROOF, json=new)).status_code == 200


async def test_over_plain_http_cookies_have_no_prefix(tmp_path: Path) -> None:
    async with office(tmp_path, rules=replace(RULES, secure=False), staffed=False) as made:
        await made.staff("a-1", Role.OFFICER)
        async with made.client() as http:
            answer = await made.log_in(http, "a-1")
            cookies = answer.headers.get_list("set-cookie")
            assert all("Secure" not in each and "__Host-" not in each for each in cookies)
            assert (await shown(http))["officer"] == "a-1"


async def test_a_second_factor_may_be_left_out_where_that_is_allowed(tmp_path: Path) -> None:
    async with office(tmp_path, rules=replace(RULES, second_factor=False), staffed=False) as made:
        await made.staff("a-1", Role.OFFICER)
        async with made.client() as http:
            bare = {"officer": "a-1", "password": PASSWORD}
            assert (await http.post(SESSION, json=bare)).status_code == 401, "it has an app"
            await made.desk.credentials.drop_app("a-1")
            assert (await http.post(SESSION, json=bare)).status_code == 200


async def test_refusals_are_told_at_the_same_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("detente.node.sign_in.asyncio.sleep", sleep)
    async with office(tmp_path, rules=replace(RULES, refusal_s=0.25), staffed=False) as made:
        passing = iter([100.0, 100.07, 100.07, 200.0, 200.3, 200.3])
        made.desk.sign_in._monotonic = lambda: next(passing)
        for officer in ("nobody", "a-1"):
            async with made.client() as http:
                assert (await made.log_in(http, officer, code="x")).status_code == 401
    assert slept == pytest.approx([0.18, 0.2])


async def test_the_authenticator_itself_guards_cookies(desk: Office) -> None:
    async with desk.at_work("a-1") as http:
        cookie = {"cookie": f"__Host-detente={http.cookies['__Host-detente']}"}
    authenticate = desk.desk.authenticator.authenticate
    for headers in (cookie, {**cookie, "origin": "https://evil.example"}):
        with pytest.raises(ForeignOrigin):
            await authenticate(RequestHead.of("POST", "/x", headers), 0)
    caller = await authenticate(RequestHead.of("POST", "/x", {**cookie, "origin": ORIGIN}), 0)
    assert caller.sub == "a-1"
    assert (await authenticate(RequestHead.of("GET", "/x", cookie), 0)).session == caller.session


async def test_a_session_that_ended_while_identity_was_proved_stays_ended(desk: Office) -> None:
    sessions = desk.desk.sessions
    async with desk.at_work("a-1"):
        [session] = sessions.of("a-1")
        await sessions.end(session)
        with pytest.raises(NoSession):
            await sessions.renew(session)
        assert sessions.of("a-1") == []


async def test_a_session_renewed_twice_at_once_is_one_session(desk: Office) -> None:
    sessions = desk.desk.sessions
    async with desk.at_work("a-1"):
        [session] = sessions.of("a-1")
        (_, first), (_, second) = await asyncio.gather(
            sessions.renew(session), sessions.renew(session)
        )
        [renewed] = sessions.of("a-1")
        # The first one's token is good for requests under way, as any former one.
        assert sessions.find(first) == sessions.find(second) == renewed
        await sessions.end(renewed)
        assert sessions.find(first) is sessions.find(second) is None


async def test_no_session_escapes_by_being_renewed_while_all_are_ended(desk: Office) -> None:
    sessions = desk.desk.sessions
    async with desk.at_work("a-1"), desk.at_work("a-1"), desk.at_work("a-1"):
        last = sessions.of("a-1")[-1]
        ended, renewed = await asyncio.gather(
            sessions.end_all("a-1"), sessions.renew(last), return_exceptions=True
        )
        assert ended == 3
        assert isinstance(renewed, NoSession)
        assert sessions.of("a-1") == []
