"""Claims judged by tracks: shown, refuted, cannot be told."""

from tests.support.watched import PICTURE, T0_US, boundary, box, claimed, flight

from detente.boundaries import Depth
from detente.watch import Claim, Grade, judge_claim, over_sources

NORTH = boundary("A", box(46.0, 7.0, 47.0, 8.0))
PICTURED = boundary("A", box(46.0, 7.0, 47.0, 8.0), source=PICTURE)
SHIFTED = boundary("S", box(46.02, 7.0, 47.0, 8.0))
CLAIMS = claimed(NORTH, PICTURED, SHIFTED)
S = 1_000_000

# north at 0.001 degrees (111 m) a second from 45.97, turned at 46.03 after a minute
UP = [(float(t), 45.97 + 0.001 * t, 7.5) for t in range(61)]
TRACK = flight([*UP, *((120.0 - t, lat, lng) for t, lat, lng in reversed(UP[:-1]))])


def claim(begin: float, end: float, depth_m: float | None = None) -> Claim:
    return Claim(T0_US + round(begin * S), T0_US + round(end * S), depth_m)


class TestJudged:
    def test_inside_is_shown(self) -> None:
        verdict = judge_claim(TRACK, CLAIMS, NORTH, claim(50, 70))
        assert verdict.grade is Grade.SHOWN
        assert verdict.depth is not None
        assert abs(verdict.depth.value - 3_335) < 10
        assert len(verdict.events) == 1

    def test_outside_is_refuted(self) -> None:
        verdict = judge_claim(TRACK, CLAIMS, NORTH, claim(5, 15))
        assert verdict.grade is Grade.REFUTED
        assert verdict.grounds[0].code == "outside-beyond-uncertainty"
        assert verdict.depth is not None
        assert verdict.depth.high < 0

    def test_less_deep_is_refuted_deeper_is_shown(self) -> None:
        assert judge_claim(TRACK, CLAIMS, NORTH, claim(40, 80, 3_000)).grade is Grade.SHOWN
        less = judge_claim(TRACK, CLAIMS, NORTH, claim(40, 80, 4_000))
        assert less.grade is Grade.REFUTED
        assert less.grounds[0].code == "less-deep-than-claimed"

    def test_as_deep_as_uncertain_cannot_be_told(self) -> None:
        verdict = judge_claim(TRACK, CLAIMS, NORTH, claim(40, 80, 3_335))
        assert verdict.grade is Grade.CANNOT_BE_TOLD

    def test_when_nobody_saw_it_cannot_be_told(self) -> None:
        verdict = judge_claim(TRACK, CLAIMS, NORTH, claim(10_000, 10_017))
        assert verdict.grade is Grade.CANNOT_BE_TOLD
        assert verdict.grounds[0].code == "no-positions"
        assert verdict.depth is None

    def test_partly_seen_outside_cannot_be_told(self) -> None:
        verdict = judge_claim(TRACK, CLAIMS, NORTH, claim(110, 500))
        assert verdict.grade is Grade.CANNOT_BE_TOLD
        assert "not-covered" in [each.code for each in verdict.grounds]

    def test_a_picture_does_not_judge(self) -> None:
        verdict = judge_claim(TRACK, CLAIMS, PICTURED, claim(50, 70))
        assert verdict.grade is Grade.CANNOT_BE_TOLD

    def test_chord_is_another_depth(self) -> None:
        through = flight([(float(t), 45.99 + 0.001 * t, 7.5) for t in range(1_100)])
        small = boundary("C", box(46.0, 7.4, 46.02, 7.6))
        claims = claimed(small)
        nearest = Claim(T0_US, T0_US + 60 * S, 2_000.0)
        chord = Claim(T0_US, T0_US + 60 * S, 2_000.0, Depth.CHORD)
        assert judge_claim(through, claims, small, nearest).grade is Grade.REFUTED
        assert judge_claim(through, claims, small, chord).grade is Grade.SHOWN

    def test_faster_than_it_flew(self) -> None:
        track = flight(
            [(float(t), 45.97 + 0.001 * t, 7.5) for t in range(200)], speed_m_s=111.0, track_deg=0.0
        )
        said = Claim(T0_US + 35 * S, T0_US + 52 * S, 2_000.0, duration_s=17.0)
        verdict = judge_claim(track, CLAIMS, NORTH, said)
        assert "speed-impossible" in [each.code for each in verdict.grounds]


class TestSeveralSources:
    def test_it_depends_on_border_data(self) -> None:
        said = claim(50, 70, 2_000)
        one = judge_claim(TRACK, CLAIMS, NORTH, said)
        two = judge_claim(TRACK, CLAIMS, SHIFTED, said)
        assert {one.grade, two.grade} == {Grade.SHOWN, Grade.REFUTED}
        grade, grounds = over_sources([one, two])
        assert grade is Grade.CANNOT_BE_TOLD
        assert grounds[0].code == "depends-on-border-data"

    def test_a_picture_has_no_say(self) -> None:
        said = claim(50, 70)
        verdicts = [judge_claim(TRACK, CLAIMS, each, said) for each in (NORTH, PICTURED)]
        assert over_sources(verdicts)[0] is Grade.SHOWN
        assert over_sources(verdicts[1:])[0] is Grade.CANNOT_BE_TOLD
