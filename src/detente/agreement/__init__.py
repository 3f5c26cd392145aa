"""The agreement between parties: its document, its checks, its signatures, what is in force.

A directory holds `agreement.toml`, what it names, and `enrolments/` with the parties' keys. All of
it is hashed together (`Agreement.manifest`) and signed by every party. `check` tells everything
that is wrong, `standing` how an agreement stands, `register_rules` lets capabilities bring rules.
"""

from __future__ import annotations

from detente.agreement.agreement import Agreement
from detente.agreement.diff import Change, diff
from detente.agreement.document import Address, Document, Party
from detente.agreement.draft import Box, DraftParty, amend_agreement, draft_agreement
from detente.agreement.enrolling import accept_enrolment, request_enrolment
from detente.agreement.enrolment import EnrolledKey, KeyOffer
from detente.agreement.faults import (
    FAULT_CODES,
    AgreementNotWritten,
    AgreementRefused,
    AgreementUnusable,
    Fault,
    RulesClash,
)
from detente.agreement.fields import fields_page
from detente.agreement.folder import write_file
from detente.agreement.loading import check, load_agreement, read_agreement
from detente.agreement.outline import AreaOutline
from detente.agreement.page import agreement_page, signatures_section
from detente.agreement.party_keys import KeyNames, key_offers, make_party_keys
from detente.agreement.record_files import record_files
from detente.agreement.rendering import Section, sections
from detente.agreement.rules import (
    RULES,
    Row,
    RuleFault,
    RulesRegistry,
    RulesSection,
    register_rules,
)
from detente.agreement.signatures import PartySignature, party_signatures
from detente.agreement.signed import Signed
from detente.agreement.signing import merge, sign
from detente.agreement.stand_off import (
    AircraftClass,
    Border,
    Purpose,
    StandOffRule,
    StandOffSection,
    Stretch,
    stand_off_section,
)
from detente.agreement.stand_off_words import sentence as stand_off_sentence
from detente.agreement.standing import Standing, State, standing
from detente.agreement.statements import (
    KINDS,
    Kind,
    Statement,
    make_statement,
    read_statement,
    read_statements,
    recorded_statement,
    statement_draft,
)
from detente.words import Words

__all__ = [
    "FAULT_CODES",
    "KINDS",
    "RULES",
    "Address",
    "Agreement",
    "AgreementNotWritten",
    "AgreementRefused",
    "AgreementUnusable",
    "AircraftClass",
    "AreaOutline",
    "Border",
    "Box",
    "Change",
    "Document",
    "DraftParty",
    "EnrolledKey",
    "Fault",
    "KeyNames",
    "KeyOffer",
    "Kind",
    "Party",
    "PartySignature",
    "Purpose",
    "Row",
    "RuleFault",
    "RulesClash",
    "RulesRegistry",
    "RulesSection",
    "Section",
    "Signed",
    "StandOffRule",
    "StandOffSection",
    "Standing",
    "State",
    "Statement",
    "Stretch",
    "Words",
    "accept_enrolment",
    "agreement_page",
    "amend_agreement",
    "check",
    "diff",
    "draft_agreement",
    "fields_page",
    "key_offers",
    "load_agreement",
    "make_party_keys",
    "make_statement",
    "merge",
    "party_signatures",
    "read_agreement",
    "read_statement",
    "read_statements",
    "record_files",
    "recorded_statement",
    "register_rules",
    "request_enrolment",
    "sections",
    "sign",
    "signatures_section",
    "stand_off_section",
    "stand_off_sentence",
    "standing",
    "statement_draft",
    "write_file",
]
