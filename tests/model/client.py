"""A USS as tests see it: short calls, and answers that explain themselves when they surprise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.model.driver import Answer, Driver, Json
from tests.model.wire import AVAILABILITY, CR, EVERY_SCOPE, OIR, REPORTS, SUB


class Uss:
    """One client of a DSS, by default with every scope."""

    def __init__(
        self, driver: Driver, sub: str = "uss_a", scopes: Iterable[str] = EVERY_SCOPE
    ) -> None:
        self.driver = driver
        self.sub = sub
        self.scopes = frozenset(scopes)

    def only(self, *scopes: str) -> Uss:
        """The same client with a token for these scopes."""
        return Uss(self.driver, self.sub, scopes)

    def call(self, method: str, path: str, body: Json | bytes = None, **more: Any) -> Answer:
        return self.driver.call(method, path, sub=self.sub, scopes=self.scopes, body=body, **more)

    def put(self, collection: str, entity: str, body: Json, ovn: str | None = None) -> Answer:
        """Create, or update when there is an OVN or version (also an empty one)."""
        tail = "" if ovn is None else f"/{ovn}"
        return self.call("PUT", f"{collection}/{entity}{tail}", body)

    def get(self, collection: str, entity: str) -> Answer:
        return self.call("GET", f"{collection}/{entity}")

    def delete(self, collection: str, entity: str, ovn: str, body: Json = None) -> Answer:
        return self.call("DELETE", f"{collection}/{entity}/{ovn}", body)

    def query(self, collection: str, area: Json) -> Answer:
        return self.call("POST", f"{collection}/query", {"area_of_interest": area})

    def put_intent(self, entity: str, body: Json, ovn: str | None = None) -> Answer:
        return self.put(OIR, entity, body, ovn)

    def put_constraint(self, entity: str, body: Json, ovn: str | None = None) -> Answer:
        return self.put(CR, entity, body, ovn)

    def put_subscription(self, entity: str, body: Json, version: str | None = None) -> Answer:
        return self.put(SUB, entity, body, version)

    def intent(self, entity: str) -> Json:
        """The reference as it stands."""
        return good(self.get(OIR, entity))["operational_intent_reference"]

    def constraint(self, entity: str) -> Json:
        return good(self.get(CR, entity))["constraint_reference"]

    def subscription(self, entity: str) -> Json:
        return good(self.get(SUB, entity))["subscription"]

    def plan(self, entity: str, body: Json, ovn: str | None = None) -> Json:
        """PUT an intent that must be accepted; its reference."""
        answer = self.put_intent(entity, body, ovn)
        return good(answer, 201 if ovn is None else 200)["operational_intent_reference"]

    def restrict(self, entity: str, body: Json, ovn: str | None = None) -> Json:
        """PUT a constraint that must be accepted; its reference."""
        answer = self.put_constraint(entity, body, ovn)
        return good(answer, 201 if ovn is None else 200)["constraint_reference"]

    def subscribe(self, entity: str, body: Json, version: str | None = None) -> Json:
        """PUT a subscription that must be accepted; it."""
        return good(self.put_subscription(entity, body, version))["subscription"]

    def found(self, collection: str, area: Json) -> list[str]:
        """Ids that a query gives, sorted."""
        body = good(self.query(collection, area))
        name = {
            OIR: "operational_intent_references",
            CR: "constraint_references",
            SUB: "subscriptions",
        }[collection]
        return sorted(item["id"] for item in body[name])

    def set_availability(self, uss: str, availability: str) -> Json:
        """As an arbitrator: read the version, set the value."""
        now = good(self.call("GET", f"{AVAILABILITY}/{uss}"))
        body = {"old_version": now["version"], "availability": availability}
        return good(self.call("PUT", f"{AVAILABILITY}/{uss}", body))

    def report(self, body: Json) -> Answer:
        return self.call("POST", REPORTS, body)


def good(answer: Answer, status: int = 200) -> Json:
    """The body of an answer that must have this status."""
    assert answer.status == status, f"{answer.status} instead of {status}: {answer.body}"
    return answer.body


def refused(answer: Answer, *statuses: int) -> str:
    """The message of an error that must have one of these statuses."""
    assert answer.status in statuses, f"{answer.status} instead of {statuses}: {answer.body}"
    assert isinstance(answer.body, dict), f"no JSON object: {answer.body!r}"
    message = answer.body.get("message")
    assert isinstance(message, str)
    assert message.strip()
    return message


def told(body: Json) -> dict[str, int]:
    """Subscription id -> notification index, over all subscribers of a change."""
    urls = [entry["uss_base_url"] for entry in body["subscribers"]]
    assert len(urls) == len(set(urls)), f"a URL comes twice: {urls}"
    return {
        state["subscription_id"]: state["notification_index"]
        for entry in body["subscribers"]
        for state in entry["subscriptions"]
    }


def missing(answer: Answer) -> list[str]:
    """Ids of all entities that a 409 says the key lacks, sorted."""
    assert answer.status == 409, f"{answer.status} instead of 409: {answer.body}"
    intents = answer.body.get("missing_operational_intents") or []
    constraints = answer.body.get("missing_constraints") or []
    return sorted(item["id"] for item in [*intents, *constraints])
