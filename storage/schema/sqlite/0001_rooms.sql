-- Nodes, rooms and the leases on them.
-- Ids are the 16 bytes of a UUID; times are milliseconds since the Unix epoch, UTC.

-- The nodes that live. One process has this file open, so at most one row.
CREATE TABLE node (
  id            BLOB PRIMARY KEY CHECK (length(id) = 16),
  registered_at INTEGER NOT NULL
) STRICT;

CREATE TABLE room (
  seq        INTEGER PRIMARY KEY, -- order of insertion
  id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  title      TEXT NOT NULL,
  language   TEXT NOT NULL,
  seen_by    TEXT NOT NULL CHECK (seen_by IN ('link', 'invite', 'private')),
  status     TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  main       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Who may write a room. A free lease has no node; the epoch only grows.
CREATE TABLE lease (
  room   BLOB PRIMARY KEY REFERENCES room (id) ON DELETE CASCADE,
  node   BLOB CHECK (length(node) = 16),
  epoch  INTEGER NOT NULL,
  until  INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_by_node ON lease (node);

-- Bearer capabilities, hashed.
CREATE TABLE capability (
  seq    INTEGER PRIMARY KEY,
  room   BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  hash   BLOB NOT NULL,
  grants TEXT NOT NULL CHECK (grants IN ('viewer', 'editor', 'owner')),
  UNIQUE (room, hash)
) STRICT;
CREATE INDEX capability_by_hash ON capability (hash);

-- Other names of rooms, each valid in one dialect.
CREATE TABLE alias (
  dialect TEXT NOT NULL,
  name    TEXT NOT NULL,
  room    BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  PRIMARY KEY (dialect, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_by_room ON alias (room);

-- Rows may be megabytes long, hence with a rowid: the index stays small.
CREATE TABLE file (
  room        BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  path        TEXT NOT NULL,
  is_text     INTEGER NOT NULL CHECK (is_text IN (0, 1)),
  version     INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  content     BLOB NOT NULL,
  PRIMARY KEY (room, path)
) STRICT;
