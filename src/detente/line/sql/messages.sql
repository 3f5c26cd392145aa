-- What entries of the line say of messages. One row for each entry (and party or officer in it),
-- found by the entry's id, so that what is erased leaves nothing behind and the order of erasing
-- does not matter. States are worked out when they are asked for.
CREATE TABLE messages_said (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    sender text NOT NULL,
    author text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    created text NOT NULL,
    form text NOT NULL,
    urgency text NOT NULL,
    room text,
    corrects text,
    answers text,
    read_back bigint NOT NULL,
    body text NOT NULL,
    blobs text NOT NULL
);
CREATE INDEX messages_said_position ON messages_said (position);
CREATE INDEX messages_said_sender ON messages_said (sender, status, position);
CREATE INDEX messages_said_form ON messages_said (form, position);
CREATE INDEX messages_said_corrects ON messages_said (corrects);
CREATE INDEX messages_said_answers ON messages_said (answers);
CREATE TABLE messages_to (
    id text NOT NULL,
    party text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (id, party)
);
CREATE INDEX messages_to_party ON messages_to (party, position);
CREATE TABLE messages_receipts (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    about text NOT NULL,
    party text NOT NULL,
    received text NOT NULL
);
CREATE INDEX messages_receipts_about ON messages_receipts (about);
CREATE TABLE messages_shown (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    about text NOT NULL,
    party text NOT NULL,
    status text NOT NULL,
    officer text NOT NULL,
    shown text NOT NULL
);
CREATE INDEX messages_shown_about ON messages_shown (about);
CREATE TABLE messages_read_backs (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    about text NOT NULL,
    party text NOT NULL,
    status text NOT NULL,
    author text NOT NULL,
    created text NOT NULL,
    body text NOT NULL
);
CREATE INDEX messages_read_backs_about ON messages_read_backs (about);
CREATE TABLE messages_acknowledgements (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    about text NOT NULL,
    party text NOT NULL,
    status text NOT NULL,
    author text NOT NULL,
    created text NOT NULL,
    note text
);
CREATE INDEX messages_acknowledgements_about ON messages_acknowledgements (about);
CREATE TABLE messages_refusals (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    about text NOT NULL,
    party text NOT NULL,
    created text NOT NULL,
    body text NOT NULL
);
CREATE INDEX messages_refusals_about ON messages_refusals (about);
CREATE TABLE messages_calls (
    id text NOT NULL,
    officer text NOT NULL,
    position bigint NOT NULL,
    about text NOT NULL,
    party text NOT NULL,
    status text NOT NULL,
    step bigint NOT NULL,
    called text NOT NULL,
    PRIMARY KEY (id, officer)
);
CREATE INDEX messages_calls_about ON messages_calls (about);
CREATE TABLE messages_alarms (
    id text PRIMARY KEY,
    position bigint NOT NULL,
    party text NOT NULL,
    status text NOT NULL,
    created text NOT NULL,
    what text NOT NULL,
    about text,
    whose text,
    body text NOT NULL
);
CREATE INDEX messages_alarms_about ON messages_alarms (about);
CREATE INDEX messages_alarms_position ON messages_alarms (position)
