"""What exactly decided an order is told from the record alone, in both languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from tests.support import planned
from tests.support.recording import Recording, recording

from detente.http import NotFound
from detente.node.uss.whys import why_of
from detente.planning import (
    Action,
    ExchangeSeen,
    MessageSignature,
    Neighbour,
    PlanningRules,
    Result,
)
from detente.planning.faults import no_exchange

pytestmark = pytest.mark.anyio


async def told_by(node: Recording, of: Neighbour, *, signed: bool) -> Neighbour:
    """The same, with the message that told it on record."""
    key = "b.example/node"
    seen = ExchangeSeen(
        f"{of.reference.uss_base_url}/uss/v1/operational_intents/{of.id}",
        "GET",
        "Client",
        planned.NOW_US,
        planned.NOW_US + 900,
        response_code=200,
        response_body=b"{}",
        party=of.reference.manager,
        signature=MessageSignature(key, "input", "signature", "digest") if signed else None,
    )
    source = node.recorder.exchange(seen)
    return replace(of, source=source, signed_by=key if signed else "")


@pytest.mark.parametrize("signed", [True, False])
async def test_a_refusal_names_rule_geometry_and_what_the_other_has_signed(
    tmp_path: Path, signed: bool
) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        theirs = await told_by(node, planned.neighbour(), signed=signed)
        rules = PlanningRules(frozenset({7}))
        settled = await node.recorder.settled(None, planned.refused(ours, theirs), rules)
        found = await why_of(node.record, node.recorder, ours.id)

        assert (found.result, found.rule, found.action) == ("refused", "SCD0035", "plan")
        assert found.rules is not None
        assert found.rules.same_priority_allowed == [7]
        assert (found.inputs.volumes, found.inputs.vertices) == (1, 4)
        assert found.attempt.id == settled.attempt_id
        entry = await node.record.entry(found.attempt.index)
        assert entry.payload is not None
        assert entry.payload.sha256.hex() == found.attempt.sha256

        (met,) = found.conflicts
        assert (met.with_id, met.rule, met.allowed) == (theirs.id, "SCD0035", False)
        assert met.source is not None
        message = await node.record.entry(met.source.entry.index)
        assert message.payload is not None
        assert message.payload.sha256.hex() == met.source.entry.sha256
        assert (met.source.signature is not None) == signed

        shared, mine, other = found.geometry["features"]
        roles = [each["properties"]["role"] for each in (shared, mine, other)]
        assert roles == ["shared", "ours", "theirs"]
        pieces = [shapely.geometry.shape(each["geometry"]) for each in (shared, mine, other)]
        assert all(each.is_valid and each.exterior.is_ccw for each in pieces)
        assert pieces[0].within(pieces[1].buffer(1e-7))
        assert pieces[0].within(pieces[2].buffer(1e-7))

        for text, word, by in ((found.text.en, "Refused", "signed by"),
                               (found.text.fr, "Refusée", "signé par")):  # fmt: skip
            assert text.startswith(word)
            assert all(part in text for part in ("SCD0035", theirs.id, met.source.entry.sha256))
            assert (f"{by} b.example/node" in text) == signed
        assert await node.record.verify() == []


async def test_an_acceptance_tells_who_was_considered_and_how_near(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        beside = planned.neighbour(volumes=[planned.circle(46.205, 6.93, 300.0)])
        above = planned.neighbour(
            volumes=[planned.square(lower_m=700.0, upper_m=800.0)], signed_by=""
        )
        unknown = planned.neighbour(known=False)
        outcome = planned.accepted(ours, beside, above, unknown)
        settled = await node.recorder.settled(None, outcome)
        found = await why_of(node.record, node.recorder, settled.attempt_id)
        assert (found.result, found.rule) == ("done", "")
        assert found.accepted is not None
        assert found.accepted.id == settled.intent_entry_id
        gaps = {each.id: each.nearest for each in found.considered}
        side, height = gaps[beside.id], gaps[above.id]
        assert side is not None
        assert side.horizontal_m == pytest.approx(1242, abs=60)
        assert height is not None
        assert height.vertical_m == pytest.approx(100.0)
        assert gaps[unknown.id] is None
        assert "it did not answer" in found.text.en
        assert "il n’a pas répondu" in found.text.fr
        assert found.decided.en.startswith("Accepted: it meets none of 3 other intents")
        assert found.geometry["features"] == []


async def test_a_fault_and_an_end_are_told_too(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        refused = replace(
            planned.accepted(ours), result=Result.REFUSED, intent=None, faults=(no_exchange(),)
        )
        await node.recorder.settled(None, refused)
        found = await why_of(node.record, node.recorder, ours.id)
        assert found.rule == "USS0005"
        assert found.decided.en.startswith("Refused (USS0005): No exchange")
        await node.recorder.settled(None, planned.accepted(ours))
        over = planned.accepted(planned.after(ours, ended=True), action=Action.END, before=ours)
        await node.recorder.settled(None, over)
        found = await why_of(node.record, node.recorder, ours.id)
        # Who is near was not asked, and must not be said to be known.
        assert found.decided.en == (
            "Ended: an end is in nobody's way, so that nobody else counted."
        )
        assert found.decided.fr.startswith("Terminée\u202f: une fin ne gêne personne")
        assert found.inputs.before == 1


async def test_each_attempt_at_an_intent_can_be_asked_for(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        first = await node.recorder.settled(None, planned.refused(ours, planned.neighbour()))
        await node.recorder.settled(None, planned.accepted(ours))
        assert (await why_of(node.record, node.recorder, ours.id)).result == "done"
        earlier = await why_of(node.record, node.recorder, ours.id, first.attempt_id)
        assert earlier.result == "refused"
        with pytest.raises(NotFound):
            await why_of(node.record, node.recorder, planned.intent().id)
        with pytest.raises(NotFound):
            await why_of(node.record, node.recorder, ours.id, "another")
