"""A terminal for an officer on the line: everything by the keyboard, through the node's interface.

What is here besides the full screen is what commands need as well: fields as an officer types
them, calls to a node, and what its answers say in words.
"""

from __future__ import annotations

from .answers import (
    Acknowledgement,
    Alarm,
    Difference,
    EntryEvent,
    Link,
    Links,
    Message,
    Messages,
    NodeState,
    Recipient,
    Session,
    TestCall,
    TestCalls,
    Waits,
    Ways,
)
from .calls import Identity, LineCalls, Outgoing, ProofRefused, identity_of
from .files import Attachment, FileDiffers, FileFault
from .following import Happening, Listening, Lost, follow, follow_events
from .node_api import Answer, HttpNode, NodeApi, NodeAway, NodeRefused
from .questions import Question, questions_of, read_answers, read_back_questions
from .typed import NotUnderstood

__all__ = [
    "Acknowledgement",
    "Alarm",
    "Answer",
    "Attachment",
    "Difference",
    "EntryEvent",
    "FileDiffers",
    "FileFault",
    "Happening",
    "HttpNode",
    "Identity",
    "LineCalls",
    "Link",
    "Links",
    "Listening",
    "Lost",
    "Message",
    "Messages",
    "NodeApi",
    "NodeAway",
    "NodeRefused",
    "NodeState",
    "NotUnderstood",
    "Outgoing",
    "ProofRefused",
    "Question",
    "Recipient",
    "Session",
    "TestCall",
    "TestCalls",
    "Waits",
    "Ways",
    "follow",
    "follow_events",
    "identity_of",
    "questions_of",
    "read_answers",
    "read_back_questions",
]
