"""Faults put into the line on purpose: a simulator that does not find them is worth nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tests.simulation.line import node as nodes
from tests.simulation.line.disk import Disk, Sealed
from tests.simulation.line.node import Node
from tests.simulation.on_purpose import Mutations, patch

from detente.line import actions as a
from detente.line import outcomes as o
from detente.line import supervision
from detente.line.delivery import Link
from detente.line.desk import Held, Worker
from detente.line.lanes import Lane
from detente.line.pulling import Puller
from detente.line.sending import Sender
from detente.line.supervision import _Watched

MUTATIONS: Final = Mutations()
mutation = MUTATIONS.add


# -- what a node promises ----------------------------------------------------------------------


@mutation
def receipts_before_the_commit() -> Iterator[Any]:
    real = Node.write

    def write(self: Node, build: Any, done: Any = lambda _: None) -> None:
        planned = build()
        if isinstance(planned, Sequence):
            for each in planned:
                self.world.signed.setdefault((each.sender, each.channel, each.seq), each.id)
            self.disk.append(planned)
            for each in planned:
                self.attend(each)
            done(planned)
            # Undone, if the machine stops before it is written.
            start = self.start_number
            self.world.at(self.world.now + 1.0, lambda: _undo(self, planned, start))
            return
        real(self, lambda: planned, done)

    with patch(Node, "write", write):
        yield


def _undo(node: Node, planned: Sequence[Sealed], start: int) -> None:
    if node.start_number == start and node.running:
        node.world.committed(node, planned)
        return
    first = node.disk.index.get(planned[0].id) if planned else None
    if first is not None:
        blobs, node.disk = node.disk.blobs, node.disk.copy_of(first)
        node.disk.blobs = blobs


@mutation
def a_restored_side_goes_on_at_once() -> Iterator[Any]:
    real = Node.start

    def start(self: Node) -> None:
        self.held = False
        real(self)

    with patch(Node, "start", start):
        yield


@mutation
def what_came_twice_is_kept_twice() -> Iterator[Any]:
    real = Disk.received

    def received(self: Disk, arrived: Any, seal: Any, poison: Any) -> Any:
        known = [each for each in arrived if each.id in self.index and each.kind != "receipt"]
        made = real(self, arrived, seal, poison)
        return [*made, *known] if isinstance(made, list) else made

    with patch(Disk, "received", received):
        yield


@mutation
def gaps_are_taken() -> Iterator[Any]:
    real = Disk.received

    def received(self: Disk, arrived: Any, seal: Any, poison: Any) -> Any:
        made = real(self, arrived, seal, poison)
        if isinstance(made, o.OutOfOrder):
            return [each for each in arrived if each.id not in self.index][:1]
        return made

    with patch(Disk, "received", received):
        yield


@mutation
def shown_is_said_before_anybody_looks() -> Iterator[Any]:
    real = Node.attend

    def attend(self: Node, entry: Sealed) -> None:
        if entry.kind == "message" and self.name in entry.to:
            self.say(
                lambda: [("shown", self.channel(entry.sender), (entry.sender,), entry.id, {}, ())]
            )
        real(self, entry)

    with patch(Node, "attend", attend):
        yield


@mutation
def a_start_does_not_say_that_one_was_away() -> Iterator[Any]:
    with patch(nodes, "own_absences", lambda *_: []):
        yield


# -- sending -----------------------------------------------------------------------------------


@mutation
def the_outbox_is_forgotten_at_a_start() -> Iterator[Any]:
    real = Sender.loaded

    def loaded(self: Sender, page: Any, now: float) -> Any:
        if self._floor == -1 and isinstance(page, o.OutboxPage) and now > 1.0:
            page = o.OutboxPage((), page.through, page.receipts_held)
        return real(self, page, now)

    with patch(Sender, "loaded", loaded):
        yield


@mutation
def posted_is_taken_for_delivered() -> Iterator[Any]:
    real = Sender._post

    def post(self: Sender, batch: Any, now: float) -> Any:
        self._floor = max(self._floor, batch.items[-1].index)
        return real(self, batch, now)

    real_loaded = Sender.loaded

    def loaded(self: Sender, page: Any, now: float) -> Any:
        floor = self._floor
        done = real_loaded(self, page, now)
        self._floor = max(floor, self._floor)
        return done

    with patch(Sender, "_post", post), patch(Sender, "loaded", loaded):
        yield


@mutation
def receipts_that_could_not_be_stored_stop_the_lane() -> Iterator[Any]:
    real = Sender.stored

    def stored(self: Sender, outcome: Any, now: float) -> Any:
        if isinstance(outcome, o.StoreFailed):
            self._kept = None
            return self._wait_for_store()
        return real(self, outcome, now)

    with patch(Sender, "stored", stored):
        yield


@mutation
def the_answer_to_what_was_sent_ahead_is_never_looked_at() -> Iterator[Any]:
    real = Sender.stored

    def stored(self: Sender, outcome: Any, now: float) -> Any:
        if self._answer is not None:
            self._kept = None
            return []
        return real(self, outcome, now)

    with patch(Sender, "stored", stored):
        yield


@mutation
def a_failure_is_not_repeated() -> Iterator[Any]:
    real = Sender._failed

    def failed(self: Sender, now: float, reason: str, busy_s: float | None = None) -> Any:
        done = real(self, now, reason, busy_s)
        self._until = None
        return done

    with patch(Sender, "_failed", failed), patch(Sender, "hurry", lambda *_: []):
        yield


@mutation
def a_gap_at_the_peer_is_a_failure_like_others() -> Iterator[Any]:
    """And the peer does not tell of it either, as otherwise it would not be missed."""

    def out_of_order(self: Sender, batch: Any, answer: Any, now: float) -> Any:
        return self._failed(now, "out of order")

    with patch(Sender, "_out_of_order", out_of_order), patch(Link, "peer_holds", lambda *_: []):
        yield


@mutation
def a_refused_envelope_stops_the_lane() -> Iterator[Any]:
    def refused(self: Sender, batch: Any, answer: Any, now: float) -> Any:
        self._rest()
        self.phase = "stopped"
        return []

    with patch(Sender, "_refused", refused):
        yield


@mutation
def a_held_channel_is_never_tried_again() -> Iterator[Any]:
    with patch(Held, "due", lambda *_: set()), patch(Held, "try_again", lambda *_: False):
        yield


@mutation
def lost_receipts_are_not_asked_for() -> Iterator[Any]:
    real = Node.accepted

    def accepted(self: Node, caller: str, post: a.Post) -> o.Accepted:
        answer = real(self, caller, post)
        if len(answer.receipts) <= len(post.envelopes):
            return answer
        return o.Accepted(answer.receipts[-len(post.envelopes) :], answer.newest)

    with patch(Node, "accepted", accepted):
        yield


@mutation
def what_is_urgent_waits_for_the_rest() -> Iterator[Any]:
    real = Sender.work

    def work(self: Sender, now: float) -> Any:
        other = getattr(self.desk, "ordinary", None)
        if self.lane is Lane.ORDINARY:
            self.desk.ordinary = self  # type: ignore[attr-defined]  # the mutation's own
        elif other is not None and other.phase != "idle":
            return []
        return real(self, now)

    with patch(Sender, "work", work):
        yield


@mutation
def an_answer_is_waited_for_for_ever() -> Iterator[Any]:
    real = Worker._wait

    def wait(self: Worker, phase: str, now: float, until: float | None = None) -> int:
        return real(self, phase, now, None)

    with patch(Worker, "_wait", wait):
        yield


@mutation
def files_are_not_sent() -> Iterator[Any]:
    def blobs_missing(self: Sender, batch: Any, answer: Any, now: float) -> Any:
        return self._failed(now, "files are missing")

    with patch(Sender, "_blobs_missing", blobs_missing):
        yield


# -- pulling -----------------------------------------------------------------------------------


@mutation
def receipts_are_not_brought_to_whom_one_pulls_from() -> Iterator[Any]:
    def bring(self: Puller, page: Any, now: float) -> Any:
        return self._next_page(page, now)

    with patch(Puller, "_bring_receipts", bring):
        yield


@mutation
def only_the_first_page_is_pulled() -> Iterator[Any]:
    real = Puller._next_page

    def next_page(self: Puller, page: Any, now: float) -> Any:
        done = real(self, page, now)
        self.on = False
        return done

    with patch(Puller, "_next_page", next_page):
        yield


# -- supervision -------------------------------------------------------------------------------


@mutation
def silence_is_noticed_late() -> Iterator[Any]:
    with patch(supervision, "SILENT_AFTER_S", 8.0), patch(supervision, "FAILED_AFTER_S", 8.0):
        yield


@mutation
def ones_own_sleep_is_held_against_the_peer() -> Iterator[Any]:
    def pass_time(self: _Watched, passed: float, *, slept: bool) -> None:
        if self.state.outage:
            self._seen[self.state] = self._seen.get(self.state, 0.0) + passed

    with patch(_Watched, "pass_time", pass_time), patch(supervision, "STALL_S", 1e9):
        yield


@mutation
def an_outage_that_is_over_is_not_told() -> Iterator[Any]:
    real = _Watched.recover

    def recover(self: _Watched, at: Any) -> Any:
        return real(self, at)[:-1]

    with patch(_Watched, "recover", recover):
        yield


@mutation
def a_peer_is_never_late_again_taken_for_up() -> Iterator[Any]:
    with patch(supervision, "TIMELY_AFTER_S", 1e9):
        yield
