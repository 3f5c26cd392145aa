"""What `/metrics` tells of a node: its record, the line to each peer, what was said and refused.

Labels hold ids of the agreement's parties, names of our own feeds, and names from fixed lists only:
no peer can make a new series.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from detente.line import State
from detente.record import Entry

from .running import RunningNode
from .status import LinkStatus

SAID: Final = (
    "message",
    "receipt",
    "shown",
    "read-back",
    "acknowledgement",
    "escalation",
    "outage",
    "watch",
    "anchor",
    "security",
)
"""Kinds of entries that are counted by name."""
OTHER: Final = "other"


class NodeMeasures(Collector):
    """Counts what happens, and reads the rest when it is asked for.

    Args:
        node: is asked at each `look`.
    """

    def __init__(self, node: RunningNode) -> None:
        self._node = node
        self._links: list[LinkStatus] = []
        self._cosigned = 0
        self._said: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[str] = Counter()

    def recorded(self, entry: Entry) -> None:
        """An entry is new in the record."""
        said = entry.payload
        if said is not None:
            self._said[said.sender, said.kind if said.kind in SAID else OTHER] += 1

    def refused(self, peer: str) -> None:
        """A peer was told to come again, because its quota was used up."""
        self._refused[peer] += 1

    async def look(self) -> None:
        """Ask what cannot be told at once; before `collect`."""
        self._links = await self._node.links()
        best = await self._node.context.record.best_checkpoint()
        self._cosigned = best.size if best is not None and best.cosigners else 0

    def collect(self) -> Iterable[Metric]:
        """What there is to tell."""
        node, record = self._node, self._node.context.record
        yield _gauge("entries", "Entries in the record.", record.head.size)
        words = "Entries under the newest checkpoint that another party has cosigned."
        yield _gauge("entries_cosigned", words, self._cosigned)
        yield _gauge("listeners", "Streams of events that are open.", node.feed.listeners)
        yield _gauge("writable", "1 while the record can be written.", node.mode == "writing")
        yield _gauge("disk_free_bytes", "Free bytes of the disk.", node.room.free)
        words = "Security entries that the record could not take yet."
        yield _gauge("security_waiting", words, len(node.context.held.drafts))
        words = "Times that a part of the node failed in a way that nobody foresaw."
        yield _counter("faults", words, node.faults)
        yield from self._line()
        watching = node.watching()
        if watching is not None:
            from .watch.watch_measures import watch_metrics  # loads slowly

            yield from watch_metrics(watching)
        words = "Entries recorded since this start, by the party that said it and their kind."
        said = CounterMetricFamily("detente_said", words, labels=("party", "kind"))
        for party in (member.id for member in record.terms.members):
            for kind in (*SAID, OTHER):
                said.add_metric((party, kind), self._said[party, kind])
        yield said

    def _line(self) -> Iterable[Metric]:
        up = _by_peer("line_up", "1 while the line to a peer is not interrupted.")
        state = GaugeMetricFamily(
            "detente_line_state",
            "1 for the state that the line to a peer is in, 0 for the others.",
            labels=("peer", "state"),
        )
        waiting = _by_peer("line_waiting", "Entries for a peer that it has given no receipt for.")
        held = _by_peer("line_channels_held", "Channels to or from a peer that stand still.")
        rtt = _by_peer("line_rtt_seconds", "Round trip of the newest beat that was answered.")
        for link in self._links:
            now = State(link.state)
            up.add_metric((link.peer,), int(not now.outage))
            for each in State:
                state.add_metric((link.peer, each.value), int(each is now))
            waiting.add_metric((link.peer,), link.waiting)
            held.add_metric((link.peer,), len(link.held))
            if link.rtt_ms is not None:
                rtt.add_metric((link.peer,), link.rtt_ms / 1000)
        yield from (up, state, waiting, held, rtt)
        words = "Requests of a peer that were refused because its quota was used up (429)."
        refused = CounterMetricFamily("detente_line_refused", words, labels=("peer",))
        for link in self._links:
            refused.add_metric((link.peer,), self._refused[link.peer])
        yield refused


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"detente_{name}", words, value=value)


def _counter(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"detente_{name}", words, value=value)


def _by_peer(name: str, words: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"detente_{name}", words, labels=("peer",))
