"""Quiet points: all faults end, everything must be delivered, and all records are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.simulation.line.disk import Sealed, Violation, demand

from detente.line.delivery import Link
from detente.line.message_states import AcknowledgementFact, MessageState, judge, state_of
from detente.line.rules import LineRules
from detente.line.standing import State

if TYPE_CHECKING:
    from tests.simulation.line.node import Node
    from tests.simulation.line.world import World

PATIENCE_S: Final = 900.0
TOLD_FROM_S: Final = 8.0
"""An absence of this length is an outage for certain."""


def heal(world: World) -> None:
    """End every fault."""
    world.calm = True
    world.absences = [
        (one, other, began, min(ended, world.now)) for one, other, began, ended in world.absences
    ]
    world.poison.clear()
    for pipe in world.pipes.values():
        pipe.heal()
    for node in world.nodes.values():
        node.full_until = 0.0
        node.stalled_until = min(node.stalled_until, world.now)
        if not node.running and world.now > world.restored_at + 2 * 90.0:
            node.start()
        if node.running and not node.held:
            for peer, link in node.links.items():
                node.act(peer, link.release_refused(world.now))


def settled(world: World) -> bool:
    """Whether nothing is left to be done."""
    return all(
        node.running
        and node.whole
        and not any(link.held for link in node.links.values())
        and not any(node.disk.outbox.get(peer) for peer in node.peers)
        and all(node.standing(peer) is State.UP for peer in node.peers)
        and not node.lasting
        for node in world.nodes.values()
    )


def check(world: World) -> None:
    """Compare all records."""
    for node in world.nodes.values():
        demand(node.running, "the simulator itself: a node is down")
        demand(node.whole, f"{node.name} has not got back what it had lost")
        for peer in node.peers:
            left = node.disk.outbox.get(peer)
            demand(not left, f"not delivered: {node.name} to {peer}: {_first(left)}")
            state = node.standing(peer)
            demand(state is State.UP, f"{node.name} takes {peer} for {state.value}")
            _compare(node, world.nodes[peer])
        _check_states(world, node)
        for link in node.links.values():
            _check_idle(link)
    _check_outages(world)


def _first(left: dict[int, Sealed] | None) -> object:
    return next(iter(left.values()), None) if left else None


def _compare(node: Node, peer: Node) -> None:
    """What one has said to the other stands in both records, once, in order."""
    for (sender, channel), run in node.disk.channels.items():
        if sender == node.name and peer.name in run[-1].to:
            other = peer.disk.channels.get((sender, channel), [])
            if [each.id for each in run] != [each.id for each in other]:
                if run[-1].kind == "receipt" and len(other) < len(run):
                    continue  # on its way with the next answer; what it is of is delivered
                raise Violation(
                    f"{peer.name} has {len(other)} of {channel} of {sender}, that has {len(run)}"
                )


def _check_states(world: World, node: Node) -> None:
    """No message is said to have come further than it has; and it has come to a disk, at least."""
    rules = LineRules()
    for entry in node.disk.log[-200:]:
        if entry.sender != node.name or entry.kind != "message":
            continue
        about = node.disk.about.get(entry.id, ())
        for peer in entry.to:
            said = [each for each in about if each.sender == peer]
            facts = [
                AcknowledgementFact(str(each.id), each.id, f"{peer}-officer", "")
                for each in said
                if each.kind == "acknowledgement"
            ]
            state = state_of(
                delivered=(entry.id, peer) in node.disk.receipts,
                shown=any(each.kind == "shown" for each in said),
                acknowledged=any(
                    each.counts for each in judge({"form": "free-text"}, (), facts, rules)
                ),
                answered=False,
            )
            world.count(f"message {state.id}")
            demand(state >= MessageState.DELIVERED, f"#{entry.id} is still queued for {peer}")
            demand(
                state < MessageState.SHOWN or (peer, entry.id) in world.shown,
                f"#{entry.id} is {state.id}, and {peer} has not seen it",
            )
            demand(
                state < MessageState.ACKNOWLEDGED or (peer, entry.id) in world.acknowledged,
                f"#{entry.id} is {state.id}, and nobody of {peer} has acknowledged it",
            )


def _check_idle(link: Link) -> None:
    demand(not link.held, f"still held: {link.held}")


def _check_outages(world: World) -> None:
    """Each absence that was long enough stands in both records, by each side's word."""
    by_now = world.absences
    world.absences = []
    for one, other, began, ended in by_now:
        if ended - began < TOLD_FROM_S or abs(began - world.restored_at) < 400.0:
            continue
        for record in (world.nodes[one], world.nodes[other]):
            stated = [
                entry
                for entry in record.disk.log
                if entry.kind == "outage" and entry.sender == one and entry.to == (other,)
            ]
            demand(
                any(_covers(world, entry, began, ended) for entry in stated),
                f"{one} and {other} were apart from {began:.1f} to {ended:.1f} s, and the record "
                f"of {record.name} does not say so by {one}",
            )
        world.count("absences in both records")


def _covers(world: World, entry: Sealed, began: float, ended: float) -> bool:
    key = entry.sender, entry.to[0], entry.body["from"]
    since, until = world.outages[key]
    return since <= (began + ended) / 2 <= until
