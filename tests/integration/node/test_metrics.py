"""What a node measures, and who may read it."""

from __future__ import annotations

import pytest
import requests
from tests.support.node_api import AttackedNode

from detente.http import Caller, RequestHead, Unauthorized
from detente.node.metrics import METRICS_READER, MetricsReaderOr, is_loopback
from detente.node.roles import Role

pytestmark = pytest.mark.xdist_group("node-api")


def read(node: AttackedNode, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{node.url}/metrics", headers=named, timeout=30)


def test_programs_on_the_machine_read_what_is_measured(attacked: AttackedNode) -> None:
    answer = read(attacked)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = dict(
        line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")
    )
    size = attacked.run(attacked.node.status())["record"]["size"]
    assert 0 < float(values["detente_entries"]) <= size
    assert values['detente_line_up{peer="b"}'] == "1.0"
    assert values["detente_writable"] == "1.0"
    assert any(name.startswith("detente_http_request_seconds_count{") for name in values)


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip"])
def test_what_a_proxy_passes_on_is_from_elsewhere(attacked: AttackedNode, header: str) -> None:
    answer = read(attacked, **{header: "127.0.0.1"})
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.session")


def test_a_session_reads_them_if_it_may_see_how_the_node_is(attacked: AttackedNode) -> None:
    elsewhere = {"x-forwarded-for": "192.0.2.7"}
    for role, status in ((Role.ADMIN, 200), (Role.DUTY_CHIEF, 200), (Role.OFFICER, 403)):
        answer = attacked.caller(role).send("GET", "/metrics", headers=elsewhere)
        assert answer.status_code == status, role
    # A session that has ended is not read as none.
    assert read(attacked, authorization="Bearer ended").status_code == 401


def test_a_reader_of_metrics_reads_nothing_else(attacked: AttackedNode) -> None:
    assert requests.get(f"{attacked.url}/api/v1/status", timeout=30).status_code == 401


class Nobody:
    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        raise Unauthorized("Nobody.")


@pytest.mark.anyio
async def test_addresses_tell_nothing_behind_a_proxy() -> None:
    here = RequestHead.of(path="/metrics", address="::1")
    assert await MetricsReaderOr(Nobody(), proxied=False).authenticate(here, 0) == METRICS_READER
    with pytest.raises(Unauthorized):
        await MetricsReaderOr(Nobody(), proxied=True).authenticate(here, 0)
    there = RequestHead.of(path="/metrics", address="192.0.2.7")
    with pytest.raises(Unauthorized):
        await MetricsReaderOr(Nobody(), proxied=False).authenticate(there, 0)


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.7", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_a_loopback_address_is_told_from_others(address: str, local: bool) -> None:
    assert is_loopback(address) == local


def test_the_description_says_how_one_says_who_one_is(attacked: AttackedNode) -> None:
    document = attacked.document()
    schemes = document["components"]["securitySchemes"]
    session, token = schemes["session"], schemes["token"]
    assert (session["type"], session["in"], session["name"]) == ("apiKey", "cookie", "detente")
    assert (token["type"], token["scheme"]) == ("http", "bearer")
    assert len(schemes) == 2
    # Both are good for the same thing, as it says.
    get = document["paths"]["/api/v1/status"]["get"]
    assert get["security"] == [{"session": ["node.read"]}, {"token": ["node.read"]}]
    for condition in ("fresh", "cookie"):
        headers = attacked.headers("root", condition)
        answer = requests.get(f"{attacked.url}/api/v1/status", headers=headers, timeout=30)
        assert answer.status_code == 200, condition
