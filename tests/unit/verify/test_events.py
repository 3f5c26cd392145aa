"""What the report tells of keys, erasures, refusals and clocks, and how far cosignatures reach."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.forge import A_LOG, A_NODE, A_OFFICER, B_NODE, B_WITNESS, ORIGIN, Forge, Key
from tests.support.forge_events import (
    EVENTS,
    NEW_B_WITNESS,
    eventful,
    every_key_changed,
    partly_cosigned,
    passed_over,
    revoke,
)

from detente.verify import Report
from detente.verify.statements import EVENTS_SHOWN

from .conftest import Check


def english(report: Report) -> list[str]:
    return [sentence.en for sentence in report.statements]


def test_every_key_may_change_and_the_report_tells_each_change(check: Check) -> None:
    report = check(every_key_changed().build())
    assert report.findings == ()
    assert report.grade == "bilateral"
    told = [text for text in english(report) if "replaced" in text]
    assert [text.partition(". From")[0] for text in told] == [
        "Entry 2: Party A replaced an officer's key",
        "Entry 4: Party A replaced the key of its record",
        "Entry 5: Party A replaced the key of its witness",
        "Entry 6: Party A replaced a key of its node",
        "Entry 7: Party B replaced the key of its record",
        "Entry 8: Party B replaced the key of its witness",
        "Entry 9: Party B replaced an officer's key",
        "Entry 10: Party B replaced a key of its node",
    ]
    assert f"it is b.example/witness-2+{NEW_B_WITNESS.id.hex()}." in told[5]
    revoked = [text for text in english(report) if "invalid" in text]
    assert len(revoked) == 5
    assert f"+{A_LOG.id.hex()} invalid after entry 4 of the record {ORIGIN}." in revoked[1]
    assert revoked[1].endswith("The reason it gives: lost")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"log_key": A_LOG}, "checkpoint.signature"),
        ({"cosigners": [B_WITNESS]}, "grade.lower"),
        ({"cosigners": [NEW_B_WITNESS, B_WITNESS]}, ""),
    ],
)
def test_old_keys_of_log_and_witness_do_not_count_any_more(
    check: Check, change: dict[str, object], code: str
) -> None:
    forge = replace(every_key_changed(), **change)  # type: ignore[arg-type]
    report = check(forge.build())
    assert (code in report.finding_counts) == bool(code)
    assert report.proven == (not code)


@pytest.mark.parametrize("key", [A_NODE, A_OFFICER])
def test_a_replaced_author_cannot_go_on(check: Check, key: Key) -> None:
    forge = every_key_changed()
    forge.add("message", {}, key=key, channel="late")
    assert "envelope.author" in check(forge.build()).finding_counts


def test_a_revoked_log_key_signs_no_later_checkpoint(check: Check) -> None:
    forge = eventful()
    last = len(forge.entries) - 1
    revoke(forge, "a", A_LOG, last, A_NODE, ORIGIN)
    assert "checkpoint.signature" in check(forge.build()).finding_counts


def test_a_revoked_witness_key_cosigns_no_later_checkpoint(check: Check) -> None:
    forge = eventful()
    revoke(forge, "b", B_WITNESS, len(forge.entries) - 1, B_NODE, ORIGIN)
    report = check(forge.build())
    assert report.grade == "single"
    assert "policy.quorum" in report.finding_counts


def test_erasures_refusals_and_clocks_are_told_with_their_reasons(check: Check) -> None:
    report = check(eventful().build())
    assert report.findings == ()
    assert english(report)[-4:] == [
        f"Entry 3: Party A states that a cosignature over 2 entries of the record {ORIGIN} was "
        "refused. The reason it gives: not a prefix",
        "Entry 8: Party A states that a cosignature over ? entries of the record ? was refused. "
        "The reason it gives: ?",
        "Entry 1: what it said was erased; Party A states so in entry 2. The ground it gives: "
        "Art. 17",
        "Statements of Party A on its clock: 3. The largest error among them: -250.5 ms, give or "
        "take 4 ms, by GNSS (entry 5).",
    ]
    french = report.statements[-1].fr
    assert "-250,5 ms, à 4 ms près, selon GNSS (écriture 5)" in french
    assert "horloge\u202f: 3" in french


def test_events_are_bounded_but_all_are_counted(check: Check) -> None:
    told = english(check(eventful(refusals=EVENTS_SHOWN).build()))
    assert sum("was refused" in text for text in told) == EVENTS_SHOWN
    assert "Changes of keys, refusals and erasures not listed: 2." in told


def test_a_report_does_not_deny_what_the_other_party_has_cosigned(check: Check) -> None:
    report = check(partly_cosigned().build(), accept="single")
    assert (report.proven, report.grade) == (True, "single")
    limits = [sentence.en for sentence in report.limits]
    assert not any("it has not cosigned it" in text for text in limits)
    assert any("no more than the first 2 entries" in text for text in limits)
    forge = partly_cosigned()
    forge.older, forge.on_files = [], lambda files: files
    limits = [sentence.en for sentence in check(forge.build(), accept="single").limits]
    assert any("it has not cosigned it" in text for text in limits)


def test_what_its_author_erased_before_it_came_is_a_gap_that_shows(check: Check) -> None:
    report = check(passed_over().build())
    assert report.findings == ()
    limits = [sentence.en for sentence in report.limits]
    assert any("never reached this record (1)" in text for text in limits)


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (passed_over(author=A_NODE), "erasure.unstated"),  # the owner's own word is none
        (passed_over(of=0), "erasure.unstated"),  # of another number
        (passed_over(lambda body: body | {"seq": 3}), "erasure.unstated"),
        (passed_over(lambda body: body | {"chain": "0" * 64}), "erasure.unstated"),
        (passed_over(lambda body: body | {"from": "a"}), "erasure.unstated"),
        (passed_over(lambda body: body | {"erasure": {}}), "erasure.unstated"),
        (passed_over(lambda body: body | {"note": "x"}), "payload.malformed"),
    ],
)
def test_nobody_passes_over_a_message_alone(check: Check, forge: Forge, code: str) -> None:
    counts = check(forge.build()).finding_counts
    assert code in counts
    assert "chain.gap" in counts


@pytest.mark.parametrize("name", EVENTS)
def test_french_sentences_have_no_ordinary_space_before_high_punctuation(
    check: Check, name: str
) -> None:
    report = check(EVENTS[name]().build(), accept="single")
    assert report.statements
    for sentence in (*report.statements, *report.limits):
        assert " :" not in sentence.fr
        assert " ;" not in sentence.fr
