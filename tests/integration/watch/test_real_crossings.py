"""Crossings in recorded flights: the Tour de France in Spain, a spoofed airliner, a Swiss day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from pyproj import Geod, Proj
from tests.support.samples import sample
from tests.support.watched import T0_US, flight, watched

from detente.boundaries import (
    BoundarySet,
    BoundarySource,
    BoundaryStore,
    Depth,
    load_boundaries,
)
from detente.feeds import Reports, read_reports
from detente.watch import (
    Claim,
    CrossingMonitor,
    CrossingRules,
    Event,
    Grade,
    Jumps,
    Tracks,
    annotated,
    judge_claim,
)

GEOD = Geod(ellps="WGS84")
UTM = Proj(proj="utm", zone=37, ellps="WGS84")
RULES = CrossingRules(look_ahead_s=0.0, provisional=False)
STORE = BoundaryStore(Path(__file__).parents[3] / ".cache/boundaries")
S = 1_000_000


@cache
def exact(*states: str) -> BoundarySet:
    if "maritime-10m" not in STORE.names():
        pytest.skip("maritime-10m: scripts/boundaries.sh was not run")
    return load_boundaries([f"maritime-10m:{','.join(states)}"], store=STORE)


@cache
def coarse(*states: str) -> BoundarySet:
    return load_boundaries([f"country-coder:{','.join(states)}"])


@cache
def surveyed(*states: str) -> BoundarySet:
    """The coarse lines, as if somebody had surveyed them to 20 m."""
    source = BoundarySource("surveyed", "Surveyed", "1", "ISC", "0" * 64, 20.0, "for a test")
    return BoundarySet.build(
        [
            replace(each, source=source, uncertainty_m=20.0, open_uncertainty_m=20.0)
            for each in coarse(*states).boundaries
        ]
    )


@cache
def loaded(source: str) -> BoundarySet:
    if source != "country-coder" and source not in STORE.names():
        pytest.skip(f"{source}: scripts/boundaries.sh was not run")
    return load_boundaries([f"{source}:TR"], store=STORE)


@cache
def recorded(name: str) -> Sequence[Reports]:
    return list(read_reports(sample(name)))


def crossings(name: str, boundaries: BoundarySet) -> list[Event]:
    return list(watched(CrossingMonitor(boundaries, RULES), recorded(name)).values())


def into(claimant: str, events: Sequence[Event]) -> list[Event]:
    found = [each for each in events if each.claimant == claimant and each.entry is not None]
    return sorted(found, key=lambda each: each.began_us)


class TestTourDeFrance:
    """Aircraft that relayed its pictures went into Spain for seconds on 5 September 2020."""

    NAME = "tv_relay/tour_de_france.json.gz"

    def test_found_with_depth_duration_and_how_sure(self) -> None:
        spain = into("ES", crossings(self.NAME, exact("ES", "FR")))
        assert [each.grade for each in spain] == [
            Grade.SHOWN, Grade.CANNOT_BE_TOLD, Grade.SHOWN, Grade.SHOWN,
        ]  # fmt: skip
        figures = [
            (each.duration_s.value, each.depth_nearest_m.value)
            for each in spain
            if each.duration_s is not None and each.depth_nearest_m is not None
        ]
        expected = [(25, 637), (5, 143), (25, 901), (20, 674)]
        for (seconds, metres), (about_s, about_m) in zip(figures, expected, strict=True):
            # what was measured with positions every 5 s and another cut of the same border
            assert abs(seconds - about_s) <= 5
            assert abs(metres - about_m) <= 50
        for each in spain:
            assert each.basis == "assumed"
            assert each.depth_nearest_m is not None
            assert each.depth_nearest_m.low < each.depth_nearest_m.value
        assert [spain[1].grounds[0].code] == ["within-uncertainty"]

    def test_a_coarse_border_may_not_judge_them(self) -> None:
        spain = into("ES", crossings(self.NAME, coarse("ES", "FR")))
        assert len(spain) == 3
        for each in spain:
            assert each.grade is Grade.CANNOT_BE_TOLD
            assert each.grounds[0].code == "boundary-too-uncertain"

    def test_the_same_line_surveyed_shows_them(self) -> None:
        spain = into("ES", crossings(self.NAME, surveyed("ES", "FR")))
        assert [each.grade for each in spain] == [Grade.SHOWN] * 3

    def test_each_entry_into_spain_leaves_france(self) -> None:
        events = crossings(self.NAME, exact("ES", "FR"))
        france = [each.exit.time_us for each in events if each.claimant == "FR" and each.exit]
        for each in into("ES", events):
            assert min(abs(each.began_us - left) for left in france) < 2 * S

    def test_a_claim_against_them(self) -> None:
        boundaries = surveyed("ES", "FR")
        spain = boundaries.find("country-coder/ES")
        (first, *_) = into("ES", crossings(self.NAME, boundaries))
        assert first.ended_us is not None
        (whole,) = recorded(self.NAME)
        number = whole.identities.index(first.aircraft)
        near = abs(whole.time_us - first.began_us) < 600 * S
        track = whole.take((whole.aircraft == number) & near)
        was_in = Claim(first.began_us, first.ended_us, 100.0)
        assert judge_claim(track, boundaries, spain, was_in).grade is Grade.SHOWN
        deeper = Claim(first.began_us, first.ended_us, 2_000.0)
        assert judge_claim(track, boundaries, spain, deeper).grade is Grade.REFUTED


class TestSpoofed:
    """An airliner of 17 September 2024 that was over Lviv, said its receiver, at 50 knots."""

    NAME = "noisy/noisy_spoofing.json.gz"

    def test_nothing_near_what_cannot_be_true_is_shown(self) -> None:
        events = crossings(self.NAME, surveyed("RO", "PL", "UA", "HU", "SK"))
        assert {each.claimant for each in events} >= {"RO", "PL"}
        for each in events:
            assert each.grade is Grade.CANNOT_BE_TOLD
            assert each.grounds[0].code == "positions-inconsistent"

    def test_what_was_flown_an_hour_before_stands(self) -> None:
        events = into("BG", crossings(self.NAME, surveyed("BG")))
        assert Grade.SHOWN in {each.grade for each in events}


class TestSwissDay:
    NAME = "collections/switzerland.json.gz"

    def test_a_clean_day_is_not_called_into_question(self) -> None:
        tracks, jumps = Tracks(), Jumps()
        for each in recorded(self.NAME):
            jumps.take(tracks.take(each))
        events = annotated(crossings(self.NAME, coarse("CH", "FR", "DE", "IT", "AT")), jumps)
        shown = [each for each in events if each.grade is Grade.SHOWN]
        assert len(events) > 4_000
        assert len(shown) > 0.7 * len(events)


class TestSalientOf2015:
    """The way through the salient of Yayladagi, 1.36 statute miles north of its tip."""

    @pytest.mark.parametrize(
        ("source", "tip", "chord_m"),
        [
            ("country-coder", (35.80925, 36.1623), 2_252.0),
            ("maritime-10m", (35.80768, 36.15394), 2_797.0),
            ("natural-earth", (35.82035, 36.13896), 5_148.0),
        ],
    )
    def test_its_width_depends_on_border_data(
        self, source: str, tip: tuple[float, float], chord_m: float
    ) -> None:
        event = self.across(source, tip)
        assert event.depth_chord_m is not None
        assert abs(event.depth_chord_m.value - chord_m) < 50
        assert event.depth_nearest_m is not None
        assert event.depth_nearest_m.value < event.depth_chord_m.value / 2 + 10

    def test_a_verdict_on_its_length_depends_on_border_data(self) -> None:
        # 1.15 miles, read as statute ones, between the widths that the sources have
        verdicts = []
        for source, tip in (
            ("country-coder", (35.80925, 36.1623)), ("natural-earth", (35.82035, 36.13896)),
        ):  # fmt: skip
            boundaries = loaded(source)
            turkey = boundaries.find(f"{source}/TR")
            said = Claim(T0_US, T0_US + 120 * S, 1.15 * 1609.344, Depth.CHORD)
            verdicts.append(judge_claim(self.flown(tip), boundaries, turkey, said))
        assert verdicts[1].grounds[0].code == "boundary-does-not-judge"
        assert {each.grade for each in verdicts} == {Grade.CANNOT_BE_TOLD}

    def flown(self, tip: tuple[float, float]) -> Reports:
        """Eastwards in the grid of UTM 37 N at 960 km/h, 1.36 statute miles north of the tip."""
        x, y = UTM(tip[1], tip[0])
        y += 1.36 * 1609.344
        return flight(
            [
                (float(t), *reversed(UTM(x - 8_000 + t * 16_000 / 60, y, inverse=True)))
                for t in range(61)
            ]
        )

    def across(self, source: str, tip: tuple[float, float]) -> Event:
        boundaries = loaded(source)
        events = watched(CrossingMonitor(boundaries, RULES), [self.flown(tip)]).values()
        # the one over the salient, not what lies east and west of it
        (event,) = (
            each
            for each in events
            if each.entry and each.exit and each.entry.lng_deg < tip[1] < each.exit.lng_deg
        )
        return event
