"""Rules for subscriptions."""

from __future__ import annotations

from tests.model.driver import Json
from tests.model.reading import Bad, Space, base_url, member, space
from tests.model.state import (
    Request,
    State,
    Subscription,
    at_times,
    covers,
    refuse,
    relevant,
    wrong_twice,
)
from tests.model.templates import Many, ModelAnswer, Slot
from tests.model.wire import DAY_US, MINUTE_US

PAST_START_US = 5 * MINUTE_US  # how far a given start may lie in the past
DEPENDENT_SLACK_US = 5 * MINUTE_US  # how late a subscription may begin after its intents


class Wanted:
    """A create or update request, read and found well-formed."""

    def __init__(self, state: State, ask: Request) -> None:
        self.area = space(member(ask.body, "extents", "object", ""), "extents")
        self.url = base_url(ask.body, "", allow_http=state.options.allow_http)
        self.intents = self._flag(ask.body, "notify_for_operational_intents")
        self.constraints = self._flag(ask.body, "notify_for_constraints")
        # A subscription to nothing is a mistake.
        if not (self.intents or self.constraints):
            raise Bad("notify_for_operational_intents", "subscribes to nothing")

    @staticmethod
    def _flag(body: Json, name: str) -> bool:
        return bool(member(body, name, "boolean", "", needed=False))


def _timed(wanted: Wanted, old: Subscription | None, now_us: int) -> Space | None:
    """The space with its times filled in; None if they make no lawful span.

    Start: as given, else as before, else now. End: as given, else as before, else a day later.
    """
    start_us, end_us = wanted.area.start_us, wanted.area.end_us
    if start_us is not None and start_us < now_us - PAST_START_US:
        return None  # who gives a start may be some minutes late, not more
    if start_us is None:
        start_us = now_us if old is None else old.space.start_us
    assert start_us is not None
    if end_us is None:
        end_us = start_us + DAY_US if old is None else old.space.end_us
    assert end_us is not None
    if end_us < start_us or end_us - start_us > DAY_US or end_us < now_us:
        return None
    return at_times(wanted.area, start_us, end_us)


def put(state: State, ask: Request) -> ModelAnswer:
    wanted = Wanted(state, ask)
    old = state.subscription(ask.entity)
    whole = _timed(wanted, old, ask.now_us)
    untimely = "" if whole else "the times make no span of at most a day"
    refusal = wrong_twice(_standing(ask, old), untimely)
    if refusal is not None:
        return refusal
    assert whole is not None
    versions = old.versions if old else set()
    if old is not None and old.version.value is not None:
        versions.add(old.version.value)
    new = Subscription(
        id=old.id if old else Slot("subscription_id", state.all_subscription_ids, ask.entity),
        manager=ask.sub,
        version=Slot("version", versions),
        space=whole,
        url=wanted.url,
        intents=wanted.intents,
        constraints=wanted.constraints,
        implicit=False,  # who changes a subscription by hand takes charge of it
        index=old.index if old else 0,
        versions=versions,
    )
    if old is not None:
        dependents = state.dependents(old)
        # It must go on covering the intents that rest on it.
        if not all(covers(whole, one.space, DEPENDENT_SLACK_US) for one in dependents):
            return refuse(400, "a dependent intent is no longer covered")
        for intent in dependents:
            intent.subscription = new
        state.subscriptions.remove(old)
    state.subscriptions.append(new)
    return ModelAnswer(200, _response(state, new, ask.sub), "accepted")


def _standing(ask: Request, old: Subscription | None) -> ModelAnswer | None:
    if ask.ovn is None:
        if old is None:
            return None
        return refuse(409, "the id exists already", *_foreign(ask, old))
    if not ask.ovn:
        return refuse(400, "a version is needed", 409, *_foreign(ask, old))
    if old is None:
        return refuse(400, "no such subscription to update")
    if old.manager != ask.sub:
        return refuse(403, "somebody else's subscription", 409)
    if ask.ovn != old.version.value:
        return refuse(409, "not the present version", 400)
    return None


def _foreign(ask: Request, old: Subscription | None) -> tuple[int, ...]:
    return (403,) if old is not None and old.manager != ask.sub else ()


def _response(state: State, one: Subscription, viewer: str) -> Json:
    """What is there already, of the kinds subscribed to. Lists not asked for are left out."""
    body: Json = {"subscription": state.show_subscription(one)}
    if one.intents:
        body["operational_intent_references"] = Many(
            [state.show_intent(i, viewer) for i in state.intents if relevant(i.space, one.space)]
        )
    if one.constraints:
        body["constraint_references"] = Many(
            [
                state.show_constraint(c, viewer)
                for c in state.constraints
                if relevant(c.space, one.space)
            ]
        )
    return body


def delete(state: State, ask: Request) -> ModelAnswer:
    old = state.subscription(ask.entity)
    if not ask.ovn:
        return refuse(400, "a version is needed")
    if old is None:
        return refuse(404, "no such subscription")
    wrong = ask.ovn != old.version.value
    if old.manager != ask.sub:
        return refuse(403, "somebody else's subscription", *((409,) if wrong else ()))
    if wrong:
        return refuse(409, "not the present version")
    if state.dependents(old):
        return refuse(400, "intents depend on it", 409)
    state.subscriptions.remove(old)
    return ModelAnswer(200, {"subscription": state.show_subscription(old)})


def get(state: State, ask: Request) -> ModelAnswer:
    """A subscription is its manager's own business."""
    found = state.subscription(ask.entity)
    if found is None:
        return refuse(404, "no such subscription")
    if found.manager != ask.sub:
        return refuse(403, "somebody else's subscription")
    return ModelAnswer(200, {"subscription": state.show_subscription(found)})


def query(state: State, ask: Request) -> ModelAnswer:
    """One's own that are not over."""
    area = space(member(ask.body, "area_of_interest", "object", ""), "area_of_interest")
    found = [
        state.show_subscription(one)
        for one in state.subscriptions
        if one.manager == ask.sub
        and one.space.end_us is not None
        and one.space.end_us >= ask.now_us
        and relevant(one.space, area)
    ]
    return ModelAnswer(200, {"subscriptions": Many(found)})
