-- What the entries of watching say: alerts stage by stage, what was told to whom of them, and who
-- has seen them. One row for each entry, found by its id, so that what is erased leaves nothing
-- behind and the order of erasing does not matter. Times are written as in entries.
CREATE TABLE watch_alerts (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    alert text NOT NULL,
    about text NOT NULL,
    stage text NOT NULL,
    closing text NOT NULL,
    grade text NOT NULL,
    aircraft text NOT NULL,
    boundary text NOT NULL,
    created text NOT NULL
);
CREATE INDEX watch_alerts_alert ON watch_alerts (alert, position);
CREATE INDEX watch_alerts_position ON watch_alerts (position);
CREATE TABLE watch_announcements (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    alert text NOT NULL,
    party text NOT NULL,
    stage text NOT NULL,
    message text NOT NULL,
    created text NOT NULL
);
CREATE INDEX watch_announcements_alert ON watch_announcements (alert, position);
CREATE TABLE watch_seen (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    alert text NOT NULL,
    officer text NOT NULL,
    note text NOT NULL,
    created text NOT NULL
);
CREATE INDEX watch_seen_alert ON watch_seen (alert, position);
