"""Which messages wait for an officer: asked again whenever the record has grown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from .escalation import Waiting
from .message_queries import by_ids
from .message_rows import PAGE_MAX, Query
from .message_views import MessageView, waiting_of
from .rules import LineRules

_Key = tuple[str, str]
"""Id of a message, and party that it waits at."""

_PAGE: Final = PAGE_MAX
_CANDIDATES: Final = (
    "SELECT m.id, t.party, m.position, CAST("
    "(SELECT COALESCE(SUM(a.position + 1), 0) FROM messages_acknowledgements AS a "
    "WHERE a.about = m.id) + "
    "(SELECT COALESCE(SUM(b.position + 1), 0) FROM messages_read_backs AS b "
    "WHERE b.about = m.id) + "
    "(SELECT COALESCE(SUM(c.position + 1), 0) FROM messages_calls AS c WHERE c.about = m.id) + "
    "(SELECT COALESCE(SUM(o.position + 1), 0) FROM messages_alarms AS o WHERE o.about = m.id) + "
    "(SELECT COALESCE(SUM(n.position + 1), 0) FROM messages_said AS n WHERE n.corrects = m.id) + "
    "(SELECT COALESCE(SUM(r.position + 1), 0) FROM messages_receipts AS r "
    "WHERE r.about = m.id AND r.party = ?) AS bigint) "
    "FROM messages_to AS t JOIN messages_said AS m ON m.id = t.id "
    "WHERE t.position >= ? AND m.form <> 'test-call' AND m.form <> 'test-answer' "
    "AND (m.sender = ? OR t.party = ?) "
    "AND (m.read_back = 1 OR NOT EXISTS (SELECT 1 FROM messages_acknowledgements AS a "
    "WHERE a.about = m.id AND a.party = t.party AND a.status = m.status)) "
    "ORDER BY t.position, t.party"
)


class WaitingMessages:
    """The messages of a record that no officer has acknowledged, by the clocks' rules.

    A message that a correction supersedes waits until the correction is acknowledged (or it is
    itself). What has once been acknowledged stays so: such messages are not looked at again, and
    the others only when something was recorded about them: thousands may wait.

    Args:
        party: whose record it is.
    """

    def __init__(self, party: str) -> None:
        self._party = party
        self._from = 0
        self._settled: set[_Key] = set()
        self._known: dict[_Key, tuple[int, Waiting | None]] = {}
        self._rules: LineRules | None = None

    async def refresh(self, query: Query, rules: LineRules) -> list[Waiting]:
        """All that wait now, the oldest first.

        Args:
            query: asks the tables.
            rules: how exactly one reads back.
        """
        if rules != self._rules:
            self._rules = rules
            self._known.clear()
        us = self._party
        rows = cast(
            list[tuple[str, str, int, int]],
            await query(_CANDIDATES, [us, self._from, us, us]),
        )
        asked = {(i, p): (at, mark) for i, p, at, mark in rows if (i, p) not in self._settled}
        await self._look(query, rules, {key: mark for key, (_, mark) in asked.items()})
        waiting: dict[_Key, Waiting] = {}
        for key in asked:
            found = self._known[key][1]
            if found is not None:
                waiting[key] = found
        # Newest first: a correction comes after what it corrects, so its fate is known by then.
        for identity, party in sorted(waiting, key=lambda key: -asked[key][0]):
            correction = waiting[identity, party].superseded_by
            if correction is not None and (correction, party) not in waiting:
                del waiting[identity, party]
        self._settled |= asked.keys() - waiting.keys()
        self._known = {key: self._known[key] for key in waiting}
        self._from = min(
            (asked[key][0] for key in waiting),
            default=max((at for _, _, at, _ in rows), default=self._from),
        )
        self._settled &= {(identity, party) for identity, party, at, _ in rows if at >= self._from}
        return list(waiting.values())

    async def _look(self, query: Query, rules: LineRules, marks: Mapping[_Key, int]) -> None:
        """Have in `_known` how these messages stand; `marks` change with all that tells it."""
        stale = [key for key, mark in marks.items() if self._known.get(key, (-1,))[0] != mark]
        ids = list(dict.fromkeys(identity for identity, _ in stale))
        views: dict[str, MessageView] = {}
        for begin in range(0, len(ids), _PAGE):
            for view in await by_ids(query, ids[begin : begin + _PAGE], self._party, rules):
                views[view.id] = view
        for key in stale:
            found = views.get(key[0])
            settled = found is None or self._acknowledged(found, key[1])
            waits = None if found is None or settled else waiting_of(found, key[1], self._party)
            self._known[key] = marks[key], waits

    @staticmethod
    def _acknowledged(view: MessageView, party: str) -> bool:
        recipient = view.recipient(party)
        return recipient is None or recipient.acknowledged_by is not None
