"""How a source's uncertainty is known is told in English and in French."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.operations.test_report import assert_french_typography

from detente.boundaries import Boundary, BoundarySource, BoundaryStore, Kind, exported, imported
from detente.boundaries.country_coder import assemble, built_in
from detente.boundaries.grounds import COUNTRY_CODER, GEO_MAPS, STATED, WORLD_ATLAS, ground_words
from detente.cli.boundary_picture import page
from detente.watch.report_sources import source_notes
from detente.words import Words

SOURCE = BoundarySource("own", "Survey", "1", "CC0-1.0", "0" * 64, 5.0, "surveyed in 2024")
IN_BOTH = replace(SOURCE, uncertainty_ground_fr="levé en 2024")
RING = np.array([[7.0, 46.0], [7.1, 46.0], [7.1, 46.1], [7.0, 46.1], [7.0, 46.0]])


def boundary(source: BoundarySource) -> Boundary:
    return Boundary(
        "own/A", "A", Kind.AGREED_LINE, "A", source, ((RING,),),
        uncertainty_m=5.0, open_uncertainty_m=5.0,
    )  # fmt: skip


@pytest.mark.parametrize("words", [COUNTRY_CODER, GEO_MAPS, WORLD_ATLAS, STATED])
def test_grounds_of_known_sources_are_in_both_languages(words: Words) -> None:
    assert words.en != words.fr
    assert ground_words(words.en) == words
    assert_french_typography(words.fr.replace("0.6.0", "a version"))


def test_the_built_in_source_tells_its_ground_in_both() -> None:
    source = assemble(built_in()).boundaries[0].source
    assert source.ground == COUNTRY_CODER
    (note,) = source_notes([boundary(source)])
    assert COUNTRY_CODER.fr in note.fr
    assert COUNTRY_CODER.en not in note.fr


def test_a_ground_that_is_stated_in_one_language_stands_as_it_is() -> None:
    assert SOURCE.ground == Words("surveyed in 2024", "surveyed in 2024")
    assert IN_BOTH.ground == Words("surveyed in 2024", "levé en 2024")


def test_the_french_ground_goes_to_the_other_party_and_into_the_store(tmp_path: Path) -> None:
    got = imported(exported([boundary(IN_BOTH)]), tmp_path / "line.geojson")
    assert got.boundaries[0].source.ground.fr == "levé en 2024"
    store = BoundaryStore(tmp_path)
    store.write("own", got)
    assert store.read("own").boundaries[0].source.ground.fr == "levé en 2024"


def test_what_was_written_before_there_was_french_is_read(tmp_path: Path) -> None:
    content = exported([boundary(SOURCE)]).replace(b',"uncertainty_ground_fr":""', b"")
    assert b"uncertainty_ground_fr" not in content
    got = imported(content, tmp_path / "line.geojson")
    assert got.boundaries[0].source == SOURCE


def test_the_page_of_boundaries_says_grounds_and_kinds_in_both() -> None:
    shown = page([boundary(IN_BOTH)], None)
    assert "surveyed in 2024" in shown
    assert '<span class="soft" lang="fr">levé en 2024</span>' in shown
    assert "agreed line · ligne convenue" in shown
