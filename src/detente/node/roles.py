"""Who may do what: roles, permissions, and the matrix that joins them.

Permissions are the scopes of endpoints. What is not in the matrix is refused. The tests are
generated from it, and so is the table in docs/officers.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from detente.words import NARROW, Words

STEP_UP: Final = "step-up"
"""The scope that a session has for a few minutes after its officer has proved who it is."""


class Role(StrEnum):
    """What an officer is here for. Somebody may have several roles; they add up."""

    OBSERVER = "observer"
    OFFICER = "officer"
    DUTY_CHIEF = "duty-chief"
    CUSTODIAN = "custodian"
    ADMIN = "admin"
    AUDITOR = "auditor"
    PUBLIC = "public"


ROLE_WORDS: Final[Mapping[Role, Words]] = {
    Role.OBSERVER: Words("Observer: reads the watch", f"Observateur{NARROW}: lit la veille"),
    Role.OFFICER: Words("Officer: answers the line", f"Officier{NARROW}: répond sur la ligne"),
    Role.DUTY_CHIEF: Words(
        "Duty chief: leads the watch, decides with a second person",
        f"Chef de quart{NARROW}: dirige la veille, décide avec une seconde personne",
    ),
    Role.CUSTODIAN: Words(
        "Custodian: keeps the evidence", f"Conservateur{NARROW}: garde les preuves"
    ),
    Role.ADMIN: Words("Administrator: runs the node", f"Administrateur{NARROW}: exploite le nœud"),
    Role.AUDITOR: Words("Auditor: reads everything", f"Auditeur{NARROW}: lit tout"),
    Role.PUBLIC: Words("Public: what has been published", f"Public{NARROW}: ce qui a été publié"),
}

PERMISSION_HELP: Final[Mapping[str, str]] = {
    "line.read": "read messages, alarms and the phrasebook",
    "line.send": "send, answer and correct messages, attach files",
    "line.shown": "state that a message was shown on one's own screen",
    "line.acknowledge": "acknowledge and read back",
    "room.read": "read rooms that one is a member of",
    "room.all.read": "read all rooms of the party",
    "room.write": "speak in rooms",
    "room.manage": "open and close rooms, change their members",
    "conference.read": "read conferences, proposals and minutes",
    "conference.write": "take part: attend, propose, dissent",
    "conference.manage": "convene, write minutes, close",
    "minutes.sign": "sign minutes for the party (with a second person)",
    "plan.read": "read plans, what decided them, and ways out",
    "plan.file": "plan, change and end flights, and declare how they fly",
    "constraint.manage": "publish, change and end constraints: close airspace to others",
    "watch.read": "see alerts, feeds and the segments of raw tracks",
    "watch.note": "state that one has taken note of an alert",
    "watch.hold": "keep raw tracks beyond their time, and let them go (with a second person)",
    "record.read": "search the record; entries, proofs, checkpoints",
    "record.export": "hand evidence out (with a second person)",
    "record.erase": "erase an entry's content (with a second person)",
    "publish": "publish a bulletin (with a second person)",
    "public.read": "read what has been published",
    "officers.read": "see accounts, roles and sessions",
    "officers.manage": "make and change accounts (with a second person)",
    "approvals.read": "see what waits for a second person",
    "approvals.propose": "propose what needs a second person",
    "approvals.decide": "be the second person",
    "peers.read": "see the other parties' nodes and the state of the links",
    "peers.manage": "change how peers are reached (with a second person)",
    "keys.read": "see which keys are in force",
    "keys.manage": "rotate and revoke keys (with a second person)",
    "agreement.read": "read the agreement",
    "agreement.manage": "put a new version in force, suspend (with a second person)",
    "node.read": "see the node's state, metrics and settings",
    "node.manage": "operate the node",
}
"""Every permission, and what it allows."""

ALL_PERMISSIONS: Final = frozenset(PERMISSION_HELP)

_WATCH = frozenset(
    {
        "agreement.read",
        "conference.read",
        "line.read",
        "peers.read",
        "plan.read",
        "public.read",
        "room.read",
        "watch.read",
    }
)
_OFFICER = _WATCH | {
    "approvals.propose",
    "approvals.read",
    "conference.write",
    "keys.read",
    "line.acknowledge",
    "line.send",
    "line.shown",
    "plan.file",
    "record.read",
    "room.write",
    "watch.note",
}

PERMISSIONS: Final[Mapping[Role, frozenset[str]]] = {
    Role.PUBLIC: frozenset({"public.read"}),
    Role.OBSERVER: _WATCH,
    Role.OFFICER: _OFFICER,
    Role.DUTY_CHIEF: _OFFICER
    | {
        "approvals.decide",
        "conference.manage",
        "constraint.manage",
        "minutes.sign",
        "node.read",
        "officers.read",
        "publish",
        "room.all.read",
        "room.manage",
        "watch.hold",
    },
    Role.CUSTODIAN: _WATCH
    | {
        "approvals.decide",
        "approvals.propose",
        "approvals.read",
        "keys.read",
        "record.erase",
        "record.export",
        "record.read",
        "room.all.read",
        "watch.hold",
    },
    # Runs the machine; neither speaks for the party nor sees what passes on the line.
    Role.ADMIN: frozenset(
        {
            "agreement.manage",
            "agreement.read",
            "approvals.propose",
            "approvals.read",
            "keys.manage",
            "keys.read",
            "node.manage",
            "node.read",
            "officers.manage",
            "officers.read",
            "peers.manage",
            "peers.read",
            "public.read",
        }
    ),
    Role.AUDITOR: frozenset(name for name in ALL_PERMISSIONS if name.endswith(".read")),
}
"""The matrix. What is not in it is refused."""

SIGNING_ROLES: Final = frozenset({Role.OFFICER, Role.DUTY_CHIEF})
"""Only officers of the agreement may have these: they sign with a key that stands in it."""


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """What somebody with these roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def while_locked(permissions: frozenset[str]) -> frozenset[str]:
    """What is left of them in a session that is locked: the watch stays readable."""
    return frozenset(name for name in permissions if name.endswith(".read"))


def matrix_markdown() -> str:
    """The matrix as a table for docs/officers.md."""
    roles = list(Role)
    rows = [
        "| permission | allows to | " + " | ".join(roles) + " |",
        "|---|---|" + "---|" * len(roles),
    ]
    rows += [
        f"| `{name}` | {PERMISSION_HELP[name]} | "
        + " | ".join("×" if name in PERMISSIONS[role] else "" for role in roles)
        + " |"
        for name in PERMISSION_HELP
    ]
    return "\n".join(rows) + "\n"
