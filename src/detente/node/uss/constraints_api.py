"""The officers' interface to constraints, and what is exported of the sky: `/api/v1/…`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detente.errors import DetenteError
from detente.f3548 import InvalidMember, InvalidVolume, entity_id
from detente.http import BadRequest, Endpoint, QueryParameter, Request, Response, any_of
from detente.interchange import (
    EXPORT_FORMATS,
    Altimetry,
    AltimetryError,
    Feature,
    NotWritable,
    TooLarge,
    UnknownExportFormat,
    Unread,
    Unreadable,
    WriteOptions,
    altimetry_from,
    read_zones,
    write,
)
from detente.node.moments import moment_of
from detente.node.operations import Operations
from detente.planning import OwnConstraint
from detente.planning.constraint_errands import ConstraintOutcome

from . import constraint_views as views
from .constraint_parts import ConstraintBusy, NoSuchConstraint
from .constraints import ConstraintDesk
from .features import COLLECTIONS, Sky

PATH: Final = "/api/v1/constraints"
CONSTRAINT_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    InvalidMember: 400,
    InvalidVolume: 400,
    ConstraintBusy: 409,
    AltimetryError: 400,
    TooLarge: 413,
    Unreadable: 422,
    Unread: 422,
    NotWritable: 422,
    UnknownExportFormat: 400,
}
"""For `build_app(statuses=…)`."""

_READ: Final = any_of("plan.read")
_MANAGE: Final = any_of("constraint.manage")
_NUMBER: Final = r"[+-]?\d{1,5}(?:\.\d{1,6})?"
_NUMBERS: Final = re.compile(
    rf"\s*{_NUMBER}(?:\s*\.\.\s*{_NUMBER})?\s*(?:m|ft)?\s*(?:AMSL|W84)?\s*", re.ASCII
)
_HELP: Final = {"id": "Id of the constraint.", "format": f"one of {', '.join(EXPORT_FORMATS)}"}


@dataclass(frozen=True, slots=True)
class ConstraintsApi:
    """The handlers.

    Attributes:
        desk: manages constraints.
        sky: what is exported.
        now_us: the clock.
    """

    desk: ConstraintDesk
    sky: Sky
    now_us: Callable[[], int]

    async def every(self, request: Request[None]) -> Response:
        """GET /constraints."""
        ours = [self._own(each) for each in self.desk.ours().values()]
        if request.query.get("ended") in ("1", "true", "yes"):
            ours += [self._own(each) for each in self.desk.parts.book.ended_constraints.values()]
        others = [views.view_of_known(each) for each in self.desk.watch.others()]
        return Response(
            200, views.ConstraintViews(constraints=[*ours, *others], unsettled=self.desk.open)
        )

    async def one(self, request: Request[None]) -> Response:
        """GET /constraints/{id}."""
        identity = request.path["id"]
        book = self.desk.parts.book
        own = book.constraints.get(identity) or book.ended_constraints.get(identity)
        if own is not None:
            return Response(200, self._own(own))
        for each in self.desk.watch.others():
            if each.reference.id == identity:
                return Response(200, views.view_of_known(each))
        raise NoSuchConstraint(identity)

    async def publish(self, request: Request[views.ConstraintBody]) -> Response:
        """POST /constraints."""
        body = request.body
        identity = None if body.id is None else entity_id(body.id, "id")
        provider = body.provider or request.caller.sub
        return self._answer(await self.desk.publish(body.details, provider, identity))

    async def change(self, request: Request[views.ConstraintBody]) -> Response:
        """PUT /constraints/{id}."""
        body = request.body
        if body.id not in (None, request.path["id"]):
            raise BadRequest("It is not the id of the address.", where="id")
        return self._answer(await self.desk.change(request.path["id"], body.details, body.provider))

    async def end(self, request: Request[None]) -> Response:
        """DELETE /constraints/{id}."""
        return self._answer(await self.desk.end(request.path["id"]))

    async def read(self, request: Request[bytes]) -> Response:
        """POST /constraints/read."""
        query = request.query
        zones = read_zones(request.body, "zones")
        altimetry = _stated(query)
        since = _instant(query.get("since"), "since", self.now_us())
        until = _instant(query.get("until"), "until", since + 86_400_000_000)
        if until <= since:
            raise BadRequest("It is not after since.", where="until")
        return Response(
            200,
            views.ZonesView(
                zones=[views.view_of_zone(each, altimetry, since, until) for each in zones.zones],
                problems=[
                    views.ProblemView(
                        line=each.line,
                        part=each.part,
                        message=views.Said(*each.message),
                        remedy=None if each.remedy is None else views.Said(*each.remedy),
                    )
                    for each in zones.problems
                ],
            ),
        )

    async def export(self, request: Request[None]) -> Response:
        """GET /airspace/{format}."""
        query = request.query
        name = query.get("collection", "operational-intents")
        collection = COLLECTIONS.get(name)
        if collection is None:
            raise BadRequest(f"Choose one of {', '.join(COLLECTIONS)}.", where="collection")
        features: Sequence[Feature] = collection.features(self.sky)
        if "id" in query:
            wanted = query["id"].split(",")
            features = [each for each in features if each.id in wanted]
        options = WriteOptions(
            made_us=self.now_us(),
            title=collection.title.en,
            altimetry=_stated(query),
            fir=query.get("fir", "ZZZZ"),
            series=query.get("series", "A"),
        )
        known = EXPORT_FORMATS.get(request.path["format"])
        data = write(features, request.path["format"], options)
        media = "application/octet-stream" if known is None else known.media_type
        return Response(200, data, content_type=media.encode())

    def _own(self, constraint: OwnConstraint) -> views.ConstraintView:
        return views.view_of_own(constraint, self.desk.parts.manager)

    def _answer(self, outcome: ConstraintOutcome) -> Response:
        return Response(200, views.view_of_outcome(outcome, self.desk.parts.manager))


def _stated(query: Mapping[str, str]) -> Altimetry:
    """The heights that a request states: in numbers, as it must not name files of the node.

    Raises:
        BadRequest: it does something else.
        AltimetryError: the numbers make no sense.
    """
    stated = {name: query[name] for name in ("geoid", "ground") if name in query}
    for name, text in stated.items():
        if not _NUMBERS.fullmatch(text):
            raise BadRequest("It is such as `47.1..47.9` or `380..450 m AMSL`.", where=name)
    return altimetry_from(geoid=stated.get("geoid"), ground=stated.get("ground"))


def _instant(text: str | None, where: str, usual_us: int) -> int:
    if text is None:
        return usual_us
    return int(moment_of(text, where).timestamp()) * 1_000_000


def constraints_endpoints(api: ConstraintsApi) -> list[Endpoint]:
    """Endpoints under /api/v1/constraints and /api/v1/airspace."""
    operation = Operations("constraints", _HELP)
    outcome: dict[int, Any] = {200: views.ConstraintOutcomeView, 400: None, 503: None}
    of_one: dict[int, Any] = {**outcome, 404: None, 409: None}
    geoid = QueryParameter(
        name="geoid", help="Metres of the sea's surface above the ellipsoid: `47.1..47.9`."
    )
    return [
        operation(
            "GET",
            PATH,
            api.every,
            "listConstraints",
            "Constraints: ours, and others' that are known.",
            _READ,
            {200: views.ConstraintViews},
            query=(QueryParameter(name="ended", help="1: those that ended lately, too."),),
        ),
        operation(
            "POST",
            PATH,
            api.publish,
            "publishConstraint",
            "Publish a constraint at every exchange whose area it touches, or at none.",
            _MANAGE,
            outcome,
            body=views.ConstraintBody,
            description="The answer is 200 also for what was refused: `result` and `faults` say "
            "so. Subscribers are told within 5 s.",
        ),
        operation(
            "POST",
            f"{PATH}/read",
            api.read,
            "readZones",
            "What a file of UAS zones (ED-269) says, as constraints; nothing is published.",
            _READ,
            {200: views.ZonesView, 400: None, 413: None, 422: None},
            body=bytes,
            query=(
                QueryParameter(name="since", help="From when on (RFC 3339); now by default."),
                QueryParameter(name="until", help="Until when; a day later by default."),
                geoid,
                QueryParameter(name="ground", help="The ground's height: `380..450 m AMSL`."),
            ),
        ),
        operation(
            "GET",
            f"{PATH}/{{id}}",
            api.one,
            "showConstraint",
            "A constraint.",
            _READ,
            {200: views.ConstraintView, 404: None},
        ),
        operation(
            "PUT",
            f"{PATH}/{{id}}",
            api.change,
            "changeConstraint",
            "Change a constraint of ours.",
            _MANAGE,
            of_one,
            body=views.ConstraintBody,
        ),
        operation(
            "DELETE",
            f"{PATH}/{{id}}",
            api.end,
            "endConstraint",
            "End a constraint of ours.",
            _MANAGE,
            of_one,
        ),
        operation(
            "GET",
            "/api/v1/airspace/{format}",
            api.export,
            "exportAirspace",
            "Flights or constraints in a format of other systems.",
            _READ,
            {200: None, 400: None, 422: None},
            query=(
                QueryParameter(
                    name="collection",
                    help=f"One of {', '.join(COLLECTIONS)}; the first by default.",
                ),
                QueryParameter(name="id", help="Only these, with commas between."),
                geoid,
                QueryParameter(name="fir", help="For NOTAMs: ICAO location indicator."),
                QueryParameter(name="series", help="For NOTAMs: letter of the series."),
            ),
        ),
    ]
