"""What a node answers, as a terminal reads it.

Only what is shown is named here. What a newer node adds is passed over, and what an older one does
not have yet has a default, so that a terminal need not be of the same version as its node.
"""

from __future__ import annotations

from typing import Any

import msgspec

from detente.words import Words


class Told(msgspec.Struct, frozen=True):
    """A text in both languages."""

    en: str = ""
    fr: str = ""

    @property
    def words(self) -> Words:
        """The same as words."""
        return Words(self.en, self.fr)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes with a message; `size` in bytes."""

    sha256: str
    size: int = 0
    media_type: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a message in words."""

    label: Told
    value: Told


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Who had a message on screen, since when."""

    officer: str
    at: str


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """Who was called for a message."""

    officer: str
    step: int
    at: str


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """An officer's signature under a message, and whether it counts."""

    id: str
    officer: str | None = None
    key: str = ""
    at: str
    text: str | None = None
    counts: bool = True
    why_not: list[Told] = []


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message has come at one party."""

    party: str
    state: str
    words: Told = Told()
    delivered: str | None = None
    shown: list[Shown] = []
    acknowledged_by: str | None = None
    acknowledgements: list[Acknowledgement] = []
    answers: list[str] = []
    calls: list[Called] = []
    superseded_by: str | None = None
    overdue: bool = False

    @property
    def acknowledged(self) -> bool:
        """Whether an officer's acknowledgement counts."""
        return any(each.counts for each in self.acknowledgements)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message and what became of it. Times are RFC 3339."""

    id: str
    position: int
    sender: str
    officer: str | None = None
    status: str
    urgency: str
    created: str
    deadline: str = ""
    form: str
    title: Told | None = None
    read_back: list[str] = []
    fields: Any = None
    rows: list[Row] | None = None
    unreadable: str | None = None
    language: str | None = None
    room: str | None = None
    corrects: str | None = None
    answers: str | None = None
    superseded_by: str | None = None
    files: list[File] = []
    recipients: list[Recipient] = []

    def recipient(self, party: str) -> Recipient | None:
        """How far it has come at a party."""
        return next((each for each in self.recipients if each.party == party), None)


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of one status; `before` asks for the next page."""

    status: str
    messages: list[Message]
    before: int | None = None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm of the node."""

    id: str
    position: int
    what: str
    status: str
    created: str
    about: str | None = None
    body: Any = None


class Alarms(msgspec.Struct, frozen=True, kw_only=True):
    """Alarms of one status, the newest first."""

    alarms: list[Alarm]


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """A message that no officer of `party` has acknowledged; `left_s` is negative once overdue."""

    id: str
    sender: str
    party: str
    urgency: str
    status: str
    deadline: str
    left_s: float
    superseded_by: str | None = None
    instead: Told | None = None


class WaitingList(msgspec.Struct, frozen=True, kw_only=True):
    """All that waits, of every status, the oldest first."""

    waiting: list[Waits]


class TestCall(msgspec.Struct, frozen=True, kw_only=True):
    """A test call, and who has answered when."""

    __test__ = False  # no test of pytest's

    id: str
    caller: str
    callee: str
    at: str
    state: str
    words: Told = Told()
    answers: dict[str, str] = {}
    missing: list[str] = []
    wrong: list[str] = []


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A test call that the agreement asks for."""

    caller: str
    callee: str
    at: str


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """How test calls went; times in seconds."""

    calls: int
    answered: int
    missed: int
    waiting: int
    median_s: dict[str, float | None] = {}
    unanswered: dict[str, int] = {}


class TestCalls(msgspec.Struct, frozen=True, kw_only=True):
    """Test calls, how they went, and the next ones."""

    __test__ = False

    calls: list[TestCall]
    statistics: Statistics
    planned: list[Planned] = []


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that stands still, and why."""

    channel: str
    code: str = ""
    detail: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The line to one peer; `clock_ahead_ms`: how far its clock seems ahead of the node's."""

    peer: str
    state: str
    words: Told = Told()
    since: str = ""
    last_heard: str | None = None
    rtt_ms: float | None = None
    reason: str | None = None
    clock_ahead_ms: int | None = None
    waiting: int = 0
    held: list[Held] = []


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """The lines to all peers."""

    links: list[Link]


class OutageStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What one party says of an outage; `entry` is null until it is recorded."""

    party: str
    since: str
    until: str | None = None
    words: Told = Told()
    own: bool = False
    entry: int | None = None


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """An outage of the line to a peer; `until` is null while it lasts."""

    peer: str
    since: str
    until: str | None = None
    lasted_s: float = 0.0
    stated: list[OutageStatement] = []
    unstated: list[str] = []


class OutageFault(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that tells of no outage."""

    party: str
    entry: int
    what: str = ""


class Outages(msgspec.Struct, frozen=True, kw_only=True):
    """Outages of the last days, those that last first."""

    party: str = ""
    days: int = 0
    outages: list[Outage] = []
    faults: list[OutageFault] = []
    more: bool = False


class RoomTitle(msgspec.Struct, frozen=True, kw_only=True):
    """A room; `present`: the parties that hear what is said in it now."""

    id: str
    title: dict[str, str] = {}
    status: str = "actual"
    closed: str | None = None
    present: list[str] = []
    joined: bool = False
    member: bool = False


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """Rooms that the officer may read, the newest first."""

    rooms: list[RoomTitle] = []


class RoomSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in a room, as it was recorded."""

    id: str


class NodeState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the node can record, and if not, why."""

    mode: str = "writing"
    why: str | None = None
    disk_low: bool = False


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in, and what that officer may do now."""

    officer: str
    name: str = ""
    language: str = "en"
    roles: list[str] = []
    scopes: list[str] = []
    locked: bool = False
    fresh: bool = False
    locks: str = ""
    ends: str = ""
    step_up_s: float = 0.0
    token: str | None = None


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How one may log in, and whose node it is."""

    party: str
    provider: str | None = None
    password: bool = True
    second_factor: bool = True


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """In what a read-back is not what the message says."""

    part: str = ""
    what: str = ""
    words: Told = Told()
    distance_m: float | None = None
    bearing_deg: float | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a node did not do what it was asked."""

    message: str = ""
    code: str = ""
    request_id: str = ""
    differences: list[Difference] = []


class EntryEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An entry was recorded: who said what kind of thing about what, without its content."""

    index: int
    id: str = ""
    kind: str = ""
    sender: str = msgspec.field(name="from", default="")
    to: list[str] = []
    channel: str = ""
    created: str = ""
    status: str = "actual"
    of: str | None = None
    form: str | None = None
    urgency: str | None = None
    refs: list[dict[str, str]] = []

    @property
    def about(self) -> str | None:
        """Id of the message that it is about, if it names one."""
        return self.of or next((ref.get("id") for ref in self.refs), None)
