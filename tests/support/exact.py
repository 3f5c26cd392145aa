"""What exact tests of the verifier's functions say: which error, where, in which words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from detente.verify.errors import Findings, VerifyError


@contextmanager
def refusal(code: str, where: str, detail: str = "") -> Iterator[None]:
    """Expects exactly this error."""
    with pytest.raises(VerifyError) as caught:
        yield
    assert (caught.value.code, caught.value.where, caught.value.detail) == (code, where, detail)


def found(findings: Findings) -> list[tuple[str, str, str]]:
    """Code, place and detail of each error, in order."""
    assert all(finding.severity == "error" for finding in findings.kept)
    assert findings.errors == len(findings.kept)
    return [(finding.code, finding.where, finding.detail) for finding in findings.kept]
