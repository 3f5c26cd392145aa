"""A slow, obvious DSS (ASTM F3548-21): the rules as one would tell them, over plain lists.

It knows nothing of the exchange: it is written from the standard's public interface and the public
conformance expectations alone, with its own geometry, and is the oracle that the exchange is held
against. Where several answers conform, it gives the recommended one and names the others.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from tests.model import constraints, intents, others, subscriptions
from tests.model.driver import DssOptions, Json
from tests.model.reading import Bad, entity_uuid
from tests.model.state import Request, State, refuse
from tests.model.templates import ModelAnswer
from tests.model.wire import AA, CM, CMSA, CP, SC

Rule = Callable[[State, Request], ModelAnswer]
PREFIX = "/dss/v1/"

# Collection -> action -> (any one of these scopes is enough, rule).
ENDPOINTS: dict[str, dict[str, tuple[frozenset[str], Rule]]] = {
    "operational_intent_references": {
        "query": (frozenset({SC, CMSA}), intents.query),
        "GET": (frozenset({SC, CMSA}), intents.get),
        "PUT": (frozenset({SC, CMSA}), intents.put),
        "DELETE": (frozenset({SC, CMSA}), intents.delete),
    },
    "constraint_references": {
        "query": (frozenset({CM, CP}), constraints.query),
        "GET": (frozenset({CM, CP}), constraints.get),
        "PUT": (frozenset({CM}), constraints.put),
        "DELETE": (frozenset({CM}), constraints.delete),
    },
    "subscriptions": {
        "query": (frozenset({CP, SC}), subscriptions.query),
        "GET": (frozenset({CP, SC}), subscriptions.get),
        "PUT": (frozenset({CP, SC}), subscriptions.put),
        "DELETE": (frozenset({CP, SC}), subscriptions.delete),
    },
    "uss_availability": {
        "GET": (frozenset({AA, SC, CMSA}), others.get_availability),
        "PUT": (frozenset({AA}), others.put_availability),
    },
    "reports": {"POST": (frozenset({CM, CP, SC, CMSA, AA}), others.report)},
}


class DssModel:
    """The whole DSS in one method. `state` is there for tests to look into."""

    def __init__(self, options: DssOptions | None = None) -> None:
        self.state = State(options or DssOptions())

    def handle(
        self,
        method: str,
        path: str,
        scopes: frozenset[str],
        sub: str,
        body: Json,
        now_us: int,
    ) -> ModelAnswer:
        """What the rules say to one authenticated request at `now_us`; changes the state."""
        found = _route(method, path)
        if found is None:
            return refuse(404, "no such path", 405)
        (enough, rule), collection, entity, ovn = found
        # Authorisation is settled before anything in the request is looked at.
        if not scopes & enough:
            return refuse(403, "the token has none of the scopes")
        try:
            if entity and collection != "uss_availability":
                entity = entity_uuid(entity, "id")
            return rule(self.state, Request(sub, scopes, now_us, body, entity, ovn))
        except Bad as bad:
            return refuse(400, str(bad), *_also(bad, collection))


def _also(bad: Bad, collection: str) -> tuple[int, ...]:
    """A subscription query over too large an area may also be 413."""
    return (413,) if collection == "subscriptions" and "km2" in str(bad) else ()


def _route(
    method: str, path: str
) -> tuple[tuple[frozenset[str], Rule], str, str, str | None] | None:
    """(endpoint, collection, entity id, OVN or None when the path has none)."""
    if not path.startswith(PREFIX):
        return None
    parts = [unquote(part) for part in path.removeprefix(PREFIX).split("/")]
    actions = ENDPOINTS.get(parts[0])
    if actions is None:
        return None
    if len(parts) == 1:
        return _found(actions, method if parts[0] == "reports" else "", parts[0], "", None)
    if len(parts) == 2 and method == "POST":
        return _found(actions, parts[1] if parts[1] == "query" else "", parts[0], "", None)
    if len(parts) == 2 and method in ("GET", "PUT"):
        return _found(actions, method, parts[0], parts[1], None)
    if len(parts) == 3 and method in ("PUT", "DELETE") and parts[0] != "uss_availability":
        return _found(actions, method, parts[0], parts[1], parts[2])
    return None


def _found(
    actions: dict[str, tuple[frozenset[str], Rule]],
    action: str,
    collection: str,
    entity: str,
    ovn: str | None,
) -> tuple[tuple[frozenset[str], Rule], str, str, str | None] | None:
    endpoint = actions.get(action)
    return None if endpoint is None else (endpoint, collection, entity, ovn)
