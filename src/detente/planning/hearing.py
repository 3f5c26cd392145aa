"""What another USS tells of its intents: whether it may be believed, and what it amounts to. Pure.

Whoever notifies must manage the intent, by what an exchange says; may not go back to a version
before the newest that is known; and may not say two things of one version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from detente.errors import DetenteError
from detente.f3548 import entity_id
from detente.f3548 import types as wire
from detente.geo import Encounter, Prepared, conflicts, prepare
from detente.planning.entry_forms import instant_of
from detente.planning.intents import Details, Intent, Neighbour, State
from detente.planning.known import visible
from detente.planning.own_intents import OwnIntents
from detente.planning.told import ToldWrong, check_count, details_of, within_times
from detente.words import NARROW, Words, moment


class NotItsManager(DetenteError):
    """Who notifies of an intent does not manage it, by what the exchange says."""

    code: ClassVar[str] = "uss.not_manager"


class Outdated(DetenteError):
    """A notification tells of a version before the newest, or of the same one otherwise."""

    code: ClassVar[str] = "uss.outdated"


class Unusable(DetenteError):
    """A notification contradicts itself, or lacks what it must have."""

    code: ClassVar[str] = "uss.unusable"


@dataclass(frozen=True, slots=True)
class HeardIntent:
    """What a notification amounts to.

    Attributes:
        exchange: whose peers told it.
        intent_id: of what.
        neighbour: as it is now; None: it has ended.
        source: id of the record entry of the message.
    """

    exchange: str
    intent_id: str
    neighbour: Neighbour | None
    source: str


@dataclass(frozen=True, slots=True)
class Told:
    """A notification (U3), its form checked.

    Attributes:
        intent_id: in its canonical form.
        reference: as its USS tells it; None: it has ended.
        details: likewise.
    """

    intent_id: str
    reference: wire.OperationalIntentReference | None
    details: Details | None


def read_change(change: wire.PutOperationalIntentDetailsParameters) -> Told:
    """What a notification tells.

    Raises:
        InvalidMember: an id or a time cannot be.
        Unusable: it contradicts itself, lacks the OVN, or a number or its volumes cannot be.
    """
    identity = entity_id(change.operational_intent_id, "operational_intent_id")
    check_subscriptions(change.subscriptions)
    intent = change.operational_intent
    if intent is None:
        return Told(identity, None, None)
    where = "operational_intent"
    reference = intent.reference
    if entity_id(reference.id, f"{where}.reference.id") != identity:
        raise Unusable("Two different intents are named.", where=f"{where}.reference.id")
    if not visible(reference.ovn):
        raise Unusable("The OVN is missing.", where=f"{where}.reference.ovn")
    counted(reference.version, f"{where}.reference.version")
    try:
        details = details_of(intent.details, State(reference.state))
        within_times(details, reference)
    except ToldWrong as error:
        raise Unusable(error.message, where=f"{where}.details.{error.where}") from None
    return Told(identity, reference, details)


def check_subscriptions(states: Sequence[wire.SubscriptionState]) -> None:
    """Check why a notification was sent.

    Raises:
        Unusable: no subscription is named, or an index cannot be.
    """
    if not states:
        raise Unusable("At least one subscription is needed.", where="subscriptions")
    for i, each in enumerate(states):
        counted(each.notification_index, f"subscriptions[{i}].notification_index")


def counted(value: int, where: str) -> None:
    """Check what an exchange counts: see `check_count`.

    Raises:
        Unusable: no exchange can have counted so far.
    """
    try:
        check_count(value, where)
    except ToldWrong as error:
        raise Unusable(f"This cannot be: {error.message}.", where=where) from None


def judge(
    told: Told,
    sender: str,
    known: Neighbour | None,
    standing: wire.OperationalIntentReference | None,
) -> None:
    """Refuse what may not be believed.

    Args:
        told: by a notification.
        sender: who sent it (`sub` of its token).
        known: what was known of the intent.
        standing: its reference at the exchange, if that was asked now and has it.

    Raises:
        NotItsManager, Outdated.
        Unusable: what it tells of is not what stands at the exchange.
    """
    told_manager = None if told.reference is None else told.reference.manager
    managers = {
        each.manager for each in (standing, None if known is None else known.reference) if each
    }
    if (told_manager is not None and told_manager != sender) or managers - {sender}:
        whose = ", ".join(sorted(managers - {sender}) or [told_manager or ""])
        raise NotItsManager(
            f"The intent {told.intent_id} is managed by {whose}, not by {sender}.",
            where="operational_intent.reference.manager",
        )
    if told.reference is None:
        return
    newest = max(
        [each.version for each in (standing, None if known is None else known.reference) if each],
        default=0,
    )
    if told.reference.version < newest:
        raise Outdated(
            f"Version {newest} is known here already.", where="operational_intent.reference.version"
        )
    if standing is not None and standing.version == told.reference.version and told.details:
        try:
            within_times(told.details, standing)
        except ToldWrong as error:
            where = f"operational_intent.details.{error.where}"
            raise Unusable(error.message, where=where) from None
    if known is None or known.details is None:
        return
    if told.reference.version == known.reference.version and (
        told.details != known.details or not _same(told.reference, known.reference)
    ):
        raise Outdated(f"Version {newest} was told with other content.", where="operational_intent")


def _same(one: wire.OperationalIntentReference, other: wire.OperationalIntentReference) -> bool:
    """Whether two references are of one state; who tells does not always know the OVN."""
    hidden = wire.OVN_OF_ANOTHER
    ovns = {one.ovn, other.ovn} - {hidden, ""}
    return (
        len(ovns) <= 1
        and one.state == other.state
        and one.time_start == other.time_start
        and one.time_end == other.time_end
        and one.uss_base_url == other.uss_base_url
    )


@dataclass(frozen=True, slots=True)
class Suffered:
    """An intent of ours that another's meets after a change of theirs.

    Attributes:
        ours, theirs: the two.
        encounter: the first place where they meet, in time.
    """

    ours: Intent
    theirs: Neighbour
    encounter: Encounter

    @property
    def words(self) -> Words:
        """What our operator is told."""
        they, ours = self.theirs.reference, self.ours
        name = ours.name or ours.id
        what = self.encounter
        en = f"The intent {they.id} of {they.manager} ({they.state}) meets “{name}”"
        fr = f"L’intention {they.id} de {they.manager} ({they.state}) rencontre «{NARROW}{name}"
        fr += f"{NARROW}»"
        if what.time_start_us is not None:
            since = moment(instant_of(what.time_start_us))
            en += f" from {since.en}"
            fr += f" dès le {since.fr}"
        place = f"{what.lat_deg:.5f}, {what.lng_deg:.5f}"
        return Words(f"{en}, near {place}.", f"{fr}, près de {place}.")


def suffered(theirs: Neighbour, ours: Iterable[Intent]) -> list[Suffered]:
    """Which intents of ours another's meets, exactly. Who asks often keeps `OwnIntents`."""
    if theirs.details is None:
        return []
    own = OwnIntents()
    own.follow({str(number): intent for number, intent in enumerate(ours)})
    laid_out = prepare(theirs.details.all_volumes)
    return suffered_near(theirs, laid_out, own.near(laid_out))


def suffered_near(
    theirs: Neighbour, laid_out: Prepared, near: Sequence[tuple[Intent, Prepared]]
) -> list[Suffered]:
    """The same among those of `OwnIntents` that are near; all are compared at once.

    Args:
        theirs: another's.
        laid_out: its volumes.
        near: see `OwnIntents.near`.

    Raises:
        OutlineTooLarge: outlines reach too far to be compared.
    """
    begins = np.cumsum([0, *(len(part) for _, part in near)])
    met: dict[int, list[Encounter]] = {}
    for each in conflicts(Prepared.joined([part for _, part in near]), laid_out):
        owner = int(np.searchsorted(begins, each.first, side="right")) - 1
        met.setdefault(owner, []).append(replace(each, first=each.first - int(begins[owner])))
    return [
        Suffered(near[owner][0], theirs, min(met[owner], key=lambda each: each.time_start_us or 0))
        for owner in sorted(met)
    ]
