"""Which messages wait for an officer: asked again whenever the record has grown."""

from __future__ import annotations

from typing import Final, cast

from .escalation import Waiting
from .message_queries import by_ids
from .message_rows import PAGE_MAX, Query
from .message_views import MessageView, waiting_of
from .rules import LineRules

_PAGE: Final = PAGE_MAX
_CANDIDATES: Final = (
    "SELECT m.id, t.party, m.position FROM messages_to AS t "
    "JOIN messages_said AS m ON m.id = t.id "
    "WHERE t.position >= ? AND m.form <> 'test-call' AND m.form <> 'test-answer' "
    "AND (m.sender = ? OR t.party = ?) "
    "AND (m.read_back = 1 OR NOT EXISTS (SELECT 1 FROM messages_acknowledgements AS a "
    "WHERE a.about = m.id AND a.party = t.party AND a.status = m.status)) "
    "ORDER BY t.position, t.party"
)


class WaitingMessages:
    """The messages of a record that no officer has acknowledged, by the clocks' rules.

    A message that a correction supersedes waits until the correction is acknowledged (or it is
    itself). What has once been acknowledged stays so: such messages are not looked at again.

    Args:
        party: whose record it is.
    """

    def __init__(self, party: str) -> None:
        self._party = party
        self._from = 0
        self._settled: set[tuple[str, str]] = set()

    async def refresh(self, query: Query, rules: LineRules) -> list[Waiting]:
        """All that wait now, the oldest first.

        Args:
            query: asks the tables.
            rules: how exactly one reads back.
        """
        rows = await query(_CANDIDATES, [self._from, self._party, self._party])
        found = [
            (cast(str, identity), cast(str, party), cast(int, position))
            for identity, party, position in rows
        ]
        asked = {(i, p): at for i, p, at in found if (i, p) not in self._settled}
        ids = list(dict.fromkeys(identity for identity, _ in asked))
        views: dict[str, MessageView] = {}
        for begin in range(0, len(ids), _PAGE):
            for view in await by_ids(query, ids[begin : begin + _PAGE], self._party, rules):
                views[view.id] = view
        unsettled = {
            (identity, party): position
            for (identity, party), position in asked.items()
            if identity in views and not self._acknowledged(views[identity], party)
        }
        # Newest first: a correction comes after what it corrects, so its fate is known by then.
        for (identity, party), _ in sorted(unsettled.items(), key=lambda each: -each[1]):
            recipient = views[identity].recipient(party)
            correction = None if recipient is None else recipient.superseded_by
            if correction is not None and (correction, party) not in unsettled:
                del unsettled[identity, party]
        self._settled |= {each for each in asked if each not in unsettled}
        self._from = min(
            unsettled.values(), default=max((at for *_, at in found), default=self._from)
        )
        self._settled &= {(identity, party) for identity, party, at in found if at >= self._from}
        return [waiting_of(views[identity], party, self._party) for identity, party in unsettled]

    @staticmethod
    def _acknowledged(view: MessageView, party: str) -> bool:
        recipient = view.recipient(party)
        return recipient is None or recipient.acknowledged_by is not None
