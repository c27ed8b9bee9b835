-- The extension pg_trgm stays: it may have been there before.
DROP TABLE usage;
DROP TABLE jobs;
DROP TABLE idempotency_records;
DROP TABLE journal_heads;
DROP TABLE events;
DROP SEQUENCE event_positions;
DROP TABLE runs;
DROP TABLE message_edits;
DROP TABLE messages;
DROP TABLE conversations;
DROP TABLE api_keys;
DROP TABLE sessions;
DROP TABLE memberships;
DROP TABLE users;
DROP TABLE workspaces;
DROP TABLE health_probe;
DROP TABLE schema_compatibility;
