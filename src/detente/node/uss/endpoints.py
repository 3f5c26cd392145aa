"""Every operation of a node's USS: for its officers, and for other USSs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import detente
from detente.errors import DetenteError
from detente.http import BEARER_TOKENS, ApiInfo, Endpoint

from .area_asked import Ground
from .constraints_api import CONSTRAINT_STATUSES, ConstraintsApi, constraints_endpoints
from .features import Sky
from .features_api import FeaturesApi, features_endpoints
from .flight_planning import FlightPlanning
from .notified import Notified
from .plans_api import PLAN_STATUSES, PlansApi, plans_endpoints
from .positions import positions_endpoints
from .server import USS_STATUSES, UssServer
from .user_notifications import UserNotifications
from .versioning import versioning_endpoint

if TYPE_CHECKING:
    from .assembly import Uss

OFFICERS_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    **PLAN_STATUSES,
    **CONSTRAINT_STATUSES,
}
"""For `build_app(statuses=…)` of the officers' interface."""
PEERS_STATUSES: Final[Mapping[type[DetenteError], int]] = {**OFFICERS_STATUSES, **USS_STATUSES}
"""The same of the listener for other USSs."""

USS_INFO: Final = ApiInfo(
    title="Détente USS",
    version=detente.__version__,
    description="What other USSs ask of a node that plans, and tell it (ASTM F3548-21), under the "
    "path of its base URL; and, where the setting `test-interfaces` is on, what automated tests "
    "drive it by (InterUSS flight_planning v1). Bearer tokens (RS256); every exchange of messages "
    "is recorded, every answer signed with the node's key (RFC 9421).",
    security=(BEARER_TOKENS,),
)


def officers_endpoints(uss: Uss) -> list[Endpoint]:
    """What the officers' interface offers."""
    sky = Sky(uss.book, uss.known, uss.manager)
    plans = PlansApi(uss.planner, uss.ways, uss.context.record, uss.recorder)
    return [
        *plans_endpoints(plans),
        *constraints_endpoints(ConstraintsApi(uss.constraints, sky, uss.now_us)),
        *features_endpoints(FeaturesApi(sky, uss.context.settings.public_origin, uss.now_us)),
        *uss.log_sets.endpoints(),
        *positions_endpoints(uss.context, uss.book, uss.conformance),
    ]


def peers_endpoints(
    uss: Uss, bases: Mapping[str, str], *, test_interfaces: bool, ground: Ground | None = None
) -> Sequence[Endpoint]:
    """What other USSs call.

    Args:
        uss: answers.
        bases: base URL at each exchange, by its name.
        test_interfaces: whether automated tests may drive it.
        ground: how high the ground is, for their altitudes above it.
    """
    notified = Notified(uss.book, uss.recorder, uss.planner, uss.constraints)
    server = UssServer(
        uss.book, uss.context.clock, bases, notified, uss.constraints, log_sets=uss.log_sets
    )
    found = [
        *server.endpoints(),
        versioning_endpoint(uss.settings.system_identity, detente.__version__),
    ]
    if test_interfaces:
        notices = UserNotifications(uss.context.record, uss.recorder.flush)
        found += FlightPlanning(uss.planner, notices, uss.now_us, ground).endpoints()
    return found
