"""Constraints: what makes one that may be published, and what operators are told of those that are.

The limits are those of F3548-21 (CSTM0005 … 0095 by their constants). A constraint forbids nothing
by itself: whoever plans shows that he knows it (its OVN is in the key), and his operator is told
(CSTP0005 …). The events' numbers are read from the API's enumeration in its order:

| event | our operator is told that |
|---|---|
| CSTP0005 | a flight that was planned or changed meets a constraint |
| CSTP0010 | a flight that was activated, or changed in the air, meets a constraint |
| CSTP0020 | a constraint that is new, or was moved, meets a flight now |
| CSTP0025 | a constraint that meets a flight was changed |
| CSTP0030 | a constraint that met a flight was changed and does so no more |
| CSTP0035 | a constraint that met a flight has ended |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import pyproj
import shapely

from detente import geo
from detente.f3548 import InvalidMember, volume_of
from detente.f3548 import uss_types as uss
from detente.geo import Circle, Volume4D, VolumeError, VolumeLimits, circle_polygon
from detente.planning.entry_forms import OwnConstraint
from detente.planning.faults import volume_fault, when, wrong
from detente.planning.intents import Fault, Intent, State
from detente.words import Words

_SECOND_US: Final = 1_000_000
_DAY_US: Final = 86_400 * _SECOND_US


@dataclass(frozen=True, slots=True)
class ConstraintRules:
    """Limits of constraints; the defaults are F3548-21's.

    Attributes:
        area_max_km2: CstrMaxArea, of all outlines together.
        duration_max_h: CstrMaxDuration, from the first start to the last end.
        horizon_days: CstrMaxPlanningHorizon: how far ahead one may begin.
        vertices_max: CstrMaxVertices, in all volumes together.
        notice_min: CstrMinEffectiveTimeBuffer, minutes between publishing and beginning.
    """

    area_max_km2: float = 10_000.0
    duration_max_h: float = 24.0
    horizon_days: int = 56
    vertices_max: int = 1_000
    notice_min: float = 10.0


class ConstraintAction(StrEnum):
    """What is done to a constraint of ours."""

    PUBLISH = "publish"
    CHANGE = "change"
    END = "end"


@dataclass(frozen=True, slots=True)
class ConstraintOrder:
    """What is asked for, before anything is checked.

    Attributes:
        action: what.
        id: of the constraint; a new UUIDv4 for PUBLISH.
        details: what peers will be told; for END those before.
        provider: who is responsible for it (LOG0055).
        given_us: when.
        before: as it is; None for PUBLISH.
    """

    action: ConstraintAction
    id: str
    details: uss.ConstraintDetails
    provider: str
    given_us: int
    before: OwnConstraint | None = None

    @property
    def version(self) -> int:
        """The version that this order leads to."""
        return 1 if self.before is None else self.before.version + 1


def volumes_of(details: uss.ConstraintDetails) -> tuple[Volume4D, ...]:
    """The volumes of a constraint, not validated.

    Raises:
        InvalidMember: one has no outline, or two.
    """
    return tuple(volume_of(each, f"volumes[{i}]") for i, each in enumerate(details.volumes))


def last_end_us(details: uss.ConstraintDetails) -> int:
    """When the last of its volumes ends, microseconds since 1970; they have their times."""
    ends = [each.time_end_us for each in volumes_of(details)]
    return max((each for each in ends if each is not None), default=0)


def constraint_faults(
    order: ConstraintOrder, rules: ConstraintRules, now_us: int
) -> tuple[Fault, ...]:
    """Everything that keeps an order from being put to an exchange; empty if nothing does."""
    if order.action is ConstraintAction.PUBLISH and order.before is not None:
        return (
            wrong(
                "constraint.exists",
                "",
                "There is, or was, a constraint of ours with this id. Give another one, or none.",
                "Nous avons, ou avions, une contrainte de cet identifiant. Donnez-en un autre, ou "
                "aucun.",
                "id",
            ),
        )
    if order.before is not None and order.before.ended:
        return (
            wrong(
                "constraint.ended",
                "",
                "The constraint has ended. Publish a new one.",
                "La contrainte est terminée. Publiez-en une nouvelle.",
            ),
        )
    if order.action is ConstraintAction.END:
        return ()
    try:
        volumes = volumes_of(order.details)
    except InvalidMember as error:
        return (replace(volume_fault(error, ""), where=error.where or ""),)
    if not volumes:
        return (
            wrong(
                "constraint.no_volumes",
                "",
                "A constraint needs at least one volume.",
                "Une contrainte demande au moins un volume.",
                "volumes",
            ),
        )
    faults = [*_of_volumes(volumes, rules), *_of_times(order, volumes, rules, now_us)]
    return tuple(faults) or tuple(_of_area(volumes, rules))


def _of_volumes(volumes: Sequence[Volume4D], rules: ConstraintRules) -> Iterator[Fault]:
    vertices = sum(
        1 if isinstance(each.outline, Circle) else len(each.outline.vertices) for each in volumes
    )
    if vertices > rules.vertices_max:
        yield wrong(
            "constraint.vertices",
            "",
            f"The volumes have {vertices:,} vertices together; the limit is "
            f"{rules.vertices_max:,}. Use fewer, or several constraints.",
            f"Les volumes ont ensemble {vertices} sommets\u202f; la limite est "
            f"{rules.vertices_max}. Employez-en moins, ou plusieurs contraintes.",
            "volumes",
        )
        return
    limits = VolumeLimits(max_area_km2=rules.area_max_km2, max_vertices=rules.vertices_max)
    for i, volume in enumerate(volumes):
        try:
            geo.validate_volume(volume, limits)
        except VolumeError as error:
            yield volume_fault(error, f"volumes[{i}]")


def _of_times(
    order: ConstraintOrder, volumes: Sequence[Volume4D], rules: ConstraintRules, now_us: int
) -> Iterator[Fault]:
    starts = [each.time_start_us for each in volumes if each.time_start_us is not None]
    ends = [each.time_end_us for each in volumes if each.time_end_us is not None]
    if len(starts) < len(volumes) or len(ends) < len(volumes):
        yield wrong(
            "constraint.open_time",
            "",
            "A volume of a constraint needs both times.",
            "Un volume d’une contrainte demande ses deux instants.",
            "volumes",
        )
        return
    start, end = min(starts), max(ends)
    if end <= now_us:
        yield wrong(
            "constraint.over",
            "",
            f"It ended at {when(end).en}.",
            f"Elle a pris fin le {when(end).fr}.",
            "volumes",
        )
    hours = (end - start) / _SECOND_US / 3600
    if hours > rules.duration_max_h:
        yield wrong(
            "constraint.too_long",
            "",
            f"It lasts {hours:,.1f} h; the limit is {rules.duration_max_h:g} h. Publish one for "
            "each day.",
            f"Elle dure {hours:.1f}\u00a0h\u202f; la limite est {rules.duration_max_h:g}\u00a0h. "
            "Publiez-en une par jour.",
            "volumes",
        )
    if start > now_us + rules.horizon_days * _DAY_US:
        yield wrong(
            "constraint.too_far_ahead",
            "",
            f"It begins at {when(start).en}, more than {rules.horizon_days} days ahead. Publish "
            "it later.",
            f"Elle commence le {when(start).fr}, plus de {rules.horizon_days}\u00a0jours à "
            "l’avance. Publiez-la plus tard.",
            "volumes",
        )
    earliest = now_us + int(rules.notice_min * 60 * _SECOND_US)
    if start < earliest and not _began_before(order, start):
        yield wrong(
            "constraint.too_soon",
            "",
            f"It begins at {when(start).en}, less than {rules.notice_min:g} minutes from now: "
            "others could not take it into account. Let it begin later.",
            f"Elle commence le {when(start).fr}, dans moins de {rules.notice_min:g}\u00a0minutes"
            "\u202f: les autres ne pourraient en tenir compte. Faites-la commencer plus tard.",
            "volumes",
        )


def _began_before(order: ConstraintOrder, start_us: int) -> bool:
    """Whether what is changed was published with this beginning, or an earlier one."""
    if order.before is None:
        return False
    starts = [each.time_start_us for each in volumes_of(order.before.details)]
    return start_us >= min(each for each in starts if each is not None)


def _of_area(volumes: Sequence[Volume4D], rules: ConstraintRules) -> Iterator[Fault]:
    area = area_km2(volumes)
    if area > rules.area_max_km2:
        yield wrong(
            "constraint.area",
            "",
            f"It covers {area:,.0f} km²; the limit is {rules.area_max_km2:,.0f} km². Publish "
            "several.",
            f"Elle couvre {area:.0f}\u00a0km²\u202f; la limite est {rules.area_max_km2:.0f}"
            "\u00a0km². Publiez-en plusieurs.",
            "volumes",
        )


def area_km2(volumes: Sequence[Volume4D]) -> float:
    """What the outlines cover together: what two of them share counts once."""
    outlines = list(dict.fromkeys(each.outline for each in volumes))
    alone = sum(geo.area_m2(each) for each in outlines) / 1e6
    if len(outlines) == 1:
        return alone
    rings = [
        (circle_polygon(each, 720) if isinstance(each, Circle) else each).vertices
        for each in outlines
    ]
    lat, lng = rings[0][0]
    plane = pyproj.Proj(proj="laea", lat_0=lat, lon_0=lng, ellps="WGS84")
    shapes = []
    for ring in rings:
        x, y = plane([lng for _, lng in ring], [lat for lat, _ in ring])
        shapes.append(shapely.Polygon(zip(x, y, strict=True)))
    return min(alone, float(shapely.union_all(shapely.make_valid(shapes)).area) / 1e6)


# --- what operators are told -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConstraintNotice:
    """What the operator of a flight is told of a constraint.

    Attributes:
        event: see the table above.
        intent_id, constraint_id: of which flight, of which constraint.
        text: a sentence.
    """

    event: uss.UserNotificationEvent
    intent_id: str
    constraint_id: str
    text: Words


def name_of(details: uss.ConstraintDetails, identity: str) -> Words:
    """What people call a constraint."""
    zone = details.geozone
    if zone is None:
        return Words(f"the constraint {identity}", f"la contrainte {identity}")
    name = zone.name or zone.identifier
    return Words(f"the constraint “{name}”", f"la contrainte «\u202f{name}\u202f»")


def meets(intent: Intent, volumes: Sequence[Volume4D]) -> bool:
    """Whether a flight shares place, height and time with volumes, to a centimetre."""
    if intent.ended or not volumes:
        return False
    return len(geo.conflicting_pairs(list(intent.details.all_volumes), list(volumes))[0]) > 0


def told_of_flight(
    intent: Intent, constraint_id: str, details: uss.ConstraintDetails
) -> ConstraintNotice:
    """What the operator is told whose flight, just planned or changed, meets a constraint."""
    planned = intent.state is State.ACCEPTED
    name = name_of(details, constraint_id)
    rule = _rule(details)
    what = Words("planned", "prévu") if planned else Words("in the air", "en vol")
    return ConstraintNotice(
        "CSTP0005" if planned else "CSTP0010",
        intent.id,
        constraint_id,
        Words(
            f"The flight as {what.en} meets {name.en}{rule.en}.",
            f"Le vol, {what.fr}, rencontre {name.fr}{rule.fr}.",
        ),
    )


def told_of_constraint(
    intent: Intent,
    constraint_id: str,
    before: uss.ConstraintDetails | None,
    now: uss.ConstraintDetails | None,
) -> ConstraintNotice | None:
    """What the operator of a flight is told when a constraint appears, changes or ends.

    Args:
        intent: the flight.
        constraint_id: of which constraint.
        before: as it was known before; None: it was not.
        now: as it is now; None: it has ended.

    Returns:
        None if it concerns the flight neither before nor now.
    """
    met = before is not None and meets(intent, volumes_of(before))
    hits = now is not None and meets(intent, volumes_of(now))
    if now is not None and hits:
        name, rule = name_of(now, constraint_id), _rule(now)
        if met:
            event: uss.UserNotificationEvent = "CSTP0025"
            text = Words(
                f"It was changed and still meets the flight: {name.en}{rule.en}.",
                f"Elle a changé et rencontre toujours le vol\u202f: {name.fr}{rule.fr}.",
            )
        else:
            event = "CSTP0020"
            text = Words(
                f"It meets the flight now: {name.en}{rule.en}.",
                f"Elle rencontre désormais le vol\u202f: {name.fr}{rule.fr}.",
            )
        return ConstraintNotice(event, intent.id, constraint_id, text)
    if before is None or not met:
        return None
    name = name_of(before, constraint_id)
    if now is None:
        return ConstraintNotice(
            "CSTP0035",
            intent.id,
            constraint_id,
            Words(f"It has ended: {name.en}.", f"Elle est terminée\u202f: {name.fr}."),
        )
    return ConstraintNotice(
        "CSTP0030",
        intent.id,
        constraint_id,
        Words(
            f"It was changed and meets the flight no more: {name.en}.",
            f"Elle a changé et ne rencontre plus le vol\u202f: {name.fr}.",
        ),
    )


_RULES: Final = {
    "PROHIBITED": Words("flying is prohibited", "vol interdit"),
    "REQ_AUTHORISATION": Words("an authorisation is required", "autorisation requise"),
    "CONDITIONAL": Words("conditions apply", "conditions à respecter"),
    "NO_RESTRICTION": Words("no restriction", "aucune restriction"),
}


def _rule(details: uss.ConstraintDetails) -> Words:
    zone = details.geozone
    if zone is None:
        return Words("", "")
    known = _RULES.get(zone.restriction) or _RULES.get(zone.type)
    said = Words("", "") if known is None else Words(f" ({known.en})", f" ({known.fr})")
    if not zone.message:
        return said
    return Words(f"{said.en}: {zone.message}", f"{said.fr}\u202f: {zone.message}")
