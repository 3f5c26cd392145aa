"""What an aircraft declared: where it means to be, and when."""

from __future__ import annotations

from dataclasses import dataclass

from detente.geo import Volume4D


@dataclass(frozen=True, slots=True)
class OwnVolumes:
    """The volumes of one operation of one aircraft.

    Attributes:
        aircraft: its identity, as `Reports.identities` has it.
        operation: id of the operational intent, or another name.
        volumes: where it means to be. It conforms while it is in one of them at its time.
        party: whose aircraft it is; "" if that is not known.
        name: what its operator calls the operation; "" if it has no name.
    """

    aircraft: str
    operation: str
    volumes: tuple[Volume4D, ...]
    party: str = ""
    name: str = ""
