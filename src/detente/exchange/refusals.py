"""Why the exchange says no. A refused command changes nothing and writes nothing.

`status` is the HTTP status by which F3548-21 expresses the refusal.
"""

from __future__ import annotations

from typing import ClassVar

from detente.errors import DetenteError
from detente.f3548 import types as wire


class Refused(DetenteError):
    """A command that was understood and is not allowed."""

    code = "exchange.refused"
    status: ClassVar[int] = 400


class NotAllowed(Refused):
    """The request contradicts a rule of F3548-21."""

    code = "exchange.not_allowed"


class EndsInThePast(Refused):
    """What is announced is over already."""

    code = "exchange.ends_in_the_past"


class NoSuchEntity(Refused):
    """An entity that the command refers to does not exist."""

    code = "exchange.no_such_entity"


class NotFound(Refused):
    """The entity that the command is about does not exist."""

    code = "exchange.not_found"
    status = 404


class NotManager(Refused):
    """Somebody else manages the entity."""

    code = "exchange.not_manager"
    status = 403


class AlreadyExists(Refused):
    """An entity with this identifier exists; to change it, name its current OVN or version."""

    code = "exchange.already_exists"
    status = 409


class WrongVersion(Refused):
    """The OVN or version given is not the current one."""

    code = "exchange.wrong_version"
    status = 409


class UssIsDown(Refused):
    """The caller has been declared Down and may not plan."""

    code = "exchange.uss_is_down"
    status = 412


class NotCovered(Refused):
    """A subscription does not cover the operational intent that uses it."""

    code = "exchange.not_covered"


class HasDependents(Refused):
    """The subscription is still used by operational intents."""

    code = "exchange.has_dependents"


class MissingOvns(Refused):
    """The key lacks OVNs of entities that the intent may meet: their USSs have not been asked yet.

    Attributes:
        intents: references of the operational intents that are missing, as the caller may see them.
        constraints: the same of constraints.
    """

    code = "exchange.missing_ovns"
    status = 409

    def __init__(
        self,
        intents: list[wire.OperationalIntentReference],
        constraints: list[wire.ConstraintReference],
    ) -> None:
        named = [f"operational intent {r.id}" for r in intents[:3]]
        named += [f"constraint {r.id}" for r in constraints[:3]]
        count = len(intents) + len(constraints)
        more = f" and {count - len(named)} more" if count > len(named) else ""
        super().__init__(
            f"the key lacks the OVN of {', '.join(named)}{more}",
            where="key",
            advice="Ask their USSs for the details, resolve the conflict, and add the OVNs.",
        )
        self.intents = intents
        self.constraints = constraints
