-- Requests for a second person, and what was decided on them; derived from the record's entries
-- `approval-request` and `approval`.

CREATE TABLE approvals_requests (
    id text PRIMARY KEY,
    kind text NOT NULL,
    action text NOT NULL,
    sha256 text NOT NULL,
    proposer text NOT NULL,
    proposer_session text NOT NULL,
    asked text NOT NULL,
    expires text NOT NULL
);

CREATE INDEX approvals_by_time ON approvals_requests (asked);

CREATE TABLE approvals_decisions (
    id text PRIMARY KEY,
    request text NOT NULL,
    position bigint NOT NULL,
    decision text NOT NULL,
    decider text NOT NULL,
    decided text NOT NULL,
    said text NOT NULL
);

CREATE INDEX approvals_by_request ON approvals_decisions (request, position);
