from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import msgspec
import pytest
from tests.support.conferences import BEGINS, World, convened, text

from detente.line import ConferenceRefused, MinutesText, NoSuchConference
from detente.line.conference_contents import Person
from detente.line.minutes_page import minutes_html, minutes_markdown
from detente.words import Words


def written(world: World, **more: object) -> str:
    """A text of the minutes that A has put forward; its hash."""
    document = world.seen_by("a").draft_minutes(**more)  # type: ignore[arg-type]
    world.add("a", world.seen_by("a").put_forward(document))
    return document.sha256


def sign(world: World, party: str, sha256: str, author: str | None = None) -> None:
    content, _ = world.seen_by(party).sign(sha256)
    world.add(party, content, author=author)


def test_minutes_are_agreed_when_all_have_signed_one_hash() -> None:
    world = convened()
    first, second = written(world), written(world, remarks=text("More."))
    assert first != second
    sign(world, "a", first)
    sign(world, "b", second)
    sign(world, "c", first)
    assert [m.state for m in world.seen_by("b").minutes] == ["signed in part"] * 2
    assert world.seen_by("b").agreed is None
    sign(world, "b", first)
    seen = world.seen_by("c")
    assert seen.agreed is not None
    assert (seen.agreed.sha256, seen.agreed.label) == (first, "a-1")
    assert seen.agreed.agreed == world.said[-1].by.created


def test_a_node_signs_for_nobody() -> None:
    world = convened("b")
    sha256 = written(world)
    sign(world, "a", sha256)
    sign(world, "b", sha256, author="node")
    assert world.seen_by("a").minutes_of(sha256).state == "signed in part"


def test_who_attends_later_must_sign_as_well() -> None:
    world = convened(attending=False)
    world.attend("a", "b")
    sha256 = written(world)
    for party in "ab":
        sign(world, party, sha256)
    assert world.seen_by("a").minutes_of(sha256).state == "agreed"
    world.attend("c")
    found = world.seen_by("a").minutes_of(sha256)
    assert (found.state, found.left_out) == ("signed in part", ("c",))
    sign(world, "c", sha256)
    # It has signed that it was not there: that is no agreement on what happened.
    assert world.seen_by("a").minutes_of(sha256).state == "signed in part"


def test_a_text_replaces_another_when_it_is_agreed() -> None:
    world = convened("b")
    first = written(world)
    for party in "ab":
        sign(world, party, first)
    second = written(world, replaces=first)
    found = world.seen_by("a")
    assert found.agreed is not None
    assert found.agreed.sha256 == first
    for party in "ab":
        sign(world, party, second)
    found = world.seen_by("a")
    assert found.agreed is not None
    assert found.agreed.sha256 == second
    assert found.minutes_of(first).replaced_by == second
    with pytest.raises(NoSuchConference):
        written(world, replaces="0" * 64)


def test_a_party_signs_a_text_once() -> None:
    world = convened("b")
    sha256 = written(world)
    sign(world, "a", sha256)
    with pytest.raises(ConferenceRefused, match="a-1 has signed"):
        world.seen_by("a").sign(sha256)
    assert world.seen_by("b").minutes_of(sha256[:8]).sha256 == sha256
    with pytest.raises(NoSuchConference):
        world.seen_by("b").minutes_of(sha256[:7])


def test_what_the_minutes_leave_out_or_change_is_told() -> None:
    world = convened()
    for number in "12":
        world.add("b", world.seen_by("b").propose({"en": f"P{number}"}, text("t")))
    seen = world.seen_by("a")
    whole = seen.draft_minutes()
    assert seen.differences(whole) == []
    changed = msgspec.structs.replace(
        whole,
        proposals=[
            msgspec.structs.replace(whole.proposals[0], fate="rejected"),
            msgspec.structs.replace(whole.proposals[1], sha256="0" * 64, number=7),
        ],
        attendance={**whole.attendance, "c": [Person(name="Nobody")]},
    )
    told = [each.en for each in seen.differences(changed)]
    assert told == [
        "Proposal b-1 is open; the minutes say rejected.",
        "Proposal b-2 is missing.",
        "There is no proposal b-7 of that text in this record.",
        "The people of c are others than it has stated itself.",
    ]
    with pytest.raises(ConferenceRefused, match="no such item"):
        seen.draft_minutes(texts={"9": text("x")})
    with pytest.raises(ConferenceRefused, match="Nobody has attended"):
        convened(attending=False).seen_by("a").draft_minutes()


def test_the_hash_is_of_everything_that_is_in_them() -> None:
    document = convened().seen_by("a").draft_minutes(decisions=[text("One.")])
    hashes = {
        document.sha256,
        msgspec.structs.replace(document, decisions=[text("Two.")]).sha256,
        msgspec.structs.replace(document, remarks=text("R")).sha256,
        msgspec.structs.replace(document, ended=BEGINS).sha256,
        msgspec.structs.replace(document, attendance={"a": [Person(name="X")]}).sha256,
    }
    assert len(hashes) == 5


HOSTILE = "<script>alert(1)</script> [a](http://x) # *b* \u202e"


def hostile() -> MinutesText:
    world = convened("b")
    world.add("b", world.seen_by("b").propose({"en": HOSTILE}, text(HOSTILE)))
    sha256 = written(world, remarks={"fr": f"{HOSTILE}\n- x"}, decisions=[text(HOSTILE)])
    sign(world, "a", sha256)
    world.add("b", world.seen_by("b").dissent(text(HOSTILE), minutes=sha256))
    return world.seen_by("a").minutes_of(sha256)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def names(party: str) -> Words:
    return Words(f"Party {party.upper()}", f"Partie {party.upper()}")


def test_a_page_shows_what_was_written_as_text() -> None:
    page = minutes_html(hostile(), names)
    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "a", "img", "link", "iframe", "form"}
    assert not tags.attributes & {"src", "href", "onclick", "onload"}
    assert "&lt;script&gt;" in page
    # What turns the direction of reading is shown, not obeyed.
    assert "\u202e" not in page
    assert "default-src 'none'" in page
    for words in ("Party B", "Partie B", "Dissent", "Désaccords", "not signed", "non signé"):
        assert words in page


def test_markdown_has_no_markup_of_others() -> None:
    for language, heading in (("en", "Minutes: Incidents"), ("fr", "Procès\\-verbal")):
        said = minutes_markdown(hostile(), language, names)  # type: ignore[arg-type]
        assert said.startswith(f"# {heading}")
        for line in said.splitlines():
            plain = re.sub(r"\\.", "", line)
            assert "<" not in plain
            assert "](" not in plain
            assert not plain.lstrip().startswith(("- x", "# *"))
        assert "\u202e" not in said


def test_what_is_not_real_is_marked() -> None:
    world = convened("b")
    sha256 = written(world)
    found = world.seen_by("a").minutes_of(sha256)
    exercise = msgspec.structs.replace(found.document, status="exercise")
    page = minutes_html(dataclasses.replace(found, document=exercise))
    assert "EXERCISE" in page
    assert "EXERCICE" in page
    assert "EXERCISE" not in minutes_html(found)
