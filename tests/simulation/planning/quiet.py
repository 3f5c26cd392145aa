"""Quiet points: everything is healed and must settle; then the planners must do what they can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.simulation.planning.airspace import COLUMNS, LEVELS, ROWS, box, cells, slot_of
from tests.simulation.planning.checks import agree, demand

from detente.geo import Volume4D
from detente.planning import Action, Details, Order, Outcome, Result, State

if TYPE_CHECKING:
    from tests.simulation.planning.node import Node
    from tests.simulation.planning.world import World

PATIENCE_US: Final = 120_000_000
LATE_US: Final = 10_000_000


def check(world: World) -> None:
    """Heal, wait, and compare."""
    world.calm = True
    for node in world.nodes.values():
        node.crooked = ""
        if not node.up:
            node.start()
    settle(world)
    agree(world)
    # What was under way for long does nothing any more.
    world.turn(world.now_us + LATE_US, lambda: False)
    agree(world)
    duel(world)
    neighbours(world)
    down(world)
    settle(world)
    agree(world)
    world.calm = False


def settle(world: World) -> None:
    """Until nothing is under way or open."""

    def settled() -> bool:
        return all(
            node.up and not node.running and not node.pending for node in world.nodes.values()
        )

    world.turn(world.now_us + PATIENCE_US, settled)
    for node in world.nodes.values():
        open_ = [f"{o.action} {o.id[:4]}" for o in node.pending.values()]
        demand(node.up and not node.running and not open_, f"{node.name} does not settle: {open_}")


def _run(world: World, *orders: tuple[Node, Order]) -> list[Outcome]:
    """Give orders at one moment, and see what becomes of them in calm weather."""
    for node, order in orders:
        world.order(node, order)
    world.turn(
        world.now_us + PATIENCE_US,
        lambda: all(not node.busy(order.id) for node, order in orders),
    )
    demand(all(not node.busy(order.id) for node, order in orders), "an order is never carried out")
    return [world.outcomes[order.id] for _, order in orders]


def _plan(
    world: World, *volumes: Volume4D, state: State = State.ACCEPTED, priority: int = 0
) -> Order:
    return Order(
        Action.PLAN, world.new_id(), state, Details(tuple(volumes), (), priority), world.now_us
    )


def _end(world: World, node: Node, intent_id: str) -> None:
    intent = node.intents[intent_id]
    order = Order(Action.END, intent.id, intent.state, intent.details, world.now_us, before=intent)
    (outcome,) = _run(world, (node, order))
    demand(outcome.result is Result.DONE, f"{node.name} cannot end {intent_id[:4]}")


def duel(world: World) -> None:
    """Two plan the same airspace at the same moment: exactly one is accepted."""
    rng = world.rng
    one, other = rng.sample(list(world.nodes.values()), 2)
    slot = slot_of(world.now_us) + 8
    west = rng.choice((-3, -1, 0, 2))
    mine = box(range(west, west + rng.choice((1, 2))), 0, 0, range(slot, slot + 1))
    theirs = box(range(west - rng.choice((0, 1)), west + 1), 0, 0, range(slot, slot + 2))
    orders = [(one, _plan(world, mine)), (other, _plan(world, theirs))]
    outcomes = _run(world, *orders)
    results = sorted(outcome.result.value for outcome in outcomes)
    demand(results == ["done", "refused"], f"a duel ended with {results}")
    for node, order in orders:
        if order.id in node.intents:
            _end(world, node, order.id)
    world.count("duels")


def neighbours(world: World) -> None:
    """All plan side by side, each within the bounds of the others: all are accepted."""
    slot = slot_of(world.now_us) + 10
    orders = []
    for i, node in enumerate(world.nodes.values()):
        volumes = (
            box(range(-4 + i, -3 + i), 0, 0, range(slot, slot + 1)),
            box(range(2 + i, 3 + i), 1, 1, range(slot, slot + 1)),
        )
        orders.append((node, _plan(world, *volumes)))
    for (node, _), outcome in zip(orders, _run(world, *orders), strict=True):
        told = [fault.message.en for fault in outcome.faults]
        demand(outcome.result is Result.DONE, f"{node.name} finds no place in an empty sky: {told}")
    node, order = orders[0]
    first = node.intents[order.id]
    moved = Details((box(range(-1, 2), 0, 0, range(slot, slot + 1)),))
    change = Order(Action.MODIFY, first.id, State.ACCEPTED, moved, world.now_us, before=first)
    world.versions[first.id].append(moved)
    (outcome,) = _run(world, (node, change))
    demand(outcome.result is Result.DONE, f"{node.name} cannot move in an empty sky")
    agree(world)
    for node, order in orders:
        _end(world, node, order.id)
    world.count("plans side by side")


def down(world: World) -> None:
    """A planner is gone: what it only planned is nobody's hindrance, what may be flying is."""
    rng = world.rng
    one, gone = rng.sample(list(world.nodes.values()), 2)
    slot, now = slot_of(world.now_us), world.now_us
    free = _free_cell(world)
    planned_box = box(range(-2, -1), 0, 0, range(slot + 12, slot + 13))
    planned = _plan(world, planned_box)
    orders = [(gone, planned)]
    flying = None
    if free is not None and slot_of(now + 30_000_000) == slot:
        flying = _plan(world, free, state=State.ACTIVATED)
        orders.append((gone, flying))
    for outcome in _run(world, *orders):
        demand(outcome.result is Result.DONE, f"{gone.name} finds no place in an empty sky")
    # Notices that are under way would tell where it flies.
    world.turn(world.now_us + 1_000_000, lambda: False)
    for dss in world.dss.values():
        dss.down.add(gone.name)
    gone.crash()
    one.crash()
    one.start()
    over = _plan(world, planned_box)
    (outcome,) = _run(world, (one, over))
    demand(
        outcome.result is Result.DONE
        and [each.rule for each in outcome.conflicts if each.with_id == planned.id] == ["SCD0005"],
        f"{one.name} gives way to a plan whose USS is down",
    )
    _end(world, one, over.id)
    if flying is not None and free is not None:
        (outcome,) = _run(world, (one, _plan(world, free, priority=1_000)))
        demand(
            outcome.result is Result.REFUSED
            and {each.rule for each in outcome.refusing} == {"SCD0010"},
            f"{one.name} plans where somebody may be flying whose USS is down",
        )
        world.count("nobody knows who flies")
    for dss in world.dss.values():
        dss.down.discard(gone.name)
    gone.start()
    settle(world)
    for order in (planned, flying):
        if order is not None:
            _end(world, gone, order.id)
    world.count("planners down")


def _free_cell(world: World) -> Volume4D | None:
    """A box, free now and for the next slot."""
    taken = {
        cell
        for node in world.nodes.values()
        for intent in node.intents.values()
        for cell in cells(intent.details.all_volumes)
    }
    slot = slot_of(world.now_us)
    for column in COLUMNS:
        for row in ROWS:
            for level in LEVELS:
                found = box(range(column, column + 1), row, level, range(slot, slot + 2))
                if not taken & cells([found]):
                    return found
    return None
