"""Gaps that the owner of a record states, and the erasures that justify them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.exact import found
from tests.support.forge import (
    A_LOG,
    A_NODE,
    AGREEMENT,
    B_NODE,
    B_OFFICER,
    Forge,
    Key,
    b64,
    pae,
    type_of,
)

from detente.verify.agreement import read_agreement
from detente.verify.chains import check_chains
from detente.verify.errors import Findings
from detente.verify.gaps import Gap, read_gaps
from detente.verify.payload import Item
from detente.verify.ring import KeyRing

CHAIN = "ab" * 32
GONE: dict[str, Any] = {"from": "b", "channel": "c", "seq": 2, "chain": CHAIN}


def erasure(
    key: Key = B_NODE, kind: str = "erasure", gone: Any = GONE, **payload: Any
) -> dict[str, Any]:
    """The author's own envelope, as it stands in a gap's body."""
    made = Forge().add(
        kind, {"envelope": gone}, key=key, sender="b", change=lambda value: value | payload
    )
    document: dict[str, Any] = json.loads(made.envelope)
    return document


def gap(position: int = 5, **members: Any) -> Item:
    body = GONE | {"erasure": erasure()} | members.pop("body", {})
    base: dict[str, Any] = {
        "position": position,
        "kind": "gap",
        "agreement": AGREEMENT,
        "sender": "a",
        "author": A_NODE.name,
        "channel": "gaps",
        "created": "",
        "status": "actual",
        "seq": 1,
        "prev": "",
        "id": "",
        "to": (),
        "payload_sha256": "",
        "chain": "",
        "key": A_NODE.raw,
        "blobs": (),
        "refs": (),
        "body": body,
    }
    return Item(**base | members)


def read(*items: Item, until: int | None = None) -> tuple[dict[int, Gap], Any]:
    forge, findings = Forge(), Findings()
    ring = KeyRing(read_agreement(forge.agreement, "w"))
    for slot in ring.slots("b", "signing"):
        slot.until = until
    return read_gaps(items, "a", ring, findings), found(findings)


STATED = Gap("b", "c", 2, CHAIN)


def test_a_gap_that_its_author_s_erasure_justifies() -> None:
    assert read(gap()) == ({5: STATED}, [])
    assert read(gap(body={"erasure": erasure(B_OFFICER)})) == ({5: STATED}, [])
    assert read(gap(5), gap(6)) == ({5: STATED, 6: STATED}, [])
    assert read(gap(), until=5) == ({5: STATED}, [])


def test_gaps_of_others_and_other_kinds_are_not_looked_at() -> None:
    assert read(gap(sender="b"), gap(kind="message")) == ({}, [])


def signed_twice() -> dict[str, Any]:
    one = erasure()
    return one | {"signatures": one["signatures"] * 2}


def renamed() -> dict[str, Any]:
    one = erasure()
    return one | {"signatures": [one["signatures"][0] | {"keyid": B_OFFICER.name}]}


UNSTATED = "erasure.unstated"
AUTHOR = "not signed by the author of what is gone"
NOT_SAID = "it does not say which envelope is gone"
OTHER = "the erasure is of another envelope"


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({"x": 1}, "payload.malformed", "body of a gap"),
        ({"erasure": 1}, UNSTATED, "not an envelope"),
        ({"erasure": signed_twice()}, UNSTATED, "not an erasure"),
        ({"erasure": erasure(kind="message")}, UNSTATED, "not an erasure"),
        ({"erasure": erasure(agreement="x")}, UNSTATED, AUTHOR),
        ({"erasure": erasure(Key(B_NODE.name, "x"))}, UNSTATED, AUTHOR),
        ({"erasure": erasure(A_NODE)}, UNSTATED, AUTHOR),
        ({"erasure": erasure(A_LOG)}, UNSTATED, AUTHOR),
        ({"erasure": renamed()}, UNSTATED, AUTHOR),
        ({"erasure": erasure(salt="x")}, "payload.malformed", "salt"),
        ({"erasure": erasure(gone=1)}, UNSTATED, NOT_SAID),
        ({"erasure": erasure(gone=GONE | {"x": 1})}, UNSTATED, NOT_SAID),
        ({"from": 1}, UNSTATED, NOT_SAID),
        ({"channel": 1}, UNSTATED, NOT_SAID),
        ({"seq": True}, UNSTATED, NOT_SAID),
        ({"chain": 1}, UNSTATED, NOT_SAID),
        ({"erasure": erasure(gone=GONE | {"chain": 1})}, UNSTATED, OTHER),
        ({"from": "a"}, UNSTATED, OTHER),
        ({"channel": "d"}, UNSTATED, OTHER),
        ({"seq": 3}, UNSTATED, OTHER),
        ({"chain": "cd" * 32}, UNSTATED, OTHER),
        (
            {"from": "a", "erasure": erasure(gone=GONE | {"from": "a"})},
            UNSTATED,
            OTHER,
        ),
    ],
)
def test_no_gaps(body: dict[str, Any], code: str, detail: str) -> None:
    assert read(gap(body=body), gap(6)) == ({6: STATED}, [(code, "entry 5", detail)])


def test_a_key_that_was_in_force() -> None:
    assert read(gap(), until=4) == ({}, [(UNSTATED, "entry 5", AUTHOR)])


def test_erasures_are_signed_over_their_type() -> None:
    payload = Forge().add("erasure", {"envelope": GONE}, key=B_NODE, sender="b").payload
    wrong = B_NODE.sign(pae(type_of("message"), payload))
    document = erasure()
    document["signatures"][0]["sig"] = b64(wrong)
    assert read(gap(body={"erasure": document}))[1] == [(UNSTATED, "entry 5", AUTHOR)]


# In chains


def chained(stated: Gap, *, full: bool = True, after: str = CHAIN) -> list[tuple[str, str, str]]:
    """Numbers 1 and 3 of B's channel c, and what entry 5 of A states between them."""
    first = gap(0, kind="message", sender="b", channel="c", chain="first")
    third = gap(9, kind="message", sender="b", channel="c", seq=3, prev=after)
    other = gap(9, kind="message", sender="b", channel="d")
    findings = Findings()
    check_chains([first, gap(), third, other], full, {}, findings, {5: stated})
    return found(findings)


def test_a_gap_stands_for_its_number() -> None:
    assert chained(STATED) == []
    assert chained(STATED, full=False) == []
    assert chained(STATED, after="x") == [
        ("chain.prev", "entry 9", "it names another envelope before it")
    ]


def test_a_gap_at_another_number_is_none() -> None:
    for seq in (0, 1, 3):
        errors = chained(STATED._replace(seq=seq))
        assert errors[0] == ("chain.gap", "entry 5", f"a gap at number {seq} after 1")
    for seq in (0, 1):
        errors = chained(STATED._replace(seq=seq), full=False)
        assert errors[0] == ("chain.gap", "entry 5", f"a gap at number {seq} after 1")
    beyond = chained(STATED._replace(seq=4), full=False)
    assert beyond == [("chain.gap", "entry 9", "number 3 comes after 4")]


def test_a_gap_at_the_beginning_of_a_channel() -> None:
    findings = Findings()
    first = Gap("b", "new", 1, CHAIN)
    second = gap(9, kind="message", sender="b", channel="new", seq=2, prev=CHAIN)
    check_chains([gap(), second], True, {}, findings, {5: first})
    assert found(findings) == []
    check_chains([gap(), second], True, {}, findings, {5: first._replace(seq=2)})
    assert found(findings)[0] == ("chain.gap", "entry 5", "a gap at number 2 after 0")
