"""Error reports: filed, named, sent back."""

from __future__ import annotations

from typing import Any

import pytest
from tests.model.client import Uss, good, refused
from tests.model.driver import Json
from tests.model.wire import NOW_US, time

EXCHANGE: dict[str, Any] = {
    "url": "https://uss-b.example/uss/v1/operational_intents/x",
    "method": "GET",
    "recorder_role": "Client",
    "request_time": time(NOW_US - 5),
}
FULL = EXCHANGE | {
    "headers": ["accept: application/json"],
    "request_body": "e30=",
    "response_time": time(NOW_US - 1),
    "response_body": "W10=",
    "response_code": 500,
    "problem": "no answer that could be read: été",
}


@pytest.mark.parametrize("exchange", [EXCHANGE, FULL, FULL | {"recorder_role": "Server"}])
def test_a_report_comes_back_with_a_new_id(uss_a: Uss, exchange: Json) -> None:
    ids = set()
    for sent in ({"exchange": exchange}, {"exchange": exchange, "report_id": None}):
        answer = good(uss_a.report(sent), 201)
        assert 0 < len(answer["report_id"]) <= 128
        assert {name: answer["exchange"][name] for name in exchange} == exchange
        ids.add(answer["report_id"])
    assert len(ids) == 2


BAD: list[Json] = [
    None,
    {},
    {"exchange": None},
    {"exchange": []},
    {"exchange": {}},
    *({"exchange": {k: v for k, v in EXCHANGE.items() if k != name}} for name in EXCHANGE),
    {"exchange": EXCHANGE | {"recorder_role": "Bystander"}},
    {"exchange": EXCHANGE | {"request_time": {"value": "yesterday", "format": "RFC3339"}}},
    {"exchange": EXCHANGE | {"headers": "accept"}},
    {"exchange": EXCHANGE | {"response_code": "200"}},
    {"exchange": EXCHANGE | {"url": 7}},
]


@pytest.mark.parametrize("body", BAD)
def test_malformed_reports_are_400(uss_a: Uss, body: Json) -> None:
    refused(uss_a.report(body), 400)
