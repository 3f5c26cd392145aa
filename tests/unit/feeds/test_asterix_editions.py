"""Our profiles are those of asterix-specs."""

from __future__ import annotations

import pytest
from tests.support import asterix_oracle as oracle

from detente.feeds.asterix import AsterixDecoder, AsterixSettings, UnknownEdition, known_editions
from detente.feeds.asterix import _walk as walk
from detente.feeds.asterix.editions import PUBLISHED, profile
from detente.feeds.asterix.items import Item, parse
from detente.feeds.reports import Source

EDITIONS = [
    (category, edition) for category in (21, 48, 62) for edition in known_editions(category)
]
LETTERS = {walk.FIXED: "", walk.EXTENDED: "x", walk.REPEATED: "r", walk.REPEATED_FX: "f"}

pytestmark = pytest.mark.xdist_group("libasterix")


def written(item: Item) -> str:
    """An item as a profile writes it."""
    if item.kind == walk.SPARE:
        return "-"
    if item.kind == walk.EXPLICIT:
        return f"{item.name}:e"
    if item.kind == walk.COMPOUND:
        return f"{item.name}:{{{' '.join(written(each) for each in item.items)}}}"
    return f"{item.name}:{LETTERS[item.kind]}{item.size}{'!' if item.last_ends else ''}"


def nameless(shape: str) -> str:
    """Without what is called differently from one edition to the next."""
    for name in ("BDSDATA", "MB", "BDS"):
        shape = shape.replace(f"{name}:", "data:")
    return shape.replace("ISA:", "SAL:")


@pytest.mark.parametrize(("category", "edition"), EDITIONS)
def test_profile_is_that_of_the_specification(category: int, edition: str) -> None:
    ours = [nameless(written(item)) for item in profile(category, edition)]
    theirs = [nameless(shape) for shape in oracle.shapes(category, edition)]
    while theirs[-1] == "-":
        theirs.pop()
    assert ours == theirs


def test_all_published_categories_of_the_specifications_are_known() -> None:
    assert set(oracle.generated.manifest["CATS"]) <= PUBLISHED


def test_edition_that_is_not_read_is_refused_by_name() -> None:
    with pytest.raises(UnknownEdition) as refusal:
        AsterixDecoder(Source("radar", "asterix"), AsterixSettings(cat021="1.0"))
    assert "021" in str(refusal.value)
    assert "2.6" in str(refusal.value)


@pytest.mark.parametrize("text", ["010", "010:y3", "010:x", "a:1 }", "220{a:1"])
def test_profile_that_is_not_of_the_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"shape|opened|neither"):
        parse(text)
