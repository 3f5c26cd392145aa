"""The shortest way past walls of a plane (a visibility graph)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detente.geo import _sight
from detente.geo.projection import Floats


@dataclass(frozen=True, slots=True)
class Way:
    """A way past walls.

    Attributes:
        begin, end: which of the begins and ends it takes.
        cost: its length, with what its begin costs, less what its end saves.
        places: (n, 2), from begin to end.
    """

    begin: int
    end: int
    cost: float
    places: Floats


def shortest_way(
    begins: Floats,
    begin_costs: Floats,
    ends: Floats,
    end_savings: Floats,
    corners: Floats,
    beside: Floats,
    walls: Floats,
) -> Way | None:
    """The way of least cost from one of some places to one of others, past walls.

    Args:
        begins, ends, corners: places (n, 2): where it may begin, end and turn; none on a wall.
        begin_costs, end_savings: what beginning there costs, and what ending there saves.
        beside: the two neighbours of each corner along its wall, (n, 4).
        walls: straight pieces, (n, 4), which it must not touch.
    """
    nodes = np.concatenate((begins, ends, corners))
    on_line = len(begins) + len(ends)
    neighbours = np.concatenate((np.zeros((on_line, 4)), beside))
    table = _sight.sight_lines(nodes, neighbours, walls, len(begins), on_line)
    starts = np.full(len(nodes), np.inf)
    starts[: len(begins)] = begin_costs
    far, via = _sight.ways(table, starts)
    costs = far[len(begins) : on_line] - end_savings
    end = int(np.argmin(costs))
    if not np.isfinite(costs[end]):
        return None
    path = [len(begins) + end]
    while via[path[-1]] >= 0:
        path.append(int(via[path[-1]]))
    return Way(path[-1], end, float(costs[end]), nodes[path[::-1]])
