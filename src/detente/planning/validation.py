"""What an order must fulfil before anybody else is asked (F3548-21, the first step of planning).

Everything that is wrong is told at once, each fault with its place. Altitudes are metres above the
WGS-84 ellipsoid here already; whoever reads an order from elsewhere has converted them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from detente import geo
from detente.geo import Circle, OutlineTooLarge, Volume4D, VolumeError, VolumeLimits
from detente.planning.faults import STATE_NAMES, volume_fault, when, wrong
from detente.planning.intents import Action, Fault, Order, PlanningRules, State
from detente.planning.lifecycle import CONTENTS, may
from detente.words import Words

CLOCK_US: Final = 5_000_000
"""How far clocks may differ (GEN0100, TimeSyncMaxDifferential)."""
_DAY_US: Final = 86_400_000_000
_PRIORITY_MOST: Final = (1 << 31) - 1
_NOTHING: Final = Words("not planned", "non prévue")
_UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def faults_of(order: Order, rules: PlanningRules, now_us: int) -> tuple[Fault, ...]:
    """Everything wrong with an order by itself; empty if it can be tried.

    Args:
        order: what is asked for.
        rules: how far ahead (OPIN0030), how many vertices (OPIN0020), how large.
        now_us: the time.
    """
    if order.action is Action.END:
        return tuple(_of_transition(order))
    return (
        *_of_identity(order, now_us),
        *_of_transition(order),
        *_of_contents(order),
        *_of_volumes(order, rules),
        *_of_times(order, rules, now_us),
    )


def _of_identity(order: Order, now_us: int) -> Iterator[Fault]:
    if not _UUID4.fullmatch(order.id):
        yield wrong(
            "plan.id",
            "",
            f"“{order.id}” is not a version-4 UUID in lower case.",
            f"«\u202f{order.id}\u202f» n’est pas un UUID de version 4 en minuscules.",
            "id",
        )
    if not -_PRIORITY_MOST - 1 <= order.details.priority <= _PRIORITY_MOST:
        yield wrong(
            "plan.priority",
            "",
            f"The priority {order.details.priority} does not fit into 32 bits.",
            f"La priorité {order.details.priority} ne tient pas en 32 bits.",
            "priority",
        )
    if order.given_us > now_us + CLOCK_US:
        yield wrong(
            "plan.clock",
            "GEN0100",
            f"The order was given at {when(order.given_us).en}, which is still to come: the clocks "
            "differ by more than 5 s. Set them right.",
            f"L’ordre a été donné le {when(order.given_us).fr}, instant encore à venir\u202f: les "
            "horloges diffèrent de plus de 5\u00a0s. Mettez-les à l’heure.",
            "given_us",
        )


def _of_transition(order: Order) -> Iterator[Fault]:
    before = order.before
    if before is not None and before.ended:
        yield wrong(
            "plan.ended",
            "OPIN0040",
            "The intent has ended. Plan a new one.",
            "L’intention est terminée. Planifiez-en une nouvelle.",
            "before",
        )
        return
    if before is not None and before.id != order.id:
        yield wrong(
            "plan.id",
            "",
            "The order is for another intent than the one that it changes.",
            "L’ordre vise une autre intention que celle qu’il modifie.",
            "id",
        )
    if may(order.action, None if before is None else before.state, order.state):
        return
    stands = _NOTHING if before is None else STATE_NAMES[before.state]
    wanted = STATE_NAMES[order.state]
    yield wrong(
        "plan.transition",
        "",
        f"“{order.action}” cannot lead from what is {stands.en} to what is {wanted.en}.",
        f"«\u202f{order.action}\u202f» ne peut mener de {stands.fr} à {wanted.fr}.",
        "state",
    )


def _of_contents(order: Order) -> Iterator[Fault]:
    needs = CONTENTS[order.state]
    name = STATE_NAMES[order.state]
    details = order.details
    if needs.volumes and not details.volumes:
        yield wrong(
            "plan.no_volumes",
            "OPIN0005",
            f"An intent that is {name.en} needs at least one volume.",
            f"Une intention {name.fr} demande au moins un volume.",
            "volumes",
        )
    if not needs.volumes and details.volumes:
        yield wrong(
            "plan.contingent_volumes",
            "OPIN0015",
            f"An intent that is {name.en} has off-nominal volumes only.",
            f"Une intention {name.fr} n’a que des volumes hors nominal.",
            "volumes",
        )
    if needs.off_nominal and not details.off_nominal_volumes:
        yield wrong(
            "plan.no_off_nominal_volumes",
            "OPIN0015",
            f"An intent that is {name.en} needs at least one off-nominal volume.",
            f"Une intention {name.fr} demande au moins un volume hors nominal.",
            "off_nominal_volumes",
        )
    if not needs.off_nominal and details.off_nominal_volumes:
        yield wrong(
            "plan.off_nominal_volumes",
            "OPIN0015",
            f"An intent that is {name.en} must have no off-nominal volumes.",
            f"Une intention {name.fr} ne doit pas avoir de volume hors nominal.",
            "off_nominal_volumes",
        )


def _named(order: Order) -> Iterator[tuple[str, Volume4D]]:
    for i, volume in enumerate(order.details.volumes):
        yield f"volumes[{i}]", volume
    for i, volume in enumerate(order.details.off_nominal_volumes):
        yield f"off_nominal_volumes[{i}]", volume


def _of_volumes(order: Order, rules: PlanningRules) -> Iterator[Fault]:
    vertices = sum(
        1 if isinstance(volume.outline, Circle) else len(volume.outline.vertices)
        for volume in order.details.all_volumes
    )
    if vertices > rules.vertices_max:
        yield wrong(
            "plan.vertices",
            "OPIN0020",
            f"The volumes have {vertices:,} vertices together; the limit is "
            f"{rules.vertices_max:,}. Use fewer, or several plans.",
            f"Les volumes ont ensemble {vertices} sommets\u202f; la limite est "
            f"{rules.vertices_max}. Employez-en moins, ou plusieurs plans.",
            "volumes",
        )
        return
    limits = VolumeLimits(max_area_km2=rules.area_max_km2, max_vertices=rules.vertices_max)
    sound = []
    for where, volume in _named(order):
        missing = [
            name
            for name, value in (
                ("time_start", volume.time_start_us),
                ("time_end", volume.time_end_us),
                ("volume.altitude_lower", volume.altitude_lower_m),
                ("volume.altitude_upper", volume.altitude_upper_m),
            )
            if value is None
        ]
        for name in missing:
            yield wrong(
                "plan.open_volume",
                "",
                "The volume has no such bound; a plan needs both times and both altitudes.",
                "Cette borne manque au volume\u202f; un plan demande les deux instants et les deux "
                "altitudes.",
                f"{where}.{name}",
            )
        try:
            geo.validate_volume(volume, limits)
        except VolumeError as error:
            yield volume_fault(error, where)
        else:
            sound.append(volume)
    try:
        geo.prepare(sound)
    except OutlineTooLarge as error:
        yield volume_fault(error, "volumes")


def _of_times(order: Order, rules: PlanningRules, now_us: int) -> Iterator[Fault]:
    volumes = order.details.all_volumes
    ends = [each.time_end_us for each in volumes if each.time_end_us is not None]
    starts = [each.time_start_us for each in volumes if each.time_start_us is not None]
    if ends and max(ends) <= now_us:
        over = when(max(ends))
        yield wrong(
            "plan.over",
            "",
            f"It ended at {over.en}; it is {when(now_us).en}.",
            f"Elle a pris fin le {over.fr}\u202f; nous sommes le {when(now_us).fr}.",
            "volumes",
        )
    ahead = order.action in (Action.PLAN, Action.MODIFY) and order.state is State.ACCEPTED
    if ahead and starts and min(starts) > now_us + rules.horizon_days * _DAY_US:
        yield wrong(
            "plan.too_far_ahead",
            "OPIN0030",
            f"It begins at {when(min(starts)).en}, more than {rules.horizon_days} days ahead. "
            "Plan it later.",
            f"Elle commence le {when(min(starts)).fr}, plus de {rules.horizon_days}\u00a0jours à "
            "l’avance. Planifiez-la plus tard.",
            "volumes",
        )
    if order.state is State.ACTIVATED and order.details.volumes and not _active(order, now_us):
        yield wrong(
            "plan.not_active_now",
            "OPIN0005",
            f"No volume is active now ({when(now_us).en}), but who flies must be within one.",
            f"Aucun volume n’est actif à présent ({when(now_us).fr}), or qui vole doit se trouver "
            "dans l’un d’eux.",
            "volumes",
        )


def _active(order: Order, now_us: int) -> bool:
    """Whether the aircraft may be somewhere now; a start may be a clock's difference ahead."""
    return any(
        (each.time_start_us is None or each.time_start_us <= now_us + CLOCK_US)
        and (each.time_end_us is None or each.time_end_us > now_us)
        for each in order.details.volumes
    )
