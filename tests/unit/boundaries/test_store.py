"""What is installed comes back as it was; what is damaged says so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detente.boundaries import (
    Assembled,
    Boundary,
    BoundarySource,
    BoundaryStore,
    BoundaryStoreUnusable,
    BoundaryUnknown,
    BoundaryUnstated,
    Fault,
    Kind,
    Repair,
)

SOURCE = BoundarySource("ours", "Ours", "1", "CC0-1.0", "00" * 32, 25.0, "surveyed")
RING = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], dtype=float)
HOLE = np.array([(0.2, 0.2), (0.2, 0.3), (0.3, 0.3), (0.2, 0.2)])


def some() -> Assembled:
    shared = tuple(np.array(each) for each in ([True, False, False, True], [False] * 3))
    first = Boundary(
        "ours/A", "A", Kind.FIR, "Alpha", SOURCE, ((RING, HOLE), (RING + 5,)),
        shared=(shared, (np.array([False, True, True, False]),)),
    )  # fmt: skip
    second = Boundary("ours/B", "B", Kind.ADIZ, "Bravo", SOURCE, ((RING + 9,),), uncertainty_m=3.0)
    repair = Repair("ours/A", Fault.HOLES, 1.5, 2.5, 9, 10.0, 11.0)
    return Assembled((first, second), (repair,), ("Charlie: claimed by nobody",))


def test_what_is_installed_comes_back_as_it_was(tmp_path: Path) -> None:
    store = BoundaryStore(tmp_path / "made" / "for it")
    store.write("ours", some(), {"LICENCE": b"CC0"})
    assert store.names() == ("ours",)
    found, given = store.read("ours"), some()
    assert found.repairs == given.repairs
    assert found.left_out == given.left_out
    for one, other in zip(found.boundaries, given.boundaries, strict=True):
        assert replace(one, polygons=(), shared=()).__repr__() == repr(
            replace(other, polygons=(), shared=())
        )
        for polygon, as_given in zip(one.polygons, other.polygons, strict=True):
            assert [ring.tobytes() for ring in polygon] == [ring.tobytes() for ring in as_given]
        told, given_told = ([f.tolist() for part in b.shared for f in part] for b in (one, other))
        assert told == given_told
    assert store.licence("ours") == store.root / "ours" / "LICENCE"


def test_the_same_boundaries_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = BoundaryStore(tmp_path / "1"), BoundaryStore(tmp_path / "2")
    first.write("ours", some())
    second.write("ours", some())
    for name in ("source.json", "rings.npz"):
        assert (first.root / "ours" / name).read_bytes() == (
            second.root / "ours" / name
        ).read_bytes()


def test_a_new_version_takes_the_place_of_the_old_one_as_a_whole(tmp_path: Path) -> None:
    store = BoundaryStore(tmp_path)
    store.write("ours", some(), {"LICENCE": b"CC0"})
    store.write("ours", Assembled(some().boundaries[:1], ()))
    assert len(store.read("ours").boundaries) == 1
    assert store.licence("ours") is None
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    store = BoundaryStore(tmp_path)
    store.write("ours", some())
    store.remove("ours")
    assert store.names() == ()
    with pytest.raises(BoundaryUnknown):
        store.read("ours")


@pytest.mark.parametrize("name", ["", "..", "a/b", "Ours", ".hidden", "x" * 65])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    store = BoundaryStore(tmp_path)
    with pytest.raises(BoundaryUnstated):
        store.write(name, some())
    with pytest.raises(BoundaryUnknown):
        store.read(name)


def test_damage_is_found(tmp_path: Path) -> None:
    store = BoundaryStore(tmp_path)
    store.write("ours", some())
    rings = tmp_path / "ours" / "rings.npz"
    content = bytearray(rings.read_bytes())
    content[300] ^= 1
    rings.write_bytes(content)
    with pytest.raises(BoundaryStoreUnusable, match="hash"):
        store.read("ours")
    (tmp_path / "ours" / "source.json").write_text("{}")
    with pytest.raises(BoundaryStoreUnusable):
        store.statement("ours")


def test_where_it_is_can_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DETENTE_BOUNDARIES", str(tmp_path / "x"))
    assert BoundaryStore.default().root == tmp_path / "x"
    monkeypatch.delenv("DETENTE_BOUNDARIES")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert BoundaryStore.default().root == tmp_path / "detente" / "boundaries"
