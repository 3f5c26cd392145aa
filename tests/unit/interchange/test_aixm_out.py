"""AIXM as it is written: by AIXM's own schemas, and as our reader understands it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import aviconv_aixm
import pytest
from lxml import etree
from tests.support.exported import DISC, T0, constraint, intent, same_ground, volume

from detente.interchange import Altimetry, read, to_volumes
from detente.interchange.writing import write

AIXM = "{http://www.aixm.aero/schema/5.1}"


@cache
def schema() -> etree.XMLSchema:
    """AIXM 5.1.1, which differs from 5.1 in its namespace where airspace is concerned."""
    root = Path(aviconv_aixm.__file__).parent / "schemas/aixm-5.1.1/aixm-5.1.1"
    return etree.XMLSchema(etree.parse(root / "message/AIXM_BasicMessage.xsd"))


def checked(data: bytes) -> list[str]:
    """What the schemas find wrong."""
    later = data.replace(b"schema/5.1/message", b"schema/5.1.1/message")
    document = etree.fromstring(later.replace(b'schema/5.1"', b'schema/5.1.1"'))
    schema().validate(document)
    return [error.message for error in schema().error_log]


@pytest.mark.parametrize(
    "feature",
    [
        intent(volume(), volume(DISC)),
        intent(volume(), volume(start_us=T0 + 1)),
        intent(name='<&"> ' + "é" * 100),
        constraint(volume(low=None, high=None)),
        constraint(volume(start_us=None, end_us=None)),
    ],
)
def test_the_schemas_find_nothing_wrong(feature: object) -> None:
    assert checked(write([feature], "aixm")) == []  # type: ignore[list-item]


def test_the_schemas_would_find_something() -> None:
    data = write([intent()], "aixm")
    assert checked(data.replace(b">W84<", b">MOON<", 1))
    assert checked(data.replace(b"aixm:sequenceNumber", b"aixm:sequence"))


def test_one_airspace_for_each_time() -> None:
    later = volume(start_us=T0 + 1)
    root = etree.fromstring(write([intent(volume(), volume(DISC), later)], "aixm"))
    slices = root.findall(f".//{AIXM}AirspaceTimeSlice")
    assert [len(each.findall(f".//{AIXM}AirspaceVolume")) for each in slices] == [2, 1]
    names = [each.get("{http://www.opengis.net/gml/3.2}id") for each in root.iter()]
    given = [name for name in names if name]
    assert len(given) == len(set(given))


def test_what_is_read_back_is_what_was_written() -> None:
    flown = (volume(), volume(DISC), volume(DISC, low=300.0, start_us=T0 + 5_000_000))
    understood = read(write([intent(*flown)], "aixm"), "x.aixm")
    assert understood.whole, understood.problems
    back = to_volumes(understood, Altimetry())
    assert not back.problems
    assert len(back.volumes) == len(flown)
    for one, other in zip(flown, back.volumes, strict=True):
        assert same_ground(one.outline, other.outline)
        assert one.altitude_lower_m == other.altitude_lower_m
        assert one.altitude_upper_m == other.altitude_upper_m
        assert (one.time_start_us, one.time_end_us) == (other.time_start_us, other.time_end_us)
