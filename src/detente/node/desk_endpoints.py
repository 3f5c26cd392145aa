"""All that officers ask of the desk: sessions, second factors, accounts, approvals."""

from __future__ import annotations

from detente.http import Endpoint

from .approvals_api import approvals_endpoints
from .desk import Desk
from .factors_api import factors_endpoints
from .officers_api import officers_endpoints
from .oidc_api import oidc_endpoints
from .sessions_api import sessions_endpoints


def desk_endpoints(desk: Desk) -> list[Endpoint]:
    """Endpoints of officers, sessions, second factors and approvals; of a provider if there is
    one."""
    return [
        *sessions_endpoints(desk),
        *(oidc_endpoints(desk, desk.provider) if desk.provider is not None else ()),
        *factors_endpoints(desk),
        *officers_endpoints(desk),
        *approvals_endpoints(desk),
    ]
