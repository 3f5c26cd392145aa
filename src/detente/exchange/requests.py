"""From requests on the wire to commands: all that can be checked without knowing the state.

Every refusal here names the member it is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from typing import Final, cast
from urllib.parse import urlsplit

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.f3548 import (
    InvalidMember,
    entity_id,
    scopes,
    time_us,
    valid_volume,
    valid_volumes,
)
from detente.f3548 import types as wire
from detente.geo import Extent, VolumeLimits, extent_of, within_span

_STATES: Final = ("Accepted", "Activated", "Nonconforming", "Contingent")
_AVAILABILITIES: Final[Mapping[str, wire.UssAvailabilityState]] = {
    "unknown": "Unknown",
    "normal": "Normal",
    "down": "Down",
}
_URL_LENGTH_MAX: Final = 2048
_KEY_LENGTH_MAX: Final = 100_000


class ScopeNeeded(DetenteError):
    """The request would be allowed with another scope in the token."""

    code = "request.scope_needed"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an instance accepts in requests.

    Attributes:
        allow_http: whether a `uss_base_url` may be http instead of https.
        intents, constraints, subscriptions, queries: limits of each volume.
        volumes_max: volumes in one request.
        vertices_max: vertices in all volumes of one request together.
        span_max_km: distance between any two points of one request's volumes; None: no limit.
        notify_scopes: whether a subscription needs the scope of what it asks to be told of.
    """

    allow_http: bool = False
    intents: VolumeLimits = field(default_factory=VolumeLimits)
    constraints: VolumeLimits = field(default_factory=VolumeLimits)
    subscriptions: VolumeLimits = field(default_factory=VolumeLimits)
    queries: VolumeLimits = field(default_factory=VolumeLimits)
    volumes_max: int = 1000
    vertices_max: int = 10_000
    span_max_km: float | None = 1000.0
    notify_scopes: bool = False

    def put_intent(
        self,
        body: wire.PutOperationalIntentReferenceParameters,
        *,
        caller: str,
        held: frozenset[str],
        identifier: str,
        ovn: str | None,
    ) -> c.PutOperationalIntent:
        """O3, O4. `held` are the scopes of the token.

        Raises:
            InvalidMember, InvalidVolume: status 400.
            ScopeNeeded: status 403.
        """
        checked_id = entity_id(identifier, "entityid")
        if ovn is not None:
            _check_given(ovn, "ovn")
        extent = self._extent(body.extents, self.intents, need_times=True, need_altitudes=True)
        if body.state not in _STATES:
            raise InvalidMember(f"the state must be one of {', '.join(_STATES)}", where="state")
        self._check_url(body.uss_base_url, "uss_base_url")
        if body.key is not None and len(body.key) > _KEY_LENGTH_MAX:
            raise InvalidMember(f"more than {_KEY_LENGTH_MAX} OVNs", where="key")
        subscription_id = None
        if body.subscription_id:
            subscription_id = entity_id(body.subscription_id, "subscription_id")
        new = None
        if body.new_subscription is not None:
            asked = body.new_subscription
            url = asked.uss_base_url or ""
            self._check_url(url, "new_subscription.uss_base_url")
            new = c.NewSubscription(intern(url), asked.notify_for_constraints or False)
            self._check_notify_scopes(True, new.notify_for_constraints, held, "new_subscription.")
        # A new intent in an off-nominal state is refused later, as invalid whoever asks.
        if (
            ovn is not None
            and body.state in ("Nonconforming", "Contingent")
            and scopes.CONFORMANCE_MONITORING_SA not in held
        ):
            raise ScopeNeeded(
                f"an operational intent is declared {body.state} only by whoever monitors "
                f"conformance; the token lacks {scopes.CONFORMANCE_MONITORING_SA}",
                where="state",
            )
        return c.PutOperationalIntent(
            caller=caller,
            id=checked_id,
            ovn=ovn,
            extent=extent,
            state=cast(wire.OperationalIntentState, body.state),
            uss_base_url=intern(body.uss_base_url),
            key=frozenset(body.key or ()),
            subscription_id=subscription_id,
            new_subscription=new,
            requested_ovn_suffix=body.requested_ovn_suffix,
        )

    def put_constraint(
        self,
        body: wire.PutConstraintReferenceParameters,
        *,
        caller: str,
        identifier: str,
        ovn: str | None,
    ) -> c.PutConstraint:
        """C3, C4.

        Raises:
            InvalidMember, InvalidVolume: status 400.
        """
        checked_id = entity_id(identifier, "entityid")
        if ovn is not None:
            _check_given(ovn, "ovn")
        extent = self._extent(body.extents, self.constraints, need_times=True)
        self._check_url(body.uss_base_url, "uss_base_url")
        return c.PutConstraint(caller, checked_id, ovn, extent, body.uss_base_url)

    def put_subscription(
        self,
        body: wire.PutSubscriptionParameters,
        *,
        caller: str,
        held: frozenset[str],
        identifier: str,
        version: str | None,
    ) -> c.PutSubscription:
        """S3, S4. `held` are the scopes of the token.

        Raises:
            InvalidMember, InvalidVolume: status 400.
            ScopeNeeded: status 403.
        """
        checked_id = entity_id(identifier, "subscriptionid")
        if version is not None:
            _check_given(version, "version")
        self._check_vertices([body.extents], "extents")
        extent = self._spanned(
            extent_of([valid_volume(body.extents, "extents", self.subscriptions)]), "extents"
        )
        self._check_url(body.uss_base_url, "uss_base_url")
        intents = body.notify_for_operational_intents or False
        constraints = body.notify_for_constraints or False
        self._check_notify_scopes(intents, constraints, held, "")
        return c.PutSubscription(
            caller=caller,
            id=checked_id,
            version=version,
            extent=extent,
            uss_base_url=body.uss_base_url,
            notify_for_operational_intents=intents,
            notify_for_constraints=constraints,
        )

    def area_of_interest(self, body: wire.AreaQueryParameters) -> Extent:
        """O1, C1, S1: what a query asks about. Times may lie in the past, bounds may be open.

        Raises:
            InvalidMember, InvalidVolume: status 400.
        """
        if body.area_of_interest is None:
            raise InvalidMember("is missing", where="area_of_interest")
        self._check_vertices([body.area_of_interest], "area_of_interest")
        return self._spanned(
            extent_of([valid_volume(body.area_of_interest, "area_of_interest", self.queries)]),
            "area_of_interest",
        )

    def _extent(
        self,
        extents: Sequence[wire.Volume4D],
        limits: VolumeLimits,
        *,
        need_times: bool = False,
        need_altitudes: bool = False,
    ) -> Extent:
        if len(extents) > self.volumes_max:
            raise InvalidMember(
                f"{len(extents)} volumes, {self.volumes_max} are allowed", where="extents"
            )
        self._check_vertices(extents, "extents")
        extent = extent_of(
            valid_volumes(
                extents, "extents", limits, need_times=need_times, need_altitudes=need_altitudes
            )
        )
        return self._spanned(extent, "extents")

    def _spanned(self, extent: Extent, where: str) -> Extent:
        """The extent, unless it reaches too far: its hull claims all that lies between."""
        if self.span_max_km is not None and not within_span(extent, 1000 * self.span_max_km):
            raise InvalidMember(
                f"the volumes reach farther than {self.span_max_km:,g} km from one another",
                where=where,
                advice="Announce what lies far apart separately.",
            )
        return extent

    def _check_vertices(self, volumes: Sequence[wire.Volume4D], where: str) -> None:
        count = vertices(volumes)
        if count > self.vertices_max:
            raise InvalidMember(f"{count} vertices, {self.vertices_max} are allowed", where=where)

    def _check_url(self, url: str, where: str) -> None:
        if not url:
            raise InvalidMember("is missing", where=where)
        if len(url) > _URL_LENGTH_MAX:
            raise InvalidMember(f"longer than {_URL_LENGTH_MAX} characters", where=where)
        fault = _url_fault(url, self.allow_http)
        if fault is not None:
            message, advice = fault
            raise InvalidMember(message, where=where, advice=advice)

    def _check_notify_scopes(
        self, intents: bool, constraints: bool, held: frozenset[str], prefix: str
    ) -> None:
        if not self.notify_scopes:
            return
        if intents and scopes.STRATEGIC_COORDINATION not in held:
            raise ScopeNeeded(
                f"the token lacks {scopes.STRATEGIC_COORDINATION}",
                where=f"{prefix}notify_for_operational_intents",
            )
        if constraints and scopes.CONSTRAINT_PROCESSING not in held:
            raise ScopeNeeded(
                f"the token lacks {scopes.CONSTRAINT_PROCESSING}",
                where=f"{prefix}notify_for_constraints",
            )


@lru_cache(maxsize=1024)  # a client's requests all carry the same few
def _url_fault(url: str, allow_http: bool) -> tuple[str, str | None] | None:
    """What is wrong with a base URL, with advice."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"this is not a URL: {error}", None
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        return (
            f"the scheme must be https, not {parts.scheme or 'none'}",
            "An exchange for tests may allow http by --allow-http-uss-urls.",
        )
    if not host:
        return "the URL names no host", None
    if parts.username is not None or not url.isprintable() or " " in url:
        return "no user names, spaces or control characters belong in this URL", None
    return None


def vertices(volumes: Sequence[wire.Volume4D]) -> int:
    """How many vertices all volumes have together."""
    return sum(
        len(volume.volume.outline_polygon.vertices)
        for volume in volumes
        if volume.volume.outline_polygon is not None
    )


def set_availability(
    body: wire.SetUssAvailabilityStatusParameters, *, caller: str, uss: str
) -> c.SetAvailability:
    """A2.

    Raises:
        InvalidMember: status 400.
    """
    _check_given(uss, "uss_id")
    availability = _AVAILABILITIES.get(body.availability.lower())
    if availability is None:
        raise InvalidMember("must be Unknown, Normal or Down", where="availability")
    return c.SetAvailability(caller, uss, body.old_version or "", availability)


def delete_intent(*, caller: str, identifier: str, ovn: str) -> c.DeleteOperationalIntent:
    """O5.

    Raises:
        InvalidMember: status 400.
    """
    _check_given(ovn, "ovn")
    return c.DeleteOperationalIntent(caller, entity_id(identifier, "entityid"), ovn)


def delete_constraint(*, caller: str, identifier: str, ovn: str) -> c.DeleteConstraint:
    """C5.

    Raises:
        InvalidMember: status 400.
    """
    _check_given(ovn, "ovn")
    return c.DeleteConstraint(caller, entity_id(identifier, "entityid"), ovn)


def delete_subscription(*, caller: str, identifier: str, version: str) -> c.DeleteSubscription:
    """S5.

    Raises:
        InvalidMember: status 400.
    """
    _check_given(version, "version")
    return c.DeleteSubscription(caller, entity_id(identifier, "subscriptionid"), version)


def heartbeat(query: Mapping[str, str], *, caller: str, instance: str) -> c.SendHeartbeat:
    """The pool's heartbeat; `query` holds source, timestamp and next_heartbeat_expected_before.

    Raises:
        InvalidMember: status 400.
    """
    source = query.get("source", "")
    _check_given(source, "source")
    return c.SendHeartbeat(
        caller,
        instance,
        source,
        _query_time_us(query, "timestamp"),
        _query_time_us(query, "next_heartbeat_expected_before"),
    )


def _query_time_us(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    try:
        # A query string turns the + of an offset into a space.
        time = wire.parse_time(text.replace(" ", "+"))
    except ValueError as error:
        raise InvalidMember("this is not an RFC 3339 time", where=name) from error
    return time_us(time, name)


def _check_given(text: str, where: str) -> None:
    if not text:
        raise InvalidMember("must not be empty", where=where)
