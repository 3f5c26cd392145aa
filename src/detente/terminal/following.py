"""Follows what happens at a node, through every interruption."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from .answers import EntryEvent, Link, NodeState
from .calls import EVENTS
from .node_api import NodeApi, NodeAway, NodeRefused
from .sse import EventReader, SentEvent
from .typesetting import told

ENDED: Final = told("It has ended the stream of events.", "Il a mis fin au flux d’événements.")
NO_EVENTS: Final = told("What it sends are no events.", "Ce qu’il envoie est illisible.")
RETRY_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits between attempts to listen again."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The stream of events is open; what follows is as the node says it now."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream has ended, or could not be opened; it is tried again."""

    error: NodeAway | NodeRefused


Happening = Listening | Lost | EntryEvent | Link | NodeState

Sleep = Callable[[float], Awaitable[object]]
T = TypeVar("T")


async def follow(
    api: NodeApi, *, after: str | None = None, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[Happening, None]:
    """All that happens on the line, for as long as somebody listens; see `follow_events`."""
    heard: AsyncGenerator[Happening, None] = follow_events(api, _heard, after=after, sleep=sleep)
    async with aclosing(heard) as happenings:
        async for each in happenings:
            yield each


async def follow_events(
    api: NodeApi,
    hear: Callable[[SentEvent], T | None],
    *,
    after: str | None = None,
    sleep: Sleep = asyncio.sleep,
) -> AsyncGenerator[Listening | Lost | T, None]:
    """What happens at a node, for as long as somebody listens; nothing is missed and nothing twice.

    After an interruption the node is asked for what came after the last entry that was heard
    (`Last-Event-ID`).

    Args:
        api: the node.
        hear: reads an event; None: it is passed over. What it raises as `ValueError` or
            `msgspec.MsgspecError` ends the connection, which is then made anew.
        after: index of the last entry that is known; from now on if None.
        sleep: waits between attempts.

    Raises:
        NodeRefused: the node does not let this officer listen (401 or 403).
    """
    last, attempt = after, 0
    while True:
        reader = EventReader()
        try:
            async with aclosing(api.stream(EVENTS, last)) as pieces:
                async for piece in pieces:
                    for event in reader.feed(piece):
                        attempt = 0
                        if event.name == "begin":
                            yield Listening()
                        last = event.id or last
                        heard = hear(event)
                        if heard is not None:
                            yield heard
            error: NodeAway | NodeRefused = NodeAway(ENDED)
        except NodeRefused as refused:
            if refused.status in (401, 403):
                raise
            error = refused
        except NodeAway as away:
            error = away
        except (ValueError, msgspec.MsgspecError):
            error = NodeAway(NO_EVENTS)
        yield Lost(error)
        await sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
        attempt += 1


def _heard(event: SentEvent) -> EntryEvent | Link | NodeState | None:
    if event.name == "entry":
        return msgspec.json.decode(event.data, type=EntryEvent)
    if event.name == "link":
        return msgspec.json.decode(event.data, type=Link)
    if event.name == "node":
        return msgspec.json.decode(event.data, type=NodeState)
    return None  # of a newer node: what is not known cannot be shown
