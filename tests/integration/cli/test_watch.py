"""`detente watch` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.support.program import Finished, detente
from tests.support.watched import flight

from detente.feeds import Reports, frame_of

pytestmark = pytest.mark.xdist_group("watch-command")


def over_geneva(aircraft: str = "4b1234") -> Reports:
    """From France over the lake and Switzerland to Italy, straight east at 200 m/s."""
    points = [(10.0 * i, 46.35, 5.0 + 0.026 * i) for i in range(150)]
    return flight(points, aircraft=aircraft, speed_m_s=200.0, track_deg=90.0, altitude_m=9000.0)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "tracks.parquet"
    frame_of(over_geneva()).write_parquet(path)
    return path


async def watch(tmp_path: Path, *arguments: str | Path) -> Finished:
    return await detente(
        "watch",
        *arguments,
        "--work",
        tmp_path / "work",
        cwd=tmp_path,
        variables={"DETENTE_BOUNDARIES": str(tmp_path / "boundaries")},
    )


@pytest.mark.anyio
async def test_crossings_are_found_written_and_counted(tmp_path: Path, archive: Path) -> None:
    out, page = tmp_path / "events.parquet", tmp_path / "page.html"
    told = await watch(tmp_path, archive, "--out", out, "--report", page, "--json", "--jobs", "2")
    assert told.code == 1, told.err
    summary = json.loads(told.out)
    frame = pl.read_parquet(out)
    assert summary["events"] == frame.height
    assert {"CH", "FR"} <= set(frame["claimant"].to_list())
    assert summary["reports"] == 150
    assert summary["files"][0]["path"] == str(archive)
    assert summary["sources"][0]["id"] == "country-coder"
    html = page.read_text("utf-8")
    assert summary["files"][0]["sha256"] in html
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert list((tmp_path / "work").iterdir()) == []


FEEDS = """
[asterix]
day = 2026-05-01
[[asterix.sites]]
lat_deg = 46.5
lng_deg = 6.5
height_m = 500.0
sac = 25
sic = 2
"""


@pytest.mark.anyio
async def test_a_radar_whose_site_is_told_sees_who_crosses(tmp_path: Path) -> None:
    from tests.support.radar_sight import capture  # libasterix takes a second to come

    track = [(5.0 + 0.026 * i, 46.35, 9144.0) for i in range(150)]
    recording, out = tmp_path / "radar.ast", tmp_path / "events.parquet"
    recording.write_bytes(capture((6.5, 46.5, 500.0), track, tod_s=43_200.0, every_s=10.0))
    (tmp_path / "feeds.toml").write_text(FEEDS)

    blind = await watch(tmp_path, recording, "--json")
    assert blind.code == 0
    assert json.loads(blind.out)["reports"] == 0
    page = tmp_path / "page.html"
    explained = await watch(tmp_path, recording, "--report", page)
    assert "No position could be used, so nothing was looked at." in explained.out
    assert "Nothing was found." not in explained.out
    assert "radar sites: --feeds FILE" in explained.out
    assert '"looked":false' in page.read_text("utf-8")
    assert "Not used: no-site 150." in page.read_text("utf-8")

    told = await watch(tmp_path, recording, "--feeds", "feeds.toml", "--out", out, "--json")
    assert told.code == 1, told.err
    assert json.loads(told.out)["reports"] == 150
    frame = pl.read_parquet(out)
    assert {"CH", "FR"} <= set(frame["claimant"].to_list())
    assert {str(each.date()) for each in frame["began"]} == {"2026-05-01"}

    wrong = await watch(tmp_path, recording, "--feeds", tmp_path / "none.toml")
    assert wrong.code == 2
    assert "none.toml" in wrong.err
    assert "feeds.settings" in wrong.err


@pytest.mark.anyio
async def test_people_read_what_was_found_in_their_language(tmp_path: Path, archive: Path) -> None:
    english = await watch(tmp_path, archive)
    french = await watch(tmp_path, archive, "--language", "fr")
    assert english.code == french.code == 1
    assert "crossing" in english.out
    assert "franchissement" in french.out
    assert "country-coder contributors" in english.out


@pytest.mark.anyio
async def test_nothing_found_is_exit_code_0(tmp_path: Path, archive: Path) -> None:
    told = await watch(tmp_path, archive, "--no-boundaries")
    assert told.code == 0
    assert "Nothing was found." in told.out


@pytest.mark.anyio
async def test_who_leaves_its_volumes_or_comes_near_is_found(tmp_path: Path, archive: Path) -> None:
    plan = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[4.9, 46.2], [5.3, 46.2], [5.3, 46.5], [4.9, 46.5], [4.9, 46.2]]
                    ],
                },
                "properties": {
                    "flight_id": "east",
                    "aircraft": "4b1234",
                    "altitude_lower": {"value": 8000, "units": "M", "reference": "W84"},
                    "altitude_upper": {"value": 10000, "units": "M", "reference": "W84"},
                    "time_start": "2023-11-14T22:00:00Z",
                    "time_end": "2023-11-14T23:30:00Z",
                },
            }
        ],
    }
    (tmp_path / "plan.geojson").write_text(json.dumps(plan))
    (tmp_path / "rules.toml").write_text(
        '[[aircraft]]\naircraft = "4b*"\nparty = "Party A"\n'
        '[[aircraft]]\naircraft = "3c*"\nparty = "Party B"\n[separation]\n'
    )
    frame_of(over_geneva("3c0001")).write_parquet(tmp_path / "other.parquet")
    told = await watch(
        tmp_path,
        archive,
        tmp_path / "other.parquet",
        "--no-boundaries",
        "--volumes",
        tmp_path / "plan.geojson",
        "--rules",
        tmp_path / "rules.toml",
        "--json",
    )
    assert told.code == 1, told.err
    kinds = {each["kind"] for each in json.loads(told.out)["counts"]}
    assert kinds == {"outside-volumes", "approach"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["missing.parquet"], "watch.archive"),
        (["tracks.parquet", "--out", "events.xls"], "watch.output"),
        (["tracks.parquet", "--rules", "bad.toml"], "watch.rules"),
        (["tracks.parquet", "--boundaries", "nowhere"], "boundary.unknown"),
        (["noise.bin"], "feeds.format"),
    ],
)
async def test_bad_input_is_told_with_its_code(
    tmp_path: Path, archive: Path, arguments: list[str], code: str
) -> None:
    (tmp_path / "bad.toml").write_text("[crossing]\nnothing_like_that = 1\n")
    (tmp_path / "noise.bin").write_bytes(bytes(range(7, 200)))
    told = await watch(tmp_path, *arguments)
    assert told.code == 2
    assert f"code:   {code}" in told.err
