"""The OAuth scopes of ASTM F3548-21, and the few that public test tools use beside them."""

from __future__ import annotations

STRATEGIC_COORDINATION = "utm.strategic_coordination"
CONSTRAINT_MANAGEMENT = "utm.constraint_management"
CONSTRAINT_PROCESSING = "utm.constraint_processing"
CONFORMANCE_MONITORING_SA = "utm.conformance_monitoring_sa"
AVAILABILITY_ARBITRATION = "utm.availability_arbitration"

ALL = frozenset(
    {
        STRATEGIC_COORDINATION,
        CONSTRAINT_MANAGEMENT,
        CONSTRAINT_PROCESSING,
        CONFORMANCE_MONITORING_SA,
        AVAILABILITY_ARBITRATION,
    }
)

# InterUSS conventions for a pool's own status, versions and token checks.
POOL_STATUS_READ = "interuss.pool_status.read"
POOL_HEARTBEAT_WRITE = "interuss.pool_status.heartbeat.write"
VERSIONS_READ = "interuss.versioning.read_system_versions"
RID_READ = "dss.read.identification_service_areas"
RID_WRITE = "dss.write.identification_service_areas"
