"""`[rules.planning]`: what parties may agree upon about plans, and who they are at exchanges."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.agreements import World, enrolled

from detente.agreement import AgreementUnusable, load_agreement
from detente.node.planning_rules import (
    manager_of_party,
    party_of_manager,
    planning_rules,
    uss_hosts,
)
from detente.planning import PlanningRules

SECTION = """
[rules.planning]
same_priority_allowed = [-5, 7]
horizon_days = 10
vertices_max = 500
rounds_max = 3

[[rules.planning.uss]]
party = "b"
manager = "uss-of-b"
hosts = ["uss.b.example"]
"""


def world(root: Path, section: str) -> World:
    made = enrolled(root)
    path = made.document
    path.write_text(path.read_text() + section)
    return made


def test_without_a_section_the_standard_holds(tmp_path: Path) -> None:
    agreement = load_agreement(enrolled(tmp_path).agreement)
    assert planning_rules(agreement) == PlanningRules()
    assert manager_of_party(agreement, "a") == "a"
    assert party_of_manager(agreement, "b") == "b"
    assert party_of_manager(agreement, "uss-of-b") is None
    assert uss_hosts(agreement) == {"node.a.example", "node.b.example"}


def test_what_the_parties_agreed_upon_holds(tmp_path: Path) -> None:
    agreement = load_agreement(world(tmp_path, SECTION).agreement)
    rules = planning_rules(agreement)
    assert rules.same_priority_allowed == {-5, 7}
    assert (rules.horizon_days, rules.vertices_max, rules.rounds_max) == (10, 500, 3)
    assert manager_of_party(agreement, "b") == "uss-of-b"
    assert party_of_manager(agreement, "uss-of-b") == "b"
    assert party_of_manager(agreement, "b") is None, "it has another name there"
    assert "uss.b.example" in uss_hosts(agreement)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('party = "b"', 'party = "x"', "no party"),
        ("horizon_days = 10", "horizon_days = 31", "horizon_days"),
        ("rounds_max = 3", "rounds_max = 0", "rounds_max"),
        ("vertices_max = 500", "vertices_max = 20000", "vertices_max"),
        ('manager = "uss-of-b"', 'manager = ""', "length"),
        (
            'hosts = ["uss.b.example"]',
            '[[rules.planning.uss]]\nparty = "b"\nmanager = "uss-of-b"',
            "two names",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SECTION
    made = world(tmp_path, SECTION.replace(old, new))
    with pytest.raises(AgreementUnusable) as caught:
        load_agreement(made.agreement)
    assert said in str(caught.value)
