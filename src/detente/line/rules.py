"""`[rules.line]` of an agreement: how exactly one reads back, and when a test call is missed."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from detente.agreement import Agreement, Document, Row, RuleFault, RulesSection, register_rules
from detente.words import Words, quantity


class LineRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `[rules.line]` may say; each has a value if it says nothing."""

    place_within_m: Annotated[
        float,
        Meta(ge=1, le=10_000, description="How far a place read back may lie off: metres."),
    ] = 100.0
    time_within_s: Annotated[
        int, Meta(ge=0, le=3_600, description="How far a time read back may be off: seconds.")
    ] = 60
    test_call_late_after_s: Annotated[
        int,
        Meta(ge=30, le=86_400, description="When a test call is late, without both answers: s."),
    ] = 600
    test_call_missed_after_s: Annotated[
        int, Meta(ge=60, le=86_400, description="When it is missed, which is an alarm: seconds.")
    ] = 1_800


def line_rules(agreement: Agreement) -> LineRules:
    """The rules that the parties agreed upon, or those that hold where they said nothing."""
    found = agreement.rules.get(SECTION.name)
    return found if isinstance(found, LineRules) else LineRules()


def _rows(rules: LineRules) -> list[Row]:
    second, seconds = Words("second", "seconde"), Words("seconds", "secondes")
    whole = rules.place_within_m % 1 == 0
    metre, metres = Words("metre", "mètre"), Words("metres", "mètres")
    return [
        Row(
            Words("A place read back may lie off by", "Écart admis d’un lieu collationné"),
            quantity(rules.place_within_m, metre, metres, 0 if whole else 3),
        ),
        Row(
            Words("A time read back may be off by", "Écart admis d’une heure collationnée"),
            quantity(rules.time_within_s, second, seconds),
        ),
        Row(
            Words("A test call is late after", "Un appel d’essai est en retard après"),
            quantity(rules.test_call_late_after_s, second, seconds),
        ),
        Row(
            Words("A test call is missed after", "Un appel d’essai est manqué après"),
            quantity(rules.test_call_missed_after_s, second, seconds),
        ),
    ]


def _faults(rules: LineRules, document: Document) -> list[RuleFault]:
    if rules.test_call_late_after_s < rules.test_call_missed_after_s:
        return []
    return [
        RuleFault(
            ("test_call_late_after_s",),
            "A test call would be missed before it is late.",
            "Give test_call_missed_after_s a larger number.",
        )
    ]


SECTION: Final = RulesSection(
    "line",
    Words("The line: reading back, test calls", "La ligne\u202f: collationnement, appels d’essai"),
    "How exactly an officer reads back the place and the times of a message before the "
    "acknowledgement counts (levels are read back exactly as they were said: same number, same "
    "unit, same reference), and when a test call that an officer of either side has not answered "
    "is late or missed. Without this section: 100 m, 60 s, 10 minutes, 30 minutes.",
    LineRules,
    _rows,
    _faults,
)

register_rules(SECTION)
