"""The read model of alerts: what each entry of the record adds to the tables `watch_…`."""

from __future__ import annotations

from typing import Final

from .kind_tables import KindProjection, Table

ALERT: Final = "watch-alert"
"""An alert in a new stage."""
ANNOUNCEMENT: Final = "watch-announcement"
"""Another party was told of an alert, or could not be told in time."""
SEEN: Final = "watch-alert-seen"
"""An officer has taken note of an alert."""
KINDS: Final = (ALERT, ANNOUNCEMENT, SEEN)

ALERT_PROJECTION: Final = KindProjection(
    "watch",
    {
        ALERT: Table(
            "watch_alerts",
            ("alert", "about", "stage", "closing", "grade", "aircraft", "boundary"),
        ),
        ANNOUNCEMENT: Table("watch_announcements", ("alert", "party", "stage", "message")),
        SEEN: Table("watch_seen", ("alert", "officer", "note")),
    },
)
