"""Whose an entity is, and which version of it the caller knows: the same for every kind.

Whoever changes something must be its manager and must name its current OVN or version: both are
compared against the state in which the change is decided (compare-and-set).
"""

from __future__ import annotations

from typing import Protocol

from detente.exchange.refusals import AlreadyExists, NotFound, NotManager, WrongVersion


class _Managed(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def manager(self) -> str: ...


def check_manager(entity: _Managed, caller: str, kind: str) -> None:
    """Raises NotManager unless the caller manages the entity; `kind` is what people call it."""
    if entity.manager != caller:
        raise NotManager(f"{kind} {entity.id} is managed by another USS")


def check_version(entity: _Managed, given: str | None, current: str, kind: str) -> None:
    """Compare what the caller names with the current OVN or version.

    Raises:
        AlreadyExists: nothing was named: the caller wants to create what is there already.
        WrongVersion: something else was named.
    """
    if given is None:
        raise AlreadyExists(
            f"you have {kind} {entity.id} already",
            advice="To change it, name its current OVN or version in the path.",
        )
    if given != current:
        raise WrongVersion(
            f"this is not the current OVN or version of {kind} {entity.id}",
            advice="Read it again: it has changed, or the version was mistyped.",
        )


def not_found(identifier: str, kind: str) -> NotFound:
    """There is no such entity."""
    return NotFound(f"there is no {kind} {identifier}")
