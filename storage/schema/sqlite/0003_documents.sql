-- The documents of rooms. To the database updates and states are opaque bytes. Checksums are
-- CRC-32; blocks of entries carry their own (ARCHITECTURE.md, "Formats").

-- The snapshot. Short columns first: reading them does not touch the pages of the state.
CREATE TABLE document (
  room     BLOB PRIMARY KEY REFERENCES room (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL, -- state contains every entry up to this one
  at       INTEGER NOT NULL,
  checksum INTEGER NOT NULL, -- of state and details
  details  BLOB NOT NULL,
  state    BLOB NOT NULL
) STRICT;

-- The tail: a row is a block of consecutive entries. Rows are appended at the end of the table,
-- so that a commit with entries of many rooms touches few pages; found by last_sequence, so that
-- the index alone says where a journal ends.
CREATE TABLE journal (
  seq            INTEGER PRIMARY KEY,
  room           BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  first_sequence INTEGER NOT NULL,
  last_sequence  INTEGER NOT NULL,
  entries        BLOB NOT NULL,
  UNIQUE (room, last_sequence)
) STRICT;

-- Entries that a snapshot has taken in: a row is a compressed block.
CREATE TABLE history (
  seq            INTEGER PRIMARY KEY,
  room           BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  first_sequence INTEGER NOT NULL,
  last_sequence  INTEGER NOT NULL,
  first_at       INTEGER NOT NULL,
  last_at        INTEGER NOT NULL, -- never below that of the room's chunk before
  bytes          INTEGER NOT NULL, -- of the block
  authors        BLOB NOT NULL,
  entries        BLOB NOT NULL,
  UNIQUE (room, last_sequence)
) STRICT;
CREATE INDEX history_by_age ON history (last_at, seq);

CREATE TABLE version (
  seq      INTEGER PRIMARY KEY, -- order of insertion
  id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  room     BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  name     TEXT NOT NULL,
  author   BLOB NOT NULL,
  at       INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  checksum INTEGER NOT NULL, -- of state
  state    BLOB NOT NULL
) STRICT;
CREATE INDEX version_by_room ON version (room, seq);

-- Rows may be megabytes long, hence with a rowid: the index stays small.
CREATE TABLE blob (
  room     BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  hash     BLOB NOT NULL CHECK (length(hash) = 32),
  saved_at INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  checksum INTEGER NOT NULL, -- of content
  content  BLOB NOT NULL,
  PRIMARY KEY (room, hash)
) STRICT;
