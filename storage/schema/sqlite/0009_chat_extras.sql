-- What a dialect keeps with a message: its client's id for it, and the like.
ALTER TABLE chat ADD COLUMN extras TEXT NOT NULL DEFAULT '';
