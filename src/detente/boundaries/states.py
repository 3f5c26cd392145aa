"""Codes of states and territories, and who answers for a territory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """A state or territory of ISO 3166-1, or Kosovo (XK).

    Attributes:
        alpha2, alpha3, numeric: its codes; "" where there is none.
        name: in English.
        sovereign: alpha-2 code of the state that answers for it; its own if it is one.
    """

    alpha2: str
    alpha3: str
    numeric: str
    name: str
    sovereign: str


class States:
    """States and territories by their codes."""

    def __init__(self, states: Iterable[State]) -> None:
        self.all = tuple(states)
        self._by_code = {
            code: state
            for state in self.all
            for code in (state.alpha2, state.alpha3, state.numeric)
            if code
        }

    def find(self, code: str) -> State | None:
        """By alpha-2, alpha-3 or numeric code."""
        return self._by_code.get(code)
