"""Which version of the system runs: InterUSS's versioning interface, version 0.1.2."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from detente.http import Endpoint, NotFound, Request, Response, any_of

READ_VERSIONS: Final = "interuss.versioning.read_system_versions"


class SystemVersion(Struct, frozen=True):
    """The version of one system."""

    system_identity: str
    system_version: str


def versioning_endpoint(system_identity: str, system_version: str) -> Endpoint:
    """GET /versioning/versions/{system_identity}; any other identity is not known."""

    async def version(request: Request[None]) -> Response:
        asked = request.path["system_identity"]
        if asked != system_identity:
            raise NotFound(f"There is no system {asked!r} here.")
        return Response(200, SystemVersion(asked, system_version))

    return Endpoint(
        method="GET",
        path="/versioning/versions/{system_identity}",
        handler=version,
        operation_id="getSystemVersion",
        summary="Which version of the system runs.",
        responses={200: SystemVersion},
        scopes=any_of(READ_VERSIONS),
        tags=("automated tests",),
        path_help={"system_identity": "The name that the setting `system-identity` gives it."},
    )
