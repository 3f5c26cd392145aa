"""What the demonstration prints of planning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape

from detente.demo.day import PARTIES
from detente.demo.nodes import ASIDE_KM, EARLIER_MINUTES, LATER_MINUTES
from detente.demo.planning import Placed, Planner, Result
from detente.demo.show import NM_M, bullet, grid, say
from detente.operations import CheckResult
from detente.words import Words

KINDS: Final[Mapping[str, Words]] = {
    "later": Words("later", "plus tard"),
    "earlier": Words("earlier", "plus tôt"),
    "higher": Words("higher", "plus haut"),
    "lower": Words("lower", "plus bas"),
    "sideways": Words("to one side", "de côté"),
    "around": Words("around", "en contournant"),
    "combined": Words("two of these together", "deux à la fois"),
}
"""What the ways out change."""


def planning(console: Console) -> None:
    """What both nodes are about to do, and how far a flight may be moved."""
    console.print("\n[bold]4  Both nodes plan every flight[/bold]  as 4-D volumes over HTTP")
    say(
        console,
        "Each is filed as it was flown, in the order in which they begin. What is refused is filed "
        "again with the cheapest of the ways out that its own node proposes: up to "
        f"{LATER_MINUTES} min later or {EARLIER_MINUTES} min earlier, higher, lower, up to "
        f"{ASIDE_KM:.0f} km to one side, around.",
    )


def planned(
    console: Console, planners: Sequence[Planner], result: Result, stored: Mapping[str, float]
) -> None:
    """How both parties' planning went, and what it cost."""
    every = [list(planner.placed.values()) for planner in planners]
    rows = [
        ["flights", *(f"{len(own):,}" for own in every)],
        ["accepted as wanted", *(f"{_count(own, flies=True, changed=False):,}" for own in every)],
        [
            "refused, then accepted",
            *(f"{_count(own, flies=True, changed=True):,}" for own in every),
        ],
        ["stay on the ground", *(f"{_count(own, flies=False, changed=False):,}" for own in every)],
        ["times filed", *(f"{sum(each.filed for each in own):,}" for own in every)],
    ]
    grid(console, rows, ["", *(planner.party.name for planner in planners)])
    filed = sum(each.filed for own in every for each in own)
    say(
        console,
        f"the exchange holds {stored['operational_intents']:,.0f} intents and "
        f"{stored['subscriptions']:,.0f} subscriptions; {filed:,} plans filed in "
        f"{result.seconds:.1f} s, {filed / result.seconds:,.0f} a second (both nodes, ways out "
        "included)",
    )
    say(
        console,
        "[green]✓[/green] No two of the accepted flights meet, not even two of the same party: "
        "compared directly, every volume with every other.",
    )
    say(
        console,
        f"[green]✓[/green] Each of the {result.rightly:,} refusals was right: each flight does "
        "meet those that stood in its way.",
    )


def resolved(console: Console, before: CheckResult, result: Result) -> None:
    """What the ways out were, and what they cost."""
    console.print()
    changed = [each for each in result.placed.values() if each.taken is not None]
    left = sum(1 for each in result.placed.values() if each.now is None)
    say(
        console,
        f"[bold]Before[/bold] {len(before.conflicts):,} conflicts between {PARTIES[0]} and "
        f"{PARTIES[1]}, [bold]after[/bold] none. It cost:",
    )
    for name, value in costs(result):
        bullet(console, f"{escape(name.en)}: {escape(value.en)}")
    kinds = result.kinds()
    if changed:
        say(
            console,
            "ways out taken: "
            + ", ".join(
                f"{escape(KINDS[kind].en if kind in KINDS else kind)} {count:,}"
                for kind, count in kinds.most_common()
            ),
            indent=5,
        )
    if left:
        say(
            console,
            f"{left:,} flights found no way out within the limits and stay on the ground",
            indent=5,
        )


def costs(result: Result) -> list[tuple[Words, Words]]:
    """What all ways out together cost, as name and value."""
    taken = [each.taken for each in result.placed.values() if each.taken is not None]
    delays = [each.delay_s for each in taken if each.delay_s > 0]
    earlier = [-each.delay_s for each in taken if each.delay_s < 0]
    climbs = [abs(each.climb_m) for each in taken if each.climb_m]
    extra_m = sum(max(each.extra_distance_m, 0.0) for each in taken)
    aside = [each.shift_m for each in taken if each.shift_m]
    left = sum(1 for each in result.placed.values() if each.now is None)
    found = [
        (
            Words("flights changed", "vols modifiés"),
            Words(f"{len(taken):,}", f"{len(taken):,}".replace(",", "\u202f")),
        ),
        (Words("delay in all", "retard en tout"), _minutes(sum(delays))),
        (Words("longest delay", "plus long retard"), _minutes(max(delays, default=0.0))),
    ]
    if earlier:
        found.append((Words("earlier in all", "avance en tout"), _minutes(sum(earlier))))
    if climbs:
        metres = sum(climbs) / len(climbs)
        found.append(
            (
                Words("change of height, mean", "changement d’altitude, moyenne"),
                Words(f"{metres:,.0f} m", f"{metres:.0f}\u202fm"),
            )
        )
    if aside:
        most = max(aside) / NM_M
        found.append(
            (
                Words("farthest to one side", "plus grand écart latéral"),
                Words(f"{most:.1f} NM", f"{most:.1f}\u202fNM".replace(".", ",")),
            )
        )
    found.append(
        (
            Words("longer way in all", "détour en tout"),
            Words(f"{extra_m / NM_M:,.1f} NM", f"{extra_m / NM_M:.1f}\u202fNM".replace(".", ",")),
        )
    )
    if left:
        found.append((Words("on the ground", "au sol"), Words(str(left), str(left))))
    return found


def _count(own: Sequence[Placed], *, flies: bool, changed: bool) -> int:
    return sum(
        1 for each in own if (each.now is not None) is flies and (each.taken is not None) is changed
    )


def _minutes(seconds: float) -> Words:
    text = f"{seconds / 60:,.1f}" if seconds < 600 else f"{seconds / 60:,.0f}"
    french = text.replace(",", "\u202f").replace(".", ",")
    return Words(f"{text} min", f"{french}\u202fmin")
