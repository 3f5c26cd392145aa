"""What planning records can be read again, whole; large members stand in files beside entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest
from tests.support import planned
from tests.support.recording import recording

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_on_wire
from detente.geo import Polygon, Volume4D
from detente.planning import (
    PLAN_PROJECTION,
    Details,
    DetailsWriter,
    ExchangeSeen,
    MessageSignature,
    OwnConstraint,
    PlanningRules,
    details_of,
    details_on_wire,
    drafts,
    entries,
    headers_of,
    kept,
    log_set_of,
)
from detente.planning.kept import packed
from detente.record import Entry, JsonValue, PartyRecord, Payload
from detente.words import Words

pytestmark = pytest.mark.anyio


def many(count: int) -> Volume4D:
    """A polygon of so many vertices."""
    north = tuple((46.3, 6.0 + 0.5 * at / count) for at in range(count // 2))
    south = tuple((46.2, 6.5 - 0.5 * at / count) for at in range(count - count // 2))
    first = planned.square()
    return Volume4D(Polygon(north + south), 500.0, 600.0, first.time_start_us, first.time_end_us)


DETAILS = wire.OperationalIntentDetails


def is_file(value: JsonValue) -> bool:
    """Whether a member stands in a file."""
    return isinstance(value, Mapping) and set(value) == {"blob"}


async def found(record: PartyRecord, identity: str) -> tuple[Entry, Payload]:
    entry = await record.by_id(identity)
    assert entry is not None
    assert entry.payload is not None
    return entry, entry.payload


@pytest.mark.parametrize("vertices", [4, 9_000])
async def test_an_attempt_is_read_as_it_was(tmp_path: Path, vertices: int) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent(volumes=[many(vertices)])
        theirs = planned.neighbour(volumes=[many(vertices)], source="x", signed_by="b/node")
        unknown = planned.neighbour(known=False)
        outcome = planned.accepted(ours, theirs, unknown)
        rules = PlanningRules(frozenset({3}), 20, 500, 2)
        pending = await node.recorder.pending(outcome.order, ["main"])
        assert node.book.pending[pending].order.details == ours.details
        settled = await node.recorder.settled(pending, outcome, rules)

        _, payload = await found(node.record, settled.attempt_id)
        told = entries.attempt_told(payload, node.record.blobs.read)
        assert told.rules == rules
        assert told.pending == pending
        assert told.accepted == settled.intent_entry_id
        assert told.outcome == replace(outcome, intent=None)
        assert [str(ref.id) for ref in payload.refs] == [pending]
        assert bool(payload.blobs) == (vertices > 100)
        assert node.book.intents == {ours.id: ours}
        assert not node.book.pending
        assert await node.record.verify() == []


async def test_what_was_recorded_before_plans_named_aircraft_is_read(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        settled = await node.recorder.settled(None, planned.accepted(ours))
        assert settled.intent_entry_id is not None
        _, payload = await found(node.record, settled.intent_entry_id)
        assert entries.intent_told(payload, node.record.blobs.read)[0] == ours
        body = {name: each for name, each in payload.body.items() if name != "aircraft"}
        old, _ = entries.intent_told(replace(payload, body=body), node.record.blobs.read)
        assert old == replace(ours, aircraft="")


async def test_details_are_kept_once_for_all_attempts_that_look_at_them(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        near = planned.neighbour(volumes=[many(60)])
        attempts = []
        for _ in range(2):
            # The second time as after a restart: equal, not the same object.
            seen = replace(near, details=replace(near.details or planned.intent().details))
            outcome = planned.refused(planned.intent(), seen)
            settled = await node.recorder.settled(None, outcome)
            entry, payload = await found(node.record, settled.attempt_id)
            assert entries.attempt_told(payload, node.record.blobs.read).outcome == outcome
            attempts.append(entry)
        files = [each.payload.blobs for each in attempts if each.payload is not None]
        assert len(files[0]) == 1
        assert files[0] == files[1]
        name = files[0][0].sha256.hex()
        assert details_of(msgspec.json.decode(node.record.blobs.read(name), type=DETAILS)) == (
            near.details
        )
        # As long as one of them names it, it stays.
        await node.record.erase(attempts[0].index, "on request")
        assert node.record.blobs.size(name) is not None
        assert await node.record.verify() == []
        await node.record.erase(attempts[1].index, "on request")
        assert node.record.blobs.size(name) is None
        # What is looked at again later is written again.
        again = await node.recorder.settled(None, planned.accepted(planned.intent(), near))
        _, payload = await found(node.record, again.attempt_id)
        assert entries.attempt_told(payload, node.record.blobs.read).outcome.neighbours == (near,)


async def test_details_of_very_many_stand_in_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "DETAILS_FILES_MAX", 3)
    monkeypatch.setattr(drafts, "INLINE_BYTES_MAX", 100)
    around = [planned.neighbour(volumes=[many(60 + at)]) for at in range(4)]
    async with recording(tmp_path) as node:
        for count in (3, 4):
            outcome = planned.accepted(planned.intent(), *around[:count])
            settled = await node.recorder.settled(None, outcome)
            _, payload = await found(node.record, settled.attempt_id)
            heavy = {name for name, value in payload.body.items() if is_file(value)}
            assert heavy == {"neighbours", "order", "conflicts", "notices"}
            distinct = 3  # conflicts and notices are both empty
            assert len(payload.blobs) == distinct + (count if count == 3 else 0)
            told = entries.attempt_told(payload, node.record.blobs.read)
            assert told.outcome.neighbours == outcome.neighbours


async def test_whose_details_are_in_a_file_is_not_missing(tmp_path: Path) -> None:
    near, unknown = planned.neighbour(volumes=[many(60)]), planned.neighbour(known=False)
    ours = planned.intent()
    outcome = replace(planned.refused(ours, near), neighbours=(near, unknown))
    async with recording(tmp_path) as node:
        settled = await node.recorder.settled(None, outcome)
        _, payload = await found(node.record, settled.attempt_id)
        # Files are not even read for it.
        [told] = log_set_of([payload], _nothing).planning_attempts or []
        assert told.missing_operational_intents == [unknown.reference]


def _nothing(sha256: str) -> bytes:
    raise AssertionError(f"nobody asks for {sha256}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("e30=", "not packed", id="plain"),
        pytest.param("%", "base64|alphabet|padding", id="no base64"),
        pytest.param(packed(b"{}" * 900)[:-12], "cut off", id="cut off"),
        pytest.param(packed(b"1" * 5000), "too long", id="too long"),
    ],
)
async def test_what_is_packed_otherwise_is_refused(
    text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "UNPACKED_BYTES_MAX", 4000)
    with pytest.raises(ValueError, match=why):
        kept.unpacked(text)


async def test_an_entry_in_another_form_is_refused_clearly(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        near = planned.neighbour(volumes=[many(60)])
        settled = await node.recorder.settled(None, planned.accepted(planned.intent(), near))
        _, payload = await found(node.record, settled.attempt_id)
        bare = {**payload.body, "neighbours": [{"details": []}]}
        with pytest.raises(ValueError, match="it is no planning-attempt"):
            entries.attempt_told(replace(payload, body=bare), node.record.blobs.read)
        with pytest.raises(ValueError, match="holds no details"):
            entries.attempt_told(payload, lambda _: b"[]")


def test_details_are_written_once_while_they_are_remembered() -> None:
    first, second = (Details((many(60 + at),), (), 0) for at in range(2))
    length = len(DetailsWriter().write(first).data)
    writer = DetailsWriter(bytes_max=length + 100)
    told = writer.write(first)
    assert writer.write(first) is told
    assert writer.write(second) == DetailsWriter().write(second)
    assert writer.write(first) is not told
    assert writer.write(first) == told


async def test_a_refusal_leaves_the_book_alone(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours, theirs = planned.intent(), planned.neighbour()
        outcome = planned.refused(ours, theirs)
        settled = await node.recorder.settled(None, outcome)
        assert settled.intent_entry_id is None
        assert not node.book.intents
        _, payload = await found(node.record, settled.attempt_id)
        assert payload.body["rule"] == "SCD0035"
        told = entries.attempt_told(payload, node.record.blobs.read)
        assert told.outcome == outcome


async def test_a_failure_that_changed_how_an_intent_stands_is_stated(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        await node.recorder.settled(None, planned.accepted(ours))
        undone = planned.after(ours)
        settled = await node.recorder.settled(
            None, planned.refused(ours, planned.neighbour(), before=undone)
        )
        assert settled.intent_entry_id is not None
        assert node.book.intents[ours.id] == undone


async def test_an_order_stays_open_while_nobody_knows_what_became_of_it(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        pending = await node.recorder.pending(planned.order(ours), ["main"])
        unsure = replace(planned.accepted(ours), intent=None, unsettled=("main",))
        await node.recorder.settled(pending, unsure)
        assert set(node.book.pending) == {pending}
    async with recording(tmp_path, again=True) as node:
        assert set(node.book.pending) == {pending}
        await node.recorder.settled(pending, planned.accepted(ours))
        assert not node.book.pending
        assert set(node.book.intents) == {ours.id}


async def test_what_differs_without_a_higher_version_gets_one(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        await node.recorder.settled(None, planned.accepted(ours))
        other = replace(ours, filed=planned.intent(ours.id, ovn="other-0123456789abcdef").filed)
        await node.recorder.settled(None, planned.accepted(other))
        assert node.book.intents[ours.id] == replace(other, version=2)
        again = await node.recorder.settled(None, planned.accepted(replace(other, version=2)))
        assert again.intent_entry_id is None


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        pytest.param(b'{"small": true}', "response_body", id="as it is"),
        pytest.param(b'{"large": "' + b"x" * 60_000 + b'"}', "response_gzip", id="packed"),
        pytest.param(Random(1).randbytes(90_000), "response_blob", id="in a file"),
    ],
)
async def test_exchanges_are_kept_in_the_standards_form_without_tokens(
    tmp_path: Path, answer: bytes, how: str
) -> None:
    async with recording(tmp_path) as node:
        identity = planned.intent().id
        token = "e30.eyJzdWIiOiJiIiwic2NvcGUiOiJ1dG0uc3RyYXRlZ2ljX2Nvb3JkaW5hdGlvbiJ9.c2ln"
        headers = headers_of({"Authorization": f"Bearer {token}", "Cookie": "secret", "x-a": "1"})
        seen = ExchangeSeen(
            f"https://uss.b.example/uss/v1/operational_intents/{identity.upper()}",
            "GET",
            "Client",
            planned.NOW_US,
            planned.NOW_US + 1234,
            headers,
            b"",
            200,
            answer,
            party="b",
            signature=MessageSignature("b/node", "in", "sig", "digest"),
        )
        chosen = node.recorder.exchange(seen)
        await node.recorder.flush()
        entry, payload = await found(node.record, chosen)
        assert entry.envelope is not None
        assert b"c2ln" not in entry.envelope.payload
        assert b"secret" not in entry.envelope.payload
        assert len(payload.blobs) == (how == "response_blob")
        exchange = payload.body["exchange"]
        assert isinstance(exchange, dict)
        said = {name for name, value in {**exchange, **payload.body}.items() if value}
        assert {each for each in said if each.startswith("response_")} == {
            *("response_code", "response_time", how)
        }
        told, party = entries.exchange_told(payload, node.record.blobs.read)
        assert told == seen.on_wire()
        assert party == "b"
        assert told.headers == [
            'authorization: claims {"scope":"utm.strategic_coordination","sub":"b"}',
            "cookie: (left out)",
            "x-a: 1",
        ]
        assert entries.signature_told(payload) == seen.signature
        assert await node.record.query("SELECT entity FROM plans_about") == [(identity,)]


async def test_what_another_party_states_by_these_names_counts_for_nothing(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        settled = await node.recorder.settled(None, planned.accepted(planned.intent()))
        entry, _ = await found(node.record, settled.attempt_id)
        assert PLAN_PROJECTION.apply(entry, "a")
        assert not PLAN_PROJECTION.apply(entry, "b")


async def test_a_start_finds_what_still_counts_and_nothing_else(tmp_path: Path) -> None:
    kept, over = planned.intent(), planned.intent()
    later = planned.after(kept)
    async with recording(tmp_path) as node:
        await node.recorder.settled(None, planned.accepted(kept))
        await node.recorder.settled(None, planned.accepted(over))
        await node.recorder.settled(None, planned.accepted(planned.after(over, ended=True)))
        await node.recorder.settled(None, planned.accepted(later))
        open_order = planned.order(planned.intent())
        pending = await node.recorder.pending(open_order, ["main", "other"])
    async with recording(tmp_path, again=True) as node:
        assert node.book.intents == {kept.id: later}
        assert not node.book.ended
        assert set(node.book.pending) == {pending}
        told = node.book.pending[pending]
        assert (told.order, told.exchanges) == (open_order, ("main", "other"))
        settled = await node.recorder.settled(pending, planned.accepted(planned.intent()))
        _, payload = await found(node.record, settled.attempt_id)
        assert [str(ref.id) for ref in payload.refs] == [pending]
        assert not node.book.pending


async def test_the_tables_filled_again_are_the_same(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours = planned.intent()
        await node.recorder.settled(None, planned.accepted(ours, planned.neighbour()))
        told = Words("met", "rencontre")
        await node.recorder.operator_notice("SCD0090", ours.id, told, planned.NOW_US)
        await node.recorder.operator_input("OPIN0040", ours.id, "over", planned.NOW_US, "nowak")
        node.recorder.exchange(
            ExchangeSeen(f"https://x.example/{ours.id}", "GET", "Server", planned.NOW_US)
        )
        await node.recorder.flush()
        rebuilt = await node.record.rebuild(PLAN_PROJECTION)
        assert rebuilt.differing == 0
        assert sum(rebuilt.rows.values()) == 6


async def test_an_erased_attempt_is_in_no_table(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        settled = await node.recorder.settled(None, planned.accepted(planned.intent()))
        entry, _ = await found(node.record, settled.attempt_id)
        await node.record.erase(entry.index, "on request")
        assert await node.record.query("SELECT id FROM plans_attempts") == []
        assert (await node.record.rebuild(PLAN_PROJECTION)).differing == 0


async def test_details_keep_every_bit() -> None:
    details = Details((planned.square(46.123456789012345, 6.1),), (planned.circle(),), 7)
    assert details_of(details_on_wire(details)) == details


async def test_a_constraint_is_read_as_it_was(tmp_path: Path) -> None:
    reference = planned.reference("00000000-0000-4000-8000-00000000000c")
    told = msgspec.convert(msgspec.to_builtins(reference), wire.ConstraintReference)
    made = OwnConstraint(
        told.id,
        "Civil Aviation Office",
        (("main", told),),
        uss.ConstraintDetails([volume_on_wire(planned.circle())], "closed"),
    )
    async with recording(tmp_path) as node:
        await node.recorder.constraint(made)
        assert node.book.constraints == {made.id: made}
    async with recording(tmp_path, again=True) as node:
        assert node.book.constraints == {made.id: made}
