"""Faults that are put in on purpose: a simulator that does not find them is worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

Mutation = Callable[[], AbstractContextManager[Any]]


class Mutations(dict[str, Mutation]):
    """Faults by name; each holds while its context does."""

    def add(self, make: Callable[[], Iterator[Any]]) -> Mutation:
        """Take in a fault under what its function says."""
        made = contextmanager(make)
        self[make.__name__] = made
        return made


def patch(where: object, name: str, value: object) -> AbstractContextManager[Any]:
    """An attribute is something else, while the context holds."""
    return mock.patch.object(where, name, value)
