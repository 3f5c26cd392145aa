"""What must hold whenever an outcome is recorded, or details are served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tests.simulation.planning.airspace import cells

from detente.f3548 import types as wire
from detente.f3548 import volume_on_wire
from detente.planning import Action, Conflict, Details, Intent, Order, Outcome, Result, State

if TYPE_CHECKING:
    from tests.simulation.planning.node import Node, Running
    from tests.simulation.planning.world import World

FLYING: Final = (State.ACTIVATED, State.NONCONFORMING, State.CONTINGENT)


class Violation(AssertionError):
    """Something that must hold does not."""


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Violation(what)


def recorded(
    world: World, node: Node, run: Running, outcome: Outcome, before: Intent | None
) -> None:
    """An outcome became true for a planner."""
    order = outcome.order
    if outcome.result is Result.DONE and order.state.nominal and order.action is not Action.END:
        _accepted(world, node, run, outcome)
    if not run.settling:
        for conflict in outcome.refusing:
            _refused(world, order, conflict)
    _told(world, node, outcome, before)
    apart(world)


def apart(world: World) -> None:
    """No two of equal priority meet, unless both were in the air before one of them changed."""
    here = [
        (node, intent, cells(intent.details.all_volumes))
        for node in world.nodes.values()
        for intent in node.intents.values()
        if intent.state.nominal and not node.busy(intent.id)
    ]
    for i, (node, mine, my_cells) in enumerate(here):
        for other, its, its_cells in here[:i]:
            p, q = mine.details.priority, its.details.priority
            if p != q or p in world.rules.same_priority_allowed or not my_cells & its_cells:
                continue
            if any({node.name, other.name} & dss.down for dss in world.dss.values()):
                continue
            demand(
                mine.state in FLYING and its.state in FLYING,
                f"{mine.id[:4]} of {node.name} and {its.id[:4]} of {other.name} meet, both with "
                f"priority {p}",
            )


def _accepted(world: World, node: Node, run: Running, outcome: Outcome) -> None:
    """Nobody is met who may not be: by cells and by the standard's words, not by the code's."""
    order = outcome.order
    mine = cells(order.details.all_volumes)
    p = order.details.priority
    stood = order.before
    for other in world.nodes.values():
        for its in other.intents.values():
            if its.id == order.id or not mine & cells(its.details.all_volumes):
                continue
            if any(other.name in dss.down for dss in world.dss.values()):
                continue
            if other.busy(its.id):
                continue  # It may have left already; it is looked at when that is recorded.
            if not its.state.nominal and (run.settling or other.since_us[its.id] >= run.began_us):
                continue  # Nobody is asked before something is declared off nominal.
            q = its.details.priority
            if q < p or (q == p and p in world.rules.same_priority_allowed):
                continue
            existed = (
                stood is not None
                and stood.state in FLYING
                and its.state in FLYING
                and bool(cells(stood.details.all_volumes) & cells(its.details.all_volumes))
            )
            demand(
                existed,
                f"{node.name} accepted {order.id[:4]} (priority {p}) on top of {its.id[:4]} of "
                f"{other.name} ({its.state}, priority {q})",
            )


def _refused(world: World, order: Order, conflict: Conflict) -> None:
    """A refusal names somebody who was in the way, and who had the right to be."""
    if conflict.rule == "SCD0010":
        return
    mine, p = cells(order.details.all_volumes), order.details.priority

    def in_the_way(details: Details) -> bool:
        q = details.priority
        first = q > p or (q == p and p not in world.rules.same_priority_allowed)
        return first and bool(mine & cells(details.all_volumes))

    demand(
        any(in_the_way(each) for each in world.versions.get(conflict.with_id, ())),
        f"{order.id[:4]} was refused because of {conflict.with_id[:4]}, who never was in its way",
    )


def _told(world: World, node: Node, outcome: Outcome, before: Intent | None) -> None:
    """Everybody whom an exchange named is told, and nobody else."""
    order = outcome.order
    for name, dss in world.dss.items():
        key = (name, order.id)
        changes = [each for each in dss.changes if each.id == order.id]
        new = changes[world.seen.get(key, 0) :]
        told = {each.uss_base_url for each in outcome.notices if each.exchange == name}
        told |= world.told.get(key, set())
        named = {url for change in new for url in change.subscribers}
        demand(told <= named, f"{node.name} tells {told - named}, whom {name} did not name")
        lost = any(each.code == "plan.subscribers_unknown" for each in outcome.faults)
        if name in outcome.unsettled and not lost:
            world.told[key] = told
            continue
        world.seen[key] = len(changes)
        world.told.pop(key, None)
        nobody_knew = (before is None or before.at(name) is None) and (
            outcome.intent is None or outcome.intent.at(name) is None
        )
        if nobody_knew or lost:
            continue
        for change in new:
            for url, subscriptions in change.subscribers.items():
                alive = [each for each in subscriptions if each in dss.subscriptions]
                own = url.startswith(f"https://{node.name}.")
                demand(
                    own or not alive or url in told,
                    f"{node.name} does not tell {url} of the change of {order.id[:4]} at {name}",
                )


def served(world: World, exchange: str, peer: Node, told: wire.OperationalIntent) -> None:
    """What a peer tells is what the exchange has, or had."""
    reference = told.reference
    if any(o.id == reference.id and not o.state.nominal for o in peer.pending.values()):
        return  # Declared at one exchange, and not at the other yet.
    for change in world.dss[exchange].changes:
        if change.ovn != reference.ovn:
            continue
        details = (*told.details.volumes, *told.details.off_nominal_volumes)
        demand(change.state == reference.state, f"{reference.id[:4]} is told in another state")
        demand(
            _within(details, change.extents),
            f"{peer.name} tells volumes of {reference.id[:4]} that {exchange} does not have",
        )
        return
    raise Violation(f"{peer.name} tells an OVN of {reference.id[:4]} that {exchange} never gave")


def _within(some: Iterable[wire.Volume4D], extents: Iterable[wire.Volume4D]) -> bool:
    there = list(extents)
    return all(each in there for each in some)


def agree(world: World) -> None:
    """The exchanges have what the planners know, and nothing else."""
    apart(world)
    for name, dss in world.dss.items():
        there = {e.id: (e.manager, e.state, e.ovn, e.version) for e in dss.intents.values()}
        known = {}
        for node in world.nodes.values():
            for intent in node.intents.values():
                reference = intent.at(name)
                if reference is None:
                    continue
                demand(reference.state == intent.state.value, f"{intent.id[:4]} has two states")
                known[intent.id] = (
                    node.name,
                    intent.state.value,
                    reference.ovn,
                    reference.version,
                )
        for each in sorted(there.keys() | known.keys()):
            demand(
                there.get(each) == known.get(each),
                f"{each[:4]}: {name} has {there.get(each)}, its planner {known.get(each)}",
            )
    for node in world.nodes.values():
        for intent in node.intents.values():
            _agrees(world, intent)


def _agrees(world: World, intent: Intent) -> None:
    volumes = intent.details.all_volumes
    published = [volume_on_wire(each) for each in volumes]
    columns = {cell[0] for cell in cells(volumes)}
    wanted = {"west"} if min(columns) <= 0 or not world.two else set()
    if world.two and max(columns) >= 0:
        wanted.add("east")
    filed = {each.exchange for each in intent.filed}
    if intent.state.nominal and not intent.late_until_us:
        demand(filed == wanted, f"{intent.id[:4]} stands at {filed} and belongs to {wanted}")
    else:
        demand(wanted <= filed, f"{intent.id[:4]} stands at {filed} and belongs to {wanted}")
    unheard = any(
        each.code == "plan.subscribers_unknown" for each in world.outcomes[intent.id].faults
    )
    for name in filed:
        extents = world.dss[name].intents[intent.id].extents
        demand(
            _within(published, extents) and (unheard or len(extents) == len(published)),
            f"{intent.id[:4]} has other volumes at {name} than its planner",
        )
