"""Whatever is stated in a conference, and in whatever order it comes: all see the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.conferences import convened, holder_of, person, text

from detente.line import Conference, ConferenceRefused, NoSuchConference, conference_of
from detente.line.conference_contents import Content, MinutesSignature

PARTIES = ("a", "b", "c")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(PARTIES),
        st.integers(0, 9),
        st.sampled_from(("accepted", "rejected", "deferred", "withdrawn")),
        st.integers(0, 3),
    ),
    max_size=25,
)


def content_of(seen: Conference, step: int, fate: str, at: int) -> Content:
    """What a party could state next."""
    proposals, minutes = seen.proposals, seen.minutes
    match step:
        case 0:
            return seen.attend([person(f"P{at}")])
        case 1:
            return seen.decline()
        case 2 | 3:
            return seen.propose({"en": f"T{at}"}, text("t"))
        case 4 | 5 if proposals:
            label = proposals[at % len(proposals)].label
            return seen.judge(label, fate)  # type: ignore[arg-type]  # one of the four
        case 6:
            return seen.put_forward(seen.draft_minutes(remarks=text(str(at))))
        case 7 | 8 if minutes:
            return seen.sign(minutes[at % len(minutes)].sha256)[0]
        case _:
            return seen.dissent(text("No."))


@given(STEPS, st.data())
@settings(max_examples=100, deadline=None)
def test_the_order_of_arrival_does_not_matter(
    steps: list[tuple[str, int, str, int]], data: st.DataObject
) -> None:
    world = convened(attending=False)
    signed: dict[str, set[str]] = {}
    for party, step, fate, at in steps:
        seen = world.seen_by(party)
        try:
            content = content_of(seen, step, fate, at)
        except (ConferenceRefused, NoSuchConference):
            continue
        stated = world.add(party, content)
        if isinstance(stated.content, MinutesSignature):
            signed.setdefault(stated.content.document, set()).add(party)
    whole = world.seen_by("a")
    others = data.draw(st.permutations(world.said))
    mixed = conference_of("a", [*others, *others[:3]], holder_of)
    assert mixed == whole
    # What each has got at another place of its own record is the same to it.
    moved = [
        replace(each, by=replace(each.by, position=1000 - each.by.position)) for each in others
    ]
    other = conference_of("b", moved, holder_of)
    assert other is not None
    assert [(p.label, p.fate) for p in other.proposals] == [
        (p.label, p.fate) for p in whole.proposals
    ]
    assert [(m.sha256, m.state) for m in other.minutes] == [
        (m.sha256, m.state) for m in whole.minutes
    ]
    assert other.attending == whole.attending
    # The rule of agreement, once more and by itself.
    for each in whole.minutes:
        present = set(whole.attending)
        named = set(each.document.attendance)
        agreed = (present | named) <= signed.get(each.sha256, set()) and present <= named
        assert (each.state == "agreed") == agreed
    assert not whole.contradicting
