"""Server-sent events, from bytes (HTML standard, section 9.2). No I/O."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event of a stream.

    Attributes:
        name: its type.
        data: its text.
        id: the last id that the stream has named up to it; what `Last-Event-ID` repeats.
    """

    name: str
    data: str
    id: str | None


class EventReader:
    """Takes the bytes of a stream as they come, in pieces of any size."""

    BYTES_MAX = 4 * 1024 * 1024
    """Of one event; a stream that sends more is none of ours."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._name = ""
        self._size = 0
        self.last_id: str | None = None

    def feed(self, piece: bytes) -> list[SentEvent]:
        """The events that are whole now.

        Raises:
            ValueError: an event is larger than any of a node, or not UTF-8.
        """
        lines = (self._rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        self._rest = lines.pop()
        events = []
        for line in lines:
            event = self._line(line.decode())
            if event is not None:
                events.append(event)
        if self._size + len(self._rest) > self.BYTES_MAX:
            raise ValueError("an event is too large")
        return events

    def _line(self, line: str) -> SentEvent | None:
        if not line:
            event = SentEvent(self._name or "message", "\n".join(self._data), self.last_id)
            told = bool(self._data)
            self._data, self._name, self._size = [], "", 0
            return event if told else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._size += len(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None  # comments keep the connection alive, and say nothing
