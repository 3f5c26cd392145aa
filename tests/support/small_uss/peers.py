"""What the small USS answers to its peers: details, telemetry, notifications, reports."""

from __future__ import annotations

import json
import uuid
from typing import Any

from .geometry import intersect, volumes
from .judging import OFF_NOMINAL
from .planning import Uss
from .tokens import AA, CM, CMSA, CP, SC, NotAllowed
from .wire import Request, Response, answer

Json = dict[str, Any]
_INTENTS = "/uss/v1/operational_intents"


class Peers:
    """The USS-to-USS interface."""

    def __init__(self, uss: Uss) -> None:
        self._uss = uss

    async def handle(self, request: Request) -> Response:
        """Answer a peer."""
        await self._uss.mode.stall()
        try:
            return self._answer(request)
        except NotAllowed as error:
            return answer(error.status, {"message": str(error)})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return answer(400, {"message": f"{type(error).__name__}: {error}"})

    def _who(self, request: Request, *scopes: str) -> str:
        return self._uss.tokens.caller(request.headers.get("authorization", ""), scopes)

    def _answer(self, request: Request) -> Response:
        path, method = request.path, request.method
        if path == _INTENTS and method == "POST":
            return self._heard(self._who(request, SC), request.json())
        if path.startswith(f"{_INTENTS}/") and method == "GET":
            the_id, _, rest = path.removeprefix(f"{_INTENTS}/").partition("/")
            if rest == "telemetry":
                self._who(request, CMSA)
                return self._telemetry(the_id.lower())
            if not rest:
                return self._details(self._who(request, SC), the_id.lower())
        if path == "/uss/v1/constraints" and method == "POST":
            self._who(request, CM)
            return answer(204)
        if path == "/uss/v1/reports" and method == "POST":
            who = self._who(request, SC, CP, CM, CMSA, AA)
            report = request.json()
            if not isinstance(report["exchange"], dict):
                raise ValueError("no exchange")
            report["report_id"] = str(uuid.uuid4())
            self._uss.store.note("report", by=who, report=report)
            return answer(201, report)
        return answer(404, {"message": "nothing here"})

    def _details(self, who: str, the_id: str) -> Response:
        body = self._uss.answer_details(the_id, who)
        self._uss.store.note("served", id=the_id, to=who, status=200 if body else 404)
        return Response(200, body) if body else answer(404, {"message": "no such intent"})

    def _telemetry(self, the_id: str) -> Response:
        intent = self._uss.store.intents.get(the_id)
        if intent is None:
            return answer(404, {"message": "no such intent"})
        if intent["reference"]["state"] not in OFF_NOMINAL:
            return answer(409, {"message": "it flies as planned"})
        return answer(412, {"message": "no telemetry"})

    def _heard(self, who: str, body: Json) -> Response:
        the_id, intent = str(body["operational_intent_id"]).lower(), body.get("operational_intent")
        if not body["subscriptions"]:
            raise ValueError("no subscriptions")
        status = self._judge(who, the_id, intent)
        self._uss.store.note(
            "heard",
            id=the_id,
            by=who,
            version=intent["reference"]["version"] if intent else None,
            status=status,
            subscriptions=body["subscriptions"],
        )
        if status != 204:
            return answer(status, {"message": "refused"})
        if intent is None:
            self._uss.store.heard.pop(the_id, None)
        else:
            self._uss.store.heard[the_id] = intent
            self._warn(the_id, intent)
        self._uss.store.save()
        return answer(204)

    def _judge(self, who: str, the_id: str, intent: Json | None) -> int:
        known = self._uss.store.heard.get(the_id)
        if the_id in self._uss.store.intents:
            return 403
        if known is not None and known["reference"]["manager"] != who:
            return 403
        if intent is None:
            return 204
        reference, details = intent["reference"], intent["details"]
        if reference["id"].lower() != the_id or not reference["ovn"]:
            return 400
        if reference["manager"] != who:
            return 403
        volumes([*(details.get("volumes") or []), *(details.get("off_nominal_volumes") or [])])
        if known is not None:
            old, new = known["reference"]["version"], reference["version"]
            if new < old or (new == old and _text(known) != _text(intent)):
                return 409
        return 204

    def _warn(self, the_id: str, intent: Json) -> None:
        """Tell the operators of own intents that this one runs into (SCD0095)."""
        details = intent["details"]
        theirs = volumes(
            [*(details.get("volumes") or []), *(details.get("off_nominal_volumes") or [])]
        )
        for own_id, own in self._uss.store.intents.items():
            if intersect(volumes(own["details"]["volumes"]), theirs):
                self._uss.store.note("operator", event="SCD0095", id=own_id, other=the_id)


def _text(intent: Json) -> str:
    return json.dumps(intent, sort_keys=True)
