"""By which rules an archive is watched: files that say it, and faults that name their place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.support.archives_made import SETUP, in_time, wandering

from detente.watch import RulesUnusable, read_rules

DOCS = Path(__file__).parents[3] / "docs"


def file(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_archives_are_looked_at_afterwards() -> None:
    setup = read_rules()
    assert setup.crossing.look_ahead_s == 0.0
    assert not setup.crossing.provisional
    assert setup.separation is None
    assert setup.stand_off is None


def test_alerts_wait_for_nobody(tmp_path: Path) -> None:
    usual = file(tmp_path / "1.toml", "[separation]\n")
    slower = file(tmp_path / "2.toml", "[separation]\nstep_s = 1.0\nlateness_s = 2.0\n")
    found = {
        name: (rules.step_s, rules.lateness_s, rules.look_ahead_s)
        for name, path, live in (
            ("live", usual, True),
            ("said", slower, True),
            ("after", usual, False),
        )
        if (rules := read_rules([path], live=live).separation) is not None
    }
    assert found == {"live": (0.1, 0.0, 120.0), "said": (1.0, 2.0, 120.0), "after": (5.0, 2.0, 0.0)}


def test_a_file_says_otherwise(tmp_path: Path) -> None:
    one = file(tmp_path / "1.toml", "[crossing]\nlook_ahead_s = 60.0\n[separation]\nstep_s = 1.0\n")
    two = file(tmp_path / "2.toml", '[[aircraft]]\naircraft = "4b*"\nparty = "Party A"\n')
    setup = read_rules([one, two])
    assert setup.crossing.look_ahead_s == 60.0
    assert setup.separation is not None
    assert setup.separation.step_s == 1.0
    assert setup.declarations.of("4b1234").party == "Party A"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[crossing]\nmerge = 1", "crossing"),
        ("[crossings]\n", "1.toml"),
        ("crossing = 5", "1.toml: crossing"),
        ('[separation]\nstep_s = "5"', "separation"),
        ("[[aircraft]]\nparty = 'A'", "1.toml: aircraft"),
        ("not toml", "1.toml"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(RulesUnusable) as caught:
        read_rules([file(tmp_path / "1.toml", text)])
    assert caught.value.where is not None
    assert caught.value.where.endswith(where)


def test_a_class_that_there_is_not_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    rules = file(tmp_path / "1.toml", '[[aircraft]]\naircraft = "4b*"\nclass = "transport"\n')
    with pytest.raises(RulesUnusable) as caught:
        read_rules([rules])
    assert "fixed-wing-unarmed" in str(caught.value.advice)


@pytest.mark.parametrize("page", ["watch.md", "watch-between.md", "watching-live.md"])
def test_rules_in_the_documentation_can_be_used_as_they_stand(tmp_path: Path, page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    blocks = [
        each for each in re.findall(r"```toml\n(.*?)```", text, re.S) if "[[aircraft]]" in each
    ]
    assert blocks
    for number, block in enumerate(blocks):
        read_rules([file(tmp_path / f"{number}.toml", block)])


def test_nothing_is_said_twice(tmp_path: Path) -> None:
    paths = [file(tmp_path / f"{n}.toml", "[crossing]\n") for n in (1, 2)]
    with pytest.raises(RulesUnusable, match="another file"):
        read_rules(paths)


def test_plans_name_the_aircraft_of_their_flights(tmp_path: Path) -> None:
    def feature(flight: str, **more: str) -> dict[str, object]:
        ring = [[4.9, 46.2], [5.3, 46.2], [5.3, 46.5], [4.9, 46.2]]
        height = {"units": "M", "reference": "W84"}
        return {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {
                "flight_id": flight,
                "altitude_lower": {"value": 100, **height},
                "altitude_upper": {"value": 200, **height},
                "time_start": "2026-05-01T09:00:00Z",
                "time_end": "2026-05-01T09:12:00Z",
                **more,
            },
        }

    def plan(*features: dict[str, object]) -> Path:
        document = {"type": "FeatureCollection", "features": list(features)}
        return file(tmp_path / "plan.geojson", json.dumps(document))

    path = plan(feature("one", aircraft="4b1234"), feature("one"), feature("4b9999"))
    found = {each.aircraft: each for each in read_rules(volumes=[path]).own_volumes}
    assert set(found) == {"4b1234", "4b9999"}
    assert len(found["4b1234"].volumes) == 2
    assert found["4b1234"].operation == "one"
    with pytest.raises(RulesUnusable, match="two aircraft"):
        read_rules(volumes=[plan(feature("one", aircraft="a"), feature("one", aircraft="b"))])


def test_a_snapshot_of_another_engine_is_refused() -> None:
    engine = SETUP.engine()
    engine.take(in_time(wandering(1, 2, 10)))
    kept = engine.snapshot()
    with pytest.raises(ValueError, match="monitors"):
        read_rules().engine().restore(kept)
    again = SETUP.engine()
    again.restore(kept)
    assert again.taken == engine.taken == 20
