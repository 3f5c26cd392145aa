-- What parties have stated about rooms, one row a statement; the state of a room follows from them.
CREATE TABLE rooms_statements (
    position bigint PRIMARY KEY,
    room text NOT NULL,
    party text NOT NULL,
    kind text NOT NULL,
    number bigint NOT NULL,
    sha256 text NOT NULL,
    author text NOT NULL,
    created text NOT NULL,
    status text NOT NULL,
    body text NOT NULL
);
CREATE INDEX rooms_statements_room ON rooms_statements (room, position);

-- What was said in rooms.
CREATE TABLE rooms_messages (
    position bigint PRIMARY KEY,
    room text NOT NULL,
    sender text NOT NULL,
    author text NOT NULL,
    created text NOT NULL,
    status text NOT NULL
);
CREATE INDEX rooms_messages_room ON rooms_messages (room, position);

-- Statements that are none: of another form, or by one who may not.
CREATE TABLE rooms_faults (
    position bigint PRIMARY KEY,
    sender text NOT NULL,
    kind text NOT NULL,
    what text NOT NULL
);
