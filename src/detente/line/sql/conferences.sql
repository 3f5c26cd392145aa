-- What parties have stated about conferences, one row a statement: convocations, attendance,
-- proposals and their fates, minutes, signatures, dissent. The state follows from them.
CREATE TABLE conferences_statements (
    position bigint PRIMARY KEY,
    conference text NOT NULL,
    party text NOT NULL,
    kind text NOT NULL,
    number bigint NOT NULL,
    id text NOT NULL,
    sha256 text NOT NULL,
    author text NOT NULL,
    created text NOT NULL,
    status text NOT NULL,
    recipients text NOT NULL,
    body text NOT NULL
);
CREATE INDEX conferences_statements_conference ON conferences_statements (conference, position);
CREATE INDEX conferences_statements_kind ON conferences_statements (kind, created);

-- Statements that are none: of another form, or by one who may not.
CREATE TABLE conferences_faults (
    position bigint PRIMARY KEY,
    sender text NOT NULL,
    kind text NOT NULL,
    what text NOT NULL
);
