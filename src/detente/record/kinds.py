"""Kinds of envelopes that the record treats in a way of its own."""

from __future__ import annotations

from typing import Final

KEY_CHANGES: Final = frozenset({"key-rotation", "key-revocation"})
ANSWERS: Final = frozenset({"receipt", "acknowledgement"})
OWN_DUTIES: Final = frozenset({"agreement", "erasure", "gap", "receipt", "recovery", "withheld"})
"""Kinds that the record states by itself."""
OWN_AFFAIRS: Final = frozenset(
    {
        *("agreement", "anchor", "custody", "erasure", "gap", "withheld"),
        *("approval", "approval-request", "security", "watch", "witness-refusal"),
    }
)
"""Kinds by which a party says what happened to its own log, in its own house: of another, they
would be read as if they were about ours."""
INDELIBLE: Final = frozenset(
    {"agreement", "anchor", "key-rotation", "key-revocation", "erasure", "gap", "withheld"}
)
"""Kinds without which other entries, or what a witness remembers, cannot be checked."""
