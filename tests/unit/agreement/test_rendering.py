"""What people read: rows, differences, the page, the reference of fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from tests.support.agreements import WITHIN, World, enrolled

from detente.agreement import (
    FAULT_CODES,
    Agreement,
    Box,
    Document,
    DraftParty,
    Row,
    RuleFault,
    RulesClash,
    RulesRegistry,
    RulesSection,
    Words,
    agreement_page,
    check,
    diff,
    draft_agreement,
    fields_page,
    load_agreement,
    register_rules,
    sections,
    standing,
)
from detente.agreement.area_change import area_change
from detente.agreement.outline import AreaOutline
from detente.geo import Polygon
from detente.words import moment

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> World:
    return enrolled(tmp_path_factory.mktemp("example"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return enrolled(tmp_path)


def changed(world: World, old: str, new: str, name: str = "agreement.toml") -> list[str]:
    """English labels of what changed besides the files themselves."""
    before = load_agreement(world.agreement)
    world.change(old, new, name=name)
    changes = diff(before, load_agreement(world.agreement))
    assert changes[-1].section.en == "Files"
    return [f"{one.section.en}: {one.label.en}" for one in changes if one.section.en != "Files"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2027-12-01", "2027-11-01", "Agreement: Until"),
        ('en = "Agreement on', 'en = "Treaty on', "Agreement: Title"),
        ("value = 660", "value = 600", "Area: To"),
        ("port = 8443", "port = 8444", "Party B (b): Nodes"),
        ("at the invitation", "at the request", "Party A (a): Legal ground, in its own words"),
        ("Colonel Durand", "Général Durand", "Party A (a): Officer durand"),
        ("test_calls_per_day = 2", "test_calls_per_day = 3", "Line: Test calls per day"),
        ("urgent_s = 300", "urgent_s = 240", "Line: Urgent is acknowledged within"),
        ("121500", "243000", "Line: Fall-back channel 2"),
        ('"+00 0000 0102"', '"+00 0000 0199"', "Whom to call: Party A: Step 2"),
        ("after_s = 120", "after_s = 60", "Whom to call: Party A: Step 2"),
        (
            "meeting_within_days = 14",
            "meeting_within_days = 10",
            "Incidents: Meeting, if asked for, within",
        ),
        ("tracks_days = 365", "tracks_days = 400", "Retention: Tracks, at least"),
    ],
)
def test_a_change_is_told_where_it_is(world: World, old: str, new: str, told: str) -> None:
    assert told in changed(world, old, new)


def test_a_comment_changes_the_file_only(world: World) -> None:
    assert changed(world, "# An example", "# Our example") == []


def test_nothing_changed(example: World) -> None:
    agreement = load_agreement(example.agreement)
    assert diff(agreement, agreement) == []


def test_keys_are_compared_by_fingerprint(tmp_path: Path) -> None:
    one, two = enrolled(tmp_path / "one"), enrolled(tmp_path / "two", fresh=True)
    before, after = load_agreement(one.agreement), load_agreement(two.agreement)
    told = {change.label.en: change for change in diff(before, after)}
    change = told["Officer’s key (durand)"]
    assert change.old is not None
    assert re.match(r"([0-9a-f]{4} ){3}[0-9a-f]{4} — ", change.old.en)


def test_how_much_of_the_area_moved(world: World) -> None:
    assert "Area: Outline" in changed(world, "[7.9, 46.4]", "[8.1, 46.4]", "area.geojson")


def box(west: float, east: float) -> AreaOutline:
    return AreaOutline(Polygon(((-1.0, west), (-1.0, east), (1.0, east), (1.0, west))))


def test_areas_are_compared_on_the_ellipsoid_and_across_the_date_line() -> None:
    moved = area_change([box(178, -179)], [box(179, -178)])
    whole = box(178, -179).area_m2 / 1e6
    assert moved.gained_km2 == pytest.approx(whole / 3, rel=1e-3)
    assert moved.lost_km2 == pytest.approx(whole / 3, rel=1e-3)
    assert moved.kept_km2 == pytest.approx(whole * 2 / 3, rel=1e-3)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page(agreement: Agreement) -> Reader:
    reader = Reader()
    reader.feed(agreement_page(agreement, standing(agreement, (), now=WITHIN)))
    return reader


def test_the_page_shows_every_row_in_both_languages(example: World) -> None:
    agreement = load_agreement(example.agreement)
    shown = page(agreement).text
    for section in sections(agreement):
        for row in section.rows:
            for text in (row.label.en, row.label.fr, row.value.en, row.value.fr):
                assert text in shown
    assert agreement.sha256 in shown


def test_the_page_loads_nothing_and_runs_nothing(example: World) -> None:
    read = page(load_agreement(example.agreement))
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "form"}
    assert not any(name in attributes for _, attributes in read.tags for name in ("src", "href"))
    assert "svg" in tags


def test_what_parties_write_is_text(world: World) -> None:
    world.change("Colonel Durand", "<script>alert(1)</script>")
    world.change("at the invitation", "</dd><img src=x> &amp; at the invitation")
    read = page(load_agreement(world.agreement))
    assert not {"script", "img"} & {tag for tag, _ in read.tags}
    assert "<script>alert(1)</script>" in read.text


def test_french_sets_narrow_spaces_before_double_signs(example: World) -> None:
    agreement = load_agreement(example.agreement)
    for section in sections(agreement):
        for text in (section.title.fr, *(row.label.fr for row in section.rows)):
            assert not re.search(r"[^\u202f][;:!?](?:\s|$)", text), text


class Distance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far apart aircraft stay."""

    least_m: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="Metres.")]


def too_near(rules: Distance, document: Document) -> list[RuleFault]:
    if rules.least_m >= 100 * len(document.parties):
        return []
    return [RuleFault(("least_m",), "It is too near.", "Take more.")]


DISTANCE = RulesSection(
    name="distance",
    title=Words("Distance", "Distance"),
    documentation="Aircraft of two parties stay apart.",
    schema=Distance,
    render=lambda rules: [Row(Words("At least", "Au moins"), Words(f"{rules.least_m} m", "…"))],
    check=too_near,
)


class TestRules:
    @pytest.fixture
    def registry(self) -> RulesRegistry:
        made = RulesRegistry()
        made.register(DISTANCE)
        return made

    def test_a_registered_section_is_read_shown_and_compared(
        self, world: World, registry: RulesRegistry
    ) -> None:
        world.change("[incidents]", "[rules.distance]\nleast_m = 500\n\n[incidents]")
        before = load_agreement(world.agreement, rules=registry)
        assert before.rules["distance"] == Distance(500)
        world.change("least_m = 500", "least_m = 900")
        after = load_agreement(world.agreement, rules=registry)
        (change, _) = diff(before, after)
        assert (change.label.en, str(change.old), str(change.new)) == ("At least", "500 m", "900 m")

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("least_m = 0", "field.wrong"),
            ("least_m = 10", "rules.invalid"),
            ("least_m = 500\nmost_m = 1", "field.unknown"),
            ("", "field.missing"),
        ],
    )
    def test_its_faults_have_lines(
        self, world: World, registry: RulesRegistry, text: str, code: str
    ) -> None:
        line = world.change("[incidents]", f"[rules.distance]\n{text}\n\n[incidents]")
        (fault,) = check(world.agreement, rules=registry)
        assert fault.code == code
        assert line <= fault.line <= line + 2

    def test_two_of_one_name_clash(self, registry: RulesRegistry) -> None:
        registry.register(DISTANCE)
        other = RulesSection("distance", DISTANCE.title, "", Distance, lambda rules: [])
        with pytest.raises(RulesClash):
            registry.register(other)
        with pytest.raises(RulesClash):
            RulesSection("Not a name", DISTANCE.title, "", Distance, lambda rules: [])

    def test_the_reference_has_it(self, registry: RulesRegistry) -> None:
        text = fields_page("note", registry)
        assert "[rules.distance]" in text
        assert "| `least_m` | integer 1 to 100,000 | Metres. |" in text

    def test_registering_is_a_function(self) -> None:
        assert callable(register_rules)


def test_every_fault_code_is_documented() -> None:
    text = (DOCS / "agreement.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| ([^|]+) \|$", text, re.MULTILINE))
    assert told == FAULT_CODES


@pytest.mark.parametrize(
    "text", ["1,2,3", "a,b,c,d", "0,0,0,1", "0,5,1,4", "0,0,400,1", "nan,0,1,1"]
)
def test_a_box_is_four_sensible_numbers(text: str) -> None:
    from detente.agreement import AgreementRefused

    with pytest.raises(AgreementRefused):
        Box.parse(text)


def test_a_draft_lacks_only_what_it_asks_for(tmp_path: Path) -> None:
    parties = [DraftParty.parse(f"{id_}={id_}.example") for id_ in ("north", "south", "sea")]
    period = WITHIN, WITHIN.replace(year=2028)
    draft_agreement(tmp_path / "new", "three", parties, Box.parse("179,-1,-179,1"), period)
    document = tmp_path / "new" / "agreement.toml"
    assert {fault.code for fault in check(tmp_path / "new")} == {"text.placeholder"}
    document.write_text(re.sub("‹|›", "", document.read_text()))
    assert {fault.code for fault in check(tmp_path / "new")} == {"enrolment.missing"}


@pytest.mark.parametrize(
    ("second", "en", "fr"),
    [
        (0, "1 December 2026, 07:05 UTC", "1er décembre 2026, 07\u00a0h\u00a005 UTC"),
        (
            9,
            "1 December 2026, 07:05:09 UTC",
            "1er décembre 2026, 07\u00a0h\u00a005\u00a0min\u00a009\u00a0s UTC",
        ),
    ],
)
def test_times_are_written_as_each_language_writes_them(second: int, en: str, fr: str) -> None:
    assert moment(datetime(2026, 12, 1, 7, 5, second, tzinfo=UTC)) == Words(en, fr)
