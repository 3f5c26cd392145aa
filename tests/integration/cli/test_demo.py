"""The demonstration from end to end on a small day, and that it fails when it must."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.program import detente
from tests.unit.operations.flights_made import flight, straight

from detente.demo.party import Party
from detente.demo.run import DemoError, _check_complete
from detente.operations import CheckResult, check

T0_MS = 1_533_101_250_000


def crossing(
    callsign: str, number: int, *, northward: bool, altitude_ft: float, start_s: float = 0.0
) -> list[dict[str, Any]]:
    """A flight of five minutes through the middle of place `number`; rows as `traffic` has them."""
    rows = []
    for second in range(0, 301, 10):
        along = (second - 150) / 300 * 0.4
        middle_lat, middle_lng = 46.0 + number, 7.0
        rows.append(
            {
                "timestamp": T0_MS + int((start_s + second) * 1000),
                "icao24": callsign.lower(),
                "callsign": callsign,
                "latitude": middle_lat + (along if northward else 0.0),
                "longitude": middle_lng + (0.0 if northward else along),
                "altitude": altitude_ft,
            }
        )
    return rows


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Two operators, one for each party; two of five meetings are conflicts between them."""
    rows = [
        # at the same moment and level
        *crossing("AAA1", 0, northward=True, altitude_ft=10_000),
        *crossing("BBB1", 0, northward=False, altitude_ft=10_000),
        # half a minute apart, 800 ft apart: the corridors reach 1,000 ft and two minutes
        *crossing("AAA2", 1, northward=True, altitude_ft=10_000),
        *crossing("BBB2", 1, northward=False, altitude_ft=10_800, start_s=30),
        # 3,000 ft apart
        *crossing("AAA3", 2, northward=True, altitude_ft=10_000),
        *crossing("BBB3", 2, northward=False, altitude_ft=13_000),
        # ten minutes apart
        *crossing("AAA4", 3, northward=True, altitude_ft=10_000),
        *crossing("BBB4", 3, northward=False, altitude_ft=10_000, start_s=900),
        # of the same party
        *crossing("AAA5", 4, northward=True, altitude_ft=10_000),
        *crossing("AAA6", 4, northward=False, altitude_ft=10_000),
    ]
    path = tmp_path / "day.json.gz"
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))
    return path


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_small_day_is_announced_compared_and_reported(tmp_path: Path, day: Path) -> None:
    out = tmp_path / "made" / "out"
    done = await detente(
        "demo", "--flights", day, "--out", out, variables={"COLUMNS": "180", "NO_COLOR": "1"}
    )
    assert done.code == 0, done
    assert re.search(r"Party A: 6 flights of 1 operators \(AAA 6", done.out)
    assert re.search(r"Party B: 4 flights of 1 operators \(BBB 4", done.out)
    assert "the exchange holds 10 intents and 10 subscriptions" in done.out
    assert "2 conflicts between Party A and Party B: exactly those that the two found" in done.out
    # In the table, the other flight stands below one's own.
    for number in (1, 2):
        assert re.search(rf"AAA{number} .*\n *BBB{number} \(Party B\)", done.out)
    assert not re.search("AAA3 |BBB3 ", done.out)
    page = (out / "report.html").read_text()
    assert "AAA1" in page
    assert "BBB2" in page
    # What is left can be checked by anybody.
    assert (await detente("log", "verify", "--data", out / "exchange")).code == 0
    # Both announced, both found, both were told: all of it stands in both records.
    shown = " ".join(done.out.split())
    for count in (
        "announcements stated 6 4",
        "announcements received 4 6",
        "receipts given 6 8",
        "receipts got 8 6",
    ):
        assert count in shown, done.out
    assert "detente verify: proven, grade bilateral" in shown
    assert "securesystemslib (Python): " in shown
    assert "refused by detente verify" in shown
    assert "A message is not the one that stands in the record at its place." in shown
    assert (await detente("verify", out / "bundle.zip")).code == 0
    assert (await detente("verify", out / "forged.zip")).code == 1
    assert "<script" in (out / "verify.html").read_text()
    for party in ("a", "b"):
        record = out / f"party-{party}" / "record"
        assert (await detente("record", "verify", record)).code == 0
        found = await detente("record", "search", record, "--kind", "conflict", "--json")
        conflicts = [json.loads(line) for line in found.out.splitlines()]
        assert len(conflicts) == 2
        for conflict in conflicts:
            # The other's details, as the bytes that it had sent.
            [sha256] = conflict["blobs"]
            told = json.loads((record / "blobs" / sha256[:2] / sha256).read_bytes())
            told = told.get("operational_intent", told)
            assert told["reference"]["id"] == conflict["body"]["other"]
            answers = (await detente("record", "show", record, str(conflict["index"]))).out
            assert "acknowledgement" in answers
            assert "receipt" in answers
    again = await detente("demo", "--flights", day, "--out", out, "--most", "2")
    assert again.code == 0
    assert "1 conflicts between" in again.out.replace("\n", " ")


@pytest.mark.anyio
async def test_nothing_is_deleted_that_no_demonstration_has_written(
    tmp_path: Path, day: Path
) -> None:
    precious = tmp_path / "home" / "precious"
    precious.parent.mkdir()
    precious.write_text("mine")
    done = await detente("demo", "--flights", day, "--out", precious.parent)
    assert done.code == 2
    assert "no demonstration has written" in done.err
    assert precious.read_text() == "mine"
    # Not even when the day itself lies there.
    assert (await detente("demo", "--flights", day, "--out", tmp_path)).code == 2
    assert (tmp_path / "day.json.gz").exists()


@pytest.mark.anyio
async def test_a_day_without_flights_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "grounded.json.gz"
    rows = [{**row, "onground": True} for row in crossing("AAA1", 0, northward=True, altitude_ft=0)]
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))
    done = await detente("demo", "--flights", path, "--out", tmp_path / "out")
    assert done.code == 2
    assert "No flight is left of it." in done.err
    assert "Traceback" not in done.err


def result() -> CheckResult:
    """One conflict, between `a` and `b`."""
    found = check([flight("a", "A", straight())], [flight("b", "B", straight())])
    assert len(found.conflicts) == 1
    return found


def parties(*found: tuple[str, str]) -> list[Party]:
    """A party that has found these conflicts, and one that has found none."""
    conflicts = [SimpleNamespace(mine=mine, other=other) for mine, other in found]
    made = [
        SimpleNamespace(tally=SimpleNamespace(conflicts=conflicts)),
        SimpleNamespace(tally=SimpleNamespace(conflicts=[])),
    ]
    return cast(list[Party], made)


def test_what_the_parties_find_must_be_what_there_is() -> None:
    _check_complete(parties(("a", "b")), result())
    _check_complete(parties(("b", "a")), result())
    with pytest.raises(DemoError, match="found 0 conflicts, a direct comparison 1; 1 were missed"):
        _check_complete(parties(), result())
    with pytest.raises(DemoError, match="1 were missed, 1 are none"):
        _check_complete(parties(("a", "c")), result())
