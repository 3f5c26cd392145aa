"""Requests made from the API's own description, against a real instance: no fault, no surprise."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.instance import SCOPES, believing, environment, uuid4_of
from tests.support.program import bearer

from detente.cli.reference import api_pages

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MORE_SCOPES = (
    "interuss.versioning.read_system_versions",
    "interuss.pool_status.heartbeat.write",
    "rid.service_provider",
    "rid.display_provider",
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("schemathesis")]

few = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=list(HealthCheck),
)


def published() -> dict[str, Any]:
    """The description that an instance publishes at /openapi.json."""
    [document] = [text for name, text in api_pages() if name.endswith("exchange.openapi.json")]
    described: dict[str, Any] = json.loads(document)
    return described


def narrowed() -> dict[str, Any]:
    """The same with values that make sense, few of them: most requests get past the first look."""
    document = published()
    schemas = document["components"]["schemas"]
    # Only what is asked is narrowed, not what is answered.
    for name, schema in copy.deepcopy(schemas).items():
        schemas[f"Asked{name}"] = _asking(schema)
    ids = [uuid4_of(number) for number in range(3)]
    now_s = int(time.time())
    instants = [
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s + hours * 3600))
        for hours in (-1, 0, 1, 2, 30)
    ]

    def put(schema: str, member: str, *values: object) -> None:
        members = schemas[f"Asked{schema}"]["properties"]
        assert member in members, (schema, member)
        members[member] = {"enum": list(values)}

    put("Time", "value", *instants)
    put("LatLngPoint", "lat", 46.0, 46.01, 46.02, -90)
    put("LatLngPoint", "lng", 7.0, 7.01, 7.02, 179.99, -180)
    put("Radius", "value", 1, 100, 1000)
    put("Altitude", "value", 0, 100.5, 200)
    intent = "PutOperationalIntentReferenceParameters"
    put(intent, "state", "Accepted", "Activated", "Nonconforming", "Contingent")
    put(intent, "subscription_id", *ids, None, "")
    put(intent, "requested_ovn_suffix", None, uuid4_of(9))
    put("SetUssAvailabilityStatusParameters", "availability", "Normal", "Down", "Unknown")
    for schema in (
        intent,
        "PutConstraintReferenceParameters",
        "PutSubscriptionParameters",
        "ImplicitSubscriptionParameters",
    ):
        put(schema, "uss_base_url", "https://uss.example", "https://other.example/base")
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["requestBody"] = _asking(operation["requestBody"])
            for parameter in operation.get("parameters", []):
                if parameter["name"] in ("entityid", "subscriptionid"):
                    parameter["schema"] = {"enum": ids}
    return document


def _asking(value: Any) -> Any:
    """Refer to the narrowed schemas."""
    text = json.dumps(value)
    return json.loads(text.replace("#/components/schemas/", "#/components/schemas/Asked"))


class Server:
    """A real instance, for as long as a module of tests needs it."""

    def __init__(self, directory: Path) -> None:
        arguments = ["--port", "0", "--data", str(directory / "data"), *believing(directory)]
        self.log = directory / "exchange.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "detente", "exchange", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
            )
        assert self._process.stdout is not None
        self.url = str(json.loads(self._process.stdout.readline())["url"])

    def stop(self) -> int:
        self._process.terminate()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self._process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("exchange"))
    try:
        yield started
    finally:
        code = started.stop()
    assert code == 0
    # What went wrong inside would also be here.
    assert '"level":"error"' not in started.log.read_text()


AnyCase: TypeAlias = Case[Any]
ALL_SCOPES = (*SCOPES, *MORE_SCOPES)


def cases(
    document: dict[str, Any], mode: GenerationMode = GenerationMode.POSITIVE
) -> list[SearchStrategy[AnyCase]]:
    """Requests to each operation of a description."""
    found = schemathesis.openapi.from_dict(document).get_all_operations()
    operations = [result.ok() for result in found if isinstance(result, Ok)]
    return [
        operation.as_strategy(generation_mode=mode)
        for operation in operations
        # Where nothing is said, nothing can be said wrongly.
        if mode is GenerationMode.POSITIVE
        or operation.definition.raw.keys() & {"parameters", "requestBody"}
    ]


class Client:
    """Sends cases to an instance and holds the answers against the description."""

    def __init__(self, server: Server, *scopes: str) -> None:
        self._url = server.url
        self._headers = {"authorization": bearer(scopes=scopes)}
        self._session = requests.Session()
        self._session.trust_env = False
        self.seen: Counter[int] = Counter()

    def send(self, case: AnyCase) -> Response:
        answer = case.call_and_validate(
            base_url=self._url, headers=self._headers, session=self._session, checks=CHECKS
        )
        self.seen[answer.status_code] += 1
        return answer

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_anything_is_answered_as_described(server: Server, mode: GenerationMode) -> None:
    with Client(server, *ALL_SCOPES) as client:
        for strategy in cases(published(), mode):

            @few
            @given(strategy)
            def try_one(case: AnyCase) -> None:
                client.send(case)

            try_one()
    assert client.seen[400] > 100


def test_what_makes_sense_is_answered_as_described(server: Server) -> None:
    versions: dict[str, str] = {}

    def remember(found: Any) -> None:
        """The newest OVN or version of each entity that an answer shows."""
        if isinstance(found, list):
            for value in found:
                remember(value)
        elif isinstance(found, dict):
            version = found.get("ovn") or found.get("version")
            if "id" in found and isinstance(version, str) and version != "Available from USS":
                versions[found["id"]] = version
            for value in found.values():
                remember(value)

    with Client(server, *ALL_SCOPES) as client:

        @settings(few, max_examples=600)
        @given(st.one_of(cases(narrowed())), st.integers(0, 3))
        def try_one(case: AnyCase, luck: int) -> None:
            entity = case.path_parameters.get("entityid") or case.path_parameters.get(
                "subscriptionid"
            )
            for name in ("ovn", "version"):
                if luck and name in case.path_parameters and entity in versions:
                    case.path_parameters[name] = versions[entity]
            answer = client.send(case)
            if answer.status_code in (200, 201) and answer.content[:1] == b"{":
                remember(answer.json())

        try_one()
    # It has got somewhere: every kind of answer was met. How often is luck.
    assert {200, 201, 404, 409} <= set(client.seen)


def test_a_client_without_scopes_gets_nowhere(server: Server) -> None:
    with Client(server, "none") as client:
        for strategy in cases(narrowed()):

            @settings(few, max_examples=3)
            @given(strategy)
            def try_one(case: AnyCase) -> None:
                answer = client.send(case)
                public = not case.operation.definition.raw.get("security")
                assert (answer.status_code == 403) != public

            try_one()
    assert set(client.seen) == {200, 403}
