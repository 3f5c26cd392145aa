"""Records of two parties that have talked for long, made without the line in between."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from typing import Final

from tests.support.nodes import Net, NodeUnderTest

from detente.line import acknowledgement_draft, message_draft
from detente.node.agreement_now import AgreementNow
from detente.node.context import NodeContext
from detente.node.home import Home, now
from detente.node.opening import open_node_record
from detente.node.settings import NodeSettings
from detente.record import Entry

BATCH: Final = 100
ENTRIES_A_MESSAGE: Final = 4
"""The message, its receipt, the acknowledgement, and its receipt."""


async def fill(net: Net, entries: int) -> int:
    """Let A's officer say, and B's acknowledge, so much; how many entries A's record has then."""
    async with AsyncExitStack() as stack:
        a, b = [await _opened(net[party], stack) for party in "ab"]
        durand, nowak = a.officer_signer("durand"), b.officer_signer("nowak")
        while a.record.head.size < entries:
            drafts = [
                message_draft(
                    "text",
                    {"text": {"text": f"message {number}", "language": "en"}},
                    sender="a",
                    to=("b",),
                    language="en",
                )
                for number in range(BATCH)
            ]
            said = await a.record.append([(draft, durand) for draft in drafts])
            taken = await b.record.receive(_sealed(said))
            await a.record.receive(_sealed([each.receipt for each in taken]))
            answers = [
                (acknowledgement_draft(each.entry.payload, None), nowak)
                for each in taken
                if each.entry.payload is not None
            ]
            answered = await b.record.append(answers)
            taken = await a.record.receive(_sealed(answered))
            await b.record.receive(_sealed([each.receipt for each in taken]))
        return a.record.head.size


def _sealed(entries: list[Entry | None] | list[Entry]) -> list[bytes]:
    return [
        each.envelope.to_json()
        for each in entries
        if each is not None and each.envelope is not None
    ]


async def _opened(node: NodeUnderTest, stack: AsyncExitStack) -> NodeContext:
    home = Home(node.directory, node.party, node.keys, node.keys)
    record = (await open_node_record(home)).record
    stack.push_async_callback(record.close)
    agreement = AgreementNow(home, record)
    return NodeContext(
        home.party, record, agreement, now, secrets.token_bytes, home, NodeSettings()
    )
