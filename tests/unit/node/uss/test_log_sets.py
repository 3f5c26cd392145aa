"""A log set holds what passed, in the standard's form, and is handed to whom it was made for."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec
import pytest
from tests.support import planned
from tests.support.recording import Recording, recording
from tests.support.uss_server import served

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_on_wire
from detente.http import BadRequest, Caller, Forbidden, NotFound, Request, Response
from detente.node.approval_rules import FOUR_EYES
from detente.node.approvals import Approvals
from detente.node.uss import log_sets
from detente.node.uss.log_sets import LogSetBody, LogSets, LogSetView
from detente.planning import Action, ExchangeSeen, Flown, Judged, OwnConstraint
from detente.record import JsonValue
from detente.words import Words

pytestmark = pytest.mark.anyio

KEEPER = Caller("keeper", frozenset({"record.export", "step-up"}), "session", 0)
OTHER = Caller("other", frozenset({"record.export", "step-up"}), "session", 0)
AT = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=planned.NOW_US)


@dataclass
class Approving:
    """A second person who agrees to everything that is asked for in order."""

    asked: list[tuple[str, Mapping[str, JsonValue]]] = field(default_factory=list)

    @property
    def decider(self) -> str:
        return "second"

    async def consume(
        self, caller: Caller, identity: str | None, kind: str, action: Mapping[str, JsonValue]
    ) -> Approving:
        if identity != "agreed":
            raise Forbidden("nobody has agreed")
        self.asked.append((kind, action))
        return self


def sets(node: Recording, approving: Approving) -> LogSets:
    return LogSets(node.context, node.recorder, cast(Approvals, approving))


async def some(node: Recording) -> tuple[str, str]:
    """Something of everything: ids of an intent that was accepted, and of one that was not."""
    ours, other = planned.intent(), planned.intent()
    recorder = node.recorder
    seen = ExchangeSeen(
        f"https://uss.b.example/{ours.id}",
        "GET",
        "Client",
        planned.NOW_US,
        planned.NOW_US + 700,
        ("authorization: claims {}",),
        response_code=200,
        response_body=b"large" * 20_000,
    )
    recorder.exchange(seen)
    later_us = planned.NOW_US + 9
    recorder.exchange(replace(seen, url=f"https://x/{other.id}", request_time_us=later_us))
    await recorder.settled(None, planned.accepted(ours))
    refused = planned.refused(other, planned.neighbour())
    unknown = planned.neighbour(known=False)
    await recorder.settled(None, replace(refused, neighbours=(*refused.neighbours, unknown)))
    words = Words("met", "rencontre")
    await recorder.operator_notice("SCD0090", ours.id, words, planned.NOW_US)
    await recorder.operator_input("OPIN0040", ours.id, "over", planned.NOW_US, "nowak")
    telemetry = uss.VehicleTelemetry(wire.Time(AT), uss.Position(6.9, 46.2))
    await recorder.positions(
        ours.id, [Judged(planned.NOW_US, telemetry, True)], Flown(1_000_000, 0, 0, 0)
    )
    over = planned.after(ours, ended=True)
    await recorder.settled(None, planned.accepted(over, action=Action.END, before=ours))
    details = uss.ConstraintDetails([volume_on_wire(planned.circle())])
    await recorder.constraint(OwnConstraint(UNRELATED, "office", (), details))
    return ours.id, other.id


UNRELATED = "00000000-0000-4000-8000-00000000000c"


async def test_a_log_set_of_an_intent_holds_all_that_concerns_it(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours, _ = await some(node)
        made, count = await sets(node, Approving()).of(ours)
        assert count == 8
        (message,) = made.messages
        assert message.recorder_role == "Client"
        assert message.response_body is not None
        assert base64.b64decode(message.response_body) == b"large" * 20_000
        (notice,) = made.operator_notifications
        assert notice.notification_triggering_event == "SCD0090"
        assert notice.triggering_event_time.value == AT
        (told,) = made.operator_inputs
        assert told.operational_intent_id == ours
        assert made.operator_associations == [uss.OperatorAssociation(ours, "Rescue Flight")]
        assert made.planning_attempts == []
        (track,) = made.operational_intent_positions
        assert track.operational_intent_id == ours
        assert len(track.positions) == 1
        assert made.constraint_provider_associations == []
        # What leaves is what the standard's schema says, and can be read by it.
        encoded = msgspec.json.encode(made)
        assert msgspec.json.decode(encoded, type=uss.USSLogSet) == made


async def test_what_did_not_succeed_is_told_with_what_was_known(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        _, other = await some(node)
        made, _ = await sets(node, Approving()).of(other)
        (attempt,) = made.planning_attempts
        assert attempt.operational_intent_id == other
        assert len(attempt.ovns) == 2
        assert attempt.missing_operational_intents is not None
        assert len(attempt.missing_operational_intents) == 1
        assert attempt.problem is not None
        assert "SCD0035" in attempt.problem
        assert "it did not answer" in attempt.problem


async def test_a_span_of_time_holds_what_lies_in_it(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        await some(node)
        logs = sets(node, Approving())
        everything, _ = await logs.of(since=datetime(2020, 1, 1, tzinfo=UTC))
        assert len(everything.messages) == 2
        assert len(everything.constraint_provider_associations) == 1
        later, _ = await logs.of(since=AT + timedelta(microseconds=5))
        assert len(later.messages) == 1
        nothing, _ = await logs.of(
            since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2020, 1, 2, tzinfo=UTC)
        )
        assert nothing == uss.USSLogSet()


async def test_one_is_made_by_two_and_fetched_by_who_asked(tmp_path: Path) -> None:
    async with recording(tmp_path) as node:
        ours, _ = await some(node)
        approving = Approving()
        logs = sets(node, approving)
        make, fetch = (each.handler for each in logs.endpoints())
        body = LogSetBody(purpose="inquiry 7", intent=ours.upper(), to="b", approval="agreed")
        with pytest.raises(Forbidden):
            alone = msgspec.structs.replace(body, approval="")
            await make(Request({}, {}, alone, KEEPER, planned.NOW_US))
        for wrong in (LogSetBody(purpose="x", approval="agreed"),
                      LogSetBody(purpose="x", intent="y", approval="agreed")):  # fmt: skip
            with pytest.raises(BadRequest):
                await make(Request({}, {}, wrong, KEEPER, planned.NOW_US))
        answer = await make(Request({}, {}, body, KEEPER, planned.NOW_US))
        assert isinstance(answer, Response)
        view = answer.body
        assert isinstance(view, LogSetView)
        kind, action = approving.asked[-1]
        assert FOUR_EYES[kind] == "record.export"
        assert action["purpose"] == "inquiry 7"
        assert "approval" not in action

        path = {"id": view.id}
        fetched = await fetch(Request(path, {}, None, KEEPER, planned.NOW_US))
        assert isinstance(fetched, Response)
        assert isinstance(fetched.body, bytes)
        assert len(msgspec.json.decode(fetched.body, type=uss.USSLogSet).messages) == 1
        with pytest.raises(Forbidden):
            await fetch(Request(path, {}, None, OTHER, planned.NOW_US))
        with pytest.raises(NotFound):
            await fetch(Request({"id": "x"}, {}, None, KEEPER, planned.NOW_US))
        assert await logs.for_manager(view.id, "b") == fetched.body
        assert await logs.for_manager(view.id, "c") is None
        assert await logs.for_manager(view.id, "") is None
        entries = await node.record.entries(0, 1000)
        said = [each.payload for each in entries if each.payload is not None]
        told = [each.body for each in said if each.kind == "security"]
        assert told[0]["what"] == "log-set"
        assert (told[0]["officer"], told[0]["second"], told[0]["to"]) == ("keeper", "second", "b")


async def test_one_is_so_long_at_most_and_so_many_bytes_are_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path) as node:
        ours, _ = await some(node)
        logs = sets(node, Approving())
        made, _ = await logs.of(ours)
        size = len(msgspec.json.encode(made))
        make = logs.endpoints()[0].handler
        body = LogSetBody(purpose="inquiry", intent=ours, to="b", approval="agreed")

        async def one() -> str:
            answer = await make(Request({}, {}, body, KEEPER, planned.NOW_US))
            assert isinstance(answer, Response)
            assert isinstance(answer.body, LogSetView)
            return answer.body.id

        monkeypatch.setattr(log_sets, "KEPT_BYTES_MAX", 2 * size + 10)
        first, second, third = [await one() for _ in range(3)]
        found = [await logs.for_manager(each, "b") is not None for each in (first, second, third)]
        assert found == [False, True, True]
        monkeypatch.setattr(log_sets, "KEPT_BYTES_MAX", 10)
        newest = await one()
        assert await logs.for_manager(third, "b") is None
        assert await logs.for_manager(newest, "b") is not None

        monkeypatch.setattr(log_sets, "BYTES_MAX", size // 2)
        with pytest.raises(BadRequest, match="longer"):
            await one()
        assert await logs.for_manager(newest, "b") is not None
        monkeypatch.setattr(log_sets, "BYTES_MAX", size)
        await one()


async def test_a_peer_gets_the_one_that_was_made_for_it(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        ours, _ = await some(net.node)
        logs = sets(net.node, Approving())
        make = logs.endpoints()[0].handler
        body = LogSetBody(purpose="inquiry", intent=ours, to="b", approval="agreed")
        answer = await make(Request({}, {}, body, KEEPER, planned.NOW_US))
        assert isinstance(answer, Response)
        assert isinstance(answer.body, LogSetView)
        net.server.log_sets = logs
        path = f"/uss/v1/log_sets/{answer.body.id}"
        fetched = await net.get(path)
        assert fetched.status_code == 200
        assert msgspec.json.decode(fetched.content, type=uss.USSLogSet).messages
        assert (await net.get(path, sub="c")).status_code == 404
