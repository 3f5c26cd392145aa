"""The line between parties: what is said, what became of it, and whether anybody hears."""

from __future__ import annotations

# Delivery, supervision, outages.
from . import actions as actions
from .delivery import LaneStatus as LaneStatus
from .delivery import Link as Link
from .desk import CONTRADICTION as CONTRADICTION
from .desk import HeldChannel as HeldChannel
from .form_fields import (
    Aircraft,
    Area,
    CircleArea,
    CorridorArea,
    Distance,
    FieldPart,
    Frequency,
    Level,
    Levels,
    PolygonArea,
    Text,
    Times,
)
from .forms import (
    FORMS,
    READ_BACK_PARTS,
    FieldsUnusable,
    Form,
    ReadBackPart,
    Status,
    Urgency,
    form_of,
)
from .lanes import BATCH_BYTES_MAX as BATCH_BYTES_MAX
from .lanes import BATCH_ENVELOPES_MAX as BATCH_ENVELOPES_MAX
from .lanes import Lane as Lane
from .lanes import lane_of as lane_of
from .message_states import (
    AcknowledgementFact,
    Judged,
    MessageState,
    ReadBackFact,
    differences_of,
    judge,
    read_back_needed,
)
from .message_tables import (
    MESSAGE_KINDS,
    MessageProjection,
)
from .messages import (
    EMERGENCY,
    OWN_WATCH,
    MessageRefused,
    ReadBackWrong,
    RoomPlace,
    StatusMixed,
    acknowledgement_draft,
    channel_of,
    is_emergency,
    message_draft,
    read_back_draft,
    refusal_draft,
    room_channel,
    shown_draft,
)
from .outages import Outage as Outage
from .outages import OutageMalformed as OutageMalformed
from .outages import SharedOutage as SharedOutage
from .outages import Stated as Stated
from .outages import outage_draft as outage_draft
from .outages import own_absences as own_absences
from .outages import read_outage as read_outage
from .outages import reconcile as reconcile
from .phrasebook import (
    render,
)
from .phrases import (
    STATUSES,
    TEST_WORDS,
    URGENCIES,
)
from .readback import (
    Difference,
    ReadBack,
    compare,
    read_read_back,
)
from .room_statements import (
    ROOM_KINDS as ROOM_KINDS,
)
from .room_statements import (
    RoomStatement as RoomStatement,
)
from .room_tables import (
    ROOM_PROJECTION as ROOM_PROJECTION,
)
from .room_tables import (
    load_room as load_room,
)
from .room_tables import (
    load_rooms as load_rooms,
)
from .room_tables import (
    room_positions as room_positions,
)
from .room_tables import (
    room_statements as room_statements,
)
from .room_texts import (
    StatementMalformed as StatementMalformed,
)
from .rooms import (
    NoSuchRoom as NoSuchRoom,
)
from .rooms import (
    Room as Room,
)
from .rooms import (
    RoomRefused as RoomRefused,
)
from .rooms import (
    message_fault as message_fault,
)
from .rooms import (
    open_room as open_room,
)
from .rooms import (
    room_of as room_of,
)
from .rules import (
    LineRules,
    line_rules,
)
from .standing import Instant as Instant
from .standing import PeerFields as PeerFields
from .standing import Reason as Reason
from .standing import Standing as Standing
from .standing import State as State
from .supervision import BEAT_TIMEOUT_S as BEAT_TIMEOUT_S
from .supervision import Changed as Changed
from .supervision import OutageBegan as OutageBegan
from .supervision import OutageEnded as OutageEnded
from .supervision import Rebooted as Rebooted
from .supervision import SendBeat as SendBeat
from .supervision import Stalled as Stalled
from .supervision import Supervisor as Supervisor

__all__ = [
    "BATCH_BYTES_MAX",
    "BATCH_ENVELOPES_MAX",
    "BEAT_TIMEOUT_S",
    "CONTRADICTION",
    "EMERGENCY",
    "FORMS",
    "MESSAGE_KINDS",
    "OWN_WATCH",
    "READ_BACK_PARTS",
    "STATUSES",
    "TEST_WORDS",
    "URGENCIES",
    "AcknowledgementFact",
    "Aircraft",
    "Area",
    "Changed",
    "CircleArea",
    "CorridorArea",
    "Difference",
    "Distance",
    "FieldPart",
    "FieldsUnusable",
    "Form",
    "Frequency",
    "HeldChannel",
    "Instant",
    "Judged",
    "Lane",
    "LaneStatus",
    "Level",
    "Levels",
    "LineRules",
    "Link",
    "MessageProjection",
    "MessageRefused",
    "MessageState",
    "NoSuchRoom as NoSuchRoom",
    "Outage",
    "OutageBegan",
    "OutageEnded",
    "OutageMalformed",
    "PeerFields",
    "PolygonArea",
    "ROOM_KINDS as ROOM_KINDS",
    "ROOM_PROJECTION as ROOM_PROJECTION",
    "ReadBack",
    "ReadBackFact",
    "ReadBackPart",
    "ReadBackWrong",
    "Reason",
    "Rebooted",
    "RoomPlace",
    "RoomRefused as RoomRefused",
    "RoomStatement as RoomStatement",
    "Room as Room",
    "SendBeat",
    "SharedOutage",
    "Stalled",
    "Standing",
    "State",
    "Stated",
    "StatementMalformed as StatementMalformed",
    "Status",
    "StatusMixed",
    "Supervisor",
    "Text",
    "Times",
    "Urgency",
    "acknowledgement_draft",
    "actions",
    "channel_of",
    "compare",
    "differences_of",
    "form_of",
    "is_emergency",
    "judge",
    "lane_of",
    "line_rules",
    "load_room as load_room",
    "load_rooms as load_rooms",
    "message_draft",
    "message_fault as message_fault",
    "open_room as open_room",
    "outage_draft",
    "own_absences",
    "read_back_draft",
    "read_back_needed",
    "read_outage",
    "read_read_back",
    "reconcile",
    "refusal_draft",
    "render",
    "room_channel",
    "room_of as room_of",
    "room_positions as room_positions",
    "room_statements as room_statements",
    "shown_draft",
]
