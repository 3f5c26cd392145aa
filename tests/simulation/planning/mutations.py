"""Faults put into planning on purpose: a simulator that does not find them is worth nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tests.simulation.on_purpose import Mutations, patch
from tests.simulation.planning.node import Node

from detente.planning import course, decision, faults, survey
from detente.planning.course import Course
from detente.planning.filing import Site
from detente.planning.intents import Filed, Result
from detente.planning.settling import Settling
from detente.planning.steps import Stopped
from detente.planning.survey import Survey

MUTATIONS: Final = Mutations()
mutation = MUTATIONS.add


def _nothing(*_: object, **__: object) -> Iterator[Any]:
    return
    yield


# -- deciding ------------------------------------------------------------------------------------


@mutation
def conflicts_are_not_looked_for() -> Iterator[Any]:
    with patch(course, "decide", lambda *_: ()):
        yield


@mutation
def priorities_are_compared_the_wrong_way() -> Iterator[Any]:
    real = decision._rank
    with patch(decision, "_rank", lambda p, q, rules: real(q, p, rules)):
        yield


@mutation
def equal_priorities_may_always_meet() -> Iterator[Any]:
    real = decision._rank

    def rank(p: int, q: int, rules: Any) -> Any:
        return real(p, q, replace(rules, same_priority_allowed=frozenset({p})))

    with patch(decision, "_rank", rank):
        yield


@mutation
def rules_for_who_is_down_are_swapped() -> Iterator[Any]:
    planned, flying = decision._UNREACHABLE_PLANNED, decision._UNREACHABLE_FLYING
    with (
        patch(decision, "_UNREACHABLE_PLANNED", flying),
        patch(decision, "_UNREACHABLE_FLYING", planned),
    ):
        yield


@mutation
def every_conflict_is_taken_to_have_existed() -> Iterator[Any]:
    with patch(decision, "_met_before", lambda *_: True):
        yield


# -- asking --------------------------------------------------------------------------------------


@mutation
def the_key_lacks_one_ovn() -> Iterator[Any]:
    real = Survey.key
    with patch(Survey, "key", lambda self, exchange: real(self, exchange)[1:]):
        yield


@mutation
def a_peer_that_tells_nothing_is_passed_over() -> Iterator[Any]:
    real = Survey._unknown

    def unknown(self: Survey, *arguments: Any) -> Any:
        found = real(self, *arguments)
        exchange = self._task.known
        empty = next((n.details for n in exchange.all()), None)
        return found if empty is None else replace(found, details=replace(empty, priority=-1))

    with patch(Survey, "_unknown", unknown), patch(Survey, "demand_details", lambda _: None):
        yield


@mutation
def who_does_not_know_it_yet_is_not_asked_again() -> Iterator[Any]:
    with patch(survey, "PATIENCE_US", (0,)):
        yield


# -- announcing ----------------------------------------------------------------------------------


@mutation
def notices_are_not_sent() -> Iterator[Any]:
    with patch(Site, "notices", lambda _: ()):
        yield


@mutation
def a_lost_answer_is_taken_for_a_refusal() -> Iterator[Any]:
    def doubt(self: Site, heard: Any) -> None:
        raise Stopped(Result.REFUSED)

    with patch(Site, "_doubt", doubt):
        yield


@mutation
def a_lost_answer_is_taken_for_success() -> Iterator[Any]:
    """Who must be told is then not known."""
    real = Site._found

    def found(self: Site, now: Any) -> None:
        real(self, now)
        if self._applied:
            raise Stopped(Result.FAILED)

    with patch(Site, "_found", found), patch(faults, "subscribers_unknown", faults.interrupted):
        yield


@mutation
def the_first_exchange_is_not_undone() -> Iterator[Any]:
    with patch(Course, "_undo", _nothing):
        yield


@mutation
def what_is_not_settled_is_shown_to_peers() -> Iterator[Any]:
    def filed_now(self: Course) -> Any:
        return tuple(
            Filed(site.name, site.stands) for site in self._all_sites if site.stands is not None
        )

    with patch(Course, "_filed_now", filed_now):
        yield


@mutation
def what_comes_late_is_not_waited_for() -> Iterator[Any]:
    def withdraw(self: Settling) -> Any:
        for site in self._all_sites:
            if site.stands is not None:
                yield from self._surely(site, site.remove())
        return self._outcome(Result.FAILED)

    with patch(Settling, "_withdraw", withdraw):
        yield


@mutation
def a_start_forgets_what_was_begun() -> Iterator[Any]:
    real = Node.start

    def start(self: Node) -> None:
        self.pending.clear()
        real(self)

    with patch(Node, "start", start):
        yield
