from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.records import ONE, ORIGIN, TWO, VERIFIERS, append, fill, ledger

from detente.record import (
    Ed25519Signer,
    ExportUnusable,
    Head,
    Ledger,
    LogDamaged,
    MemoryLog,
    MemoryStore,
    StoredEntry,
    export_log,
    leaf_hash,
    verify_export,
    verify_log,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store() -> MemoryStore:
    """Ten batches of five entries by one instance, two of one entry by another."""
    made = MemoryStore()
    await fill(
        ledger(MemoryLog(made)),
        [[f'{{"batch":{batch},"n":{n}}}'.encode() for n in range(5)] for batch in range(10)],
    )
    two = ledger(MemoryLog(made), TWO)
    await two.catch_up()
    await fill(two, [[b"\xff not text"], [b""]])
    return made


async def findings(store: MemoryStore) -> list[tuple[str, str]]:
    report = await verify_log(MemoryLog(store), VERIFIERS)
    assert not report.good
    return [(finding.where, finding.what) for finding in report.findings]


async def test_a_good_log(store: MemoryStore) -> None:
    seen: list[tuple[int, int]] = []
    report = await verify_log(
        MemoryLog(store), VERIFIERS, lambda done, of: seen.append((done, of)), ORIGIN
    )
    assert report.good
    assert (report.origin, report.size, report.entries) == (ORIGIN, 52, 52)
    assert report.root == store.head.root
    assert (report.checkpoints, report.signatures) == (12, 12)
    assert report.signers == {"one.example": 10, "two.example": 2}
    assert seen == [(52, 52)]


async def test_an_empty_log() -> None:
    report = await verify_log(MemoryLog(), VERIFIERS)
    assert report.good
    assert report.size == report.checkpoints == 0


async def test_without_keys_no_signature_counts(store: MemoryStore) -> None:
    report = await verify_log(MemoryLog(store))
    assert report.good
    assert (report.checkpoints, report.signatures) == (12, 0)


async def test_an_unknown_key_is_named(store: MemoryStore) -> None:
    report = await verify_log(MemoryLog(store), [ONE.verifier])
    assert [finding.where for finding in report.findings] == [
        "checkpoint 51",
        "checkpoint 52",
        "head",
    ]
    assert "two.example" in report.findings[0].what


async def test_another_log_is_noticed(store: MemoryStore) -> None:
    report = await verify_log(MemoryLog(store), VERIFIERS, origin="other.example/log")
    assert report.findings[0].where == "checkpoint 5"
    assert "not 'other.example/log'" in report.findings[0].what


async def test_all_damages_are_found_each_where_it_is(store: MemoryStore) -> None:
    store.stored[7] = StoredEntry(7, store.stored[7].leaf_hash, b"forged")
    store.checkpoints[20] = store.checkpoints[20].replace("\n20\n", "\n21\n")
    store.checkpoints[30] = "junk"
    store.stored[41] = StoredEntry(41, leaf_hash(b"forged"), b"forged")
    found = await findings(store)
    assert [where for where, _ in found] == [
        "entry 7",
        "checkpoint 20",
        "checkpoint 20",
        "checkpoint 30",
        "entries 40 to 44",
        "head",
    ]
    assert "nor those of the 3 after it" in found[4][1]


async def test_a_rewritten_checkpoint_alone_does_not_taint_the_rest(store: MemoryStore) -> None:
    store.checkpoints[20] = store.checkpoints[15].replace("\n15\n", "\n20\n")
    assert [where for where, _ in await findings(store)] == ["checkpoint 20", "entries 15 to 19"]


async def test_missing_entries_are_found(store: MemoryStore) -> None:
    del store.stored[7]
    for position in range(20, 30):
        del store.stored[position]
    del store.stored[51]
    assert [where for where, _ in await findings(store)] == [
        "entry 7",
        "entries 20 to 29",
        "entry 51",
    ]


async def test_entries_beyond_the_head_are_found(store: MemoryStore) -> None:
    store.stored[52] = StoredEntry(52, leaf_hash(b"x"), b"x")
    assert await findings(store) == [("entry 52", "It stands beyond the head.")]


async def test_what_is_appended_meanwhile_is_left_alone(store: MemoryStore) -> None:
    log = MemoryLog(store)
    first_head = store.head
    writer = ledger(MemoryLog(store))
    await writer.catch_up()
    await append(writer, b"new")

    class Slow(MemoryLog):
        looked = False

        async def head(self) -> Head:
            if not self.looked:
                self.looked = True
                return first_head
            return await log.head()

    report = await verify_log(Slow(store), VERIFIERS)
    assert report.good
    assert (report.size, report.entries, report.checkpoints) == (52, 52, 12)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda head: dataclasses.replace(head, root=bytes(32)), "not that of its 52 entries"),
        (lambda head: dataclasses.replace(head, checkpoint=""), "cannot be believed"),
    ],
)
async def test_a_changed_head_is_found(
    store: MemoryStore, change: Callable[[Head], Head], what: str
) -> None:
    store.head = change(store.head)
    found = await findings(store)
    assert found[0][0] == "head"
    assert what in found[0][1]


async def test_a_head_with_an_old_checkpoint_is_found(store: MemoryStore) -> None:
    store.head = dataclasses.replace(store.head, checkpoint=store.checkpoints[50])
    assert "another log, size or root" in (await findings(store))[0][1]


async def test_lost_checkpoints_are_found(store: MemoryStore) -> None:
    store.checkpoints.clear()
    assert await findings(store) == [("head", "No checkpoint is stored beside it.")]


async def test_a_rewrite_under_another_key_is_found() -> None:
    """Consistent in itself, but not signed by who should have."""
    forged = MemoryStore()
    await fill(Ledger(MemoryLog(forged), Ed25519Signer("one.example", bytes(32)), ORIGIN), [[b"x"]])
    assert [where for where, _ in await findings(forged)] == ["checkpoint 1", "head"]


async def test_findings_are_bounded() -> None:
    store = MemoryStore()
    await append(ledger(MemoryLog(store)), *[b"x"] * 150)
    for position in range(150):
        store.stored[position] = StoredEntry(position, leaf_hash(b"x"), b"y")
    report = await verify_log(MemoryLog(store), VERIFIERS)
    assert (len(report.findings), report.findings_left_out) == (100, 50)


async def test_an_export_is_complete_and_verifies(store: MemoryStore, tmp_path: Path) -> None:
    directory = tmp_path / "export"
    head = await export_log(MemoryLog(store), directory)
    assert head == store.head
    assert sorted(path.name for path in directory.iterdir()) == [
        "README.txt",
        "checkpoints.txt",
        "entries.jsonl",
        "head.json",
    ]
    assert await verify_export(directory, VERIFIERS) == await verify_log(
        MemoryLog(store), VERIFIERS
    )
    lines = (directory / "entries.jsonl").read_text().splitlines()
    assert json.loads(lines[1]) == {
        "position": 1,
        "leaf_hash": store.stored[1].leaf_hash.hex(),
        "body": '{"batch":0,"n":1}',
    }


async def test_an_empty_log_is_exported(tmp_path: Path) -> None:
    await export_log(MemoryLog(), tmp_path)
    assert (await verify_export(tmp_path)).good


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(ExportUnusable, match="not empty"):
        await export_log(MemoryLog(), tmp_path)


async def test_a_log_with_a_gap_is_not_exported(store: MemoryStore, tmp_path: Path) -> None:
    del store.stored[7]
    with pytest.raises(LogDamaged) as caught:
        await export_log(MemoryLog(store), tmp_path)
    assert caught.value.where == "entry 7"


@pytest.fixture
async def exported(store: MemoryStore, tmp_path: Path) -> Path:
    directory = tmp_path / "export"
    await export_log(MemoryLog(store), directory)
    return directory


@pytest.mark.parametrize(
    ("name", "old", "new", "where"),
    [
        ("entries.jsonl", '"n\\":3', '"n\\":4', "entry 3"),
        ("checkpoints.txt", "\n25\n", "\n26\n", "checkpoint 26"),
        ("head.json", '"size": 52', '"size": 51', "entry 51"),
    ],
)
async def test_a_changed_export_is_found(
    exported: Path, name: str, old: str, new: str, where: str
) -> None:
    path = exported / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    report = await verify_export(exported, VERIFIERS)
    assert where in [finding.where for finding in report.findings]


async def test_a_repeated_line_is_found(exported: Path) -> None:
    path = exported / "entries.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:8], lines[7], *lines[8:]]))
    report = await verify_export(exported, VERIFIERS)
    assert report.findings[0].where == "entry 7"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("head.json", "{}"),
        ("head.json", '{"size":1,"root":"xx","checkpoint":""}'),
        ("entries.jsonl", "{}\n"),
        ("entries.jsonl", '{"position":0,"leaf_hash":"","body":"","body_base64":""}\n'),
        ("entries.jsonl", '{"position":0,"leaf_hash":"","body_base64":"*"}\n'),
        ("checkpoints.txt", "junk\n--------------------\n"),
        ("checkpoints.txt", "cut short\n"),
    ],
)
async def test_files_in_another_format_are_refused(exported: Path, name: str, content: str) -> None:
    (exported / name).write_text(content)
    with pytest.raises(ExportUnusable, match=name):
        await verify_export(exported)


async def test_missing_files_and_other_encodings_are_refused(exported: Path) -> None:
    (exported / "checkpoints.txt").write_bytes(b"\xff\n")
    with pytest.raises(ExportUnusable, match="UTF-8"):
        await verify_export(exported)
    (exported / "entries.jsonl").unlink()
    with pytest.raises(ExportUnusable, match=r"entries\.jsonl"):
        await verify_export(exported)
