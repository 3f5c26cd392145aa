"""Mode S: what single messages say; rs1090 agrees, message by message."""

from __future__ import annotations

import importlib
import itertools
import math
import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.support import squitters

from detente.feeds import frames_of_hex
from detente.feeds.modes import OTHER_ADDRESS, read_messages
from detente.feeds.names import flight_name

rs1090: Any = importlib.import_module("rs1090")

ICAO = 0x4840D6


def read(frames: Iterable[bytes], *, correct: bool = False) -> npt.NDArray[np.void]:
    texts = [each.hex() for each in frames]
    times = np.arange(len(texts), dtype=np.int64)
    return read_messages(frames_of_hex(texts, times, times), correct=correct)[0]


def number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def every_kind(rng: random.Random) -> list[bytes]:
    """Frames of all kinds with all sorts of values."""
    frames = []
    for _ in range(300):
        icao = rng.randrange(1, 1 << 24)
        lat, lng, odd = rng.uniform(-89.9, 89.9), rng.uniform(-180, 180), rng.randrange(2)
        feet = rng.randrange(-1000, 50_000, 25)
        for code in (9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22):
            me = squitters.airborne(lat, lng, odd, feet=feet, code=code, nic_b=rng.randrange(2))
            frames.append(squitters.extended(icao, me))
        frames += [
            squitters.extended(
                icao,
                squitters.surface(
                    lat, lng, odd, movement=rng.randrange(125), track=rng.randrange(128),
                    code=rng.randrange(5, 9),
                ),
            ),
            squitters.extended(
                icao,
                squitters.velocity(
                    rng.randrange(-1020, 1021), rng.randrange(-1020, 1021),
                    climb_64=rng.randrange(-508, 508), above_25=rng.choice([None, -30, 1, 60]),
                    nac_v=rng.randrange(5),
                ),
            ),
            squitters.extended(
                icao,
                squitters.air_velocity(rng.randrange(1024), rng.randrange(1000), tas=1),
            ),
            squitters.extended(icao, squitters.identification("DET  12A")),
            squitters.extended(icao, squitters.target_state(nac_p=rng.randrange(12))),
            squitters.reply(4, icao, squitters.q_code(feet)),
            squitters.reply(20, icao, squitters.q_code(feet)),
            squitters.reply(0, icao, squitters.q_code(feet)),
            squitters.reply(5, icao, rng.randrange(1 << 13)),
            squitters.all_call(icao, interrogator=0),
        ]  # fmt: skip
        frames += [
            squitters.extended(
                icao,
                squitters.status(
                    version, nic_a=rng.randrange(2), nac_p=rng.randrange(12), ground=ground
                ),
            )
            for version in (0, 1, 2)
            for ground in (False, True)
        ]
    return frames


def differences(mine: np.void, theirs: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """What two readers of one message do not agree on.

    rs1090 0.7.0 leaves out that supersonic speeds (subtypes 2 and 4) count in 4 kt; those are told
    apart by the subtype. It reads no height difference of 0 and no negative altitude in hundreds.
    """
    pairs: dict[str, tuple[object, object]] = {
        "df": (str(mine["format"]), theirs["df"]),
        "icao24": (f"{mine['address']:06x}", theirs["icao24"]),
    }
    kind = theirs.get("bds") if theirs["df"] == "17" else None
    if theirs["df"] in {"0", "4", "16", "20"}:
        pairs["altitude"] = number(mine["pressure_ft"]), theirs["altitude"]
    if theirs["df"] in {"5", "21"}:
        pairs["squawk"] = f"{mine['squawk']:04o}", theirs["squawk"]
    if kind == "05":
        told = mine["geometric_ft"] if theirs["source"] == "GNSS" else mine["pressure_ft"]
        pairs["altitude"] = number(told), theirs["altitude"]
        if theirs["source"] != "GNSS":
            pairs["NICb"] = int(mine["nic_b"]), theirs["NICb"]
    if kind in {"05", "06"}:
        pairs["parity"] = ("even", "odd")[mine["odd"]], theirs["parity"]
        pairs["lat_cpr"] = int(mine["cpr_lat"]), theirs["lat_cpr"]
        pairs["lon_cpr"] = int(mine["cpr_lng"]), theirs["lon_cpr"]
    if kind == "06":
        pairs["groundspeed"] = number(mine["speed_kt"]), theirs["groundspeed"]
        pairs["track"] = number(mine["track_deg"]), theirs["track"]
    if kind == "08":
        name = flight_name(int(mine["callsign"]))
        pairs["callsign"] = name.replace(" ", ""), theirs["callsign"].replace(" ", "")
    if kind == "09":
        pairs["NACv"] = int(mine["nac_v"]), theirs["NACv"]
        pairs["vertical_rate"] = number(mine["climb_ft_min"]), theirs["vertical_rate"]
        pairs["above"] = number(mine["difference_ft"]), theirs["geo_minus_baro"]
        if "groundspeed" in theirs:
            pairs["groundspeed"] = number(mine["speed_kt"]), theirs["groundspeed"]
            pairs["track"] = number(mine["track_deg"]), theirs["track"]
        if "heading" in theirs:
            pairs["heading"] = number(mine["heading_deg"]), theirs["heading"]
            pairs["TAS"] = number(mine["airspeed_kt"]), theirs.get("TAS", theirs.get("IAS"))
    if kind == "62":
        pairs["NACp"] = int(mine["nac_p"]), theirs["NACp"]
    if kind == "65":
        pairs["version"] = int(mine["version"]), theirs["version"]
        if theirs["version"]:
            pairs["NACp"] = int(mine["nac_p"]), theirs["NACp"]
            pairs["SIL"] = int(mine["sil"]), theirs["SIL"]
        if "GVA" in theirs and theirs["version"] == 2 and mine["ground"] == 0:
            pairs["GVA"] = int(mine["gva"]), theirs["GVA"]
    return {name: pair for name, pair in pairs.items() if not same(*pair)}


def same(mine: object, theirs: object) -> bool:
    if isinstance(mine, float) and isinstance(theirs, int | float):
        return abs(mine - theirs) <= 1e-9 * max(1.0, abs(mine))
    return mine == theirs


def test_rs1090_agrees_on_generated_messages_of_every_kind() -> None:
    frames = every_kind(random.Random(1))
    theirs = rs1090.decode([each.hex() for each in frames])
    assert len(theirs) == len(frames)
    messages = read(frames)
    assert not messages["fate"].any()
    found = [
        (frame.hex(), wrong)
        for frame, mine, their in zip(frames, messages, theirs, strict=True)
        if their is not None and (wrong := differences(mine, their))
    ]
    assert not found, (len(found), found[:5])
    assert sum(each is not None for each in theirs) > 0.95 * len(frames)


def test_all_altitude_codes_mean_what_counting_up_gives() -> None:
    frames = [squitters.reply(4, ICAO, code) for code in range(1 << 13)]
    found = read(frames)["pressure_ft"]
    hundreds = squitters.gillham_codes()
    for code in range(1 << 13):
        if code == 0 or code & 0x40:
            assert np.isnan(found[code])
        elif not code & 0x10:
            assert number(found[code]) == hundreds.get(code), bin(code)
    for feet in range(-1000, 50_175, 25):
        assert found[squitters.q_code(feet)] == feet


def test_all_squawks_agree_with_rs1090() -> None:
    frames = [squitters.reply(5, ICAO, code) for code in range(1 << 13)]
    theirs = rs1090.decode([each.hex() for each in frames])
    mine = [f"{each:04o}" for each in read(frames)["squawk"].tolist()]
    assert mine == [each["squawk"] for each in theirs]


@pytest.mark.parametrize(
    ("movement", "knots"),
    [(1, 0), (2, 0.125), (8, 0.875), (9, 1), (12, 1.75), (13, 2), (38, 14.5), (39, 15), (93, 69),
     (94, 70), (108, 98), (109, 100), (123, 170), (124, 175)],
)  # fmt: skip
def test_ground_speeds_are_those_of_the_standard(movement: int, knots: float) -> None:
    me = squitters.surface(47, 8, 0, movement=movement)
    assert read([squitters.extended(ICAO, me)])["speed_kt"][0] == knots


@pytest.mark.parametrize(("subtype", "factor"), [(1, 1), (2, 4)])
def test_supersonic_speeds_count_four_times(subtype: int, factor: int) -> None:
    me = squitters.velocity(300 * factor, -400 * factor, subtype=subtype)
    found = read([squitters.extended(ICAO, me)])[0]
    assert found["speed_kt"] == 500 * factor
    assert found["track_deg"] == pytest.approx(143.1301, abs=1e-4)


def test_what_is_more_than_a_field_can_tell_is_not_told() -> None:
    me = squitters.velocity(squitters.SUPERSONIC_KT, 3)
    assert np.isnan(read([squitters.extended(ICAO, me)])["speed_kt"][0])
    me = squitters.velocity(100, 0, above_25=126)
    assert np.isnan(read([squitters.extended(ICAO, me)])["difference_ft"][0])


def test_a_wrong_bit_is_never_believed_and_put_right_only_if_asked() -> None:
    frame = squitters.extended(ICAO, squitters.airborne(47.4, 8.5, 1))
    right = read([frame])
    for bit in range(112):
        wrong = (int.from_bytes(frame, "big") ^ 1 << (111 - bit)).to_bytes(14, "big")
        found = read([wrong])
        assert found["fate"][0] or found["overlaid"][0]
        mended = read([wrong], correct=True)
        if bit >= 5:
            assert repr(mended.tolist()) == repr(right.tolist())
    for one, two in itertools.islice(itertools.combinations(range(5, 112), 2), 0, None, 7):
        wrong = (int.from_bytes(frame, "big") ^ 1 << (111 - one) ^ 1 << (111 - two)).to_bytes(
            14, "big"
        )
        assert read([wrong], correct=True)["fate"][0]


@pytest.mark.parametrize(
    ("control", "imf", "relay", "other"),
    [
        (0, 0, 0, 0),
        (1, 0, 0, 1),
        (2, 0, 1, 0),
        (2, 1, 1, 1),
        (5, 0, 1, 1),
        (6, 0, 2, 0),
        (6, 1, 2, 1),
    ],
)
def test_what_others_relay_is_told_apart(control: int, imf: int, relay: int, other: int) -> None:
    me = squitters.airborne(47.4, 8.5, 0, nic_b=imf)
    found = read([squitters.extended(ICAO, me, form=18, kind=control)])[0]
    assert (found["fate"], found["relay"]) == (0, relay)
    assert found["address"] == ICAO | (OTHER_ADDRESS if other else 0)


@pytest.mark.parametrize("control", [3, 4, 7])
def test_messages_in_another_layout_are_not_read(control: int) -> None:
    me = squitters.airborne(47.4, 8.5, 0)
    assert read([squitters.extended(ICAO, me, form=18, kind=control)])["kind"][0] == 0


def test_hexadecimal_that_is_no_frame_is_counted_as_such() -> None:
    times = np.zeros(5, dtype=np.int64)
    frames = frames_of_hex(["", "zz", "8d", "00" * 40, "8d4840d"], times, times)
    messages, _ = read_messages(frames)
    assert (messages["fate"] == 5).all()
