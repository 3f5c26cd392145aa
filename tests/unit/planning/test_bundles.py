"""Bundles with entries of planning verify like any other: a verifier need not know their kinds."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.support import planned
from tests.support.evidence import ListRecord

from detente.evidence import Selection, words
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.planning import (
    ExchangeSeen,
    Flown,
    InputBody,
    Judged,
    NoticeBody,
    OwnConstraint,
    PlanningRules,
    at_text,
    drafts,
    entries,
)
from detente.planning.constraint_orders import CONSTRAINT_ORDER
from detente.planning.drafts import Made
from detente.planning.entry_forms import instant_of
from detente.verify import Options, verify_bundle
from detente.words import Words

pytestmark = pytest.mark.anyio


def one_of_each() -> list[Made]:
    """A draft of every kind that a node makes when it plans; two of them with files."""
    ours = planned.intent()
    theirs = planned.neighbour(volumes=[planned.circle()] * 10)
    at = at_text(planned.NOW_US)
    seen = ExchangeSeen(
        "https://uss.b.example/x", "GET", "Client", planned.NOW_US,
        request_body=b"q" * 30_000, response_body=Random(1).randbytes(60_000),
    )  # fmt: skip
    judged = Judged(
        planned.NOW_US, uss.VehicleTelemetry(wire.Time(instant_of(planned.NOW_US))), None
    )
    notice = NoticeBody("SCD0090", ours.id, Words("met", "rencontre"), at, at)
    given = InputBody("OPIN0040", ours.id, "over", at, "nowak")
    constraint = OwnConstraint("c", "office", (), uss.ConstraintDetails([]))
    identity = planned.entry_id
    return [
        drafts.pending_draft(planned.order(ours), ["main"], identity=identity()),
        drafts.intent_draft(ours, attempt="x", identity=identity()),
        drafts.attempt_draft(planned.refused(ours, theirs), PlanningRules(), identity=identity()),
        drafts.exchange_draft(seen, identity=identity()),
        drafts.notice_draft(notice, identity=identity()),
        drafts.input_draft(given, identity=identity()),
        drafts.positions_draft(ours.id, [judged], Flown(), identity=identity()),
        drafts.constraint_draft(constraint, identity=identity()),
    ]


@pytest.mark.parametrize("kinds", [frozenset(), frozenset(entries.KINDS)], ids=["all", "chosen"])
async def test_bundles_with_entries_of_planning_verify(
    tmp_path: Path, kinds: frozenset[str]
) -> None:
    record = ListRecord()
    made = one_of_each()
    assert {each.draft.kind for each in made} == set(entries.KINDS)
    assert {each.draft.kind for each in made if each.files} == {entries.ATTEMPT, entries.EXCHANGE}
    for each in made:
        for data in each.files:
            record.blob(data)
        await record.append([(each.draft, None)])
    selection = Selection(kinds=kinds) if kinds else None
    await record.export(tmp_path / "x.zip", selection=selection)
    report = verify_bundle(tmp_path / "x.zip", Options(accept="single"))
    assert report.proven, report.findings
    kinds_shown = {item.kind for item in report.items}
    assert kinds_shown >= set(entries.KINDS)


def test_every_kind_is_documented_and_has_words() -> None:
    page = (Path(__file__).parents[3] / "docs" / "record.md").read_text(encoding="utf-8")
    for kind in (*entries.KINDS, CONSTRAINT_ORDER):
        assert f"| `{kind}` |" in page
        assert kind in words.KINDS
    for kind in entries.KINDS:
        for member in _members(kind):
            assert f"`{member}`" in page, (kind, member)


def _members(kind: str) -> set[str]:
    return {name for each in one_of_each() if each.draft.kind == kind for name in each.draft.body}
