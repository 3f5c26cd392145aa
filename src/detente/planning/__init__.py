"""Planning as a USS of F3548-21: what a party means to fly, fitted between what others do.

Pure: no input or output, no clock, no randomness. The node carries out what is decided here.
"""

from __future__ import annotations

from detente.planning.actions import (
    Answer,
    Conflicted,
    DeleteIntent,
    Errand,
    FetchConstraint,
    FetchIntent,
    GetIntent,
    Heard,
    NoAnswer,
    Nonsense,
    Pending,
    PutIntent,
    QueryConstraints,
    QueryIntents,
    Refused,
)
from detente.planning.attempt import LATE_US, Attempt
from detente.planning.book import Book, Flight
from detente.planning.costs import Costs, Limits
from detente.planning.decision import TABLE, Move, Rank, decide, refused_if_met, table_in_markdown
from detente.planning.drafts import Made
from detente.planning.entries import PendingOrder
from detente.planning.entry_forms import (
    Flown,
    InputBody,
    Judged,
    NoticeBody,
    OwnConstraint,
    at_text,
    details_of,
    details_on_wire,
)
from detente.planning.exchanges import ExchangeSeen, MessageSignature, headers_of
from detente.planning.hearing import (
    HeardIntent,
    NotItsManager,
    Outdated,
    Suffered,
    Unusable,
    judge,
    read_change,
    suffered,
)
from detente.planning.intents import (
    HIGHEST,
    LOWEST,
    Action,
    Conflict,
    Details,
    ExchangeArea,
    Fault,
    Filed,
    Intent,
    Neighbour,
    Notice,
    Order,
    Outcome,
    PlanningRules,
    Result,
    State,
)
from detente.planning.kept import DetailsWriter, unpacked
from detente.planning.known import KnownConstraint, Neighbourhood
from detente.planning.lifecycle import TRANSITIONS
from detente.planning.log_set import LogSetMaker, log_set_of
from detente.planning.reach import in_reach, reach
from detente.planning.tables import PLAN_PROJECTION, PlanProjection
from detente.planning.told import ToldWrong
from detente.planning.validation import faults_of
from detente.planning.ways_out import Kind, WayOut, ways_out
from detente.planning.why import evidence_of, why
from detente.planning.why_forms import Evidence, Source, Why

__all__ = [
    "HIGHEST",
    "LATE_US",
    "LOWEST",
    "PLAN_PROJECTION",
    "TABLE",
    "TRANSITIONS",
    "Action",
    "Answer",
    "Attempt",
    "Book",
    "Conflict",
    "Conflicted",
    "Costs",
    "DeleteIntent",
    "Details",
    "DetailsWriter",
    "Errand",
    "Evidence",
    "ExchangeArea",
    "ExchangeSeen",
    "Fault",
    "FetchConstraint",
    "FetchIntent",
    "Filed",
    "Flight",
    "Flown",
    "GetIntent",
    "Heard",
    "HeardIntent",
    "InputBody",
    "Intent",
    "Judged",
    "Kind",
    "KnownConstraint",
    "Limits",
    "LogSetMaker",
    "Made",
    "MessageSignature",
    "Move",
    "Neighbour",
    "Neighbourhood",
    "NoAnswer",
    "Nonsense",
    "NotItsManager",
    "Notice",
    "NoticeBody",
    "Order",
    "Outcome",
    "Outdated",
    "OwnConstraint",
    "Pending",
    "PendingOrder",
    "PlanProjection",
    "PlanningRules",
    "PutIntent",
    "QueryConstraints",
    "QueryIntents",
    "Rank",
    "Refused",
    "Result",
    "Source",
    "State",
    "Suffered",
    "ToldWrong",
    "Unusable",
    "WayOut",
    "Why",
    "at_text",
    "decide",
    "details_of",
    "details_on_wire",
    "evidence_of",
    "faults_of",
    "headers_of",
    "in_reach",
    "judge",
    "log_set_of",
    "reach",
    "read_change",
    "refused_if_met",
    "suffered",
    "table_in_markdown",
    "unpacked",
    "ways_out",
    "why",
]
