"""What a reader may demand, and the processes that check groups for him."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.forge import A_LOG, pack, story
from tests.support.forge_mutations import with_manifest

from detente.verify import Options, Unusable, VerifyError, groups, verify_bundle
from detente.verify.archive import Archive
from detente.verify.groups import Task


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            Options(accept="best"),
            "--accept is one of single, timestamped, third-party, bilateral",
        ),
        (Options(agreement="x"), "--agreement is a SHA-256 of 64 lower-case hex digits"),
        (Options(agreement=""), "--agreement is a SHA-256 of 64 lower-case hex digits"),
        (Options(workers=-1), "--workers is not negative"),
        (Options(keys=(A_LOG.vkey, "x")), "--key x: not a vkey"),
    ],
)
def test_options_that_make_no_sense(options: Options, words: str, tmp_path: Path) -> None:
    for call in (options.check, lambda: verify_bundle(tmp_path, options)):
        with pytest.raises(ValueError, match=r"^--") as caught:
            call()
        assert str(caught.value).startswith(words)


def test_options_that_are_good() -> None:
    Options().check()
    Options("single", "0" * 64, (A_LOG.vkey,), 0).check()
    assert Options().accept == "bilateral"


def test_another_process_opens_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(pack({"a": b"x\n"}))
    with Archive(path) as archive:
        identity, member = archive.identity, archive.members["a"]
    groups._open(path, identity)
    (opened,) = groups._opened
    assert opened.members == {}
    found = groups._check_batch([Task(1, 1, member, None), Task(2, 1, None, None)])
    assert [(group.number, len(group.findings)) for group in found] == [(1, 1), (2, 0)]
    path.write_bytes(pack({"a": b"xx\n"}))
    with pytest.raises(Unusable) as caught:
        groups._open(path, identity)
    assert str(caught.value) == f"{path} was changed while it was read."


def test_progress_is_told_for_each_group(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(story().build())
    seen: list[tuple[int, int]] = []
    report = verify_bundle(path, Options(), lambda done, total: seen.append((done, total)))
    assert report.bundle == "b.zip"
    assert seen == [(9, 9)]
    for workers in (0, 1, 2):
        assert verify_bundle(path, Options(workers=workers)).proven


def test_what_ends_a_verification_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(pack({"a": b""}))
    report = verify_bundle(path)
    assert [(one.code, one.where) for one in report.findings] == [("file.missing", "manifest.json")]
    assert (report.proven, report.exit_code, report.parties, report.items) == (False, 1, (), ())
    assert issubclass(VerifyError, Exception)


def test_the_exporter_is_a_party_of_the_agreement(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(with_manifest(party="c"))
    findings = [(one.code, one.where, one.detail) for one in verify_bundle(path).findings]
    assert ("manifest.mismatch", "manifest.json", "party") in findings
