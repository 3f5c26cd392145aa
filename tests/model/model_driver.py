"""The model behind the driver protocol: a DSS for testing the tests, and the tests of the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random

from tests.model.driver import REFUSED_TOKENS, Answer, DssOptions, Json, TokenKind
from tests.model.dss_model import DssModel
from tests.model.templates import render

MAX_BODY_BYTES = 4 * 1024 * 1024


class ModelDriver:
    """Answers from the model, blanks filled from a seed."""

    def __init__(self, options: DssOptions | None = None, seed: int = 0) -> None:
        self.model = DssModel(options)
        self._random = Random(seed)
        self._now_us = 0

    def set_now(self, us: int) -> None:
        self._now_us = us

    def call(
        self,
        method: str,
        path: str,
        *,
        sub: str,
        scopes: frozenset[str],
        body: Json | bytes = None,
        token: TokenKind = "valid",
    ) -> Answer:
        if token in REFUSED_TOKENS:
            return Answer(401, {"message": "refused"})
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if len(raw) > MAX_BODY_BYTES:
            return Answer(413, {"message": "refused: body"})
        try:
            value = json.loads(raw.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            value = "unreadable"  # no rule accepts a string for a body
        expected = self.model.handle(method, path, scopes, sub, value, self._now_us)
        if expected.status < 400:
            return Answer(expected.status, render(expected.body, self._random))
        lists = render(expected.body, self._random)
        extra = lists if isinstance(lists, Mapping) else {}
        return Answer(expected.status, {"message": f"refused: {expected.rule}", **extra})


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
