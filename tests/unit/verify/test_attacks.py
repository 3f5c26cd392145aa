"""Bundles made to deceive the reader of the report by one who holds a party's keys, or none."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.forge import (
    A_LOG,
    A_NODE,
    A_OFFICER,
    B_NODE,
    B_OFFICER,
    B_WITNESS,
    EXPORT,
    ORIGIN,
    Forge,
    Key,
    canon,
    story,
)
from tests.support.forge_mutations import long_story, stamped
from tests.support.rfc9162 import mth

from detente import record
from detente.verify import Report, Unusable, tiles, verify_bundle
from detente.verify.archive import Archive
from detente.verify.custody import check_custody
from detente.verify.errors import Findings, VerifyError
from detente.verify.groups import check_groups
from detente.verify.layout import tasks_of
from detente.verify.payload import Item
from detente.verify.render import to_html, to_json, to_text
from detente.verify.strictjson import parse

from .conftest import Check


def said(report: Report) -> str:
    return to_text(report, ("en",))


def test_a_strangers_line_break_begins_no_line_of_the_report(check: Check) -> None:
    forge = Forge().begin()
    forge.add("message", {}, channel="x”.\n  - Cosignature of Party B over the first 99 entries")
    forge.custody(purpose="court\n\nPROVEN. Everything")
    report = check(forge.build())
    assert report.proven
    assert "\\n  - Cosignature of Party B over the first 99" in said(report)
    assert "\n  - Cosignature of Party B over the first 99" not in said(report)
    assert "”.\\n" in to_html(report)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 65_536, 65_541, 131_072, 131_077, 70_000])
def test_a_selection_has_the_tiles_that_the_writer_puts_in(size: int) -> None:
    for indices in ([0], [0, size - 1], [size // 2]):
        written = {tile.path for tile in record.tiles.needed_tiles(size, indices)}
        assert {tile.path for tile in tiles.needed_tiles(size, indices)} == written


def test_a_token_that_cannot_be_checked_is_at_least_over_the_note(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detente.verify.timestamps.library_check", lambda: None)

    def over(files: dict[str, bytes]) -> None:
        digest = hashlib.sha384(files["timestamps/9.note"]).digest()
        files["timestamps/9.tsr"] = b"a token " + digest

    report = check(stamped(over))
    assert report.proven
    assert report.checkpoints[0].timestamps == ("not checked",)
    assert "was not checked" in said(report)
    assert set(check(stamped()).finding_counts) == {"timestamp.wrong"}


def test_a_true_key_beside_false_ones_pins_nothing(check: Check) -> None:
    """Somebody puts B's true officer key into an agreement that he signs for B himself."""
    false = Key("b.example/node", "of the forger")
    forge = Forge()
    forge.b_keys = forge.b_keys | {"signing": false}
    forge.agreement_signers = [A_NODE, false]
    forge.begin()
    forge.receipt(forge.add("message", {}), key=false)
    forge.custody()
    report = check(forge.build(), keys=(A_NODE.vkey, B_OFFICER.vkey, B_WITNESS.vkey))
    assert report.proven
    assert [party.pinned for party in report.parties] == [True, False]
    assert "That the keys belong to the parties named" in said(report)


def test_a_withdrawal_is_told(check: Check) -> None:
    forge = Forge().begin()
    body = {"sha256": forge.agreement_hash, "reason": "", "from": "2026-12-01T00:00:00.000000Z"}
    forge.add("withdrawal", body, key=B_OFFICER, sender="b")
    forge.custody()
    assert "signed a message of kind “withdrawal”" in said(check(forge.build()))


def test_anchors_whose_root_a_selection_does_not_give_are_told(check: Check) -> None:
    ours: dict[str, Any] = {
        "origin": ORIGIN,
        "log": A_LOG,
        "witness": B_WITNESS,
        "key": B_NODE,
        "sender": "b",
    }

    def build(scope: str) -> bytes:
        forge = Forge(scope=scope).begin()
        forge.add("message", {})
        forge.anchor(mth(forge.leaves(1)), 1, **ours)
        forge.custody()
        return forge.build()

    words = "of this record: the selection does not give its root"
    assert words in said(check(build("subset")))
    assert words not in said(check(build("full")))


def test_a_party_that_the_policy_does_not_ask_for_is_told(check: Check) -> None:
    forge = Forge()
    keys = [
        {"purpose": purpose, "vkey": Key(f"c.example/{purpose}", purpose, kind).vkey, "holder": ""}
        for purpose, kind in (("log", 1), ("witness", 4), ("signing", 1))
    ]
    third = {"id": "c", "name": {"en": "Party C"}, "keys": keys}
    signer = Key("c.example/signing", "signing")
    forge.on_agreement = lambda value: value | {"parties": [*value["parties"], third]}
    forge.agreement_files["agreement.toml"] = b"# of three\n"
    forge.agreement_signers = [A_NODE, B_NODE, signer]
    forge.begin().custody()
    report = check(forge.build())
    assert (report.proven, report.grade) == (True, "bilateral")
    assert "That Party C has seen all that is shown: it has not cosigned" in said(report)
    assert "That Party B has seen" not in said(report)


def test_nameless_parties_are_called_by_their_id(check: Check) -> None:
    forge = Forge()
    forge.on_agreement = lambda value: (
        value | {"parties": [value["parties"][0], value["parties"][1] | {"name": {"en": ""}}]}
    )
    forge.begin().custody()
    assert "Parties: Party A, b" in said(check(forge.build()))


def test_a_range_of_a_quadrillion_entries_costs_nothing() -> None:
    """A log of that size needs few tiles: whoever has its key can sign any checkpoint."""
    size = 2**50
    names = Item.__annotations__
    body = {
        "action": "export",
        "export": EXPORT,
        "items": [[0, size - 1]],
        "size": size,
        "by": ["x"],
        "purpose": "",
    }
    known: dict[str, Any] = {"position": size, "body": body, "created": "c"}
    members: dict[str, Any] = {name: known.get(name) for name in names}
    item = Item(**members)
    stated = [{"by": ["x"], "created": "c", "export": EXPORT, "index": size, "purpose": ""}]
    manifest = SimpleNamespace(export=EXPORT, exported_by=("x",), size=size + 1)
    shown = {5: "message", size: "custody"}
    check_custody(canon({"exports": stated}), [item], shown, manifest)  # type: ignore[arg-type]


def test_json_of_millions_of_values_is_refused_before_it_is_read() -> None:
    with pytest.raises(VerifyError, match="values"):
        parse(b"[" + b"1," * 4_000_001 + b"1]", "x")
    assert parse(b'["' + b"," * 4_000_000 + b'"]', "x") == ["," * 4_000_000]


def test_older_checkpoints_are_bounded(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.verify.bundle.BUNDLE_CHECKPOINTS_MAX", 2)
    forge = story()
    forge.older = [1, 3]
    assert check(forge.build()).proven
    forge.older = [1, 3, 5]
    assert set(check(forge.build()).finding_counts) == {"zip.limit"}


def test_a_file_that_is_swapped_meanwhile_is_unusable(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(long_story(2500).build())
    with Archive(path) as archive:
        tasks = tasks_of(archive.members, 2501, Findings())
        assert len(tasks) >= 8
        path.rename(tmp_path / "away.zip")
        path.write_bytes(story().build())
        with pytest.raises(Unusable, match="changed"):
            list(check_groups(archive, path, tasks, 2))


def test_names_of_files_and_details_cannot_break_or_fill_the_report(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.zip"))
    forge = Forge().begin()
    forge.add("message", {}, change=lambda payload: payload | {"agreement": "x" * 100_000})
    forge.custody()
    path.write_bytes(forge.build())
    report = verify_bundle(path)
    assert report.bundle == "b\\udcff.zip"
    assert len(to_json(report).encode()) < 20_000


def test_numbers_are_told_as_they_stand(check: Check) -> None:
    forge = Forge().begin()
    body = {"party": "a", "key": A_OFFICER.vkey, "good_until_index": 2**53 - 1, "origin": ORIGIN}
    forge.add("key-revocation", body | {"reason": "lost"})
    forge.custody()
    assert "invalid after entry 9007199254740991 of" in said(check(forge.build()))
