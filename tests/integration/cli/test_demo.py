"""The demonstration from end to end on a small day, and that it fails when it must."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.instance import environment
from tests.support.program import detente
from tests.unit.operations.flights_made import flight, straight

from detente.demo.agreeing import Signatory
from detente.demo.officers import Session
from detente.demo.planning import (
    Met,
    Placed,
    Planner,
    PlanningFailed,
    Result,
    Taken,
    judge,
)
from detente.demo.show_plan import costs
from detente.operations import Words, check

T0_MS = 1_533_101_250_000
PATIENCE_S = 240.0


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
        # 45 s apart, 800 ft apart: the corridors reach 1,000 ft and two minutes
        *crossing("AAA2", 1, northward=True, altitude_ft=10_000),
        *crossing("BBB2", 1, northward=False, altitude_ft=10_800, start_s=45),
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


class Running:
    """`detente demo` in a process of its own, and what it has written so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.out = ""

    @property
    def words(self) -> str:
        """What it has written, without what depends on the width of a terminal."""
        return " ".join(self.out.split())

    async def until(self, words: str) -> None:
        """Read on until it has written that."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.out:
                line = await self.process.stdout.readline()
                if not line:
                    raise AssertionError(f"ended without {words!r}:\n{self.out}")
                self.out += line.decode()

    async def end(self, number: int) -> int:
        """Send a signal; the exit code."""
        assert self.process.stdout is not None
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            self.out += (await self.process.stdout.read()).decode()
            return await self.process.wait()

    def started(self) -> set[int]:
        """Processes that it started and that run now."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(each) for each in path.read_text().split()}


@asynccontextmanager
async def running(*arguments: object) -> AsyncIterator[Running]:
    """Start `detente demo`; what is left of it at the end is killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "detente", "demo", *map(str, arguments)),
        env=environment({"COLUMNS": "180", "NO_COLOR": "1"}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    found = Running(process)
    children: set[int] = set()
    try:
        yield found
    finally:
        if process.returncode is None:
            children = found.started()
            process.kill()
            await process.wait()
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def gone(pids: set[int]) -> bool:
    """Whether none of these processes is there any more."""
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_small_day_is_announced_compared_told_and_reported(
    tmp_path: Path, day: Path
) -> None:
    out = tmp_path / "made" / "out"
    async with running("--flights", day, "--out", out, "--keep") as demo:
        await demo.until("Ctrl-C here ends")
        shown = demo.words
        assert re.search(r"Party A: 6 flights of 1 operators \(AAA 6", shown)
        assert re.search(r"Party B: 4 flights of 1 operators \(BBB 4", shown)
        assert "the exchange holds 10 intents and 10 subscriptions" in shown
        # Three pairs meet, one of them of the same party: of each, one flight is moved.
        assert re.search(r"accepted as wanted [3-6] [1-4] ", shown)
        assert re.search(r"refused, then accepted [1-3] [0-2] ", shown)
        assert re.search(r"stay on the ground 0 0 ", shown)
        assert "No two of the accepted flights meet" in shown
        assert "Each of the 3 refusals was right" in shown
        assert "2 conflicts between Party A and Party B, if all had been filed" in shown
        assert "Before 2 conflicts between Party A and Party B, after none." in shown
        assert "flights changed: 3" in shown
        # In the table, the other flight stands below one's own.
        for number in (1, 2):
            assert re.search(rf"AAA{number} .*\n *BBB{number} \(Party B\)", demo.out)
        assert not re.search("AAA3 |BBB3 ", demo.out)
        page = (out / "report.html").read_text()
        data = json.loads(page.split('id="data">', 1)[1].split("</script>", 1)[0])
        assert data["after"]
        assert len(data["conflicts"]) == 2
        assert sum(each["after"] is not None for each in data["flights"]) == 3
        assert all(each["after"]["encounters"] == [] for each in data["conflicts"])
        assert {"en": "flights changed", "fr": "vols modifiés"} in [f[0] for f in data["figures"]]
        # One conflict is real closeness: a warning, which is answered; both are acknowledged.
        assert "all of 2 conflicts" in shown
        assert "is killed (SIGKILL)" in shown
        assert "3 messages, " in shown
        assert re.search(r"Party [AB] → [AB] 0 0 0 \d+ [01] up", shown)
        assert "The place read back lies 11.1 km south of the place in the message." in shown
        assert re.search(r"Party [AB] states: my own node was away", shown)
        assert re.search(r"Party [AB] states: Party [AB] was not heard \(down there\)", shown)
        assert "under four eyes: duty asks, chief sees the same and agrees" in shown
        assert "grade bilateral the outage is in it, stated by Party A in entry" in shown
        assert "detente verify: proven, grade bilateral" in shown
        assert "securesystemslib (Python): " in shown
        assert "refused by detente verify" in shown
        assert "A message is not the one that stands in the record at its place." in shown
        # The day's flights are held against borders, too.
        assert "The day's crossings in day.json.gz by country-coder" in shown
        assert (out / "watch-day.html").stat().st_size > 50_000

        # Exchange and nodes run on, and the commands work that it tells.
        left = demo.started()
        assert len(left) == 3
        for party in ("a", "b"):
            session = {"DETENTE_NODE_SESSION": str(out / f"party-{party}" / "session-duty.json")}
            told = next(line for line in demo.out.splitlines() if f"party-{party}/session-" in line)
            assert told.split()[1:] == ["detente", "line"]
            listed = await detente(
                "line", "inbox", "--status", "exercise", "--json", variables=session
            )
            assert listed.code == 0, listed
            assert len(json.loads(listed.out)["messages"]) == 3
            assert (await detente("node", "status", out / f"party-{party}" / "node")).code == 0
        assert await demo.end(signal.SIGINT) == 0
        assert gone(left)
        assert "ended" in demo.out

    # What is left can be checked by anybody.
    assert (await detente("log", "verify", "--data", out / "exchange")).code == 0
    assert (await detente("verify", out / "bundle.zip")).code == 0
    assert (await detente("verify", out / "forged.zip")).code == 1
    assert "<script" in (out / "verify.html").read_text()
    for party in ("a", "b"):
        record = out / f"party-{party}" / "node"
        assert (await detente("record", "verify", record)).code == 0
        kinds = {}
        for kind in ("message", "read-back", "acknowledgement", "outage"):
            found = await detente("record", "search", record, "--kind", kind, "--json")
            kinds[kind] = [json.loads(line) for line in found.out.splitlines()]
        forms = sorted(each["body"]["form"] for each in kinds["message"])
        assert forms == ["activity-notice", "reply", "warning"]
        assert {each["status"] for each in kinds["message"]} == {"exercise"}
        assert len(kinds["read-back"]) == 2
        assert len(kinds["acknowledgement"]) == 3
        assert {each["from"] for each in kinds["outage"]} == {"a", "b"}
        # With the warning goes what the other had told, as the bytes that it had sent.
        [warning] = [each for each in kinds["message"] if each["body"]["form"] == "warning"]
        [sha256] = warning["blobs"]
        details = json.loads((record / "blobs" / sha256[:2] / sha256).read_bytes())
        details = details.get("operational_intent", details)
        assert details["details"]["volumes"]


@pytest.mark.slow
@pytest.mark.anyio
async def test_whoever_stops_it_leaves_nothing_running(tmp_path: Path, day: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".detente-demo").touch()
    (out / "of an earlier run").touch()
    async with running("--flights", day, "--out", out, "--most", "2") as demo:
        await demo.until("6  The exchange's log")
        assert "1 conflicts between" in demo.words
        assert not (out / "of an earlier run").exists()
        nodes = demo.started()
        assert len(nodes) == 3
        assert await demo.end(signal.SIGTERM) == 130
        assert gone(nodes)
        assert "Traceback" not in demo.out


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


def planner(*placed: Placed) -> Planner:
    """Somebody who has planned these."""
    made = Planner(Signatory("a", "Party A", Path()), cast(Session, None))
    made.placed = {each.wanted.flight_id: each for each in placed}
    return made


def test_what_was_accepted_must_not_meet() -> None:
    one, other = flight("a", "A", straight()), flight("b", "B", straight())
    later = flight("b", "B", straight(start_s=3600))
    taken = Taken("later", Words("Later.", "Plus tard."), 3600.0, 0.0, 0.0, 0.0)
    met = {"a": Met("a", "a", "")}
    moved = Placed(other, later, taken, 2, met)
    found = judge([planner(Placed(one, one)), planner(moved)], 1.0)
    assert (found.rightly, len(found.changes)) == (1, 1)
    assert found.kinds() == {"later": 1}
    with pytest.raises(PlanningFailed, match="1 pairs of accepted flights meet"):
        judge([planner(Placed(one, one), Placed(other, other))], 1.0)


def test_a_refusal_must_be_right() -> None:
    one = flight("a", "A", straight())
    far = flight("b", "B", straight(start_s=3600))
    grounded = Placed(far, None, None, 1, {"a": Met("a", "a", "")})
    with pytest.raises(PlanningFailed, match="b was refused because of a, which it does not meet"):
        judge([planner(Placed(one, one), grounded)], 1.0)
    grounded.met.clear()
    assert judge([planner(Placed(one, one), grounded)], 1.0).changes[0].after is None


def test_what_it_cost_is_added_up() -> None:
    words = Words("x", "x")
    one = flight("a", "A", straight())
    placed = [
        Placed(flight("b", "B", straight(50)), flight("b", "B", straight(50)), taken, 2)
        for taken in (
            Taken("later", words, 90.0, 0.0, 0.0, 0.0),
            Taken("around", words, 30.0, 0.0, 0.0, 18_520.0),
            Taken("lower", words, -60.0, -100.0, 1852.0, -5.0),
        )
    ]
    every = {str(i): each for i, each in enumerate([*placed, Placed(one, None)])}
    told = {name.en: value.en for name, value in costs(Result(every, check([], []), 0, 1.0))}
    assert told == {
        "flights changed": "3",
        "delay in all": "2.0 min",
        "longest delay": "1.5 min",
        "earlier in all": "1.0 min",
        "change of height, mean": "100 m",
        "farthest to one side": "1.0 NM",
        "longer way in all": "10.0 NM",
        "on the ground": "1",
    }
