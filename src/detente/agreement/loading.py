"""Reading an agreement from the directory in which it lies."""

from __future__ import annotations

from pathlib import Path

from detente.agreement.agreement import Agreement
from detente.agreement.examine import Parts, examine
from detente.agreement.faults import AgreementUnusable, Fault
from detente.agreement.rules import RULES, RulesRegistry
from detente.agreement.signatures import signed_faults


def load_agreement(
    directory: Path, *, rules: RulesRegistry = RULES, judge_area: bool = True
) -> Agreement:
    """Read an agreement.

    `judge_area` is off for a copy that was judged when it was made: its area is not read then,
    and no geometry is loaded.

    Raises:
        AgreementUnusable: it has faults; all of them are with the error.
    """
    agreement, faults = read_agreement(directory, rules=rules, judge_area=judge_area)
    if agreement is None or faults:
        raise AgreementUnusable(faults, str(directory))
    return agreement


def check(directory: Path, *, rules: RulesRegistry = RULES) -> list[Fault]:
    """Everything that is wrong with an agreement, by file and line; empty if nothing is."""
    return read_agreement(directory, rules=rules)[1]


def read_agreement(
    directory: Path, *, rules: RulesRegistry = RULES, judge_area: bool = True
) -> tuple[Agreement | None, list[Fault]]:
    """An agreement and its faults: the one is there without the other, or with faults of the
    signatures only."""
    parts, faults = examine(directory, rules, judge_area=judge_area)
    agreement = None if len(faults) else _assemble(parts, rules)
    if agreement is not None:
        signed_faults(agreement, faults)
    return agreement, faults.sorted()


def _assemble(parts: Parts, rules: RulesRegistry) -> Agreement:
    if parts.document is None:
        raise AssertionError("a document without faults is a document")
    return Agreement(
        document=parts.document,
        rules=parts.rules,
        area=parts.area,
        keys=parts.keys,
        files=dict(sorted(parts.files.items())),
        signed=parts.signed,
        previous=parts.previous,
        registry=rules,
    )
