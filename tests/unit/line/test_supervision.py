"""Who is heard, and what it looks like when somebody is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from detente.line import (
    Changed,
    Instant,
    OutageBegan,
    OutageEnded,
    PeerFields,
    Reason,
    Rebooted,
    SendBeat,
    Stalled,
    State,
    Supervisor,
)
from detente.line.supervision import Act

EPOCH = datetime(2026, 11, 23, 12, tzinfo=UTC)
Answer = Callable[[str, float], float | Reason | None]
"""What becomes of a beat to a peer at a time: its round trip, why it fails, or nothing in 2 s."""


def at(now: float) -> Instant:
    return Instant(now, EPOCH + timedelta(seconds=now))


def fields(boot: str = "1") -> PeerFields:
    return PeerFields(1, EPOCH, boot, 10, None)


class Line:
    """A supervisor, and peers that answer as they are told."""

    def __init__(self, answer: Answer, *peers: str) -> None:
        self.supervisor = Supervisor(peers or ("b",), at(0.0))
        self.answer = answer
        self.acts: list[tuple[float, Act]] = []
        self.now = 0.0
        self._due: list[tuple[float, str, int, float | Reason]] = []

    def run(self, until: float, step: float = 0.05) -> None:
        while self.now < until:
            self.now = round(self.now + step, 6)
            for each in sorted(e for e in self._due if e[0] <= self.now):
                self._due.remove(each)
                _, peer, sequence, what = each
                if isinstance(what, Reason):
                    self.take(self.supervisor.beat_failed(peer, sequence, what, at(self.now)))
                else:
                    self.take(
                        self.supervisor.beat_answered(peer, sequence, what, fields(), at(self.now))
                    )
            if self.now >= self.supervisor.wake_at:
                self.take(self.supervisor.tick(at(self.now)))

    def take(self, acts: list[Act]) -> None:
        for act in acts:
            if isinstance(act, SendBeat):
                what = self.answer(act.peer, self.now)
                if isinstance(what, float):
                    self._due.append((self.now + what, act.peer, act.sequence, what))
                else:
                    late = self.now + (0.1 if what in QUICK else 2.0)
                    self._due.append((late, act.peer, act.sequence, what or Reason.ANSWER_TIMEOUT))
            else:
                self.acts.append((self.now, act))

    def states(self, peer: str = "b") -> list[State]:
        return [
            act.now.state
            for _, act in self.acts
            if isinstance(act, Changed) and act.now.peer == peer
        ]

    def when(self, state: State, peer: str = "b") -> float:
        return next(
            now
            for now, act in self.acts
            if isinstance(act, Changed) and act.now.peer == peer and act.now.state is state
        )


QUICK = (Reason.REFUSED, Reason.NO_ROUTE, Reason.NAME, Reason.TLS, Reason.BAD_ANSWER, Reason.LOCAL)


def up_until(end: float, then: float | Reason | None) -> Answer:
    return lambda _, now: 0.02 if now < end else then


def test_a_peer_that_answers_is_up() -> None:
    line = Line(up_until(1e9, None))
    line.run(30.0)
    assert line.states() == [State.UP]
    standing = line.supervisor.standing("b")
    assert standing.rtt_s == 0.02
    assert standing.answers_us
    assert not standing.calls_us
    assert standing.fields == fields()


@pytest.mark.parametrize("end", [10.0, 10.3, 10.6, 10.99])
def test_a_half_open_line_is_noticed_within_three_and_a_half_seconds(end: float) -> None:
    line = Line(up_until(end, None))
    line.run(20.0)
    last = line.supervisor.standing("b").last_heard
    assert last is not None
    noticed = line.when(State.PEER_SILENT) - (last - EPOCH).total_seconds()
    assert 2.9 < noticed <= 3.5
    assert line.states() == [State.UP, State.LATE, State.PEER_SILENT]


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.REFUSED, State.DOWN_THERE),
        (Reason.TLS, State.DOWN_THERE),
        (Reason.BAD_ANSWER, State.DOWN_THERE),
        (Reason.CONNECT_TIMEOUT, State.DOWN_THERE),
        (Reason.ANSWER_TIMEOUT, State.PEER_SILENT),
        (Reason.NAME, State.DOWN_HERE),
        (Reason.NO_ROUTE, State.DOWN_HERE),
        (Reason.LOCAL, State.DOWN_HERE),
    ],
)
def test_what_an_outage_looks_like(reason: Reason, state: State) -> None:
    line = Line(up_until(10.0, reason))
    line.run(20.0)
    assert line.supervisor.standing("b").state is state
    assert line.supervisor.standing("b").reason is reason


def test_what_fails_for_one_of_two_only_is_not_ours() -> None:
    line = Line(lambda peer, now: Reason.NAME if peer == "b" and now > 10 else 0.02, "b", "c")
    line.run(20.0)
    assert line.supervisor.standing("b").state is State.DOWN_THERE
    assert line.states("c") == [State.UP]


def test_several_that_fall_silent_at_once_are_cut_off_here() -> None:
    line = Line(up_until(10.0, Reason.CONNECT_TIMEOUT), "b", "c", "d")
    line.run(20.0)
    assert {line.supervisor.standing(each).state for each in "bcd"} == {State.DOWN_HERE}


def test_several_at_once_of_which_one_refuses_are_not_cut_off_here() -> None:
    line = Line(
        lambda peer, now: 0.02 if now < 10 else Reason.REFUSED if peer == "b" else None, "b", "c"
    )
    line.run(20.0)
    assert line.supervisor.standing("b").state is State.DOWN_THERE
    assert line.supervisor.standing("c").state is State.PEER_SILENT


def test_one_lost_beat_makes_late_and_no_outage() -> None:
    line = Line(lambda _, now: None if 10.0 <= now < 11.0 else 0.02)
    line.run(30.0)
    assert line.states() == [State.UP, State.LATE, State.UP]
    assert not any(isinstance(act, OutageBegan) for _, act in line.acts)


def test_slow_answers_are_late() -> None:
    line = Line(lambda _, now: 1.4 if 10.0 <= now < 20.0 else 0.02)
    line.run(40.0)
    assert line.states() == [State.UP, State.LATE, State.UP]


def test_a_line_that_comes_and_goes_does_not_flap() -> None:
    # Two seconds of each four only: it is never steady.
    line = Line(lambda _, now: 0.02 if now < 10 or now % 5 < 1 else None)
    line.run(120.0)
    assert line.states().count(State.UP) == 1
    assert sum(isinstance(act, OutageEnded) for _, act in line.acts) == 0


def test_an_outage_is_told_from_the_last_sign_to_the_first_steady_one() -> None:
    line = Line(lambda _, now: None if 10.0 < now < 30.0 else 0.02)
    line.run(40.0)
    (ended,) = [act.outage for _, act in line.acts if isinstance(act, OutageEnded)]
    assert ended.since == pytest.approx(EPOCH + timedelta(seconds=9.5), abs=timedelta(seconds=0.6))
    assert ended.until == pytest.approx(EPOCH + timedelta(seconds=30.5), abs=timedelta(seconds=0.6))
    assert ended.seen_as is State.PEER_SILENT
    assert not ended.own


def test_ones_own_sleep_is_ones_own_outage_and_nobody_elses() -> None:
    line = Line(up_until(1e9, None))
    line.run(10.0)
    line.now += 60.0
    line._due.clear()
    line.take(line.supervisor.tick(at(line.now)))
    line.run(90.0)
    assert [act.seconds for _, act in line.acts if isinstance(act, Stalled)] == [
        pytest.approx(60, abs=1)
    ]
    assert line.states() == [State.UP, State.DOWN_HERE, State.UP]
    (ended,) = [act.outage for _, act in line.acts if isinstance(act, OutageEnded)]
    assert ended.own
    assert ended.seen_as is State.DOWN_HERE


def test_a_sleep_within_an_outage_belongs_to_it() -> None:
    line = Line(lambda _, now: None if 10.0 < now < 20.0 else 0.02)
    # The peer is heard again, not for long enough to call that steady; then we sleep.
    line.run(20.6)
    line.now += 10.0
    line._due.clear()
    line.take(line.supervisor.tick(at(line.now)))
    line.run(40.0)
    assert line.states() == [State.UP, State.LATE, State.PEER_SILENT, State.UP]
    (ended,) = [act.outage for _, act in line.acts if isinstance(act, OutageEnded)]
    assert ended.until == pytest.approx(EPOCH + timedelta(seconds=31), abs=timedelta(seconds=1))


def test_a_short_sleep_is_not_held_against_the_peer() -> None:
    line = Line(up_until(1e9, None))
    line.run(10.0)
    line.now += 2.5
    line._due.clear()
    line.take(line.supervisor.tick(at(line.now)))
    line.run(20.0)
    assert line.states() == [State.UP]


def test_calls_of_the_peer_alone_keep_the_line_up() -> None:
    supervisor = Supervisor(("b",), at(0.0))
    for tenth in range(100):
        now = tenth / 10
        supervisor.tick(at(now))
        if tenth % 10 == 0:
            supervisor.beat_heard("b", fields(), at(now))
    standing = supervisor.standing("b")
    assert standing.state is State.UP
    assert standing.calls_us
    assert not standing.answers_us


def test_a_restart_of_the_peer_is_told() -> None:
    supervisor = Supervisor(("b",), at(0.0))
    assert Rebooted("b") not in supervisor.beat_heard("b", fields("1"), at(0.1))
    assert Rebooted("b") not in supervisor.beat_heard("b", fields("1"), at(0.2))
    assert Rebooted("b") in supervisor.beat_heard("b", fields("2"), at(0.3))


def test_a_clock_that_is_ahead_is_noticed() -> None:
    supervisor = Supervisor(("b",), at(0.0))
    ahead = PeerFields(1, EPOCH + timedelta(seconds=15.5), "1", 1, None)
    supervisor.beat_answered("b", 1, 1.0, ahead, at(1.0))
    assert supervisor.standing("b").clock_ahead_s == pytest.approx(15.0)


def test_peers_come_and_go() -> None:
    line = Line(up_until(1e9, None))
    line.run(5.0)
    line.take(line.supervisor.set_peers(("b", "c"), at(line.now)))
    line.run(10.0)
    assert line.states("b") == line.states("c") == [State.UP]
    line.supervisor.set_peers(("c",), at(line.now))
    with pytest.raises(KeyError):
        line.supervisor.standing("b")
    assert line.supervisor.beat_heard("b", fields(), at(line.now)) == []
