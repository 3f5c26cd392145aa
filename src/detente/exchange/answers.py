"""Answers of the auxiliary endpoints, which F3548-21 leaves to those who run a pool."""

from __future__ import annotations

from msgspec import Struct

from detente.exchange.airspace import Airspace
from detente.f3548 import time_of
from detente.f3548 import types as wire


class Version(Struct, frozen=True):
    """Answer of GET /aux/v1/version."""

    version: str


class SystemVersion(Struct, frozen=True):
    """Answer of the InterUSS versioning API."""

    system_identity: str
    system_version: str


class Health(Struct, frozen=True):
    """Answer of GET /healthy: how long the log is, as far as this instance knows."""

    status: str
    entries: int


class Pool(Struct, frozen=True):
    """Answer of GET /aux/v1/pool."""

    dar_id: str


class PoolHeartbeat(Struct, frozen=True, omit_defaults=True):
    """The last sign of life of an instance."""

    timestamp: wire.Time
    source: str
    reporter: str = ""
    index: int = 0
    next_heartbeat_expected_before: wire.Time | None = None


class PoolInstance(Struct, frozen=True, omit_defaults=True):
    """An instance of the pool."""

    id: str
    public_endpoint: str
    most_recent_heartbeat: PoolHeartbeat | None = None


class PoolInstances(Struct, frozen=True):
    """Answer of the endpoints about instances."""

    dss_instances: list[PoolInstance]


class AcceptedCertificates(Struct, frozen=True):
    """Answer of the endpoints about certificate authorities: none are this exchange's own."""

    CAs: list[str]


def pool_instances(airspace: Airspace) -> PoolInstances:
    """The instances of the pool and their last signs of life."""
    found = []
    for name, instance in sorted(airspace.instances.items()):
        beat = airspace.heartbeats.get(name)
        found.append(
            PoolInstance(
                name,
                instance.public_endpoint,
                None
                if beat is None
                else PoolHeartbeat(
                    time_of(beat.at_us),
                    beat.source,
                    beat.reporter,
                    beat.index,
                    None if beat.next_expected_us is None else time_of(beat.next_expected_us),
                ),
            )
        )
    return PoolInstances(found)
