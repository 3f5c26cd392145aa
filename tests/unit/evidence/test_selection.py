"""Which entries a bundle shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.evidence import ListRecord, conversation, payload_of

from detente.evidence import ExportRefused, Selection, ranges
from detente.evidence.selection import Chooser
from detente.record import Reference
from detente.record.entries import Entry


def chosen(record: ListRecord, selection: Selection) -> list[int]:
    chooser = Chooser(selection)
    for entry in record.stored:
        chooser.add(entry)
    return list(ranges.indices_in(chooser.items()))


def refer(entry: Entry, rel: str = "answer") -> tuple[Reference, ...]:
    payload = payload_of(entry)
    return (Reference(payload.id, rel, payload.sha256),)


def test_the_agreement_comes_with_every_selection() -> None:
    record = ListRecord()
    record.message("one")
    record.message("two")
    assert chosen(record, Selection(ranges=((2, 2),))) == [0, 2]


def test_receipts_and_acknowledgements_of_what_is_shown_come_along() -> None:
    record = ListRecord()
    one = record.message("one")
    other = record.message("other")
    receipt = record.receipt(one)
    record.receipt(other)
    answer = record.acknowledgement(one)
    assert chosen(record, Selection(ids=frozenset({str(payload_of(one).id)}))) == [
        0,
        one.index,
        receipt.index,
        answer.index,
    ]


def test_what_an_item_answers_comes_along_and_so_on() -> None:
    record = ListRecord()
    first = record.message("first")
    record.message("unrelated")
    second = record.message("second", "b", refs=refer(first))
    receipt = record.receipt(first)
    third = record.message("third", refs=refer(second))
    record.message("fourth", refs=refer(third))
    assert chosen(record, Selection(ranges=((third.index, third.index),))) == [
        0,
        first.index,
        second.index,
        receipt.index,
        third.index,
    ]


def test_erasures_come_with_every_selection() -> None:
    record = ListRecord()
    record.message("one")
    gone = record.message("gone")
    erasure = record.erase(gone.index)
    assert chosen(record, Selection(ranges=((1, 1),))) == [0, 1, erasure.index]
    assert gone.index in chosen(record, Selection(ranges=((gone.index, gone.index),)))
    # It has no channel any more, so a question for channels does not find it.
    assert gone.index not in chosen(record, Selection(channels=frozenset({"line"})))


def test_every_part_of_a_selection_has_to_be_met() -> None:
    record = ListRecord()
    said = conversation(record)
    middle = payload_of(said[2])
    whole = Selection(
        ranges=((0, len(record.stored) - 1),),
        ids=frozenset({str(middle.id)}),
        channels=frozenset({"line"}),
        kinds=frozenset({"message"}),
        since=middle.created,
        until=middle.created + timedelta(seconds=1),
    )
    assert said[2].index in chosen(record, whole)
    early = datetime(2020, 1, 1, tzinfo=UTC)
    for change in (
        {"ranges": ((0, said[2].index - 1),)},
        {"channels": frozenset({"other"})},
        {"kinds": frozenset({"receipt"})},
        {"since": middle.created + timedelta(microseconds=1)},
        {"until": middle.created},
        {"until": early},
    ):
        with pytest.raises(ExportRefused, match="Nothing in the record matches"):
            chosen(record, replace(whole, **change))


def test_an_unknown_id_is_told() -> None:
    record = ListRecord()
    with pytest.raises(ExportRefused, match="no such entry"):
        chosen(record, Selection(ids=frozenset({"01a20245-8440-7e14-9dd4-c63521bd6461"})))
