"""A witness that is killed between any two of its writes has signed nothing that it forgot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.witness_world import (
    LOG_KEYS,
    ORIGIN,
    WITNESS_KEY,
    Submission,
    clock,
    known,
    note_of,
)

from detente.record import Answer, Witness

BEFORE, AFTER, FORK = (1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 3, 6, 7)


def test_killed_before_every_write_it_never_forgets_a_signature(tmp_path: Path) -> None:
    with Witness.create(
        tmp_path / "base", WITNESS_KEY.name, clock=clock, signer=WITNESS_KEY
    ) as made:
        made.trust(known(LOG_KEYS[:1]))
        made.confirm(ORIGIN, [note_of(BEFORE)], first_contact=True)
        shown = made.add_checkpoint(Submission(BEFORE, 0).bytes()).note
    (tmp_path / "shown").write_text(shown)
    (tmp_path / "request").write_bytes(Submission(AFTER, 3).bytes())
    victim = [sys.executable, "-m", "tests.support.witness_victim", str(tmp_path)]
    done = subprocess.run(victim, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lives = int(done.stdout)
    assert lives >= 5, "SQLite does not write less than journal, syncs, pages and a deletion"
    sizes = [reopened(tmp_path, life, shown) for life in range(lives + 1)]
    # Some died before it was stored and some after, and never is it stored and then not.
    assert sizes == sorted(sizes)
    assert set(sizes) == {3, 5}
    assert (tmp_path / f"{lives}.answer").exists()


def reopened(directory: Path, life: int, shown: str) -> int:
    """What the witness remembers after it was killed; it must refuse what contradicts that."""
    answer = directory / f"{life}.answer"
    with Witness.open(directory / str(life), clock=clock) as witness:
        size = witness.state(ORIGIN).size
        witness.trust(known(LOG_KEYS[:1]))
        assert witness.add_checkpoint(Submission(AFTER, size).bytes()).status == 503
        notes = [shown]
        if answer.exists():
            assert Answer.parse(answer.read_bytes()).status == 200
            assert size == 5
        proof = Submission(AFTER, 3).request().proof
        witness.confirm(ORIGIN, notes, proof=proof)
        fork = witness.add_checkpoint(Submission(FORK, size).bytes())
        if size == 5:
            assert fork.status == 409
        else:
            assert fork.status == 200  # nobody has a signature on the other one
            assert witness.add_checkpoint(Submission(AFTER, 5).bytes()).status == 409
        return size
