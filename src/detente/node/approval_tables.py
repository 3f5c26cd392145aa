"""Requests for a second person as a read model of the record. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Final, cast

from detente.record import (
    Entry,
    JsonValue,
    SqlRow,
    Statement,
    TableSet,
    canonical_json,
    format_time,
    parse_time,
)

from .approval_rules import Approval, Decision

REQUEST: Final = "approval-request"
DECISION: Final = "approval"

REQUEST_COLUMNS: Final = "id, kind, action, sha256, proposer, proposer_session, asked, expires"
DECISION_COLUMNS: Final = "request, decision, decider, decided, said"

_TABLES: Final = TableSet.from_sql(
    "approvals", files("detente.node").joinpath("sql/approvals.sql").read_text(encoding="utf-8")
)


class ApprovalProjection:
    """Keeps the tables `approvals_…` in step with the record: a `Projection`.

    A request's state is not stored: it follows from the decisions that are there, so that tables
    filled again after an erasure say the same.
    """

    @property
    def tables(self) -> TableSet:
        """What it fills."""
        return _TABLES

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """A row for each request and each decision of the party's own; others say nothing here."""
        payload = entry.payload
        if payload is None or payload.sender != party:
            return ()
        body = payload.body
        if payload.kind == REQUEST:
            return [
                Statement(
                    f"INSERT INTO approvals_requests ({REQUEST_COLUMNS}) "  # noqa: S608
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            str(payload.id),
                            _text(body, "kind"),
                            canonical_json(body.get("action")).decode(),
                            _text(body, "action_sha256"),
                            _text(body, "officer"),
                            _text(body, "session"),
                            format_time(payload.created),
                            _text(body, "expires"),
                        )
                    ],
                )
            ]
        if payload.kind == DECISION:
            return [
                Statement(
                    f"INSERT INTO approvals_decisions (id, position, {DECISION_COLUMNS}) "  # noqa: S608
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            str(payload.id),
                            entry.index,
                            _text(body, "of"),
                            _text(body, "decision"),
                            _text(body, "officer"),
                            format_time(payload.created),
                            _text(body, "text"),
                        )
                    ],
                )
            ]
        return ()

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """Its row goes."""
        payload = entry.payload
        if payload is None:
            return ()
        if payload.kind == REQUEST:
            return [Statement("DELETE FROM approvals_requests WHERE id = ?", [(str(payload.id),)])]
        if payload.kind == DECISION:
            return [Statement("DELETE FROM approvals_decisions WHERE id = ?", [(str(payload.id),)])]
        return ()


APPROVAL_PROJECTION: Final = ApprovalProjection()
"""For `PartyRecord.open(projections=…)`."""


def read_request(row: SqlRow) -> Approval:
    """A request from a row of `REQUEST_COLUMNS`, as if nothing had been decided."""
    identity, kind, action, sha256, proposer, session, asked, expires = map(str, row)
    return Approval(
        id=identity,
        kind=kind,
        action=cast("dict[str, JsonValue]", json.loads(action)),
        sha256=sha256,
        proposer=proposer,
        proposer_session=session,
        asked=parse_time(asked),
        expires=parse_time(expires),
        state="pending",
    )


def decided(approval: Approval, row: SqlRow) -> Approval:
    """A request after a decision, from a row of `DECISION_COLUMNS`, given in their order."""
    _, decision, decider, at, said = map(str, row)
    if decision == "used":
        return replace(approval, state="used")
    return replace(
        approval,
        state=cast(Decision, decision),
        decider=decider,
        decided=parse_time(at),
        text=said,
    )


def _text(body: dict[str, JsonValue], name: str) -> str:
    value = body.get(name, "")
    return value if isinstance(value, str) else ""
