"""Planning from both sides of a conflict at the same moment: exactly one is accepted."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.support.attempts import Sky, at, plan

from detente.planning import Attempt, Order, Outcome, Pending, Result


def interleaved(sky: Sky, orders: Sequence[tuple[str, Order]], turns: list[int]) -> list[Outcome]:
    """Carry orders out side by side; `turns` says whose errand is next."""
    attempts = {name: sky.attempt(name, order) for name, order in orders}
    todo: dict[str, list[Pending]] = {name: [] for name in attempts}
    names = list(attempts)

    def collect(name: str, attempt: Attempt) -> None:
        todo[name].extend(attempt.actions())
        if attempt.outcome is not None and not todo[name]:
            sky.planner(name).took(attempt.outcome)

    for name, attempt in attempts.items():
        collect(name, attempt)
    left = list(turns)
    while any(todo.values()):
        busy = [name for name in names if todo[name]]
        # Who is to wait lets the others go first: the earliest errand, or the one whose turn it is.
        now = [n for n in busy if todo[n][0].not_before_us <= sky.now_us] or [
            min(busy, key=lambda n: todo[n][0].not_before_us)
        ]
        name = now[(left.pop() if left else 0) % len(now)]
        sky.answer(name, attempts[name], todo[name].pop(0))
        collect(name, attempts[name])
    found = [attempts[name].outcome for name, _ in orders]
    return [each for each in found if each is not None]


columns = st.integers(-3, 2)
widths = st.integers(1, 2)


@given(
    st.booleans(),
    columns,
    widths,
    st.integers(0, 1),
    widths,
    st.lists(st.integers(0, 1), max_size=40),
)
def test_exactly_one_of_two_is_accepted(
    two: bool, column: int, width: int, shift: int, other_width: int, turns: list[int]
) -> None:
    sky = Sky(two=two)
    mine = plan(1, at(column, width=width))
    theirs = plan(2, at(column + min(shift, width - 1), width=other_width))
    outcomes = interleaved(sky, [("a", mine), ("b", theirs)], turns)
    assert sorted(each.result.value for each in outcomes) == ["done", "refused"]
    loser = next(each for each in outcomes if each.result is Result.REFUSED)
    assert [each.rule for each in loser.refusing] == ["SCD0035"]
    # Nothing of the loser is left anywhere.
    assert all(loser.order.id not in dss.intents for dss in sky.dss.values())


@given(columns, widths, st.lists(st.integers(0, 2), max_size=60))
def test_exactly_one_of_three_is_accepted(column: int, width: int, turns: list[int]) -> None:
    sky = Sky(two=True)
    orders = [(name, plan(i, at(column, width=width))) for i, name in enumerate("abc", 1)]
    outcomes = interleaved(sky, orders, turns)
    assert sorted(each.result.value for each in outcomes) == ["done", "refused", "refused"]


@given(st.booleans(), st.lists(st.integers(0, 1), max_size=40))
def test_of_two_that_do_not_meet_both_are_accepted(two: bool, turns: list[int]) -> None:
    sky = Sky(two=two)
    # Each lies within the bounds of the other, so that each must ask for the other.
    mine = plan(1, at(-2, 0), at(2, 1))
    theirs = plan(2, at(-2, 1), at(2, 0))
    outcomes = interleaved(sky, [("a", mine), ("b", theirs)], turns)
    assert [each.result for each in outcomes] == [Result.DONE, Result.DONE]
