"""A state machine: a witness against an owner who cheats, and against its own deaths and restores.

It knows for every checkpoint which entries it stands for, so whether a log has only grown is seen
by comparing lists, without a hash. Over all cosignatures that ever left, and whatever happens, one
size has one history, and histories only grow.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.support.witness_world import (
    LOG_KEYS,
    ORIGIN,
    STRANGER,
    Died,
    FilePlace,
    Leaves,
    MemoryPlace,
    MortalStore,
    Submission,
    hashes,
    known,
    note_of,
    opened,
)

from detente.record import (
    Answer,
    WitnessForked,
    WitnessUnconvinced,
    consistency_proof,
    read_checkpoint,
)
from detente.record.merkle import reader_of

picks = st.integers(0, 1 << 16)


class WitnessMachine(RuleBasedStateMachine):
    """The world, and what a right witness would remember of it."""

    def __init__(self) -> None:
        super().__init__()
        self.place: Any = self.make_place()
        self.fresh = itertools.count()
        self.histories: list[Leaves] = [()]
        self.keys = LOG_KEYS[:1]
        self.sent: list[Submission] = []
        self.backups: list[tuple[Any, Leaves | None, bool]] = []
        # What ever left, oldest first: the entries it stands for, and the note. Our own record
        # anchors each before it leaves; what left behind its back it does not know.
        self.issued: list[tuple[Leaves, str]] = []
        self.anchored: list[str] = []
        self.remembered: Leaves | None = None
        self.forked = False
        self.store: MortalStore
        self.open()

    def make_place(self) -> Any:
        return MemoryPlace()

    def teardown(self) -> None:
        self.store.close()

    # --- what happens ----------------------------------------------------------------------------

    def open(self) -> None:
        self.store = MortalStore(self.place.open())
        self.witness = opened(self.store, self.keys)
        self.confirmed = False

    def reopen(self) -> None:
        self.store.close()
        self.open()

    @rule(pick=picks, count=st.integers(1, 5))
    def the_log_grows(self, pick: int, count: int) -> None:
        at = pick % len(self.histories)
        grown = (*self.histories[at], *itertools.islice(self.fresh, count))
        self.histories[at] = grown

    @rule(pick=picks, where=picks)
    def the_log_forks(self, pick: int, where: int) -> None:
        leaves = self.histories[pick % len(self.histories)]
        cut = where % (len(leaves) + 1)
        self.histories.append((*leaves[:cut], next(self.fresh)))

    @precondition(lambda self: any(self.histories))
    @rule(pick=picks, where=picks)
    def the_log_rewrites_an_entry(self, pick: int, where: int) -> None:
        leaves = self.histories[pick % len(self.histories)]
        if leaves:
            at = where % len(leaves)
            self.histories.append((*leaves[:at], next(self.fresh), *leaves[at + 1 :]))

    @rule(pick=picks, where=picks)
    def the_log_is_cut(self, pick: int, where: int) -> None:
        at = pick % len(self.histories)
        self.histories[at] = self.histories[at][: where % (len(self.histories[at]) + 1)]

    @precondition(lambda self: len(self.keys) < len(LOG_KEYS))
    @rule()
    def the_log_announces_a_new_key(self) -> None:
        self.keys = LOG_KEYS[: len(self.keys) + 1]
        self.witness.trust(known(self.keys))

    @precondition(lambda self: len(self.keys) > 1)
    @rule()
    def the_old_log_key_ends(self) -> None:
        self.keys = self.keys[1:]
        self.witness.trust(known(self.keys))

    @rule(
        pick=picks,
        size=picks,
        old=st.one_of(st.none(), st.none(), picks),
        spoiled=st.sampled_from([False, False, False, True]),
        key=st.sampled_from([None, None, None, None, *LOG_KEYS, STRANGER]),
        elsewhere=st.sampled_from([False] * 7 + [True]),
    )
    def somebody_submits(
        self, pick: int, size: int, old: int | None, spoiled: bool, key: Any, elsewhere: bool
    ) -> None:
        self.submit(self.some_submission(pick, size, old, spoiled, key, elsewhere))

    @precondition(lambda self: self.sent)
    @rule(pick=picks)
    def somebody_replays(self, pick: int) -> None:
        self.submit(self.sent[pick % len(self.sent)])

    @rule(one=picks, other=picks, size=picks, other_size=picks)
    def two_submit_at_once(self, one: int, other: int, size: int, other_size: int) -> None:
        first, second = self.some_submission(one, size), self.some_submission(other, other_size)
        done: list[None] = []

        def meanwhile() -> None:
            done.append(None)
            self.submit(second)

        # The first has been decided upon when the second comes and is faster.
        self.store.meanwhile = meanwhile
        answer = self.witness.add_checkpoint(first.bytes())
        self.store.meanwhile = None
        self.judge(first, answer)
        if not done:
            self.submit(second)

    @rule()
    def the_witness_is_restarted(self) -> None:
        self.reopen()

    @rule(pick=picks, size=picks, when=st.sampled_from(["before", "after"]))
    def the_witness_dies_at_work(self, pick: int, size: int, when: str) -> None:
        submission = self.some_submission(pick, size)
        expected = self.expected(submission)
        self.store.die = when
        try:
            answer = self.witness.add_checkpoint(submission.bytes())
        except Died:
            assert expected == 200
            if when == "after":
                self.remembered = submission.leaves
            for note in getattr(self.witness, "leaks", [])[-1:]:
                self.left(submission.leaves, note, anchored=False)
            self.reopen()
        else:
            self.store.die = ""
            self.judge(submission, answer)

    @rule(pick=picks, when=st.sampled_from(["before", "after"]))
    def the_owner_makes_use_of_a_death(self, pick: int, when: str) -> None:
        """It hides what may have left, and asks for another history of the same size."""
        at = pick % len(self.histories)
        leaves = (*self.histories[at], next(self.fresh))
        self.histories[at] = leaves
        self.the_witness_dies_at_work(at, 1, when)
        self.a_hiding_owner_confirms(at, 0, statement=False)
        self.histories[at] = (*leaves[:-1], next(self.fresh))
        self.submit(self.some_submission(at, 1))

    @rule()
    def the_witness_is_backed_up(self) -> None:
        self.backups.append((self.place.back_up(), self.remembered, self.forked))

    @precondition(lambda self: self.backups)
    @rule(pick=picks)
    def the_witness_is_restored(self, pick: int) -> None:
        copy, self.remembered, self.forked = self.backups[pick % len(self.backups)]
        self.store.close()
        self.place.restore(copy)
        self.open()

    @rule()
    def the_owner_fetches_what_was_signed_last(self) -> None:
        try:
            note = self.witness.last_signed(ORIGIN)
        except WitnessUnconvinced:
            assert not self.confirmed or self.forked
            return
        assert self.confirmed
        assert not self.forked
        assert (note is None) == (self.remembered is None)
        if note is not None and self.remembered is not None:
            self.left(self.remembered, note)

    @rule(pick=picks, when=st.sampled_from(["", "", "", "before", "after"]))
    def an_honest_owner_confirms(self, pick: int, when: str) -> None:
        """It shows the newest that it got; our own record may have been lost with our witness."""
        fresh = note_of(self.histories[pick % len(self.histories)], self.keys[-1])
        newest = [max(self.issued, key=lambda one: len(one[0]))[1]] if self.issued else []
        self.confirm([fresh, *newest], [], first_contact=not newest, when=when)

    @rule(pick=picks, old=picks, statement=st.booleans())
    def a_hiding_owner_confirms(self, pick: int, old: int, statement: bool) -> None:
        """It shows something old or nothing; our own record knows all."""
        shown = [note_of(self.histories[pick % len(self.histories)], self.keys[-1])]
        if self.issued and statement:  # it may have got more than our record knows
            shown = [self.issued[old % len(self.issued)][1]]
        self.confirm(shown, self.anchored, first_contact=not self.anchored)

    @rule(pick=picks)
    def nobody_vouches_for_a_first_contact(self, pick: int) -> None:
        fresh = note_of(self.histories[pick % len(self.histories)], self.keys[-1])
        self.confirm([fresh], [], first_contact=False)

    # --- what must come of it --------------------------------------------------------------------

    def some_submission(
        self,
        pick: int,
        size: int,
        old: int | None = None,
        spoiled: bool = False,
        key: Any = None,
        elsewhere: bool = False,
    ) -> Submission:
        leaves = self.histories[pick % len(self.histories)]
        leaves = leaves[: len(leaves) - size % 3] if size % 4 == 0 else leaves
        known_size = len(self.remembered or ())
        old_size = known_size if old is None else old % (len(leaves) + 3)
        origin = "c.example/log" if elsewhere else ORIGIN
        return Submission(leaves, old_size, key or self.keys[-1], spoiled, origin)

    def submit(self, submission: Submission) -> None:
        self.sent.append(submission)
        self.judge(submission, self.witness.add_checkpoint(submission.bytes()))

    def expected(self, submission: Submission) -> int:
        """C2SP tlog-witness, on lists."""
        remembered = self.remembered or ()
        leaves = submission.leaves
        if submission.origin != ORIGIN:
            return 404
        if submission.key not in self.keys:
            return 403
        if self.forked:
            return 403
        if not self.confirmed:
            return 503
        if submission.old_size > len(leaves):
            return 400
        if submission.old_size != len(remembered):
            return 409
        if len(leaves) == len(remembered) and leaves != remembered:
            return 409
        if submission.spoiled or leaves[: len(remembered)] != remembered:
            return 422
        return 200

    def judge(self, submission: Submission, answer: Answer) -> None:
        if answer.status == 200:
            self.left(submission.leaves, answer.note)
        assert answer.status == self.expected(submission), answer.reason
        if answer.status == 200:
            self.remembered = submission.leaves
            assert self.witness.state(ORIGIN).note == answer.note
        elif answer.status == 409:
            assert answer.body == b"%d\n" % len(self.remembered or ())

    def left(self, leaves: Leaves, note: str, *, anchored: bool = True) -> None:
        """A cosignature is in the world; it must go with all that ever were."""
        assert read_checkpoint(note).size == len(leaves)
        if note in self.anchored:
            return
        for earlier, _ in self.issued:
            assert leaves[: len(earlier)] == earlier, "two histories are cosigned, or an old size"
        self.issued.append((leaves, note))
        if anchored:
            self.anchored.append(note)

    def confirm(
        self, shown: list[str], anchors: list[str], *, first_contact: bool, when: str = ""
    ) -> None:
        evidence = {note: leaves for leaves, note in self.issued}
        seen = [evidence[note] for note in (*shown, *anchors) if note in evidence]
        largest = max(seen, key=len, default=None)
        mine = self.remembered
        fork = self.forked or any(mine and len(s) == len(mine) and s != mine for s in seen)
        proof: list[bytes] = []
        if largest is None:
            convinced = first_contact
        elif mine is None or len(largest) > len(mine):
            convinced, mine = True, largest
        else:
            proof = consistency_proof(len(largest), len(mine), reader_of(hashes(mine)))
            convinced = mine[: len(largest)] == largest
        self.store.die = when
        try:
            self.witness.confirm(ORIGIN, shown, anchors, proof=proof, first_contact=first_contact)
        except WitnessForked:
            assert fork
            self.forked, self.confirmed = True, False
        except WitnessUnconvinced:
            assert not fork
            assert not convinced
        except Died:
            if when == "after":
                self.remembered, self.forked = mine, fork
            self.reopen()
        else:
            assert not fork
            assert convinced
            self.confirmed = True
            self.remembered = mine
        self.store.die = ""
        assert self.witness.state(ORIGIN).size == len(self.remembered or ())


class FileMachine(WitnessMachine):
    """The same with the real file."""

    directories: ClassVar[Iterator[Path]]

    def make_place(self) -> FilePlace:
        return FilePlace(next(self.directories))
