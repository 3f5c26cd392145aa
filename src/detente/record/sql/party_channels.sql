-- Every channel, and where it begins: few, so that they can be looked through.
CREATE TABLE party_channels (
    sender text NOT NULL,
    channel text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (sender, channel)
);
INSERT INTO party_channels (sender, channel, position)
    SELECT sender, channel, position FROM party_entries WHERE seq = 1;
