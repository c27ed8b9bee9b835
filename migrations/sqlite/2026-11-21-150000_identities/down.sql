DROP TRIGGER conversations_move_to_a_project_of_their_workspace;
DROP TRIGGER conversations_begin_in_a_project_of_their_workspace;
DROP TABLE audit_heads;
DROP TABLE audit_entries;
DROP TABLE secret_keys;
DROP TABLE providers;
DROP TABLE shares;
ALTER TABLE messages DROP COLUMN flags;
DROP INDEX conversations_by_project;
ALTER TABLE conversations DROP COLUMN project_id;
DROP TABLE project_members;
DROP TABLE projects;
DROP TABLE external_identities;
DROP TABLE passkeys;
DROP TABLE recovery_codes;
DROP TABLE totp_secrets;
DROP TABLE tickets;
DROP TABLE invitations;
DROP TABLE api_key_spend;
ALTER TABLE api_keys DROP COLUMN monthly_budget;
ALTER TABLE api_keys DROP COLUMN requests_per_minute;
ALTER TABLE api_keys DROP COLUMN last_used_at;

-- A session of a program proves itself in a way that is no longer known.
CREATE TABLE old_sessions (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT session_id_form CHECK (length(id) = 16),
    workspace_id BLOB NOT NULL,
    user_id      BLOB NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE CONSTRAINT session_token_hash_form CHECK (length(token_hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO old_sessions (id, workspace_id, user_id, token_hash, created_at, expires_at)
SELECT id, workspace_id, user_id, token_hash, created_at, expires_at FROM sessions WHERE kind = 'browser';
DROP TABLE sessions;
ALTER TABLE old_sessions RENAME TO sessions;
CREATE INDEX sessions_by_user ON sessions (workspace_id, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

DROP INDEX memberships_of_owners;

-- An account that may not be used yet is barred.
CREATE TABLE old_users (
    id            BLOB NOT NULL PRIMARY KEY CONSTRAINT user_id_form CHECK (length(id) = 16),
    email         TEXT NOT NULL UNIQUE COLLATE NOCASE CONSTRAINT user_email_length CHECK (length(email) BETWEEN 3 AND 254),
    display_name  TEXT NOT NULL CONSTRAINT user_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
    state         TEXT NOT NULL CONSTRAINT user_state CHECK (state IN ('active', 'suspended')),
    password_hash TEXT,
    version       INTEGER NOT NULL CONSTRAINT user_version CHECK (version >= 1),
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO old_users (id, email, display_name, state, password_hash, version, created_at)
SELECT id, email, display_name, iif(state = 'active', 'active', 'suspended'), password_hash, version, created_at FROM users;
DROP TABLE users;
ALTER TABLE old_users RENAME TO users;

ALTER TABLE workspaces DROP COLUMN version;
