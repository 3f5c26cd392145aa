"""Rules for constraint references: like intents, without key, state and subscription."""

from __future__ import annotations

from tests.model.reading import base_url, extents, is_over, member, space
from tests.model.state import Constraint, Request, State, refuse, relevant, wrong_twice
from tests.model.templates import Many, ModelAnswer


def put(state: State, ask: Request) -> ModelAnswer:
    whole = extents(ask.body, need_altitudes=False)
    url = base_url(ask.body, "", allow_http=state.options.allow_http)
    old = state.constraint(ask.entity)
    untimely = "the constraint is over" if is_over(whole, ask.now_us) else ""
    refusal = wrong_twice(_standing(ask, old), untimely)
    if refusal is not None:
        return refusal
    touched = [whole]
    if old is not None:
        touched.append(old.space)
        state.constraints.remove(old)
    new = Constraint(
        id=ask.entity,
        manager=ask.sub,
        version=old.version + 1 if old else 1,
        ovn=state.new_ovn(),
        space=whole,
        url=url,
        ovns=set(),
    )
    state.constraints.append(new)
    told = state.notify(touched, ask.now_us, of_constraints=True)
    body = {"constraint_reference": state.show_constraint(new, ask.sub), "subscribers": told}
    return ModelAnswer(200 if old else 201, body, "accepted")


def _standing(ask: Request, old: Constraint | None) -> ModelAnswer | None:
    """Existence, ownership, OVN - in this order."""
    also = () if ask.ovn is None else (400, 403, 404, 409)
    if not ask.ovn:
        if old is not None and old.manager != ask.sub:
            return refuse(403, "somebody else's constraint", *also)
        return None if old is None else refuse(409, "the id exists already", *also)
    if old is None:
        return refuse(409, "no such constraint to update", 400)
    if old.manager != ask.sub:
        return refuse(403, "somebody else's constraint")
    return None if ask.ovn == old.ovn.value else refuse(409, "not the present OVN")


def delete(state: State, ask: Request) -> ModelAnswer:
    old = state.constraint(ask.entity)
    if not ask.ovn:
        return refuse(400, "an OVN is needed", 404, 409, 403)
    if old is None:
        return refuse(404, "no such constraint")
    if old.manager != ask.sub:
        return refuse(403, "somebody else's constraint")
    if ask.ovn != old.ovn.value:
        return refuse(409, "not the present OVN")
    state.constraints.remove(old)
    told = state.notify([old.space], ask.now_us, of_constraints=True)
    body = {"constraint_reference": state.show_constraint(old, ask.sub), "subscribers": told}
    return ModelAnswer(200, body)


def get(state: State, ask: Request) -> ModelAnswer:
    found = state.constraint(ask.entity)
    if found is None:
        return refuse(404, "no such constraint")
    return ModelAnswer(200, {"constraint_reference": state.show_constraint(found, ask.sub)})


def query(state: State, ask: Request) -> ModelAnswer:
    area = space(member(ask.body, "area_of_interest", "object", ""), "area_of_interest")
    found = [
        state.show_constraint(one, ask.sub)
        for one in state.constraints
        if relevant(one.space, area)
    ]
    return ModelAnswer(200, {"constraint_references": Many(found)})
