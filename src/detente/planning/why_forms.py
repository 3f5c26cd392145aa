"""What is told of why an order was accepted or refused: forms that programs read, too."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from detente.planning.entry_forms import at_text
from detente.planning.exchanges import MessageSignature
from detente.planning.intents import Learnt


class Said(msgspec.Struct, frozen=True):
    """A text in both languages."""

    en: str
    fr: str


class Evidence(msgspec.Struct, frozen=True):
    """An entry of the party's record, and what makes it evidence.

    Attributes:
        id, index, kind, created: of the entry.
        sha256: of its payload, hexadecimal: what the record's tree holds.
        author: name of the key that signed it.
        signature: over the envelope (DSSE), base64.
    """

    id: str
    index: int
    kind: str
    created: str
    sha256: str
    author: str
    signature: str


class Source(msgspec.Struct, frozen=True):
    """The message that told of another's intent.

    Attributes:
        entry: where the exchange of messages stands in our record.
        url, at: what was asked or who told, and when.
        signature: the other party's signature on the message, as it came; None if it bears none.
            With the message in the entry anybody can check it (RFC 9421).
    """

    entry: Evidence
    url: str
    at: str
    signature: MessageSignature | None


class Nearest(msgspec.Struct, frozen=True):
    """The smallest gap between two intents; the other dimensions overlap there.

    Attributes:
        horizontal_m, vertical_m, time_s: None where no pair of volumes overlaps in the others.
    """

    horizontal_m: float | None
    vertical_m: float | None
    time_s: float | None


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """Another's intent that was known when it was decided.

    Attributes:
        id, manager, exchange, state, version, ovn: of its reference.
        down: whether its USS was declared unreachable.
        priority, volumes: as told; None if the details were not known.
        learnt, at: how and when.
        problem: why the details were not known.
        met: whether the two meet.
        nearest: what lies between the two, if they do not meet.
        source: the message that told it; None if none is in the record.
    """

    id: str
    manager: str
    exchange: str
    state: str
    version: int
    ovn: str
    down: bool
    priority: int | None
    volumes: int | None
    learnt: Learnt
    at: str
    problem: Said | None
    met: bool
    nearest: Nearest | None
    source: Source | None


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """Another's intent that the order meets, and whether the rules let it.

    Attributes:
        with_id, manager, state, priority: the other; `priority` as it counts.
        allowed, existed: whether it may stand, and whether it was there before.
        rule, reason: what decided that.
        time_start, time_end, altitude_lower_m, altitude_upper_m, lat, lng: what the two share, and
            a point of it.
        pairs: which volumes meet, (ours, theirs), counted from 0.
        source: the message that told of the other.
    """

    with_id: str
    manager: str
    state: str
    priority: int
    allowed: bool
    existed: bool
    rule: str
    reason: Said
    time_start: str
    time_end: str
    altitude_lower_m: float | None
    altitude_upper_m: float | None
    lat: float
    lng: float
    pairs: list[tuple[int, int]]
    source: Source | None


class Wrong(msgspec.Struct, frozen=True):
    """What was wrong with the order itself, or did not work."""

    code: str
    rule: str
    where: str
    message: Said


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for.

    Attributes:
        given: when.
        state, priority, operator: wanted.
        volumes, vertices: how many.
        time_start, time_end, altitude_lower_m, altitude_upper_m: of all volumes.
        before: our version of the intent before; 0: it was new.
    """

    given: str
    state: str
    priority: int
    operator: str
    volumes: int
    vertices: int
    time_start: str
    time_end: str
    altitude_lower_m: float | None
    altitude_upper_m: float | None
    before: int


class Rules(msgspec.Struct, frozen=True):
    """What the parties have agreed upon; see `PlanningRules`."""

    same_priority_allowed: list[int]
    horizon_days: int
    vertices_max: int
    rounds_max: int


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """What exactly decided an order.

    Attributes:
        intent, name, action, result: which order, and how it ended.
        rule: the requirement of F3548-21 that decided; "" if none did.
        decided: one sentence.
        began, ended, rounds: of the attempt.
        inputs, rules: what was decided upon, and by what; no rules where none were recorded.
        conflicts, faults, considered, constraints: everything that counted.
        attempt: the entry that holds all of this.
        accepted: the entry that states the intent as it is since.
        geometry: GeoJSON: the pieces that the two share, and the volumes they are pieces of.
        text: all of it for people, lines of text.
    """

    intent: str
    name: str
    action: str
    result: Literal["done", "refused", "failed"]
    rule: str
    decided: Said
    began: str
    ended: str
    rounds: int
    inputs: Inputs
    rules: Rules | None
    conflicts: list[Met]
    faults: list[Wrong]
    considered: list[Considered]
    constraints: list[str]
    attempt: Evidence
    accepted: Evidence | None
    geometry: dict[str, Any]
    text: Said


def instant_text(instant_us: int | None) -> str:
    """A time as it is told; "" for none."""
    return "" if instant_us is None else at_text(instant_us)
