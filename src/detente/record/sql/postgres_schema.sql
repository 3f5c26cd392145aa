-- One append-only log. Rows of entries and checkpoints are only ever added.
-- Plain enough for CockroachDB and YugabyteDB; safe to run by two instances at once.

CREATE TABLE IF NOT EXISTS head (
    id int PRIMARY KEY CHECK (id = 1),
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL,
    checkpoint text NOT NULL
);

CREATE TABLE IF NOT EXISTS entries (
    position bigint PRIMARY KEY CHECK (position >= 0),
    leaf_hash bytea NOT NULL,
    body bytea NOT NULL
);

-- One signed note a batch; size is the number of entries that it speaks of.
CREATE TABLE IF NOT EXISTS checkpoints (
    size bigint PRIMARY KEY CHECK (size > 0),
    note text NOT NULL
);

CREATE TABLE IF NOT EXISTS snapshots (
    key text PRIMARY KEY,
    size bigint NOT NULL,
    root bytea NOT NULL,
    frontier bytea NOT NULL,
    length bigint NOT NULL,
    sha256 bytea NOT NULL,
    complete boolean NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS snapshot_chunks (
    key text NOT NULL,
    number int NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (key, number)
);

-- Last, so that whoever finds its row finds everything.
CREATE TABLE IF NOT EXISTS schema_version (
    id int PRIMARY KEY CHECK (id = 1),
    version int NOT NULL
);
