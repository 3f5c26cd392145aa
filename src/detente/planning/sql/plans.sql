-- What the entries of planning say, to be found by intent, by time and by how it ended. One row
-- for each entry (and entity named in it), found by the entry's id or position, so that what is erased leaves
-- nothing behind and the order of erasing does not matter. Times are written as in entries.
CREATE TABLE plans_intents (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    intent text NOT NULL,
    version bigint NOT NULL,
    state text NOT NULL,
    ended bigint NOT NULL,
    name text NOT NULL,
    operator text NOT NULL,
    created text NOT NULL
);
CREATE INDEX plans_intents_intent ON plans_intents (intent, version);
CREATE INDEX plans_intents_ended ON plans_intents (ended, intent);
CREATE TABLE plans_pending (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    intent text NOT NULL
);
CREATE TABLE plans_attempts (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    intent text NOT NULL,
    action text NOT NULL,
    result text NOT NULL,
    rule text NOT NULL,
    pending text NOT NULL,
    began text NOT NULL,
    ended text NOT NULL
);
CREATE INDEX plans_attempts_intent ON plans_attempts (intent, position);
CREATE INDEX plans_attempts_pending ON plans_attempts (pending);
CREATE INDEX plans_attempts_ended ON plans_attempts (ended);
CREATE TABLE plans_exchanges (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    role text NOT NULL,
    party text NOT NULL,
    method text NOT NULL,
    url text NOT NULL,
    code bigint NOT NULL,
    requested text NOT NULL
);
CREATE INDEX plans_exchanges_requested ON plans_exchanges (requested);
CREATE INDEX plans_exchanges_party ON plans_exchanges (party, position);
-- Exchanges of messages, by the entities named in them: most rows are here, so they are short.
CREATE TABLE plans_about (
    position bigint NOT NULL,
    entity text NOT NULL
);
CREATE INDEX plans_about_entity ON plans_about (entity, position);
CREATE INDEX plans_about_position ON plans_about (position);
CREATE TABLE plans_told (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    kind text NOT NULL,
    event text NOT NULL,
    intent text NOT NULL,
    at text NOT NULL
);
CREATE INDEX plans_told_intent ON plans_told (intent, position);
CREATE INDEX plans_told_at ON plans_told (at);
CREATE TABLE plans_positions (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    intent text NOT NULL,
    first text NOT NULL,
    last text NOT NULL,
    flown_us bigint NOT NULL,
    outside_us bigint NOT NULL,
    excursions bigint NOT NULL,
    long_excursions bigint NOT NULL
);
CREATE INDEX plans_positions_intent ON plans_positions (intent, position);
CREATE INDEX plans_positions_last ON plans_positions (last);
CREATE TABLE plans_constraints (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    entity text NOT NULL,
    version bigint NOT NULL,
    ended bigint NOT NULL,
    provider text NOT NULL,
    created text NOT NULL
);
CREATE INDEX plans_constraints_entity ON plans_constraints (entity, version);
