"""The line between parties: what is said, what became of it, and whether anybody hears."""

from __future__ import annotations

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

__all__ = [
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
    "CircleArea",
    "CorridorArea",
    "Difference",
    "Distance",
    "FieldPart",
    "FieldsUnusable",
    "Form",
    "Frequency",
    "Judged",
    "Level",
    "Levels",
    "LineRules",
    "MessageProjection",
    "MessageRefused",
    "MessageState",
    "NoSuchRoom as NoSuchRoom",
    "PolygonArea",
    "ROOM_KINDS as ROOM_KINDS",
    "ROOM_PROJECTION as ROOM_PROJECTION",
    "ReadBack",
    "ReadBackFact",
    "ReadBackPart",
    "ReadBackWrong",
    "RoomPlace",
    "RoomRefused as RoomRefused",
    "RoomStatement as RoomStatement",
    "Room as Room",
    "StatementMalformed as StatementMalformed",
    "Status",
    "StatusMixed",
    "Text",
    "Times",
    "Urgency",
    "acknowledgement_draft",
    "channel_of",
    "compare",
    "differences_of",
    "form_of",
    "is_emergency",
    "judge",
    "line_rules",
    "load_room as load_room",
    "load_rooms as load_rooms",
    "message_draft",
    "message_fault as message_fault",
    "open_room as open_room",
    "read_back_draft",
    "read_back_needed",
    "read_read_back",
    "refusal_draft",
    "render",
    "room_channel",
    "room_of as room_of",
    "room_positions as room_positions",
    "room_statements as room_statements",
    "shown_draft",
]
