"""Whole bundles: every finding of each broken one, and the whole report on good ones.

What is expected stands in `exact_findings.json`; see `tests/support/exact_findings.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.exact_findings import FILE, REPORTS, findings_of, report_of
from tests.support.forge_mutations import MUTATIONS

EXPECTED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXPECTED["findings"])
def test_each_broken_bundle_has_exactly_these_findings(name: str) -> None:
    assert findings_of(MUTATIONS[name][1]()) == EXPECTED["findings"][name]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_says_exactly_this(name: str) -> None:
    assert report_of(name) == EXPECTED["reports"][name]
