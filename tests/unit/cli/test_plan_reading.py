"""`detente plan read`: what is told of a file, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.integration.cli.at_node import called
from tests.unit.cli.test_plan import PIECE, file

pytestmark = pytest.mark.anyio


async def test_what_is_understood_is_told_in_the_language_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "route.csv"
    rows = "2026-12-01T09:00:00Z,46.2,6.1,FL 095", "2026-12-01T09:05:00Z,46.3,6.2,FL 095"
    path.write_text("\n".join(("time,lat,lon,altitude", *rows)))
    english = await called("plan", "read", path)
    assert english.code == 2
    assert "route.csv: waypoints, 1 part, 0 volumes, 0 plans" in english.out
    assert "line 2: How much room the line needs is not stated." in english.out
    assert "--corridor 200m,60m,60s" in english.out
    given = ("--corridor", "200m,60m,60s", "--geoid", "49..51 m", "--pressure")
    french = await called(
        "plan", "read", path, *given, "990..1030 hPa, -15..+15 C", "--language", "fr"
    )
    assert french.code == 0
    assert re.search(r"waypoints, 1 partie, \d volumes, 1 plan", french.out)
    assert "sommets" in french.out
    assert "Niveau moyen de la mer" in french.out
    assert "(+m) après un contour" in french.out


async def test_a_limit_that_is_not_known_exactly_says_how_far_the_true_one_may_lie(
    tmp_path: Path,
) -> None:
    bare = {"flight_id": "s", "altitude_lower": "GND", "altitude_upper": "120 m AGL"}
    kept = {name: PIECE["properties"][name] for name in ("time_start", "time_end", "radius_m")}
    path = file(tmp_path, {**PIECE, "properties": {**kept, **bare}})
    done = await called(
        "plan", "read", path, "--ground", "380..450 m AMSL", "--geoid", "47.1..47.9 m"
    )
    assert done.code == 0, done
    assert re.search(r"427\.1 \(\+71\) +617\.9 \(-71\)", done.out)
    assert "(+m), (-m) beside a limit" in done.out
