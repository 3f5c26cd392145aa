"""What stands beside the DSS proper: health, versions, pool status. The model leaves these out."""

from __future__ import annotations

import pytest
from tests.model.client import Uss, good, refused
from tests.model.driver import Driver

RID_READ = "dss.read.identification_service_areas"
RID_WRITE = "dss.write.identification_service_areas"
POOL_READ = "interuss.pool_status.read"
HEARTBEAT = "interuss.pool_status.heartbeat.write"
VERSIONS = "interuss.versioning.read_system_versions"


@pytest.mark.parametrize("path", ["/healthy", "/dss/v1/healthy"])
def test_health_needs_no_token(exchange: Driver, path: str) -> None:
    answer = exchange.call("GET", path, sub="", scopes=frozenset(), token="none")
    assert answer.status == 200


def test_the_version_needs_no_token_and_is_defined(exchange: Driver) -> None:
    path = "/aux/v1/version"
    body = good(exchange.call("GET", path, sub="", scopes=frozenset(), token="none"))
    assert body["version"]
    assert "undefined" not in body["version"]


@pytest.mark.parametrize("scope", [RID_READ, RID_WRITE])
def test_validate_oauth_compares_the_owner(exchange: Driver, scope: str) -> None:
    uss = Uss(exchange, "uss_a", [scope])
    path = "/aux/v1/validate_oauth"
    assert uss.call("GET", path).status == 200
    assert uss.call("GET", f"{path}?owner=uss_a").status == 200
    refused(uss.call("GET", f"{path}?owner=somebody_else"), 403)
    refused(uss.call("GET", path, token="none"), 401)
    refused(uss.only("utm.other").call("GET", path), 403)


def test_the_pool_can_be_read(exchange: Driver) -> None:
    uss = Uss(exchange, "uss_a", [POOL_READ])
    assert good(uss.call("GET", "/aux/v1/pool"))["dar_id"]
    listed = good(uss.call("GET", "/aux/v1/pool/dss_instances"))["dss_instances"]
    assert all(instance["id"] for instance in listed)
    for path in ("/aux/v1/pool", "/aux/v1/pool/dss_instances"):
        refused(uss.call("GET", path, token="none"), 401)
        refused(uss.only("utm.other").call("GET", path), 403)


def test_a_heartbeat_needs_a_source(exchange: Driver) -> None:
    uss = Uss(exchange, "uss_a", [HEARTBEAT, POOL_READ])
    path = "/aux/v1/pool/dss_instances/heartbeat"
    refused(uss.call("PUT", path), 400)
    body = good(uss.call("PUT", f"{path}?source=Operator"), 201)
    assert body["dss_instances"]
    refused(uss.only(POOL_READ).call("PUT", f"{path}?source=Operator"), 403)


@pytest.mark.parametrize("name", ["accepted_ca_certs", "ca_certs"])
def test_certificates_are_listed_or_not_applicable(exchange: Driver, name: str) -> None:
    path = f"/aux/v1/configuration/{name}"
    answer = exchange.call("GET", path, sub="", scopes=frozenset(), token="none")
    assert answer.status in (200, 501)


def test_a_systems_version_is_told_by_identity(exchange: Driver) -> None:
    uss = Uss(exchange, "uss_a", [VERSIONS])
    answer = uss.call("GET", "/versions/detente.exchange")
    assert answer.status in (200, 404)
    if answer.status == 200:
        assert answer.body["system_identity"] == "detente.exchange"
        assert answer.body["system_version"]
    refused(uss.call("GET", "/versions/nobody.knows.this.system"), 404)
    refused(uss.only("utm.other").call("GET", "/versions/detente.exchange"), 403)
