"""Which format a file is, and the limits that hold for all."""

import pytest

from detente.interchange import (
    IMPORT_FORMATS,
    Defaults,
    TooLarge,
    UnknownFormat,
    Unreadable,
    format_of,
    read,
)
from detente.interchange.understood import Findings, refused


@pytest.mark.parametrize(
    ("name", "data", "format_"),
    [
        ("a.geojson", b"", "geojson"),
        ("a.JSON", b"", "geojson"),
        ("a.csv", b"", "waypoints"),
        ("a.kml", b"", "kml"),
        ("a.KMZ", b"", "kmz"),
        ("a.air", b"", "openair"),
        ("a.openair", b"", "openair"),
        ("a.aixm", b"", "aixm"),
        ("a.notam", b"", "notam"),
        ("a.aco", b"", "aco"),
        ("a.txt", b"* Airspace\nAC R\nAN X\n", "openair"),
        ("a.txt", b"(A1234/26 NOTAMN\nQ) LSAS/QRTCA/IV/BO/W\n", "notam"),
        ("a.txt", b"MSGID/ACO/HQ//\n", "aco"),
        ("a.txt", b'\xef\xbb\xbf {"type": "FeatureCollection"}', "geojson"),
        ("a.xml", b'<?xml version="1.0"?><!-- x --><k:kml xmlns:k="x"><a/></k:kml>', "kml"),
        (
            "a.xml",
            b'<m:AIXMBasicMessage xmlns:m="http://www.aixm.aero/schema/5.1/message"/>',
            "aixm",
        ),
        ("nameless", b"PK\x03\x04", "kmz"),
    ],
)
def test_the_format_is_told_from_name_or_beginning(name: str, data: bytes, format_: str) -> None:
    assert format_of(data, name) == format_


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<html/>", b"<!DOCTYPE kml><kml/>", b"\xff\xfe\0\0", b"<" * 100_000]
)
def test_an_unknown_format_is_named_with_those_that_are_known(data: bytes) -> None:
    with pytest.raises(UnknownFormat) as refusal:
        read(data, "a.bin")
    assert all(format_ in str(refusal.value) for format_ in IMPORT_FORMATS)


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownFormat, match='"dwg" is not a format'):
        read(b"", "a.geojson", format="dwg")


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.interchange.reading.BYTES_MAX", 10)
    with pytest.raises(TooLarge):
        read(b"x" * 11, "a.air")


@pytest.mark.parametrize("format_", ["openair", "notam", "aco", "waypoints", "geojson"])
def test_text_with_zero_bytes_is_refused(format_: str) -> None:
    with pytest.raises(Unreadable, match="zero bytes"):
        IMPORT_FORMATS[format_].read(b"AC R\n\0", "a", Defaults())


def test_problems_beyond_a_thousand_are_counted() -> None:
    findings = Findings("a", "x")
    for line in range(1, 1_101):
        findings.problem(refused("no", "non"), line)
    found = findings.understood()
    assert len(found.problems) == 1_000
    assert found.left_off == 100
    assert not found.whole
