-- How many entries the tables of each projection have in them, and what those tables are.
CREATE TABLE party_projections (
    name text PRIMARY KEY,
    version bigint NOT NULL,
    size bigint NOT NULL,
    tables text NOT NULL
);
