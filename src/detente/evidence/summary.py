"""What a person wants to know of the entries of a bundle, gathered while they stream by.

Only so many rows are kept, the first ones and the last ones, so that a log of any length fits.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from detente.formats import RECORD_KINDS
from detente.record import Payload
from detente.record.entries import Entry
from detente.record.ijson import JsonValue, canonical_json, format_time
from detente.words import Words

from .events import Events
from .line_words import OWN_AFFAIRS, line_words

FIRST_ROWS = 100
LAST_ROWS = 200
_WORDS_MAX = 400
_ANSWERS_MAX = 20
ANSWER_KINDS = ("receipt", "shown", "read-back", "acknowledgement")
"""What is told beside the entry that it is about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A receipt or an acknowledgement.

    Attributes:
        kind: one of `ANSWER_KINDS`.
        party: who gave it.
        author: name of the key that signed it.
        time: as the author states it.
        words: what was added, if anything.
        index: where it stands in this log.
    """

    kind: str
    party: str
    author: str
    time: str
    words: str
    index: int


@dataclass(slots=True)
class Row:
    """An entry as the page shows it. Times are as the author states them.

    Attributes:
        answers: receipts, acknowledgements and the like, in the order of the log.
        erased_by: index of the entry that states its erasure.
    """

    index: int
    id: str = ""
    kind: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    author: str = ""
    channel: str = ""
    status: str = ""
    created: str = ""
    words: str | Words = ""
    answers: list[Answer] = field(default_factory=list)
    erased_by: int | None = None


class Summary:
    """Counts entries and keeps some of them.

    Attributes:
        kinds: how many entries there are of each kind.
        first: earliest time that an author states, "" without entries.
        last: latest.
        erased: how many entries have lost their content.
        left_out: how many of the messages are counted but have no row.
        events: what became of keys, content, clocks and cosignatures.
    """

    def __init__(self, first_rows: int = FIRST_ROWS, last_rows: int = LAST_ROWS) -> None:
        self.kinds: Counter[str] = Counter()
        self.first = ""
        self.last = ""
        self.erased = 0
        self.left_out = 0
        self.events = Events()
        self._first_rows = first_rows
        self._head: list[Row] = []
        self._tail: deque[Row] = deque()
        self._last_rows = last_rows
        self._by_id: dict[str, Row] = {}

    def add(self, entry: Entry) -> None:
        """Take an entry into account; call in the order of the log."""
        payload = entry.payload
        if payload is None:
            self.erased += 1
            self._keep(Row(entry.index, erased_by=entry.erased_by))
            return
        created = format_time(payload.created)
        self.kinds[payload.kind] += 1
        self.first = min(self.first or created, created)
        self.last = max(self.last, created)
        self.events.add(entry.index, payload)
        if payload.kind in ANSWER_KINDS:
            self._answer(entry.index, payload, created)
        elif payload.kind not in RECORD_KINDS and payload.kind not in OWN_AFFAIRS:
            row = Row(
                entry.index,
                str(payload.id),
                payload.kind,
                payload.sender,
                tuple(payload.to),
                payload.author,
                payload.channel,
                payload.status,
                created,
                _in_words(payload),
            )
            self._keep(row)

    def rows(self) -> Iterator[Row]:
        """The rows kept, ascending."""
        yield from self._head
        yield from self._tail

    def _keep(self, row: Row) -> None:
        if len(self._head) < self._first_rows:
            self._head.append(row)
        else:
            self._tail.append(row)
            if len(self._tail) > self._last_rows:
                gone = self._tail.popleft()
                self.left_out += 1
                self._by_id.pop(gone.id, None)
        if row.id:
            self._by_id[row.id] = row

    def _answer(self, index: int, payload: Payload, created: str) -> None:
        row = self._by_id.get(_text(payload.body, "of"))
        if row is None or len(row.answers) >= _ANSWERS_MAX:
            return
        time = _text(payload.body, "received") or created
        time = _text(payload.body, "at") or time
        words = shortened(_text(payload.body, "text") or _text(payload.body, "officer"))
        row.answers.append(Answer(payload.kind, payload.sender, payload.author, time, words, index))


def shortened(text: str) -> str:
    """A text of bearable length."""
    return text if len(text) <= _WORDS_MAX else text[: _WORDS_MAX - 1] + "…"


def _in_words(payload: Payload) -> str | Words:
    """What an entry of the line says, the text of another message, or else the body itself."""
    words = line_words(payload)
    if words is not None:
        return Words(shortened(words.en), shortened(words.fr))
    text = _text(payload.body, "text")
    return shortened(text or canonical_json(payload.body).decode())


def _text(body: Mapping[str, JsonValue], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
