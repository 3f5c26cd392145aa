"""A node: runs a real `Link` for each peer and a real `Supervisor`, on a simulated machine.

It does what the program's shell does with their actions. What it keeps in attributes other than
`disk`, `last_sign`, `lasting`, `unstated` and `whole` is lost when it crashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.simulation.line.disk import Disk, Draft, Sealed, Violation, demand, item_of

from detente.line import actions as a
from detente.line import outcomes as o
from detente.line.delivery import Link
from detente.line.lanes import BATCH_ENVELOPES_MAX, Lane
from detente.line.outages import Outage, outage_draft, own_absences
from detente.line.standing import Instant, PeerFields, Reason, State
from detente.line.supervision import (
    BEAT_TIMEOUT_S,
    TICK_EVERY_S,
    Act,
    Changed,
    OutageBegan,
    OutageEnded,
    Rebooted,
    SendBeat,
    Supervisor,
)

if TYPE_CHECKING:
    from tests.simulation.line.world import World

EPOCH: Final = datetime(2026, 11, 23, tzinfo=UTC)
HEARD_WITHIN_S: Final = 3.5
ASK_AGAIN_S: Final = 10.0
WRONG: Final = (a.Trouble.CONTRADICTION, a.Trouble.UNREADABLE, a.Trouble.BLOB_GONE)
"""What honest nodes must never have to report."""

Outcome = Sequence[Sealed] | o.StoreFailed | o.OutOfOrder | o.BlobsMissing | o.EnvelopeRefused
Reply = Callable[[object], None]


class Node:
    """One party's node."""

    def __init__(self, world: World, name: str, peers: tuple[str, ...]) -> None:
        self.world = world
        self.name = name
        self.peers = peers
        self.disk = Disk(name)
        self.running = False
        self.start_number = 0
        self.stalled_until = 0.0
        self.clock_off = timedelta()
        self.full_until = 0.0
        self.last_sign: datetime | None = None
        self.lasting: dict[str, Outage] = {}
        self.unstated: list[tuple[Outage, bool]] = []  # over, and not in the record yet
        self.whole = True
        self.held = False  # restored, and not yet told by everybody what they hold of us
        self.links: dict[str, Link] = {}
        self.supervisor: Supervisor | None = None
        self.heard: dict[str, float] = {}
        self.stood_still_s = 0.0
        self._open: set[tuple[str, int]] = set()
        self._storing: set[tuple[str, Lane]] = set()
        self._disk_free = 0.0
        self._told: dict[str, list[Sealed]] = {}

    # --- life --------------------------------------------------------------------------------

    def at(self) -> Instant:
        now = self.world.now
        return Instant(now, EPOCH + timedelta(seconds=now) + self.clock_off)

    def later(self, delay: float, what: Callable[[], None]) -> None:
        """Do something, unless we have stopped by then."""
        start = self.start_number

        def if_alive() -> None:
            if self.running and self.start_number == start:
                what()

        self.world.at(self.world.now + delay, if_alive, self)

    def start(self) -> None:
        demand(not self.running, "the simulator itself: started twice")
        self.running, self.start_number = True, self.start_number + 1
        self.started_at = self.world.now
        self.stalled_until = self._disk_free = 0.0
        self._open, self._storing, self._told, self.heard = set(), set(), {}, {}
        self.stood_still_s = 0.0
        at = self.at()
        if self.last_sign is not None:
            left, self.unstated = self.unstated, []
            for outage, before in left:
                self.state_outage(outage, before=before)
            lasting = tuple(self.lasting.values())
            for outage in own_absences(self.peers, self.last_sign, at.wall, lasting):
                self.state_outage(outage, before=not outage.own)
        self.lasting = {}
        self.links = {peer: self._link(peer) for peer in self.peers}
        self.supervisor = Supervisor(self.peers, at)
        if not self.held:
            self._begin()
        if not self.whole:
            self._ask_peers()
        self.later(0.0, self.tick)

    def _link(self, peer: str) -> Link:
        return Link(
            peer,
            jitter=self.world.rng.random,
            push=self.world.can_call(self.name, peer),
            pull=not self.world.can_call(peer, self.name),
        )

    def _begin(self) -> None:
        for peer, link in self.links.items():
            self.act(peer, link.start(self.world.now))
        for entry in self.disk.log:
            self.attend(entry)

    def crash(self) -> None:
        self.running = False

    def tick(self) -> None:
        at = self.at()
        self.last_sign = at.wall
        if self.supervisor is not None:
            self.heed(self.supervisor.tick(at))
            self._check_standing()
        if not self.held:
            for peer, link in self.links.items():
                if link.wake_at is not None and link.wake_at <= at.steady:
                    self.act(peer, link.tick(at.steady))
        self.later(TICK_EVERY_S, self.tick)

    def _check_standing(self) -> None:
        now = self.world.now
        for peer in self.peers:
            silent = now - self.stood_still_s - self.heard.get(peer, self.started_at)
            state = self.standing(peer)
            if silent > HEARD_WITHIN_S:
                demand(
                    state.outage,
                    f"{self.name} takes {peer} for {state.value}, "
                    f"and has not heard it for {silent:.2f} s",
                )

    def standing(self, peer: str) -> State:
        demand(self.supervisor is not None, "the simulator itself: no supervisor")
        return self.supervisor.standing(peer).state if self.supervisor else State.STARTING

    # --- the record --------------------------------------------------------------------------

    def write(
        self, build: Callable[[], Outcome], done: Callable[[Outcome], None] = lambda _: None
    ) -> None:
        """Commit what `build` makes; tell the outcome when it is durable, or has failed."""
        world = self.world
        self._disk_free = max(world.now, self._disk_free) + world.rng.uniform(0.0002, 0.002)

        def commit() -> None:
            if world.now < self.full_until:
                world.count("disk full")
                self.later(0.01, lambda: done(o.StoreFailed("disk full")))
                return
            outcome = build()
            if isinstance(outcome, Sequence):
                self.disk.append(outcome)
                world.committed(self, outcome)
                for each in outcome:
                    self.attend(each)
                if not self.held:
                    self.later(0.001, self._recorded)
                if world.chance("append unknown"):
                    outcome = o.StoreFailed("append unknown")
            answer = outcome
            self.later(0.002, lambda: done(answer))

        self.later(self._disk_free - world.now, commit)

    def _recorded(self) -> None:
        for peer, link in self.links.items():
            self.act(peer, link.recorded(self.world.now))

    def say(
        self,
        drafts: Callable[[], Sequence[Draft]],
        again_s: float = 3.0,
        kept: Callable[[], None] = lambda: None,
    ) -> None:
        """Append entries of our own; tried again as long as the disk is full.

        Drafts are made when they are written: which channel is ours may change before.
        """

        def done(outcome: Outcome) -> None:
            if isinstance(outcome, o.StoreFailed) and outcome.reason == "disk full":
                self.later(again_s, lambda: self.say(drafts, again_s, kept))
            else:
                kept()

        if self.held:
            self.later(again_s, lambda: self.say(drafts, again_s, kept))
            return
        self.write(lambda: self.disk.planned(drafts(), self.world.seal), done)

    def take(self, envelopes: Iterable[bytes], done: Callable[[Outcome], None]) -> None:
        """`PartyRecord.receive`."""
        arrived = [self.world.sealed[int(each)] for each in envelopes]

        def build() -> Outcome:
            return self.disk.received(
                arrived, self.world.seal, lambda entry: self.world.poisonous(self.name, entry)
            )

        self.write(build, done)

    def state_outage(self, outage: Outage, *, before: bool = False) -> None:
        self.world.outage_stated(self, outage, before=before)
        self.unstated.append((outage, before))

        def drafts() -> list[Draft]:
            draft = outage_draft(outage, self.channel(outage.peer))
            return [(draft.kind, draft.channel, draft.to, None, dict(draft.body), ())]

        def kept() -> None:
            if (outage, before) in self.unstated:
                self.unstated.remove((outage, before))

        self.say(drafts, kept=kept)

    def channel(self, peer: str, *, emergency: bool = False) -> str:
        """A fresh one after each restored copy: what the lost envelopes were, nobody knows."""
        name = f"line/{peer}" + (f"/{self.disk.life}" if self.disk.life else "")
        return name + ("/emergency" if emergency else "")

    # --- officers ----------------------------------------------------------------------------

    def attend(self, entry: Sealed) -> None:
        """Somebody will look at a message for us, now or after we have started again."""
        if entry.kind == "message" and self.name in entry.to:
            self.later(self.world.rng.uniform(0.1, 4.0), lambda: self.show(entry))

    def show(self, entry: Sealed) -> None:
        emergency = entry.channel.endswith("/emergency")

        def say(kind: str) -> None:
            self.say(
                lambda: [
                    (
                        kind,
                        self.channel(entry.sender, emergency=emergency),
                        (entry.sender,),
                        entry.id,
                        {},
                        (),
                    )
                ]
            )

        said = {each.kind for each in self.world.said_of(self, entry.id)}
        if "shown" not in said:
            self.world.shown.add((self.name, entry.id))
            say("shown")
        if "acknowledgement" not in said and self.world.rng.random() < 0.7:

            def acknowledge() -> None:
                self.world.acknowledged.add((self.name, entry.id))
                say("acknowledgement")

            self.later(self.world.rng.uniform(0.5, 6.0), acknowledge)

    # --- supervision -------------------------------------------------------------------------

    def heed(self, acts: Iterable[Act]) -> None:
        for act in acts:
            match act:
                case SendBeat():
                    self._beat(act)
                case Changed():
                    self.world.count(f"state {act.now.state.value}")
                    self.world.changed(self, act)
                case OutageBegan():
                    self.lasting[act.outage.peer] = act.outage
                case OutageEnded():
                    self.lasting.pop(act.outage.peer, None)
                    self.state_outage(act.outage)
                case Rebooted() if not self.held:
                    link = self.links[act.peer]
                    self.act(act.peer, link.release_refused(self.world.now))
                case _:
                    pass

    def fields(self, peer: str, sequence: int) -> PeerFields:
        return PeerFields(
            sequence, self.at().wall, f"{self.name}{self.start_number}", len(self.disk.log), None
        )

    def _beat(self, act: SendBeat) -> None:
        sent, peer, supervisor = self.world.now, act.peer, self.supervisor
        if supervisor is None:
            return
        pending = [True]

        def answered(answer: object) -> None:
            if pending and isinstance(answer, PeerFields):
                pending.clear()
                self.hear(peer)
                rtt = self.world.now - sent
                self.heed(supervisor.beat_answered(peer, act.sequence, rtt, answer, self.at()))

        def failed(reason: Reason) -> None:
            if pending:
                pending.clear()
                self.heed(supervisor.beat_failed(peer, act.sequence, reason, self.at()))

        self.later(BEAT_TIMEOUT_S, lambda: failed(Reason.ANSWER_TIMEOUT))
        request = ("beat", self.fields(peer, act.sequence))
        self.world.send(self, peer, Lane.EMERGENCY, request, answered, failed)

    def hear(self, peer: str) -> None:
        """Any sign of life."""
        self.heard[peer] = self.world.now - self.stood_still_s
        if not self.held:
            self.act(peer, self.links[peer].peer_heard(self.world.now))

    # --- actions of links --------------------------------------------------------------------

    def act(self, peer: str, actions: Iterable[a.Action]) -> None:
        for action in actions:
            self._act(peer, self.links[peer], action)

    def _act(self, peer: str, link: Link, action: a.Action) -> None:
        world, disk = self.world, self.disk
        if isinstance(action, a.Report):
            world.count(f"report {action.trouble.value}")
            if action.trouble in WRONG:
                raise Violation(f"{self.name} reports {action}")
            return
        if isinstance(action, a.Cancel):
            self._open.discard((peer, action.token))
            return
        token, lane = action.token, action.lane
        if isinstance(action, a.LoadOutbox | a.LoadRun | a.LoadReceipts):
            self._load(peer, link, action)
            return
        self._open.add((peer, token))
        if isinstance(action, a.Store):
            self._store(peer, link, action)
            return
        request, tell = self._request(link, action)
        if isinstance(action, a.Post) and (peer, lane) in self._storing:
            both = world.can_call(self.name, peer) and world.can_call(peer, self.name)
            world.count("sent ahead of receipts" if both else "posts beside pulling")

        def answered(answer: object) -> None:
            if (peer, token) in self._open:
                self._open.discard((peer, token))
                if isinstance(action, a.FetchBlob) and isinstance(answer, o.Pushed):
                    disk.blobs.add(action.sha256)
                self.act(peer, tell(token, answer, world.now))
                self.hear(peer)

        def failed(reason: Reason) -> None:
            if (peer, token) in self._open:
                self._open.discard((peer, token))
                self.act(peer, tell(token, o.Failed(reason.value), world.now))

        world.send(self, peer, lane, request, answered, failed)

    def _load(
        self, peer: str, link: Link, action: a.LoadOutbox | a.LoadRun | a.LoadReceipts
    ) -> None:
        disk, token = self.disk, action.token

        def tell(make: Callable[[float], list[a.Action]]) -> None:
            self.later(0.001, lambda: self.act(peer, make(self.world.now)))

        match action:
            case a.LoadOutbox():
                page = disk.load_outbox(peer, action.lane, action.after, action.limit, action.skip)
                tell(lambda now: link.loaded(token, page, now))
            case a.LoadRun():
                run = disk.load_run(peer, action.channel, action.first, action.limit)
                tell(lambda now: link.run_loaded(token, run, now))
            case a.LoadReceipts():
                found, _ = disk.load_receipts(peer, action.after, action.limit)
                items = tuple(item_of(each, -1) for each in found)
                receipts = o.OutboxPage(items, -1, disk.receipts_held(peer))
                tell(lambda now: link.receipts_loaded(token, receipts, now))

    def _request(
        self, link: Link, action: a.Action
    ) -> tuple[tuple[object, ...], Callable[..., list[a.Action]]]:
        match action:
            case a.Post():
                return ("inbox", action), link.answered
            case a.PushBlob():
                demand(action.sha256 in self.disk.blobs, f"{self.name} lacks its own file")
                return ("put", action.sha256), link.blob_pushed
            case a.Pull():
                return ("pull", action.lane, action.first, action.limit), link.pulled
            case a.PullRun():
                return ("run", action.channel, action.first, action.limit), link.pulled
            case a.FetchBlob():
                return ("get", action.sha256), link.blob_fetched
            case _:
                raise Violation(f"the simulator itself: {action}")

    def _store(self, peer: str, link: Link, action: a.Store) -> None:
        self._storing.add((peer, action.lane))

        def done(outcome: Outcome) -> None:
            self._storing.discard((peer, action.lane))
            told: o.StoreOutcome
            if isinstance(outcome, Sequence):
                told = o.Stored(self.disk.load_receipts(peer, 0, 0)[1])
            else:
                told = outcome
            self.act(peer, link.stored(action.token, told, self.world.now))

        self.take(action.envelopes, done)

    # --- what peers ask ----------------------------------------------------------------------

    def serve(self, caller: str, request: tuple[object, ...], reply: Reply) -> None:
        """A request has arrived."""
        disk = self.disk
        match request:
            case ("beat", PeerFields() as fields):
                if self.supervisor is not None:
                    self.hear(caller)
                    self.heed(self.supervisor.beat_heard(caller, fields, self.at()))
                reply(self.fields(caller, fields.sequence))
                return
            case ("mine",):
                mine = [each for each in disk.log if each.sender == caller]
                reply((mine, {b for each in mine for b in each.blobs if b in disk.blobs}))
                return
        if self.held:
            reply(o.Busy(1.0))
            return
        self.hear(caller)
        match request:
            case ("inbox", a.Post() as post):
                self._inbox(caller, post, reply)
            case ("pull", Lane() as lane, int() as first, int() as limit):
                page = disk.load_outbox(caller, lane, first - 1, limit, frozenset())
                more = page.items[-1].index + 1 if len(page.items) == limit else None
                reply(o.PulledPage(page.items, (), (), more, page.receipts_held))
            case ("run", str() as channel, int() as first, int() as limit):
                run = disk.load_run(caller, channel, first, limit)
                after = first + len(run.items)
                more = after if after <= run.newest else None
                reply(o.PulledPage(run.items, (), (), more, run.receipts_held))
            case ("get", str() as sha256):
                reply(o.Pushed() if sha256 in disk.blobs else o.BlobGone())
            case ("put", str() as sha256):
                disk.blobs.add(sha256)
                reply(o.Pushed())
            case ("resume", dict() as ends):
                self._resume(caller, ends, reply)
            case _:
                raise Violation(f"the simulator itself: {request}")

    def _inbox(self, caller: str, post: a.Post, reply: Reply) -> None:
        def done(outcome: Outcome) -> None:
            if isinstance(outcome, o.StoreFailed):
                reply(o.Busy())
            elif isinstance(outcome, Sequence):
                reply(self.accepted(caller, post))
            else:
                self.world.count(f"answers {type(outcome).__name__}")
                reply(outcome)

        if post.envelopes:
            self.take(post.envelopes, done)
        else:
            reply(self.accepted(caller, post))

    def accepted(self, caller: str, post: a.Post) -> o.Accepted:
        run, newest = self.disk.load_receipts(caller, post.receipts_after, BATCH_ENVELOPES_MAX)
        return o.Accepted(tuple(each.wire for each in run), newest)

    def _resume(self, caller: str, held: dict[str, int], reply: Reply) -> None:
        ends = {
            channel: run[-1].seq
            for (sender, channel), run in self.disk.channels.items()
            if sender == self.name and caller in run[-1].to
        }
        behind = {
            channel: held.get(channel, 0)
            for channel, newest in ends.items()
            if held.get(channel, 0) < newest
        }
        self.act(caller, self.links[caller].peer_holds(behind, self.world.now))
        reply(ends)

    # --- after an old copy was restored ------------------------------------------------------

    def _ask_peers(self) -> None:
        """Until everybody has told what he holds of us, and we have all that they had for us."""
        if self.held:
            for peer in self.peers:
                if peer not in self._told:
                    self._ask(peer, ("mine",), partial(self._hears_of, peer))
        else:
            for peer in self.peers:
                self._ask(
                    peer,
                    ("resume", self._ends(peer)),
                    partial(self._caught_up, peer),
                )
        if not self.whole:
            self.later(ASK_AGAIN_S, self._ask_peers)

    def _ask(self, peer: str, request: tuple[object, ...], then: Reply) -> None:
        self.world.send(self, peer, Lane.ORDINARY, request, then, lambda _: None, polled=True)

    def _ends(self, peer: str) -> dict[str, int]:
        return {
            channel: run[-1].seq
            for (sender, channel), run in self.disk.channels.items()
            if sender == peer
        }

    def _hears_of(self, peer: str, answer: object) -> None:
        if not self.held or peer in self._told or not isinstance(answer, tuple):
            return
        self._told[peer], blobs = answer
        self.disk.blobs |= blobs
        if len(self._told) == len(self.peers):
            ours = {each.id: each for told in self._told.values() for each in told}

            known = {peer: {each.id for each in told} for peer, told in self._told.items()}

            def adopt() -> Outcome:
                missing = [each for each in ours.values() if each.id not in self.disk.index]
                back = sorted(missing, key=lambda each: (each.channel, each.seq))
                # What was signed and is lost may turn up: its channels are closed. Receipts that
                # stand in them and never arrived are given again.
                self.disk.life += 1
                drafts: list[Draft] = [
                    ("receipt", self.disk.receipts_to(each.to[0]), each.to, each.of, {}, ())
                    for each in self.disk.log
                    if each.sender == self.name
                    and each.kind == "receipt"
                    and each.id not in known[each.to[0]]
                ]
                return [*back, *self.disk.planned(drafts, self.world.seal)]

            self.write(adopt, self._adopted)

    def _adopted(self, outcome: Outcome) -> None:
        if isinstance(outcome, o.StoreFailed):
            self._told = {}
            return
        self.held, self._told = False, {}
        self.world.count("taken back")
        self._begin()

    def _caught_up(self, peer: str, answer: object) -> None:
        if self.whole or not isinstance(answer, dict):
            return
        ends = self._ends(peer)
        missing = {c: ends.get(c, 0) for c, newest in answer.items() if ends.get(c, 0) < newest}
        if not missing:
            self.world.behind[self.name, peer] = False
        if missing and not self.world.can_call(peer, self.name):
            self.act(peer, self.links[peer].pull_again(missing, self.world.now))
        self.whole = not any(self.world.behind.get((self.name, each), True) for each in self.peers)
