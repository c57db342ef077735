-- The files of a room lie in its document; nothing has read or written this table since it has one.
DROP TABLE file;
