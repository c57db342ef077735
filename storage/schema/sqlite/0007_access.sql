-- Who may enter a room besides those who hold a capability.
CREATE TABLE member (
  seq       INTEGER PRIMARY KEY, -- order of insertion
  room      BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  user_id   BLOB NOT NULL CHECK (length(user_id) = 16),
  name      TEXT NOT NULL,
  grants    TEXT NOT NULL CHECK (grants IN ('viewer', 'editor', 'owner')),
  joined_at INTEGER NOT NULL,
  UNIQUE (room, user_id)
) STRICT;
CREATE INDEX member_by_user ON member (user_id);

CREATE TABLE invite (
  seq        INTEGER PRIMARY KEY,
  id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  room       BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  hash       BLOB NOT NULL,
  grants     TEXT NOT NULL CHECK (grants IN ('viewer', 'editor', 'owner')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  uses_max   INTEGER NOT NULL,
  uses       INTEGER NOT NULL
) STRICT;
CREATE INDEX invite_by_room ON invite (room);

CREATE TABLE ban (
  seq        INTEGER PRIMARY KEY,
  id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  room       BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  user_id    BLOB CHECK (length(user_id) = 16),
  person     TEXT NOT NULL,
  address    TEXT NOT NULL,
  name       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  until      INTEGER
) STRICT;
CREATE INDEX ban_by_room ON ban (room);

-- What visibility 'link' gives to whoever knows the id.
ALTER TABLE room ADD COLUMN link_grants TEXT NOT NULL DEFAULT 'editor'
  CHECK (link_grants IN ('viewer', 'editor'));
-- A JSON object of what dialects know of a room beyond its other columns; empty: nothing.
ALTER TABLE room ADD COLUMN extras TEXT NOT NULL DEFAULT '';
