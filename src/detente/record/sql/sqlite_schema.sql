-- One append-only log. Rows of entries and checkpoints are only ever added.

CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL,
    checkpoint TEXT NOT NULL
) STRICT;

CREATE TABLE entries (
    position INTEGER PRIMARY KEY CHECK (position >= 0),
    leaf_hash BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- One signed note a batch; size is the number of entries that it speaks of.
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    note TEXT NOT NULL
) STRICT;
