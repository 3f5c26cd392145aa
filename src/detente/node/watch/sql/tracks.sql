-- What the entries of raw tracks say: segments, what was lost of them, what was deleted, and what is
-- held beyond its time. One row for each entry, found by its id, so that what is erased leaves
-- nothing behind and the order of erasing does not matter. Times are written as in entries.
CREATE TABLE tracks_segments (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    sha256 text NOT NULL,
    first text NOT NULL,
    last text NOT NULL,
    created text NOT NULL
);
CREATE INDEX tracks_segments_last ON tracks_segments (last);
CREATE INDEX tracks_segments_position ON tracks_segments (position);
CREATE TABLE tracks_deletions (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    segment text NOT NULL,
    created text NOT NULL
);
CREATE INDEX tracks_deletions_segment ON tracks_deletions (segment);
CREATE TABLE tracks_holds (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    since text NOT NULL,
    until text NOT NULL,
    aircraft text NOT NULL,
    ground text NOT NULL,
    officer text NOT NULL,
    created text NOT NULL
);
CREATE TABLE tracks_releases (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    hold text NOT NULL,
    ground text NOT NULL,
    officer text NOT NULL,
    created text NOT NULL
);
CREATE INDEX tracks_releases_hold ON tracks_releases (hold);
