"""Good bundles are proven, and the report says the right things about them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.forge import (
    A_LOG,
    A_NODE,
    A_OFFICER,
    B_NODE,
    B_WITNESS,
    NEUTRAL,
    Entry,
    Forge,
    Key,
    story,
)
from tests.support.forge_mutations import (
    GOOD_ROTATIONS,
    enrolled,
    enrolment,
    erasing,
    long_story,
    note_of,
    revoking,
)

from detente.verify import Options, Report, Unusable, verify_bundle
from detente.verify.errors import FINDINGS_KEPT, Finding, Findings
from detente.verify.phrases import EN, FR
from detente.verify.render import messages, to_html, to_json, to_text, verdict_of

from .conftest import NOW_S, Check


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def said(report: Report) -> str:
    return to_text(report, ("en",))


def test_a_good_bundle_is_proven_with_all_that_it_shows(check: Check) -> None:
    report = check(story().build())
    assert (report.proven, report.exit_code, report.findings) == (True, 0, ())
    assert (report.grade, report.size, report.item_count, report.scope) == (
        "bilateral",
        9,
        9,
        "full",
    )
    assert (report.party, report.origin) == ("a", "a.example/log/ab-2026")
    assert report.kinds["receipt"] == 2
    assert (report.first[:19], report.last[:19]) == ("2026-11-22T20:00:00", "2026-11-22T20:00:08")
    assert [item.index for item in report.items] == [1, 4]
    assert report.items[0].receipts == (("b", "b.example/log/ab-2026", 7),)
    assert report.items[0].acknowledgements == (("b", "b.example/officer/1", "Officer B1", 3),)
    assert report.items[1].receipts == (("a", "a.example/log/ab-2026", 4),)
    assert [head.size for head in report.checkpoints] == [9, 3]
    assert report.checkpoints[0].cosigners == (("b", "party", 1_795_000_000),)
    assert report.checkpoints[0].quorum


def test_the_text_names_parties_officers_and_limits(check: Check) -> None:
    text = said(check(story().build()))
    assert "PROVEN" in text
    assert "Party A signed a message of kind “message”" in text
    assert "The node of Party B received exactly these bytes" in text
    assert "Officer B1, officer of Party B, acknowledged exactly these bytes" in text
    assert "Cosignature of Party B over the first 9 entries, at 2026-11-18T11:06:40Z" in text
    limits = text.partition("What is not proven")[2]
    assert limits.strip().startswith("- That the keys belong to the parties named.")
    assert "not if it is so" in limits
    assert "kept back" in limits
    assert "own clocks" in limits
    assert "made up" in limits


def test_a_refused_bundle_proves_nothing(check: Check) -> None:
    report = check(story(cosigners=[]).build())
    text = said(report)
    assert "REFUSED" in text
    assert "What is proven" not in text
    assert "[policy.quorum]" in text


def test_too_few_who_confirm_is_told_apart_from_something_wrong(check: Check) -> None:
    alone = check(story(cosigners=[]).build())
    assert (verdict_of(alone), alone.exit_code) == ("unconfirmed", 1)
    assert "TOO LITTLE CONFIRMED" in said(alone)
    assert "Grade: single" in said(alone)
    wrong = check(note_of(story(), lambda text: text.replace("\n", "x\n", 1)))
    assert verdict_of(wrong) == "refused"
    assert "Grade:" not in said(wrong)
    assert verdict_of(check(story().build())) == "proven"


def test_french_is_complete_and_set_by_its_rules(check: Check) -> None:
    assert EN.keys() == FR.keys()
    for key, text in FR.items():
        for mark in ":;!?»":
            assert f" {mark}" not in text, key
        assert "'" not in text, key
        assert text.count("{") == EN[key].count("{")
    report = check(story().build())
    text = to_text(report, ("fr",))
    assert "PROUVÉ" in text
    assert "Parties\u202f: Partie A, Partie B" in text


def test_the_page_has_both_languages_and_no_script(check: Check) -> None:
    forge = story()
    forge.add("message", {}, channel="<script>alert(1)</script>")
    forge.custody()
    page = to_html(check(forge.build()))
    assert '<section lang="en">' in page
    assert '<section lang="fr">' in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_control_characters_of_strangers_are_not_obeyed(check: Check) -> None:
    forge = Forge().begin()
    forge.add("message", {}, channel="\x1b[2J\u202e")
    forge.custody()
    text = said(check(forge.build()))
    assert "\x1b" not in text
    assert "\\u001b" in text


def test_the_json_has_facts_and_sentences(check: Check) -> None:
    document = json.loads(to_json(check(story(cosigners=[]).build())))
    assert document["format"] == "detente-report/1"
    assert document["exit_code"] == 1
    assert all(finding["en"] and finding["fr"] for finding in document["findings"])
    assert document["agreement_id"] == "ab-2026"


def test_grades_follow_from_who_cosigned(check: Check) -> None:
    both = story(neutral=[NEUTRAL], cosigners=[B_WITNESS, NEUTRAL]).build()
    assert check(both).grade == "bilateral"
    neutral = story(neutral=[NEUTRAL], cosigners=[NEUTRAL], accept_grade="third-party").build()
    assert check(neutral, accept="third-party").proven
    assert check(neutral).grade == "third-party"
    assert codes(check(neutral)) == {"grade.lower", "policy.quorum"}
    alone = story(cosigners=[], accept_grade="single").build()
    report = check(alone, accept="single")
    assert (report.proven, report.grade) == (True, "single")
    assert codes(check(alone, accept="third-party")) == {"grade.lower"}


def test_a_pinned_agreement_must_be_the_one(check: Check) -> None:
    forge = story()
    good = check(forge.build(), agreement=forge.agreement_hash)
    assert good.proven
    assert good.pinned
    assert "That the keys belong" not in said(good)
    other = check(forge.build(), agreement="0" * 64)
    assert codes(other) == {"agreement.pinned"}
    assert not other.pinned


def test_pinned_keys_must_be_in_it(check: Check) -> None:
    data = story().build()
    assert check(data, keys=(A_NODE.vkey, B_NODE.vkey)).pinned
    one = check(data, keys=(A_NODE.vkey,))
    assert one.proven
    assert not one.pinned
    assert codes(check(data, keys=(NEUTRAL.vkey,))) == {"agreement.pinned"}


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    for options in (
        Options(accept="best"),
        Options(agreement="x"),
        Options(agreement="0" * 63),
        Options(keys=("x",)),
        Options(workers=-1),
    ):
        with pytest.raises(ValueError, match="--"):
            verify_bundle(tmp_path / "x", options)


def test_what_is_no_bundle_is_unusable(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(Unusable):
        verify_bundle(path)
    with pytest.raises(Unusable):
        verify_bundle(tmp_path)
    for data in (b"", b"x", b"x" * 100_000):
        path.write_bytes(data)
        with pytest.raises(Unusable):
            verify_bundle(path)


def test_a_subset_is_proven_without_the_rest(check: Check) -> None:
    forge = long_story(600, scope="subset", items=[0, 5, 300, 601], singles=[5, 300])
    report = check(forge.build())
    assert report.findings == ()
    assert (report.item_count, report.size, report.scope) == (4, 602, "subset")
    assert "the selection was the exporter's" in said(report)


def test_a_full_bundle_of_several_tiles_is_proven(check: Check) -> None:
    assert check(long_story(600, older=[256, 257, 600]).build()).findings == ()


def test_exactly_one_and_two_full_tiles(check: Check) -> None:
    for count in (254, 255):
        assert check(long_story(count).build()).findings == (), count


def test_progress_counts_up_to_all(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = tmp_path / "b.zip"
    path.write_bytes(long_story(300).build())
    verify_bundle(path, Options(), lambda done, total: seen.append((done, total)))
    assert seen == [(256, 302), (302, 302)]


def test_an_erased_entry_with_its_statement_is_good(check: Check) -> None:
    report = check(erasing().build())
    assert report.findings == ()
    assert report.erased_count == 1
    assert "What erased entries said (1)" in said(report)


def test_withheld_attachments_are_told(check: Check) -> None:
    forge = story()
    forge.withheld = [hashlib.sha256(b"a picture").hexdigest()]
    report = check(forge.build())
    assert report.findings == ()
    assert "withheld attachments contain (1)" in said(report)


@pytest.mark.parametrize("name", GOOD_ROTATIONS)
def test_rotated_keys_are_good_from_the_next_entry_on(check: Check, name: str) -> None:
    assert check(GOOD_ROTATIONS[name]()).findings == ()


def test_proofs_of_possession_are_good(check: Check) -> None:
    assert check(enrolled(enrolment())).findings == ()


def test_entries_before_a_revocation_are_told_but_do_not_refuse(check: Check) -> None:
    report = check(revoking(after=False, before=True).build())
    assert report.proven
    assert [(finding.code, finding.severity, finding.where) for finding in report.findings] == [
        ("key.revoked", "notice", "entry 2")
    ]
    assert [item.believed for item in report.items] == [True, False]
    text = said(report)
    assert "declared the key invalid" in text
    assert "[note]" in text


@pytest.mark.parametrize("late", [False, True])
def test_a_revocation_that_counts_by_another_log_ends_the_key_where_it_stands(
    check: Check, late: bool
) -> None:
    body = json.loads(revoking(after=True).entries[2].payload)["body"]
    forge = Forge().begin()
    forge.add("message", {}, key=A_OFFICER, channel="officers")
    forge.add("key-revocation", body | {"origin": "x.example/log", "good_until_index": 0})
    if late:
        forge.add("message", {}, key=A_OFFICER, channel="officers")
    forge.custody()
    report = check(forge.build())
    found = [(finding.code, finding.severity, finding.where) for finding in report.findings]
    assert found == ([("key.revoked", "error", "entry 3")] if late else [])


def test_a_new_version_of_the_agreement_is_followed(check: Check) -> None:
    forge = Forge()
    first = forge.agreement_body()
    old = forge.sign_agreement(first, [A_NODE, B_NODE])
    officer = Key("b.example/officer/2", "b officer 2")

    def build(signers: list[Key]) -> bytes:
        made = Forge()
        made._agreement = old
        made.begin()
        second = made.agreement_body() | {"version": 2, "previous": made.agreement_hash}
        second["parties"][1]["keys"][3]["vkey"] = officer.vkey
        new = made.sign_agreement(second, signers)
        made.blobs[hashlib.sha256(old).hexdigest()] = old
        made._agreement = new
        body = {"sha256": made.agreement_hash, "version": 2}
        made.add("agreement", body, to=[], blobs=[new])
        made.add("message", {}, key=officer, sender="b")
        made.custody()
        made.on_manifest = lambda value: value | {"agreement": value["agreement"] | {"version": 2}}
        return made.build()

    good = check(build([A_NODE, B_NODE]))
    assert good.findings == ()
    assert good.agreement_version == 2
    # Signed only with the key that the new version brings: B never agreed.
    assert "agreement.unsigned" in codes(check(build([A_NODE, officer])))


def test_a_stranger_s_cosignature_is_ignored(check: Check) -> None:
    stranger = Key("x.example/witness", "x", 4)
    assert check(story(cosigners=[stranger, B_WITNESS]).build()).findings == ()


def test_the_log_s_signature_alone_is_needed_once(check: Check) -> None:
    data = note_of(story(), lambda text: text)
    assert check(data).findings == ()


def test_cosignatures_may_be_a_little_ahead(check: Check) -> None:
    data = story().build()
    assert check(data, now_s=1_795_000_000 - 300).proven
    assert codes(check(data, now_s=1_795_000_000 - 301)) >= {"cosignature.future"}
    assert check(data, now_s=None).proven
    assert NOW_S > 1_795_000_000


def test_findings_are_bounded_but_all_are_counted() -> None:
    findings = Findings()
    for number in range(FINDINGS_KEPT + 5):
        findings.add("chain.gap", str(number))
    findings.add("key.revoked", "x", severity="notice")
    assert len(findings.kept) == FINDINGS_KEPT
    assert findings.kept[0] == Finding("chain.gap", "0")
    assert (findings.total, findings.errors) == (FINDINGS_KEPT + 6, FINDINGS_KEPT + 5)
    with pytest.raises(ValueError, match="unknown"):
        findings.add("no.such", "x")


def test_a_text_with_many_findings_says_how_many_more(check: Check) -> None:
    forge = long_story(600)
    for entry in forge.entries[1:300]:
        entry.envelope = b"{}"
    report = check(forge.build())
    assert len(report.findings) == FINDINGS_KEPT
    assert f"Findings not listed: {sum(report.finding_counts.values()) - FINDINGS_KEPT}." in said(
        report
    )


def test_every_byte_of_a_small_bundle_counts(check: Check) -> None:
    """Sampled here; the property tests flip others."""
    data = story().build()
    for at in range(0, len(data), 397):
        broken = bytearray(data)
        broken[at] ^= 0x04
        try:
            assert not check(bytes(broken)).proven, at
        except Unusable:
            assert at >= len(data) - 22


def test_an_entry_s_leaf_is_what_the_forge_says() -> None:
    entry = Entry(b"{}", "t", "k", bytes(64), A_LOG.raw)
    assert entry.leaf.startswith(b'{"apiVersion":"0.0.2","kind":"dsse"')


def test_what_others_were_told_is_listed_before_a_party_s_own_affairs(check: Check) -> None:
    report = check(story().build())
    own = [replace(report.items[0], index=index, channel="own/watch") for index in (2, 3, 5)]
    first, last = report.items
    mixed = replace(report, items=(first, *own[:2], last, own[2]), message_count=5)
    listed = [lines[0] for lines in messages(mixed, "en", 3)]
    assert [line.partition(":")[0] for line in listed[:3]] == ["Entry 1", "Entry 2", "Entry 4"]
    assert listed[3:] == ["Messages not listed here: 2."]
