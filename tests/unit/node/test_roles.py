"""The matrix is complete, separates duties, and is what the manual says."""

from __future__ import annotations

from pathlib import Path

from detente.node.approval_rules import FOUR_EYES
from detente.node.roles import (
    ALL_PERMISSIONS,
    PERMISSION_HELP,
    PERMISSIONS,
    ROLE_WORDS,
    Role,
    matrix_markdown,
    permissions_of,
    while_locked,
)

MANUAL = Path(__file__).parents[3] / "docs" / "officers.md"


def test_the_matrix_knows_all_roles_and_no_other_permissions() -> None:
    assert set(PERMISSIONS) == set(Role) == set(ROLE_WORDS)
    assert set().union(*PERMISSIONS.values()) <= ALL_PERMISSIONS == set(PERMISSION_HELP)
    assert {
        p for p in ALL_PERMISSIONS if all(p not in held for held in PERMISSIONS.values())
    } == set()


def test_roles_add_up() -> None:
    both = permissions_of([Role.OFFICER, Role.CUSTODIAN])
    assert both == PERMISSIONS[Role.OFFICER] | PERMISSIONS[Role.CUSTODIAN]
    assert permissions_of([]) == frozenset()


def test_who_runs_the_machine_neither_speaks_nor_listens_nor_decides() -> None:
    held = PERMISSIONS[Role.ADMIN]
    for forbidden in ("line.read", "line.send", "record.read", "record.export", "approvals.decide"):
        assert forbidden not in held


def test_who_observes_or_audits_changes_nothing() -> None:
    for role in (Role.OBSERVER, Role.AUDITOR, Role.PUBLIC):
        assert while_locked(PERMISSIONS[role]) == PERMISSIONS[role]


def test_every_action_of_four_eyes_has_somebody_to_propose_and_somebody_else_to_decide() -> None:
    for needed in FOUR_EYES.values():
        proposers = {
            role for role, held in PERMISSIONS.items() if {needed, "approvals.propose"} <= held
        }
        deciders = {role for role, held in PERMISSIONS.items() if "approvals.decide" in held}
        assert proposers, needed
        assert len(proposers | deciders) > 1 or len(deciders) > 1


def test_the_manual_shows_this_matrix() -> None:
    assert matrix_markdown() in MANUAL.read_text(encoding="utf-8")
