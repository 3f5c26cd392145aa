"""What a witness answers, what it keeps, and what makes it begin to sign."""

from __future__ import annotations

import itertools
import stat
import threading
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.witness_world import (
    LOG_KEYS,
    ORIGIN,
    STRANGER,
    WITNESS_KEY,
    Leaves,
    MemoryWitnessStore,
    Submission,
    clock,
    known,
    note_of,
    opened,
)

from detente.record import (
    REQUEST_BYTES_MAX,
    AddCheckpoint,
    Answer,
    CosignatureVerifier,
    Cosigned,
    Ed25519Signer,
    NotNow,
    OtherSize,
    RecordBehind,
    Refused,
    Witness,
    WitnessFileUnusable,
    WitnessForked,
    WitnessInUse,
    WitnessRequestMalformed,
    WitnessState,
    WitnessUnconvinced,
    cosign,
    cosignatures_of,
    make_request,
    open_checkpoint,
    read_answer,
    take_answer,
)

SHORT, LONG, OTHER = (1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 9, 10, 11)
KEY = CosignatureVerifier.of(WITNESS_KEY)


@pytest.fixture
def witness() -> Witness:
    """One that has signed SHORT."""
    made = opened(MemoryWitnessStore({}))
    made.confirm(ORIGIN, [note_of(SHORT)], first_contact=True)
    assert made.add_checkpoint(Submission(SHORT, 0).bytes()).status == 200
    return made


def cosigned(leaves: Leaves) -> str:
    note = note_of(leaves)
    return note + cosign(note.split("\n\n")[0] + "\n", WITNESS_KEY, 1)


# --- requests ------------------------------------------------------------------------------------


@given(
    old=st.integers(0, 2**63 - 1),
    proof=st.lists(st.binary(min_size=32, max_size=32), max_size=63),
)
def test_a_request_survives_its_text(old: int, proof: list[bytes]) -> None:
    request = AddCheckpoint(old, tuple(proof), note_of(SHORT))
    assert AddCheckpoint.parse(request.format()) == request


@given(st.binary(max_size=300))
def test_whatever_comes_is_answered(data: bytes) -> None:
    assert opened(MemoryWitnessStore({})).add_checkpoint(data).status == 400


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_request_with_a_changed_byte_gets_no_other_tree_signed(at: int, byte: int) -> None:
    made = opened(MemoryWitnessStore({}))
    made.confirm(ORIGIN, [note_of(SHORT)], first_contact=True)
    data = bytearray(Submission(LONG, 0).bytes())
    data[at % len(data)] = byte
    answer = made.add_checkpoint(bytes(data))
    if answer.status == 200:
        assert open_checkpoint(answer.note, [LOG_KEYS[0].verifier]).size == len(LONG)


HASH = b"A" * 43 + b"="


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"old",
        b"old ",
        b"old -1",
        b"old 01",
        b"old 1 ",
        b"OLD 1",
        b" old 1",
        b"old 9223372036854775808",
        b"old \xd9\xa1",
        b"old 1\n" + b"A" * 43,
        b"old 1\n" + b"A" * 42 + b"B=",  # not the canonical spelling
        b"old 1\n" + HASH[:-4] + b"===",
        b"old 1\n" + HASH + b"\r",
        b"old 1\r",
        b"old 1" + (b"\n" + HASH) * 64,
        b"old 1\n" + HASH + b"\xff",
    ],
)
def test_a_head_in_any_other_form_is_malformed(witness: Witness, head: bytes) -> None:
    answer = witness.add_checkpoint(head + b"\n\n" + note_of(LONG).encode())
    assert answer.status == 400


def test_63_lines_of_proof_are_read_and_do_not_prove(witness: Witness) -> None:
    data = b"old 3" + (b"\n" + HASH) * 63 + b"\n\n" + note_of(LONG).encode()
    assert witness.add_checkpoint(data).status == 422


def test_a_large_request_is_not_looked_at(witness: Witness) -> None:
    with pytest.raises(WitnessRequestMalformed):
        AddCheckpoint.parse(b"x" * (REQUEST_BYTES_MAX + 1))


def test_extension_lines_are_not_vouched_for(witness: Witness) -> None:
    text = note_of(LONG).split("\n\n")[0] + "\nextension\n"
    line = f"— {ORIGIN} " + note_of(LONG).rstrip("\n").rpartition(" ")[2]
    request = AddCheckpoint(3, Submission(LONG, 3).request().proof, f"{text}\n{line}\n")
    assert witness.add_checkpoint(request.format()).status == 400


# --- decisions -----------------------------------------------------------------------------------


def test_a_log_that_has_grown_is_cosigned(witness: Witness) -> None:
    answer = witness.add_checkpoint(Submission(LONG, 3).bytes())
    assert answer.status == 200
    note = note_of(LONG) + answer.body.decode()
    assert note == answer.note
    (found,) = cosignatures_of(note, [KEY])
    assert (found.name, found.time_s) == (WITNESS_KEY.name, int(clock().timestamp()))


@pytest.mark.parametrize(
    ("submission", "status", "telling"),
    [
        (Submission(LONG, 3, origin="c.example/log"), 404, False),
        (Submission(LONG, 3, key=STRANGER), 403, False),
        (Submission(SHORT, 5), 400, False),
        (Submission(LONG, 0), 409, False),
        (Submission(LONG, 2), 409, False),
        (Submission(SHORT[:2], 2), 409, False),  # truncated
        (Submission((1, 2, 4), 3), 409, True),  # another root at this size
        (Submission(LONG, 3, spoiled=True), 422, True),
        (Submission(OTHER, 3), 422, True),  # rewritten
        (Submission(SHORT, 3, spoiled=True), 422, True),  # nothing to prove, and yet a proof
        (Submission(SHORT, 3), 200, False),
    ],
)
def test_the_status_says_what_is_wrong(
    witness: Witness, submission: Submission, status: int, telling: bool
) -> None:
    answer = witness.add_checkpoint(submission.bytes())
    assert (answer.status, answer.telling) == (status, telling)
    if status == 409:
        assert (answer.body, answer.content_type) == (b"3\n", "text/x.tlog.size")
    if status != 200:
        assert answer.reason
        assert witness.state(ORIGIN).size == 3


def test_the_first_request_tells_no_proof(witness: Witness) -> None:
    fresh = opened(MemoryWitnessStore({}))
    fresh.confirm(ORIGIN, [note_of(LONG)], first_contact=True)
    assert fresh.add_checkpoint(Submission(LONG, 0, spoiled=True).bytes()).status == 422
    assert fresh.add_checkpoint(Submission(LONG, 0).bytes()).status == 200


def test_only_signatures_that_count_are_kept_in_the_note(witness: Witness) -> None:
    request = Submission(LONG, 3).request()
    foreign = cosign("x\n", Ed25519Signer("d.example/w", bytes([3]) * 32), 1)
    answer = witness.add_checkpoint(replace(request, note=request.note + foreign).format())
    assert answer.status == 200
    assert "d.example" not in answer.note


def test_while_a_log_changes_its_key_both_will_do(witness: Witness) -> None:
    old, new = LOG_KEYS[:2]
    assert witness.add_checkpoint(Submission(LONG, 3, key=new).bytes()).status == 403
    witness.trust(known([old, new]))
    assert witness.add_checkpoint(Submission((*SHORT, 4), 3, key=old).bytes()).status == 200
    assert witness.add_checkpoint(Submission(LONG, 4, key=new).bytes()).status == 200
    witness.trust(known([new]))
    assert witness.add_checkpoint(Submission(LONG, 5, key=old).bytes()).status == 403
    assert witness.add_checkpoint(Submission((*LONG, 6), 5, key=new).bytes()).status == 200


def test_a_log_that_is_not_trusted_any_more_is_unknown(witness: Witness) -> None:
    witness.distrust(ORIGIN)
    assert witness.add_checkpoint(Submission(LONG, 3).bytes()).status == 404
    witness.trust(known(LOG_KEYS[:1]))
    assert witness.add_checkpoint(Submission(LONG, 3).bytes()).status == 503


# --- beginning to sign ---------------------------------------------------------------------------


def reopened(witness: Witness) -> Witness:
    return opened(witness._store)


def test_nothing_is_signed_and_nothing_leaves_before_confirmation(witness: Witness) -> None:
    again = reopened(witness)
    assert again.add_checkpoint(Submission(LONG, 3).bytes()).status == 503
    with pytest.raises(WitnessUnconvinced):
        again.last_signed(ORIGIN)
    again.confirm(ORIGIN, [witness.state(ORIGIN).note])
    assert again.last_signed(ORIGIN) == witness.state(ORIGIN).note
    assert again.add_checkpoint(Submission(LONG, 3).bytes()).status == 200


def test_the_state_moves_up_to_what_it_had_signed(witness: Witness) -> None:
    again = reopened(witness)
    assert again.confirm(ORIGIN, [note_of(LONG), cosigned(LONG)]).size == 5
    assert again.add_checkpoint(Submission((*SHORT, 6), 3).bytes()).status == 409
    assert reopened(again).state(ORIGIN).size == 5


def test_an_anchor_counts_whatever_the_owner_shows(witness: Witness) -> None:
    again = reopened(witness)
    assert again.confirm(ORIGIN, [cosigned(SHORT)], [cosigned(LONG)]).size == 5


def test_a_note_of_a_former_log_key_counts_for_our_signature(witness: Witness) -> None:
    again = reopened(witness)
    again.trust(known([LOG_KEYS[1]]))
    assert again.confirm(ORIGIN, [cosigned(LONG)]).size == 5


@pytest.mark.parametrize(
    "shown",
    [
        [],
        ["no note"],
        [note_of(LONG, STRANGER)],
        [note_of(LONG, LOG_KEYS[0], "c.example/log")],
        [cosigned(LONG), note_of(LONG, STRANGER)],
        [cosigned(LONG).replace("\n5\n", "\n6\n")],
        [note_of(LONG)],
        [note_of(SHORT)],
    ],
)
def test_other_things_do_not_convince(witness: Witness, shown: list[str]) -> None:
    again = reopened(witness)
    with pytest.raises(WitnessUnconvinced):
        again.confirm(ORIGIN, shown)
    assert again.add_checkpoint(Submission(LONG, 3).bytes()).status == 503
    assert again.state(ORIGIN).size == 3


def test_who_shows_less_than_is_remembered_proves_it(witness: Witness) -> None:
    witness.add_checkpoint(Submission(LONG, 3).bytes())  # and the answer is lost
    again = reopened(witness)
    shown = [cosigned(SHORT)]
    assert again.proof_wanted(ORIGIN, shown) == (3, 5)
    with pytest.raises(WitnessUnconvinced):
        again.confirm(ORIGIN, shown)
    assert again.confirm(ORIGIN, shown, proof=Submission(LONG, 3).request().proof).size == 5


def test_two_roots_under_our_own_key_end_it_for_good(witness: Witness) -> None:
    again = reopened(witness)
    with pytest.raises(WitnessForked) as caught:
        again.confirm(ORIGIN, [cosigned((1, 2, 4))])
    assert set(caught.value.evidence) == {witness.state(ORIGIN).note, cosigned((1, 2, 4))}
    assert again.add_checkpoint(Submission(LONG, 3).bytes()).status == 403
    later = reopened(again)
    with pytest.raises(WitnessForked):
        later.confirm(ORIGIN, [cosigned(SHORT)])
    assert later.add_checkpoint(Submission(LONG, 3).bytes()).status == 403
    with pytest.raises(WitnessUnconvinced):
        later.last_signed(ORIGIN)


def test_a_first_contact_needs_a_checkpoint_and_somebody_who_vouches() -> None:
    fresh = opened(MemoryWitnessStore({}))
    with pytest.raises(WitnessUnconvinced):
        fresh.confirm(ORIGIN, [note_of(SHORT)])
    with pytest.raises(WitnessUnconvinced):
        fresh.confirm(ORIGIN, [], first_contact=True)
    with pytest.raises(WitnessUnconvinced):
        fresh.confirm("c.example/log", [note_of(SHORT)], first_contact=True)
    assert fresh.confirm(ORIGIN, [note_of(SHORT)], first_contact=True) == WitnessState(ORIGIN)


def test_what_remains_at_risk_is_what_the_documents_say() -> None:
    """Witness and record rolled back, and an owner who hides: it works, and convicts the owner."""
    states: dict[str, WitnessState] = {}
    first = opened(MemoryWitnessStore(states))
    first.confirm(ORIGIN, [note_of(SHORT)], first_contact=True)
    signed = first.add_checkpoint(Submission(SHORT, 0).bytes()).note
    rolled_back = opened(MemoryWitnessStore({}))
    rolled_back.confirm(ORIGIN, [note_of((7, 8, 9))], first_contact=True)
    second = rolled_back.add_checkpoint(Submission((7, 8, 9), 0).bytes()).note
    one, other = (open_checkpoint(n, [LOG_KEYS[0].verifier]) for n in (signed, second))
    assert one.size == other.size
    assert one.root != other.root
    with pytest.raises(WitnessForked):
        opened(MemoryWitnessStore({})).confirm(ORIGIN, [second], [signed])


# --- the file ------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "witness"
    Witness.create(path, WITNESS_KEY.name, clock=clock, signer=WITNESS_KEY).close()
    return path


def test_only_its_owner_can_read_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(WitnessFileUnusable, match="0640"):
        Witness.open(path, clock=clock)


def test_it_is_all_in_one_file(path: Path) -> None:
    with Witness.open(path, clock=clock) as witness:
        witness.trust(known(LOG_KEYS[:1]))
        witness.confirm(ORIGIN, [note_of(SHORT)], first_contact=True)
        assert witness.add_checkpoint(Submission(SHORT, 0).bytes()).status == 200
        names = {found.name for found in path.parent.iterdir()}
        assert names <= {path.name, path.name + ".lock"}
    with Witness.open(path, clock=clock) as again:
        assert (again.state(ORIGIN).size, again.verifier) == (3, KEY)


def test_nothing_is_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(WitnessFileUnusable, match="already"):
        Witness.create(path, "b.example/other", clock=clock)
    assert path.read_bytes() == before
    assert sorted(found.name for found in path.parent.iterdir()) == ["witness", "witness.lock"]


def test_it_has_one_user_at_a_time(path: Path) -> None:
    with Witness.open(path, clock=clock):
        for _ in range(2):
            with pytest.raises(WitnessInUse):
                Witness.open(path, clock=clock)
    Witness.open(path, clock=clock).close()


def test_a_new_key_inherits_what_the_old_one_remembers(tmp_path: Path) -> None:
    state = WitnessState(ORIGIN, 3, bytes(32), "note")
    with Witness.create(tmp_path / "new", "b.example/w2", clock=clock, inherit=[state]) as made:
        assert made.state(ORIGIN) == state
        assert made.verifier.name == "b.example/w2"


SUCCESSOR = Ed25519Signer(WITNESS_KEY.name, bytes([8]) * 32)


def successor(witness: Witness, *, inherits: bool = True) -> Witness:
    """One that has replaced `witness`, which has signed SHORT; just opened."""
    store = MemoryWitnessStore({ORIGIN: witness.state(ORIGIN)} if inherits else {})
    store.signer = SUCCESSOR
    made = opened(store)
    made.succeed([KEY, CosignatureVerifier.of(SUCCESSOR)])
    return made


def test_what_its_predecessor_signed_confirms_a_successor(witness: Witness) -> None:
    new = successor(witness)
    assert new.predecessors == (KEY,)
    assert new.confirm(ORIGIN, [cosigned(SHORT)]).size == 3
    assert new.add_checkpoint(Submission(LONG, 3).bytes()).status == 200
    # Whoever has lost an answer proves that less is a beginning of it.
    new = successor(witness)
    with pytest.raises(WitnessUnconvinced):
        new.confirm(ORIGIN, [cosigned(SHORT[:2])])
    shown = [cosigned(SHORT[:2])]
    assert new.proof_wanted(ORIGIN, shown) == (2, 3)
    proof = Submission(SHORT, 2).request().proof
    assert new.confirm(ORIGIN, shown, proof=proof).size == 3


@pytest.mark.parametrize("leaves", [LONG, OTHER, OTHER[:3]])
def test_the_old_key_in_other_hands_moves_nothing(witness: Witness, leaves: Leaves) -> None:
    new = successor(witness)
    for first_contact in (False, True):
        with pytest.raises(WitnessUnconvinced, match="before this one"):
            new.confirm(ORIGIN, [cosigned(SHORT), cosigned(leaves)], first_contact=first_contact)
    assert new.state(ORIGIN) == witness.state(ORIGIN)
    assert new.add_checkpoint(Submission(LONG, 3).bytes()).status == 503
    # Our own record is another matter: the old witness was set back before it was replaced.
    if leaves == LONG:
        assert new.confirm(ORIGIN, [cosigned(LONG)], [cosigned(LONG)]).size == 5


def test_a_successor_without_memory_is_not_confirmed_by_the_old_key(witness: Witness) -> None:
    new = successor(witness, inherits=False)
    with pytest.raises(WitnessUnconvinced, match="No checkpoint with this witness's"):
        new.confirm(ORIGIN, [cosigned(SHORT)])
    assert new.confirm(ORIGIN, [cosigned(SHORT)], [cosigned(SHORT)]).size == 3


def test_a_key_that_nothing_names_is_no_predecessor(witness: Witness) -> None:
    new = successor(witness)
    new.succeed([])
    with pytest.raises(WitnessUnconvinced, match="No checkpoint with this witness's"):
        new.confirm(ORIGIN, [cosigned(SHORT)])


def test_a_new_key_of_the_log_is_told_from_a_stranger(witness: Witness) -> None:
    again = reopened(witness)
    with pytest.raises(WitnessUnconvinced) as raised:
        again.confirm(ORIGIN, [note_of(LONG, LOG_KEYS[1])])
    assert "detente record import" in (raised.value.advice or "")
    answer = witness.add_checkpoint(Submission(LONG, 3, LOG_KEYS[1]).bytes())
    assert (answer.status, "does not know yet" in answer.reason) == (403, True)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(bytes(data))


def other_program(path: Path) -> None:
    path.unlink()
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE t (x)")
    db.close()
    path.chmod(0o600)


def newer(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.pragma("user_version", 9)
    db.close()


def without_key(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute("DELETE FROM witness")
    db.close()


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


@pytest.mark.parametrize(
    "ruin",
    [
        Path.unlink,
        damage,
        other_program,
        newer,
        without_key,
        directory,
        lambda path: path.write_bytes(b"x" * 4096),
        lambda path: path.write_bytes(b""),
    ],
)
def test_a_file_that_is_no_witness_is_refused(path: Path, ruin: object) -> None:
    assert callable(ruin)
    ruin(path)
    with pytest.raises(WitnessFileUnusable):
        Witness.open(path, clock=clock)


def test_of_many_threads_with_different_histories_one_is_signed(path: Path) -> None:
    with Witness.open(path, clock=clock) as witness:
        witness.trust(known(LOG_KEYS[:1]))
        witness.confirm(ORIGIN, [note_of(())], first_contact=True)
        requests = [Submission((number, 1, 2), 0).bytes() for number in range(8)]
        answers: list[Answer] = []
        start = threading.Barrier(len(requests))

        def run(data: bytes) -> None:
            start.wait()
            answers.append(witness.add_checkpoint(data))

        threads = [threading.Thread(target=run, args=(data,)) for data in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status for answer in answers) == [200] + [409] * 7


# --- the log's side ------------------------------------------------------------------------------


class Noted:
    def __init__(self, note: str) -> None:
        self.note = note


class Record:
    """A record of which only the tree matters."""

    def __init__(self, leaves: Leaves) -> None:
        self.leaves = leaves
        self.kept: list[tuple[int, str]] = []

    async def checkpoint(self) -> Noted:
        return Noted(note_of(self.leaves))

    def consistency(self, old: int, new: int) -> list[bytes]:
        return list(Submission(self.leaves[:new], old).request().proof)

    async def add_cosignatures(self, size: int, lines: object) -> None:
        assert isinstance(lines, tuple)
        self.kept += [(size, line) for line in lines]


@pytest.mark.anyio
async def test_by_files_a_record_and_a_witness_come_together(witness: Witness) -> None:
    record = Record(LONG)
    request = await make_request(record, 0)
    answer = Answer.parse(witness.add_checkpoint(request.format()).format())
    assert await take_answer(record, request, answer, [KEY]) == OtherSize(3)
    request = await make_request(record, 3)
    answer = Answer.parse(witness.add_checkpoint(request.format()).format())
    taken = await take_answer(record, request, answer, [KEY])
    assert isinstance(taken, Cosigned)
    assert taken.note == witness.last_signed(ORIGIN)
    assert record.kept == [(5, taken.lines[0])]


@pytest.mark.anyio
async def test_a_record_that_was_rolled_back_notices() -> None:
    with pytest.raises(RecordBehind):
        await make_request(Record(SHORT), 4)


def lines_of(leaves: Leaves, key: Ed25519Signer = WITNESS_KEY) -> bytes:
    return cosign(note_of(leaves).split("\n\n")[0] + "\n", key, 1).encode()


OTHER_WITNESS = Ed25519Signer("d.example/w", bytes([3]) * 32)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"no line\n",
        lines_of(SHORT),  # on another checkpoint
        lines_of(LONG, OTHER_WITNESS),  # by a key that is not known
        lines_of(LONG)[:-1],
        lines_of(LONG) + lines_of(SHORT),
    ],
)
def test_a_cosignature_that_does_not_hold_is_not_taken(body: bytes) -> None:
    request = Submission(LONG, 3).request()
    with pytest.raises(WitnessRequestMalformed):
        read_answer(Answer(200, body), request, [KEY])


def test_lines_of_strangers_are_left_out() -> None:
    request = Submission(LONG, 3).request()
    body = lines_of(LONG, OTHER_WITNESS) + lines_of(LONG)
    taken = read_answer(Answer(200, body), request, [KEY])
    assert isinstance(taken, Cosigned)
    assert taken.lines == (lines_of(LONG).decode(),)
    assert "d.example" not in taken.note


def test_being_cosigned_again_is_no_failure() -> None:
    request = replace(Submission(LONG, 3).request(), note=cosigned(LONG))
    taken = read_answer(Answer(200, lines_of(LONG)), request, [KEY])
    assert isinstance(taken, Cosigned)
    assert taken.note == cosigned(LONG)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, b"4\n", OtherSize(4)),
        (409, b"0\n", OtherSize(0)),
        (409, b"3\n", Refused),  # the size that we sent: so the root is another
        (409, b"04\n", Refused),
        (409, b"", Refused),
        (422, b"no\n", Refused(422, "no")),
        (403, b"a\nb", Refused(403, "a b")),
        (404, b"", Refused(404, "")),
        (400, b"x" * 9999, Refused(400, "x" * 500)),
        (429, b"later", NotNow(429, "later")),
        (503, b"", NotNow(503, "")),
        (500, b"\xff", NotNow(500, "\ufffd")),
    ],
)
def test_a_refusal_is_told_from_a_delay(status: int, body: bytes, expected: object) -> None:
    found = read_answer(Answer(status, body), Submission(LONG, 3).request(), [KEY])
    if isinstance(expected, type):
        assert isinstance(found, expected)
    else:
        assert found == expected


@pytest.mark.parametrize("status", [100, 201, 204, 302])
def test_an_answer_that_no_witness_gives_is_none(status: int) -> None:
    with pytest.raises(WitnessRequestMalformed):
        read_answer(Answer(status, b""), Submission(LONG, 3).request(), [KEY])


@pytest.mark.parametrize(
    "data", [b"", b"200", b"200 \n\n", b"20 a\n\nx", b"200 a\nx", b"\xff a\n\n"]
)
def test_an_answer_file_in_any_other_form_is_malformed(data: bytes) -> None:
    with pytest.raises(WitnessRequestMalformed):
        Answer.parse(data)


def test_every_size_of_a_growing_log_can_be_cosigned() -> None:
    witness = opened(MemoryWitnessStore({}))
    witness.confirm(ORIGIN, [note_of(())], first_contact=True)
    for old, new in itertools.pairwise([0, 0, 1, 2, 3, 7, 8, 9, 64, 65, 255, 256, 257, 300]):
        answer = witness.add_checkpoint(Submission(tuple(range(new)), old).bytes())
        assert answer.status == 200, (old, new, answer.reason)
