"""Names of channels, before and after a record was restored from a copy.

A copy does not know what was signed after it was made. So that no number of a channel is ever
signed twice, a restored record goes on in none of its channels: each gets a successor, whose name
has one more segment, such as `line/b/~3fa91c02` after `line/b`, and `line/b/~3fa91c02/emergency`
after `line/b/emergency`. The segment is drawn at random by whoever restores, because a number that
counts restorations could itself be set back.
"""

from __future__ import annotations

import re
from typing import Final

from .entries import Random

EMERGENCY: Final = "/emergency"
_SEGMENT: Final = re.compile(r"/~[0-9a-f]{8}(?=/emergency\Z|\Z)", re.ASCII)
_SUFFIX: Final = re.compile(r"~[0-9a-f]{8}", re.ASCII)


def new_suffix(random: Random) -> str:
    """A segment for the channels of a record that is being restored, such as `~3fa91c02`."""
    return f"~{random(4).hex()}"


def is_suffix(text: str) -> bool:
    """Whether `new_suffix` could have made it."""
    return _SUFFIX.fullmatch(text) is not None


def channel_in_use(name: str, suffix: str) -> str:
    """The channel that stands for a name in a record that was restored; `suffix` may be empty."""
    if not suffix:
        return name
    if name.endswith(EMERGENCY):
        return f"{name.removesuffix(EMERGENCY)}/{suffix}{EMERGENCY}"
    return f"{name}/{suffix}"


def plain_channel(channel: str) -> str:
    """The name that a channel stands for; inverse of `channel_in_use`."""
    return _SEGMENT.sub("", channel)
