"""Our own intents, laid out for comparing: whom another's change concerns is found at once."""

from __future__ import annotations

from collections.abc import Mapping

from detente.geo import Prepared
from detente.planning.extents import Extents
from detente.planning.intents import Intent


class OwnIntents:
    """Intents of ours; each is laid out once, however often it is compared."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Intent, Prepared]] = {}
        self._extents: Extents[str] = Extents()

    def follow(self, intents: Mapping[str, Intent]) -> None:
        """Be as these are, by key: only what has changed since the last time is laid out.

        Raises:
            OutlineTooLarge: an outline reaches too far to be compared.
        """
        for key in [each for each in self._kept if each not in intents]:
            del self._kept[key]
            self._extents.drop(key)
        fresh: list[str] = []
        for key, intent in intents.items():
            known = self._kept.get(key)
            if known is not None and known[0] is intent:
                continue
            if known is not None and known[0].details == intent.details:
                self._kept[key] = (intent, known[1])  # it has not moved
                continue
            fresh.append(key)
        if not fresh:
            return
        laid_out = Prepared.apart([intents[key].details.all_volumes for key in fresh])
        for key, part in zip(fresh, laid_out, strict=True):
            self._kept[key] = (intents[key], part)
            self._extents.put(key, part)

    def near(self, theirs: Prepared) -> list[tuple[Intent, Prepared]]:
        """Those that share time and altitude with the volumes and may meet them on the ground."""
        return [self._kept[key] for key in self._extents.near(theirs)]
