"""What parties state about an agreement, and how it stands then."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.agreements import WITHIN, World, enrolled

from detente.agreement import (
    AgreementRefused,
    Standing,
    State,
    load_agreement,
    make_statement,
    read_statements,
    sign,
    standing,
)
from detente.record import chain_hash, read_payload

DAY = timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = enrolled(tmp_path)
    made.sign_all()
    return made


def stands(world: World, at: datetime = WITHIN) -> Standing:
    agreement = load_agreement(world.agreement)
    return standing(agreement, read_statements(world.agreement, agreement), now=at)


def state(world: World, party: str, kind: str, at: datetime, since: datetime | None = None) -> Path:
    return make_statement(
        world.agreement,
        load_agreement(world.agreement),
        party,
        kind,  # type: ignore[arg-type]
        world.officer(party),
        reason="An incident is being looked into.",
        since=since,
        now=at,
        random=lambda count: bytes(range(count)),
    )


def test_it_is_in_force_within_its_period_only(world: World) -> None:
    assert stands(world, datetime(2026, 11, 30, tzinfo=UTC)).state is State.NOT_YET
    assert stands(world, datetime(2026, 12, 1, tzinfo=UTC)).state is State.IN_FORCE
    assert stands(world, datetime(2027, 12, 1, tzinfo=UTC)).state is State.ENDED


def test_it_is_a_draft_until_everybody_has_signed(tmp_path: Path) -> None:
    world = enrolled(tmp_path)
    sign(world.agreement, world.officer("a"), "a")
    assert stands(world).state is State.DRAFT
    assert stands(world).unsigned == ("b",)
    with pytest.raises(AgreementRefused, match="not in force"):
        state(world, "a", "suspension", WITHIN)


def test_a_suspension_is_its_partys_alone(world: World) -> None:
    state(world, "b", "suspension", WITHIN)
    after = stands(world, WITHIN + DAY)
    assert after.state is State.SUSPENDED
    assert after.suspended["b"].since == WITHIN
    assert after.suspended["b"].holder == "nowak"
    assert after.binds("a")
    assert not after.binds("b")
    assert stands(world, WITHIN - DAY).state is State.IN_FORCE


def test_resuming_ends_it(world: World) -> None:
    state(world, "b", "suspension", WITHIN)
    state(world, "b", "resumption", WITHIN + DAY)
    assert stands(world, WITHIN + DAY / 2).state is State.SUSPENDED
    assert stands(world, WITHIN + 2 * DAY).state is State.IN_FORCE


def test_leaving_can_be_announced(world: World) -> None:
    state(world, "a", "withdrawal", WITHIN, since=WITHIN + 90 * DAY)
    before = stands(world, WITHIN + DAY)
    assert before.state is State.IN_FORCE
    assert [one.kind for one in before.announced] == ["withdrawal"]
    after = stands(world, WITHIN + 91 * DAY)
    assert after.state is State.ENDED
    assert set(after.left) == {"a"}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (None, "resumption"),
        ("suspension", "suspension"),
        ("withdrawal", "suspension"),
        ("withdrawal", "withdrawal"),
    ],
)
def test_statements_out_of_order_are_refused(world: World, first: str | None, then: str) -> None:
    if first:
        state(world, "a", first, WITHIN)
    with pytest.raises(AgreementRefused):
        state(world, "a", then, WITHIN + DAY)


def test_nobody_suspends_for_another(world: World) -> None:
    with pytest.raises(AgreementRefused, match="not signed by a key of party"):
        make_statement(
            world.agreement,
            load_agreement(world.agreement),
            "a",
            "suspension",
            world.officer("b"),
            reason="Theirs.",
            since=None,
            now=WITHIN,
            random=bytes,
        )
    assert not list((world.agreement / "statements").glob("*"))


def test_statements_are_envelopes_of_the_record_in_a_chain(world: World) -> None:
    state(world, "a", "suspension", WITHIN)
    state(world, "a", "resumption", WITHIN + DAY)
    one, two = read_statements(world.agreement, load_agreement(world.agreement))
    first, second = read_payload(one.envelope), read_payload(two.envelope)
    assert (first.seq, first.prev) == (1, None)
    assert (second.seq, second.prev) == (2, chain_hash(one.envelope))
    assert first.channel == second.channel == "standing"
    assert first.body == {
        "sha256": load_agreement(world.agreement).sha256,
        "reason": "An incident is being looked into.",
        "from": "2027-01-01T00:00:00.000000Z",
    }


def test_a_statement_that_was_taken_away_is_noticed(world: World) -> None:
    gone = state(world, "a", "suspension", WITHIN)
    state(world, "a", "resumption", WITHIN + DAY)
    gone.unlink()
    with pytest.raises(AgreementRefused, match="does not follow"):
        stands(world)


def test_a_changed_statement_is_noticed(world: World) -> None:
    path = state(world, "a", "suspension", WITHIN)
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"sig":"', b'"sig":"A', 1))
    with pytest.raises(AgreementRefused):
        stands(world)


def test_a_statement_about_another_text_changes_nothing_here(world: World, tmp_path: Path) -> None:
    state(world, "a", "suspension", WITHIN)
    world.change("test_calls_per_day = 2", "test_calls_per_day = 3")
    world.signatures.unlink()
    shutil.rmtree(tmp_path / "none", ignore_errors=True)
    world.sign_all()
    assert stands(world, WITHIN + DAY).state is State.IN_FORCE
