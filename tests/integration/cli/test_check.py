"""`detente check` as a user runs it: against files, and against an exchange and its USSs."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.instance import (
    HOST,
    Connection,
    Instance,
    intent_body,
    key_pair,
    running,
    uuid4_of,
)
from tests.support.peer import Peer
from tests.support.program import Finished, detente

OIR = "/dss/v1/operational_intent_references"
EXAMPLES = Path(__file__).parents[3] / "examples"

pytestmark = pytest.mark.anyio


def instant(instant_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant_s))


def plan(path: Path, lat_deg: float, start_s: int, **more: Any) -> Path:
    """One flight: a disc of 200 m at a place, from 50 m to 300 m, for ten minutes."""
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [7.0, lat_deg]},
        "properties": {
            "flight_id": "mine",
            "name": "Mine",
            "radius_m": 200,
            "altitude_lower": {"value": 50, "units": "M", "reference": "W84"},
            "altitude_upper": {"value": 300, "units": "M", "reference": "W84"},
            "time_start": instant(start_s),
            "time_end": instant(start_s + 600),
            **more,
        },
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


class World:
    """An exchange, a peer that has announced intents there, and the command to be tried."""

    def __init__(self, directory: Path, instance: Instance, peer: Peer, http: Connection) -> None:
        self.directory = directory
        self.instance = instance
        self.peer = peer
        self.start_s = int(time.time()) + 3600
        self._http = http
        self._count = 0

    def disc(self, lat_deg: float, base_url: str | None = None) -> dict[str, Any]:
        """An intent: 100 m around a place, from the ground to 120 m, for an hour."""
        return intent_body(
            lat_deg,
            7.0,
            start_s=self.start_s,
            end_s=self.start_s + 3600,
            base_url=base_url or self.peer.base_url,
        )

    async def announce(
        self, body: dict[str, Any], *, sub: str = "uss_b"
    ) -> tuple[dict[str, Any], list[Any]]:
        """Announce an intent; gives the reference with its OVN, and its volumes."""
        self._count += 1
        path = f"{OIR}/{uuid4_of(self._count)}"
        answer = await self._http.call("PUT", path, body, sub=sub)
        assert answer.status == 201, answer
        return answer.body["operational_intent_reference"], body["extents"]

    async def check(self, path: Path, *more: str) -> Finished:
        """What a user types; the token is for whatever host and scope the command asks for."""
        token = [sys.executable, "-m", "detente", "token", "--key", self.directory / "dev.key"]
        return await detente(
            *("check", path, "--exchange", f"http://{HOST}:{self.instance.port}"),
            *("--token-command", shlex.join([*map(str, token), "--sub", "uss_me"])),
            *("--format", "json", *more),
            cwd=self.directory,
        )


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    (directory / "dev.key").write_bytes(key_pair()[0])
    storage = ["--data", str(directory / "data"), "--allow-http-uss-urls"]
    async with (
        Peer().up(directory) as peer,
        running(directory, storage) as instance,
        instance.connection() as http,
    ):
        yield World(directory, instance, peer, http)


async def test_a_conflict_with_what_others_have_announced(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        theirs, volumes = await w.announce(w.disc(46.002))
        w.peer.tells(theirs, volumes, priority=3)
        # Relevant by its bounds, above the other one, but one half lies before and one behind.
        around = w.disc(46.01)
        around["extents"] += w.disc(45.99)["extents"]
        for extent in around["extents"]:
            extent["volume"]["altitude_lower"]["value"] = 200
            extent["volume"]["altitude_upper"]["value"] = 250
        near, near_volumes = await w.announce(around)
        w.peer.tells(near, near_volumes)
        mine = plan(tmp_path / "mine.geojson", 46.0, w.start_s + 600)
        done = await w.check(mine, "--allow-http-uss-urls", "--report", "report.html")
        assert done.code == 1, done
        found = json.loads(done.out)
        assert found["summary"] == {"conflicts": 1, "closeness": 0, "width": 0, "unknown": 1}
        [conflict] = found["conflicts"]
        assert conflict["own"]["flight_id"] == "mine"
        assert conflict["other"] == {
            "flight_id": theirs["id"],
            "name": theirs["id"],
            "party": "uss_b",
            "priority": 3,
        }
        assert conflict["time_start"] == instant(w.start_s + 600)
        assert conflict["time_end"] == instant(w.start_s + 1200)
        assert (conflict["altitude_lower_m"], conflict["altitude_upper_m"]) == (50, 120)
        assert 46.0 < conflict["latitude_deg"] < 46.002
        assert conflict["longitude_deg"] == pytest.approx(7.0, abs=0.003)
        assert conflict["closest"] is None
        assert "is not known" in conflict["reason"]["en"]
        assert (tmp_path / "report.html").read_text().count("uss_b") > 0
        assert "report: report.html" in done.err
        assert sorted(w.peer.asked) == [("uss_me", theirs["id"]), ("uss_me", near["id"])]
        # What one has announced oneself is no conflict.
        w.peer.asked.clear()
        done = await w.check(mine, "--allow-http-uss-urls", "--own-manager", "uss_b")
        assert (done.code, w.peer.asked) == (0, [])
        assert json.loads(done.out)["conflicts"] == []
        # At another time, nothing.
        later = plan(tmp_path / "later.geojson", 46.0, w.start_s + 7200)
        done = await w.check(later, "--allow-http-uss-urls")
        assert (done.code, w.peer.asked) == (0, [])


@asynccontextmanager
async def dripping() -> AsyncIterator[str]:
    """A server that sends its answer a byte at a time, for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.5)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.slow
async def test_a_peer_that_lies_or_is_silent_is_told_of_and_no_all_clear_given(
    tmp_path: Path,
) -> None:
    async with dripping() as drops, world(tmp_path) as w:
        announced: dict[str, tuple[dict[str, Any], list[Any]]] = {}
        spaced = 0.0045  # degrees, so that none is relevant to another

        async def at(
            number: int, name: str, base_url: str | None = None
        ) -> tuple[dict[str, Any], list[Any]]:
            disc = w.disc(46.0 + number * spaced, base_url)
            announced[name] = await w.announce(disc, sub=name)
            return announced[name]

        await at(0, "uss_unknowing")
        reference, volumes = await at(1, "uss_other")
        w.peer.tells({**reference, "id": uuid4_of(999)}, volumes)
        w.peer.intents[reference["id"]] = w.peer.intents.pop(uuid4_of(999))
        reference, volumes = await at(2, "uss_thief")
        w.peer.tells({**reference, "manager": "uss_me"}, volumes)
        reference, volumes = await at(3, "uss_empty")
        w.peer.tells(reference, [])
        reference, volumes = await at(4, "uss_nonsense")
        w.peer.intents[reference["id"]] = ["nonsense"]
        reference, volumes = await at(5, "uss_old")
        w.peer.tells({**reference, "version": 0}, volumes)
        reference, volumes = await at(6, "uss_silent")
        w.peer.intents[reference["id"]] = w.peer.silent
        reference, volumes = await at(7, "uss_planet")
        volumes[0]["volume"]["outline_circle"]["radius"]["value"] = 8_000_000
        w.peer.tells(reference, volumes)
        await at(8, "uss_nobody", base_url="http://127.0.0.1:9")
        await at(9, "uss_hostile", base_url="https://xn--/")
        await at(10, "uss_dripping", base_url=drops)
        whole = plan(
            tmp_path / "mine.geojson", 46.0 + 5 * spaced, w.start_s, radius_m=10 * spaced * 111_000
        )
        done = await w.check(whole, "--allow-http-uss-urls")
        assert done.code == 2, done
        assert "Traceback" not in done.err
        assert json.loads(done.out)["conflicts"] == []
        told = [line for line in done.err.splitlines() if line.startswith("not compared: ")]
        reasons = {
            "uss_unknowing": "answered 404",
            "uss_other": "its USS answered for another one",
            "uss_thief": "its USS answered for another one",
            "uss_empty": "at least one volume is needed",
            "uss_nonsense": "the answer is no GetOperationalIntentDetailsResponse",
            "uss_old": "its USS answered with what it was before",
            "uss_silent": "no answer: ReadTimeout",
            "uss_planet": "volumes",
            "uss_nobody": "no answer: ",
            "uss_hostile": "no answer: ",
            "uss_dripping": "no whole answer within 15 s",
        }
        assert len(told) == len(reasons) == len(announced)
        for name, reason in reasons.items():
            [line] = [line for line in told if f" of {name} is unknown" in line]
            assert announced[name][0]["id"] in line
            assert reason in line
        assumptions = json.loads(done.out)["assumptions"]
        assert sum(text.startswith("Not compared: intent") for text in assumptions) == len(told)
        # Beside those that are silent, a conflict that is known is still told, as what it is.
        reference, volumes = announced["uss_unknowing"]
        w.peer.tells(reference, volumes)
        small = plan(tmp_path / "small.geojson", 46.0, w.start_s, radius_m=1000)
        done = await w.check(small, "--allow-http-uss-urls")
        assert done.code == 1
        assert [c["other"]["party"] for c in json.loads(done.out)["conflicts"]] == ["uss_unknowing"]
        assert "not compared: intent" in done.err
        # Without the switch for tests nobody is asked over http.
        w.peer.asked.clear()
        done = await w.check(small)
        assert done.code == 2
        assert "is not https" in done.err
        assert w.peer.asked == []


async def test_an_exchange_that_cannot_be_asked_is_an_error(tmp_path: Path) -> None:
    mine = plan(tmp_path / "mine.geojson", 46.0, int(time.time()))

    async def ended(*more: str) -> Finished:
        done = await detente("check", mine, *more, cwd=tmp_path)
        assert done.code == 2, done
        assert "Traceback" not in done.err
        return done

    nobody = "http://127.0.0.1:9"
    assert "needs --token-command" in (await ended("--exchange", nobody)).err
    for command, said in (
        ("echo token", "no answer"),
        ("false", "it ended with 1 and printed no token"),
        ("absent-program", "it cannot be run"),
        ("'", "it cannot be read: No closing quotation."),
    ):
        done = await ended("--exchange", nobody, "--token-command", command)
        assert said in done.err, (command, done)


async def test_plans_are_compared_with_each_other(tmp_path: Path) -> None:
    a, b = EXAMPLES / "party-a.geojson", EXAMPLES / "party-b.geojson"
    done = await detente(
        *("check", a, "--against", b, "--format", "geojson"),
        *("--report", tmp_path / "out" / "report.html"),
    )
    assert done.code == 1
    collection = json.loads(done.out)
    assert collection["type"] == "FeatureCollection"
    assert {"survey-1", "medic-3"} <= set(json.dumps(collection).replace('"', " ").split())
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.startswith("<!DOCTYPE html>") or page.startswith("<!doctype html>")
    assert "Bridge survey" in page
    table = await detente("check", a, "--against", b, variables={"COLUMNS": "200"})
    assert table.code == 1
    for text in ("Bridge survey", "Blood transport", "Party B", "396–457", "09:18:00", "09:22:00"):
        assert text in table.out
    assert "1 conflict; 2 flights compared with 2 others." in table.out
    alone = await detente("check", a, "--format", "json")
    assert alone.code == 0
    assert json.loads(alone.out)["summary"]["conflicts"] == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time_end": "2026-05-01"}, ["features[0]", "time_end"]),
        ({"radius_m": -5}, ["features[0]", "radius_m"]),
        ({"altitude_upper": {"value": 3, "units": "FL"}}, ["features[0]", "altitude_upper"]),
    ],
)
async def test_a_bad_plan_is_named_by_feature_and_field(
    tmp_path: Path, changes: dict[str, Any], said: Sequence[str]
) -> None:
    path = plan(tmp_path / "bad.geojson", 46.0, int(time.time()), **changes)
    done = await detente("check", path)
    assert done.code == 2
    assert "error: " in done.err
    assert "bad.geojson" in done.err
    for text in said:
        assert text in done.err, done.err
    assert done.out == ""


async def test_a_report_that_cannot_be_written_is_no_conflict(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    mine = plan(tmp_path / "mine.geojson", 46.0, int(time.time()))
    done = await detente("check", mine, "--report", tmp_path / "file" / "report.html")
    assert done.code == 2
    assert "cli.report_not_written" in done.err
    assert "Traceback" not in done.err
