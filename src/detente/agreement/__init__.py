"""The agreement between parties: its document, its checks, its signatures, what is in force."""

from __future__ import annotations

from detente.agreement.agreement import Agreement, check, load_agreement
from detente.agreement.area import AreaOutline
from detente.agreement.document import Address, Document, Party
from detente.agreement.enrolment import EnrolledKey
from detente.agreement.faults import (
    FAULT_CODES,
    AgreementNotWritten,
    AgreementRefused,
    AgreementUnusable,
    Fault,
    RulesClash,
)
from detente.agreement.rules import (
    RULES,
    Row,
    RuleFault,
    RulesRegistry,
    RulesSection,
    register_rules,
)
from detente.agreement.signing import merge, sign
from detente.agreement.words import Words

__all__ = [
    "FAULT_CODES",
    "RULES",
    "Address",
    "Agreement",
    "AgreementNotWritten",
    "AgreementRefused",
    "AgreementUnusable",
    "AreaOutline",
    "Document",
    "EnrolledKey",
    "Fault",
    "Party",
    "Row",
    "RuleFault",
    "RulesClash",
    "RulesRegistry",
    "RulesSection",
    "Words",
    "check",
    "load_agreement",
    "merge",
    "register_rules",
    "sign",
]
