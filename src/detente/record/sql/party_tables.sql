-- What a party's record keeps beside its log. The log holds leaves; this holds what can be erased,
-- and what leads to an entry quickly.

-- One row an entry. Erasing one empties its payload and whatever would say what it was about.
CREATE TABLE party_entries (
    position bigint PRIMARY KEY,
    id bytea NOT NULL,
    kind text NOT NULL,
    sender text NOT NULL,
    channel text NOT NULL,
    seq bigint NOT NULL,
    chain bytea NOT NULL,
    author text,
    created text,
    status text,
    payload bytea,
    erased_by bigint
);
CREATE UNIQUE INDEX party_ids ON party_entries (id);
CREATE UNIQUE INDEX party_chains ON party_entries (sender, channel, seq);
CREATE INDEX party_kinds ON party_entries (kind, position);
CREATE INDEX party_created ON party_entries (created);

CREATE TABLE party_recipients (
    party text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (party, position)
);

-- Which entry needs which blob.
CREATE TABLE party_blobs (
    sha256 bytea NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (sha256, position)
);

-- Receipts and acknowledgements, and the entries that they answer.
CREATE TABLE party_answers (
    position bigint PRIMARY KEY,
    subject bigint NOT NULL,
    party text NOT NULL,
    kind text NOT NULL
);
CREATE INDEX party_subjects ON party_answers (subject);

-- What is to be deleted outside of the database after an erasure: blobs, and old pages ('').
CREATE TABLE party_doomed (
    sha256 text PRIMARY KEY
);

CREATE TABLE party_cosignatures (
    size bigint NOT NULL,
    key text NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (size, key)
);

CREATE TABLE party_timestamps (
    size bigint PRIMARY KEY,
    token bytea NOT NULL
);

CREATE TABLE party_about (
    name text PRIMARY KEY,
    value text NOT NULL
);
