"""Rules for operational intent references."""

from __future__ import annotations

from tests.model.driver import Json
from tests.model.reading import (
    STATES,
    UUID_V7,
    Bad,
    Space,
    base_url,
    entity_uuid,
    extents,
    is_over,
    join,
    member,
    space,
)
from tests.model.state import (
    Intent,
    Request,
    State,
    Subscription,
    covers,
    refuse,
    relevant,
    wrong_twice,
)
from tests.model.templates import Many, ModelAnswer, Slot
from tests.model.wire import CMSA, MINUTE_US

SUFFIX_AGE_US = 5 * MINUTE_US

# What may follow what. Ending is a DELETE and is always allowed.
NEXT_STATES = {
    "Accepted": {"Accepted", "Activated", "Nonconforming", "Contingent"},
    "Activated": {"Activated", "Nonconforming", "Contingent"},
    "Nonconforming": {"Nonconforming", "Activated", "Contingent"},
    "Contingent": {"Contingent"},
}
# The subscription to be attached (if any) and, if it has to grow for that, its new space.
Attached = tuple[Subscription | None, Space | None]

OFF_NOMINAL = ("Nonconforming", "Contingent")
NOMINAL = ("Accepted", "Activated")


class Wanted:
    """A create or update request, read and found well-formed."""

    def __init__(self, state: State, ask: Request) -> None:
        body = ask.body
        self.space = extents(body, need_altitudes=True)
        self.untimely = "the intent is over" if is_over(self.space, ask.now_us) else ""
        self.state: str = member(body, "state", "string", "")
        if self.state not in STATES:
            raise Bad("state", "unknown")
        self.url = base_url(body, "", allow_http=state.options.allow_http)
        self.key = self._key(body)
        # An empty subscription_id says the same as none.
        text = member(body, "subscription_id", "string", "", needed=False)
        self.subscription_id = entity_uuid(text, "subscription_id") if text else None
        self.new = member(body, "new_subscription", "object", "", needed=False)
        self.new_url = ""
        self.new_constraints = False
        if self.new is not None:
            where = "new_subscription"
            self.new_url = base_url(self.new, where, allow_http=state.options.allow_http)
            self.new_constraints = bool(
                member(self.new, "notify_for_constraints", "boolean", where, needed=False)
            )
        self.ovn = self._requested_ovn(ask)

    @staticmethod
    def _key(body: Json) -> set[str]:
        values = member(body, "key", "array", "", needed=False) or []
        if not all(isinstance(value, str) for value in values):
            raise Bad("key", "holds something that is no text")
        return set(values)

    def _requested_ovn(self, ask: Request) -> str | None:
        """A requested suffix is a version 7 UUID made within five minutes of now."""
        suffix = member(ask.body, "requested_ovn_suffix", "string", "", needed=False)
        if suffix is None:
            return None
        if not UUID_V7.fullmatch(suffix):
            self.untimely = "requested_ovn_suffix: not a version 7 UUID"
            return None
        made_us = int(suffix.replace("-", "")[:12], 16) * 1000
        if abs(made_us - ask.now_us) > SUFFIX_AGE_US:
            self.untimely = "requested_ovn_suffix: not made within five minutes"
        return f"{ask.entity}_{suffix}"


def put(state: State, ask: Request) -> ModelAnswer:
    """Create (no OVN in the path) or update."""
    wanted = Wanted(state, ask)
    # Off-nominal states are for those who monitor conformance.
    if wanted.state in OFF_NOMINAL and CMSA not in ask.scopes:
        return refuse(403, "an off-nominal state needs the CMSA scope", 400)
    old = state.intent(ask.entity)
    creating = not ask.ovn
    # A plan begins Accepted.
    if creating and wanted.state != "Accepted":
        return refuse(400, "a new intent is Accepted", *_empty_ovn_codes(ask))
    # All states but Accepted need a subscription, and there is one way to name it.
    if wanted.state != "Accepted" and not wanted.subscription_id and wanted.new is None:
        return refuse(400, "this state needs a subscription")
    if wanted.subscription_id and wanted.new is not None:
        return refuse(400, "subscription_id and new_subscription exclude each other")
    found = _decide(state, ask, old, wanted)
    refusal = wrong_twice(found if isinstance(found, ModelAnswer) else None, wanted.untimely)
    if refusal is not None:
        return refusal
    assert not isinstance(found, ModelAnswer)
    return _write(state, ask, old, wanted, found)


def _decide(
    state: State, ask: Request, old: Intent | None, wanted: Wanted
) -> Attached | ModelAnswer:
    """Whether the change is allowed: the subscription to attach, or the refusal."""
    refusal = _standing(state, ask, old, wanted)
    if refusal is not None:
        return refusal
    attached = _resolve(state, ask, wanted)
    if isinstance(attached, ModelAnswer):
        return attached
    # Nominal states must prove that the neighbours were asked; in an emergency nothing is asked.
    missing = _missing(state, ask, wanted, attached) if wanted.state in NOMINAL else None
    return missing or attached


def _standing(state: State, ask: Request, old: Intent | None, wanted: Wanted) -> ModelAnswer | None:
    """Existence, ownership, OVN, availability, order of states - in this order."""
    if not ask.ovn:
        if old is not None and old.manager != ask.sub:
            return refuse(403, "somebody else's intent", *_empty_ovn_codes(ask))
        if old is not None:
            return refuse(409, "the id exists already", *_empty_ovn_codes(ask))
    else:
        if old is None:
            return refuse(400, "no such intent to update")
        if old.manager != ask.sub:
            return refuse(403, "somebody else's intent")
        if ask.ovn != old.ovn.value:
            return refuse(409, "not the present OVN")
    # Who is marked Down may not plan or activate.
    if state.options.refuse_down and wanted.state in NOMINAL and _down(state, ask.sub):
        return refuse(412, "the manager is Down")
    if (
        old is not None
        and state.options.state_transitions
        and wanted.state not in NEXT_STATES[old.state]
    ):
        return refuse(400, f"{wanted.state} does not follow {old.state}")
    # A requested OVN must be new for the entity. Public tests do not say which error it is.
    if wanted.ovn is not None and old is not None and wanted.ovn in old.ovns:
        return refuse(400, "an OVN of the past", 409)
    return None


def _empty_ovn_codes(ask: Request) -> tuple[int, ...]:
    """A path that ends in a slash (empty OVN) may be answered in several ways."""
    return () if ask.ovn is None else (400, 403, 404, 409)


def _down(state: State, uss: str) -> bool:
    return state.available(uss) == "Down"


def _resolve(state: State, ask: Request, wanted: Wanted) -> Attached | ModelAnswer:
    """Which subscription the request means: an existing one, a fresh one, or none."""
    if wanted.subscription_id is not None:
        found = state.subscription(wanted.subscription_id)
        if found is None:
            return refuse(400, "no such subscription")
        if found.manager != ask.sub:
            return refuse(403, "somebody else's subscription")
        if not found.intents:
            return refuse(400, "the subscription does not ask for intents")
        if covers(found.space, wanted.space):
            return found, None
        # One made for an intent grows with the next one; one made by hand does not.
        if found.implicit:
            return found, join(found.space, wanted.space)
        return refuse(400, "the subscription does not cover the intent")
    if wanted.new is not None:
        # Always a fresh one, exactly as large as the intent, as long as it takes.
        versions: set[str] = set()
        fresh = Subscription(
            id=Slot("subscription_id", state.all_subscription_ids),
            manager=ask.sub,
            version=Slot("version", versions),
            space=wanted.space,
            url=wanted.new_url,
            intents=True,
            constraints=wanted.new_constraints,
            implicit=True,
            versions=versions,
        )
        return fresh, None
    return None, None  # the intent has no subscription from now on, even if it had one


def _missing(
    state: State,
    ask: Request,
    wanted: Wanted,
    attached: Attached,
) -> ModelAnswer | None:
    """409 with every relevant entity whose OVN the key lacks.

    All intents count, one's own too, save the changed one itself and those merely Accepted of a
    manager who is Down. Constraints count if the attached subscription asks for them.
    """
    intents = [
        one
        for one in state.intents
        if one.id != ask.entity
        and one.ovn.value not in wanted.key
        and not (one.state == "Accepted" and _down(state, one.manager))
        and relevant(one.space, wanted.space)
    ]
    subscription = attached[0]
    constraints = [
        one
        for one in state.constraints
        if subscription is not None
        and subscription.constraints
        and one.ovn.value not in wanted.key
        and relevant(one.space, wanted.space)
    ]
    if not intents and not constraints:
        return None
    body = {
        "missing_operational_intents": Many([state.show_intent(i, ask.sub) for i in intents]),
        "missing_constraints": Many([state.show_constraint(c, ask.sub) for c in constraints]),
    }
    return refuse(409, "the key lacks OVNs", body=body)


def _write(
    state: State,
    ask: Request,
    old: Intent | None,
    wanted: Wanted,
    attached: Attached,
) -> ModelAnswer:
    """Everything is allowed: change the state, then count who must be told."""
    subscription, grown = attached
    if subscription is not None:
        if grown is not None:
            subscription.space = grown
            # Whether growing is a change of version is left open: learn it from the next answer.
            subscription.version = Slot("version", set())
        if all(one is not subscription for one in state.subscriptions):
            state.subscriptions.append(subscription)
    touched = [wanted.space]
    ovns = old.ovns if old else set()
    if old is not None:
        if old.ovn.value is not None:
            ovns.add(old.ovn.value)
        touched.append(old.space)
        state.intents.remove(old)
    if wanted.ovn is not None:
        ovns.add(wanted.ovn)
    new = Intent(
        id=ask.entity,
        manager=ask.sub,
        version=old.version + 1 if old else 1,
        ovn=state.new_ovn(wanted.ovn),
        state=wanted.state,
        space=wanted.space,
        url=wanted.url,
        subscription=subscription,
        ovns=ovns,
    )
    state.intents.append(new)
    # An implicit subscription lives as long as an intent depends on it.
    if old is not None:
        _drop_if_lonely(state, old.subscription)
    told = state.notify(touched, ask.now_us)
    body = {
        "operational_intent_reference": state.show_intent(new, ask.sub),
        "subscribers": told,
    }
    return ModelAnswer(200 if old else 201, body, "accepted")


def _drop_if_lonely(state: State, subscription: Subscription | None) -> None:
    if subscription is not None and subscription.implicit and not state.dependents(subscription):
        state.subscriptions.remove(subscription)


def delete(state: State, ask: Request) -> ModelAnswer:
    old = state.intent(ask.entity)
    if not ask.ovn:
        return refuse(400, "an OVN is needed", 404, 409, 403)
    if old is None:
        return refuse(404, "no such intent")
    if old.manager != ask.sub:
        return refuse(403, "somebody else's intent")
    if ask.ovn != old.ovn.value:
        return refuse(409, "not the present OVN")
    if state.options.refuse_down and _down(state, ask.sub):
        return refuse(412, "the manager is Down")
    shown = state.show_intent(old, ask.sub)
    state.intents.remove(old)
    link = old.subscription
    vanishing = link if link and link.implicit and not state.dependents(link) else None
    told = state.notify([old.space], ask.now_us, vanishing=vanishing)
    _drop_if_lonely(state, link)
    return ModelAnswer(200, {"operational_intent_reference": shown, "subscribers": told})


def get(state: State, ask: Request) -> ModelAnswer:
    """Everybody may read every reference."""
    found = state.intent(ask.entity)
    if found is None:
        return refuse(404, "no such intent")
    shown = state.show_intent(found, ask.sub)
    return ModelAnswer(200, {"operational_intent_reference": shown})


def query(state: State, ask: Request) -> ModelAnswer:
    """All that is relevant to the area, also what is over."""
    area = space(member(ask.body, "area_of_interest", "object", ""), "area_of_interest")
    found = [state.show_intent(one, ask.sub) for one in state.intents if relevant(one.space, area)]
    return ModelAnswer(200, {"operational_intent_references": Many(found)})
