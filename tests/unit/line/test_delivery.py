"""A link to one peer, step by step: what it asks for next."""

from __future__ import annotations

from typing import TypeVar

import pytest

from detente.line import CONTRADICTION, Lane, Link, lane_of
from detente.line import actions as a
from detente.line import outcomes as o
from detente.line.lanes import PATIENCE, again_after

T = TypeVar("T")
ORDINARY = PATIENCE[Lane.ORDINARY]


def item(index: int, channel: str = "line/b", seq: int | None = None, *blobs: str) -> o.Item:
    return o.Item(index, channel, index if seq is None else seq, b"{%d}" % index, blobs)


def page(*items: o.Item, held: int = 0) -> o.OutboxPage:
    return o.OutboxPage(items, max((each.index for each in items), default=99), held)


def only(kind: type[T], actions: list[a.Action], lane: Lane = Lane.ORDINARY) -> T:
    found = [each for each in actions if isinstance(each, kind)]
    if kind is not a.Report and kind is not a.Cancel:
        found = [each for each in found if getattr(each, "lane", None) is lane]
    assert len(found) == 1, actions
    return found[0]


def begun(*items: o.Item, held: int = 0) -> tuple[Link, a.Post]:
    """A link whose ordinary lane has just posted these."""
    link = Link("b", jitter=lambda: 0.0)
    load = only(a.LoadOutbox, link.start(0.0))
    return link, only(a.Post, link.loaded(load.token, page(*items, held=held), 0.0))


def test_lanes_follow_from_names_of_channels() -> None:
    assert lane_of("line/b/emergency") is Lane.EMERGENCY
    assert lane_of("room/1/2/emergency") is Lane.EMERGENCY
    assert lane_of("line/emergency-b") is Lane.ORDINARY
    assert lane_of("receipts/b") is Lane.ORDINARY


def test_both_lanes_begin_at_once_and_one_does_not_wait_for_the_other() -> None:
    link = Link("b", jitter=lambda: 0.0)
    first = link.start(0.0)
    ordinary, urgent = only(a.LoadOutbox, first), only(a.LoadOutbox, first, Lane.EMERGENCY)
    assert first.index(urgent) < first.index(ordinary)
    link.loaded(ordinary.token, page(item(1)), 0.0)
    channel = "line/b/emergency"
    post = only(a.Post, link.loaded(urgent.token, page(item(2, channel)), 0.0), Lane.EMERGENCY)
    assert post.envelopes == (b"{2}",)


def test_receipts_are_kept_before_the_next_batch_is_loaded() -> None:
    link, post = begun(item(5), item(6), held=3)
    assert post.envelopes == (b"{5}", b"{6}")
    assert post.receipts_after == 3
    store = only(a.Store, link.answered(post.token, o.Accepted((b"r4", b"r5"), 5), 1.0))
    assert store.envelopes == (b"r4", b"r5")
    load = only(a.LoadOutbox, link.stored(store.token, o.Stored(0), 1.0))
    assert load.after == 4
    assert link.status(Lane.ORDINARY).last_success == 1.0


def ahead() -> tuple[Link, a.Store, a.Post]:
    """A link that has posted 3 and 4 while the receipts of 1 and 2 are being stored."""
    link = Link("b", jitter=lambda: 0.0)
    load = only(a.LoadOutbox, link.start(0.0))
    full = o.OutboxPage((item(1), item(2)), 4, 7)
    post = only(a.Post, link.loaded(load.token, full, 0.0))
    actions = link.answered(post.token, o.Accepted((b"r8", b"r9"), 9), 0.0)
    store, load = only(a.Store, actions), only(a.LoadOutbox, actions)
    assert load.after == 2
    # The record may not hold the receipts 8 and 9 yet: they are on their way to it.
    page_ahead = o.OutboxPage((item(3), item(4)), 4, 7)
    return link, store, only(a.Post, link.loaded(load.token, page_ahead, 0.0))


def test_what_follows_is_posted_while_receipts_are_being_stored() -> None:
    link, store, post = ahead()
    assert (post.envelopes, post.receipts_after) == ((b"{3}", b"{4}"), 9)
    assert link.stored(store.token, o.Stored(0), 1.0) == []
    actions = link.answered(post.token, o.Accepted((b"r10", b"r11"), 11), 1.0)
    assert only(a.Store, actions).envelopes == (b"r10", b"r11")
    # All of the outbox is gone through again: what was taken and got no receipt is there still.
    only_store = only(a.Store, actions)
    assert only(a.LoadOutbox, link.stored(only_store.token, o.Stored(0), 1.0)).after == 0


def test_an_answer_to_what_was_posted_ahead_waits_for_the_receipts_before_it() -> None:
    link, store, post = ahead()
    assert link.answered(post.token, o.Accepted((b"r10", b"r11"), 11), 1.0) == []
    assert link.status(Lane.ORDINARY).busy == "store"
    assert only(a.Store, link.stored(store.token, o.Stored(0), 1.0)).envelopes == (b"r10", b"r11")


def test_what_was_posted_ahead_is_begun_anew_if_the_receipts_before_it_cannot_be_stored() -> None:
    link, store, post = ahead()
    actions = link.stored(store.token, o.StoreFailed("disk full"), 1.0)
    assert a.Cancel(post.token) in actions
    assert only(a.Report, actions).trouble is a.Trouble.STORE
    assert link.answered(post.token, o.Accepted((b"r10", b"r11"), 11), 1.0) == []
    again = link.wake_at
    assert again is not None
    assert only(a.LoadOutbox, link.tick(again)).after == 0


def test_nothing_is_loaded_ahead_of_a_channel_that_is_tried_again() -> None:
    link, post = begun(item(1), item(2, "room/1/0"))
    rest = only(a.Post, link.answered(post.token, o.EnvelopeRefused(0, "code", "no"), 0.0))
    store = only(a.Store, link.answered(rest.token, o.Accepted((b"r",), 1), 0.0))
    assert link.release("line/b", 0.0) == []
    assert only(a.LoadOutbox, link.stored(store.token, o.Stored(0), 0.0)).after == -1


def test_an_answer_that_is_no_longer_waited_for_changes_nothing() -> None:
    link, post = begun(item(1))
    cancelled = link.tick(ORDINARY.answer_s)
    assert a.Cancel(post.token) in cancelled
    assert link.answered(post.token, o.Accepted((b"r",), 1), 21.0) == []


def test_repetitions_wait_longer_each_time_up_to_a_limit() -> None:
    waits = [again_after(n, ORDINARY, 0.999999) for n in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(0.5, rel=1e-3)
    assert waits[-1] == pytest.approx(30.0, rel=1e-3)
    assert again_after(1, ORDINARY, 0.0) == 0.25
    assert again_after(10_000, ORDINARY, 0.0) == 15.0


def test_a_failure_is_repeated_after_its_pause_and_not_before() -> None:
    link, post = begun(item(1))
    assert link.answered(post.token, o.Failed("refused"), 1.0) == []
    assert link.recorded(1.1) == []
    again = link.wake_at
    assert again is not None
    assert [e for e in link.tick(again - 0.01) if isinstance(e, a.LoadOutbox)] == []
    assert only(a.LoadOutbox, link.tick(again)).after == 0


def test_a_peer_heard_after_a_silence_is_tried_at_once() -> None:
    link, post = begun(item(1))
    link.peer_heard(0.5)
    link.answered(post.token, o.Failed("refused"), 1.0)
    assert link.peer_heard(1.1) == []
    only(a.LoadOutbox, link.peer_heard(10.0))


def test_a_request_from_before_a_silence_is_given_up_when_the_peer_is_back() -> None:
    link, post = begun(item(1))
    link.peer_heard(0.1)
    actions = link.peer_heard(8.0)
    assert a.Cancel(post.token) in actions
    only(a.LoadOutbox, actions)


def test_a_busy_peer_is_left_alone_for_as_long_as_it_asks() -> None:
    link, post = begun(item(1))
    link.answered(post.token, o.Busy(40.0), 0.0)
    assert link.peer_heard(5.0) == []
    assert [e for e in link.tick(39.9) if isinstance(e, a.LoadOutbox)] == []
    only(a.LoadOutbox, link.tick(40.0))


def test_a_peer_that_has_less_is_sent_the_rest_from_there() -> None:
    link, post = begun(item(9, seq=9))
    actions = link.answered(post.token, o.OutOfOrder("line/b", 7, "h6"), 0.0)
    run = only(a.LoadRun, actions)
    assert (run.channel, run.first) == ("line/b", 7)
    items = (item(4, seq=7), item(9, seq=9))
    found = o.RunPage(items, (b"erased 8",), "h6", newest=9, answered=7, receipts_held=2)
    actions = link.run_loaded(run.token, found, 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.PEER_LOST
    post = only(a.Post, actions)
    assert post.envelopes == (b"{4}", b"{9}")
    assert post.erasures == (b"erased 8",)


def test_a_run_goes_on_to_its_end_though_nothing_of_it_is_in_the_outbox() -> None:
    link = Link("b", jitter=lambda: 0.0)
    load = only(a.LoadOutbox, link.start(0.0))
    assert link.peer_holds({"line/b": 2}, 0.0) == []
    run = only(a.LoadRun, link.loaded(load.token, page(), 0.0))
    assert run.first == 3
    found = o.RunPage((item(3), item(4)), (), "h", newest=5, answered=0, receipts_held=0)
    post = only(a.Post, link.run_loaded(run.token, found, 0.0))
    store = only(a.Store, link.answered(post.token, o.Accepted((b"r",), 1), 0.0))
    assert only(a.LoadRun, link.stored(store.token, o.Stored(0), 0.0)).first == 5


def test_a_run_that_fails_is_repeated() -> None:
    link = Link("b", jitter=lambda: 0.0)
    load = only(a.LoadOutbox, link.start(0.0))
    link.peer_holds({"line/b": 2}, 0.0)
    run = only(a.LoadRun, link.loaded(load.token, page(), 0.0))
    found = o.RunPage((item(3),), (), "h", newest=3, answered=0, receipts_held=0)
    post = only(a.Post, link.run_loaded(run.token, found, 0.0))
    link.answered(post.token, o.Failed("timed out"), 0.0)
    assert only(a.LoadRun, link.tick(1.0)).first == 3


@pytest.mark.parametrize(
    ("expected", "previous", "found"),
    [
        (12, "h11", o.RunPage((), (), None, newest=9, answered=9, receipts_held=0)),
        (7, "other", o.RunPage((item(9, seq=7),), (), "h6", 9, 0, 0)),
        (10, "h9", o.RunPage((), (), "h9", newest=9, answered=0, receipts_held=0)),
    ],
    ids=["holds more than we have", "holds other bytes", "does not know what it has passed"],
)
def test_a_contradiction_is_said_once_and_not_argued_with(
    expected: int, previous: str, found: o.RunPage
) -> None:
    link, post = begun(item(9, seq=9))
    run = only(
        a.LoadRun, link.answered(post.token, o.OutOfOrder("line/b", expected, previous), 0.0)
    )
    actions = link.run_loaded(run.token, found, 0.0)
    report = only(a.Report, actions)
    assert report.trouble is a.Trouble.CONTRADICTION
    assert only(a.LoadOutbox, actions).skip == {"line/b"}
    assert [(each.code, each.again_at) for each in link.held] == [(CONTRADICTION, None)]
    assert link.release_refused(1.0) == []
    assert [e for e in link.tick(10_000.0) if isinstance(e, a.Report)] == []
    assert [each.code for each in link.held] == [CONTRADICTION]


def test_who_asks_for_the_same_number_for_ever_is_not_fed_for_ever() -> None:
    link, post = begun(item(9, seq=9))
    for _ in range(3):
        run = only(a.LoadRun, link.answered(post.token, o.OutOfOrder("line/b", 8, "h7"), 0.0))
        found = o.RunPage((item(8), item(9)), (), "h7", newest=9, answered=0, receipts_held=0)
        post = only(a.Post, link.run_loaded(run.token, found, 0.0))
    actions = link.answered(post.token, o.OutOfOrder("line/b", 8, "h7"), 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.REFUSED
    assert link.held[0].again_at is not None


def test_missing_files_are_sent_and_the_batch_again() -> None:
    link, post = begun(item(1, "line/b", 1, "f1", "f2"))
    push = only(a.PushBlob, link.answered(post.token, o.BlobsMissing(("f1", "f2")), 0.0))
    assert push.sha256 == "f1"
    push = only(a.PushBlob, link.blob_pushed(push.token, o.Pushed(), 0.0))
    actions = link.blob_pushed(push.token, o.BlobGone(), 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.BLOB_GONE
    again = only(a.Post, actions)
    assert again.envelopes == post.envelopes
    assert again.withheld == ("f2",)
    # Who still misses what it was given makes no sense.
    actions = link.answered(again.token, o.BlobsMissing(("f1",)), 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.UNREADABLE
    assert link.status(Lane.ORDINARY).busy == "pause"


def test_a_refused_channel_is_held_and_the_others_go_on() -> None:
    link, post = begun(item(1), item(2, "room/1/0"), item(3))
    actions = link.answered(post.token, o.EnvelopeRefused(0, "record.unverified", "no"), 0.0)
    report = only(a.Report, actions)
    assert (report.channel, report.seq, report.code) == ("line/b", 1, "record.unverified")
    rest = only(a.Post, actions)
    assert rest.envelopes == (b"{2}",)
    store = only(a.Store, link.answered(rest.token, o.Accepted((b"r",), 1), 0.0))
    load = only(a.LoadOutbox, link.stored(store.token, o.Stored(0), 0.0))
    assert load.skip == {"line/b"}
    link.loaded(load.token, page(), 0.0)
    # After a while it is tried again, from the beginning of the outbox.
    due = link.held[0].again_at
    assert due == 5.0
    load = only(a.LoadOutbox, link.tick(due))
    assert (load.after, load.skip) == (-1, frozenset())
    post = only(a.Post, link.loaded(load.token, page(item(1), item(3), held=1), due))
    again = link.answered(post.token, o.EnvelopeRefused(0, "record.unverified", "no"), due)
    assert [e for e in again if isinstance(e, a.Report)] == []
    assert link.held[0].again_at == due + 10.0
    load = only(a.LoadOutbox, again)
    link.loaded(load.token, page(), due)
    load = only(a.LoadOutbox, link.release("line/b", 6.0))
    post = only(a.Post, link.loaded(load.token, page(item(1), item(3), held=1), 6.0))
    store = only(a.Store, link.answered(post.token, o.Accepted((b"s", b"t"), 3), 6.0))
    actions = link.stored(store.token, o.Stored(0), 6.0)
    assert only(a.Report, actions).trouble is a.Trouble.RELEASED
    assert link.held == ()


def test_our_own_disk_that_fails_is_told_once_and_when_it_works_again() -> None:
    link = Link("b", jitter=lambda: 0.0)
    load = only(a.LoadOutbox, link.start(0.0))
    actions = link.loaded(load.token, o.StoreFailed("disk full"), 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.STORE
    load = only(a.LoadOutbox, link.tick(1.0))
    assert link.loaded(load.token, o.StoreFailed("disk full"), 1.0) == []
    load = only(a.LoadOutbox, link.tick(3.0))
    assert only(a.Report, link.loaded(load.token, page(), 3.0)).trouble is a.Trouble.STORE_MENDED


def test_receipts_in_a_new_channel_are_asked_for_from_its_beginning() -> None:
    link, post = begun(item(1), held=70)
    store = only(a.Store, link.answered(post.token, o.Accepted((b"r71",), 71), 0.0))
    actions = link.stored(store.token, o.OutOfOrder("receipts/a/1", 1, None), 0.0)
    again = only(a.Post, actions)
    assert (again.envelopes, again.receipts_after) == (post.envelopes, 0)
    store = only(a.Store, link.answered(again.token, o.Accepted((b"r1",), 1), 0.0))
    # If that does not fit either, one of the two records is not what it was.
    actions = link.stored(store.token, o.OutOfOrder("receipts/a/1", 1, None), 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.CONTRADICTION
    assert link.status(Lane.ORDINARY).busy == "pause"


def test_who_takes_and_gives_no_receipts_is_not_hammered() -> None:
    link, post = begun(item(1))
    load = only(a.LoadOutbox, link.answered(post.token, o.Accepted((), 0), 0.0))
    assert link.loaded(load.token, page(item(1)), 0.0) == []
    assert link.status(Lane.ORDINARY).busy == "pause"


# --- fetching from a peer that cannot call us -----------------------------------------------------


def pulling(*items: o.Item, held: int = 0, now: float = 0.0) -> tuple[Link, a.Store]:
    link = Link("b", jitter=lambda: 0.0, push=False, pull=True)
    pull = only(a.Pull, link.start(now))
    assert pull.first == 0
    found = o.PulledPage(items, (), (), None, held)
    return link, only(a.Store, link.pulled(pull.token, found, now))


def test_what_is_pulled_is_kept_then_receipts_are_brought_then_asked_again_later() -> None:
    link, store = pulling(item(3), item(4), held=6)
    load = only(a.LoadReceipts, link.stored(store.token, o.Stored(8), 0.0))
    assert load.after == 6
    receipts = o.OutboxPage((item(-1, "receipts/b", 7), item(-1, "receipts/b", 8)), -1, 0)
    post = only(a.Post, link.receipts_loaded(load.token, receipts, 0.0))
    assert len(post.envelopes) == 2
    assert link.answered(post.token, o.Accepted((), 0), 0.0) == []
    assert [e for e in link.tick(0.9) if isinstance(e, a.Pull)] == []
    assert only(a.Pull, link.tick(1.0)).first == 0


def test_the_next_page_is_pulled_at_once() -> None:
    link = Link("b", jitter=lambda: 0.0, push=False, pull=True)
    pull = only(a.Pull, link.start(0.0))
    found = o.PulledPage((item(3),), (), (), 4, 0)
    store = only(a.Store, link.pulled(pull.token, found, 0.0))
    load = only(a.LoadReceipts, link.stored(store.token, o.Stored(1), 0.0))
    receipts = o.OutboxPage((item(-1, "receipts/b", 1),), -1, 0)
    post = only(a.Post, link.receipts_loaded(load.token, receipts, 0.0))
    assert only(a.Pull, link.answered(post.token, o.Accepted((), 0), 0.0)).first == 4


def test_a_gap_of_ours_is_filled_by_asking_for_the_channel() -> None:
    link, store = pulling(item(9, seq=9))
    run = only(a.PullRun, link.stored(store.token, o.OutOfOrder("line/b", 8, "h7"), 0.0))
    assert (run.channel, run.first) == ("line/b", 8)
    found = o.PulledPage((item(8), item(9)), (), (), None, 0)
    assert only(a.Store, link.pulled(run.token, found, 0.0)).envelopes == (b"{8}", b"{9}")


def test_a_peer_that_has_another_past_is_a_contradiction() -> None:
    link, store = pulling(item(9, seq=5), item(10, "room/1/0", 1))
    actions = link.stored(store.token, o.OutOfOrder("line/b", 8, "h7"), 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.CONTRADICTION
    assert only(a.Store, actions).envelopes == (b"{10}",)


def test_a_file_that_the_peer_does_not_send_holds_its_channel_only() -> None:
    link, store = pulling(item(1, "line/b", 1, "f1"), item(2, "room/1/0", 1, "f2"))
    fetch = only(a.FetchBlob, link.stored(store.token, o.BlobsMissing(("f1", "f2")), 0.0))
    actions = link.blob_fetched(fetch.token, o.BlobGone(), 0.0)
    assert only(a.Report, actions).trouble is a.Trouble.PULLED_REFUSED
    store = only(a.Store, actions)
    assert store.envelopes == (b"{2}",)
    fetch = only(a.FetchBlob, link.stored(store.token, o.BlobsMissing(("f2",)), 0.0))
    assert only(a.Store, link.blob_fetched(fetch.token, o.Pushed(), 0.0)).envelopes == (b"{2}",)


def test_both_ways_at_once_and_one_switched_off() -> None:
    link = Link("b", jitter=lambda: 0.0, push=True, pull=True)
    actions = link.start(0.0)
    load, pull = only(a.LoadOutbox, actions), only(a.Pull, actions)
    link.set_modes(push=True, pull=False, now=0.0)
    link.pulled(pull.token, o.PulledPage((), (), (), None, 0), 0.0)
    link.loaded(load.token, page(), 0.0)
    assert [e for e in link.tick(100.0) if isinstance(e, a.Pull)] == []
    only(a.LoadOutbox, link.recorded(100.0))
