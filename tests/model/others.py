"""Rules for USS availability and for reports."""

from __future__ import annotations

from tests.model.driver import Json
from tests.model.reading import Bad, member
from tests.model.state import Request, State, refuse
from tests.model.templates import AbsentOr, Instant, ModelAnswer, Slot
from tests.model.wire import instant

AVAILABILITIES = {"unknown": "Unknown", "normal": "Normal", "down": "Down"}


def get_availability(state: State, ask: Request) -> ModelAnswer:
    """Any id will do; one that was never set is Unknown and has no version."""
    return ModelAnswer(200, _availability(state, ask.entity))


def _availability(state: State, uss: str) -> Json:
    _, version = state.availability.get(uss, ("", ""))
    return {"version": version, "status": {"uss": uss, "availability": state.available(uss)}}


def put_availability(state: State, ask: Request) -> ModelAnswer:
    text = member(ask.body, "availability", "string", "")
    if text.lower() not in AVAILABILITIES:  # upper and lower case do not matter
        raise Bad("availability", "unknown value")
    claimed = member(ask.body, "old_version", "string", "", needed=False) or ""
    _, version = state.availability.get(ask.entity, ("", Slot("version", set(), "")))
    if claimed != version.value:
        return refuse(409, "not the present version", *((400, 404) if claimed == "" else ()))
    fresh = Slot("version", version.taken)
    state.availability[ask.entity] = (AVAILABILITIES[text.lower()], fresh)
    return ModelAnswer(200, _availability(state, ask.entity))


def report(state: State, ask: Request) -> ModelAnswer:
    """File the report, give it an id, send it back."""
    exchange = member(ask.body, "exchange", "object", "")
    shown: Json = {
        name: member(exchange, name, "string", "exchange")
        for name in ("url", "method", "recorder_role")
    }
    if shown["recorder_role"] not in ("Client", "Server"):
        raise Bad("exchange.recorder_role", "neither Client nor Server")
    for name, needed in (("request_time", True), ("response_time", False)):
        value = member(exchange, name, "object", "exchange", needed=needed)
        if value is not None:
            shown[name] = _time(value, f"exchange.{name}")
    for name, kind in (
        ("headers", "array"),
        ("request_body", "string"),
        ("response_body", "string"),
        ("response_code", "number"),
        ("problem", "string"),
    ):
        value = member(exchange, name, kind, "exchange", needed=False)
        if value is not None:
            shown[name] = AbsentOr(value) if value in ([], "", 0) else value
    headers = exchange.get("headers") or []
    if not all(isinstance(line, str) for line in headers):
        raise Bad("exchange.headers", "holds something that is no text")
    state.reports.append(shown)
    return ModelAnswer(
        201, {"report_id": Slot("report_id", state.all_report_ids), "exchange": shown}
    )


def _time(value: Json, where: str) -> Instant:
    member(value, "format", "string", where)
    try:
        return Instant(instant(member(value, "value", "string", where)))
    except ValueError as error:
        raise Bad(f"{where}.value", "not RFC 3339") from error
