"""Attempts, errand by errand, against the model of an exchange."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from tests.support.attempts import NOW_US, Planner, Sky, at, change, new_id, plan

from detente.f3548 import scopes, volume_on_wire
from detente.f3548 import types as wire
from detente.planning import (
    Action,
    Answer,
    Conflicted,
    DeleteIntent,
    Errand,
    FetchIntent,
    GetIntent,
    Intent,
    NoAnswer,
    Order,
    Outcome,
    PutIntent,
    QueryIntents,
    Refused,
    Result,
    State,
    subscribers,
    survey,
)


def kinds(sky: Sky) -> list[str]:
    return [type(each).__name__ for each in sky.asked]


def puts(sky: Sky) -> list[tuple[str, str]]:
    return [(e.exchange, e.parameters.state) for e in sky.asked if isinstance(e, PutIntent)]


def filed(sky: Sky, name: str, order: Order) -> Intent:
    outcome = sky.run(name, order)
    assert outcome.result is Result.DONE, outcome.faults
    assert outcome.intent is not None
    sky.asked.clear()
    return outcome.intent


def codes(outcome: Outcome) -> list[str]:
    return [fault.code for fault in outcome.faults]


# -- one exchange ----------------------------------------------------------------------------------


def test_a_plan_asks_then_puts_and_says_whom_to_tell() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(-2), at(2, 1)))
    outcome = sky.run("a", plan(1, at(0)))
    assert kinds(sky) == ["QueryIntents", "FetchIntent", "PutIntent"]
    put = sky.asked[-1]
    assert isinstance(put, PutIntent)
    assert put.parameters.key == [sky.dss["west"].intents[new_id(2)].ovn]
    assert put.scope == scopes.STRATEGIC_COORDINATION
    assert put.parameters.new_subscription is not None
    assert outcome.result is Result.DONE
    assert outcome.intent is not None
    assert outcome.intent.version == 1
    assert outcome.rounds == 1
    (notice,) = outcome.notices
    assert notice.uss_base_url == "https://b.example/west"
    assert not notice.ended
    assert notice.due_us == outcome.ended_us + 5_000_000


def test_a_refused_plan_touches_nothing() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(0)))
    outcome = sky.run("a", plan(1, at(0)))
    assert outcome.result is Result.REFUSED
    assert [each.rule for each in outcome.refusing] == ["SCD0035"]
    assert outcome.intent is None
    assert outcome.notices == ()
    assert puts(sky) == []


def test_what_was_told_by_notice_is_not_asked_for() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(-2), at(2, 1)))
    sky.run("a", plan(1, at(0)))
    sky.asked.clear()
    sky.run("a", plan(3, at(0, 1)))
    assert "FetchIntent" not in kinds(sky)


def test_our_own_intents_count() -> None:
    sky = Sky()
    filed(sky, "a", plan(1, at(0)))
    outcome = sky.run("a", plan(2, at(0)))
    assert outcome.result is Result.REFUSED
    assert kinds(sky) == ["QueryIntents"]


@pytest.mark.parametrize(
    "answer",
    [Refused(403, "no"), Refused(500, "oh"), NoAnswer("silence"), Refused(404, "unknown")],
)
def test_a_peer_that_does_not_tell_lets_nothing_be_planned(answer: Answer) -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(-2), at(2, 1)))
    sky.hook = lambda _, errand: answer if isinstance(errand, FetchIntent) else None
    outcome = sky.run("a", plan(1, at(0)))
    assert outcome.result is Result.FAILED
    assert codes(outcome) == ["plan.peer_unusable"]
    assert puts(sky) == []
    assert new_id(2) in outcome.faults[0].message.fr


def test_a_peer_that_turns_us_away_is_asked_again_after_a_moment() -> None:
    sky = Sky()
    for number in (2, 3):
        filed(sky, "b", plan(number, at(-number), at(number, 1)))
    waiting = sky.attempt("a", plan(1, at(0)))
    told: dict[str, int] = {}

    def busy(_: Planner, errand: Errand) -> Answer | None:
        if not isinstance(errand, FetchIntent):
            return None
        told[errand.reference.id] = told.get(errand.reference.id, 0) + 1
        first = errand.reference.id == new_id(3) and told[errand.reference.id] == 1
        return Refused(429, "too many") if first else None

    sky.hook = busy
    waits_us: list[int] = []
    while waiting.outcome is None:
        for pending in waiting.actions():
            if isinstance(pending.errand, FetchIntent):
                waits_us.append(pending.not_before_us and pending.not_before_us - sky.now_us)
            sky.answer("a", waiting, pending)
    assert waiting.outcome.result is Result.DONE
    assert told == {new_id(2): 1, new_id(3): 2}
    assert waits_us == [0, 0, survey.BUSY_US]


def test_who_is_down_does_not_stop_a_plan() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(0)))
    sky.dss["west"].down.add("b")
    sky.hook = lambda _, e: NoAnswer("gone", sent=False) if isinstance(e, FetchIntent) else None
    outcome = sky.run("a", plan(1, at(0)))
    assert outcome.result is Result.DONE
    assert [each.rule for each in outcome.conflicts] == ["SCD0005"]


def test_a_409_is_answered_with_what_it_names() -> None:
    sky = Sky()
    waiting = sky.attempt("a", plan(1, at(0)))
    (query,) = waiting.actions()
    sky.answer("a", waiting, query)
    filed(sky, "b", plan(2, at(-2), at(2, 1)))
    while waiting.outcome is None:
        for pending in waiting.actions():
            sky.answer("a", waiting, pending)
    assert kinds(sky) == ["PutIntent", "FetchIntent", "PutIntent"]
    assert waiting.outcome.result is Result.DONE
    assert waiting.outcome.rounds == 2


def test_rounds_have_an_end() -> None:
    sky = Sky()
    other = filed(sky, "b", plan(2, at(-2), at(2, 1)))

    def meddle(planner: Planner, errand: Errand) -> Answer | None:
        if isinstance(errand, PutIntent) and planner.name == "a":
            sky.hook = lambda *_: None
            sky.run("b", change(sky.planner("b").intents[other.id], Action.MODIFY))
            sky.hook = meddle
        return None

    sky.hook = meddle
    outcome = sky.run("a", plan(1, at(0)))
    assert (outcome.result, codes(outcome)) == (Result.FAILED, ["plan.rounds"])
    assert outcome.rounds == sky.rules.rounds_max + 1


def test_a_peer_that_shows_a_wrong_ovn_is_found_out_at_once() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(-2), at(2, 1)))

    def lie(planner: Planner, errand: Errand) -> Answer | None:
        if not isinstance(errand, FetchIntent):
            return None
        told = sky.really(planner.name, errand)
        assert isinstance(told, wire.GetOperationalIntentDetailsResponse)
        intent = told.operational_intent
        wrong = msgspec.structs.replace(intent.reference, ovn="not-the-ovn-that-there-is")
        return wire.GetOperationalIntentDetailsResponse(
            msgspec.structs.replace(intent, reference=wrong)
        )

    sky.hook = lie
    outcome = sky.run("a", plan(1, at(0)))
    assert codes(outcome) == ["plan.peer_unusable"]
    assert outcome.rounds == 1
    assert "OVN" in outcome.faults[0].message.en


def test_a_lost_answer_is_no_refusal() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(-2), at(2, 1)))
    lost: list[Answer] = []

    def lose(planner: Planner, errand: Errand) -> Answer | None:
        if isinstance(errand, PutIntent) and not lost:
            lost.append(sky.really(planner.name, errand))
            return NoAnswer("timed out")
        return None

    sky.hook = lose
    outcome = sky.run("a", plan(1, at(0)))
    assert outcome.result is Result.DONE
    # It stands, and is put once more: only that answer says whom to tell.
    assert kinds(sky)[-3:] == ["PutIntent", "GetIntent", "PutIntent"]
    assert [each.uss_base_url for each in outcome.notices] == ["https://b.example/west"]
    assert sky.dss["west"].intents[new_id(1)].version == 2


def test_a_lost_move_is_told_to_those_whom_it_left() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(-3)))
    intent = filed(sky, "a", plan(1, at(-3, 1), at(-4, 0)))
    lost: list[Answer] = []

    def lose(planner: Planner, errand: Errand) -> Answer | None:
        if isinstance(errand, PutIntent) and not lost:
            lost.append(sky.really(planner.name, errand))
            return NoAnswer("timed out")
        return None

    sky.hook = lose
    outcome = sky.run("a", change(intent, Action.MODIFY, volumes=(at(3, 1),)))
    assert outcome.result is Result.DONE
    assert [each.uss_base_url for each in outcome.notices] == ["https://b.example/west"]
    extents = sky.dss["west"].intents[intent.id].extents
    assert list(extents) == [volume_on_wire(at(3, 1))]


def test_an_exchange_that_never_answers_leaves_the_order_open() -> None:
    sky = Sky()

    def silent(_: Planner, errand: Errand) -> Answer | None:
        return NoAnswer("silence") if isinstance(errand, PutIntent | GetIntent) else None

    sky.hook = silent
    outcome = sky.run("a", plan(1, at(0)))
    assert (outcome.result, outcome.unsettled) == (Result.FAILED, ("west",))
    assert outcome.intent is None
    # Its create arrives after all.
    sky.hook = lambda *_: None
    put = next(e for e in sky.asked if isinstance(e, PutIntent))
    sky.really("a", put)
    settled = sky.run("a", outcome.order, settle=True)
    assert settled.unsettled == ()
    assert settled.intent is None
    assert sky.dss["west"].intents == {}


def test_an_exchange_that_cannot_be_reached_leaves_nothing_open() -> None:
    sky = Sky()
    sky.hook = lambda _, e: NoAnswer("refused", sent=False) if isinstance(e, PutIntent) else None
    outcome = sky.run("a", plan(1, at(0)))
    assert (outcome.result, outcome.unsettled) == (Result.FAILED, ())
    assert "GetIntent" not in kinds(sky)


def test_an_exchange_that_refuses_is_named() -> None:
    sky = Sky()
    sky.dss["west"].down.add("a")
    outcome = sky.run("a", plan(1, at(0)))
    assert (outcome.result, codes(outcome)) == (Result.FAILED, ["plan.exchange_refused"])
    assert "412" in outcome.faults[0].message.en


def test_flying_at_once_is_created_first() -> None:
    sky = Sky()
    intent = filed(sky, "a", plan(1, at(0), state=State.ACTIVATED))
    assert intent.state is State.ACTIVATED
    assert sky.dss["west"].intents[intent.id].state == "Activated"
    assert sky.dss["west"].intents[intent.id].version == 2


def test_an_order_with_a_fault_asks_nobody() -> None:
    sky = Sky()
    outcome = sky.run("a", plan(1))
    assert outcome.result is Result.REFUSED
    assert sky.asked == []


def test_a_plan_where_no_exchange_is_responsible() -> None:
    sky = Sky(two=True)
    sky.areas = lambda name: []  # type: ignore[method-assign]
    assert codes(sky.run("a", plan(1, at(0)))) == ["plan.no_exchange"]


def test_an_area_that_is_too_large_is_asked_for_in_pieces() -> None:
    sky = Sky()
    sky.rules = replace(sky.rules, area_max_km2=10.0)
    sky.run("a", plan(1, at(-4), at(3)))
    assert kinds(sky).count("QueryIntents") == 2
    one = Sky()
    one.run("a", plan(1, at(-4), at(3)))
    assert kinds(one).count("QueryIntents") == 1


def test_constraints_are_shown_and_taken_into_account() -> None:
    sky = Sky()
    volumes = [volume_on_wire(at(0))]
    sky.dss["west"].put_constraint("authority", new_id(9), "https://z.example", volumes)
    outcome = sky.run("a", plan(1, at(0)), constraints=True)
    assert outcome.result is Result.DONE
    assert outcome.constraints == (new_id(9),)
    put = sky.asked[-1]
    assert isinstance(put, PutIntent)
    assert scopes.CONSTRAINT_PROCESSING in put.scope.split()
    assert put.parameters.new_subscription is not None
    assert put.parameters.new_subscription.notify_for_constraints


# -- a life ----------------------------------------------------------------------------------------


def test_off_nominal_is_said_without_asking_anybody() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(1)))
    intent = filed(sky, "a", plan(1, at(0), state=State.ACTIVATED))
    order = change(
        intent, Action.DECLARE_NONCONFORMING, state=State.NONCONFORMING, off_nominal=(at(1),)
    )
    outcome = sky.run("a", order)
    assert kinds(sky) == ["PutIntent"]
    (put,) = sky.asked
    assert isinstance(put, PutIntent)
    assert put.scope == scopes.CONFORMANCE_MONITORING_SA
    assert put.parameters.key == []
    assert len(put.parameters.extents) == 2
    assert outcome.result is Result.DONE
    # Back again only where nobody is in the way.
    assert outcome.intent is not None
    onto = change(outcome.intent, Action.CONFORM, state=State.ACTIVATED, volumes=(at(0, width=2),))
    assert sky.run("a", onto).result is Result.REFUSED
    home = change(outcome.intent, Action.CONFORM, state=State.ACTIVATED)
    assert sky.run("a", home).result is Result.DONE


def test_an_end_is_taken_away_and_told() -> None:
    sky = Sky()
    intent = filed(sky, "a", plan(1, at(0)))
    filed(sky, "b", plan(2, at(-2), at(2, 1)))
    outcome = sky.run("a", change(intent, Action.END))
    assert kinds(sky) == ["DeleteIntent"]
    assert outcome.intent is not None
    assert outcome.intent.ended
    assert [each.ended for each in outcome.notices] == [True]
    assert list(sky.dss["west"].intents) == [new_id(2)]


def test_an_end_whose_answer_is_lost_is_an_end() -> None:
    sky = Sky()
    intent = filed(sky, "a", plan(1, at(0)))

    def lose(planner: Planner, errand: Errand) -> Answer | None:
        if isinstance(errand, DeleteIntent):
            sky.really(planner.name, errand)
            return NoAnswer("timed out")
        return None

    sky.hook = lose
    outcome = sky.run("a", change(intent, Action.END))
    assert outcome.result is Result.DONE
    # Nobody can say any more who should have been told: that is not passed over.
    assert codes(outcome) == ["plan.subscribers_unknown"]


def test_a_refused_change_keeps_what_stood() -> None:
    sky = Sky()
    filed(sky, "b", plan(2, at(2)))
    intent = filed(sky, "a", plan(1, at(0), state=State.ACTIVATED))
    outcome = sky.run("a", change(intent, Action.MODIFY, volumes=(at(0, width=3),)))
    assert outcome.result is Result.REFUSED
    assert [each.rule for each in outcome.refusing] == ["SCD0050"]
    assert outcome.intent == intent
    assert puts(sky) == []


# -- two exchanges ---------------------------------------------------------------------------------


def test_a_plan_that_spans_two_is_filed_in_both() -> None:
    sky = Sky(two=True)
    intent = filed(sky, "a", plan(1, at(-1, width=3)))
    assert [each.exchange for each in intent.filed] == ["west", "east"]
    assert filed(sky, "a", plan(2, at(-3))).filed[0].exchange == "west"
    assert new_id(2) not in sky.dss["east"].intents


def test_or_in_none() -> None:
    sky = Sky(two=True)
    sky.hook = lambda _, e: (
        Refused(400, "no") if isinstance(e, PutIntent) and e.exchange == "east" else None
    )
    outcome = sky.run("a", plan(1, at(-1, width=3)))
    assert outcome.result is Result.FAILED
    assert outcome.unsettled == ()
    assert kinds(sky)[-3:] == ["PutIntent", "PutIntent", "DeleteIntent"]
    assert sky.dss["west"].intents == {}


def test_a_change_of_two_is_widened_decided_and_narrowed() -> None:
    sky = Sky(two=True)
    intent = filed(sky, "a", plan(1, at(-1, width=3)))
    moved = (at(-1, 1, width=3),)
    outcome = sky.run("a", change(intent, Action.MODIFY, volumes=moved))
    assert outcome.result is Result.DONE
    assert puts(sky) == [("west", "Accepted"), ("east", "Accepted"), ("west", "Accepted")]
    extents = [len(e.parameters.extents) for e in sky.asked if isinstance(e, PutIntent)]
    assert extents == [2, 1, 1]
    for dss in sky.dss.values():
        assert list(dss.intents[intent.id].extents) == [volume_on_wire(moved[0])]


def test_a_change_that_the_second_refuses_is_put_back() -> None:
    sky = Sky(two=True)
    intent = filed(sky, "a", plan(1, at(-1, width=3)))
    sky.hook = lambda _, e: (
        Refused(400, "no") if isinstance(e, PutIntent) and e.exchange == "east" else None
    )
    order = change(intent, Action.MODIFY, volumes=(at(-1, 1, width=3),))
    outcome = sky.run("a", order)
    assert outcome.result is Result.FAILED
    assert outcome.intent is not None
    assert outcome.intent.details == intent.details
    # What stands has another OVN now, and that is what is to be told.
    standing = sky.dss["west"].intents[intent.id]
    reference = outcome.intent.at("west")
    assert reference is not None
    assert reference.ovn == standing.ovn
    assert list(standing.extents) == [volume_on_wire(each) for each in intent.details.volumes]


def test_a_plan_that_leaves_an_exchange_is_taken_away_there() -> None:
    sky = Sky(two=True)
    intent = filed(sky, "a", plan(1, at(-1, width=3)))
    outcome = sky.run("a", change(intent, Action.MODIFY, volumes=(at(2),)))
    assert outcome.result is Result.DONE
    assert outcome.intent is not None
    assert [each.exchange for each in outcome.intent.filed] == ["east"]
    assert sky.dss["west"].intents == {}


def test_activating_in_two_reserves_the_first() -> None:
    sky = Sky(two=True)
    intent = filed(sky, "a", plan(1, at(-1, width=3)))
    outcome = sky.run("a", change(intent, Action.ACTIVATE, state=State.ACTIVATED))
    assert outcome.result is Result.DONE
    assert puts(sky) == [("west", "Accepted"), ("east", "Activated"), ("west", "Activated")]


# -- settling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", range(1, 12))
def test_wherever_it_is_cut_off_it_can_be_settled(steps: int) -> None:
    for action in (Action.PLAN, Action.MODIFY, Action.ACTIVATE, Action.END):
        sky = Sky(two=True)
        filed(sky, "b", plan(2, at(-1, 1), at(2, 1)))
        order = plan(1, at(-1, width=3))
        if action is not Action.PLAN:
            intent = filed(sky, "a", order)
            state = State.ACTIVATED if action is Action.ACTIVATE else None
            volumes = (at(-1, 0, width=4),) if action is Action.MODIFY else None
            order = change(intent, action, state=state, volumes=volumes)
        attempt = sky.attempt("a", order)
        done = 0
        while attempt.outcome is None and done < steps:
            for pending in attempt.actions():
                sky.answer("a", attempt, pending)
                done += 1
        # The planner is killed, and starts.
        outcome = sky.run("a", order, settle=True)
        assert outcome.unsettled == ()
        standing = {
            (name, e.state, e.ovn)
            for name, dss in sky.dss.items()
            for e in dss.intents.values()
            if e.manager == "a"
        }
        known = {
            (each.exchange, each.reference.state, each.reference.ovn)
            for intent in sky.planner("a").intents.values()
            for each in intent.filed
        }
        assert standing == known
        wanted = [
            [volume_on_wire(volume) for volume in intent.details.all_volumes]
            for intent in sky.planner("a").intents.values()
            for _ in intent.filed
        ]
        extents = [
            list(e.extents)
            for d in sky.dss.values()
            for e in d.intents.values()
            if e.manager == "a"
        ]
        assert extents == wanted


def test_what_is_cut_off_waits_for_what_may_come_late() -> None:
    sky = Sky()
    outcome = sky.run("a", plan(1, at(0)), settle=True)
    assert outcome.intent is None
    assert outcome.ended_us - outcome.began_us >= 15_000_000


# -- the seam --------------------------------------------------------------------------------------


def test_an_errand_is_told_once_and_answered_once() -> None:
    sky = Sky()
    attempt = sky.attempt("a", plan(1, at(0)))
    (pending,) = attempt.actions()
    assert attempt.actions() == ()
    assert isinstance(pending.errand, QueryIntents)
    assert not pending.changes
    with pytest.raises(ValueError, match="nothing is expected"):
        attempt.answered(pending.number + 1, NoAnswer(""), NOW_US)
    attempt.answered(pending.number, sky.carry("a", pending.errand), NOW_US)
    with pytest.raises(ValueError, match="nothing is expected"):
        attempt.answered(pending.number, NoAnswer(""), NOW_US)
    (pending,) = attempt.actions()
    assert pending.changes


def test_who_only_looks_learns_and_changes_nothing() -> None:
    sky = Sky()
    mine = filed(sky, "b", plan(2, at(0)))
    outcome = sky.run("a", plan(1, at(0)), look_only=True)
    assert kinds(sky) == ["QueryIntents", "FetchIntent"]
    assert (outcome.result, outcome.intent, outcome.conflicts) == (Result.DONE, None, ())
    assert [each.id for each in outcome.neighbours] == [mine.id]
    # What was learnt is known to everybody who plans here.
    assert sky.run("a", plan(3, at(0))).refusing[0].with_id == mine.id
    assert "FetchIntent" not in kinds(sky)[2:]


# -- an exchange that lies -------------------------------------------------------------------------


def test_an_exchange_that_names_without_end_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey, "REFERENCES_MAX", 3)
    sky = Sky()
    for number in range(2, 6):
        filed(sky, "b", plan(number, at(0, number)))
    true = [sky.dss["west"].get("a", new_id(number)) for number in range(2, 6)]

    def queried(_planner: Planner, errand: Errand) -> Answer | None:
        if isinstance(errand, QueryIntents):
            return wire.QueryOperationalIntentReferenceResponse(true)
        return None

    sky.hook = queried
    outcome = sky.run("a", plan(1, at(0)))
    assert (outcome.result, codes(outcome)) == (Result.FAILED, ["plan.exchange_failed"])
    assert kinds(sky) == ["QueryIntents"]

    def conflicted(_planner: Planner, errand: Errand) -> Answer | None:
        return Conflicted(tuple(true)) if isinstance(errand, PutIntent) else None

    sky.asked.clear()
    sky.hook = conflicted
    outcome = sky.run("a", plan(1, at(0)))
    assert (outcome.result, codes(outcome)) == (Result.FAILED, ["plan.exchange_failed"])
    assert "FetchIntent" not in kinds(sky)


def test_an_exchange_does_not_make_a_node_call_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscribers, "SUBSCRIBERS_MAX", 3)
    monkeypatch.setattr(subscribers, "SUBSCRIPTIONS_MAX", 2)
    sky = Sky()

    def told(_planner: Planner, errand: Errand) -> Answer | None:
        if not isinstance(errand, PutIntent):
            return None
        answer = sky.really("a", errand)
        assert isinstance(answer, wire.ChangeOperationalIntentReferenceResponse)
        states = [wire.SubscriptionState(new_id(number), 1) for number in range(5)]
        many = [wire.SubscriberToNotify(states, f"https://{number}.example") for number in range(5)]
        return msgspec.structs.replace(answer, subscribers=many)

    sky.hook = told
    outcome = sky.run("a", plan(1, at(0)))
    assert (outcome.result, codes(outcome)) == (Result.DONE, ["plan.subscribers_left_out"])
    assert [each.uss_base_url for each in outcome.notices] == [
        f"https://{number}.example" for number in range(3)
    ]
    assert {len(each.subscriptions) for each in outcome.notices} == {2}
