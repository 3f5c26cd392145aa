"""Readers of TOML, GeoJSON, enrolments: a model or faults, never another exception."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.agreements import EXAMPLE, World, enrolled

from detente.agreement import check
from detente.agreement.area import read_area
from detente.agreement.document import Document
from detente.agreement.enrolment import read_enrolment
from detente.agreement.faults import Faults
from detente.agreement.reading import Reader
from detente.agreement.toml_source import Path as KeyPath
from detente.agreement.toml_source import Source, parse_toml

TOML = (EXAMPLE / "agreement.toml").read_bytes()
GEOJSON = (EXAMPLE / "area.geojson").read_bytes()

keys = st.text(st.sampled_from("abc-_ .\"'é#=[]{}\\\n"), min_size=0, max_size=6)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.dates(),
    st.times(),
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def basic(text: str) -> str:
    """A basic string, with everything unusual escaped."""
    return (
        '"'
        + "".join(
            c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}"
            for c in text
        )
        + '"'
    )


def toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return basic(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return "[\n" + ",\n".join(toml_value(item) for item in value) + "\n]"
    pairs = ", ".join(f"{basic(key)} = {toml_value(item)}" for key, item in value.items())
    return f"{{ {pairs} }}"


def paths(tree: Any, path: KeyPath = ()) -> list[KeyPath]:
    found = [path] if path else []
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, value in items:
        found += paths(value, (*path, key))
    return found


@given(st.lists(st.dictionaries(keys, trees, max_size=3), max_size=3), st.dictionaries(keys, trees))
def test_every_value_has_a_line_and_its_key_stands_in_it(
    items: list[dict[str, Any]], top: dict[str, Any]
) -> None:
    """Written key by key, so that the line of each first key is known beforehand."""
    lines: list[str] = []
    wanted: dict[KeyPath, int] = {}
    for key, value in top.items():
        if key == "list":
            continue
        wanted[(key,)] = len(lines) + 1
        lines += f"{basic(key)} = {toml_value(value)} # end".split("\n")
    for index, item in enumerate(items):
        lines += ["", "# a comment with [brackets] and = signs"]
        wanted["list", index] = len(lines) + 1
        lines.append("[[ list ]]")
        for key, value in item.items():
            wanted["list", index, key] = len(lines) + 1
            lines += f"{basic(key)}={toml_value(value)}".split("\n")
    text = "\n".join(lines)
    faults = Faults()
    source = parse_toml("x.toml", text.encode(), faults)
    assert source is not None, faults.found
    assert source.tree == tomllib.loads(text) or "nan" in text
    for path, line in wanted.items():
        assert source.lines[path] == line
    for path in paths(source.tree):
        assert path in source.lines


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
@example(b'a = """\\\n')
@example(b"a = 1_\n")
@example(b"[[a]]\n[a]\n")
def test_bytes_are_read_or_a_fault(data: bytes) -> None:
    faults = Faults()
    source = parse_toml("x.toml", data, faults)
    assert (source is None) == (len(faults) > 0)
    if source is not None:
        Reader(source, faults).struct(Document, source.tree)
        assert len(faults) > 0


@given(trees)
def test_no_tree_is_a_document_by_accident(tree: object) -> None:
    faults = Faults()
    source = Source("x.toml", {}, {})
    assert Reader(source, faults).struct(Document, tree) is None
    assert len(faults) > 0


def replaced(tree: Any, path: KeyPath, value: Any) -> None:
    for part in path[:-1]:
        tree = tree[part]
    tree[path[-1]] = value


@given(st.data())
def test_any_value_in_any_place_is_read_or_a_fault_there(data: st.DataObject) -> None:
    tree = tomllib.loads(TOML.decode())
    path = data.draw(st.sampled_from(paths(tree)))
    replaced(tree, path, data.draw(trees))
    source = Source("agreement.toml", tree, {})
    faults = Faults()
    made = Reader(source, faults).struct(Document, tree)
    assert (made is None) == (len(faults) > 0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return enrolled(tmp_path_factory.mktemp("fuzz"))


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """The original with some bytes cut out, doubled, replaced or added."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(
            st.sampled_from(
                [b"", bytes(data[start:end]) * 2, b"[", b"]", b'"', b"-1", b"\n", b"{}"]
            )
            | st.binary(max_size=8)
        )
        data[start:end] = piece
    return bytes(data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(["agreement.toml", "area.geojson", "enrolments/a.json"]), st.data())
def test_a_mutated_file_gives_faults_with_places(
    world: World, name: str, data: st.DataObject
) -> None:
    path = world.agreement / name
    original = path.read_bytes()
    try:
        path.write_bytes(data.draw(mutated(original)))
        for fault in check(world.agreement):
            assert fault.message
            assert fault.remedy
            assert fault.line >= 0
            lines = (
                (world.agreement / fault.file).read_bytes().count(b"\n") + 1 if fault.line else 0
            )
            assert fault.line <= lines
    finally:
        path.write_bytes(original)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "features", "geometry", "coordinates", "crs", "x"]),
            inner | st.sampled_from(["Polygon", "MultiPolygon", "Feature", "FeatureCollection"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_an_area_or_a_fault(value: Any) -> None:
    faults = Faults()
    outlines = read_area("area.geojson", json.dumps(value).encode(), faults)
    assert bool(outlines) or len(faults) > 0


@given(st.binary(max_size=100))
def test_any_bytes_are_an_area_or_a_fault(data: bytes) -> None:
    faults = Faults()
    assert bool(read_area("area.geojson", data, faults)) or len(faults) > 0


rings = st.lists(
    st.tuples(st.floats(-200, 200), st.floats(-100, 100)).map(list), min_size=0, max_size=8
)


@settings(deadline=None)
@given(st.lists(rings, max_size=3), st.booleans())
def test_any_rings_are_an_area_or_a_fault(made: list[list[list[float]]], close: bool) -> None:
    coordinates = [[*ring, ring[0]] if close and ring else ring for ring in made]
    value = {"type": "Polygon", "coordinates": coordinates}
    faults = Faults()
    outlines = read_area("area.geojson", json.dumps(value).encode(), faults)
    assert bool(outlines) != (len(faults) > 0)
    for outline in outlines:
        assert outline.area_m2 > 0


@given(data=json_values | st.binary(max_size=60))
def test_any_json_is_an_enrolment_or_a_fault(data: Any) -> None:
    faults = Faults()
    source = parse_toml("agreement.toml", TOML, faults)
    assert source is not None
    document = Reader(source, faults).struct(Document, source.tree)
    assert document is not None
    encoded = data if isinstance(data, bytes) else json.dumps(data).encode()
    assert read_enrolment("a.json", encoded, document, document.parties[0], faults) == ()
    assert len(faults) > 0


def test_the_corpus_is_the_example() -> None:
    assert Path(EXAMPLE).is_dir()
    assert read_area("area.geojson", GEOJSON, Faults())
