"""Random commands to a DSS and to the model side by side: every answer must be the one expected."""

from __future__ import annotations

import json
from contextlib import ExitStack
from itertools import cycle, product
from typing import Any

from hypothesis import event, note, reject
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.model.driver import Answer, Driver, DssOptions, Json
from tests.model.dss_model import DssModel
from tests.model.geometry import TooCloseToCall
from tests.model.state import Intent, Subscription
from tests.model.templates import compare
from tests.model.wire import (
    AVAILABILITY,
    CR,
    EVERY_SCOPE,
    HOUR_US,
    MINUTE_US,
    NOW_US,
    OIR,
    SC,
    SUB,
    constraint,
    implicit,
    intent,
    subscription,
    uuid7,
    volume,
)
from tests.property.exchange.world import (
    CONSTRAINT_IDS,
    INTENT_IDS,
    OWNERS,
    SPOILERS,
    SPOTS,
    SUBSCRIPTION_IDS,
    UNKNOWN_ID,
    extents,
    near,
    open_volumes,
    shapes,
    spots,
    watched_volumes,
)

WRONG = "no-such-version-no-such-version"
owners = st.sampled_from(OWNERS)
intent_ids = st.sampled_from(INTENT_IDS)
constraint_ids = st.sampled_from(CONSTRAINT_IDS)
picks = st.integers(0, 1_000)
states = st.sampled_from(
    ("Accepted", "Activated", "Accepted", "Nonconforming", "Activated", "Contingent", "Ended")
)
urls = st.sampled_from(("https://one.example", "https://two.example/utm", "https://slash.example/"))
# What to put in the place of an OVN or version in the path; "fit" creates or updates as it fits.
versions = st.sampled_from(("fit",) * 10 + ("create", "right", "wrong", "stale", "empty"))
keys = st.sampled_from(("all", "some", "all", "none", "all", "stale"))
links = st.sampled_from(
    ("none",) * 3
    + ("new",) * 4
    + ("new, constraints",) * 2
    + ("own",) * 6
    + ("any", "unknown", "both", "empty")
)
suffixes = st.sampled_from(("none",) * 12 + ("fresh", "fresh", "same", "stale"))


class DssMachine(RuleBasedStateMachine):
    """Commands and queries of three USSs and an arbitrator. Subclasses say what DSS is asked."""

    model: DssModel
    driver: Driver

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.agreed = False  # also until there is somebody to disagree with

    def open(self, options: DssOptions) -> Driver:
        raise NotImplementedError

    @initialize(transitions=st.booleans(), refuse_down=st.booleans())
    def begin(self, transitions: bool, refuse_down: bool) -> None:
        options = DssOptions(state_transitions=transitions, refuse_down=refuse_down)
        self.model = DssModel(options)
        self.driver = self.open(options)
        self.now_us = NOW_US
        self.driver.set_now(self.now_us)
        self.agreed = True
        self.stale: dict[str, str] = {}  # entity -> an OVN or version it once had
        self.salt = 0

    def ask(
        self,
        method: str,
        path: str,
        sub: str,
        body: Json = None,
        scopes: frozenset[str] = EVERY_SCOPE,
    ) -> Answer:
        """Put one request to both, compare, and hand on the real answer."""
        try:
            expected = self.model.handle(method, path, scopes, sub, body, self.now_us)
        except TooCloseToCall:
            reject()
        real = self.driver.call(method, path, sub=sub, scopes=scopes, body=body)
        kind = "query" if path.endswith("query") else method
        event(f"{kind} {path.split('/')[3]}: {expected.status}")
        note(f"{sub}: {method} {path} {json.dumps(body)} -> {real.status}")
        wrong = compare(expected, real)
        self.agreed = not wrong
        assert not wrong, "\n".join([f"{sub}: {method} {path}", *wrong, f"answer: {real.body}"])
        return real

    # --- operational intents

    @rule(data=st.data(), times=st.integers(2, 8))
    def put_intents(self, data: st.DataObject, times: int) -> None:
        """Several at a time: without a few neighbours there is nothing to conflict with."""
        for _ in range(times):
            self.put_intent(data)

    def put_intent(self, data: st.DataObject) -> None:
        entity, spot, pick = (data.draw(one) for one in (intent_ids, spots, picks))
        owner, state = data.draw(owners), data.draw(states)
        old = self.model.state.intent(entity)
        if old is not None and pick % 8 != 7:
            owner = old.manager  # most changes are made by those who may
        if old is None and pick % 8 != 7:
            state = "Accepted"
        kind = data.draw(links, "link")
        if kind == "none" and state != "Accepted" and pick % 8 != 5:
            kind = "new"  # such a state needs a subscription
        link = self._link(kind, owner, spot, pick)
        body = intent(
            *data.draw(extents(spot), "extents"),
            state=state,
            key=self._key(data.draw(keys, "key"), pick),
            url=data.draw(urls, "url"),
            **link,
        )
        suffix = self._suffix(data.draw(suffixes, "suffix"), old)
        if suffix is not None:
            body["requested_ovn_suffix"] = suffix
        scopes = EVERY_SCOPE if pick % 10 != 9 else frozenset({SC})
        ovn = self._version(data.draw(versions, "ovn"), entity, old.ovn.value if old else None)
        self._remember(entity, old.ovn.value if old else None)
        self.ask("PUT", _path(OIR, entity, ovn), owner, body, scopes)

    def _link(self, kind: str, owner: str, spot: tuple[float, float], pick: int) -> dict[str, Any]:
        """Members that tell the intent's subscription."""
        ordered = implicit(f"https://{owner}.example", constraints=kind.endswith("constraints"))
        candidates = [
            one
            for one in self.model.state.subscriptions
            if (kind == "any" or one.manager == owner)
            and (not one.implicit or near(one.space, spot))
        ]
        if kind in ("own", "any", "both") and candidates:
            link: dict[str, Any] = {"subscription_id": candidates[pick % len(candidates)].id.value}
            return link | {"new_subscription": ordered} if kind == "both" else link
        if kind == "unknown":
            return {"subscription_id": UNKNOWN_ID}
        if kind == "empty":
            return {"subscription_id": ""}
        return {} if kind == "none" else {"new_subscription": ordered}

    def _key(self, kind: str, pick: int) -> list[str]:
        """OVNs of all there is (more than needed), of some, of none, or outdated ones."""
        state = self.model.state
        slots = [one.ovn for one in state.intents] + [one.ovn for one in state.constraints]
        present = [slot.value for slot in slots]
        known = [ovn for ovn in present if ovn is not None]
        if kind == "some":
            return [ovn for i, ovn in enumerate(known) if pick >> i & 1]
        return {"all": known, "none": [], "stale": [*self.stale.values(), WRONG]}[kind]

    def _suffix(self, kind: str, old: Intent | None) -> str | None:
        present = (old.ovn.value or "") if old else ""
        if kind == "same" and present.startswith(f"{old.id}_" if old else "-"):
            return present.split("_")[1]
        if kind == "stale":
            return uuid7(self.now_us - 6 * MINUTE_US)
        if kind == "none":
            return None
        self.salt += 1
        return uuid7(self.now_us, self.salt)

    def _version(self, kind: str, entity: str, present: str | None) -> str | None:
        """The OVN or version for the path; None leaves it out."""
        if kind == "empty":
            # What an empty one does to something that does not exist is nobody's business.
            return "" if present is not None else None
        if kind == "create" or (kind in ("fit", "right") and present is None):
            return None if kind != "right" else WRONG
        if kind == "stale":
            return self.stale.get(entity, WRONG)
        return WRONG if kind == "wrong" else present

    def _ending(self, kind: str, entity: str, present: str | None) -> str:
        """The OVN or version in the path of a DELETE, where there must be one."""
        if kind == "empty":
            return ""
        return self._version(kind, entity, present) or present or WRONG

    def _remember(self, entity: str, ovn: str | None) -> None:
        if ovn is not None:
            self.stale[entity] = ovn

    @rule(owner=owners, entity=intent_ids, kind=versions, pick=picks)
    def delete_intent(self, owner: str, entity: str, kind: str, pick: int) -> None:
        present = [one.id for one in self.model.state.intents]
        if present and pick % 8 != 6:
            entity = present[pick % len(present)]
        old = self.model.state.intent(entity)
        ovn = self._ending(kind, entity, old.ovn.value if old else None)
        sub = old.manager if old and pick % 8 != 7 else owner
        self.ask("DELETE", f"{OIR}/{entity}/{ovn}", sub)

    @rule(owner=owners, entity=intent_ids)
    def get_intent(self, owner: str, entity: str) -> None:
        self.ask("GET", f"{OIR}/{entity}", owner)

    # --- constraints

    @rule(data=st.data(), owner=owners, entity=constraint_ids, spot=spots, pick=picks)
    def put_constraint(
        self, data: st.DataObject, owner: str, entity: str, spot: tuple[float, float], pick: int
    ) -> None:
        old = self.model.state.constraint(entity)
        if old is not None and pick % 8 != 7:
            owner = old.manager
        body = constraint(*data.draw(extents(spot), "extents"), url=data.draw(urls, "url"))
        if pick % 3 == 0:
            del body["extents"][0]["volume"]["altitude_upper"]
        ovn = self._version(data.draw(versions, "ovn"), entity, old.ovn.value if old else None)
        self._remember(entity, old.ovn.value if old else None)
        self.ask("PUT", _path(CR, entity, ovn), owner, body)

    @rule(owner=owners, entity=constraint_ids, kind=versions, pick=picks)
    def delete_constraint(self, owner: str, entity: str, kind: str, pick: int) -> None:
        present = [one.id for one in self.model.state.constraints]
        if present and pick % 8 != 6:
            entity = present[pick % len(present)]
        old = self.model.state.constraint(entity)
        ovn = self._ending(kind, entity, old.ovn.value if old else None)
        sub = old.manager if old and pick % 8 != 7 else owner
        self.ask("DELETE", f"{CR}/{entity}/{ovn}", sub)

    # --- subscriptions

    def _subscription(self, pick: int) -> tuple[str, Subscription | None]:
        """One of the few ids, or that of a subscription that exists."""
        known = [one.id.value for one in self.model.state.subscriptions if one.id.value]
        entity = (*SUBSCRIPTION_IDS, *known)[pick % (len(SUBSCRIPTION_IDS) + len(known))]
        found = self.model.state.subscription(entity)
        if found is not None and found.version.value is None:
            self.ask("GET", f"{SUB}/{entity}", found.manager)  # shows the version
        return entity, found

    @rule(data=st.data(), owner=owners, spot=spots, pick=picks)
    def put_subscription(
        self, data: st.DataObject, owner: str, spot: tuple[float, float], pick: int
    ) -> None:
        entity, old = self._subscription(pick)
        if old is not None and pick % 8 != 7:
            owner = old.manager
        asks, restricts = data.draw(
            st.sampled_from([(True, None), (True, True), (None, True)] * 3 + [(False, False)]),
            "flags",
        )
        if old is not None and self.model.state.dependents(old):
            asks = True  # what else should happen to the dependents is nowhere said
        body = subscription(
            data.draw(watched_volumes(spot), "extents"),
            intents=asks,
            constraints=restricts,
            url=data.draw(urls, "url"),
        )
        version = self._version(
            data.draw(versions, "version"), entity, old.version.value if old else None
        )
        self._remember(entity, old.version.value if old else None)
        self.ask("PUT", _path(SUB, entity, version), owner, body)

    @rule(owner=owners, kind=versions, pick=picks)
    def delete_subscription(self, owner: str, kind: str, pick: int) -> None:
        entity, old = self._subscription(pick)
        version = self._ending(kind, entity, old.version.value if old else None)
        sub = old.manager if old and pick % 8 != 7 else owner
        self.ask("DELETE", f"{SUB}/{entity}/{version}", sub)

    @rule(owner=owners, pick=picks)
    def get_subscription(self, owner: str, pick: int) -> None:
        entity, _ = self._subscription(pick)
        self.ask("GET", f"{SUB}/{entity}", owner)

    # --- the rest

    @rule(data=st.data(), owner=owners, spot=spots, collection=st.sampled_from((OIR, CR, SUB)))
    def query(
        self, data: st.DataObject, owner: str, spot: tuple[float, float], collection: str
    ) -> None:
        body = {"area_of_interest": data.draw(open_volumes(spot), "area")}
        self.ask("POST", f"{collection}/query", owner, body)

    @rule(
        uss=owners,
        availability=st.sampled_from(("Down", "Normal", "Down", "normal", "DOWN", "Unknown", "Up")),
        version=st.sampled_from(("right",) * 8 + ("wrong", "empty")),
    )
    def set_availability(self, uss: str, availability: str, version: str) -> None:
        known = self.model.state.availability.get(uss)
        right = (known[1].value or "") if known else ""
        body = {
            "old_version": {"right": right, "wrong": WRONG, "empty": ""}[version],
            "availability": availability,
        }
        self.ask("PUT", f"{AVAILABILITY}/{uss}", "arbitrator", body)
        self.ask("GET", f"{AVAILABILITY}/{uss}", uss)

    @rule(minutes=st.sampled_from((0, 1, 6, 37, 61, 90)))
    def time_passes(self, minutes: int) -> None:
        self.now_us += minutes * MINUTE_US + 1
        self.driver.set_now(self.now_us)

    @rule()
    def a_subscription_ends(self) -> None:
        """The next one that ends does so, if that is soon: what is over may still be there."""
        ends = [one.space.end_us for one in self.model.state.subscriptions]
        soon = range(self.now_us, self.now_us + 3 * HOUR_US)
        if coming := [end for end in ends if end is not None and end in soon]:
            self.now_us = min(coming) + 1
            self.driver.set_now(self.now_us)

    @rule(
        data=st.data(),
        owner=owners,
        spot=spots,
        collection=st.sampled_from((OIR, CR, SUB)),
        spoiler=st.sampled_from(SPOILERS),
    )
    def put_nonsense(
        self,
        data: st.DataObject,
        owner: str,
        spot: tuple[float, float],
        collection: str,
        spoiler: tuple[str, Any],
    ) -> None:
        if data.draw(st.integers(0, 2)) != 2:
            return  # now and then is enough
        whole = data.draw(extents(spot), "extents")
        bodies = {OIR: intent(*whole), CR: constraint(*whole), SUB: subscription(whole[0])}
        entity = {OIR: INTENT_IDS, CR: CONSTRAINT_IDS, SUB: SUBSCRIPTION_IDS}[collection][0]
        name, value = spoiler
        self.ask("PUT", f"{collection}/{entity}", owner, bodies[collection] | {name: value})

    def look_at_everything(self) -> None:
        """All that can be read, each thing by another USS."""
        readers = cycle(OWNERS)
        for entity in INTENT_IDS:
            self.ask("GET", f"{OIR}/{entity}", next(readers))
        for entity in CONSTRAINT_IDS:
            self.ask("GET", f"{CR}/{entity}", next(readers))
        for one in list(self.model.state.subscriptions):
            self.ask("GET", f"{SUB}/{one.id.value}", one.manager)
        for spot, collection in product(SPOTS, (OIR, CR, SUB)):
            everywhere = {"area_of_interest": volume(shapes(spot)["wide"])}
            self.ask("POST", f"{collection}/query", next(readers), everywhere)

    def teardown(self) -> None:
        try:
            if self.agreed:
                self.look_at_everything()
        finally:
            self.closing.close()


def _path(collection: str, entity: str, version: str | None) -> str:
    return f"{collection}/{entity}" + ("" if version is None else f"/{version}")
