"""Numbers in rules that cannot be meant are refused by the name of the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.watch import RulesUnusable, read_rules


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("crossing", "look_ahead_s", "-1"),
        ("crossing", "merge_s", "nan"),
        ("crossing", "look_ahead_s", "1e300"),
        ("crossing", "gap_s", "0"),
        ("crossing", "time_s", "-inf"),
        ("conformance", "recoverable_s", "nan"),
        ("conformance", "time_s", "-0.5"),
    ],
)
def test_what_is_no_limit_is_refused(table: str, field: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(f"[{table}]\n{field} = {value}\n")
    with pytest.raises(RulesUnusable) as caught:
        read_rules([path])
    assert field in str(caught.value)
