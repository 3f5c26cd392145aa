"""Each broken bundle is refused, and for the right reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.forge_mutations import MUTATIONS, all_mutations

from detente.formats import FINDING_CODES
from detente.verify import Options, verify_bundle

NOW_S = 1_795_100_000


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for name, code, _ in all_mutations()], ids=lambda text: text
)
def test_a_broken_bundle_is_refused_for_its_reason(tmp_path: Path, name: str, code: str) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(MUTATIONS[name][1]())
    report = verify_bundle(path, Options(now_s=NOW_S))
    assert not report.proven
    assert report.exit_code == 1
    assert code in {finding.code for finding in report.findings if finding.severity == "error"}
    assert not report.statements


def test_every_finding_code_is_shown_by_a_mutation() -> None:
    shown = {code for _, code, _ in all_mutations()}
    assert set(FINDING_CODES) - shown == {"agreement.pinned"}
