-- Conventions: ids are UUIDs as 16 bytes, times are microseconds since the Unix epoch, structured values are JSON text.
-- Constraints are named after what they keep, because their names appear in errors.

CREATE TABLE workspaces (
    id         BLOB NOT NULL PRIMARY KEY CONSTRAINT workspace_id_form CHECK (length(id) = 16),
    name       TEXT NOT NULL CONSTRAINT workspace_name_length CHECK (length(name) BETWEEN 1 AND 120),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            BLOB NOT NULL PRIMARY KEY CONSTRAINT user_id_form CHECK (length(id) = 16),
    email         TEXT NOT NULL UNIQUE COLLATE NOCASE CONSTRAINT user_email_length CHECK (length(email) BETWEEN 3 AND 254),
    display_name  TEXT NOT NULL CONSTRAINT user_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
    state         TEXT NOT NULL CONSTRAINT user_state CHECK (state IN ('active', 'suspended')),
    password_hash TEXT,
    version       INTEGER NOT NULL CONSTRAINT user_version CHECK (version >= 1),
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    user_id      BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role         TEXT NOT NULL CONSTRAINT membership_role CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_user ON memberships (user_id, created_at);

CREATE TABLE sessions (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT session_id_form CHECK (length(id) = 16),
    workspace_id BLOB NOT NULL,
    user_id      BLOB NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE CONSTRAINT session_token_hash_form CHECK (length(token_hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (workspace_id, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id           BLOB NOT NULL PRIMARY KEY CONSTRAINT api_key_id_form CHECK (length(id) = 16),
    workspace_id BLOB NOT NULL,
    user_id      BLOB NOT NULL,
    name         TEXT NOT NULL CONSTRAINT api_key_name_length CHECK (length(name) BETWEEN 1 AND 120),
    prefix       TEXT NOT NULL,
    key_hash     BLOB NOT NULL UNIQUE CONSTRAINT api_key_hash_form CHECK (length(key_hash) = 32),
    scopes       TEXT NOT NULL CONSTRAINT api_key_scopes CHECK (json_type(scopes) = 'array'),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_user ON api_keys (workspace_id, user_id, id);

CREATE TABLE conversations (
    seq                         INTEGER PRIMARY KEY,
    id                          BLOB NOT NULL UNIQUE CONSTRAINT conversation_id_form CHECK (length(id) = 16),
    workspace_id                BLOB NOT NULL REFERENCES workspaces (id),
    owner_id                    BLOB NOT NULL REFERENCES users (id),
    pinned                      INTEGER NOT NULL CONSTRAINT conversation_pinned CHECK (pinned IN (0, 1)),
    archived                    INTEGER NOT NULL CONSTRAINT conversation_archived CHECK (archived IN (0, 1)),
    version                     INTEGER NOT NULL CONSTRAINT conversation_version CHECK (version >= 1),
    message_count               INTEGER NOT NULL DEFAULT 0 CONSTRAINT conversation_message_count CHECK (message_count >= 0),
    active_leaf_id              BLOB,
    created_at                  INTEGER NOT NULL,
    updated_at                  INTEGER NOT NULL,
    title                       TEXT NOT NULL CONSTRAINT conversation_title_length CHECK (length(title) BETWEEN 1 AND 200),
    -- The title in lower case by the rules of Unicode, which SQLite's own lower() does not know.
    title_folded                TEXT NOT NULL,
    title_origin                TEXT NOT NULL
                                CONSTRAINT conversation_title_origin CHECK (title_origin IN ('default', 'question', 'model', 'person')),
    model                       TEXT CONSTRAINT conversation_model_length CHECK (length(model) BETWEEN 1 AND 200),
    parameters                  TEXT NOT NULL,
    forked_from_conversation_id BLOB,
    forked_from_message_id      BLOB,
    system_prompt               TEXT
                                CONSTRAINT conversation_system_prompt_length CHECK (length(system_prompt) BETWEEN 1 AND 32768),
    UNIQUE (id, workspace_id),
    CONSTRAINT conversation_fork CHECK ((forked_from_conversation_id IS NULL) = (forked_from_message_id IS NULL))
) STRICT;
-- Carries the two flags, so that a filtered list never reads the rows that it leaves out.
CREATE INDEX conversations_by_update ON conversations (workspace_id, owner_id, updated_at DESC, id DESC, pinned, archived);
CREATE INDEX conversations_pinned ON conversations (workspace_id, owner_id, updated_at DESC, id DESC) WHERE pinned = 1;
CREATE INDEX conversations_archived ON conversations (workspace_id, owner_id, updated_at DESC, id DESC) WHERE archived = 1;
CREATE INDEX conversations_by_owner ON conversations (owner_id);

-- The row number grows with every message and is the row number of the full-text index: the newest hits first is
-- the index read backwards. What lists and trees need stands before the long columns.
CREATE TABLE messages (
    seq               INTEGER PRIMARY KEY,
    id                BLOB NOT NULL UNIQUE CONSTRAINT message_id_form CHECK (length(id) = 16),
    workspace_id      BLOB NOT NULL,
    conversation_id   BLOB NOT NULL,
    parent_id         BLOB CONSTRAINT message_parent CHECK (parent_id <> id),
    role              TEXT NOT NULL CONSTRAINT message_role CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    status            TEXT NOT NULL
                      CONSTRAINT message_status
                      CHECK (status IN ('pending', 'streaming', 'complete', 'interrupted', 'failed', 'cancelled')),
    version           INTEGER NOT NULL CONSTRAINT message_version CHECK (version >= 1),
    created_at        INTEGER NOT NULL,
    edited_at         INTEGER,
    model             TEXT CONSTRAINT message_model_length CHECK (length(model) BETWEEN 1 AND 200),
    finish_reason     TEXT
                      CONSTRAINT message_finish_reason
                      CHECK (finish_reason IN ('stop', 'length', 'tool_calls', 'content_filter', 'other')),
    usage             TEXT,
    failure           TEXT,
    parts             TEXT NOT NULL,
    effective_request TEXT,
    UNIQUE (conversation_id, id),
    FOREIGN KEY (conversation_id, workspace_id) REFERENCES conversations (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
) STRICT;
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, id);

-- The owner and the role stand in the index as words of their own columns, so that a search among one person's
-- messages never walks through everybody's. The words themselves are not kept twice.
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    owner, role, words,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE message_edits (
    id               BLOB NOT NULL UNIQUE CONSTRAINT edit_id_form CHECK (length(id) = 16),
    message_id       BLOB NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    edited_by        BLOB NOT NULL,
    edited_at        INTEGER NOT NULL,
    replaced_version INTEGER NOT NULL CONSTRAINT edit_replaced_version CHECK (replaced_version >= 1),
    replaced_parts   TEXT NOT NULL
) STRICT;
CREATE INDEX message_edits_by_message ON message_edits (message_id, id);

CREATE TABLE runs (
    id               BLOB NOT NULL PRIMARY KEY CONSTRAINT run_id_form CHECK (length(id) = 16),
    workspace_id     BLOB NOT NULL,
    conversation_id  BLOB NOT NULL,
    message_id       BLOB NOT NULL,
    user_id          BLOB NOT NULL,
    model            TEXT NOT NULL CONSTRAINT run_model_length CHECK (length(model) BETWEEN 1 AND 200),
    status           TEXT NOT NULL
                     CONSTRAINT run_status CHECK (status IN ('running', 'completed', 'failed', 'cancelled', 'interrupted')),
    failure          TEXT,
    lease_owner      BLOB NOT NULL,
    lease_expires_at INTEGER NOT NULL,
    started_at       INTEGER NOT NULL,
    ended_at         INTEGER,
    CONSTRAINT run_end CHECK ((status = 'running') = (ended_at IS NULL)),
    FOREIGN KEY (conversation_id, message_id) REFERENCES messages (conversation_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_message ON runs (message_id, id);
-- Few runs are running at any moment, so leases are looked up among them and need no index of their own.
CREATE INDEX runs_running_by_conversation ON runs (conversation_id, id) WHERE status = 'running';
CREATE UNIQUE INDEX runs_one_running_per_message ON runs (message_id) WHERE status = 'running';

-- Facts outlive what they are about, hence no foreign keys.
CREATE TABLE events (
    position        INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id    BLOB NOT NULL,
    name            TEXT NOT NULL,
    at              INTEGER NOT NULL,
    user_id         BLOB,
    credential      TEXT NOT NULL CONSTRAINT event_credential CHECK (credential IN ('session', 'api_key', 'system')),
    credential_id   BLOB,
    request_id      TEXT,
    owner_id        BLOB,
    -- The workspace, session or API key that the fact is about.
    subject_id      BLOB,
    conversation_id BLOB,
    message_id      BLOB,
    run_id          BLOB,
    version         INTEGER,
    run_status      TEXT,
    removed         BLOB CONSTRAINT event_removed_form CHECK (length(removed) % 16 = 0)
) STRICT;
CREATE INDEX events_by_owner ON events (owner_id, position) WHERE owner_id IS NOT NULL;
CREATE INDEX events_by_conversation ON events (conversation_id, position) WHERE conversation_id IS NOT NULL;

CREATE TABLE idempotency_records (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id      BLOB NOT NULL,
    operation    TEXT NOT NULL,
    key          TEXT NOT NULL CONSTRAINT idempotency_key_length CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint  BLOB NOT NULL CONSTRAINT idempotency_fingerprint_form CHECK (length(fingerprint) = 32),
    result       TEXT NOT NULL,
    version      INTEGER,
    expires_at   INTEGER NOT NULL,
    UNIQUE (user_id, workspace_id, operation, key)
) STRICT;
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);

CREATE TABLE jobs (
    id               BLOB NOT NULL PRIMARY KEY CONSTRAINT job_id_form CHECK (length(id) = 16),
    workspace_id     BLOB NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind             TEXT NOT NULL CONSTRAINT job_kind CHECK (kind IN ('title_conversation')),
    conversation_id  BLOB REFERENCES conversations (id) ON DELETE CASCADE,
    run_at           INTEGER NOT NULL,
    attempts         INTEGER NOT NULL CONSTRAINT job_attempts CHECK (attempts >= 0),
    lease_owner      BLOB,
    lease_expires_at INTEGER,
    CONSTRAINT job_lease CHECK ((lease_owner IS NULL) = (lease_expires_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_time ON jobs (run_at, id);
CREATE INDEX jobs_by_conversation ON jobs (conversation_id) WHERE conversation_id IS NOT NULL;

-- One row for each person, model and day (counted from 1970-01-01, UTC).
CREATE TABLE usage (
    workspace_id  BLOB NOT NULL REFERENCES workspaces (id),
    user_id       BLOB NOT NULL,
    day           INTEGER NOT NULL,
    model         TEXT NOT NULL,
    requests      INTEGER NOT NULL CONSTRAINT usage_requests CHECK (requests >= 0),
    input_tokens  INTEGER NOT NULL CONSTRAINT usage_input_tokens CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CONSTRAINT usage_output_tokens CHECK (output_tokens >= 0),
    cost_microusd INTEGER NOT NULL CONSTRAINT usage_cost CHECK (cost_microusd >= 0),
    PRIMARY KEY (workspace_id, user_id, day, model)
) STRICT, WITHOUT ROWID;

-- What the readiness probe writes, to know that writing works.
CREATE TABLE health_probe (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    writes INTEGER NOT NULL
) STRICT;
INSERT INTO health_probe (id, writes) VALUES (1, 0);

CREATE TRIGGER messages_are_counted_when_added AFTER INSERT ON messages
BEGIN
    UPDATE conversations SET message_count = message_count + 1 WHERE id = new.conversation_id;
END;

CREATE TRIGGER messages_leave_nothing_behind AFTER DELETE ON messages
BEGIN
    UPDATE conversations
    SET message_count = message_count - 1, active_leaf_id = nullif(active_leaf_id, old.id)
    WHERE id = old.conversation_id;
    DELETE FROM messages_fts WHERE rowid = old.seq;
END;

CREATE TRIGGER messages_stay_in_their_conversation BEFORE UPDATE OF id, conversation_id, workspace_id, parent_id ON messages
WHEN new.id <> old.id OR new.conversation_id <> old.conversation_id OR new.workspace_id <> old.workspace_id
    OR new.parent_id IS NOT old.parent_id
BEGIN
    SELECT raise(ABORT, 'rule: message_place');
END;

CREATE TRIGGER conversations_begin_without_a_leaf BEFORE INSERT ON conversations
WHEN new.active_leaf_id IS NOT NULL
BEGIN
    SELECT raise(ABORT, 'rule: active_leaf');
END;

CREATE TRIGGER conversations_lead_to_a_leaf_of_their_own BEFORE UPDATE OF active_leaf_id ON conversations
WHEN new.active_leaf_id IS NOT NULL AND new.active_leaf_id IS NOT old.active_leaf_id
    AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = new.id AND id = new.active_leaf_id)
BEGIN
    SELECT raise(ABORT, 'rule: active_leaf');
END;
