"""The rules by which runs of chaos are judged: they hold for what is true, and find what is not."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.chaos_rules import (
    Disturbance,
    Head,
    OutageRules,
    Sample,
    judge_logs,
    judge_outages,
    judge_samples,
)
from tests.support.line_messages import CIRCLE
from tests.support.node_history import (
    TOKEN,
    Complaint,
    Cosigned,
    History,
    Promise,
    Said,
    judge_alone,
    judge_promises,
    judge_together,
    tree_roots,
)

from detente.record import format_time, root_of

START = datetime(2027, 1, 1, 6, tzinfo=UTC)
HOLDERS = {("a", "durand.a"): "durand", ("b", "nowak.b"): "nowak"}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class Talk:
    """Writes two records as they would be if everything went well."""

    entries: dict[str, list[Said]] = field(default_factory=lambda: {"a": [], "b": []})

    def say(
        self,
        sender: str,
        kind: str,
        when: float,
        body: dict[str, Any] | None = None,
        *,
        by: str | None = None,
        to: str = "",
        refs: Sequence[tuple[str, str]] = (),
    ) -> str:
        channel = f"receipts/{to}" if kind == "receipt" else f"line/{to}" if to else "own"
        ours = self.entries[sender]
        before = [e for e in ours if (e.sender, e.channel) == (sender, channel)]
        identity = f"{kind}-{sender}-{len(ours)}"
        said = Said(
            number=len(ours),
            id=identity,
            kind=kind,
            sender=sender,
            author=by or f"node.{sender}",
            channel=channel,
            seq=len(before) + 1,
            prev=before[-1].chain if before else None,
            chain=f"chain of {identity}",
            created=at(when),
            to=(to,) if to else (),
            refs=tuple(refs),
            body=body or {},
            sha256=f"hash of {identity}",
        )
        ours.append(said)
        if to:
            self.entries[to].append(replace(said, number=len(self.entries[to])))
            if kind != "receipt":
                self.say(to, "receipt", when + 0.1, to=sender, refs=[("receipt", identity)])
        return identity

    def histories(self) -> dict[str, History]:
        found = {}
        for party, entries in self.entries.items():
            roots = tuple(tree_roots([entry.chain.encode() for entry in entries]))
            found[party] = History(
                party,
                f"log of {party}",
                tuple(entries),
                roots,
                (Cosigned(2, roots[2], ("w",)),),
                (),
                HOLDERS,
            )
        return found


def talked() -> Talk:
    """A message of A from being sent to being answered; an outage that both state."""
    talk = Talk()
    fields = {"area": CIRCLE, "advice": {"language": "en", "text": f"{TOKEN}1 x"}}
    said = talk.say("a", "message", 0, {"fields": fields}, by="durand.a", to="b")
    talk.say("b", "shown", 1, {"of": said, "officer": "nowak"}, to="a")
    talk.say("b", "read-back", 2, {"of": said}, by="nowak.b", to="a")
    sha256 = f"hash of {said}"
    good = {"of": said, "payload_sha256": sha256}
    talk.say("b", "acknowledgement", 3, good, by="nowak.b", to="a")
    talk.say("b", "message", 4, {}, by="nowak.b", to="a", refs=[("answers", said)])
    for party, other in (("a", "b"), ("b", "a")):
        body = {"peer": other, "from": format_time(at(9.5)), "until": format_time(at(20.5))}
        talk.say(party, "outage", 21, body, to=other)
    first = talk.histories()["b"].roots[2]
    note = f"log of b\n2\n{base64.b64encode(bytes.fromhex(first)).decode()}\n"
    talk.say("a", "anchor", 22, {"checkpoint": note})
    return talk


MESSAGE = "message-a-0"
ANSWER = next(e.id for e in talked().entries["b"] if e.kind == "message" and e.sender == "b")
SAMPLES = [
    Sample("a", at(0.05), MESSAGE, "b", "queued"),
    Sample("a", at(0.2), MESSAGE, "b", "delivered"),
    Sample("b", at(1.1), MESSAGE, "b", "shown", ("nowak",)),
    Sample("a", at(3.1), MESSAGE, "b", "acknowledged", ("nowak",), "nowak"),
    Sample("a", at(4.1), MESSAGE, "b", "answered", ("nowak",), "nowak", (ANSWER,)),
]
PROMISES = [
    Promise("a", "message", MESSAGE, "durand", at(0.1)),
    Promise("b", "shown", MESSAGE, "nowak", at(1.1)),
    Promise("b", "acknowledgement", MESSAGE, "nowak", at(3.1)),
]
DARK = Disturbance("cut", at(10), at(20), True)


def judged(
    histories: dict[str, History],
    samples: Sequence[Sample] = SAMPLES,
    disturbances: Sequence[Disturbance] = (DARK,),
    heads: Sequence[Head] = (),
) -> list[Complaint]:
    return [
        *judge_alone(histories["a"]),
        *judge_alone(histories["b"]),
        *judge_together(histories["a"], histories["b"], settled=True),
        *judge_promises(PROMISES, histories, settled=True),
        *judge_samples(samples, histories),
        *judge_logs(heads, histories),
        *judge_outages(disturbances, histories, OutageRules()),
    ]


def rules(complaints: Iterable[Complaint]) -> set[str]:
    return {complaint.rule for complaint in complaints}


def without(history: History, drop: Callable[[Said], bool]) -> History:
    """What is left, as if it had never been written: numbered anew, in order."""
    kept = [entry for entry in history.entries if not drop(entry)]
    return replace(history, entries=renumbered(kept))


def renumbered(entries: Sequence[Said]) -> tuple[Said, ...]:
    ends: dict[tuple[str, str], Said] = {}
    found = []
    for number, entry in enumerate(entries):
        place = entry.sender, entry.channel
        before = ends.get(place)
        said = replace(
            entry,
            number=number,
            seq=1 if before is None else before.seq + 1,
            prev=None if before is None else before.chain,
        )
        ends[place] = said
        found.append(said)
    return tuple(found)


def test_what_is_true_is_not_complained_about() -> None:
    assert judged(talked().histories()) == []


def test_a_root_is_that_of_the_record() -> None:
    leaves = [bytes([number]) for number in range(20)]
    for size, root in enumerate(tree_roots(leaves)):
        hashes = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves[:size]]
        assert root == root_of(hashes).hex()


@pytest.mark.parametrize(
    ("kind", "party", "expected"),
    [
        ("message", "b", {"not lost", "promises"}),
        ("message", "a", {"not invented", "promises"}),
        ("acknowledgement", "b", {"not invented", "promises", "never ahead"}),
        ("acknowledgement", "a", {"not lost", "promises"}),
        ("shown", "b", {"not invented", "promises", "never ahead"}),
        ("receipt", "b", {"not invented", "receipts", "never ahead"}),
        ("receipt", "a", {"not lost", "receipts"}),
        ("outage", "a", {"outages"}),
        ("outage", "b", {"outages"}),
        ("read-back", "b", {"never ahead"}),
    ],
)
def test_whatever_one_record_lost_is_missed(kind: str, party: str, expected: set[str]) -> None:
    histories = talked().histories()
    histories[party] = without(histories[party], lambda entry: entry.kind == kind)
    assert expected <= rules(judged(histories))


@pytest.mark.parametrize("party", ["a", "b"])
@pytest.mark.parametrize("kind", ["message", "acknowledgement", "shown"])
def test_what_stands_twice_is_found(kind: str, party: str) -> None:
    histories = talked().histories()
    history = histories[party]
    entry = next(history.of(kind))
    again = replace(entry, number=len(history.entries))
    same = replace(history, entries=(*history.entries, again))
    assert {"once", "order"} <= rules(judge_alone(same))
    # The same thing said a second time, as an entry of its own that is in order.
    fresh = replace(entry, id="another", chain="another", sha256="another")
    anew = replace(history, entries=renumbered([*history.entries, fresh]))
    assert "once" in rules(judge_alone(anew))


def test_order_is_that_of_the_channel() -> None:
    history = talked().histories()["a"]
    entries = list(history.entries)
    places = [n for n, e in enumerate(entries) if (e.sender, e.channel) == ("b", "line/a")][:2]
    one, other = places
    entries[one], entries[other] = entries[other], entries[one]
    assert "order" in rules(judge_alone(replace(history, entries=tuple(entries))))
    cut = without(history, lambda entry: entry.kind == "shown")
    gap = replace(cut, entries=tuple(e for e in history.entries if e.kind != "shown"))
    assert "order" in rules(judge_alone(gap))
    forked = [replace(e, prev="another") if e.number == other else e for e in history.entries]
    assert "order" in rules(judge_alone(replace(history, entries=tuple(forked))))


def test_the_same_entry_has_the_same_bytes() -> None:
    histories = talked().histories()
    changed = [replace(e, sha256="x") if e.kind == "shown" else e for e in histories["a"].entries]
    histories["a"] = replace(histories["a"], entries=tuple(changed))
    assert "same" in rules(judged(histories))


@pytest.mark.parametrize(
    "ahead",
    [
        Sample("a", at(0.05), MESSAGE, "b", "delivered"),
        Sample("a", at(0.9), MESSAGE, "b", "shown", ("nowak",)),
        Sample("a", at(1.5), MESSAGE, "b", "shown", ("lind",)),
        Sample("a", at(1.5), MESSAGE, "b", "shown"),
        Sample("b", at(2.5), MESSAGE, "b", "acknowledged", ("nowak",), "nowak"),
        Sample("a", at(3.5), MESSAGE, "b", "acknowledged", ("nowak",), "lind"),
        Sample("a", at(3.5), MESSAGE, "b", "acknowledged", ("nowak",)),
        Sample("a", at(3.5), MESSAGE, "b", "answered", ("nowak",), "nowak", (ANSWER,)),
        Sample("a", at(5), "message-a-99", "b", "delivered"),
        Sample("b", at(5), "message-a-99", "b", "queued"),
    ],
)
def test_a_state_ahead_of_the_truth_is_found(ahead: Sample) -> None:
    assert rules(judged(talked().histories(), [ahead])) == {"never ahead"}


def test_a_state_is_never_taken_back() -> None:
    histories = talked().histories()
    back = [SAMPLES[3], replace(SAMPLES[1], at=at(6))]
    assert rules(judged(histories, back)) == {"never back"}


def test_outages_are_told_by_both_and_only_if_there_were_any() -> None:
    histories = talked().histories()
    later = [DARK, Disturbance("frozen", at(40), at(46), True)]
    assert rules(judged(histories, disturbances=later)) == {"outages"}
    assert judged(histories, disturbances=[DARK, Disturbance("cut", at(40), at(42), True)]) == []
    assert judged(histories, disturbances=[DARK, Disturbance("slow", at(40), at(60), False)]) == []
    assert rules(judged(histories, disturbances=[])) == {"outages"}
    own = [
        replace(e, body={**e.body, "own": True}) if e.kind == "outage" else e
        for e in histories["a"].entries
    ]
    blames_itself = {**histories, "a": replace(histories["a"], entries=tuple(own))}
    (left,) = judged(blames_itself, disturbances=[])
    assert left.what.startswith("b states")
    # Twenty seconds of darkness, of which eleven were told.
    longer = [Disturbance("cut", at(10), at(30), True)]
    assert rules(judged(histories, disturbances=longer)) == {"outages"}
    # Killed before it could notice, and back in time to see the rest.
    early = [
        Disturbance("cut", at(6), at(20), True),
        *(Disturbance("killed", at(8.5), at(9), True, ended) for ended in ("a", "b")),
    ]
    assert judged(histories, disturbances=early) == []
    assert rules(judged(histories, disturbances=early[:2])) == {"outages"}


def test_a_log_has_one_root_at_each_size_and_only_grows() -> None:
    histories = talked().histories()
    roots = histories["a"].roots
    good = Head("a", at(1), 3, roots[3], 2)
    assert judged(histories, heads=[good]) == []
    assert rules(judged(histories, heads=[replace(good, root=roots[2])])) == {"one root"}
    assert rules(judged(histories, heads=[replace(good, size=len(roots))])) == {"one root"}
    smaller = replace(good, size=2, root=roots[2])
    assert rules(judged(histories, heads=[good, smaller])) == {"grows"}
    assert rules(judged(histories, heads=[replace(good, cosigned=3)])) == {"grows"}
    forked = replace(histories["b"], roots=tuple(reversed(histories["b"].roots)))
    assert rules(judged({**histories, "b": forked})) == {"one root"}
    faulty = replace(histories["b"], faults=("entry 3: its hash is wrong",))
    assert rules(judged({**histories, "b": faulty})) == {"verifies"}
