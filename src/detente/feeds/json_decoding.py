"""What formats of JSON documents have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

import msgspec

from .decoding import Decoder
from .documents import Documents
from .reports import Reports, Source, empty, joined

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for text that is not what was expected."""


class JsonDecoder(Decoder):
    """Documents one after another, cut anywhere.

    Dropped: `framing` (what stands between documents, or was left unfinished), `too-long`,
    `unreadable` (documents that are not what the format has).

    Memory: one document and what is made of it; see `Documents`.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._documents = Documents()

    @abstractmethod
    def _document(self, text: bytes, received_us: int) -> Reports:
        """The reports of one document; whatever else it has is counted."""

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next octets. See `Decoder`."""
        self.counts.bytes += len(data)
        strays, too_long = self._documents.strays, self._documents.too_long
        found = self._documents.feed(data)
        for name, count in (
            ("framing", self._documents.strays - strays),
            ("too-long", self._documents.too_long - too_long),
        ):
            if count:
                self.counts.dropped[name] += count
        batches = [self._document(each, received_us) for each in found]
        return batches[0] if len(batches) == 1 else joined(batches)

    def close(self) -> Reports:
        """The input has ended, or the connection was lost: an unfinished document is dropped."""
        if self._documents.close():
            self.counts.dropped["framing"] += 1
        return empty()
