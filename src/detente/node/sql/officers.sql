-- Accounts of a node's officers and their sessions. Not derived from the record: it tells what
-- happened to them (`security`), and holds no secrets, not even hashed ones.

CREATE TABLE officers_accounts (
    id text PRIMARY KEY,
    name text NOT NULL,
    language text NOT NULL,
    roles text NOT NULL,
    active bigint NOT NULL,
    break_glass bigint NOT NULL,
    password text NOT NULL,
    totp bytea,
    totp_used bigint NOT NULL,
    totp_next bytea,
    created text NOT NULL,
    changed text NOT NULL
);

-- WebAuthn credentials.
CREATE TABLE officers_keys (
    id text PRIMARY KEY,
    account text NOT NULL,
    name text NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    created text NOT NULL
);

-- Recovery codes that have not been used, as HMAC-SHA-256 under the node's secret.
CREATE TABLE officers_recovery (
    account text NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (account, code)
);

-- Which subject of which OpenID provider is which account.
CREATE TABLE officers_subjects (
    issuer text NOT NULL,
    subject text NOT NULL,
    account text NOT NULL,
    PRIMARY KEY (issuer, subject)
);

-- Invitations to set a password and a second factor, by the SHA-256 of their tokens.
CREATE TABLE officers_invitations (
    digest text PRIMARY KEY,
    account text NOT NULL,
    until text NOT NULL,
    totp bytea
);

CREATE TABLE officers_sessions (
    digest text PRIMARY KEY,
    id text NOT NULL,
    officer text NOT NULL,
    method text NOT NULL,
    bearer bigint NOT NULL,
    address text NOT NULL,
    agent text NOT NULL,
    started text NOT NULL,
    proved text NOT NULL,
    active text NOT NULL,
    locked bigint NOT NULL
);
