-- What the history of a room begins with: the state right before its oldest entry, as the columns
-- of document. No row: the snapshot of sequence 0, or an empty document.
CREATE TABLE history_base (
  room     BLOB PRIMARY KEY REFERENCES room (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  checksum INTEGER NOT NULL, -- of state and details
  details  BLOB NOT NULL,
  state    BLOB NOT NULL
) STRICT;

-- Snapshots have replaced what these rooms were made with: their history begins here.
INSERT INTO history_base (room, sequence, at, checksum, details, state)
  SELECT room, sequence, at, checksum, details, state FROM document WHERE sequence > 0;

-- Hashes of the blobs that a version keeps, 32 bytes each.
ALTER TABLE version ADD COLUMN blobs BLOB NOT NULL DEFAULT x'';
