"""Everything that one seed decides, and the checks that go on all the time.

After each commit what was written is held against the truth; at each tick of a node what its
supervisor says. At quiet points all faults are healed, everything must be delivered, and all
records are compared.
"""

from __future__ import annotations

import heapq
import zlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Final

from tests.simulation.line import quiet, weather
from tests.simulation.line.disk import Draft, Sealed, Violation, demand
from tests.simulation.line.node import EPOCH, Node
from tests.simulation.line.weather import CALM_DELAY_S, CUT_REASONS, Pipe

from detente.line.lanes import Lane
from detente.line.outages import Outage
from detente.line.standing import Reason, State
from detente.line.supervision import Changed
from detente.record import format_time

TRACE_KEPT: Final = 60
QUIET_EVERY_S: Final = 240.0
URGENT_WITHIN_S: Final = 10.0
SETTLED_S: Final = 10.0
"""After the last fault, before anything is demanded of times."""
RESTORE_S: Final = 90.0
"""Longer than anything is under way."""

Answered = Callable[[object], None]
Failing = Callable[[Reason], None]


class Failure(AssertionError):
    """A violation, with all that is needed to see it again."""


class World:
    """One run. See the module's text."""

    def __init__(self, seed: int, steps_max: int, nodes: int | None = None) -> None:
        self.seed, self.steps_max = seed, steps_max
        self.rng = Random(seed)
        drawn = self.rng.choice((2, 2, 2, 3, 3, 4))
        names = ("a", "b", "c", "d")[: nodes or drawn]
        self.weather = weather.draw(self.rng)
        self.now = 0.0
        self.steps = 0
        self.fingerprint = 0
        self.counts: Counter[str] = Counter()
        self.trace: deque[str] = deque(maxlen=TRACE_KEPT)
        self.calm = False
        self.restored_at = -1e9
        self.sealed: list[Sealed] = []
        self.signed: dict[tuple[str, str, int], int] = {}
        self.shown: set[tuple[str, int]] = set()
        self.acknowledged: set[tuple[str, int]] = set()
        self.stated_at: dict[int, float] = {}
        self.lost: set[int] = set()
        self.forgotten: dict[str, set[int]] = {}
        self.poison: dict[str, float] = {}
        self.behind: dict[tuple[str, str], bool] = {}
        self.absences: list[tuple[str, str, float, float]] = []
        self.outages: dict[tuple[str, str, object], tuple[float, float]] = {}
        self._heap: list[tuple[float, int, Callable[[], None], Node | None]] = []
        self._number = 0
        pairs = [(x, y) for x in names for y in names if x != y]
        self.pipes = {pair: Pipe() for pair in pairs}
        self.unreachable: set[str] = set()
        if self.rng.random() < 0.35:
            # One node cannot be called, as behind an address translation.
            self.unreachable.add(self.rng.choice(names))
        self.nodes = {n: Node(self, n, tuple(m for m in names if m != n)) for n in names}

    # --- running -----------------------------------------------------------------------------

    def run(self) -> None:
        """Run to the end.

        Raises:
            Failure: something was violated; says what, and how to see it again.
        """
        try:
            for node in self.nodes.values():
                node.start()
            self.at(self.rng.expovariate(1.0), self._fault)
            self.at(self.rng.expovariate(1.0), self._speak)
            while self.steps < self.steps_max:
                end = self.now + QUIET_EVERY_S
                self._turn(end, lambda: self.steps >= self.steps_max)
                quiet.heal(self)
                self._turn(self.now + quiet.PATIENCE_S, lambda: quiet.settled(self))
                quiet.check(self)
                self.count("quiet points")
                self.calm = False
        except Exception as error:
            raise Failure(self._account(error)) from error

    def _turn(self, end: float, over: Callable[[], bool]) -> None:
        """Go on until a time, or until it is over: that is looked at twice a second."""
        looked = 0.0
        while self._heap:
            if self.now >= looked or self.steps >= self.steps_max:
                if self.now >= end or over():
                    return
                looked = self.now + 0.5
            when, number, what, node = heapq.heappop(self._heap)
            if node is not None and when < node.stalled_until:
                heapq.heappush(self._heap, (node.stalled_until, number, what, node))
                continue
            self.now = when
            self.steps += 1
            what()

    def at(self, when: float, what: Callable[[], None], node: Node | None = None) -> None:
        """Do something later; while `node` stands still, it waits."""
        self._number += 1
        heapq.heappush(self._heap, (when, self._number, what, node))

    def count(self, what: str) -> None:
        self.counts[what] += 1

    def chance(self, what: str) -> bool:
        """Whether a small fault happens now."""
        happens = not self.calm and self.rng.random() < self.weather.unknown
        if happens:
            self.count(what)
        return happens

    def note(self, text: str) -> None:
        """Keep it for whoever has to see what went wrong."""
        self.trace.append(f"{self.now:10.3f} {text}")
        self.fingerprint = zlib.crc32(text.encode(), self.fingerprint)

    def _account(self, error: Exception) -> str:
        again = (
            f"again: python -m tests.simulation.line --seed {self.seed} --steps {self.steps_max}"
            f" --nodes {len(self.nodes)}"
        )
        what = str(error) if isinstance(error, Violation) else f"{type(error).__name__}: {error}"
        place = f"seed {self.seed}, step {self.steps}, {self.now:.3f} s, {len(self.nodes)} nodes"
        return "\n".join((*self.trace, place, what, again))

    # --- the network -------------------------------------------------------------------------

    def can_call(self, caller: str, callee: str) -> bool:
        return callee not in self.unreachable

    def send(
        self,
        node: Node,
        peer: str,
        lane: Lane,
        request: tuple[object, ...],
        answered: Answered,
        failed: Failing,
        *,
        polled: bool = False,
    ) -> None:
        """Carry a request, and its answer back.

        Args:
            polled: it may go as the answer to a question of a peer that cannot be called.
        """
        rng, there, back = self.rng, self.pipes[node.name, peer], self.pipes[peer, node.name]
        if not polled and not self.can_call(node.name, peer):
            node.later(1.0, lambda: failed(Reason.CONNECT_TIMEOUT))
            return
        if there.swallows(self.now):
            return
        reason = there.why_cut(self.now)
        if reason is not None:
            node.later(0.02 if reason is Reason.NO_ROUTE else 1.0, lambda: failed(reason))
            return
        if there.loses(self.now, rng):
            return
        bulk = lane is Lane.ORDINARY and request[0] in ("inbox", "put")

        def deliver(reply: Answered) -> None:
            other = self.nodes[peer]
            if there.closed(self.now):
                return
            if other.running:
                other.serve(node.name, request, reply)
            else:
                node.later(0.01, lambda: failed(Reason.REFUSED))

        def reply(answer: object) -> None:
            if not back.closed(self.now) and not back.loses(self.now, rng):
                delay = back.delay_s(self.now, rng, bulk=False)
                node.later(delay, lambda: answered(answer))

        target = self.nodes[peer]
        delay = there.delay_s(self.now, rng, bulk=bulk)
        self.at(self.now + delay, lambda: deliver(reply), target)
        if rng.random() < there.twice:
            self.count("arrives twice")
            self.at(self.now + rng.uniform(0.0, 15.0), lambda: deliver(lambda _: None), target)

    # --- what becomes true -------------------------------------------------------------------

    def seal(self, party: str, draft: Draft, seq: int, prev: str | None) -> Sealed:
        kind, channel, to, of, body, blobs = draft
        entry = Sealed(len(self.sealed), party, channel, seq, prev, kind, to, of, body, blobs)
        self.sealed.append(entry)
        return entry

    def committed(self, node: Node, entries: Sequence[Sealed]) -> None:
        """A node has these on its disk now."""
        name = node.name
        for entry in entries:
            place = entry.sender, entry.channel, entry.seq
            first = self.signed.setdefault(place, entry.id)
            demand(first == entry.id, f"signed twice: {place}")
            self.note(f"{name} writes {entry.kind} {place} #{entry.id} of {entry.of}")
            if entry.sender == name:
                self.stated_at[entry.id] = self.now
                continue
            self.count(f"received {entry.kind}")
            if entry.kind == "receipt" and entry.of is not None:
                had = entry.of in self.nodes[entry.sender].disk.index
                demand(
                    had or entry.of in self.forgotten.get(entry.sender, ()),
                    f"{name} has a receipt of {entry.sender} for #{entry.of}, "
                    "which is not on its disk",
                )
            elif entry.kind == "shown":
                demand((entry.sender, entry.of) in self.shown, "shown, and nobody saw it")
            elif entry.kind == "acknowledgement":
                demand((entry.sender, entry.of) in self.acknowledged, "nobody acknowledged it")
            if entry.channel.endswith("/emergency"):
                self._check_urgent(node, entry)

    def _check_urgent(self, node: Node, entry: Sealed) -> None:
        stated = self.stated_at[entry.id]
        rough = max(
            self.pipes[entry.sender, node.name].rough_until,
            self.pipes[node.name, entry.sender].rough_until,
        )
        if stated > rough + SETTLED_S:
            took = self.now - stated
            demand(took < URGENT_WITHIN_S, f"urgent #{entry.id} took {took:.1f} s in calm weather")
            self.count("urgent in calm weather")

    def changed(self, node: Node, act: Changed) -> None:
        """A supervisor has changed its mind: nobody else is to blame for what we did."""
        name, peer, state = node.name, act.now.peer, act.now.state
        self.note(f"{name} sees {peer} {state.value}")
        if state in (State.PEER_SILENT, State.DOWN_THERE):
            rough = self.pipes[name, peer].rough_until
            demand(
                self.now < rough + SETTLED_S,
                f"{name} takes {peer} for {state.value}, and nothing is wrong with it",
            )

    def outage_stated(self, node: Node, outage: Outage, *, before: bool) -> None:
        """A node is about to state this; `before`: it saw it before it was started anew."""
        if outage.until is not None:
            now = EPOCH + node.clock_off
            since, until = ((each - now).total_seconds() for each in (outage.since, outage.until))
            # A clock may have jumped since it saw that.
            slack = 45.0 if before else 4.0
            key = node.name, outage.peer, format_time(outage.since)
            self.outages.setdefault(key, (since - slack, until + slack))
        self.count(f"outage seen as {outage.seen_as.value}{' (own)' if outage.own else ''}")

    def said_of(self, node: Node, of: int) -> list[Sealed]:
        """What this party has said of an entry."""
        return [each for each in node.disk.about.get(of, ()) if each.sender == node.name]

    def poisonous(self, name: str, entry: Sealed) -> bool:
        """Whether a node of an older version refuses it."""
        return bool(entry.body.get("new")) and self.poison.get(name, 0.0) > self.now

    # --- officers who write ------------------------------------------------------------------

    def _speak(self) -> None:
        self.at(self.now + self.rng.expovariate(1.0 / self.weather.message_every_s), self._speak)
        node = self.nodes[self.rng.choice(list(self.nodes))]
        if self.calm or not node.running or node.held or self.now < node.stalled_until:
            return
        rng = self.rng
        many = self.weather.burst if rng.random() < 0.02 else 1
        said: list[tuple[dict[str, object], tuple[str, ...]]] = []
        emergency = many == 1 and rng.random() < 0.3
        room = len(self.nodes) > 2 and rng.random() < 0.3
        to = node.peers if room else (rng.choice(node.peers),)
        for _ in range(many):
            blobs: tuple[str, ...] = ()
            if many == 1 and rng.random() < 0.15:
                blobs = (f"file{len(self.sealed)}",)
                node.disk.blobs.update(blobs)
            body: dict[str, object] = {"new": not emergency and many == 1 and rng.random() < 0.05}
            said.append((body, blobs))
        self.count("messages" if many == 1 else "bursts")

        def drafts() -> list[Draft]:
            if room:
                channel = f"room/{node.disk.life}" + ("/emergency" if emergency else "")
            else:
                channel = node.channel(to[0], emergency=emergency)
            return [("message", channel, to, None, body, blobs) for body, blobs in said]

        node.say(drafts)

    # --- faults ------------------------------------------------------------------------------

    def _fault(self) -> None:
        self.at(self.now + self.rng.expovariate(1.0 / self.weather.fault_every_s), self._fault)
        if self.calm:
            return
        what = self.rng.choice(self.weather.favourites)
        node = self.nodes[self.rng.choice(list(self.nodes))]
        peer = self.rng.choice(node.peers)
        lasts = self.rng.choice((1.5, 6.0, 20.0)) * self.rng.uniform(0.5, 1.5)
        if getattr(self, "_do_" + what.replace(" ", "_"))(node, peer, lasts):
            self.count(what)
            self.note(f"fault: {what} at {node.name} (to {peer}) for {lasts:.1f} s")

    def _rough(self, pairs: Sequence[tuple[str, str]], until: float) -> None:
        for pair in pairs:
            pipe = self.pipes[pair]
            pipe.rough_until = max(pipe.rough_until, until)

    def around(self, node: Node) -> list[tuple[str, str]]:
        return [pair for pair in self.pipes if node.name in pair]

    def _do_cut(self, node: Node, peer: str, lasts: float) -> bool:
        return self._cut([(node.name, peer), (peer, node.name)], lasts)

    def _do_cut_all(self, node: Node, peer: str, lasts: float) -> bool:
        return self._cut(self.around(node), lasts)

    def _cut(self, pairs: Sequence[tuple[str, str]], lasts: float) -> bool:
        until, reason = self.now + lasts, self.rng.choice(CUT_REASONS)
        self._rough(pairs, until)
        self._absent(pairs, until)
        for pair in pairs:
            pipe = self.pipes[pair]
            pipe.cut = max(pipe.cut[0], until), reason
        return True

    def _do_half_open(self, node: Node, peer: str, lasts: float) -> bool:
        pairs, until = [(node.name, peer), (peer, node.name)], self.now + lasts
        self._rough(pairs, until)
        if self.rng.random() < 0.4:
            pairs = pairs[:1]
        else:
            self._absent(pairs, until)
        for pair in pairs:
            self.pipes[pair].half_open = max(self.pipes[pair].half_open, until)
        return True

    def _do_lossy(self, node: Node, peer: str, lasts: float) -> bool:
        loss, until = self.rng.choice((0.1, 0.5, 0.9)), self.now + lasts
        self._rough(self.around(node), until)
        for pair in self.around(node):
            self.pipes[pair].lossy = until, loss
        return True

    def _do_slow(self, node: Node, peer: str, lasts: float) -> bool:
        delay, until = self.rng.choice((0.6, 1.5, 6.0)), self.now + lasts
        self._rough(self.around(node), until + 2 * delay)
        for pair in self.around(node):
            self.pipes[pair].slow = until, delay
        return True

    def _do_bulk_slow(self, node: Node, peer: str, lasts: float) -> bool:
        # Not rough weather: what is urgent must not notice.
        for pair in self.around(node):
            self.pipes[pair].bulk_s = self.rng.choice((CALM_DELAY_S, 5.0, 25.0))
        return True

    def _absent(self, pairs: Sequence[tuple[str, str]], until: float) -> None:
        for one, other in pairs:
            self.absences.append((one, other, self.now, until))

    def _do_crash(self, node: Node, peer: str, lasts: float) -> bool:
        if not node.running:
            return False
        # What is on its disk stays; what it was doing is over, before or after a commit.
        node.crash()
        self._rough(self.around(node), self.now + lasts)
        self._absent(self.around(node), self.now + lasts)
        self.at(self.now + lasts, lambda: None if node.running else node.start())
        return True

    def _do_stall(self, node: Node, peer: str, lasts: float) -> bool:
        if not node.running or self.now < node.stalled_until:
            return False
        node.stalled_until = self.now + lasts
        node.stood_still_s += lasts
        # The others lose it; it must not say that it was them.
        self._rough([pair for pair in self.pipes if pair[1] == node.name], self.now + lasts)
        return True

    def _do_disk_full(self, node: Node, peer: str, lasts: float) -> bool:
        node.full_until = self.now + lasts
        self._rough(self.around(node), self.now + lasts)
        return True

    def _do_clock_jump(self, node: Node, peer: str, lasts: float) -> bool:
        if not node.running:
            return False  # how long a stop took, only the wall clock can tell
        node.clock_off = timedelta(seconds=self.rng.choice((-20.0, -1.0, 1.0, 20.0)))
        return True

    def _do_poison(self, node: Node, peer: str, lasts: float) -> bool:
        self.poison[node.name] = self.now + lasts
        return True

    def _do_restore(self, node: Node, peer: str, lasts: float) -> bool:
        others = [each for each in self.nodes.values() if each is not node]
        if (
            not node.running
            or self.now < self.restored_at + 2 * RESTORE_S
            or not all(each.whole for each in self.nodes.values())
        ):
            return False
        self.restored_at = self.now
        node.crash()
        self._rough(self.around(node), self.now + 2 * RESTORE_S)
        commits = node.disk.commits
        size = commits[self.rng.randint(len(commits) * 2 // 3, len(commits) - 1)]
        self.count("entries gone in a restore" if size < len(node.disk.log) else "restored whole")

        def start() -> None:
            old = node.disk
            gone = old.log[size:]
            held = {entry.id for each in others for entry in each.disk.log}
            self.lost |= {entry.id for entry in gone if entry.id not in held}
            self.forgotten.setdefault(node.name, set()).update(entry.id for entry in gone)
            node.disk = old.copy_of(size)
            node.whole, node.held = False, True
            node.lasting, node.unstated = {}, []
            self.behind.update({(node.name, each): True for each in node.peers})
            node.start()

        self.at(self.now + RESTORE_S, start)
        return True
