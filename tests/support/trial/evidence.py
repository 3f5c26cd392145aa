"""Whether the records of our nodes show what the bad peer did to them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from tests.support.trial.bad import Phases
from tests.support.trial.node_party import NodeParty

Json = dict[str, Any]


def _sha256(encoded: str | None) -> str:
    return hashlib.sha256(base64.b64decode(encoded or "")).hexdigest()


async def not_shown(bad: Phases, nodes: Iterable[NodeParty]) -> list[str]:
    """What the bad peer did to a node that does not stand in that node's record.

    Every lie told to it must be there byte for byte: those asked for as answers that it got as a
    client, those sent to it as requests that it got as a server, each with its own answer to them.

    Args:
        bad: what it did.
        nodes: whose records are read.
    """
    missing = []
    for node in nodes:
        records = await node.read()
        answers = {
            _sha256(each.get("response_body"))
            for each in records
            if each["recorder_role"] == "Client"
        }
        requests = {
            (_sha256(each.get("request_body")), each.get("response_code"))
            for each in records
            if each["recorder_role"] == "Server"
        }
        for lie in bad.lies():
            if lie["kind"] == "lied" and lie["to"] == node.name and lie["sha256"] not in answers:
                missing.append(f"{node.name} was told {lie}")
            sent = lie["kind"] == "told" and lie["to"].startswith(node.base_url)
            if sent and lie["status"] and (lie["sha256"], lie["status"]) not in requests:
                missing.append(f"{node.name} was sent {lie}")
    return missing


def unanswered(bad: Phases, nodes: Iterable[NodeParty], base_url: str) -> int:
    """How many requests to the bad peer stand in records as left without an answer."""
    return sum(
        each["recorder_role"] == "Client"
        and each["url"].startswith(base_url)
        and each.get("response_code") is None
        and bool(each.get("problem"))
        for node in nodes
        for each in node.exchanges
    )
