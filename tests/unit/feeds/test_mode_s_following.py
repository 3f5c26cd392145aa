"""Mode S: what is known of an aircraft is joined with what it says; what cannot be is doubted."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support import squitters
from tests.support.squitters import airborne, extended, surface

from detente.feeds import Basis, Counts, Frames, ModeSReader, ModeSSettings, Reports, Source
from detente.feeds.modes import frames_of_hex

ICAO = 0x4840D6
S = 1_000_000
NM = 1852.0


class Receiver:
    """Frames one after another, half a second apart."""

    def __init__(self, settings: ModeSSettings | None = None) -> None:
        self.counts = Counts()
        self.reader = ModeSReader(Source("roof", "beast"), settings or ModeSSettings(), self.counts)
        self.now_us = 1_700_000_000 * S

    def hear(self, *frames: bytes, step_s: float = 0.5, mlat: bool = False) -> Reports:
        times = self.now_us + np.arange(1, len(frames) + 1) * round(step_s * S)
        self.now_us = int(times[-1])
        made = frames_of_hex([each.hex() for each in frames], times, times)
        flags = np.full(len(frames), mlat)
        return self.reader.take(
            Frames(made.octets, made.lengths, made.time_us, made.received_us, flags)
        )

    def fly(self, lat: float, lng: float, *, code: int = 11, step_s: float = 0.5) -> Reports:
        """An even and an odd half of one place."""
        return self.hear(
            *(extended(ICAO, airborne(lat, lng, odd, code=code)) for odd in (0, 1)), step_s=step_s
        )


def test_one_half_tells_nothing_and_two_tell_a_place() -> None:
    receiver = Receiver()
    assert not len(receiver.hear(extended(ICAO, airborne(47.4, 8.5, 0))))
    assert receiver.counts.dropped == {"unpaired": 1}
    reports = receiver.hear(extended(ICAO, airborne(47.4, 8.5, 1)))
    assert reports.lat_deg[0] == pytest.approx(47.4, abs=1e-4)
    assert reports.lng_deg[0] == pytest.approx(8.5, abs=1e-4)
    assert reports.identities == ("4840d6",)


def test_halves_that_are_too_old_are_not_paired() -> None:
    receiver = Receiver()
    assert len(receiver.fly(47.4, 8.5, step_s=10.0)) == 1
    receiver = Receiver()
    assert not len(receiver.fly(47.4, 8.5, step_s=10.001))


@pytest.mark.parametrize(("movement", "limit_s"), [(39 + 10, 50), (39 + 11, 25), (0, 25)])
def test_halves_on_the_ground_may_be_older_if_the_aircraft_is_slow(
    movement: int, limit_s: float
) -> None:
    for late_s, told in ((0.0, 1), (0.01, 0)):
        receiver = Receiver(ModeSSettings(receiver=(47.4, 8.5)))
        reports = receiver.hear(
            *(extended(ICAO, surface(47.45, 8.56, odd, movement=movement)) for odd in (0, 1)),
            step_s=limit_s + late_s,
        )
        assert len(reports) == told


def test_on_the_ground_the_first_place_needs_a_receiver_or_a_flight() -> None:
    ground = [extended(ICAO, surface(47.45, 8.56, odd)) for odd in (0, 1)]
    receiver = Receiver()
    assert not len(receiver.hear(*ground))
    assert receiver.counts.dropped == {"unpaired": 1, "no-reference": 1}
    receiver = Receiver(ModeSSettings(receiver=(46.0, 7.0)))
    reports = receiver.hear(*ground)
    assert reports.lng_deg[-1] == pytest.approx(8.56, abs=1e-4)
    assert reports.on_ground[-1] == 1
    receiver = Receiver()
    receiver.fly(47.44, 8.55)
    reports = receiver.hear(*ground)
    assert len(reports) == 2
    assert reports.lat_deg == pytest.approx([47.45, 47.45], abs=1e-4)
    assert reports.speed_m_s[0] == pytest.approx(5.5 * NM / 3600)
    assert reports.track_deg[0] == 90.0
    assert np.isnan(reports.pressure_m).all()


def test_one_half_is_enough_near_the_last_place() -> None:
    receiver = Receiver()
    receiver.fly(47.4, 8.5)
    reports = receiver.hear(extended(ICAO, airborne(47.6, 8.5, 1)), step_s=60)
    assert reports.lat_deg == pytest.approx([47.6], abs=1e-4)
    assert not len(receiver.hear(extended(ICAO, airborne(47.6, 8.5, 1)), step_s=181))


def test_what_could_not_be_flown_is_doubted_until_said_again() -> None:
    receiver = Receiver()
    receiver.fly(47.4, 8.5)
    assert not len(receiver.hear(extended(ICAO, airborne(48.4, 8.5, 0))))
    there = receiver.hear(*(extended(ICAO, airborne(48.4, 8.5, odd)) for odd in (1, 0, 1)))
    assert receiver.counts.dropped["unreasonable"] == 2
    assert there.lat_deg == pytest.approx([48.4, 48.4], abs=1e-4)


def test_a_lone_wrong_half_moves_nobody() -> None:
    receiver = Receiver()
    receiver.fly(47.4, 8.5)
    far = receiver.hear(extended(ICAO, airborne(47.4, 12.5, 0)))
    near = receiver.hear(extended(ICAO, airborne(47.4, 8.5, 0)), step_s=11)
    assert not len(far)
    assert near.lng_deg == pytest.approx([8.5], abs=1e-4)


def test_time_that_runs_back_pairs_nothing() -> None:
    receiver = Receiver()
    receiver.hear(extended(ICAO, airborne(47.4, 8.5, 0)))
    receiver.now_us -= 3 * S
    assert not len(receiver.hear(extended(ICAO, airborne(47.4, 8.5, 1))))


def test_velocity_and_callsign_are_joined_while_they_are_fresh() -> None:
    receiver = Receiver()
    receiver.hear(
        extended(ICAO, squitters.identification("DET12A")),
        extended(ICAO, squitters.velocity(300, -400, climb_64=-10, above_25=12)),
    )
    reports = receiver.fly(47.4, 8.5)
    assert reports.callsigns == ("DET12A",)
    assert reports.speed_m_s == pytest.approx([500 * NM / 3600])
    assert reports.track_deg == pytest.approx([143.1301], abs=1e-4)
    assert reports.climb_m_s == pytest.approx([-640 * 0.3048 / 60])
    assert reports.pressure_m == pytest.approx([35_000 * 0.3048])
    assert reports.altitude_m == pytest.approx([35_300 * 0.3048])
    later = receiver.hear(extended(ICAO, airborne(47.4, 8.5, 0)), step_s=5)
    assert np.isnan(later.speed_m_s).all()
    assert later.altitude_m == pytest.approx([35_300 * 0.3048])


def test_geometric_height_is_not_pressure_altitude() -> None:
    receiver = Receiver()
    receiver.hear(squitters.all_call(ICAO), squitters.reply(4, ICAO, squitters.q_code(10_000)))
    reports = receiver.fly(47.4, 8.5, code=20)
    assert reports.altitude_m == pytest.approx([35_000 * 0.3048])
    assert reports.pressure_m == pytest.approx([10_000 * 0.3048])


def test_replies_of_strangers_are_not_believed() -> None:
    receiver = Receiver()
    receiver.hear(squitters.reply(4, ICAO, squitters.q_code(10_000)))
    assert receiver.counts.dropped == {"unknown-address": 1}
    receiver.hear(squitters.all_call(ICAO))
    receiver.hear(squitters.reply(4, ICAO, squitters.q_code(10_000)))
    receiver.hear(squitters.reply(4, ICAO, squitters.q_code(10_000)), step_s=61)
    assert receiver.counts.dropped == {"unknown-address": 2}


@pytest.mark.parametrize(
    ("code", "said", "horizontal_m", "containment_m", "basis"),
    [
        (11, None, 0.05 * NM, 0.1 * NM, Basis.DERIVED),
        (9, None, 3.0, 7.5, Basis.DERIVED),
        (18, None, 10 * NM, None, Basis.DERIVED),
        (11, squitters.status(2, nac_p=9), 30.0, 0.1 * NM, Basis.STATED),
        (11, squitters.status(2, nac_p=10, nic_a=1), 10.0, 0.1 * NM, Basis.STATED),
        (13, squitters.status(2, nac_p=8, nic_a=1), 0.05 * NM, 0.6 * NM, Basis.STATED),
        (13, squitters.status(2, nac_p=8, nic_a=0), 0.05 * NM, 0.5 * NM, Basis.STATED),
        (16, squitters.status(1, nac_p=2, nic_a=1), 4 * NM, 4 * NM, Basis.STATED),
        (11, squitters.status(1, nac_p=9, nic_a=1), 30.0, 75.0, Basis.STATED),
        (18, squitters.status(2, nac_p=0), 10 * NM, None, Basis.STATED),
        (12, squitters.status(2, nac_p=15), 0.1 * NM, 0.2 * NM, Basis.DERIVED),
    ],
)
def test_accuracy_is_what_the_aircraft_states(
    code: int, said: str | None, horizontal_m: float, containment_m: float | None, basis: Basis
) -> None:
    receiver = Receiver()
    if said:
        receiver.hear(extended(ICAO, said))
    reports = receiver.fly(47.4, 8.5, code=code)
    assert reports.horizontal_m == pytest.approx([horizontal_m])
    assert reports.basis.tolist() == [basis]
    wanted = np.nan if containment_m is None else containment_m
    assert reports.containment_m == pytest.approx([wanted], nan_ok=True)


def test_supplement_b_is_in_the_position_itself() -> None:
    receiver = Receiver()
    receiver.hear(extended(ICAO, squitters.status(2, nac_p=10, nic_a=1)))
    reports = receiver.hear(*(extended(ICAO, airborne(47.4, 8.5, odd, nic_b=1)) for odd in (0, 1)))
    assert reports.containment_m == pytest.approx([75.0])


def test_vertical_accuracy_is_that_of_geometric_altitude() -> None:
    receiver = Receiver()
    receiver.hear(
        extended(ICAO, squitters.status(2, gva=1)),
        extended(ICAO, squitters.velocity(10, 10, above_25=4)),
    )
    assert receiver.fly(47.4, 8.5).vertical_m.tolist() == [150.0]


def test_what_others_computed_is_another_source_with_an_assumed_accuracy() -> None:
    receiver = Receiver()
    reports = receiver.hear(
        *(extended(ICAO, airborne(47.4, 8.5, odd), form=18, kind=2) for odd in (0, 1)), mlat=True
    )
    source = reports.sources[reports.source[0]]
    assert source.format == "beast+mlat"
    assert reports.horizontal_m.tolist() == [source.assumed_horizontal_m] == [1000.0]
    assert reports.basis.tolist() == [Basis.ASSUMED]


def test_what_a_radar_saw_is_not_as_good_as_what_the_aircraft_knows() -> None:
    receiver = Receiver()
    receiver.hear(extended(ICAO, squitters.status(2, nac_p=11, nic_a=1)))
    reports = receiver.hear(
        *(extended(ICAO, airborne(47.4, 8.5, odd), form=18, kind=2) for odd in (0, 1))
    )
    assert reports.sources[reports.source[0]].format == "beast+tis-b"
    assert reports.containment_m == pytest.approx([0.1 * NM])
    assert reports.horizontal_m == pytest.approx([0.05 * NM])
    assert reports.basis.tolist() == [Basis.DERIVED]


def test_what_is_out_of_range_is_dropped() -> None:
    receiver = Receiver(ModeSSettings(receiver=(47.0, 8.0), range_m=400_000))
    assert not len(receiver.fly(52.0, 8.5))
    assert receiver.counts.dropped == {"unpaired": 1, "out-of-range": 1}


def test_the_fleet_is_bounded_and_forgets_the_longest_unheard() -> None:
    receiver = Receiver(ModeSSettings(aircraft=64))
    receiver.fly(47.4, 8.5)
    for first in range(1, 1000, 50):
        receiver.hear(*(squitters.all_call(each) for each in range(first, first + 50)))
    assert len(receiver.reader._fleet) <= 64
    assert receiver.counts.noted["forgotten"] >= 1000 - 64
    assert receiver.counts.messages == 1002
    receiver.hear(extended(ICAO, airborne(47.4, 8.5, 0)))
    assert receiver.counts.dropped["unpaired"] == 2
