"""Names and paths become boundaries with an index; an export states itself and comes back."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tests.support.boundaries import boundary, box, source

from detente.boundaries import (
    Assembled,
    BoundaryFileUnreadable,
    BoundaryStore,
    BoundaryUnknown,
    BoundaryUnstated,
    exported,
    imported,
    load_boundaries,
)
from detente.boundaries.shares import with_shares

OURS = source("ours")
MAP = (
    boundary("A", [box(0, 0, 10, 10)], of=OURS),
    boundary("B", [box(10, 0, 20, 10), box(12, 2, 14, 4)[::-1]], of=OURS),
)


@pytest.fixture
def store(tmp_path: Path) -> BoundaryStore:
    made = BoundaryStore(tmp_path / "store")
    made.write("ours", Assembled(MAP, ()))
    return made


def test_no_name_means_the_default(store: BoundaryStore) -> None:
    assert [each.id for each in load_boundaries(store=store).sources] == ["country-coder"]


def test_a_name_means_all_of_it_and_codes_some_of_it(store: BoundaryStore) -> None:
    assert load_boundaries(["ours"], store=store).ids == ("ours/A", "ours/B")
    assert load_boundaries(["ours:B"], store=store).ids == ("ours/B",)
    both = load_boundaries(["ours:B", "country-coder:CH,LI"], store=store)
    assert both.ids == ("ours/B", "country-coder/CH", "country-coder/LI")


def test_what_is_not_there_is_named(store: BoundaryStore) -> None:
    for spec in ("theirs", "ours:C", "../ours", "a file.txt", ""):
        with pytest.raises(BoundaryUnknown):
            load_boundaries([spec], store=store)


def test_the_index_is_compiled_once(store: BoundaryStore) -> None:
    told: list[float] = []
    load_boundaries(["ours"], store=store, progress=told.append)
    assert told[-1] == 1.0
    told.clear()
    again = load_boundaries(["ours"], store=store, progress=told.append)
    assert told == []
    assert again.claimants_at(5, 5) == {"A"}


def test_only_the_indices_that_were_used_last_are_kept(store: BoundaryStore) -> None:
    load_boundaries(["ours"], store=store)
    (first,) = (store.root / ".compiled").iterdir()
    os.utime(first, (1, 1))
    load_boundaries(["ours:A"], store=store)
    store.forget_compiled(keep=1)
    (kept,) = (store.root / ".compiled").iterdir()
    assert kept != first


def test_a_damaged_index_is_compiled_anew(store: BoundaryStore) -> None:
    load_boundaries(["ours"], store=store)
    (path,) = (store.root / ".compiled").iterdir()
    path.write_bytes(b"PK not an index")
    assert load_boundaries(["ours"], store=store).claimants_at(5, 5) == {"A"}


def test_a_store_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = load_boundaries(["country-coder:LI"], store=BoundaryStore(tmp_path / "file"))
    assert found.claimants_at(47.15, 9.55) == {"LI"}


def test_places_on_the_line_between_are_claimed_by_both(store: BoundaryStore) -> None:
    found = load_boundaries(["ours"], store=store)
    assert found.claimants_at(5, 10) == {"A", "B"}
    assert found.claimants_at(3, 13) == set()


def test_an_export_is_a_spec_that_states_itself(tmp_path: Path, store: BoundaryStore) -> None:
    path = tmp_path / "line.geojson"
    path.write_bytes(exported(MAP))
    found = load_boundaries([str(path)], store=store)
    for one, other in zip(found.boundaries, MAP, strict=True):
        assert (one.id, one.claimant, one.kind, one.name) == (
            other.id, other.claimant, other.kind, other.name,
        )  # fmt: skip
        assert one.source == other.source
        assert one.uncertainty_m == other.uncertainty_m
        for polygon, given in zip(one.polygons, other.polygons, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(polygon, given, strict=True))


def test_an_export_tells_which_edges_were_shared() -> None:
    told = with_shares(MAP)
    found = imported(exported(told), Path("line.geojson")).boundaries
    for one, other in zip(found, told, strict=True):
        assert [[flags.tolist() for flags in part] for part in one.shared] == [
            [flags.tolist() for flags in part] for part in other.shared
        ]
    assert [[flags.tolist() for flags in part] for part in found[0].shared] == [
        [[False, True, False, False]]
    ]


def test_an_export_names_whom_one_must_name() -> None:
    document = json.loads(exported(MAP))
    assert document["attribution"] == ["Ours 1 (CC0-1.0)"]
    assert document["licence"] == ["CC0-1.0"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('"detente":', '"other":', BoundaryUnstated),
        ("geojson/1", "geojson/9", BoundaryFileUnreadable),
        ('"source":"ours"', '"source":"theirs"', BoundaryFileUnreadable),
        ('"kind":"land"', '"kind":"moon"', BoundaryFileUnreadable),
        ('"uncertainty_m":50.0', '"uncertainty_m":0', BoundaryFileUnreadable),
        ('"uncertainty_m":50.0', '"uncertainty_m":"much"', BoundaryFileUnreadable),
        ('"uncertainty_m":50.0', '"uncertainty_m":"inf"', BoundaryFileUnreadable),
        ('"title":"Ours"', '"title":"Ours\\u001b[2J"', BoundaryFileUnreadable),
        ('"name":"B"', '"name":"B\\nuncertainty 1 m"', BoundaryFileUnreadable),
        ('"shared":"1,1,2"', '"shared":"1,1,1"', BoundaryFileUnreadable),
        ('"shared":"1,1,2"', '"shared":"1,-1,4"', BoundaryFileUnreadable),
        ('"shared":"1,1,2"', '"shared":"1,1,2;4"', BoundaryFileUnreadable),
        ('"id":"ours/B"', '"id":"ours/A"', BoundaryFileUnreadable),
    ],
)
def test_an_export_that_was_tampered_with_is_refused(
    old: str, new: str, error: type[Exception]
) -> None:
    content = exported(with_shares(MAP)).decode()
    assert old in content
    with pytest.raises(error):
        imported(content.replace(old, new).encode(), Path("line.geojson"))
