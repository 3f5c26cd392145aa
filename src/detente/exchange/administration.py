"""Availability, reports, the pool's own entries, and retention."""

from __future__ import annotations

from typing import Final

from detente.exchange import commands as c
from detente.exchange import entries as e
from detente.exchange import identifiers
from detente.exchange.airspace import Airspace
from detente.exchange.decision import Decision
from detente.exchange.refusals import WrongVersion
from detente.exchange.shelves import Shelf
from detente.f3548 import types as wire

LOOKED_AT_PER_EVICTED: Final = 40
"""Ended subscriptions that are looked at for each that may go at once."""

REQUESTED_OVN_MEMORY_US: Final = 3 * c.CLOCK_SKEW_US
"""How long a requested OVN is remembered: a suffix is refused for its age well before."""


def set_availability(airspace: Airspace, command: c.SetAvailability, moment: c.Moment) -> Decision:
    """Say how a USS is (A2).

    Raises:
        WrongVersion: the version given is not that of what was said last.
    """
    before = airspace.availability_status(command.uss)
    if command.old_version != ("" if before is None else before.version):
        raise WrongVersion(
            f"this is not the version of what is stored about {command.uss}",
            where="old_version",
            advice="Read the status again and decide anew.",
        )
    status = e.Availability(
        command.uss, command.availability, identifiers.new_version(moment.random)
    )
    return Decision(
        e.AvailabilitySet(moment.now_us, status),
        wire.UssAvailabilityStatusResponse(
            status.version, wire.UssAvailabilityStatus(status.uss, status.availability)
        ),
    )


def file_report(command: c.FileReport, report_id: str, moment: c.Moment) -> e.ReportFiled:
    """Keep a report in the log (R1)."""
    return e.ReportFiled(moment.now_us, report_id, command.caller, command.report)


def open_log(airspace: Airspace, moment: c.Moment) -> Decision:
    """Name the airspace representation of a new log."""
    if airspace.dar_id:
        return Decision(None, None)
    return Decision(e.LogOpened(moment.now_us, identifiers.new_uuid4(moment.random)), None)


def join(airspace: Airspace, command: c.JoinPool, moment: c.Moment) -> Decision:
    """Enter an instance, or its new endpoint or key, into the log."""
    instance = e.Instance(command.name, command.public_endpoint, command.verifier_key)
    if airspace.instances.get(command.name) == instance:
        return Decision(None, None)
    return Decision(e.InstanceJoined(moment.now_us, instance), None)


def heartbeat(airspace: Airspace, command: c.SendHeartbeat, moment: c.Moment) -> Decision:
    """Enter a sign of life."""
    before = airspace.heartbeats.get(command.instance)
    beat = e.Heartbeat(
        instance=command.instance,
        source=command.source,
        at_us=moment.now_us if command.at_us is None else command.at_us,
        index=1 if before is None else before.index + 1,
        reporter=command.caller,
        next_expected_us=command.next_expected_us,
    )
    return Decision(e.HeartbeatHeard(beat), None)


def evict(airspace: Airspace, command: c.Evict, moment: c.Moment) -> Decision:
    """Remove what ended long ago; a subscription only when nothing depends on it."""
    intents = _ended(airspace.intents, command.intents_ended_before_us, command.most)
    constraints = _ended(airspace.constraints, command.constraints_ended_before_us, command.most)
    gone = set(intents)
    subscriptions = set(_unused(airspace, command, moment, gone))
    for identifier in intents:
        intent = airspace.intents.get(identifier)
        subscription_id = None if intent is None else intent.subscription_id
        if subscription_id is not None and airspace.dependents(subscription_id) <= gone:
            subscription = airspace.subscriptions.get(subscription_id)
            if subscription is not None and subscription.implicit:
                subscriptions.add(subscription_id)
    forget_us = moment.now_us - REQUESTED_OVN_MEMORY_US
    forget = airspace.has_requested_ovns_before(forget_us)
    if not (intents or constraints or subscriptions or forget):
        return Decision(None, None)
    return Decision(
        e.Evicted(
            moment.now_us,
            tuple(intents),
            tuple(constraints),
            tuple(sorted(subscriptions)),
            forget_us if forget else None,
        ),
        None,
    )


def _unused(airspace: Airspace, command: c.Evict, moment: c.Moment, gone: set[str]) -> list[str]:
    """Ended subscriptions on which nothing depends but what goes, too.

    Those in use may be very many: each time some others are looked at.
    """
    before_us = command.subscriptions_ended_before_us
    if before_us is None:
        return []
    start = int.from_bytes(moment.random[:6], "big")
    looked_at = airspace.subscriptions.ended_before(
        before_us, LOOKED_AT_PER_EVICTED * command.most, start
    )
    found = [i for i in looked_at if airspace.dependents(i) <= gone]
    return sorted(found)[: command.most]


def _ended(
    shelf: Shelf[e.OperationalIntent] | Shelf[e.Constraint] | Shelf[e.Subscription],
    before_us: int | None,
    most: int,
) -> list[str]:
    return [] if before_us is None else sorted(shelf.ended_before(before_us, most))
